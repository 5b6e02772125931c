"""Bodies on their way through: a bounded copy, and the decoded form for the recording."""

from __future__ import annotations

import zlib
from typing import Protocol

HELD_BYTES = 128 * 1024 * 1024
"""Bodies that are held while their exchanges are under way, all together."""


class UndecodableError(Exception):
    """A body is not what its Content-Encoding says, or nobody here knows that encoding."""


class TooLongError(Exception):
    """A decoded body is longer than the limit."""


class Budget:
    """What all copies together may hold, so that memory stays flat whatever comes in.

    Args:
        limit: Bytes.
    """

    def __init__(self, limit: int = HELD_BYTES) -> None:
        self._left = limit

    def take(self, size: int) -> bool:
        """Reserve bytes; return whether there were as many."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Return bytes that were taken."""
        self._left += size


class Copy:
    """Keeps what passes, up to a limit; beyond it, nothing.

    Args:
        limit: Bytes. 0 keeps nothing and is never exceeded: nobody wants the copy.
        budget: What all copies share.
    """

    def __init__(self, limit: int, budget: Budget) -> None:
        self._limit, self._budget = limit, budget
        self._chunks: list[bytes] = []
        self._held = 0
        self.truncated = False

    def feed(self, chunk: bytes) -> None:
        """Look at one chunk."""
        if self.truncated or not self._limit:
            return
        if self._held + len(chunk) > self._limit or not self._budget.take(len(chunk)):
            self.truncated = True
            self.release()
        else:
            self._chunks.append(chunk)
            self._held += len(chunk)

    def release(self) -> None:
        """Let go of the bytes."""
        self._budget.give_back(self._held)
        self._held = 0
        self._chunks.clear()

    @property
    def body(self) -> bytes:
        """The whole body; empty when it was longer than the limit."""
        if len(self._chunks) > 1:
            self._chunks = [b"".join(self._chunks)]
        return self._chunks[0] if self._chunks else b""


class _Decoder(Protocol):
    def __call__(self, data: bytes, limit: int, /) -> bytes: ...


def decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo the Content-Encoding of a body.

    Args:
        body: The body as it was sent.
        encoding: Value of the header, ``"gzip"`` or ``"deflate, br"``; empty for none.
        limit: Longest result in bytes, so that a small body cannot fill the memory.

    Returns:
        The decoded body.

    Raises:
        UndecodableError: The bytes are something else, or the encoding is unknown.
        TooLongError: The result is longer than ``limit``.
    """
    for name in reversed([each.strip().lower() for each in encoding.split(",")]):
        if name in {"", "identity"} or not body:
            continue
        decoder = _DECODERS.get(name)
        if decoder is None:
            raise UndecodableError(name)
        body = decoder(body, limit)
    return body


def _inflate(data: bytes, limit: int, window: int) -> bytes:
    decoder = zlib.decompressobj(window)
    try:
        body = decoder.decompress(data, limit + 1)
    except zlib.error as error:
        raise UndecodableError(str(error)) from error
    if len(body) > limit:
        raise TooLongError
    if not decoder.eof:
        raise UndecodableError("ends early")
    return body


def _gzip(data: bytes, limit: int) -> bytes:
    return _inflate(data, limit, 16 + zlib.MAX_WBITS)


def _deflate(data: bytes, limit: int) -> bytes:
    # RFC 9110 section 8.4.1.2: zlib's format; some servers send the raw stream instead.
    try:
        return _inflate(data, limit, zlib.MAX_WBITS)
    except UndecodableError:
        return _inflate(data, limit, -zlib.MAX_WBITS)


def _brotli(data: bytes, limit: int) -> bytes:
    import brotli  # noqa: PLC0415 - few servers send it

    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    left = limit + 1
    try:
        # What it gives is about as long as it was asked for, so it is asked again.
        while left > 0 and (part := decoder.process(data, output_buffer_limit=left)):
            parts.append(part)
            left -= len(part)
            data = b""
    except brotli.error as error:
        raise UndecodableError(str(error)) from error
    if left <= 0:
        raise TooLongError
    if not decoder.is_finished():
        raise UndecodableError("ends early")
    return b"".join(parts)


def _zstd(data: bytes, limit: int) -> bytes:
    import zstandard  # noqa: PLC0415 - the same

    decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
    try:
        # This stops at a limit and does not notice an early end; below it is the other way round.
        with decompressor.stream_reader(data) as reader:
            if len(reader.read(limit + 1)) > limit:
                raise TooLongError
        decoder = decompressor.decompressobj()
        body = decoder.decompress(data)
    except zstandard.ZstdError as error:
        raise UndecodableError(str(error)) from error
    if not decoder.eof:
        raise UndecodableError("ends early")
    return body


_DECODERS: dict[str, _Decoder] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
