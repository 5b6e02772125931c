"""Tries faults: which checks could notice, and which of those do.

First a control run against the right server, in which the proxy notes for each fault the checks
whose exchanges it would change. A check that the fault cannot touch cannot notice it, so only the
others are run against the wrong server.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parity.model import Outcome
from parity.model.evidence import CheckEvent
from tests.faults.bench import RIGHT, Bench, SuiteRun, open_bench
from tests.faults.model import Fault

Progress = Callable[[str], None]
OFTEN_ENOUGH = 4
"""Checks after which most faults have been noticed, the most telling ones first."""
RENEW_AFTER = 1200
"""Checks that one server serves before another takes its place: each leaves classes behind, and
Parse Server reads all of them again whenever a class is new."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one check.

    Attributes:
        check: Its id.
        area: Its area.
        outcome: One of the five.
        expectation: Whether an expectation failed; otherwise it was something that the check
            needed first.
        reason: Why, in one sentence.
    """

    check: str
    area: str
    outcome: str
    expectation: bool
    reason: str

    @classmethod
    def of(cls, event: CheckEvent) -> Seen:
        """Take what matters of the evidence."""
        by_expectation = any(difference.known is None for difference in event.differences)
        # What a registered difference expects is an expectation as well.
        by_expectation = by_expectation or "is no longer observed" in event.reason
        return cls(event.id, event.area, str(event.outcome), by_expectation, event.reason)


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the checks under one fault.

    Attributes:
        fault: Its name.
        exit_status: pytest's.
        seen: The checks that ran.
        output: What pytest printed, for messages.
    """

    fault: str
    exit_status: int
    seen: tuple[Seen, ...]
    output: str = ""

    def failed(self, area: str | None = None) -> list[Seen]:
        """Return the checks that failed, of one area or of all."""
        return [
            each for each in self.seen if each.outcome == Outcome.FAIL and area in (None, each.area)
        ]


@dataclass(slots=True)
class Control:
    """What the right server showed.

    Attributes:
        trial: The checks; none should fail.
        touched: For each fault, the ids of the checks that it could touch, in their order.
        exchanges: Number of requests of each check.
    """

    trial: Trial
    touched: dict[str, list[str]] = field(default_factory=dict)
    exchanges: dict[str, int] = field(default_factory=dict)


Job = Callable[[Bench], int]
"""Some work with a bench; returns how many checks it ran."""


def work_off(jobs: Sequence[Job], folder: Path, workers: int) -> None:
    """Do all jobs, each in some worker's bench; raises what a job raises."""
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for part in range(len(jobs)):
                if waiting.empty() or problems:
                    return
                with open_bench(folder / f"{time.time_ns()}-{number}-{part}") as bench:
                    _until_worn(bench, waiting)
        except BaseException as problem:  # noqa: BLE001 - raised again by the caller
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(min(workers, len(jobs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def _until_worn(bench: Bench, waiting: queue.SimpleQueue[Job]) -> None:
    done = 0
    while done < RENEW_AFTER:
        try:
            job = waiting.get_nowait()
        except queue.Empty:
            return
        done += job(bench)


def control_jobs(
    areas: Sequence[str], faults: Sequence[Fault], into: dict[str, Control], progress: Progress
) -> list[Job]:
    """Return a job for each area that runs its checks against the right server.

    Args:
        areas: Names of folders of ``suites/``.
        faults: Faults to watch.
        into: Gets the result of each area.
        progress: Told of each.
    """

    def job(area: str) -> Job:
        def run(bench: Bench) -> int:
            done = bench.control([f"suites/{area}"], faults)
            into[area] = _control(done, faults)
            progress(f"control {area}: {len(into[area].trial.seen)} checks")
            return len(into[area].trial.seen)

        return run

    return [job(area) for area in areas]


def hinted_job(checks: Sequence[str], into: dict[str, Control], progress: Progress) -> Job:
    """Return a job that runs some checks, of any areas, against the right server.

    Args:
        checks: Their ids.
        into: Gets the result of each area.
        progress: Told of it.
    """

    def run(bench: Bench) -> int:
        done = bench.control(sorted({c.partition("::")[0] for c in checks}), checks=checks)
        seen = [Seen.of(event) for event in done.checks.get(RIGHT, [])]
        for area in {one.area for one in seen}:
            mine = tuple(one for one in seen if one.area == area)
            into[area] = Control(Trial(RIGHT, done.exit_status, mine, done.output))
        progress(f"control: {len(seen)} checks")
        return len(seen)

    return run


def _control(done: SuiteRun, faults: Sequence[Fault]) -> Control:
    seen = tuple(Seen.of(each) for each in done.checks.get(RIGHT, []))
    good = [e.check for e in seen if e.outcome in (Outcome.PASS, Outcome.KNOWN_DIFFERENCE)]
    touched = {
        fault.name: [check for check in good if check in done.sightings.touched[fault.name]]
        for fault in faults
    }
    return Control(
        Trial(RIGHT, done.exit_status, seen, done.output), touched, dict(done.sightings.requests)
    )


def fault_jobs(
    faults: Sequence[Fault],
    plan: Mapping[str, Sequence[str]],
    exchanges: Mapping[str, int],
    chunk: int,
    into: dict[str, Trial],
    progress: Progress,
    *,
    until_noticed: bool = False,
) -> list[Job]:
    """Return jobs that run the planned checks against each wrong server.

    Args:
        faults: Faults to try.
        plan: Check ids for each.
        exchanges: Number of requests of each check, from the control.
        chunk: About how many checks one pytest process runs.
        into: Gets the result of each fault.
        progress: Told of each.
        until_noticed: Whether a fault is done with its first check that fails.
    """

    def job(part: Sequence[Fault]) -> Job:
        def run(bench: Bench) -> int:
            mine = {each.name: plan[each.name] for each in part}
            files = sorted({check.partition("::")[0] for ids in mine.values() for check in ids})
            done = bench.run(files, part, mine, exchanges, until_noticed=until_noticed)
            for each in part:
                seen = tuple(Seen.of(event) for event in done.checks.get(each.name, []))
                into[each.name] = Trial(each.name, done.exit_status, seen, done.output)
                failed = len(into[each.name].failed())
                progress(f"{each.area}/{each.name}: {failed} of {len(seen)} checks fail")
            return sum(map(len, mine.values()))

        return run

    sizes = {fault.name: len(plan[fault.name]) for fault in faults if plan.get(fault.name)}
    if until_noticed:
        sizes = {name: min(size, OFTEN_ENOUGH) for name, size in sizes.items()}
    planned = [fault for fault in faults if fault.name in sizes]
    return [job(part) for part in _chunks(planned, sizes, chunk)]


def _chunks(faults: Sequence[Fault], sizes: Mapping[str, int], chunk: int) -> Iterator[list[Fault]]:
    """Yield faults in groups of about ``chunk`` checks, the largest first."""
    part: list[Fault] = []
    size = 0
    for fault in sorted(faults, key=lambda fault: (-sizes[fault.name], fault.name)):
        if part and size + sizes[fault.name] > chunk:
            yield part
            part, size = [], 0
        part.append(fault)
        size += sizes[fault.name]
    if part:
        yield part
