"""Recordings: exchanges in a file, as JSON Lines, streamed both ways at any size.

One header, one exchange a line, one footer with counts; ``.zst`` at the end of the name
compresses. A file without its footer says of itself that it is truncated.
"""

from __future__ import annotations

import io
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import zstandard

from parity.capture.exchanges import (
    TRUNCATED_BODY,
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingFooter,
    RecordingHeader,
)
from parity.capture.recording_format import (
    FORMAT,
    VERSION,
    BadLine,
    NewerLine,
    exchange_line,
    footer_line,
    header_line,
    read_header,
    read_line,
)
from parity.capture.recording_redaction import ExchangeRedactor
from parity.model import UserError
from parity.model.evidence import utc_now
from parity.wire import Redactor

__all__ = [
    "FORMAT",
    "VERSION",
    "BadRecording",
    "Headers",
    "MissingRecording",
    "NewerRecording",
    "RecordedExchange",
    "RecordedRequest",
    "RecordedResponse",
    "RecordingError",
    "RecordingFooter",
    "RecordingHeader",
    "RecordingReader",
    "RecordingWriter",
    "TruncatedRecording",
    "UnwritableRecording",
    "open_recording",
]

LONGEST_LINE: Final = 256 * 1024 * 1024
"""Bytes of a line, so that a file that is no recording cannot fill the memory."""

_BLOCK = 1024 * 1024
_NUMBERED = re.compile(r"(?:.*#)?(?:0|[1-9]\d{0,14})", re.ASCII | re.DOTALL)


class RecordingError(UserError):
    """A recording that cannot be used; the base of the named errors below."""


class MissingRecording(RecordingError):
    """There is no such file, or it cannot be opened."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"cannot read {path}: {reason}",
            "Give the path of a recording; `parity import` and `parity capture` make one.",
            code="recording-missing",
        )


class TruncatedRecording(RecordingError):
    """The file ends before its footer.

    Args:
        path: The file.
        whole: How many exchanges of it are whole.
    """

    def __init__(self, path: Path, whole: int) -> None:
        self.whole = whole
        super().__init__(
            f"{path} is truncated: it has no footer; {whole} exchanges are whole",
            "Its writer was killed or is still running. "
            "Use --allow-truncated to work with the exchanges that are whole.",
            code="recording-truncated",
        )


class NewerRecording(RecordingError):
    """The file was written by a later version of parse-parity."""

    def __init__(self, path: Path, version: object) -> None:
        super().__init__(
            f"{path} has version {version} of the recording format; this is too new",
            "Upgrade: pip install --upgrade parse-parity.",
            code="recording-newer",
        )


class BadRecording(RecordingError):
    """A line is not what the format says.

    Args:
        path: The file.
        line: Number of the line, from 1; ``None`` if the file as a whole is wrong.
        reason: What is wrong.
    """

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        self.line = line
        where = f"{path}, line {line}" if line else f"{path}"
        super().__init__(
            f"{where}: {reason}",
            "The file was changed after it was written, or is no recording. "
            "HAR, cassettes and logs become one with `parity import`.",
            code="recording-bad",
        )


class UnwritableRecording(RecordingError):
    """The file cannot be written: it exists, the folder is read-only, the disk is full."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write {path}: {error.strerror or error}",
            "Choose another file name, or make room on the disk.",
            code="recording-unwritable",
        )


class RecordingWriter:
    """Writes one recording, an exchange a line.

    A context manager: leaving it normally writes the footer if :meth:`close` was not called;
    leaving it with an exception writes none, so that the file counts as truncated.

    Args:
        path: The file; its folder is made; only its owner may read it. A name that ends in
            ``.zst`` is compressed.
        header: The first line; its ``redacted`` is set to what is done here.
        redactor: Redacts everything that is written; ``None`` writes secrets as they are.
        overwrite: Replace an existing file instead of refusing to.
        durable: Wait for the disk, not just the operating system, in a write with ``sync``.

    Raises:
        UnwritableRecording: The file exists or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        header: RecordingHeader,
        *,
        redactor: Redactor | None,
        overwrite: bool = False,
        durable: bool = False,
    ) -> None:
        self.path = path
        self.exchanges = 0
        self._redact = ExchangeRedactor(redactor) if redactor else None
        self._durable = durable
        self._ids = SeenIds()
        self._noted = {"no_response": 0, "truncated": 0}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] | None = open(  # noqa: SIM115 - Path has no opener
                path, "wb" if overwrite else "xb", buffering=_BLOCK, opener=_private
            )
        except OSError as error:
            raise UnwritableRecording(path, error) from None
        self._out = _compressing(self._file) if path.suffix == ".zst" else None
        self.header = self._redact.header(header) if self._redact else header
        self._line(header_line(self.header), sync=True)

    def write(self, exchange: RecordedExchange, *, sync: bool = False) -> None:
        """Redact one exchange and append it.

        Args:
            exchange: What to write; its id must be new in this recording.
            sync: Return only when the operating system has it, so that `kill -9` cannot
                lose it.

        Raises:
            ValueError: The id was written before, or a time is not finite.
            UnwritableRecording: The disk refuses it.
        """
        if self._redact:
            exchange = self._redact.exchange(exchange)
        line = exchange_line(exchange)
        if not self._ids.add(exchange.id):
            raise ValueError(f"exchange id {exchange.id!r} is in the recording already")
        self._line(line, sync=sync)
        self.exchanges += 1
        self._noted["no_response"] += exchange.response is None
        self._noted["truncated"] += TRUNCATED_BODY in exchange.notes

    def close(self, counts: Mapping[str, int] | None = None) -> None:
        """Write the footer and close the file; a second call does nothing.

        Args:
            counts: What became of all that was seen; ``kept``, ``no_response`` and
                ``truncated`` are known here and need not be in it.

        Raises:
            UnwritableRecording: The disk refuses it.
        """
        if self._file is None:
            return
        known = {"kept": self.exchanges, **self._noted}
        footer = RecordingFooter(self.exchanges, known | dict(counts or {}), utc_now())
        try:
            self._line(footer_line(footer), sync=False)
            if self._out is not None:
                self._out.flush(zstandard.FLUSH_FRAME)
            self.flush()
        except OSError as error:
            raise UnwritableRecording(self.path, error) from None
        finally:
            self.abandon()

    def flush(self) -> None:
        """Hand everything to the operating system; with ``durable``, wait for the disk.

        Raises:
            UnwritableRecording: The disk refuses it.
        """
        if self._file is None:
            return
        try:
            if self._out is not None:
                self._out.flush(zstandard.FLUSH_BLOCK)
            self._file.flush()
            if self._durable:
                os.fsync(self._file.fileno())
        except OSError as error:
            self.abandon()
            raise UnwritableRecording(self.path, error) from None

    def abandon(self) -> None:
        """Close the file without a footer; what was written so far stays in it."""
        if self._file is not None:
            with suppress(OSError):
                if self._out is not None:
                    self._out.flush(zstandard.FLUSH_BLOCK)
                self._file.flush()
            with suppress(OSError):
                self._file.close()
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def _line(self, line: bytes, *, sync: bool) -> None:
        if self._file is None:
            raise ValueError(f"{self.path} is closed")
        try:
            (self._out or self._file).write(line)
        except OSError as error:
            self.abandon()  # Half a line may be there; nothing may follow it.
            raise UnwritableRecording(self.path, error) from None
        if sync:
            self.flush()


class RecordingReader:
    """Reads one recording; iterate over it for its exchanges, as often as you like.

    Attributes:
        path: The file.
        header: Its first line.
        footer: Its last line; ``None`` if it is truncated.
        truncated: Whether the footer is missing, which is an error unless it was allowed.

    Args:
        path: The file.
        allow_truncated: Give the exchanges that are whole if the footer is missing.

    Raises:
        RecordingError: One of the named errors.
    """

    def __init__(self, path: Path, *, allow_truncated: bool = False) -> None:
        self.path = path
        self._open: list[IO[bytes]] = []
        last, whole = _last_line(path)
        with _reading(path) as file:
            self.header = self._header(file.readline(LONGEST_LINE))
        self.footer = _footer_of(last)
        self.truncated = self.footer is None
        if self.truncated and not allow_truncated:
            count = sum(1 for _ in self) if whole is None else max(whole - 1, 0)
            raise TruncatedRecording(path, count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what an iteration that was not finished has left open."""
        while self._open:
            self._open.pop().close()

    def __iter__(self) -> Iterator[RecordedExchange]:
        """Give the exchanges in the order of the file.

        Raises:
            BadRecording: A line is not what the format says, an id occurs twice, or the footer
                counts other than what is there.
        """
        file = _reading(self.path)
        self._open.append(file)
        try:
            yield from self._exchanges(file)
        except zstandard.ZstdError as error:
            raise BadRecording(self.path, None, f"it cannot be decompressed: {error}") from None
        finally:
            file.close()
            if file in self._open:
                self._open.remove(file)

    def lines(self) -> Iterator[bytes]:
        """Give the lines of the exchanges as they are, unchecked: for a quick look through."""
        with _reading(self.path) as file:
            file.readline(LONGEST_LINE)
            while line := file.readline(LONGEST_LINE):
                if line.startswith(b'{"kind":"exchange"'):
                    yield line

    def _exchanges(self, file: IO[bytes]) -> Iterator[RecordedExchange]:
        new_id = SeenIds().add
        number = 1
        file.readline(LONGEST_LINE)
        while line := file.readline(LONGEST_LINE):
            number += 1
            if self.truncated and not line.endswith(b"\n"):
                return
            value = self._read(line, number)
            if isinstance(value, RecordingFooter):
                self._end(value, number, file)
                return
            if not new_id(value.id):
                raise BadRecording(self.path, number, f"the id {value.id!r:.80} occurs twice")
            yield value

    def _read(self, line: bytes, number: int) -> RecordedExchange | RecordingFooter:
        try:
            return read_line(line)
        except BadLine as error:
            reason = "the line is too long" if len(line) >= LONGEST_LINE else str(error)
            raise BadRecording(self.path, number, reason) from None

    def _end(self, footer: RecordingFooter, number: int, file: IO[bytes]) -> None:
        if footer.exchanges != number - 2:
            reason = f"the footer counts {footer.exchanges} exchanges, there are {number - 2}"
            raise BadRecording(self.path, number, reason)
        if file.readline(1):
            raise BadRecording(self.path, number + 1, "there is more after the footer")

    def _header(self, line: bytes) -> RecordingHeader:
        if not line.endswith(b"\n") and len(line) < LONGEST_LINE and line.startswith(b'{"kind"'):
            raise TruncatedRecording(self.path, 0)
        if not line:
            raise BadRecording(self.path, None, "the file is empty")
        try:
            return read_header(line)
        except NewerLine as version:
            raise NewerRecording(self.path, version) from None
        except BadLine as error:
            raise BadRecording(self.path, 1, str(error)) from None


def open_recording(path: Path, *, allow_truncated: bool = False) -> RecordingReader:
    """Open a recording; see :class:`RecordingReader`, a context manager.

    Raises:
        MissingRecording: There is no such file.
        TruncatedRecording: It has no footer; unless ``allow_truncated``.
        NewerRecording: A later version wrote it.
        BadRecording: It is something else.
    """
    return RecordingReader(path, allow_truncated=allow_truncated)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _compressing(file: IO[bytes]) -> zstandard.ZstdCompressionWriter:
    return zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False)


def _reading(path: Path) -> IO[bytes]:
    try:
        if not path.is_file():
            reason = "it is a folder" if path.is_dir() else "there is no such file"
            raise MissingRecording(path, reason)
        file: Any = path.open("rb", buffering=_BLOCK)
    except OSError as error:
        raise MissingRecording(path, error.strerror or str(error)) from None
    if path.suffix != ".zst":
        return file  # type: ignore[no-any-return]
    stream: Any = zstandard.ZstdDecompressor().stream_reader(
        file, read_across_frames=True, closefd=True
    )
    return io.BufferedReader(stream, _BLOCK)


def _last_line(path: Path) -> tuple[bytes, int | None]:
    """Return the last line, and the number of whole lines if they had to be counted.

    The end of a plain file is looked at directly; a compressed one is read through.
    """
    with _reading(path) as file:
        if path.suffix != ".zst":
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _BLOCK))
            tail = file.read()
            return tail[tail.rstrip(b"\n").rfind(b"\n") + 1 :], None
        tail, lines = b"", 0
        try:
            while block := file.read(_BLOCK):
                lines += block.count(b"\n")
                tail = (tail + block)[-_BLOCK:]
        except zstandard.ZstdError as error:
            raise BadRecording(path, None, f"it cannot be decompressed: {error}") from None
        return tail[tail.rstrip(b"\n").rfind(b"\n") + 1 :], lines


def _footer_of(line: bytes) -> RecordingFooter | None:
    try:
        value = read_line(line)
    except BadLine:
        return None
    return value if isinstance(value, RecordingFooter) else None


class SeenIds:
    """The ids of one recording.

    ``17`` and ``app.har#17`` count up per prefix, so runs of numbers are kept instead of the
    ids: 1,000,000 consecutive ids take a few hundred bytes. Other ids are kept one by one.
    """

    def __init__(self) -> None:
        self._runs: dict[str, tuple[array[int], array[int]]] = {}
        self._others: set[str] = set()

    def add(self, identifier: str) -> bool:
        """Remember an id; return whether it is new."""
        if not _NUMBERED.fullmatch(identifier):
            return self._other(identifier)
        prefix, mark, digits = identifier.rpartition("#")
        number = int(digits)
        runs = self._runs.get(prefix + mark)
        if runs is None:
            self._runs[prefix + mark] = (array("q", (number,)), array("q", (number,)))
            return True
        starts, ends = runs
        if number == ends[-1] + 1:
            ends[-1] = number
            return True
        if number > ends[-1]:
            starts.append(number)
            ends.append(number)
            return True
        run = bisect_right(starts, number) - 1
        return False if run >= 0 and number <= ends[run] else self._other(identifier)

    def _other(self, identifier: str) -> bool:
        if identifier in self._others:
            return False
        self._others.add(identifier)
        return True
