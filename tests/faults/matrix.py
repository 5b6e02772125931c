"""The whole matrix: every fault against every suite (``python -m tests.faults.matrix``).

Writes which checks fail under which fault, which faults the right area catches, and which checks
no fault ever fails: a check that no wrong server can fail is not a check.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.model import Outcome
from tests.faults.faults import MUTANTS, NAMED
from tests.faults.model import AREAS, Fault
from tests.faults.trial import Control, Progress, Trial, control_jobs, fault_jobs, work_off

CHUNK = 150
"""About how many checks one pytest process runs."""


@dataclass(slots=True)
class Matrix:
    """What all runs together showed.

    Attributes:
        controls: What the right server showed, by area.
        touched: For each fault, the checks of all areas that it could touch.
        trials: What each wrong server showed.
    """

    controls: dict[str, Control] = field(default_factory=dict)
    touched: dict[str, list[str]] = field(default_factory=dict)
    trials: dict[str, Trial] = field(default_factory=dict)

    @property
    def areas(self) -> dict[str, str]:
        """The area of each check that the right server passes."""
        good = (Outcome.PASS, Outcome.KNOWN_DIFFERENCE)
        return {
            each.check: each.area
            for control in self.controls.values()
            for each in control.trial.seen
            if each.outcome in good
        }

    def failed_by(self, *, expectation: bool) -> dict[str, list[str]]:
        """Return the faults that fail each check, by an expectation or by what comes before."""
        found: dict[str, list[str]] = defaultdict(list)
        for trial in self.trials.values():
            for each in trial.failed():
                if each.expectation or not expectation:
                    found[each.check].append(trial.fault)
        return found

    def not_caught(self) -> list[Fault]:
        """Return the named faults that no check of their area noticed."""
        return [
            fault
            for fault in NAMED
            if fault.area in self.controls
            and not (fault.name in self.trials and self.trials[fault.name].failed(fault.area))
        ]


def fill(
    areas: Sequence[str], *, jobs: int, limit: int, complete: bool, folder: Path, say: Progress
) -> Matrix:
    """Run everything.

    Args:
        areas: Folders of ``suites/``.
        jobs: Processes (each with its own server) at a time.
        limit: Most checks of its area that a named fault is tried on, and a quarter as many of
            each other area; 0 for no limit.
        complete: Whether every mutant meets every check; otherwise only those that no fault and
            no mutant before it made fail.
        folder: Where configurations and evidence go.
        say: Gets a line for each run.
    """
    matrix = Matrix()
    faults = [*NAMED, *MUTANTS]
    work_off(control_jobs(areas, faults, matrix.controls, say), folder, jobs)
    controls = [matrix.controls[area] for area in areas]
    exchanges = {check: n for control in controls for check, n in control.exchanges.items()}
    for fault in faults:
        matrix.touched[fault.name] = [c for each in controls for c in each.touched[fault.name]]
    plan = {fault.name: _limited(fault, matrix.controls, limit) for fault in NAMED}
    for fault in NAMED:
        if fault.area in matrix.controls and not matrix.controls[fault.area].touched[fault.name]:
            say(f"{fault.area}/{fault.name} could change nothing that a check of its area sees")
    say(f"{sum(map(len, plan.values()))} checks under {len(NAMED)} faults")
    work_off(fault_jobs(NAMED, plan, exchanges, CHUNK, matrix.trials, say), folder, jobs)
    _rest_of_the_area(matrix, plan, exchanges, jobs, folder, say)
    if complete:
        plan = {fault.name: matrix.touched[fault.name] for fault in MUTANTS}
        work_off(fault_jobs(MUTANTS, plan, exchanges, CHUNK, matrix.trials, say), folder, jobs)
        return matrix
    # The mutants of the last exchange first: they say most about a check.
    for fault in sorted(MUTANTS, key=lambda each: not each.name.startswith("last-")):
        done = matrix.failed_by(expectation=True)
        left = [check for check in matrix.touched[fault.name] if check not in done]
        say(f"{fault.name}: {len(left)} checks that nothing has failed")
        # In parts, so that all workers have something to do.
        parts = {area: [c for c in left if matrix.areas[c] == area] for area in areas}
        pieces: dict[str, dict[str, Trial]] = {area: {} for area in areas}
        work = [
            job
            for area in areas
            for job in fault_jobs(
                [fault], {fault.name: parts[area]}, exchanges, CHUNK, pieces[area], say
            )
        ]
        work_off(work, folder, jobs)
        seen = tuple(s for piece in pieces.values() for t in piece.values() for s in t.seen)
        matrix.trials[fault.name] = Trial(fault.name, int(bool(seen)), seen)
    return matrix


def _rest_of_the_area(
    matrix: Matrix,
    plan: Mapping[str, Sequence[str]],
    exchanges: Mapping[str, int],
    jobs: int,
    folder: Path,
    say: Progress,
) -> None:
    """Give the checks that the limit left out a chance to notice what none has noticed."""
    missed = matrix.not_caught()
    rest = {
        fault.name: [
            check
            for check in matrix.controls[fault.area].touched[fault.name]
            if check not in plan[fault.name]
        ]
        for fault in missed
    }
    found: dict[str, Trial] = {}
    work_off(fault_jobs(missed, rest, exchanges, CHUNK, found, say), folder, jobs)
    for name, trial in found.items():
        before = matrix.trials.get(name)
        seen = (*(before.seen if before else ()), *trial.seen)
        matrix.trials[name] = Trial(name, trial.exit_status, seen)


def _limited(fault: Fault, controls: Mapping[str, Control], limit: int) -> list[str]:
    found = []
    for area, control in controls.items():
        checks = control.touched[fault.name]
        most = limit if area == fault.area else -(-limit // 4)
        # Evenly from all files, so that the limit does not leave out whole topics.
        step = max(1, -(-len(checks) // most)) if limit else 1
        found += checks[::step]
    return found


def as_json(matrix: Matrix) -> dict[str, Any]:
    """Return the matrix for machines."""
    by_expectation, by_any = (matrix.failed_by(expectation=b) for b in (True, False))
    return {
        "control": [
            {"check": e.check, "outcome": e.outcome, "reason": e.reason}
            for control in matrix.controls.values()
            for e in control.trial.seen
            if e.outcome != Outcome.PASS
        ],
        "faults": [
            {
                "name": fault.name,
                "area": fault.area,
                "seen": fault.seen,
                "touched": len(matrix.touched.get(fault.name, ())),
                "tried": len(trial.seen) if trial else 0,
                "failed": sorted(each.check for each in trial.failed()) if trial else [],
                "errors": sorted(e.check for e in trial.seen if e.outcome == Outcome.ERROR)
                if trial
                else [],
            }
            for fault in (*NAMED, *MUTANTS)
            for trial in (matrix.trials.get(fault.name),)
        ],
        "not_caught": [fault.name for fault in matrix.not_caught()],
        "checks": [
            {
                "check": check,
                "area": area,
                "failed_by": by_expectation.get(check, []),
                "failed_before_its_expectations_by": sorted(
                    set(by_any.get(check, [])) - set(by_expectation.get(check, []))
                ),
            }
            for check, area in matrix.areas.items()
        ],
    }


def as_markdown(document: dict[str, Any]) -> str:
    """Return the matrix for people.

    Args:
        document: What :func:`as_json` returned.
    """
    lines = ["# Wrong servers and the checks that notice them", ""]
    bad = [each for each in document["control"] if each["outcome"] in ("fail", "error")]
    lines += _list("The right server fails", [f"`{e['check']}`: {e['reason']}" for e in bad])
    faults = {each["name"]: each for each in document["faults"]}
    not_caught = [faults[name] for name in document["not_caught"]]
    lines += _list(
        "Faults that their area does not notice",
        [
            f"{e['area']}/{e['name']} (touches {e['touched']}, {len(e['errors'])} errors): "
            f"{e['seen']}"
            for e in not_caught
        ],
    )
    checks = document["checks"]
    weak = "failed_before_its_expectations_by"
    never = [e["check"] for e in checks if not e["failed_by"] and not e[weak]]
    only_before = [e["check"] for e in checks if not e["failed_by"] and e[weak]]
    lines += _list("Checks that nothing fails", [f"`{each}`" for each in never])
    lines += _list(
        "Checks that only fail before their first expectation", [f"`{e}`" for e in only_before]
    )
    lines += ["## Faults", "", "| fault | what a user sees | touched | tried | failed |"]
    lines += ["|---|---|---|---|---|"]
    lines += [
        f"| {e['area']}/{e['name']} | {e['seen']} | {e['touched']} | {e['tried']} "
        f"| {len(e['failed'])} |"
        for e in document["faults"]
    ]
    lines += ["", "## Checks", "", "| check | failed by |", "|---|---|"]
    lines += [f"| `{e['check']}` | {', '.join(e['failed_by'][:8])} |" for e in checks]
    return "\n".join([*lines, ""])


def _list(title: str, items: list[str]) -> list[str]:
    return [f"## {title}: {len(items)}", "", *(f"- {item}" for item in items), ""]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; exit status 1 if a fault is not caught or a check cannot fail."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.matrix", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--out", type=Path, default=Path("reports/faults.json"), metavar="FILE")
    parser.add_argument("--area", action="append", choices=AREAS, help="only these areas")
    parser.add_argument("--limit", type=int, default=0, help="most checks for each fault")
    parser.add_argument("--complete", action="store_true", help="every mutant on every check")
    options = parser.parse_args(arguments)
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", flush=True)  # noqa: T201

    with tempfile.TemporaryDirectory(prefix="parity-faults-") as folder:
        matrix = fill(
            options.area or AREAS,
            jobs=options.jobs,
            limit=options.limit,
            complete=options.complete,
            folder=Path(folder),
            say=say,
        )
    document = as_json(matrix)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(document, indent=1), encoding="utf-8")
    options.out.with_suffix(".md").write_text(as_markdown(document), encoding="utf-8")
    immune = [each["check"] for each in document["checks"] if not each["failed_by"]]
    say(f"{len(document['not_caught'])} faults not caught, {len(immune)} checks not failed")
    say(f"written to {options.out} and {options.out.with_suffix('.md')}")
    return 1 if document["not_caught"] or immune else 0


if __name__ == "__main__":
    sys.exit(main())
