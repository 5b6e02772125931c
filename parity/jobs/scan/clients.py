"""The rules for the source of client apps, and of servers beside them.

A file is read by itself, so that many can be read at once in processes; what needs all of them,
such as "does any of them name a server?", is judged from their :class:`Part`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from parity.jobs.scan.codes import (
    CLIENT_ATS,
    CLIENT_INIT,
    CLIENT_KEY,
    CLIENT_MASTER_KEY,
    CLIENT_URL,
    SERVER_MASTER_KEY,
)
from parity.jobs.scan.dependencies import (
    BUILD_FILES,
    DEPENDENCY_FILES,
    LOCKS,
    Asked,
    asked,
    asked_by_name,
)
from parity.jobs.scan.files import File
from parity.jobs.scan.ignoring import Ignore, ignores_in
from parity.jobs.scan.languages import Reading, read_source
from parity.jobs.scan.model import Match, Place, Role
from parity.jobs.scan.sdk import hosts_in
from parity.targets.sources import MARKUP

_TEXT = r"""@?["'](?P<{0}>[^"'\n]{{1,200}})["']"""


def _text(name: str) -> str:
    return _TEXT.format(name)


_SCRIPTS: Final = frozenset({"js", "jsx", "mjs", "cjs", "es6", "ts", "tsx"})
_SDKS_BY_ENDING: Final = {
    **dict.fromkeys(("m", "mm", "h", "swift"), "ios"),
    **dict.fromkeys(("java", "kt"), "android"),
    **dict.fromkeys(("cs", "unity", "prefab", "asset"), "net"),
    **dict.fromkeys(_SCRIPTS | MARKUP, "js"),
}
_ARGUMENT = r"(?:\w+(?:\.\w+|\(\))*)"
_CALLS: Final = {
    "ios": re.compile(r"\bParse\s+setApplicationId\s*:|\bParse\.setApplicationId\s*\("),
    "android": re.compile(
        rf"\bParse\.initialize\s*\(\s*(?:this|{_ARGUMENT})\s*(?:,(?!\s*new\b)[^;{{}}]*?,|\))"
    ),
    "net": re.compile(
        r"\bParseClient\.Initialize\s*\(\s*(?!new\b)[^;{}()]*(?:\([^()]*\)[^;{}()]*)?,"
        r"|^\s*applicationID:[ \t]*\w+[ \t]*\r?\n\s*dotnetKey:(?![^\n]*\n\s*server:)",
        re.MULTILINE,
    ),
    "php": re.compile(r"\bParseClient::initialize\s*\("),
    "js": re.compile(r"\bParse\.initialize\s*\("),
}
"""How each SDK is initialised without saying which server."""
_PEOPLE: Final = {
    "ios": "iOS",
    "android": "Android",
    "net": ".NET",
    "php": "PHP",
    "js": "JavaScript",
}
_SERVERS: Final = {
    "ios": re.compile(r"\bParseClientConfiguration\b"),
    "android": re.compile(r"\bParse\.Configuration\b|com\.parse\.SERVER_URL"),
    "net": re.compile(r"\bParseClient\.Configuration\b|\bServerConnectionData\b"),
    "php": re.compile(r"\bsetServerURL\s*\("),
    "js": re.compile(
        r"\bserverURL\s*[=:](?!=)(?!\s*['\"]https?://api\.parse\.com)|\.CoreManager\b|['\"]SERVER_URL['\"]"
    ),
}
"""How each SDK is told its server; in any file it counts for all files of that SDK."""
_BY_ITSELF: Final = frozenset({"ios", "net"})
"""SDKs whose old initialisation always means the hosted service, whatever another file says."""
_USES: Final = {
    "ios": re.compile(
        r"^[ \t]*(?:\#\s*(?:import|include)\s*[<\"]Parse/|@import\s+Parse\b|import\s+Parse\s*$)",
        re.MULTILINE,
    ),
    "android": re.compile(r"^[ \t]*import\s+com\.parse\.Parse\w*", re.MULTILINE),
    "net": re.compile(r"^[ \t]*using\s+Parse\s*;", re.MULTILINE),
    "php": re.compile(r"^[ \t]*use\s+Parse\\Parse\w+", re.MULTILINE),
    "js": re.compile(r"\bParse\.initialize\s*\("),
}
_KEYS: Final = (
    re.compile(
        rf"{_text('master')}\s*,?\s*forHTTPHeaderField\s*:\s*@?\"X-Parse-Master-Key", re.IGNORECASE
    ),
    re.compile(
        rf"{_text('key')}\s*,?\s*forHTTPHeaderField\s*:\s*@?\"X-Parse-(?:REST-API|Client)-Key",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bsetApplicationId\s*[:(]\s*{_text('app')}(?:\s*,?\s*clientKey\s*:\s*{_text('key')})?"
    ),
    re.compile(
        rf"\b(?:Parse|ParseClient)\s*(?:\.|::)\s*[iI]nitialize\s*\(\s*(?:[\w.]+(?:\(\))?\s*,\s*)?"
        rf"{_text('app')}(?:\s*,\s*{_text('key')})?(?:\s*,\s*{_text('master')})?"
    ),
    re.compile(rf"\b[aA]pplicationI[dD]\s*[=(:]\s*{_text('app')}"),
    re.compile(
        rf"\b(?:clientKey|ClientKey|WindowsKey|dotNetKey|javaScriptKey|javascriptKey|restAPIKey"
        rf"|restApiKey)\s*[=(:]\s*{_text('key')}"
    ),
    re.compile(
        rf"X-Parse-(?:REST-API|Client|Javascript|Windows)-Key['\"]?\s*[\],:=]\s*\)?\s*"
        rf"(?:forHTTPHeaderField\s*:\s*)?{_text('key')}",
        re.IGNORECASE,
    ),
    re.compile(rf"X-Parse-Master-Key['\"]?\s*[\],:=]\s*{_text('master')}", re.IGNORECASE),
    re.compile(rf"\bmaster_?key['\"]?\s*(?:[=(:]|=>)\s*{_text('master')}", re.IGNORECASE),
    re.compile(r"X-Parse-Master-Key\s*:\s*(?P<master>[A-Za-z0-9]{20,})", re.IGNORECASE),
    re.compile(
        r"com\.parse\.APPLICATION_ID['\"][^>]*?android:value\s*=\s*['\"](?P<app>[^'\"@][^'\"]*)"
    ),
    re.compile(
        r"com\.parse\.CLIENT_KEY['\"][^>]*?android:value\s*=\s*['\"](?P<key>[^'\"@][^'\"]*)"
    ),
    re.compile(r"^\s*applicationID:\s*(?P<app>[A-Za-z0-9]{20,})\s*$", re.MULTILINE),
    re.compile(r"^\s*dotnetKey:\s*(?P<key>[A-Za-z0-9]{20,})\s*$", re.MULTILINE),
)
_LOOKS = re.compile(r"[A-Za-z0-9_+/=-]{8,}")
_PARSE_KEY = re.compile(r"[A-Za-z0-9]{40}")
_PLACEHOLDER = re.compile(
    r"your|example|placeholder|change|xxxx|<|\$\{|\{\{|_ID$|_KEY$"
    r"|^(?:my|the|some|test|parse)?[-_ ]?(?:app|application|master|client|rest|restapi|javascript"
    r"|java_?script|dotnet|windows)[-_ ]?(?:id|key)s?$",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"\bParse\b|\bParse(?:Client|Object|User|Server)|parse\.com|x-parse", re.IGNORECASE
)
_KEY_WORDS: Final = ("key", "applicationid", "application_id", "initialize")
_NAMES: Final = {"app": "application id", "key": "key", "master": "master key"}
_SERVER_LANGUAGES: Final = frozenset({"php", "phtml", "rb", "py", "sh", "erb", "rhtml"})
_SETTINGS: Final = frozenset(
    {"json", "yml", "yaml", "env", "toml", "conf", "config", "properties", "local", "project"}
)
_SERVER_CODE: Final = re.compile(
    r"""\b(?:require\s*\(\s*|from\s+)['"](?:express|parse/node|parse-server|parse-dashboard|fs|http|https"""
    r"""|child_process|koa|hapi|restify|parse-cloud-express|node-parse-api|mongodb|mongoose)['"]"""
    r"""|\bnew\s+ParseServer\s*\(|^\#!.*\bnode\b"""
)
_PARSE_SERVER: Final = re.compile(r"""\bnew\s+ParseServer\b|['"]parse-server['"]""")
_SHIPPED: Final = re.compile(r"(?:^|/)(?:www|public|assets|res|Resources|static|dist|src/main)/")
_ATS: Final = re.compile(r"<key>\s*(?:\*\.)?$")


@dataclass(slots=True)
class Part:
    """What one file says.

    Attributes:
        file: Its name.
        role: What it is.
        matches: Where a rule does not hold, whatever other files say.
        starts: Initialisations without a server: the SDK, where, and whether others may name one.
        served: SDKs that it names a server for.
        uses: SDKs that it uses, and where.
        asked: SDKs that it asks for.
        secrets: Keys that are written into it.
        ignores: Comments that suppress.
    """

    file: str
    role: Role
    matches: list[Match] = field(default_factory=list)
    starts: list[tuple[str, Place]] = field(default_factory=list)
    served: set[str] = field(default_factory=set)
    uses: dict[str, Place] = field(default_factory=dict)
    asked: list[tuple[Place, Asked]] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    ignores: list[Ignore] = field(default_factory=list)


class Source:
    """A file, with what is code in it.

    Args:
        name: Path as the user knows it.
        data: Its bytes.
        ending: The end of its name.
    """

    def __init__(self, name: str, data: bytes, ending: str) -> None:
        self.name, self.data, self.ending = name, data, ending
        self.reading: Reading = read_source(data, ending)
        self.code = self.reading.code

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.code))]

    def place(self, offset: int) -> Place:
        """Return where an offset of the code is; columns count characters, not bytes."""
        line = bisect_right(self._starts, offset)
        before = self.data[self._starts[line - 1] : offset].decode("utf-8", "replace")
        return Place(self.name, line, len(before) + 1)

    def find(self, pattern: re.Pattern[str]) -> Iterator[int]:
        """Yield where a pattern stands in code, not in a text."""
        for match in pattern.finditer(self.code):
            at = match.start() + len(match[0]) - len(match[0].lstrip())
            if not self.reading.is_text(at):
                yield at


def read_file(file: File, elsewhere: str = "") -> Part:
    """Read one file that is no cloud code.

    Args:
        file: The file.
        elsewhere: Text of other files that may define the variables of a build.
    """
    name = file.name.rpartition("/")[2].lower()
    part = Part(file.name, "vendored" if file.vendored else "client")
    if file.sdk is not None:
        _copy(file, part)
        return part
    named = [(Place(file.name, 1, 1), found) for found in asked_by_name(file.name)]
    if file.vendored:
        if name in LOCKS:
            found = asked(name, file.data.decode("latin-1"))
            part.asked = [(Place(file.name, 1, 1), each) for each in found]
        part.asked += named
        return part
    is_dependency = name in DEPENDENCY_FILES or file.ending in BUILD_FILES
    if not (file.mentions or is_dependency):
        part.role = "client"
        return part
    source = Source(file.name, file.data, file.ending)
    part.asked = named + [
        (source.place(found.offset), found) for found in asked(name, source.code, elsewhere)
    ]
    if name in LOCKS:
        return part
    part.role = _role(source)
    part.matches = [*_hosts(source), *keys_in(source, part.secrets, part.role)]
    _sdks(source, part)
    if "parity-scan" in source.code or b"parity-scan" in file.data:
        text = file.data.decode("latin-1")
        part.ignores = list(ignores_in(file.name, text, source.reading.comments))
    return part


def _copy(file: File, part: Part) -> None:
    """Read a copy of an SDK, or a bundle that holds one: its version, and what an app added."""
    assert file.sdk is not None
    part.role = "vendored"
    sdk, version = file.sdk
    if sdk:
        part.asked = [(Place(file.name, 1, 1), Asked(sdk, version, 0))]
    if sdk == "js" and not file.vendored:
        source = Source(file.name, file.data, file.ending)
        part.matches = list(keys_in(source, part.secrets, "client"))
        pattern = re.compile(r"\bParse\.initialize\s*\(\s*['\"]")
        part.starts = [("js", source.place(at)) for at in source.find(pattern)]


def _role(source: Source) -> Role:
    if source.ending in _SERVER_LANGUAGES:
        return "server"
    if source.ending in _SCRIPTS:
        return "server" if _SERVER_CODE.search(source.code) else "client"
    if source.ending in _SETTINGS and not _SHIPPED.search(source.name):
        return "server"
    return "client"


def _hosts(source: Source) -> Iterator[Match]:
    for host, offset in hosts_in(source.code):
        is_exception = source.ending == "plist" and _ATS.search(
            source.code, max(0, offset - 40), offset
        )
        yield Match(CLIENT_ATS if is_exception else CLIENT_URL, source.place(offset), host)


def _sdks(source: Source, part: Part) -> None:
    sdks = [_SDKS_BY_ENDING.get(source.ending)]
    if source.ending in {"php", "phtml"}:
        sdks.append("php")
    for sdk in sdks:
        if sdk is None:
            continue
        part.starts += [(sdk, source.place(at)) for at in source.find(_CALLS[sdk])]
        if (use := next(source.find(_USES[sdk]), None)) is not None:
            part.uses[sdk] = source.place(use)
        if next(source.find(_SERVERS[sdk]), None) is not None and not (
            sdk == "js" and _PARSE_SERVER.search(source.code)
        ):
            part.served.add(sdk)
    if source.ending == "xml" and _SERVERS["android"].search(source.code):
        part.served.add("android")


def started_without_server(parts: Iterable[Part]) -> Iterator[Match]:
    """Yield the initialisations that talk to the hosted service, judged with all files in view."""
    listed = list(parts)
    served = {sdk for part in listed for sdk in part.served} - _BY_ITSELF
    for part in listed:
        for sdk, place in part.starts:
            if sdk not in served:
                yield Match(CLIENT_INIT, place, f"{_PEOPLE[sdk]} SDK without a server")


def used_without_version(
    parts: Iterable[Part], installed: Iterable[tuple[Place, Asked]]
) -> Iterator[tuple[Place, Asked]]:
    """Yield SDKs that are used although no file says which version, the first place of each."""
    listed = list(parts)
    known = {asked.sdk for _, asked in installed}
    known |= {asked.sdk for part in listed for _, asked in part.asked}
    known |= {sdk for part in listed for sdk in part.served}
    for part in sorted(listed, key=lambda part: part.file):
        for sdk, place in part.uses.items():
            if sdk not in known:
                known.add(sdk)
                yield place, Asked(sdk, "", 0)


def keys_in(source: Source, secrets: set[str], role: Role) -> Iterator[Match]:
    """Yield the keys that are written into a file; their values go to ``secrets`` alone."""
    lower = source.code.lower()
    if not any(word in lower for word in _KEY_WORDS):
        return
    speaks_of_parse = _CONTEXT.search(source.code) is not None
    seen: set[int] = set()
    for pattern in _KEYS:
        for match in pattern.finditer(source.code):
            found = {
                name: value
                for name, value in match.groupdict().items()
                if value
                and match.start(name) not in seen
                and _LOOKS.fullmatch(value)
                and not _PLACEHOLDER.search(value)
                and (speaks_of_parse or _PARSE_KEY.fullmatch(value))
            }
            # Two forms may name the same text: `clientKey:` stands in an initialisation as well.
            seen.update(match.start(name) for name in found)
            secrets.update(found.values())
            place = source.place(match.start())
            if "master" in found:
                code = CLIENT_MASTER_KEY if role == "client" else SERVER_MASTER_KEY
                yield Match(code, place, _NAMES["master"])
            others = [_NAMES[name] for name in found if name != "master"]
            if others:
                yield Match(CLIENT_KEY, place, " and ".join(others))
