"""The process that reads one side, so that the two sides are read and hashed at the same time."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from parity.jobs.verify.walk import Progress, Task
from parity.model import UserError
from parity.model.errors import HarnessError, TargetDown
from parity.targets.mongo import Access, Reader

REPORT_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Read:
    """What a worker says while it reads.

    Attributes:
        documents: Documents read since it last said so.
        size: Their bytes.
    """

    documents: int
    size: int


@dataclass(frozen=True, slots=True)
class Failed:
    """What a worker says when it cannot do a task.

    Attributes:
        message: Why, with the name of the side.
        remedy: What the user can do, if it is the user's.
        kind: ``user``, ``down`` or ``task``: after ``task`` the worker is good for another one.
    """

    message: str
    remedy: str
    kind: str

    def error(self) -> Exception:
        """Return the exception that says it."""
        if self.kind == "user":
            return UserError(self.message, self.remedy, code="mongo-refused")
        if self.kind == "down":
            return TargetDown(self.message)
        return HarnessError(self.message)


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker says at the end of a task.

    Attributes:
        value: What the task asked for.
    """

    value: Any


def serve(connection: Connection, access: Access) -> None:
    """Do tasks until the other end of the connection is closed.

    The process ends with its owner, however that ended: the connection is then closed.

    Args:
        connection: Tasks come in; ``Read``, then ``Done`` or ``Failed`` go out.
        access: What to read.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides what Ctrl-C means
    opened: list[Reader] = []

    def reader() -> Reader:
        if not opened:
            opened.append(Reader(access))
        return opened[0]

    try:
        while True:
            task: Task = connection.recv()
            connection.send(attempt(access.name, reader, task, _Reporter(connection)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        for each in opened:
            each.close()


def attempt(
    name: str, reader: Callable[[], Reader], task: Task, progress: Progress
) -> Done | Failed:
    """Do a task, and return what became of it.

    Args:
        name: What the user calls the side.
        reader: Opens the connection, or returns the open one.
        task: What to do.
        progress: Is told how far it is.
    """
    try:
        return Done(task.run(reader(), progress))
    except UserError as error:
        return Failed(error.what, error.remedy, "user")
    except TargetDown as error:
        return Failed(str(error), "", "down")
    except HarnessError as error:
        return Failed(str(error), "", "task")
    except (ValueError, MemoryError) as error:
        return Failed(f"{name}: {type(error).__name__}: {error}", "", "task")


class _Reporter:
    """Sends what was read, a few times a second."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._documents = self._size = 0
        self._due = time.monotonic() + REPORT_EVERY_S

    def __call__(self, documents: int, size: int) -> None:
        self._documents += documents
        self._size += size
        if time.monotonic() >= self._due:
            self._connection.send(Read(self._documents, self._size))
            self._documents = self._size = 0
            self._due = time.monotonic() + REPORT_EVERY_S
