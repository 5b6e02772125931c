"""Importers: what other tools have recorded, as exchanges. Which kind a file is, is looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Protocol

from parity.capture.importers.cassette import read_json_cassette, read_yaml_cassette
from parity.capture.importers.entries import (
    DEFAULT_MAX_BODY,
    NOT_HTTP,
    UNREADABLE,
    Entries,
    Imported,
    ObjectTag,
    Problem,
    UnreadableSource,
)
from parity.capture.importers.har import read_har
from parity.capture.importers.log_lines import PREFIX
from parity.capture.importers.parse_server_log import read_parse_server_log

__all__ = [
    "DEFAULT_MAX_BODY",
    "NOT_HTTP",
    "READERS",
    "UNREADABLE",
    "Entries",
    "Imported",
    "ObjectTag",
    "Problem",
    "UnreadableSource",
    "kind_of",
    "source_files",
]


class Reader(Protocol):
    """Gives the exchanges of one file; see :func:`parity.capture.importers.har.read_har`."""

    def __call__(self, path: Path, max_body: int, /) -> Entries: ...


READERS: Final[dict[str, Reader]] = {
    "HAR": read_har,
    "cassette (YAML)": read_yaml_cassette,
    "cassette (JSON)": read_json_cassette,
    "Parse Server log": read_parse_server_log,
}
"""Every kind of file that can be imported, by the name that people see."""

_BY_SUFFIX = {
    ".har": "HAR",
    ".yml": "cassette (YAML)",
    ".yaml": "cassette (YAML)",
    ".log": "Parse Server log",
}
_IN_FOLDERS = {".har", ".yml", ".yaml", ".json", ".log"}
_LOG_FILE = re.compile(r"parse-server\.info\.")
_HEAD = 256 * 1024
_PREFIX = rb"(?:" + re.sub(r"\?P<\w+>", "?:", PREFIX).encode() + rb")?"
_LOG_LINE = re.compile(
    rb"^"
    + _PREFIX
    + rb"(?:\x1b\[\d+m)?(?:[\d:T., Z-]+)?(?:verbose|info|warn|error)(?:\x1b\[\d+m)?: ",
    re.MULTILINE,
)
_LOG_JSON = re.compile(
    rb"^" + _PREFIX + rb'\{(?:"[^\n]*, ?)?"level": ?"(?:verbose|info|warn|error|debug)"',
    re.MULTILINE,
)


def kind_of(path: Path) -> str:
    """Tell which of :data:`READERS` a file is for, by its first bytes and then by its name.

    Raises:
        UnreadableSource: It cannot be opened, is empty, a recording already, or nothing known.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from None
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise UnreadableSource(path, "the file is empty")
    if b'"format":"parity-recording"' in text[:400]:
        raise UnreadableSource(path, "it is a recording already", "Use it as it is.")
    return _by_content(text) or _by_name(path)


def _by_content(text: bytes) -> str | None:
    if text.startswith(b"{"):
        # In a log's line, what a request had in its body is not quoted; in a HAR it is.
        if _LOG_JSON.search(text):
            return "Parse Server log"
        if re.search(rb'"(?:http_interactions|interactions)"\s*:', text):
            return "cassette (JSON)"
        is_har = re.match(rb'\{\s*"log"\s*:', text) or re.search(rb'"entries"\s*:\s*\[', text)
        return "HAR" if is_har else None
    if re.search(rb"^(?:http_interactions|interactions)\s*:", text, re.MULTILINE):
        return "cassette (YAML)"
    return "Parse Server log" if _LOG_JSON.search(text) or _LOG_LINE.search(text) else None


def _by_name(path: Path) -> str:
    kind = _BY_SUFFIX.get(path.suffix.lower())
    if kind is None:
        raise UnreadableSource(path, "this is no kind of file that can be imported")
    return kind


def source_files(sources: tuple[Path, ...]) -> list[Path]:
    """Return the files that are meant: files as they are, and what is importable in folders.

    Folders are looked through to their ends, in the order of the names.

    Raises:
        UnreadableSource: There is no such file, or nothing in a folder.
    """
    files: list[Path] = []
    for source in sources:
        if not source.is_dir():
            if not source.exists():
                raise UnreadableSource(source, "there is no such file", "Check the path.")
            files.append(source)
            continue
        found = sorted(path for path in source.rglob("*") if path.is_file() and _wanted(path))
        if not found:
            raise UnreadableSource(source, "the folder has no file that can be imported")
        files += found
    return list(dict.fromkeys(files))


def _wanted(path: Path) -> bool:
    return path.suffix.lower() in _IN_FOLDERS or _LOG_FILE.match(path.name) is not None
