"""Judges one rule by the evidence there is.

The newest run that tests all of what a rule demands proves it. A run of a part (fewer checks than
demanded, or with arguments like ``-k``) proves nothing, but what failed in it has failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from parity.gate.asked import unselected, weakened
from parity.gate.lapse import Now, lapses
from parity.gate.result import Proof, Reason, RuleResult, State, worst
from parity.gate.rules import Rule
from parity.gate.runs import Run
from parity.gate.traffic import traffic_facts, traffic_reasons
from parity.model import Outcome
from parity.model.evidence import CheckEvent

JUDGED: Final = (Outcome.PASS, Outcome.FAIL, Outcome.KNOWN_DIFFERENCE)
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Part:
    """What one run has to prove: an area of a rule, or all of it.

    Attributes:
        rule: The rule.
        target: Name of the target, or ``*``.
        area: The area; empty for a rule without areas.
        minimum: Least number of checks.
    """

    rule: Rule
    target: str
    area: str
    minimum: int

    def checks(self, run: Run) -> list[CheckEvent]:
        """Return the checks of a run that this is about."""
        return [
            check
            for check in run.checks(self.target)
            if check.level in self.rule.levels
            and self.area in ("", check.area)
            and (not self.rule.only or _matches(check.id, self.rule.only))
        ]

    @property
    def where(self) -> str:
        """Return what to call it in a sentence."""
        return f"area {self.area}" if self.area else f"job {self.rule.job}"


def evaluate(rule: Rule, now: Now) -> tuple[RuleResult, tuple[Run, ...]]:
    """Judge a rule of kind ``checks`` or ``traffic``.

    Args:
        rule: The rule.
        now: The evidence, and what it is held against.

    Returns:
        What became of it, and the runs that it was judged by.
    """
    target = now.file.targets.name(rule.target)
    parts = [Part(rule, target, area, least) for area, least in rule.areas.items()]
    reasons: list[Reason] = []
    facts: list[str] = []
    chosen: dict[str, Run] = {}
    for part in parts or [Part(rule, target, "", rule.minimum)]:
        run = _proof(part, now)
        reasons += _reasons(part, run, now)
        if run is not None:
            chosen[run.run_id] = run
            facts.append(_fact(part, run))
    reasons += _outside(rule, target, list(chosen.values()), now)
    if rule.kind == "traffic":
        facts += [fact for run in chosen.values() for fact in traffic_facts(run, rule)]
    for run in chosen.values():
        reasons += [
            Reason(State.LAPSED, f"{run.run_id}: {lapse.text}", lapse.cause, run.run_id)
            for lapse in lapses(run, rule, now)
        ]
    unique = tuple(sorted(dict.fromkeys(reasons), key=lambda each: list(State).index(each.state)))
    proofs = tuple(proof(run, target, now) for run in chosen.values())
    return RuleResult(rule, worst(unique), unique, tuple(facts), proofs), tuple(chosen.values())


def proof(run: Run, target: str, now: Now) -> Proof:
    """Return what to write down of a run that proves something.

    Args:
        run: The run.
        target: Name of the target, or ``*``.
        now: The time.
    """
    word = str(run.verdict.targets.get(target, run.verdict).word)
    if word == "pass" and run.doubts(target):
        word = "could-not-judge"
    facts = run.targets.get(target)
    return Proof(
        run=run.run_id,
        job=run.job,
        target=target,
        verdict=word,
        started_at=run.evidence.header.started_at,
        age_days=round(now.age_days(run), 2),
        sha256=run.sha256,
        server_version=None if facts is None else facts.server_version,
        digests=run.digests(target),
    )


def _proof(part: Part, now: Now) -> Run | None:
    """Return the newest run that tests all of it; else the newest one at all."""
    runs = now.runs.of(part.rule.job, part.target)
    complete = (run for run in runs if not [*_lacking(part, run), *_otherwise(part, run)])
    return next(complete, next((run for run in runs if part.checks(run)), None))


def _reasons(part: Part, run: Run | None, now: Now) -> Iterator[Reason]:
    yield from _unreadable(part, run, now)
    if run is None:
        yield Reason(State.MISSING, f"no run of {part.where} on {_on(part)}")
        return
    yield from (Reason(State.MISSING, each, run=run.run_id) for each in _lacking(part, run))
    yield from _otherwise(part, run)
    yield from _of_checks(part, run, newest=True)
    if part.rule.kind == "traffic":
        yield from traffic_reasons(run, part.rule, part.checks(run))
    else:
        yield from (Reason(State.MISSING, table, run=run.run_id) for table in _tables(part, run))
    judged = run.verdict.targets.get(part.target, run.verdict)
    doubts = run.doubts(part.target)
    if judged.word == "could-not-judge" and not doubts:
        doubts = [judged.sentence]
    yield from (
        Reason(State.DOUBTFUL, f"{run.run_id}: {doubt.rstrip('.')}", run=run.run_id)
        for doubt in doubts
    )
    for newer in now.runs.of(part.rule.job, part.target):
        if newer.run_id == run.run_id:
            break
        yield from _of_checks(part, newer, newest=False)


def _on(part: Part) -> str:
    return "any target" if part.target == "*" else part.target


def _unreadable(part: Part, run: Run | None, now: Now) -> Iterator[Reason]:
    """Yield what cannot be read and is not older than the proof: it may be what failed."""
    for bad in now.runs.bad:
        newer = run is None or bad.at >= run.started_at
        if newer and bad.concerns(part.rule.job, part.target):
            yield Reason(State.DOUBTFUL, f"{bad.code}: {bad.what}", bad.code, bad.folder.name)


def _lacking(part: Part, run: Run) -> Iterator[str]:
    """Yield what a run lacks to test all of a part."""
    rule = part.rule
    used = [
        argument
        for argument in run.evidence.header.arguments
        if any(_is_option(argument, each) for each in rule.partial)
    ]
    if used:
        yield f"{run.run_id} tested a part only: {' '.join(used)}"
    checks = part.checks(run)
    # A scan of one folder says of the rules for another that it was not given.
    counted = [
        check
        for check in checks
        if rule.measures != "code" or check.outcome is not Outcome.UNSUPPORTED
    ]
    if len(counted) < part.minimum:
        yield f"{run.run_id} holds {len(counted)} of at least {part.minimum} checks of {part.where}"
    tested = {
        check.id
        for check in checks
        if check.outcome is not Outcome.UNSUPPORTED or _matches(check.id, rule.may_be_untested)
    }
    missing = sorted(set(rule.ids) - tested)
    if missing:
        yield f"{run.run_id} did not test {_some(missing)}"


def _otherwise(part: Part, run: Run) -> Iterator[Reason]:
    """Yield why a run is of less than the rule demands."""
    for text in weakened(run, part.rule):
        yield Reason(State.LAPSED, text, "asked", run.run_id)
    if part.rule.job == "suites" and part.area:
        for text in unselected(run, part.rule, part.target, part.area):
            yield Reason(State.MISSING, text, "selection", run.run_id)


def _is_option(argument: str, option: str) -> bool:
    if argument == option or argument.startswith(f"{option}="):
        return True
    return len(option) == 2 and argument.startswith(option) and not argument.startswith("--")


def _of_checks(part: Part, run: Run, *, newest: bool) -> Iterator[Reason]:
    """Yield what the checks of a run say; of a newer run of a part only what went wrong."""
    checks = part.checks(run)
    failed = [check for check in checks if check.outcome is Outcome.FAIL]
    errors = [check for check in checks if check.outcome is Outcome.ERROR]
    name = f"{run.run_id}" if newest else f"the newer run {run.run_id}"
    # Of traffic, the shares decide, unless all of it has to be the same.
    if failed and (part.rule.kind != "traffic" or part.rule.same_requests >= 100):
        yield Reason(State.FAILED, f"{name}: {_failures(failed)}", run=run.run_id)
    if errors:
        yield Reason(
            State.DOUBTFUL,
            f"{name}: {len(errors)} ended in an error: {_some([error.id for error in errors])}",
            run=run.run_id,
        )
    if not newest or part.rule.kind == "traffic":
        return
    untested = [
        check.id
        for check in checks
        if check.outcome is Outcome.UNSUPPORTED and not _may_be_untested(check.id, part.rule, run)
    ]
    if untested:
        yield Reason(
            State.MISSING,
            f"{name}: {len(untested)} could not be tested: {_some(untested)}",
            run=run.run_id,
        )
    judged = sum(check.outcome in JUDGED for check in checks)
    if not judged:
        yield Reason(State.MISSING, f"{name} judged nothing of {part.where}", run=run.run_id)


def _outside(rule: Rule, target: str, chosen: list[Run], now: Now) -> Iterator[Reason]:
    """Yield what failed in areas that the rule does not name, since its oldest proof."""
    if not rule.areas or rule.others_may_fail or not chosen:
        return
    whole = Part(rule, target, "", 1)
    oldest = min(each.started_at for each in chosen)
    for run in now.runs.of(rule.job, target):
        failed = [
            check
            for check in whole.checks(run)
            if check.outcome is Outcome.FAIL and check.area not in rule.areas
        ]
        if failed and run.started_at >= oldest:
            text = f"{run.run_id}, other areas: {_failures(failed)}"
            yield Reason(State.FAILED, text, run=run.run_id)


def _failures(failed: list[CheckEvent]) -> str:
    codes = sorted({each.finding.code for each in failed if each.finding is not None})
    named = f" ({', '.join(codes[:_SHOWN])})" if codes else ""
    ids = _some([each.id for each in failed])
    return f"{len(failed)} {'check fails' if len(failed) == 1 else 'checks fail'}{named}: {ids}"


def _may_be_untested(check: str, rule: Rule, run: Run) -> bool:
    if _matches(check, rule.may_be_untested):
        return True
    for name, pattern in rule.per_row.items():
        table = run.table(name)
        for row in table.rows if table is not None else ():
            is_it = check == pattern.replace("{}", str(row[0]))
            if is_it and len(row) > 1 and row[1] in rule.untested_states:
                return True
    return False


def _matches(check: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(check, pattern) for pattern in patterns)


def _tables(part: Part, run: Run) -> Iterator[str]:
    """Yield what the tables of a run show that no check does."""
    here = {check.id for check in run.checks(part.target)}
    for name, pattern in part.rule.per_row.items():
        table = run.table(name)
        if table is None or not table.rows:
            yield f"{run.run_id} has no table {name!r}, so what was there is not known"
            continue
        missing = [
            str(row[0]) for row in table.rows if pattern.replace("{}", str(row[0])) not in here
        ]
        if missing:
            yield f"{run.run_id} did not check {_some(missing)}"
    for name in part.rule.empty_tables:
        table = run.table(name)
        if table is not None and table.rows:
            first = [str(row[0]) for row in table.rows]
            yield f"{run.run_id}, {table.title.lower()}: {_some(first)}"


def _fact(part: Part, run: Run) -> str:
    checks = part.checks(run)
    counts = {outcome: sum(check.outcome is outcome for check in checks) for outcome in Outcome}
    said = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.items() if number)
    return f"{part.where}: {said or 'no check'} in {run.run_id}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
