"""The versions of Parse SDKs that dependency files ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from parity.jobs.scan.codes import SDK_OLD, SDK_UNKNOWN
from parity.jobs.scan.model import printable
from parity.jobs.scan.sdk import NAMES, judge
from parity.model.finding import Code

_Rules = tuple[tuple[str, re.Pattern[str]], ...]
"""SDK and a pattern with ``version``; a match without one is a dependency without a version."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A dependency on a Parse SDK.

    Attributes:
        sdk: ``ios``, ``android``, ``js``, ``net``, ``php``.
        wanted: Version or range as written; empty if none is.
        offset: Where in the file.
    """

    sdk: str
    wanted: str
    offset: int

    @property
    def code(self) -> Code | None:
        """The rule that it breaks, if any."""
        if self.sdk == "php":
            return SDK_UNKNOWN if not self.wanted else None
        answer = judge(self.sdk, self.wanted)
        return {"old": SDK_OLD, "unknown": SDK_UNKNOWN}.get(answer)

    @property
    def detail(self) -> str:
        """What is asked for, for people."""
        return f"{NAMES[self.sdk]} {printable(self.wanted[:40]) or 'without a version'}"


def _compiled(*rules: tuple[str, str]) -> _Rules:
    return tuple((sdk, re.compile(text, re.IGNORECASE | re.MULTILINE)) for sdk, text in rules)


_BY_NAME: Final[dict[str, _Rules]] = {
    "podfile": _compiled(
        ("ios", r"^\s*pod\s+['\"]Parse(?:/\w+)?['\"](?:\s*,\s*['\"](?P<version>[^'\"\n]+)['\"])?"),
    ),
    "podfile.lock": _compiled(("ios", r"^\s*-\s+Parse\s+\((?P<version>\d[^)\n]*)\)")),
    "cartfile": _compiled(
        ("ios", r"Parse-SDK-iOS-OSX(?:\.git)?['\"][ \t]*(?P<version>[^\n]*)"),
    ),
    "cartfile.resolved": _compiled(
        ("ios", r"Parse-SDK-iOS-OSX(?:\.git)?['\"][ \t]*(?P<version>[^\n]*)"),
    ),
}
_GRADLE_RULES: Final = _compiled(
    (
        "android",
        (
            r"['\"](?:com\.parse:parse-android|com\.github\.parse-community[\w.-]*"
            r":(?:Parse-SDK-Android|parse))(?::(?P<version>[^'\"@\n]*))?"
        ),
    ),
    ("android", r"['\"(/]Parse-(?P<version>\d[\d.]*\d)\.jar"),
)
_BY_ENDING: Final[dict[str, _Rules]] = {
    "gradle": _GRADLE_RULES,
    "kts": _GRADLE_RULES,
    "csproj": _compiled(
        ("net", r"Include=['\"]parse['\"](?:[^>]*?Version=['\"](?P<version>[^'\"]+))?"),
    ),
    "config": _compiled(
        ("net", r"<package\s[^>]*?id=['\"]parse['\"](?:[^>]*?version=['\"](?P<version>[^'\"]+))?"),
    ),
    "html": _compiled(
        ("js", r"<script[^>]*?/parse-(?:latest|(?P<version>\d+(?:\.\d+)+))(?:\.min)?\.js"),
        ("js", r"<script[^>]*?/parse@(?P<version>[\w.^~-]+)/"),
        ("js", r"<script[^>]*?/parse/(?P<version>\d+(?:\.\d+)+)/parse(?:\.min)?\.js"),
    ),
}
_BY_ENDING["htm"] = _BY_ENDING["html"]
_FILE_NAMES: Final = _compiled(
    ("js", r"(?:^|/)parse-(?P<version>\d+(?:\.\d+)+)(?:\.min)?\.js$"),
    ("android", r"(?:^|/)Parse-(?P<version>\d+(?:\.\d+)+)\.(?:jar|aar)$"),
)
_PACKAGES: Final = {
    "package.json": {"parse": "js", "parse/node": "js"},
    "bower.json": {"parse": "js", "parse-js-sdk": "js"},
    "composer.json": {"parse/php-sdk": "php"},
}
_SECTIONS: Final = (
    "dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "require",
    "require-dev",
)  # fmt: skip
_CATALOGUE = re.compile(
    r"module\s*=\s*['\"]com\.parse:parse-android['\"][^\n]*?version(?P<ref>\.ref)?\s*=\s*"
    r"['\"](?P<version>[^'\"]+)['\"]"
)
DEPENDENCY_FILES: Final = frozenset({*_BY_NAME, *_PACKAGES, "libs.versions.toml"})
"""Names of files, in lower case, that are read whatever their ending."""


def asked_by_name(path: str) -> Iterator[Asked]:
    """Yield the SDK that a file is, by its own name: ``parse-1.4.2.min.js``."""
    for sdk, pattern in _FILE_NAMES:
        if match := pattern.search(path):
            yield Asked(sdk, match["version"], 0)


def asked(name: str, text: str) -> Iterator[Asked]:
    """Yield the Parse SDKs that a dependency file, or a page with scripts, asks for.

    Args:
        name: The file's own name, in lower case.
        text: What is in it, comments blanked.
    """
    if name in _PACKAGES:
        yield from _packages(text, _PACKAGES[name])
        return
    if name == "libs.versions.toml":
        yield from _catalogue(text)
        return
    rules = _BY_NAME.get(name) or _BY_ENDING.get(name.rpartition(".")[2], ())
    for sdk, pattern in rules:
        for match in pattern.finditer(text):
            version = (match["version"] or "").strip(" '\"\t")
            yield Asked(sdk, _variable(version, text), match.start())


def packages_of(text: str) -> frozenset[str]:
    """Return the names of the packages that a ``package.json`` asks for."""
    sections = _sections(text)
    return frozenset(name for each in sections for name in each)


def _packages(text: str, known: dict[str, str]) -> Iterator[Asked]:
    for section in _sections(text):
        for name, sdk in known.items():
            if name in section:
                given = section[name]
                is_version = isinstance(given, str) and re.match(r"[\s^~<>=v]*\d", given)
                wanted = str(given) if is_version else ""
                yield Asked(sdk, wanted, max(text.find(f'"{name}"'), 0))


def _sections(text: str) -> list[dict[str, object]]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(whole, dict):
        return []
    return [whole[name] for name in _SECTIONS if isinstance(whole.get(name), dict)]


def _catalogue(text: str) -> Iterator[Asked]:
    for match in _CATALOGUE.finditer(text):
        version = match["version"]
        if match["ref"]:
            found = re.search(
                rf"^\s*{re.escape(version)}\s*=\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE
            )
            version = found[1] if found else ""
        yield Asked("android", version, match.start())


def _variable(version: str, text: str) -> str:
    """Look up ``$parseVersion`` in the same file; unknown ones have no version."""
    match = re.fullmatch(r"\$\{?(?:\w+\.)*(\w+)\}?", version)
    if match is None:
        return version if re.search(r"\d", version) else ""
    found = re.search(rf"\b{match[1]}\s*=\s*['\"]([^'\"]+)['\"]", text)
    return found[1] if found else ""
