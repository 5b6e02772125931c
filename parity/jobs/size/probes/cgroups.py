"""What the control groups of a process allow it: shares of a core, bytes of memory; v1 and v2.

Sources: Linux kernel documentation, admin-guide/cgroup-v2 (``cpu.max``, ``cpu.stat``,
``memory.max``), admin-guide/cgroup-v1/memory (``memory.limit_in_bytes``), scheduler/sched-bwc
(``cpu.cfs_quota_us``, ``cpu.cfs_period_us``, ``cpu.stat``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NO_LIMIT_BYTES = 1 << 60
"""cgroup v1 writes "no limit" as the largest multiple of a page; a real limit is far below."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The tightest limits on the way from a process's group to the root.

    Attributes:
        cores: Cores that it may use; ``None`` if nothing limits them.
        memory_bytes: The same of memory.
        throttled_by: Folder of the group with the CPU limit, whose ``cpu.stat`` is read.
    """

    cores: float | None = None
    memory_bytes: int | None = None
    throttled_by: Path | None = None


@dataclass(frozen=True, slots=True)
class Throttled:
    """What a CPU limit has done so far; both numbers only grow.

    Attributes:
        periods: Periods in which the group wanted to run.
        throttled: Periods of them in which it had used up its share.
    """

    periods: int
    throttled: int


def limits_of(pid: int, proc: Path = Path("/proc")) -> Limits:
    """Read what the control groups allow a process.

    Args:
        pid: The process.
        proc: Where procfs is; another place for tests.

    Returns:
        The limits; without any where there are no control groups or they cannot be read.
    """
    cores: float | None = None
    memory: int | None = None
    by: Path | None = None
    for kind, folder in _folders(pid, proc):
        if kind in ("cpu", ""):
            found = _cores(folder)
            if found is not None and (cores is None or found < cores):
                cores, by = found, folder
        if kind in ("memory", ""):
            limit = _memory(folder)
            if limit is not None and (memory is None or limit < memory):
                memory = limit
    return Limits(cores, memory, by)


def throttling(folder: Path) -> Throttled | None:
    """Read how often a group had used up its share of the CPU.

    Args:
        folder: ``Limits.throttled_by``.

    Returns:
        The counts; ``None`` if they cannot be read.
    """
    try:
        lines = (folder / "cpu.stat").read_text("ascii").splitlines()
        values = {name: int(value) for name, _, value in (line.partition(" ") for line in lines)}
        return Throttled(values["nr_periods"], values["nr_throttled"])
    except (OSError, ValueError, KeyError):
        return None


def _folders(pid: int, proc: Path) -> Iterator[tuple[str, Path]]:
    """Yield the groups of a process and the groups above them; kind ``""`` is version 2."""
    try:
        groups = (proc / str(pid) / "cgroup").read_text("utf-8").splitlines()
        mounts = _mounts(proc)
    except OSError:
        return
    for line in groups:
        _, controllers, path = line.split(":", 2)
        for kind in controllers.split(","):
            if kind not in mounts:
                continue
            top = mounts[kind]
            folder = top / path.lstrip("/")
            while folder != top.parent:
                yield kind, folder
                folder = folder.parent


def _mounts(proc: Path) -> dict[str, Path]:
    """Return where each controller is mounted; ``""`` is version 2."""
    found: dict[str, Path] = {}
    for line in (proc / "self" / "mountinfo").read_text("utf-8").splitlines():
        left, _, right = line.partition(" - ")
        fields = right.split(" ")
        where = Path(left.split(" ")[4])
        if fields[0] == "cgroup2":
            found.setdefault("", where)
        elif fields[0] == "cgroup":
            for kind in fields[-1].split(","):
                if kind in ("cpu", "memory"):
                    found.setdefault(kind, where)
    return found


def _cores(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text("ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text("ascii").strip()
            period = (folder / "cpu.cfs_period_us").read_text("ascii").strip()
        return int(quota) / int(period) if quota not in ("max", "-1") else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _memory(folder: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        try:
            limit = int((folder / name).read_text("ascii"))
        except (OSError, ValueError):  # "max"
            continue
        return limit if limit < NO_LIMIT_BYTES else None
    return None
