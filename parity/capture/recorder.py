"""Writes exchanges beside the traffic: one thread redacts and writes, the event loop goes on."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from parity.capture.accounting import AFTER_END, KEPT, LOST, Accounts
from parity.capture.exchanges import RecordedExchange
from parity.capture.recording import RecordingWriter
from parity.model import UserError

PENDING_BYTES = 64 * 1024 * 1024
"""Bodies that may wait to be written; beyond that everybody waits, so that memory stays flat."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What ends a recording by itself; ``None`` does not.

    Attributes:
        exchanges: Exchanges that are kept.
        size_bytes: Size of the file.
    """

    exchanges: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    exchange: RecordedExchange
    marks: tuple[str, ...]
    sync: bool
    written: asyncio.Future[None] | None


class Recorder:
    """Hands exchanges to a :class:`RecordingWriter` in a thread of its own.

    What waits is written and synchronised as a group: whoever asked for it is told when its
    exchange is on disk. A file that cannot be written stops the recording and never the traffic.

    Args:
        writer: The open recording.
        accounts: Where every exchange is counted when it has ended.
        bounds: When to stop by itself.
        fsync: Whether a write is on the disk, and not just with the operating system, before
            its response is passed on.
        on_end: Called in the event loop when a bound is reached.
        on_failure: Called in the event loop when something was lost, with a sentence for the user.

    Attributes:
        failure: Why nothing can be recorded any more; ``None`` while it can.
    """

    def __init__(
        self,
        writer: RecordingWriter,
        accounts: Accounts,
        *,
        bounds: Bounds,
        fsync: bool,
        on_end: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._writer, self._accounts = writer, accounts
        self._bounds, self._fsync = bounds, fsync
        self._on_end, self._on_failure = on_end, on_failure
        self._loop = asyncio.get_running_loop()
        # The writer's own file is behind a buffer; the system does not care which one is synced.
        self._descriptor = os.open(writer.path, os.O_RDONLY)
        self._changed = threading.Condition()
        self._waiting: deque[_Entry] = deque()
        self._pending_bytes = 0
        self._closing = False
        self._kept = 0
        self._ended = False
        self.failure: str | None = None
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def put(
        self, exchange: RecordedExchange, marks: tuple[str, ...], *, sync: bool
    ) -> asyncio.Future[None] | None:
        """Hand over an exchange; its id is given when it is written.

        Args:
            exchange: What to write.
            marks: Names of :data:`parity.capture.accounting.MARKS` that are true of it.
            sync: Whether the caller waits until it is on disk.

        Returns:
            What to wait for: it is done when the exchange is on disk, or lost and counted as lost.
            ``None`` if there is nothing to wait for.
        """
        with self._changed:
            self._pending_bytes += _size(exchange)
            full = self._pending_bytes > PENDING_BYTES
            future = self._loop.create_future() if sync or full else None
            self._waiting.append(_Entry(exchange, marks, sync, future))
            self._changed.notify()
        return future

    def end(self) -> None:
        """Keep nothing that is handed over from now on."""
        with self._changed:
            self._ended = True

    async def close(self) -> None:
        """Write what was handed over, and the footer with the counts.

        After a failure there is no footer: the file says itself that it is not whole.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # the counts of the last group are on their way to this loop
        if self.failure is None:
            try:
                self._writer.close(self._accounts.as_dict())
                os.fsync(self._descriptor)
            except (OSError, UserError) as error:
                self._fail(_reason(error))
        self._writer.abandon()
        os.close(self._descriptor)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                group = list(self._waiting)
                self._waiting.clear()
                self._pending_bytes = 0
            if not group:
                return
            ends = self._write(group)
            self._loop.call_soon_threadsafe(self._settle, group, ends)

    def _write(self, group: list[_Entry]) -> list[str]:
        ends = [self._write_one(each.exchange) for each in group]
        try:
            # Also for reads, so that `kill -9` loses nothing that was answered.
            if KEPT in ends:
                self._writer.flush()
            if self._fsync and any(each.sync for each in group):
                os.fsync(self._descriptor)
        except (OSError, UserError) as error:
            self._fail(_reason(error))
            return [LOST if end == KEPT else end for end in ends]
        return ends

    def _write_one(self, exchange: RecordedExchange) -> str:
        if self.failure is not None:
            return LOST
        if self._ended:
            return AFTER_END
        try:
            self._writer.write(replace(exchange, id=str(self._kept + 1)), sync=False)
        except (OSError, UserError) as error:
            self._fail(_reason(error))
            return LOST
        except Exception as error:  # noqa: BLE001 - the traffic goes on whatever is wrong with us
            # Never its message: that may quote what should have been redacted.
            self.tell(f"an exchange was lost: {type(error).__name__} in parse-parity")
            return LOST
        self._kept += 1
        if self._full():
            self._ended = True
            self._loop.call_soon_threadsafe(self._on_end)
        return KEPT

    def _full(self) -> bool:
        if self._bounds.exchanges is not None and self._kept >= self._bounds.exchanges:
            return True
        if self._bounds.size_bytes is None:
            return False
        return os.fstat(self._descriptor).st_size >= self._bounds.size_bytes

    def _settle(self, group: list[_Entry], ends: list[str]) -> None:
        for entry, end in zip(group, ends, strict=True):
            self._accounts.count(end)
            for mark in entry.marks if end == KEPT else ():
                self._accounts.count(mark)
            if entry.written is not None and not entry.written.done():
                entry.written.set_result(None)

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.tell(
            f"nothing is recorded any more: {reason}. Traffic is passed on; "
            "the recording has no footer and counts as truncated."
        )

    def tell(self, message: str) -> None:
        """Tell the user what went wrong; callable from any thread."""
        self._loop.call_soon_threadsafe(self._on_failure, message)


def _reason(error: Exception) -> str:
    if isinstance(error, UserError):
        return error.what
    return getattr(error, "strerror", None) or type(error).__name__


def _size(exchange: RecordedExchange) -> int:
    response = exchange.response
    return 1024 + len(exchange.request.body) + (len(response.body) if response else 0)
