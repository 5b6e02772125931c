"""The files of a scan: which are read, which are left out and why, and what each is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from parity.jobs.scan.dependencies import (
    DEPENDENCY_FILES,
    Asked,
    copy_of_sdk,
    framework,
    installed,
    own_version,
    packages_of,
)
from parity.jobs.scan.languages import read_source
from parity.jobs.scan.model import Area, Place, Skipped, printable
from parity.model import UserError
from parity.targets.sources import CODE, DATA, INSTALLED, TOOLS, UNREAD

MAX_BYTES: Final = 4_000_000
"""Largest file that is parsed; what people write is smaller, and most bundles are."""
_MOST_BYTES: Final = 100_000_000
_SDK_FOLDER: Final = re.compile(
    r"sdk|^(?:vendors?|third.?party|externals?|libs?|libraries|frameworks|submodules|deps)$",
    re.IGNORECASE,
)
_SAMPLES: Final = re.compile(r"^(?:samples?|examples?|demos?)$", re.IGNORECASE)
_TEMPLATE_SCRIPT: Final = re.compile(
    r"\.(?:html?|ejs|jade|pug|txt|css|json|xml|mustache|hbs|handlebars|tpl|md|svg|csv)\.js$"
)
_WORDS: Final = (
    b"parse.com", b"parsetfss", b"parseapp", b"parsecdn", b"x-parse", b"parity-scan", b"masterkey",
    b"master_key", b"applicationid", b"clientkey", b"windowskey", b"dotnetkey", b"javascriptkey",
    b"restapikey", b"parse_",
)  # fmt: skip
_MENTIONS: Final = (
    re.compile(rb"Parse(?![a-z])"),
    re.compile(rb"PF(?:User|Object|Query)"),
    re.compile(rb"com\.parse\b|/parse[@/](?:\d|dist)|[\"']parse[\"'/]"),
    re.compile(rb"(?:phonegap|cordova)[\w.-]*parse|parse-?(?:push-?)?plugin"),
    re.compile(rb"parse-(?:latest|\d)"),
)
"""Words that a finding of a client needs; each begins with what a search is fast for."""
_SPEAKS: Final = re.compile(
    rb"\bParse(?:\.|::)(?:ACL|Analytics|Cloud|Config|File|GeoPoint|Installation|Object|Promise|Push"
    rb"|Query|Role|Session|User|initialize|serverURL)\b|\bPF(?:User|Object|Query)\b|\bParseClient\b"
    rb"|\b(?:api|push|files)\.parse\.com|parsetfss\.com|\.parseapp\.com|parsecdn\.com|X-Parse-"
    rb"|\bcom\.parse\.Parse|[\"']parse(?:/node|/react-native)?[\"']\s*\)",
)
"""What only code has that uses Parse; in a file that is not read it is a reason for doubt."""
_REGISTERS = re.compile(
    r"\bCloud\s*(?:\.\s*|\[\s*['\"])(?:define|job|useMasterKey|httpRequest|(?:before|after)[A-Z]\w*)"
    r"|\bParse\s*(?:\.\s*Cloud|\[\s*['\"]Cloud['\"]\s*\])(?!\s*(?:\.\s*(?:run|startJob|getJobs\w*)\b|\w))"
    r"|\bCloud\b[^;\n]*\}\s*=\s*(?:Parse\b|require)"
)
_AREAS: Final[dict[bool, Area]] = {True: "cloud-code", False: "clients"}
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def ending_of(name: str) -> str:
    """Return the end of a file's name in lower case; the name itself if it has none."""
    base = name.rpartition("/")[2].lower()
    if _TEMPLATE_SCRIPT.search(base):  # the hosted service took nothing but .js: page.html.js
        base = base.removesuffix(".js")
    return base.rpartition(".")[2]


@dataclass(frozen=True)
class File:
    """A file that was read.

    Attributes:
        name: Path as the user knows it, with ``/``.
        data: Its bytes as UTF-8.
        root: The folder or file that was given.
        vendored: Whether it lies in a folder of installed packages.
    """

    name: str
    data: bytes
    root: str
    vendored: bool = False

    @property
    def ending(self) -> str:
        """End of the name in lower case; the name itself if it has none."""
        return ending_of(self.name)

    @property
    def text(self) -> str:
        """What is in it; bytes that are no UTF-8 are replaced."""
        return self.data.decode("utf-8", "replace")

    @cached_property
    def mentions(self) -> bool:
        """Whether it has a word that a finding of a client needs; else it need not be parsed."""
        lower = self.data.lower()
        return any(word in lower for word in _WORDS) or any(
            pattern.search(self.data) for pattern in _MENTIONS
        )

    @cached_property
    def speaks(self) -> bool:
        """Whether it surely uses Parse: if it cannot be read, nothing passes."""
        return _SPEAKS.search(self.data) is not None

    @cached_property
    def sdk(self) -> tuple[str, str] | None:
        """The SDK that this is a copy of, and its version; its code is not the app's."""
        return copy_of_sdk(self.name, self.data, self.ending)

    @cached_property
    def registers(self) -> bool:
        """Whether it looks like cloud code: it uses what only cloud code has."""
        if b"Cloud" not in self.data or not _REGISTERS.search(self.data.decode("latin-1")):
            return False
        if self.ending in UNREAD:
            return True
        return _REGISTERS.search(read_source(self.data, self.ending).code) is not None


@dataclass(slots=True)
class Found:
    """All that was read.

    Attributes:
        files: Every file, in the order of their names.
        skipped: What was not read.
        packages: What each ``package.json`` asks for, by its folder.
        installed: SDKs that are there: binaries, frameworks, installed packages.
    """

    files: list[File] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    packages: dict[str, frozenset[str]] = field(default_factory=dict)
    installed: list[tuple[Place, Asked]] = field(default_factory=list)

    def packages_of(self, file: str) -> frozenset[str]:
        """Return the packages that the nearest ``package.json`` above a file asks for."""
        folder = file.rpartition("/")[0]
        while True:
            if folder in self.packages:
                return self.packages[folder]
            if not folder:
                return frozenset()
            folder = folder.rpartition("/")[0]


def read_files(
    roots: Iterable[Path],
    *,
    max_bytes: int = MAX_BYTES,
    progress: Callable[[int], None] = lambda _: None,
) -> Found:
    """Read every file that may be cloud code or source of a client.

    Links are not followed; folders of installed packages are looked through for Parse SDKs.

    Args:
        roots: Folders and files.
        max_bytes: Larger files are not parsed, and named.
        progress: Called with the number of files read.

    Raises:
        UserError: A root does not exist or cannot be read.
    """
    reader = _Reader([Path(os.path.normpath(root)) for root in roots], max_bytes, progress)
    return reader.read()


class _Reader:
    def __init__(self, roots: list[Path], max_bytes: int, progress: Callable[[int], None]) -> None:
        self.roots = roots
        self.max_bytes = max_bytes
        self.progress = progress
        self.found = Found()
        self.others: dict[str, list[Path]] = {}
        self._seen: set[str] = set()
        self._real = [os.path.realpath(root) for root in roots]

    def read(self) -> Found:
        for root in self.roots:
            if root.is_dir():
                self._folder(root)
                self._package_beside(root)
            elif root.is_file():
                self._file(root, root, given=True)
            else:
                raise UserError(
                    f"{root}: there is no such file or folder",
                    "Give the folder of the cloud code and those of the apps: "
                    "parity scan cloud/ app-src/",
                    code="no-such-path",
                )
        self.found.files.sort(key=lambda each: each.name)
        for reason, paths in self.others.items():
            more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
            self._skip(paths[0], reason, more=more)
        return self.found

    def _folder(self, root: Path, *, vendored: bool = False) -> None:
        for folder, names, files in os.walk(root, onerror=self._unreadable):
            here = Path(folder)
            kept = []
            for name in sorted(names):
                path = here / name
                if path.is_symlink():
                    self._link(path)
                elif name.lower().endswith((".framework", ".xcframework")):
                    self._framework(path)
                elif not vendored and (name in INSTALLED or _is_installed(path)):
                    self._skip(path, "installed packages are read for versions, not for findings")
                    self._packages(path, root)
                elif reason := self._not_the_apps(path, root, vendored=vendored):
                    self._skip(path, reason)
                else:
                    kept.append(name)
            names[:] = kept
            for name in sorted(files):
                self._file(here / name, root, vendored=vendored)

    def _packages(self, folder: Path, root: Path) -> None:
        """Look for Parse SDKs among installed packages, without reading all of them."""
        for path in sorted(folder.iterdir()):
            lower = path.name.lower()
            if path.is_file() and (lower in DEPENDENCY_FILES or "parse" in lower):
                self._file(path, root, vendored=True)
            elif (
                path.is_dir()
                and not path.is_symlink()
                and (
                    "parse" in path.name.lower()
                    or folder.name in {"vendor", "Carthage", "composer"}
                    or path.name in {"composer", "Checkouts", "Build", "Local Podspecs"}
                )
            ):
                self._vendored(path, root)

    def _vendored(self, folder: Path, root: Path) -> None:
        for below, names, files in os.walk(folder):
            here = Path(below)
            for name in sorted(names):
                if name.lower().endswith(".framework"):
                    self._framework(here / name)
            names[:] = sorted(
                name for name in names if not name.endswith(".framework") and name not in TOOLS
            )
            for name in sorted(files):
                below_it = (here / name).relative_to(folder.parent).as_posix().lower()
                if "parse" in below_it or name == "installed.json":
                    self._file(here / name, root, vendored=True)

    def _framework(self, folder: Path) -> None:
        if folder.name.lower() in {"parse.framework", "parseosx.framework"}:
            file, found = framework(folder)
            self.found.installed.append((Place(_shown(file), 1, 1), found))
        else:
            self.others.setdefault("a framework, which is not the app's code", []).append(folder)

    def _not_the_apps(self, path: Path, root: Path, *, vendored: bool) -> str:
        if path.name in TOOLS:
            return "tools are not the app's code"
        if _is_built(path):
            return "what a build made is not the app's code"
        if "javadoc" in path.name.lower():
            return "documentation of an SDK is not the app's code"
        if not vendored and self._is_sample(path, root):
            return "samples of another SDK are not the app's code"
        return ""

    def _is_sample(self, path: Path, root: Path) -> bool:
        above = path.relative_to(root).parts[:-1]
        return bool(_SAMPLES.search(path.name)) and any(map(_SDK_FOLDER.search, above))

    def _file(self, path: Path, root: Path, *, given: bool = False, vendored: bool = False) -> None:
        lower = path.name.lower()
        ending = ending_of(lower)
        wanted = given or ending in CODE or ending in DATA or lower in DEPENDENCY_FILES
        real = os.path.realpath(path)
        if path.is_symlink() and not given:
            if wanted:
                self._link(path)
        elif not path.is_file():
            if wanted:
                self._skip(path, "it is no regular file")
        elif lower != "info.plist" and (found := installed(path)):
            self.found.installed.append((Place(_shown(path), 1, 1), found))
        elif lower == "workspace.xml" and path.parent.name == ".idea":
            self.others.setdefault("the state of an editor", []).append(path)
        elif not wanted:
            self.others.setdefault("not a kind of file that is scanned", []).append(path)
        elif real not in self._seen:
            self._seen.add(real)
            self._read(path, root, is_code=ending in CODE, vendored=vendored)

    def _read(self, path: Path, root: Path, *, is_code: bool, vendored: bool) -> None:
        try:
            size = path.stat().st_size
            data = path.read_bytes() if size <= _MOST_BYTES else b""
        except OSError as error:
            self._skip(path, error.strerror or str(error), doubt=True)
            return
        if size > self.max_bytes:
            self._large(path, size, data, is_code=is_code, vendored=vendored)
            return
        text = _utf8(data)
        if text is None:
            self.others.setdefault("binary", []).append(path)
            return
        if vendored:
            self._own_version(path, text)
        self.found.files.append(File(_shown(path), text, _shown(root), vendored))
        if path.name == "package.json":
            folder = _shown(path).rpartition("/")[0]
            self.found.packages[folder] = packages_of(text.decode("utf-8", "replace"))
        self.progress(len(self.found.files))

    def _large(self, path: Path, size: int, data: bytes, *, is_code: bool, vendored: bool) -> None:
        """Look into a large file without parsing it: is it an SDK, does it use Parse?"""
        reason = f"{size:,} bytes are more than {self.max_bytes:,} (--max-bytes)"
        file = File(_shown(path), data, "")
        if file.sdk and file.sdk[0]:
            self.found.installed.append((Place(file.name, 1, 1), Asked(*file.sdk, 0)))
            reason += "; it holds a copy of the SDK"
        if size <= _MOST_BYTES and not (file.speaks or file.sdk):
            self._skip(path, f"{reason}; it does not speak of Parse")
            return
        # A bundle with the SDK in it may have the app in it as well.
        cloud = "cloud" in path.parts
        self._skip(path, reason, doubt=is_code and not vendored, area=_AREAS[cloud])

    def _own_version(self, path: Path, data: bytes) -> None:
        name = path.name.lower()
        if name in DEPENDENCY_FILES and (
            found := own_version(name, data.decode("utf-8", "replace"))
        ):
            self.found.installed.append((Place(_shown(path), 1, 1), found))

    def _package_beside(self, root: Path) -> None:
        """Look into the ``package.json`` of the folder that ``cloud/`` is in."""
        beside = root.resolve().parent / "package.json"
        if _shown(root) in self.found.packages or not beside.is_file():
            return
        try:
            if beside.stat().st_size <= self.max_bytes:
                text = beside.read_bytes().decode("utf-8", "replace")
                self.found.packages[_shown(root)] = packages_of(text)
        except OSError:
            return

    def _link(self, path: Path) -> None:
        real = os.path.realpath(path)
        inside = any(real == each or real.startswith(each + os.sep) for each in self._real)
        if inside:
            self._skip(path, "it is a link to what is scanned anyway")
        elif Path(real).exists():
            self._skip(path, "links are not followed; give what it points to as well", doubt=True)
        else:
            self._skip(path, "it is a link to nothing")

    def _unreadable(self, error: OSError) -> None:
        self._skip(Path(str(error.filename)), error.strerror or str(error), doubt=True)

    def _skip(
        self,
        path: Path,
        reason: str,
        *,
        doubt: bool = False,
        more: str = "",
        area: Area | None = None,
    ) -> None:
        self.found.skipped.append(Skipped(_shown(path) + more, reason, doubt, area))


def _is_built(folder: Path) -> bool:
    """Tell whether Android's Gradle or Visual Studio made all that is in a folder."""
    if folder.name in {"intermediates", "outputs", "generated"}:
        return folder.parent.name == "build"
    return folder.name == "obj" and any((folder / name).is_dir() for name in ("Debug", "Release"))


def _is_installed(folder: Path) -> bool:
    """Tell whether a folder holds packages as NuGet or Xamarin install them.

    They are ``packages/Parse.1.6.2`` and ``Components/parse-1.5.5``.
    """
    if folder.name.lower() not in {"packages", "components"}:
        return False
    return any(re.search(r"[.-]\d+\.\d+", below.name) for below in folder.iterdir())


def _shown(path: Path) -> str:
    """Return a path as it is shown: with ``/``, and nothing that a terminal would obey."""
    return printable(path.as_posix())


def _utf8(data: bytes) -> bytes | None:
    """Return the text of a file as UTF-8, or ``None`` if it is binary."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode("utf-8", "replace")
            except UnicodeDecodeError:
                return None
    return None if b"\0" in data[:8192] else data
