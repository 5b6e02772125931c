"""The rules for the source of client apps."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from parity.jobs.scan.codes import CLIENT_INIT, CLIENT_KEY, CLIENT_MASTER_KEY, CLIENT_URL
from parity.jobs.scan.dependencies import asked, asked_by_name
from parity.jobs.scan.lexer import without_comments
from parity.jobs.scan.model import Match, Place
from parity.jobs.scan.sdk import hosts_in

_TEXT = r"""@?["'](?P<{0}>[^"'\n]{{1,200}})["']"""


def _text(name: str) -> str:
    return _TEXT.format(name)


@dataclass(frozen=True, slots=True)
class _Call:
    """An initialisation of an SDK.

    Attributes:
        sdk: Name for people.
        pattern: How it is written, with its keys as ``app``, ``key`` and ``master``.
        server: How the same file, or another one, names the server; ``None`` if this form
            always means the hosted service.
    """

    sdk: str
    pattern: re.Pattern[str]
    server: re.Pattern[str] | None = None


_SERVER_JS = re.compile(r"\bserverURL\s*[=:]|\.CoreManager\b|['\"]SERVER_URL['\"]")
_SERVER_PHP = re.compile(r"\bsetServerURL\s*\(")
_ARGUMENT = r"(?:\w+(?:\.\w+|\(\))*)"
_CALLS: Final = (
    _Call("iOS", re.compile(r"\bParse\s+setApplicationId\s*:")),
    _Call("iOS", re.compile(r"\bParse\.setApplicationId\s*\(")),
    _Call(
        "Android",
        re.compile(rf"\bParse\.initialize\s*\(\s*(?:this|{_ARGUMENT})\s*,(?!\s*new\b)[^;{{}}]*?,"),
    ),
    _Call("Android", re.compile(r"\bParse\.initialize\s*\(\s*(?:this|\w*[cC]ontext\w*)\s*\)")),
    _Call(".NET", re.compile(r"\bParseClient\.Initialize\s*\(\s*@?(?:\"|\w+\s*,)")),
    _Call("PHP", re.compile(r"\bParseClient::initialize\s*\("), _SERVER_PHP),
    _Call("JavaScript", re.compile(r"\bParse\.initialize\s*\("), _SERVER_JS),
)
_JS_LIKE: Final = frozenset({"js", "jsx", "mjs", "cjs", "ts", "tsx", "html", "htm", "vue"})
_SDKS_BY_ENDING: Final = {
    **dict.fromkeys(("m", "mm", "h", "swift"), "iOS"),
    **dict.fromkeys(("java", "kt"), "Android"),
    "cs": ".NET",
    "php": "PHP",
    **dict.fromkeys(_JS_LIKE, "JavaScript"),
}
_KEYS: Final = (
    re.compile(
        rf"\bsetApplicationId\s*[:(]\s*{_text('app')}(?:\s*,?\s*clientKey\s*:\s*{_text('key')})?"
    ),
    re.compile(
        rf"\b(?:Parse|ParseClient)\s*(?:\.|::)\s*[iI]nitialize\s*\(\s*(?:[\w.]+(?:\(\))?\s*,\s*)?"
        rf"{_text('app')}(?:\s*,\s*{_text('key')})?(?:\s*,\s*{_text('master')})?"
    ),
    re.compile(rf"\b(?:applicationId|ApplicationId|ApplicationID)\s*[=(:]\s*{_text('app')}"),
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
    re.compile(rf"\b(?:master_?key)['\"]?\s*[=(:]\s*{_text('master')}", re.IGNORECASE),
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
_PLACEHOLDER = re.compile(r"your|example|placeholder|xxxx|<|\$\{|\{\{|_ID$|_KEY$", re.IGNORECASE)
_NAMES: Final = {"app": "application id", "key": "key", "master": "master key"}


@dataclass(slots=True)
class Source:
    """A file of a client.

    Attributes:
        file: Path as the user knows it.
        text: What is in it.
        code: The same with its comments blanked.
        starts: Offset of each line.
    """

    file: str
    text: str
    code: str = ""
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.code = without_comments(self.text, self.ending)
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]

    @property
    def name(self) -> str:
        """The file's own name in lower case."""
        return self.file.rpartition("/")[2].lower()

    @property
    def ending(self) -> str:
        """The end of its name in lower case, or the name if it has none."""
        return self.name.rpartition(".")[2]

    def place(self, offset: int) -> Place:
        """Return where an offset of the text is."""
        line = bisect_right(self.starts, offset)
        return Place(self.file, line, offset - self.starts[line - 1] + 1)


def client_findings(sources: list[Source], secrets: set[str]) -> Iterator[Match]:
    """Yield what will not work in clients.

    Args:
        sources: Their files.
        secrets: Gets every key that is found, so that outputs can leave it out.
    """
    served = {
        "JavaScript": any(
            _SERVER_JS.search(each.code) for each in sources if each.ending in _JS_LIKE
        ),
        "PHP": any(_SERVER_PHP.search(each.code) for each in sources if each.ending == "php"),
    }
    for source in sources:
        yield from _hosts(source)
        yield from _starts(source, served)
        yield from keys_in(source, secrets)
        for each in (*asked(source.name, source.code), *asked_by_name(source.file)):
            if each.code is not None:
                yield Match(each.code, source.place(each.offset), each.detail)


def _hosts(source: Source) -> Iterator[Match]:
    for host, offset in hosts_in(source.code):
        yield Match(CLIENT_URL, source.place(offset), host)


def _starts(source: Source, served: dict[str, bool]) -> Iterator[Match]:
    sdk = _SDKS_BY_ENDING.get(source.ending)
    for call in _CALLS:
        if call.sdk != sdk or (call.server is not None and served[sdk]):
            continue
        for match in call.pattern.finditer(source.code):
            yield Match(CLIENT_INIT, source.place(match.start()), f"{sdk} SDK without a server")


def keys_in(source: Source, secrets: set[str]) -> Iterator[Match]:
    """Yield the keys that are written into a file; their values go to ``secrets`` alone."""
    for pattern in _KEYS:
        for match in pattern.finditer(source.code):
            found = {
                name: value
                for name, value in match.groupdict().items()
                if value and _LOOKS.fullmatch(value) and not _PLACEHOLDER.search(value)
            }
            secrets.update(found.values())
            place = source.place(match.start())
            if "master" in found:
                yield Match(CLIENT_MASTER_KEY, place, _NAMES["master"])
            others = [_NAMES[name] for name in found if name != "master"]
            if others:
                yield Match(CLIENT_KEY, place, " and ".join(others))
