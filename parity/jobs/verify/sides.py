"""Both sides of a verification, and how they are asked to read at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, Protocol

from parity.jobs.verify.walk import Task
from parity.jobs.verify.worker import Done, Failed, Read, attempt, serve
from parity.model.errors import HarnessError, TargetDown
from parity.targets.mongo import Access, Reader

GOODBYE_S: Final = 2.0
_SPAWN: Final = get_context("spawn")

OnRead = Callable[[int, int, int], None]
"""Called with a side (0 source, 1 destination) and the documents and bytes it just read."""


class Sides(Protocol):
    """Two databases that can be asked to read."""

    def run(
        self, source: Task | None, destination: Task | None, on_read: OnRead | None = None
    ) -> tuple[Any, Any]:
        """Run a task on each side at the same time.

        Args:
            source: The source's task; ``None`` leaves it alone.
            destination: The destination's.
            on_read: Is told how far they are.

        Returns:
            What the tasks return; ``None`` for none.

        Raises:
            UserError: A server refuses the user.
            TargetDown: A worker or a connection is lost; the sides are of no more use.
            HarnessError: The task failed; the sides can do another one.
        """
        ...

    def close(self) -> None:
        """Let go of processes and connections; a second call does nothing."""
        ...


class InlineSides:
    """Both sides read by this process, one after the other.

    For databases so small that starting processes takes longer than reading.

    Args:
        source: How the source is read.
        destination: How the destination is read.
    """

    def __init__(self, source: Access, destination: Access) -> None:
        self._accesses = (source, destination)
        self._readers: dict[int, Reader] = {}

    def run(
        self, source: Task | None, destination: Task | None, on_read: OnRead | None = None
    ) -> tuple[Any, Any]:
        """Run a task on each side; see :class:`Sides`."""
        results = [None, None]
        for side, task in enumerate((source, destination)):
            if task is None:
                continue
            answer = attempt(
                self._accesses[side].name,
                partial(self._reader, side),
                task,
                partial(on_read or _nobody, side),
            )
            if isinstance(answer, Failed):
                raise answer.error()
            results[side] = answer.value
        return results[0], results[1]

    def close(self) -> None:
        """Close both connections."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _reader(self, side: int) -> Reader:
        if side not in self._readers:
            self._readers[side] = Reader(self._accesses[side])
        return self._readers[side]


class LocalSides:
    """One process on this machine for each side.

    Args:
        source: How the source is read.
        destination: How the destination is read.
    """

    def __init__(self, source: Access, destination: Access) -> None:
        self._workers: list[_Worker] = []
        try:
            for access in (source, destination):
                self._workers.append(_Worker(access))
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers, source first."""
        return tuple(worker.process.pid or 0 for worker in self._workers)

    def run(
        self, source: Task | None, destination: Task | None, on_read: OnRead | None = None
    ) -> tuple[Any, Any]:
        """Run a task on each side at the same time; see :class:`Sides`."""
        asked = {
            side: worker
            for side, (worker, task) in enumerate(
                zip(self._workers, (source, destination), strict=True)
            )
            if task is not None and worker.ask(task)
        }
        results: list[Any] = [None, None]
        failed: Failed | None = None
        while asked:
            ready = wait([worker.connection for worker in asked.values()])
            for side in [side for side, worker in asked.items() if worker.connection in ready]:
                answer = asked[side].answer()
                if isinstance(answer, Read):
                    if on_read is not None:
                        on_read(side, answer.documents, answer.size)
                    continue
                del asked[side]
                if isinstance(answer, Done):
                    results[side] = answer.value
                elif answer.kind != "task":
                    raise answer.error()
                else:  # let the other side finish, so that both can do the next task
                    failed = failed or answer
        if failed is not None:
            raise failed.error()
        return results[0], results[1]

    def close(self) -> None:
        """End both processes."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(GOODBYE_S)
            if worker.process.is_alive():  # in the middle of a task
                worker.process.kill()
                worker.process.join(GOODBYE_S)
        self._workers.clear()


class _Worker:
    """One process and the connection to it."""

    def __init__(self, access: Access) -> None:
        self.name = access.name
        self.connection, theirs = _SPAWN.Pipe()
        self.process: BaseProcess = _SPAWN.Process(
            target=serve, args=(theirs, access), name=f"verify-{access.name}", daemon=True
        )
        self.process.start()
        theirs.close()

    def ask(self, task: Task) -> bool:
        """Send a task; the worker's end is noticed when it should answer."""
        with contextlib.suppress(OSError):
            self.connection.send(task)
        return True

    def answer(self) -> Read | Done | Failed:
        """Return what the worker says.

        Raises:
            TargetDown: Its process has ended.
            HarnessError: It says something that it should not.
        """
        try:
            said = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(GOODBYE_S)
            raise TargetDown(
                f"{self.name}: the process that read it has ended "
                f"(exit code {self.process.exitcode}); nothing was concluded from what it read"
            ) from None
        if not isinstance(said, Read | Done | Failed):
            raise HarnessError(f"{self.name}: the worker says {type(said).__name__}")
        return said


def _nobody(_side: int, _documents: int, _size: int) -> None:
    """Tell nobody how far it is."""
