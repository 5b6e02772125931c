"""How much of the recorded traffic was judged, and how much of it behaves the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parity.gate.result import Reason, State
from parity.gate.rules import Rule
from parity.gate.runs import Run
from parity.model import Outcome
from parity.model.evidence import CheckEvent


@dataclass(frozen=True, slots=True)
class Shares:
    """The numbers of a replay.

    Attributes:
        total: Requests of the recording.
        same: Number that behaves the same, by ``requests``, ``signatures`` and ``clients``.
        judged: Number that was judged, by the same names.
    """

    total: int
    same: dict[str, int]
    judged: dict[str, int]


def shares(run: Run) -> Shares | None:
    """Read the tables ``verdict`` and ``exchanges`` of a replay; ``None`` if they do not fit.

    Args:
        run: A run of the job ``replay``.
    """
    verdict, exchanges = run.table("verdict"), run.table("exchanges")
    if verdict is None or exchanges is None:
        return None
    same, judged = {}, {}
    for row in verdict.rows:
        numbers = row[1:3]
        if len(numbers) < 2 or not all(_is_count(number) for number in numbers):
            return None
        same[str(row[0])], judged[str(row[0])] = numbers
    if not all(len(row) > 1 and _is_count(row[1]) for row in exchanges.rows):
        return None
    total = sum(int(row[1]) for row in exchanges.rows)
    fits = all(same[name] <= judged[name] for name in same)
    if not fits or not {"requests", "signatures", "clients"} <= same.keys():
        return None
    return Shares(total, same, judged) if judged["requests"] <= total else None


def traffic_reasons(run: Run, rule: Rule, checks: list[CheckEvent]) -> Iterator[Reason]:
    """Yield why the traffic of a run does not fulfil a rule.

    Args:
        run: The replay.
        rule: A rule of kind ``traffic``.
        checks: The checks of the replay: one for each signature.
    """
    found = shares(run)
    if found is None:
        yield Reason(
            State.MISSING, f"{run.run_id} has no numbers of a whole replay", run=run.run_id
        )
        return
    signatures = sum(
        check.outcome in (Outcome.PASS, Outcome.FAIL, Outcome.KNOWN_DIFFERENCE) for check in checks
    )
    if not found.judged["requests"] or not signatures:
        yield Reason(State.MISSING, f"{run.run_id} judged no request", run=run.run_id)
        return
    failing = sum(check.outcome is Outcome.FAIL for check in checks)
    if (failing, signatures) != (
        found.judged["signatures"] - found.same["signatures"],
        found.judged["signatures"],
    ):
        yield Reason(
            State.DOUBTFUL, f"{run.run_id}: its numbers are not those of its checks", run=run.run_id
        )
    if found.total < rule.least_requests:
        yield Reason(
            State.MISSING,
            f"{run.run_id} replayed {found.total:,} of at least {rule.least_requests:,} requests",
            run=run.run_id,
        )
    yield from _too_alike(run, rule, signatures, found.judged["clients"])
    # What ended in an error was not left out: it went wrong, and that is no fault of the server.
    errs = any(check.outcome is Outcome.ERROR for check in checks)
    for what, part, whole, least in (
        ("requests", found.judged["requests"], found.total, rule.judged_requests),
        ("signatures", signatures, len(checks), rule.judged_signatures),
    ):
        if _percent(part, whole) < least:
            yield Reason(
                State.DOUBTFUL if errs else State.MISSING,
                f"{run.run_id} judged {part:,} of {whole:,} {what}, and {least:g} % are demanded",
                run=run.run_id,
            )
    for name, least in (
        ("requests", rule.same_requests),
        ("signatures", rule.same_signatures),
        ("clients", rule.same_clients),
    ):
        same, judged = found.same[name], found.judged[name]
        if judged and _percent(same, judged) < least:
            yield Reason(
                State.FAILED,
                f"{run.run_id}: {same:,} of {judged:,} {name} behave the same, and {least:g} % "
                "are demanded",
                run=run.run_id,
            )


def _too_alike(run: Run, rule: Rule, signatures: int, clients: int) -> Iterator[Reason]:
    for what, number, needed in (
        ("different requests", signatures, rule.least_signatures),
        ("clients", clients, rule.least_clients),
    ):
        if number < needed:
            yield Reason(
                State.MISSING,
                f"{run.run_id} judged {number:,} of at least {needed:,} {what}: more of the same "
                "traffic is no more of the app",
                run=run.run_id,
            )


def traffic_facts(run: Run, rule: Rule) -> Iterator[str]:
    """Yield the numbers of a replay in words.

    Args:
        run: The replay.
        rule: A rule of kind ``traffic``.
    """
    found = shares(run)
    if found is None:
        return
    for name in ("requests", "signatures", "clients"):
        same, judged = found.same[name], found.judged[name]
        yield f"{same:,} of {judged:,} judged {name} behave the same"
    yield f"{found.judged['requests']:,} of {found.total:,} requests were judged"
    if found.total and rule.same_requests < 100:
        yield f"the gate allows {100 - rule.same_requests:g} % of the requests to differ"


def _percent(part: int, whole: int) -> float:
    return part / whole * 100 if whole else 0.0


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
