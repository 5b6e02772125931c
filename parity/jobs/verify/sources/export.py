"""The hosted export: a folder or a zip with one ``Class.json`` for each class.

The hosted dashboard's "Export app data" mailed a zip with a file of ``{"results": [object, …]}``
for each class, and ``_Join:<key>:<Class>.json`` for each relation. Source: exports quoted in
parse-server issues 2826 and 1069, parse-dashboard issue 307.
"""

from __future__ import annotations

import gzip
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

from parity.jobs.verify.sources.rows import Row, RowError, Stream, read_rows
from parity.model import UserError

_CLASS: Final = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*|_Join:[A-Za-z]\w*:_?[A-Za-z]\w*", re.ASCII)
"""A class or a join table. Source: parse-server SchemaController ``classNameIsValid``."""
_JSON: Final = re.compile(r"(?P<stem>.+)\.json(?P<packed>\.gz)?", re.IGNORECASE)
_JOIN_WITHOUT_COLONS: Final = re.compile(r"_Join_(?P<rest>[A-Za-z]\w*)", re.ASCII)
"""A join table as Windows stores it, where a name has no colon."""
_SYSTEM_CLASSES: Final = ("_User", "_Role", "_Installation", "_Session", "_Product", "_Audience")
_MAY_HOLD_ROWS: Final = re.compile(
    r"json|bson|\.(csv|tsv|gz|tgz|bz2|xz|zst|zip|7z|rar|tar|part|crdownload|download|bak)\b",
    re.IGNORECASE,
)
_PACKED: Final = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")
_NO_CLASS: Final = (
    "may hold objects, and its name is not that of a class: rename it, or --exclude it"
)
_SEVERAL_RELATIONS: Final = (
    "is of one of several relations: give it its name back, _Join:<key>:<Class>.json"
)
_IGNORED: Final = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._|\.git/|Thumbs\.db$)")

_GROWN: Final = 10
"""Times that packed JSON grows, about; for the room that the index needs."""
RATIO: Final = 300
RATIO_FROM_BYTES: Final = 64 << 20
"""A zip member that grows by more than this ratio, and to more than this size, is a bomb: text of
an export shrinks to a third or a tenth, and deflate to a thousandth at most."""
FILES: Final = 20_000

_HOW: Final = (
    'Give the folder or the zip of the hosted "Export app data": one Class.json for each class, '
    'with {"results": [...]} in it.'
)


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One class of an export.

    Attributes:
        class_name: The class, or ``_Join:<key>:<Class>``.
        label: How messages name the file.
        size: Bytes of JSON.
        stamp: Changes when the file does.
        open: Opens it; the caller closes it.
    """

    class_name: str
    label: str
    size: int
    stamp: str
    open: Callable[[], Stream]

    def rows(self) -> Iterator[Row]:
        """Yield the objects.

        Raises:
            RowError: At the first place that cannot be read; rows before it are good.
        """
        try:
            stream = self.open()
            try:
                yield from read_rows(stream)
            finally:
                close = getattr(stream, "close", None)
                if close is not None:
                    close()
        except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise RowError(f"cannot be read: {error}", self.label) from error
        except Exception as error:
            # zlib.error is no subclass of any of these.
            if type(error).__module__ not in ("zlib", "lzma"):
                raise
            raise RowError(f"the zip is damaged: {error}", self.label) from error


@dataclass(frozen=True, slots=True)
class ExportSource:
    """A hosted export.

    Attributes:
        path: The folder or zip.
        files: Its classes, by name.
        refused: Files that hold a class and were not read: name and reason. Each makes the
            verification impossible to pass.
        strangers: Files that cannot be a class, for the list of what was not verified.
    """

    path: Path
    files: tuple[ExportFile, ...]
    refused: tuple[tuple[str, str], ...] = ()
    strangers: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of JSON in all files."""
        return sum(file.size for file in self.files)


def open_export(path: Path) -> ExportSource:
    """Look through a hosted export, without reading the objects.

    Args:
        path: A folder with ``Class.json`` files (or with one folder that has them), or a zip.

    Returns:
        The export.

    Raises:
        UserError: There is nothing, or it is no export.
    """
    if path.is_dir():
        source = _folder(path)
    elif path.is_file():
        source = _zip(path)
    else:
        raise UserError(f"{path} does not exist", _HOW, code="export-missing")
    if not source.files and all(reason == _NO_CLASS for _, reason in source.refused):
        raise UserError(f"{path} holds no export: no Class.json in it", _HOW, code="export-empty")
    return source


def _folder(path: Path) -> ExportSource:
    root = path
    if not any(map(_is_class, path.iterdir())):
        inner = [
            folder
            for folder in path.iterdir()
            if folder.is_dir() and any(map(_is_class, folder.iterdir()))
        ]
        if len(inner) > 1:
            names = ", ".join(sorted(folder.name for folder in inner))
            raise UserError(f"{path} holds several exports: {names}", _HOW, code="export-several")
        root = inner[0] if inner else path
    found = _Found()
    for file in sorted(root.rglob("*"), key=_plain_first):
        shown = file.relative_to(root).as_posix()
        if _IGNORED.search(shown):
            continue
        if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
            found.refuse(shown, "is a link to a file outside of the export")
        elif file.is_symlink() and file.is_dir():
            found.refuse(shown, "is a link to a folder")
        elif not file.is_file():
            if file.suffix.lower() == ".json":
                found.refuse(shown, "is not a file")
        else:
            facts = file.stat()
            stamp = f"{facts.st_size}-{facts.st_mtime_ns}"
            label = str(file.relative_to(path))
            found.add(shown, label, facts.st_size, stamp, _opener(file))
    return found.source(path)


def _plain_first(file: Path) -> tuple[bool, int, Path]:
    """Order files so that of two of one class the one is read that the export had."""
    return file.suffix != ".json", len(file.parts), file


@dataclass(slots=True)
class _Found:
    """The files of an export, while it is looked through: none is set aside without a word."""

    files: dict[str, ExportFile] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def refuse(self, shown: str, reason: str) -> None:
        self.refused.append((shown, reason))

    def add(
        self,
        shown: str,
        label: str,
        size: int,
        stamp: str,
        opener: Callable[[], Stream],
        danger: str = "",
    ) -> None:
        """Take a file for the class that its name says, or say why not."""
        name, packed = _class_of(PurePosixPath(shown).name)
        if name is None and not _may_hold_rows(shown, opener):
            self.strangers.append(shown)
        elif danger:
            self.refuse(shown, danger)
        elif name is None:
            self.refuse(shown, _NO_CLASS)
        elif not name:
            self.refuse(shown, _SEVERAL_RELATIONS)
        elif name in self.files:
            self.refuse(shown, f"holds the class {name} as {self.files[name].label} does")
        elif packed:
            grown = size * _GROWN
            self.files[name] = ExportFile(name, label, grown, stamp, lambda: _Unpacked(opener()))
        else:
            self.files[name] = ExportFile(name, label, size, stamp, opener)

    def source(self, path: Path) -> ExportSource:
        files = tuple(self.files[name] for name in sorted(self.files))
        return ExportSource(path, files, tuple(self.refused), tuple(self.strangers))


def _opener(file: Path) -> Callable[[], Stream]:
    return lambda: file.open("rb")


def _zip(path: Path) -> ExportSource:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        what = f"{path} is neither a folder nor a zip that can be read: {error}"
        raise UserError(what, _HOW, code="export-zip") from error
    if len(members) > FILES:
        what = f"{path} has {len(members)} members, and an export has at most {FILES}"
        raise UserError(what, _HOW, code="export-zip")
    members = [m for m in members if not m.is_dir() and not _IGNORED.search(m.filename)]
    found = _Found()
    places = Counter(member.header_offset for member in members)
    for member in members:
        opener = _member_opener(path, member.filename)
        danger = _danger(member, shared=places[member.header_offset] > 1)
        stamp = f"{member.file_size}-{member.CRC}"
        found.add(member.filename, member.filename, member.file_size, stamp, opener, danger)
    return found.source(path)


def _danger(member: zipfile.ZipInfo, *, shared: bool) -> str:
    """Return why a member is not read, or nothing.

    Nothing is ever written by a member's name; a name that leaves the folder is refused all the
    same, because whoever made it meant harm.
    """
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:/", name):
        return "its name leads out of the export"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & 0x1:
        return "is encrypted"
    grown = member.file_size > RATIO * max(1, member.compress_size)
    if grown and member.file_size > RATIO_FROM_BYTES:
        return (
            f"grows from {member.compress_size:,} to {member.file_size:,} bytes, as a zip bomb does"
        )
    return "shares its bytes with another member, as a zip bomb does" if shared else ""


def _member_opener(path: Path, name: str) -> Callable[[], Stream]:
    def opened() -> Stream:
        archive = zipfile.ZipFile(path)
        try:
            stream = archive.open(name)
        except BaseException:
            archive.close()
            raise
        return _Member(archive, stream)

    return opened


class _Member:
    """A zip member that closes its archive."""

    def __init__(self, archive: zipfile.ZipFile, stream: Stream) -> None:
        self._archive, self._stream = archive, stream

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""
        return self._stream.read(size)

    def close(self) -> None:
        """Close both."""
        getattr(self._stream, "close", lambda: None)()
        self._archive.close()


class _Unpacked:
    """What is packed in a gzip, unless it grows as a bomb does."""

    def __init__(self, packed: Stream) -> None:
        self._packed = packed
        source: Any = packed  # it only reads
        self._stream: Stream = gzip.GzipFile(fileobj=source)
        self._size = 0

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""
        data = self._stream.read(size)
        self._size += len(data)
        taken = max(1, getattr(self._packed, "tell", lambda: self._size)())
        if self._size > RATIO_FROM_BYTES and self._size > RATIO * taken:
            raise OSError("it grows as a zip bomb does")
        return data

    def close(self) -> None:
        """Close both."""
        getattr(self._stream, "close", lambda: None)()
        getattr(self._packed, "close", lambda: None)()


def _is_class(file: Path) -> bool:
    return _class_of(file.name)[0] is not None


def _class_of(file_name: str) -> tuple[str | None, bool]:
    """Return the class that a file name says, and whether the file is packed.

    Browsers and unpackers write names in their own ways: ``%3A`` or ``_`` for a colon, ``.JSON``.

    Returns:
        ``None`` if it is not that of a class; nothing if it may be that of several relations.
    """
    found = _JSON.fullmatch(unquote(file_name))
    if found is None:
        return None, False
    name, packed = found["stem"], found["packed"] is not None
    if (join := _JOIN_WITHOUT_COLONS.fullmatch(name)) is not None:
        return _relation_of(join["rest"]), packed
    return (name if _CLASS.fullmatch(name) else None), packed


def _relation_of(rest: str) -> str | None:
    """Return the relation that is meant by ``users__Role``: key, underscore, class."""
    for name in _SYSTEM_CLASSES:
        if rest.endswith(f"_{name}") and len(rest) > len(name) + 1:
            return f"_Join:{rest.removesuffix(f'_{name}')}:{name}"
    names = [f"_Join:{rest[:i]}:{rest[i + 1 :]}" for i, c in enumerate(rest) if c == "_"]
    possible = [name for name in names if _CLASS.fullmatch(name)]
    return possible[0] if len(possible) == 1 else "" if possible else None


def _may_hold_rows(shown: str, opener: Callable[[], Stream]) -> bool:
    """Tell whether a file that is no class may hold objects all the same."""
    if _MAY_HOLD_ROWS.search(PurePosixPath(shown).name):
        return True
    head = b"{"  # what cannot be looked at may hold anything
    with suppress(Exception):
        stream = opener()
        try:
            head = stream.read(64)
        finally:
            getattr(stream, "close", lambda: None)()
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[", *_PACKED))
