"""The hosted export: a folder or a zip with one ``Class.json`` for each class.

The hosted dashboard's "Export app data" mailed a zip with a file of ``{"results": [object, …]}``
for each class, and ``_Join:<key>:<Class>.json`` for each relation. Source: exports quoted in
parse-server issues 2826 and 1069, parse-dashboard issue 307.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from parity.jobs.verify.sources.rows import Row, RowError, Stream, read_rows
from parity.model import UserError

_CLASS: Final = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*|_Join:[A-Za-z]\w*:_?[A-Za-z]\w*", re.ASCII)
"""A class or a join table. Source: parse-server SchemaController ``classNameIsValid``."""
_IGNORED: Final = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._|\.git/|Thumbs\.db$)")

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
        return sum(each.size for each in self.files)


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
    if not source.files and not source.refused:
        raise UserError(f"{path} holds no export: no Class.json in it", _HOW, code="export-empty")
    return source


def _folder(path: Path) -> ExportSource:
    root = path
    if not any(path.glob("*.json")):
        inner = [each for each in path.iterdir() if each.is_dir() and any(each.glob("*.json"))]
        if len(inner) > 1:
            names = ", ".join(sorted(each.name for each in inner))
            raise UserError(f"{path} holds several exports: {names}", _HOW, code="export-several")
        root = inner[0] if inner else path
    found: list[ExportFile] = []
    refused: list[tuple[str, str]] = []
    strangers: list[str] = []
    for file in sorted(root.iterdir()):
        if _IGNORED.search(file.name) or (file.is_dir() and file.suffix != ".json"):
            continue
        name = _class_of(file.name)
        if name is None:
            strangers.append(file.name)
        elif file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
            refused.append((file.name, "is a link to a file outside of the export"))
        elif not file.is_file():
            refused.append((file.name, "is not a file"))
        else:
            facts = file.stat()
            stamp = f"{facts.st_size}-{facts.st_mtime_ns}"
            label = str(file.relative_to(path))
            found.append(ExportFile(name, label, facts.st_size, stamp, _opener(file)))
    return ExportSource(path, tuple(found), tuple(refused), tuple(strangers))


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
    found: dict[str, ExportFile] = {}
    refused: list[tuple[str, str]] = []
    strangers: list[str] = []
    places = Counter(member.header_offset for member in members)
    for member in members:
        name = _class_of(PurePosixPath(member.filename).name)
        if name is None:
            strangers.append(member.filename)
            continue
        reason = _danger(member, shared=places[member.header_offset] > 1)
        if not reason and name in found:
            reason = f"holds the class {name} as {found[name].label} does"
        if reason:
            refused.append((member.filename, reason))
            continue
        stamp = f"{member.file_size}-{member.CRC}"
        opener = _member_opener(path, member.filename)
        found[name] = ExportFile(name, member.filename, member.file_size, stamp, opener)
    return ExportSource(
        path, tuple(found[name] for name in sorted(found)), tuple(refused), tuple(strangers)
    )


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


def _class_of(file_name: str) -> str | None:
    name = file_name.removesuffix(".json")
    if name == file_name or not _CLASS.fullmatch(name):
        return None
    return name
