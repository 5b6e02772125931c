"""The files of a scan: which are read, which are left out and why, and what each is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from parity.jobs.scan.dependencies import DEPENDENCY_FILES, packages_of
from parity.jobs.scan.lexer import without_comments
from parity.jobs.scan.model import Skipped, printable
from parity.model import UserError

MAX_BYTES: Final = 2_000_000
"""Largest file that is read; what people write is smaller."""
SCRIPTS: Final = frozenset({"js", "cjs", "mjs"})
_LEFT_OUT: Final = frozenset(
    {
        ".git", ".gradle", ".hg", ".svn", ".venv", "__pycache__", "bower_components", "Carthage",
        "DerivedData", "node_modules", "Pods",
    }
)  # fmt: skip
_CODE: Final = frozenset(
    {
        "c", "cc", "cpp", "cs", "dart", "groovy", "h", "htm", "html", "java", "jsx", "kt", "kts",
        "m", "mm", "php", "py", "rb", "scala", "swift", "ts", "tsx", "vue", *SCRIPTS,
    }
)  # fmt: skip
_DATA: Final = frozenset(
    {
        "asset", "conf", "config", "cshtml", "csproj", "ejs", "env", "gradle", "jade", "json",
        "plist", "podspec", "prefab", "properties", "pug", "storyboard", "strings", "toml",
        "unity", "xaml", "xcconfig", "xib", "xml", "yaml", "yml",
    }
)  # fmt: skip
_NOT_READ: Final = frozenset({"package-lock.json", "yarn.lock"})
_REGISTERS = re.compile(
    r"\bCloud\s*(?:\.\s*|\[\s*['\"])(?:define|job|useMasterKey|httpRequest|(?:before|after)[A-Z]\w*)"
    r"|\bParse\s*(?:\.\s*Cloud|\[\s*['\"]Cloud['\"]\s*\])(?!\s*(?:\.\s*(?:run|startJob|getJobs\w*)\b|\w))"
    r"|\bCloud\b[^;\n]*\}\s*=\s*(?:Parse\b|require)"
)
_SDK_HEADER = re.compile(r"Parse JavaScript SDK[\s|:v-]{0,10}(?P<version>\d+\.\d+[\w.-]*)")
_SDK_NAME = re.compile(r"(?:^|/)parse(?:-latest|-\d+(?:\.\d+)+)?(?:\.min)?\.js$")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read.

    Attributes:
        name: Path as the user knows it, with ``/``.
        data: Its bytes as UTF-8.
        root: The folder or file that was given.
    """

    name: str
    data: bytes
    root: str

    @property
    def ending(self) -> str:
        """End of the name in lower case; the name itself if it has none."""
        return self.name.rpartition("/")[2].rpartition(".")[2].lower()

    @property
    def text(self) -> str:
        """What is in it; bytes that are no UTF-8 are replaced."""
        return self.data.decode("utf-8", "replace")

    @property
    def is_sdk(self) -> bool:
        """Whether it is the JavaScript SDK itself, which is not the app's code."""
        if self.ending != "js":
            return False
        return bool(_SDK_NAME.search(self.name.lower()) or self.sdk_version)

    @property
    def sdk_version(self) -> str:
        """The version that the SDK's own header tells; empty if it is not the SDK."""
        match = _SDK_HEADER.search(self.text[:2000])
        return match["version"] if match else ""

    @property
    def registers(self) -> bool:
        """Whether it looks like cloud code: it uses what only cloud code has."""
        if b"Cloud" not in self.data:
            return False
        return _REGISTERS.search(without_comments(self.text, "js")) is not None


@dataclass(slots=True)
class Found:
    """All that was read.

    Attributes:
        files: Every file, in the order of their names.
        skipped: What was not read.
        packages: What each ``package.json`` asks for, by its folder.
    """

    files: list[File] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    packages: dict[str, frozenset[str]] = field(default_factory=dict)

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

    Links are not followed; folders of installed packages are left out.

    Args:
        roots: Folders and files.
        max_bytes: Larger files are not read, and named.
        progress: Called with the number of files read.

    Raises:
        UserError: A root does not exist or cannot be read.
    """
    reader = _Reader([Path(os.path.normpath(each)) for each in roots], max_bytes, progress)
    return reader.read()


class _Reader:
    def __init__(self, roots: list[Path], max_bytes: int, progress: Callable[[int], None]) -> None:
        self.roots = roots
        self.max_bytes = max_bytes
        self.progress = progress
        self.found = Found()
        self.others: dict[str, list[Path]] = {}
        self._seen: set[str] = set()
        self._real = [os.path.realpath(each) for each in roots]

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

    def _folder(self, root: Path) -> None:
        for folder, names, files in os.walk(root, onerror=self._unreadable):
            here = Path(folder)
            for name in sorted(names):
                if name in _LEFT_OUT:
                    self._skip(here / name, "installed packages and tools are not the app's code")
                elif (here / name).is_symlink():
                    self._link(here / name)
            names[:] = sorted(
                each for each in names if each not in _LEFT_OUT and not (here / each).is_symlink()
            )
            for name in sorted(files):
                self._file(here / name, root)

    def _file(self, path: Path, root: Path, *, given: bool = False) -> None:
        lower = path.name.lower()
        ending = lower.rpartition(".")[2]
        wanted = given or ending in _CODE or ending in _DATA or lower in DEPENDENCY_FILES
        real = os.path.realpath(path)
        if not wanted or lower in _NOT_READ:
            self.others.setdefault("not a kind of file that is scanned", []).append(path)
        elif path.is_symlink() and not given:
            self._link(path)
        elif not path.is_file():
            self._skip(path, "it is no regular file")
        elif real not in self._seen:
            self._seen.add(real)
            self._read(path, root, is_code=ending in _CODE)

    def _read(self, path: Path, root: Path, *, is_code: bool) -> None:
        try:
            size = path.stat().st_size
            if size > self.max_bytes:
                reason = f"{size:,} bytes are more than {self.max_bytes:,} (--max-bytes)"
                self._skip(path, reason, doubt=is_code)
                return
            data = path.read_bytes()
        except OSError as error:
            self._skip(path, error.strerror or str(error), doubt=True)
            return
        text = _utf8(data)
        if text is None:
            self.others.setdefault("binary", []).append(path)
            return
        self.found.files.append(File(_shown(path), text, _shown(root)))
        if path.name == "package.json":
            folder = _shown(path).rpartition("/")[0]
            self.found.packages[folder] = packages_of(text.decode("utf-8", "replace"))
        self.progress(len(self.found.files))

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

    def _skip(self, path: Path, reason: str, *, doubt: bool = False, more: str = "") -> None:
        self.found.skipped.append(Skipped(_shown(path) + more, reason, doubt))


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
