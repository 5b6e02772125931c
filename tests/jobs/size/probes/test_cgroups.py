"""Limits of control groups, version 1 and 2, from trees of files as Linux writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parity.jobs.size.probes.cgroups import Limits, limits_of, throttling

PID = 42


class Machine:
    """A procfs and control groups in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.proc = root / "proc"
        (self.proc / str(PID)).mkdir(parents=True)
        (self.proc / "self").mkdir()
        self.mounts: list[str] = []
        self.groups: list[str] = []

    def mount(self, where: str, kind: str, options: str) -> None:
        self.mounts.append(f"30 20 0:1 / {self.root / where} rw - {kind} {kind} {options}")

    def file(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def limits(self) -> Limits:
        (self.proc / str(PID) / "cgroup").write_text("\n".join(self.groups) + "\n")
        (self.proc / "self" / "mountinfo").write_text("\n".join(self.mounts) + "\n")
        return limits_of(PID, self.proc)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_version_2_the_tightest_group_on_the_way_up_counts(machine: Machine) -> None:
    machine.mount("cg", "cgroup2", "rw")
    machine.groups = ["0::/pods/app"]
    machine.file("cg/pods/app/cpu.max", "150000 100000\n")
    machine.file("cg/pods/cpu.max", "25000 100000\n")
    machine.file("cg/pods/app/memory.max", "536870912\n")
    machine.file("cg/pods/memory.max", "max\n")
    machine.file("cg/pods/cpu.stat", "usage_usec 5\nnr_periods 100\nnr_throttled 40\n")
    found = machine.limits()
    assert (found.cores, found.memory_bytes) == (0.25, 1 << 29)
    assert found.throttled_by is not None
    counts = throttling(found.throttled_by)
    assert counts is not None
    assert (counts.periods, counts.throttled) == (100, 40)


def test_version_1_has_a_folder_for_each_controller(machine: Machine) -> None:
    machine.mount("cpu", "cgroup", "rw,cpu,cpuacct")
    machine.mount("memory", "cgroup", "rw,memory")
    machine.groups = ["4:memory:/app", "3:cpu,cpuacct:/app", "1:name=systemd:/"]
    machine.file("cpu/app/cpu.cfs_quota_us", "50000\n")
    machine.file("cpu/app/cpu.cfs_period_us", "100000\n")
    machine.file("cpu/cpu.cfs_quota_us", "-1\n")
    machine.file("cpu/cpu.cfs_period_us", "100000\n")
    machine.file("memory/app/memory.limit_in_bytes", "268435456\n")
    machine.file("memory/memory.limit_in_bytes", "9223372036854771712\n")
    found = machine.limits()
    assert (found.cores, found.memory_bytes) == (0.5, 1 << 28)


def test_no_limit_is_not_a_limit_of_zero_or_of_all(machine: Machine) -> None:
    machine.mount("cg", "cgroup2", "rw")
    machine.groups = ["0::/app"]
    machine.file("cg/app/cpu.max", "max 100000\n")
    machine.file("cg/app/memory.max", "max\n")
    assert machine.limits() == Limits()


def test_a_machine_without_control_groups_has_no_limits(tmp_path: Path) -> None:
    assert limits_of(PID, tmp_path) == Limits()
    assert throttling(tmp_path) is None


def test_this_process_can_be_read() -> None:
    found = limits_of(os.getpid())
    assert found.cores is None or found.cores > 0
    assert found.memory_bytes is None or found.memory_bytes > 0
