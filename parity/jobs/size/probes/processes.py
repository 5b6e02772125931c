"""The processes of the server and their machine, where they are visible: those beside us.

Source of the numbers: proc(5), ``/proc/stat``, ``/proc/<pid>/stat``, ``/proc/<pid>/schedstat``
(Linux kernel documentation, scheduler/sched-stats); psutil for what is portable.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from parity.jobs.size.probes.cgroups import Limits, limits_of, throttling

SERVER_NAMES = ("node", "nodejs", "bun", "parse-server", "MainThread")
"""Names of the program that runs a Parse Server (node calls its main thread ``MainThread``)."""


class Role(StrEnum):
    """Which part of the system a process is."""

    PARSE_SERVER = "Parse Server"
    MONGOD = "mongod"


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """The processes of one role at one moment; counts and times only grow.

    Attributes:
        processes: How many they are.
        cpu_s: CPU seconds of all threads.
        main_s: CPU seconds of the main threads: where JavaScript runs.
        main_wait_s: Seconds for which the main threads were ready to run and had no CPU.
        looks: How often their state was looked at.
        stopped: How often they were stopped by a signal (``cpulimit``, a debugger).
        periods: Periods of the CPU limit of their control group in which they ran.
        throttled: Periods of them in which they had used up their share.
        resident_bytes: Memory.
    """

    processes: int
    cpu_s: float
    main_s: float | None
    main_wait_s: float | None
    looks: int
    stopped: int
    periods: int
    throttled: int
    resident_bytes: int


@dataclass(frozen=True, slots=True)
class MachineSample:
    """Our machine at one moment; times only grow.

    Attributes:
        cores: Number of its cores.
        busy_s: Core seconds that were used.
        iowait_s: Core seconds that were idle while a disk was waited for.
        steal_s: Core seconds that another guest of the same host took.
        memory_free_bytes: Memory that can be had without swapping.
        disk_busy_s: Seconds for which the disk of the data was busy; ``None`` if not visible.
        disk_reads: Reads of it.
        disk_read_s: Seconds that they took together.
    """

    cores: int
    busy_s: float
    iowait_s: float
    steal_s: float
    memory_free_bytes: int
    disk_busy_s: float | None = None
    disk_reads: float | None = None
    disk_read_s: float | None = None


class Watched:
    """The processes of one role, which are looked at again and again.

    Args:
        role: Which part they are.
        pids: Their ids; at least one.
    """

    def __init__(self, role: Role, pids: tuple[int, ...]) -> None:
        self.role = role
        self.pids = pids
        self.limits: Limits = limits_of(pids[0])
        self.looks = 0
        self.stopped = 0
        self._processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        # Kept open, because they are read many times a second.
        self._stats: list[int] = []
        with contextlib.suppress(OSError):
            self._stats = [os.open(f"/proc/{pid}/stat", os.O_RDONLY) for pid in pids]

    def look(self) -> None:
        """See whether they are stopped: cheap, done many times a second."""
        for file in self._stats:
            with contextlib.suppress(OSError, IndexError):
                stat = os.pread(file, 512, 0)
                self.looks += 1
                # The name stands in brackets and may hold anything; the state follows it.
                self.stopped += stat.rpartition(b")")[2].split(None, 1)[0] == b"T"

    def close(self) -> None:
        """Close what is kept open; a second call does nothing."""
        while self._stats:
            os.close(self._stats.pop())

    def sample(self) -> ProcessSample | None:
        """Read the counters; ``None`` if none of them is left."""
        cpu = resident = 0.0
        alive = 0
        main: list[tuple[float, float]] = []
        for process in self._processes:
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    resident += process.memory_info().rss
            except psutil.Error:
                continue
            alive += 1
            cpu += times.user + times.system
            with contextlib.suppress(OSError, ValueError):
                ran, waited, _ = Path(f"/proc/{process.pid}/schedstat").read_text("ascii").split()
                main.append((int(ran) / 1e9, int(waited) / 1e9))
        if not alive:
            return None
        by = self.limits.throttled_by
        counts = throttling(by) if by is not None else None
        return ProcessSample(
            processes=alive,
            cpu_s=cpu,
            main_s=sum(ran for ran, _ in main) if len(main) == alive else None,
            main_wait_s=sum(waited for _, waited in main) if len(main) == alive else None,
            looks=self.looks,
            stopped=self.stopped,
            periods=counts.periods if counts else 0,
            throttled=counts.throttled if counts else 0,
            resident_bytes=int(resident),
        )


def is_here(host: str) -> bool:
    """Tell whether a host name is this machine."""
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    ours = {card.address for cards in psutil.net_if_addrs().values() for card in cards}
    return bool(addresses & (ours | {"127.0.0.1", "::1"}))


def parse_servers(url: str) -> tuple[Watched | None, str]:
    """Find the processes that listen on the port of a target's URL, and their children.

    Args:
        url: The URL.

    Returns:
        The processes, or ``None`` and the reason why they are not visible.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if not is_here(host):
        return None, f"{host} is another machine"
    pids = _listening(port)
    if not pids:
        return None, f"no process that we may see listens on port {port}"
    found = [psutil.Process(pid) for pid in pids]
    names = sorted({process.name() for process in found})
    if not set(names) <= set(SERVER_NAMES):
        return None, f"port {port} belongs to {', '.join(names)}, a proxy perhaps"
    for process in list(found):  # a cluster: the first process listens, its workers work
        with contextlib.suppress(psutil.Error):
            found += [one for one in process.children(recursive=True) if one.name() in SERVER_NAMES]
    return Watched(Role.PARSE_SERVER, tuple(dict.fromkeys(process.pid for process in found))), ""


def mongod(pid: int | None, addresses: frozenset[str]) -> tuple[Watched | None, str]:
    """Find the mongod on this machine.

    Args:
        pid: The id that it said; ids of a container are others than ours.
        addresses: Hosts that we are connected to.

    Returns:
        The process, or ``None`` and the reason why it is not visible.
    """
    if not all(map(is_here, addresses)):
        return None, f"{', '.join(sorted(addresses))} is another machine"
    if pid is None:
        return None, "serverStatus did not say which process it is"
    try:
        name = psutil.Process(pid).name()
    except psutil.Error:
        return None, f"process {pid} is not visible from here (a container?)"
    if not name.startswith("mongo"):
        return None, f"process {pid} is {name} here: mongod runs in a container"
    return Watched(Role.MONGOD, (pid,)), ""


def machine_sample(disk: str | None = None) -> MachineSample:
    """Read the counters of this machine.

    Args:
        disk: Name of the device with MongoDB's data: ``sda1``; ``None`` if not known.
    """
    times = psutil.cpu_times()
    iowait, steal = getattr(times, "iowait", 0.0), getattr(times, "steal", 0.0)
    # guest time is part of user time.
    busy = times.user + times.system + times.nice + getattr(times, "irq", 0.0)
    busy += getattr(times, "softirq", 0.0)
    counters: Any = psutil.disk_io_counters(perdisk=True).get(disk) if disk else None
    return MachineSample(
        cores=psutil.cpu_count() or 1,
        busy_s=busy,
        iowait_s=iowait,
        steal_s=steal,
        memory_free_bytes=psutil.virtual_memory().available,
        disk_busy_s=counters.busy_time / 1000 if hasattr(counters, "busy_time") else None,
        disk_reads=counters.read_count if counters else None,
        disk_read_s=counters.read_time / 1000 if counters else None,
    )


def disk_of(pid: int) -> str | None:
    """Return the device that a mongod's data is on: ``vda``; ``None`` if it is not visible."""
    try:
        paths = [file.path for file in psutil.Process(pid).open_files()]
    except psutil.Error:
        return None
    data = [Path(path) for path in paths if path.endswith("WiredTiger.wt")]
    if not data:
        return None
    mounts = [
        mount
        for mount in psutil.disk_partitions(all=True)
        if data[0].is_relative_to(mount.mountpoint)
    ]
    if not mounts:
        return None
    return Path(max(mounts, key=lambda mount: len(mount.mountpoint)).device).name or None


def _listening(port: int) -> list[int]:
    try:
        sockets = psutil.net_connections("tcp")
    except psutil.Error:
        return []
    return sorted(
        {
            connection.pid
            for connection in sockets
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr.port == port
            and connection.pid
        }
    )
