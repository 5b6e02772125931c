"""The rules for the source of client apps, and of servers beside them.

A file is read by itself, so that many can be read at once in processes; what needs all of them,
such as "does any of them name a server?", is judged from their :class:`Part`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from parity.jobs.scan.codes import CLIENT_ATS, CLIENT_INIT, CLIENT_URL
from parity.jobs.scan.dependencies import (
    BUILD_FILES,
    DEPENDENCY_FILES,
    LOCKS,
    PACKAGES,
    Asked,
    asked,
    asked_by_name,
)
from parity.jobs.scan.files import File
from parity.jobs.scan.ignoring import Ignore, ignores_in
from parity.jobs.scan.keys import keys_in
from parity.jobs.scan.model import Match, Place, Role
from parity.jobs.scan.sdk import hosts_in, pages_in
from parity.jobs.scan.source import Source
from parity.targets.sources import MARKUP

_SCRIPTS: Final = frozenset({"js", "jsx", "mjs", "cjs", "es6", "ts", "tsx", "jsbundle", "bundle"})
_SDKS_BY_ENDING: Final = {
    **dict.fromkeys(("m", "mm", "h", "swift"), "ios"),
    **dict.fromkeys(("java", "kt"), "android"),
    **dict.fromkeys(("cs", "unity", "prefab", "asset"), "net"),
    **dict.fromkeys(_SCRIPTS | MARKUP, "js"),
}
_ARGUMENT = r"(?:\([\w.]+\)\s*)?(?:\w+(?:\.\w+|\(\))*)"
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
    "js": re.compile(r"\bParse(?:Provider)?\.initialize\s*\("),
}
"""How each SDK is initialised without saying which server."""
_ALIAS: Final = re.compile(
    r"\b(?:(?:var|let|const)\s+|,\s*)?(?P<name>[A-Za-z_$][\w$]*)\s*=\s*require\s*\(\s*"
    r"['\"]parse(?:/node|/react-native|/dist/[\w.]+)?['\"]|\bimport\s+(?:\*\s*as\s+)?(?P<imported>[A-Za-z_$][\w$]*)\s+from\s*"
    r"['\"]parse(?:/node|/react-native|/dist/[\w.]+)?['\"]"
)
"""Another name for ``Parse``."""
_PARSE_MODULE: Final = re.compile(r"['\"]parse(?:/(?:node|react-native|dist/[\w.]+))?['\"]")
_PEOPLE: Final = {
    "ios": "iOS",
    "android": "Android",
    "net": ".NET",
    "php": "PHP",
    "js": "JavaScript",
}
_CONFIGURATIONS: Final = {
    "ios": (
        re.compile(r"\bParseClientConfiguration\s*(?:configurationWithBlock|\(|\{)"),
        re.compile(r"\bserver\s*=(?!=)|\bsetServer\s*:"),
    ),
    "android": (
        re.compile(r"\b(?:Parse\.)?Configuration\.Builder\s*\("),
        re.compile(r"\.\s*server\s*\("),
    ),
    "net": (
        re.compile(r"\bnew\s+(?:Parse\.)?ParseClient\.Configuration\b"),
        re.compile(r"\bServer\w*\s*=(?!=)"),
    ),
}
"""How a configuration is made, and how one is told the server: without that it has api.parse.com.
Source: iOS 1.12 ``ParseClientConfiguration.h``, Android 1.13.0 ``Parse.java``, .NET 1.7.0
``ParseClient.Configuration``: a server is "only needed for another than https://api.parse.com/1"."""
_SERVERS: Final = {
    "android": re.compile(r"com\.parse\.SERVER_URL"),
    "net": re.compile(r"\bServerConnectionData\b"),
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
    "js": re.compile(
        r"\bParse(?:Provider)?\.initialize\s*\("
        r"|(?:\brequire\s*\(\s*|\bfrom\s+)['\"]parse(?:/(?:node|react-native))?['\"]"
    ),
}
_SERVER_LANGUAGES: Final = frozenset(
    {"php", "phtml", "rb", "py", "sh", "bash", "pl", "pm", "go", "erb", "rhtml"}
)
_SETTINGS: Final = frozenset(
    {"json", "yml", "yaml", "env", "toml", "conf", "config", "properties", "local", "project"}
)
_SERVER_CODE: Final = re.compile(
    r"""\b(?:require\s*\(\s*|from\s+)['"](?:node:\w+|parse/node|parse-server|parse-dashboard"""
    r"""|parse-cloud-express|node-parse-api|express|koa|hapi|restify|body-parser|fs|http|https"""
    r"""|child_process|request|request-promise|cheerio|nodemailer|mongodb|mongoose)['"]"""
    r"""|\bnew\s+ParseServer\s*\(|^\#!.*\bnode\b"""
)
_PARSE_SERVER: Final = re.compile(r"""\bnew\s+ParseServer\b|['"]parse-server['"]""")
_SHIPPED: Final = re.compile(
    r"(?:^|/)(?:www|public|[aA]ssets|res|Resources|Supporting Files|static|dist|src/main|client"
    r"|mobile|platforms|ios|android)/"
)
_ATS: Final = re.compile(
    r"<key>\s*(?:\*\.)?(?P<host>(?:[\w-]+\.)*(?:parse\.com|parsetfss\.com|parseapp\.com|parsecdn\.com))"
    r"\s*</key>",
    re.IGNORECASE,
)
"""A host as App Transport Security names it, without a path and with all below it."""


_BELOW_API: Final = re.compile(r"/1/\w")
_DESCRIPTION: Final = re.compile(
    r"\"(?:description|homepage|author|contributors|bugs|repository|url|email)\"\s*:\s*\"[^\"]*\""
)


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
        part.matches = [*_calls_of_api(source), *keys_in(source, part.secrets, "client")]
        part.starts = [("js", source.place(at)) for at in _starts(source, "js")]


def _calls_of_api(source: Source) -> Iterator[Match]:
    """Yield the addresses in a bundle that are not the SDK's own: it names no path below ``/1``."""
    for host, offset in hosts_in(source.code):
        if _BELOW_API.match(source.code, offset + len(host)):
            yield Match(CLIENT_URL, source.place(offset), host)


def _role(source: Source) -> Role:
    if source.ending in _SERVER_LANGUAGES:
        return "server"
    if source.ending in _SCRIPTS:
        return "server" if _SERVER_CODE.search(source.code) else "client"
    if source.ending in _SETTINGS and not _SHIPPED.search(source.name):
        return "server"
    return "client"


def _hosts(source: Source) -> Iterator[Match]:
    exceptions = list(_ATS.finditer(source.code)) if source.ending == "plist" else []
    for match in exceptions:
        yield Match(CLIENT_ATS, source.place(match.start("host")), match["host"].lower())
    described = _described(source)
    for host, offset in hosts_in(source.code):
        spans = (*exceptions, *described)
        if not any(match.start() <= offset < match.end() for match in spans):
            yield Match(CLIENT_URL, source.place(offset), host)
    if source.ending in _SCRIPTS | MARKUP:
        for host, offset in pages_in(source.code):
            yield Match(CLIENT_URL, source.place(offset), host)


def _described(source: Source) -> list[re.Match[str]]:
    """Return what a manifest says of a package for people."""
    name = source.name.rpartition("/")[2].lower()
    return list(_DESCRIPTION.finditer(source.code)) if name in PACKAGES else []


def _sdks(source: Source, part: Part) -> None:
    sdks = [_SDKS_BY_ENDING.get(source.ending)]
    if source.ending in {"php", "phtml"}:
        sdks.append("php")
    for sdk in sdks:
        if sdk is None:
            continue
        part.starts += [(sdk, source.place(at)) for at in _starts(source, sdk)]
        if (use := next(source.find(_USES[sdk]), None)) is not None:
            part.uses[sdk] = source.place(use)
        named = _SERVERS.get(sdk)
        starts_a_server = sdk == "js" and _PARSE_SERVER.search(source.code)
        if named and not starts_a_server and next(source.find(named), None) is not None:
            part.served.add(sdk)
        _configurations(source, sdk, part)
    if source.ending == "xml" and _SERVERS["android"].search(source.code):
        part.served.add("android")


def _starts(source: Source, sdk: str) -> Iterator[int]:
    yield from source.find(_CALLS[sdk])
    if sdk == "js" and _PARSE_MODULE.search(source.code):
        names = {match["name"] or match["imported"] for match in _ALIAS.finditer(source.code)}
        if names := names - {"Parse"}:
            any_ = "|".join(map(re.escape, sorted(names)))
            yield from source.find(re.compile(rf"(?<![\w$.])(?:{any_})\.initialize\s*\("))


def _configurations(source: Source, sdk: str, part: Part) -> None:
    """Note configurations; one that is told no server is an initialisation without one."""
    if sdk not in _CONFIGURATIONS:
        return
    made, told = _CONFIGURATIONS[sdk]
    places = [source.place(at) for at in source.find(made)]
    if places and next(source.find(told), None) is not None:
        part.served.add(sdk)
    else:
        part.starts += [(sdk, place) for place in places]


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
