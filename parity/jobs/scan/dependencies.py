"""The Parse SDKs that an app is built with: what dependency files ask for, and what is there."""

from __future__ import annotations

import json
import plistlib
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.parsers.expat import ExpatError

from parity.jobs.scan.codes import SDK_OLD, SDK_UNKNOWN
from parity.jobs.scan.model import Match, Place, printable
from parity.jobs.scan.sdk import NAMES, judge
from parity.model.finding import Code
from parity.targets.sources import MARKUP

_Rules = tuple[tuple[str, re.Pattern[str]], ...]
"""SDK and a pattern with ``version``; a match without one is a dependency without a version."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A dependency on a Parse SDK, or a copy of one.

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
        answer = judge(self.sdk, self.wanted)
        return {"old": SDK_OLD, "unknown": SDK_UNKNOWN}.get(answer)

    @property
    def detail(self) -> str:
        """What is asked for, for people."""
        return f"{NAMES[self.sdk]} {printable(self.wanted[:40]) or 'without a version'}"


def _compiled(*rules: tuple[str, str]) -> _Rules:
    return tuple((sdk, re.compile(text, re.IGNORECASE | re.MULTILINE)) for sdk, text in rules)


_VERSION: Final = r"(?P<version>\d+(?:\.\d+)+)"
_QUOTED: Final = r"""['"](?P<version>[^'"\n]+)['"]"""
_SMART: Final = r"""(?:['"]|\xe2\x80[\x98-\x9d])"""
"""A quote; CocoaPods takes those of word processors as well."""
_POD: Final = r"Parse(?:/\w+|-iOS(?:-SDK)?|-OSX(?:-SDK)?)?"
_LOCKED_POD: Final = (("ios", rf"^\s*-\s+\"?{_POD}\s+\((?P<version>\d[^)\n]*)\)"),)
_CARTHAGE: Final = (("ios", r"Parse-SDK-iOS-OSX(?:\.git)?['\"][ \t]*(?P<version>[^\n]*)"),)
_NPM_LOCK: Final = (
    (
        "js",
        (rf"\"(?:[^\"]*node_modules/)?parse\"\s*:\s*\{{[^{{}}]*?\"version\"\s*:\s*\"{_VERSION}"),
    ),
)
_PLUGIN: Final = (
    r"(?:com\.parse\.[\w.-]+|[\w.-]*(?:phonegap|cordova)[\w.-]*parse(?:[-.]?(?:push[-.]?)?plugin|-push)?"
    r"|[\w.-]*parse[-.]?(?:push[-.]?)?plugin)"
)
"""Names of Cordova plugins that bring the native SDKs with them."""
_COMPOSER_LOCK: Final = (
    ("php", r"\"name\"\s*:\s*\"parse/php-sdk\"\s*,\s*\"version\"\s*:\s*\"v?(?P<version>[^\"]+)"),
)
_BY_NAME: Final[dict[str, _Rules]] = {
    "podfile": _compiled(
        (
            "ios",
            (
                rf"^\s*pod[\s(]+{_SMART}{_POD}{_SMART}(?![^\n]*\btag\b)(?:\s*,\s*{_SMART}"
                rf"(?P<version>[~<>=\s]*\d[\w.]*(?:{_SMART}\s*,\s*{_SMART}<[\s=\d.]+)?){_SMART})?"
            ),
        ),
        (
            "ios",
            rf"^\s*pod[\s(]+{_SMART}{_POD}{_SMART}[^\n]*\btag\b\s*(?:=>|:)\s*['\"]v?{_VERSION}",
        ),
    ),
    "podfile.lock": _compiled(*_LOCKED_POD),
    "manifest.lock": _compiled(*_LOCKED_POD),
    "cartfile": _compiled(*_CARTHAGE),
    "cartfile.resolved": _compiled(*_CARTHAGE),
    "package.resolved": _compiled(
        ("ios", rf"Parse-SDK-iOS-OSX(?:\.git)?\"[^{{]*\{{[^}}]*?\"version\"\s*:\s*\"{_VERSION}"),
    ),
    "package.swift": _compiled(
        ("ios", rf"Parse-SDK-iOS-OSX(?:\.git)?\"(?:[^)]*?\"{_VERSION})?"),
    ),
    "fetch.json": _compiled(("android", rf"\"{_PLUGIN}\"")),
    "package-lock.json": _compiled(*_NPM_LOCK),
    "npm-shrinkwrap.json": _compiled(*_NPM_LOCK),
    "yarn.lock": _compiled(("js", rf"^\"?parse@[^\n]*:\n\s+version:? \"?{_VERSION}")),
    "pnpm-lock.yaml": _compiled(
        ("js", rf"^\s+['\"]?/?parse[@/]{_VERSION}"),
        ("js", rf"^\s+['\"]?parse['\"]?:\s+(?:specifier:[^\n]*\n\s+version:\s+)?['\"]?{_VERSION}"),
    ),
    "composer.lock": _compiled(*_COMPOSER_LOCK),
    "installed.json": _compiled(*_COMPOSER_LOCK),
    "paket.lock": _compiled(("net", rf"^\s+Parse \({_VERSION}\)")),
    "paket.dependencies": _compiled(("net", r"^\s*nuget\s+Parse\b(?:[ \t]+(?P<version>[^\n]+))?")),
    "project.json": _compiled(("net", rf"\"Parse\"\s*:\s*{_QUOTED}")),
}
_JARS: Final = (
    ("android", rf"['\"(/]Parse-{_VERSION}\.(?:jar|aar)"),
    ("android", r"com\.parse:parse-android(?:[:-](?P<version>[\w.+-]+))?"),
)
_GRADLE_RULES: Final = _compiled(
    (
        "android",
        (
            r"['\"](?:com\.parse:parse-android|com\.github\.[\w.-]+:(?:Parse-SDK-Android|parse))"
            r"(?=['\":])(?::(?P<version>[^'\"@\n]*))?"
        ),
    ),
    (
        "android",
        (
            r"group\s*[:=]\s*['\"]com\.parse['\"]\s*,\s*name\s*[:=]\s*['\"]parse-android['\"]"
            r"(?:\s*,\s*version\s*[:=]\s*(?:['\"](?P<version>[^'\"@\n]*)['\"])?)?"
        ),
    ),
    ("android", r"fileTree\s*\([^)]*['\"](?:\*\*/)?Parse-?\*[^'\"\n]*\.(?:jar|aar)"),
    ("android", rf"(?:name\s*[:=]\s*|project\s*\(\s*)['\"](?:[\w:]*:)?Parse-{_VERSION}['\"]"),
    _JARS[0],
)
_PACKAGE: Final = r"Package(?:Reference|Version)\s[^>]*(?:Include|Update)=['\"]parse['\"]"
_BELOW: Final = r"[^>/]*>(?:(?!</Package)[^\0])*?<Version>"
_PROJECT: Final = _compiled(
    ("net", rf"{_PACKAGE}[^>]*?\bVersion=['\"](?P<version>[^'\"]+)"),
    ("net", rf"{_PACKAGE}{_BELOW}\s*(?P<version>[^<\s]+)"),
    ("net", rf"{_PACKAGE}(?![^>]*\bVersion=)(?!{_BELOW})"),
    ("net", r"<Reference\s[^>]*Include=['\"]Parse(?:\.\w+)?,\s*Version=(?P<version>\d[\d.]*)"),
    ("net", rf"<HintPath>[^<]*[\\/]Parse[.-]{_VERSION}[\\/]"),
    (
        "net",
        (
            r"XamarinComponentReference\s[^>]*Include=['\"]parse['\"][^>]*>\s*<Version>"
            r"(?P<version>[^<]+)"
        ),
    ),
)
_SCRIPT_TAGS: Final = _compiled(
    (
        "js",
        (
            r"(?:\bsrc\s*[=:]|\bscript\(|javascript_include_tag)[^\n>]{0,40}?['\"](?:[^'\"\n]*/)?"
            rf"parse-(?:latest|{_VERSION})(?:\.min)?\.js"
        ),
    ),
    ("js", r"\bsrc\s*=\s*['\"]?[^'\"\s>]*/parse@(?P<version>[\w.^~-]+)"),
    ("js", rf"\bsrc\s*=\s*['\"]?[^'\"\s>]*/parse/{_VERSION}/parse(?:\.min)?\.js"),
    ("js", r"\bsrc\s*=\s*['\"]?(?:https?:)?//[^'\"\s>]*/parse/(?:dist/)?parse(?:\.min)?\.js"),
)
_BY_ENDING: Final[dict[str, _Rules]] = {
    "gradle": _GRADLE_RULES,
    "kts": _GRADLE_RULES,
    **dict.fromkeys(("csproj", "fsproj", "vbproj", "props", "targets"), _PROJECT),
    "config": _compiled(
        (
            "net",
            (
                r"<package\s(?=[^>]*\bid=['\"]parse['\"])"
                r"(?:[^>]*?\bversion=['\"](?P<version>[^'\"]+))?"
            ),
        ),
    ),
    "xml": _compiled(
        *_JARS,
        ("android", rf"<(?:gap:)?plugin\s[^>]*name=['\"]{_PLUGIN}['\"][^>]*"),
        ("ios", r"<framework\s[^>]*src=['\"][^'\"]*\bParse\.framework"),
        (
            "android",
            (
                r"<groupId>com\.parse</groupId>\s*<artifactId>parse-android</artifactId>"
                r"(?:\s*<version>(?P<version>[^<]+))?"
            ),
        ),
    ),
    "classpath": _compiled(_JARS[0]),
    "podspec": _compiled(
        ("ios", rf"\.dependency[\s(]+['\"]{_POD}['\"](?:\s*,\s*{_QUOTED})?"),
    ),
    **dict.fromkeys(MARKUP, _SCRIPT_TAGS),
    **dict.fromkeys(
        ("js", "jsx", "ts"),
        _compiled(("js", rf"parsecdn\.com/js/parse-(?:latest|{_VERSION})(?:\.min)?")),
    ),
}  # fmt: skip
_FILE_NAMES: Final = _compiled(("js", rf"(?:^|/)parse-{_VERSION}(?:\.min)?\.js$"))
PACKAGES: Final = {
    "package.json": {"parse": "js", "parse/node": "js"},
    "bower.json": {"parse": "js", "parse-js-sdk": "js"},
    ".bower.json": {"parse": "js", "parse-js-sdk": "js"},
    "component.json": {"parse": "js", "parse-js-sdk": "js"},
    "composer.json": {"parse/php-sdk": "php"},
}
"""Manifests of packages, and the names that the SDKs have in them."""
_SECTIONS: Final = (
    "dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "require",
    "require-dev",
)  # fmt: skip
_PLUGINS = re.compile(rf"[\"/]{_PLUGIN}(?:\.git)?[\"\#@]")
_CATALOGUE = re.compile(
    r"(?:module\s*=\s*['\"]com\.parse:parse-android['\"]"
    r"|group\s*=\s*['\"]com\.parse['\"]\s*,\s*name\s*=\s*['\"]parse-android['\"])"
    r"[^\n]*?version(?P<ref>\.ref)?\s*=\s*(?:\{[^}]*?=\s*)?['\"](?P<version>[^'\"]+)['\"]"
    r"|['\"]com\.parse:parse-android:(?P<whole>[^'\"]+)['\"]"
)
DEPENDENCY_FILES: Final = frozenset({*_BY_NAME, *PACKAGES, "libs.versions.toml", ".classpath"})
"""Names of files, in lower case, that are read whatever their ending."""
BUILD_FILES: Final = frozenset(
    {"gradle", "kts", "csproj", "fsproj", "vbproj", "props", "targets", "config", "podspec"}
)
"""Endings of files that describe a build: they name the SDK in lower case, too."""
LOCKS: Final = frozenset(
    {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "composer.lock",
        "installed.json", "podfile.lock", "manifest.lock", "cartfile.resolved", "package.resolved",
        "paket.lock",
    }
)  # fmt: skip
"""Dependency files that tools write: they are read for versions and nothing else."""


def asked_by_name(path: str) -> Iterator[Asked]:
    """Yield the SDK that a file is, by its own name: ``parse-1.4.2.min.js``."""
    for sdk, pattern in _FILE_NAMES:
        if match := pattern.search(path):
            yield Asked(sdk, match["version"], 0)


def asked(name: str, text: str, elsewhere: str = "") -> Iterator[Asked]:
    """Yield the Parse SDKs that a dependency file, or a page with scripts, asks for.

    Args:
        name: The file's own name, in lower case.
        text: What is in it, comments blanked.
        elsewhere: Text of other files that may define variables.
    """
    if name in PACKAGES:
        yield from _packages(text, PACKAGES[name])
        if name == "package.json" and (plugin := _PLUGINS.search(text)):
            yield Asked("android", "", plugin.start())
        return
    if name == "libs.versions.toml":
        yield from _catalogue(text)
        return
    rules = _BY_NAME.get(name) or _BY_ENDING.get(name.rpartition(".")[2], ())
    for sdk, pattern in rules:
        for match in pattern.finditer(text):
            version = (match.groupdict().get("version") or "").strip(" '\"\t")
            yield Asked(sdk, _variable(version, text, elsewhere), match.start())


def packages_of(text: str) -> frozenset[str]:
    """Return the names of the packages that a ``package.json`` asks for."""
    sections = _sections(text)
    return frozenset(name for section in sections for name in section)


def _packages(text: str, known: dict[str, str]) -> Iterator[Asked]:
    for section in _sections(text):
        for name, sdk in known.items():
            if name in section:
                given = section[name]
                is_version = isinstance(given, str) and re.match(r"[\s^~<>=v]*\d", given)
                wanted = str(given) if is_version else ""
                if not is_version and isinstance(given, str):  # user/repo#v1.4.2, an address
                    tag = re.search(rf"(?:\#v?|/parse-|^npm:parse@\D?){_VERSION}", given)
                    wanted = tag["version"] if tag else ""
                yield Asked(sdk, wanted, max(text.find(f'"{name}"'), 0))


def _whole(text: str) -> dict[str, object]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return whole if isinstance(whole, dict) else {}


def _sections(text: str) -> list[dict[str, object]]:
    whole = _whole(text)
    found = (whole.get(name) for name in _SECTIONS)
    return [section for section in found if isinstance(section, dict)]


def _catalogue(text: str) -> Iterator[Asked]:
    for match in _CATALOGUE.finditer(text):
        version = match["version"] or match["whole"]
        if match["ref"]:
            found = re.search(
                rf"^\s*{re.escape(version)}\s*=\s*(?:\{{[^}}]*?=\s*)?['\"]([^'\"]+)['\"]",
                text,
                re.MULTILINE,
            )
            version = found[1] if found else ""
        yield Asked("android", version, match.start())


def _variable(version: str, text: str, elsewhere: str) -> str:
    """Look up ``$parseVersion`` in the same file, then in others; unknown ones have no version."""
    match = re.fullmatch(r"\$\{?(?:\w+\.)*(\w+)\}?", version)
    if match is None:
        return version if re.search(r"\d", version) else ""
    for place in (text, elsewhere):
        found = re.search(
            rf"(?<![\w$]){match[1]}['\"]?\s*[=:]\s*['\"]?(\d[\w.+-]*)['\"]?\s*(?:$|[,;\]}})])",
            place,
            re.MULTILINE,
        )
        if found:
            return found[1]
    return ""


# ------------------------------------------------------------------ copies of an SDK

_SDK_MARKS: Final = (
    re.compile(
        rb"Parse JavaScript SDK[\s*|:v/-]{0,30}(?:Version:?\s*)?v?(?P<version>\d+\.\d+[\w.]*)"
    ),
    re.compile(
        rb"SERVER_URL[\"']?\s*:\s*[\"']https://api\.parse\.com[^,]{0,9},\s*VERSION[\"']?\s*:\s*[\"'](?:js)?"
        rb"(?P<version>\d+\.\d+[\w.]*)"
    ),
    re.compile(rb"VERSION[\"']?\s*[:=]\s*[\"']js(?P<version>\d+\.\d+[\w.]*)[\"']"),
    re.compile(rb"VERSION[\"']?\s*[:=]\s*[\"']js[\"']\s*\+\s*[\"'](?P<version>\d+\.\d+[\w.]*)"),
)
_SDK_CODE: Final = re.compile(rb"_ClientVersion[\"']?\s*[:=]?")
_OWN_NAMESPACE: Final = {
    "php": re.compile(rb"^\s*namespace\s+Parse\b(?:\\\w+)*\s*[;{]", re.MULTILINE),
    "java": re.compile(rb"^\s*package\s+com\.parse\s*;", re.MULTILINE),
    "kt": re.compile(rb"^\s*package\s+com\.parse\s*$", re.MULTILINE),
    "xml": re.compile(rb"<assembly>\s*<name>Parse[.<]"),  # the documentation of an assembly
    "cs": re.compile(rb"^\s*namespace\s+Parse(?:\.\w+)*\s*[;{]?\s*$", re.MULTILINE),
}
_PHP_VERSION: Final = re.compile(rb"VERSION_STRING\s*=\s*['\"](?:php)?(?P<version>\d[\w.]*)['\"]")


def copy_of_sdk(name: str, data: bytes, ending: str) -> tuple[str, str] | None:
    """Tell whether a file is, or holds, a Parse SDK itself: its code is not the app's.

    Args:
        name: The file's path.
        data: What is in it.
        ending: The end of its name.

    Returns:
        The SDK and its version (empty if the file does not say it), or ``None``.
    """
    if ending in {"js", "mjs", "cjs", "jsbundle", "bundle", "html", "htm"}:
        for mark in _SDK_MARKS:
            if match := mark.search(data):
                return "js", match["version"].decode("latin-1")
        is_code = b"_ApplicationId" in data and _SDK_CODE.search(data)
        return ("js", "") if is_code and b"_InstallationId" in data else None
    namespace = _OWN_NAMESPACE.get(ending)
    if namespace is not None and (match := namespace.search(data[:20_000])):
        # An app may put its own code into the SDK's name space; the SDK's files are its classes.
        stem = name.rpartition("/")[2].partition(".")[0].encode()
        declares = re.search(rb"\b(?:class|interface|trait|enum)\s+" + re.escape(stem), data)
        own = stem.startswith(b"Parse") and (ending != "php" or stem != b"Parse")
        if ending != "xml" and not (declares and (own or b"Internal" in match[0])):
            return None
        sdk = {"php": "php", "cs": "net"}.get(ending, "android")
        version = _PHP_VERSION.search(data) if sdk == "php" else None
        # One file of the SDK's source in many: only the one with the version speaks.
        return (sdk, version["version"].decode("latin-1")) if version else ("", "")
    return None


_JAR: Final = re.compile(r"^parse(?:-android)?(?:[-_]v?(?P<version>\d[\d.]*\d))?\.(?:jar|aar)$")
_DLL: Final = re.compile(
    r"^parse(?:\.(?:unity|netfx45|netcore|winrt|phone|wp8|android|ios|core|portable))?\.dll$"
)
_FILE_VERSION: Final = re.compile(
    b"".join(bytes((c, 0)) for c in b"FileVersion") + rb"(?:\0)+((?:[\d.]\0)+)"
)
_CONSTANT: Final = re.compile(rb"PARSE_VERSION\s+@?\"(?P<version>\d[\w.]*)\"")
_CLASS_VERSION: Final = re.compile(rb"\x01\x00[\x03-\x0a]a?(\d+\.\d+\.\d+)")
_MOST_BINARY: Final = 20_000_000


def installed(path: Path) -> Asked | None:
    """Return the SDK that a binary file is, or a header of it; ``None`` if it is none.

    Args:
        path: A jar, an aar, an assembly, ``PFConstants.h``, or the ``Info.plist`` of a framework.
    """
    name = path.name.lower()
    try:
        if match := _JAR.match(name):
            return Asked("android", match["version"] or _jar_version(path), 0)
        if _DLL.match(name):
            folder = re.search(r"(?i)[/\\]parse[.-](\d+(?:\.\d+)+)[/\\]", path.as_posix())
            return Asked("net", folder[1] if folder else _assembly_version(path), 0)
        if name == "pfconstants.h":
            constant = _CONSTANT.search(_bytes(path))
            return Asked("ios", constant["version"].decode(), 0) if constant else None
        if name == "info.plist":
            return Asked("ios", _plist_version(path), 0)
    except OSError:
        return None
    return None


def framework(folder: Path) -> tuple[Path, Asked]:
    """Return the version of a ``Parse.framework``, and the file that tells it.

    Args:
        folder: The framework.
    """
    headers = sorted(folder.rglob("PFConstants.h"))
    plists = sorted(folder.rglob("Info.plist"))
    for path in (*headers, *plists):
        found = installed(path) if path.is_file() else None
        if found is not None and found.wanted:
            return path, found
    return folder, Asked("ios", "", 0)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BINARY)


def _assembly_version(path: Path) -> str:
    match = _FILE_VERSION.search(_bytes(path))
    return match[1].decode("utf-16-le") if match else ""


def _jar_version(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as jar:
            for name in ("com/parse/ParseObject.class", "com/parse/Parse.class"):
                if name in jar.namelist() and (match := _CLASS_VERSION.search(jar.read(name))):
                    return match[1].decode()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return ""
    return ""


def _plist_version(path: Path) -> str:
    try:
        value = plistlib.loads(_bytes(path))
    except (ValueError, ExpatError, plistlib.InvalidFileException, RecursionError, OverflowError):
        return ""
    version = value.get("CFBundleShortVersionString") if isinstance(value, dict) else None
    return version if isinstance(version, str) and re.match(r"\d+\.\d+", version) else ""


def own_version(name: str, text: str) -> Asked | None:
    """Return the SDK that an installed package is, by its own manifest.

    Args:
        name: The file's own name, in lower case.
        text: What is in it.
    """
    known = PACKAGES.get(name)
    whole = _whole(text) if known else {}
    sdk = (known or {}).get(str(whole.get("name")))
    # Composer's packages do not say it themselves: installed.json does.
    return Asked(sdk, str(whole["version"]), 0) if sdk and whole.get("version") else None


def sdk_matches(found: Iterable[tuple[Place, Asked]]) -> Iterator[Match]:
    """Yield the SDKs that are too old, or of an unknown version.

    A version that is not known from one file may be from another: a lock beside a range.

    Args:
        found: All SDKs of a scan, with their places.
    """
    listed = list(found)
    known = {
        (asked.sdk, place.file.rpartition("/")[0])
        for place, asked in listed
        if asked.code is not SDK_UNKNOWN
    }
    for place, asked in listed:
        folder = place.file.rpartition("/")[0]
        if asked.code is SDK_UNKNOWN and any(
            sdk == asked.sdk and (_within(folder, other) or _within(other, folder))
            for sdk, other in known
        ):
            continue
        if asked.code is not None:
            yield Match(asked.code, place, asked.detail)


def _within(folder: str, other: str) -> bool:
    return not other or folder == other or folder.startswith(f"{other}/")
