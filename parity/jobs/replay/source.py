"""Opens what is replayed: a recording, or files that are imported for the occasion."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from parity.capture.importing import Import, ImportReport, application_of
from parity.capture.recording import (
    RecordedExchange,
    RecordingHeader,
    RecordingReader,
    RecordingWriter,
    open_recording,
)
from parity.capture.recording_format import exchange_line, read_line
from parity.model import UserError
from parity.model.digest import digest_of_file
from parity.model.evidence import utc_now
from parity.wire import Redactor

RECORDING_SUFFIXES = (".jsonl", ".zst")
_APP_HEADER = re.compile(rb'\["[Xx]-[Pp]arse-[Aa]pplication-[Ii][Dd]","([^"]+)"\]')
_UNKNOWN_APP = b'"response":{"status":40'
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
        app: The one application id whose requests are used; empty for all. What names none,
            such as a download, belongs to each.
    """

    path: Path
    name: str
    base_url: str
    total: int | None
    truncated: bool
    imported: ImportReport | None = None
    app: str = ""

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
            for exchange in reader:
                if not self.app or application_of(exchange) in ("", self.app):
                    yield exchange

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the exchanges as they are."""
        if self.app:
            yield from map(exchange_line, self)
            return
        with open_recording(self.path, allow_truncated=self.truncated) as reader:
            yield from reader.lines()

    def of_app(self, number: int | None) -> Source:
        """Return the part of one application: recordings of two have nothing to do with each other.

        Args:
            number: Which one, from 1, those with most requests first; ``None`` for the only one.

        Raises:
            UserError: There are several, or fewer than that.
        """
        found = self._applications()
        if number is None and len(found) < 2:
            return self
        if number is None or not 1 <= number <= len(found):
            counts = ", ".join(f"{place}: {n:,}" for place, (_, n) in enumerate(found, 1))
            raise UserError(
                f"{self.name} holds requests of {len(found)} applications ({counts} requests)",
                "They are kept apart: replay one at a time, each on a server of its own, with "
                "--app and its number.",
                code="applications",
            )
        return replace(self, app=found[number - 1][0])

    def apart(self) -> list[Source]:
        """Return the part of each application, those with most requests first."""
        found = self._applications()
        return [self] if len(found) < 2 else [replace(self, app=app) for app, _ in found]

    def _applications(self) -> list[tuple[str, int]]:
        found = Counter(filter(None, map(_application_in, self.lines())))
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    def digest(self) -> str:
        """Return a digest of the whole file."""
        return digest_of_file(self.path)


def _application_in(line: bytes) -> str:
    """Return the application that the line of an exchange names, without reading more of it."""
    match = None if _UNKNOWN_APP in line else _APP_HEADER.search(line)
    if match is None and b"_ApplicationId" not in line:
        return ""
    if match is None or b"\\" in match[1]:
        exchange = read_line(line)
        return application_of(exchange) if isinstance(exchange, RecordedExchange) else ""
    return match[1].decode("utf-8", "replace")


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
        for exchange in importer.exchanges():
            writer.write(exchange)
        writer.close(importer.report.counts)
    with open_recording(out) as reader:
        return _of(reader, out, str(path), importer.report)


def _of(reader: RecordingReader, path: Path, name: str, report: ImportReport | None) -> Source:
    total = None if reader.footer is None else reader.footer.exchanges
    return Source(path, name, reader.header.base_url, total, reader.truncated, report)
