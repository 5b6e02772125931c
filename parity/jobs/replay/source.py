"""Opens what is replayed: a recording, or files that are imported for the occasion."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from parity.capture.importing import Import, ImportReport
from parity.capture.recording import (
    RecordedExchange,
    RecordingHeader,
    RecordingReader,
    RecordingWriter,
    open_recording,
)
from parity.model import UserError
from parity.model.evidence import utc_now
from parity.wire import Redactor

RECORDING_SUFFIXES = (".jsonl", ".zst")
CASSETTE_SUFFIXES = (".yml", ".yaml", ".har", ".json")


@dataclass(frozen=True, slots=True)
class Source:
    """A recording that can be read as often as needed.

    Attributes:
        path: The recording file.
        name: What the user called it.
        base_url: Scheme, host and mount that were recorded.
        total: Number of exchanges; ``None`` if the file does not say.
        truncated: Whether its end is missing.
        imported: What became of the files that it was made of, if it was.
    """

    path: Path
    name: str
    base_url: str
    total: int | None
    truncated: bool
    imported: ImportReport | None = None

    @property
    def mount(self) -> str:
        """Path of the recorded mount."""
        return urlsplit(self.base_url).path.rstrip("/")

    @property
    def origin(self) -> str:
        """Scheme and host of the recorded server."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def __iter__(self) -> Iterator[RecordedExchange]:
        with open_recording(self.path, allow_truncated=self.truncated) as reader:
            yield from reader

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the exchanges as they are."""
        with open_recording(self.path, allow_truncated=self.truncated) as reader:
            yield from reader.lines()

    def digest(self) -> str:
        """Return a digest of the whole file."""
        return digest_of(self.path)


def digest_of(path: Path) -> str:
    """Return a digest of a file: ``sha256:`` and 16 hexadecimal digits."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"


def open_source(path: Path, folder: Path, redactor: Redactor, *, allow_truncated: bool) -> Source:
    """Open a recording, or import cassettes, HAR files or a folder of them.

    Args:
        path: A recording, a file to import, or a folder of such files.
        folder: Where an import is kept.
        redactor: For the import.
        allow_truncated: Use a recording whose end is missing.

    Raises:
        UserError: It cannot be opened; one of the named errors of recordings.
    """
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix in CASSETTE_SUFFIXES)
        if not files:
            raise UserError(
                f"{path} holds no cassette and no HAR file",
                "Give a recording, a cassette, a HAR file, or a folder of them.",
                code="recording-missing",
            )
        return _imported(files, path, folder, redactor)
    if path.suffix in CASSETTE_SUFFIXES:
        return _imported([path], path, folder, redactor)
    with open_recording(path, allow_truncated=allow_truncated) as reader:
        return _of(reader, path, str(path), None)


def _in_time(importer: Import) -> Iterator[RecordedExchange]:
    """Yield the exchanges of several files, those of the file that began first before others.

    Cassettes of one app build on each other: a row that one has made, the next one finds. Within
    a file its own order stays.
    """
    files: dict[str, list[RecordedExchange]] = {}
    for exchange in importer.exchanges():
        files.setdefault(exchange.origin.rpartition("#")[0], []).append(exchange)
    for _, exchanges in sorted(files.items(), key=lambda item: item[1][0].at):
        yield from exchanges


def _imported(files: list[Path], path: Path, folder: Path, redactor: Redactor) -> Source:
    importer = Import(files)
    out = folder / f"{path.stem}.jsonl"
    header = RecordingHeader(
        base_url=importer.report.base.url,
        created_at=utc_now(),
        source=f"import {path.name}",
        redacted=True,
        tool="parse-parity",
    )
    with RecordingWriter(out, header, redactor=redactor) as writer:
        for exchange in importer.exchanges() if len(files) == 1 else _in_time(importer):
            writer.write(exchange)
        writer.close(importer.report.counts)
    with open_recording(out) as reader:
        return _of(reader, out, str(path), importer.report)


def _of(reader: RecordingReader, path: Path, name: str, report: ImportReport | None) -> Source:
    total = None if reader.footer is None else reader.footer.exchanges
    return Source(path, name, reader.header.base_url, total, reader.truncated, report)
