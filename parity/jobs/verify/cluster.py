"""Reading by the workers of a dask cluster, for databases that stand beside several machines.

One task for each side and collection; only a huge collection is divided, by ranges of ``_id``,
because reading through the index costs the server five times what natural order does.
Start a worker beside each database and name the side that it is for::

    dask worker tcp://scheduler:8786 --nthreads 1 --resources "hosted=1"
    dask worker tcp://scheduler:8786 --nthreads 1 --resources "selfhosted=1"

A side that no worker names is read by any worker. The URI of the database travels to the workers:
use TLS for the cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from threading import Lock
from typing import Any, Final, cast

from parity.jobs.verify.buckets import Sums
from parity.jobs.verify.sides import OnRead, Sides
from parity.jobs.verify.walk import Task, Walk
from parity.jobs.verify.worker import Done, Failed, attempt
from parity.model import UserError
from parity.model.errors import TargetDown
from parity.targets.mongo import Access, Reader

HUGE: Final = 8192
"""A collection with more buckets than this (eight million documents) is divided."""

PATIENCE_S: Final = 10.0
_readers: dict[Access, Reader] = {}
_lock: Final = Lock()


def cluster_sides(address: str) -> Callable[[Access, Access], Sides]:
    """Return what opens both sides on a cluster.

    Args:
        address: Of the dask scheduler: ``tcp://host:8786``.
    """
    return lambda source, destination: ClusterSides(source, destination, address)


class ClusterSides:
    """Both sides, read by the workers of a dask cluster.

    Args:
        source: How the source is read.
        destination: How the destination is read.
        address: Of the scheduler.
        huge: Buckets above which a collection is divided.

    Raises:
        UserError: dask is not installed, or there is no scheduler or no worker.
    """

    def __init__(self, source: Access, destination: Access, address: str, huge: int = HUGE) -> None:
        try:
            from distributed import Client  # noqa: PLC0415 - an extra
        except ImportError:
            raise UserError(
                "--scheduler needs dask.distributed, which is not installed",
                "pip install 'parse-parity[cluster]'",
                code="no-dask",
            ) from None
        self._accesses = (source, destination)
        self._huge = huge
        try:
            self._client: Any = cast("Any", Client)(
                address, timeout=PATIENCE_S, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise UserError(
                f"no dask scheduler answers at {address}: {error}",
                "Start one with `dask scheduler`, and a worker beside each database.",
                code="no-scheduler",
            ) from None
        self._workers = self._client.scheduler_info(n_workers=-1)["workers"]
        if not self._workers:
            self.close()
            raise UserError(
                f"the dask scheduler at {address} has no worker",
                "Start one beside each database: dask worker, see docs/verify.md.",
                code="no-workers",
            )

    def run(
        self, source: Task | None, destination: Task | None, on_read: OnRead | None = None
    ) -> tuple[Any, Any]:
        """Run a task on each side at the same time; see :class:`Sides`."""
        submitted = [
            [self._submit(access, part) for part in self._divide(task)] if task else []
            for access, task in zip(self._accesses, (source, destination), strict=True)
        ]
        results = [self._gather(side, futures, on_read) for side, futures in enumerate(submitted)]
        return results[0], results[1]

    def close(self) -> None:
        """Leave the cluster; its workers go on."""
        self._client.close()

    def _divide(self, task: Task) -> list[Task]:
        if not isinstance(task, Walk) or task.buckets.first_other <= self._huge:
            return [task]
        ranges = task.buckets.first_other
        parts = max(1, min(len(self._workers), ranges // self._huge + 1))
        edges = [*(ranges * each // parts for each in range(parts + 1)), len(task.buckets)]
        return [replace(task, only=tuple(range(*each))) for each in pairwise(edges)]

    def _submit(self, access: Access, task: Task) -> Any:
        named = any(access.name in worker.get("resources", {}) for worker in self._workers.values())
        resources = {access.name: 1} if named else None
        return self._client.submit(run_task, access, task, pure=False, resources=resources)

    def _gather(self, side: int, futures: list[Any], on_read: OnRead | None) -> Any:
        whole: Any = None
        for future in futures:
            value = self._value(side, future)
            if isinstance(value, Sums):
                if on_read is not None:
                    on_read(side, value.documents, value.size)
                if whole is not None:
                    whole.add(value)
                    continue
            whole = value
        return whole

    def _value(self, side: int, future: Any) -> Any:
        name = self._accesses[side].name
        try:
            answer = future.result()
        except Exception as error:  # noqa: BLE001 - dask has an exception for each way to lose
            raise TargetDown(
                f"{name}: the cluster could not read it ({type(error).__name__}); nothing was "
                "concluded from what it read"
            ) from None
        if isinstance(answer, Failed):
            raise answer.error()
        assert isinstance(answer, Done)
        return answer.value


def run_task(access: Access, task: Task) -> Done | Failed:
    """Do one task; runs in a worker of the cluster.

    Args:
        access: What to read.
        task: What is asked for.
    """

    def opened() -> Reader:
        with _lock:
            if access not in _readers:
                _readers[access] = Reader(access)
            return _readers[access]

    return attempt(access.name, opened, task, lambda _documents, _size: None)
