"""Advice as evidence: a check for each query, a table of queries and one of proposals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from parity.indexes.codes import explain_code
from parity.indexes.model import Advice, Code, Judged, Proposal, Word
from parity.indexes.names import shown_keys
from parity.model import Kind, Outcome
from parity.model.evidence import CheckEvent, DifferenceFact, Finding, TableEvent

_OUTCOMES: Final = {
    Word.SERVED: Outcome.PASS,
    Word.SMALL: Outcome.PASS,
    Word.SLOW: Outcome.FAIL,
    Word.UNJUDGED: Outcome.UNSUPPORTED,
}


def checks_of(advice: Advice, target: str) -> Iterator[CheckEvent]:
    """Yield a check for each query of the profile, costliest first.

    Args:
        advice: What was found.
        target: Name of the target.
    """
    for judged in advice.judged:
        yield _check(judged, advice, target)


def tables_of(advice: Advice) -> Iterator[TableEvent]:
    """Yield the numbers: what each query costs, and what each proposal brings."""
    yield TableEvent(
        id="queries",
        title="Queries of the profile",
        columns=(
            *("query", "verdict", "per s at the peak", "examined", "returned", "ms", "worst ms"),
            *("at work in MongoDB", "index"),
        ),
        rows=tuple(
            (
                each.signature,
                str(each.word),
                round(each.rate, 2),
                round(max(each.cost.docs, each.cost.keys)) if each.cost else None,
                round(each.cost.returned) if each.cost else None,
                round(each.cost.ms, 1) if each.cost else None,
                round(each.cost.worst_ms, 1) if each.cost else None,
                round(each.load, 3),
                ", ".join(each.cost.index) if each.cost else "",
            )
            for each in advice.judged
        ),
        note="Examined are documents or index keys, whichever are more; numbers are medians over "
        "several sets of values from the data. At work in MongoDB: rate times the time of one.",
    )
    if advice.proposals:
        yield _proposals(advice)


def remedy_of(judged: Judged, advice: Advice) -> str:
    """Say what to do about a query: the commands, or what to ask instead."""
    commands = [each.shell for each in advice.proposals if judged.signature in each.serves]
    return "\n".join([*commands, *([judged.advice] if judged.advice else [])])


def _check(judged: Judged, advice: Advice, target: str) -> CheckEvent:
    outcome = Outcome.ERROR if judged.broken else _OUTCOMES[judged.word]
    served_by = [each for each in advice.proposals if judged.signature in each.serves]
    codes = [*judged.codes, *(code for each in served_by for code in each.codes)]
    return CheckEvent(
        id=f"indexes/{judged.signature}",
        nodeid=f"indexes/{judged.signature}[{target}]",
        target=target,
        area="data",
        level="should",
        effect="reads",
        spec=(),
        title=f"Served by an index: {judged.signature}",
        outcome=outcome,
        reason="" if outcome is Outcome.PASS else judged.reason,
        differences=tuple(_differences(judged, served_by)) if outcome is Outcome.FAIL else (),
        findings=(_finding(judged, advice, codes),) if outcome is Outcome.FAIL else (),
    )


def _finding(judged: Judged, advice: Advice, codes: list[Code]) -> Finding:
    # What keeps an index from being built decides what has to be done.
    code = next((each for each in codes if each.blocks), codes[0])
    causes = dict.fromkeys(explain_code(each).cause for each in codes)
    return Finding(
        code=str(code),
        severity=explain_code(code).severity,
        cause=" ".join(causes),
        remedy=remedy_of(judged, advice),
    )


def _differences(judged: Judged, served_by: list[Proposal]) -> Iterator[DifferenceFact]:
    for code in judged.codes:
        yield DifferenceFact(judged.collection, Kind.VALUE, "an index", f"{code}: {judged.reason}")
    for each in served_by:
        for note in each.notes:
            path = f"{each.collection} {shown_keys(each.keys)}"
            yield DifferenceFact(path, Kind.VALUE, "an index", note)


def _proposals(advice: Advice) -> TableEvent:
    rows = tuple(
        (
            each.shell,
            "\n".join(each.serves),
            round(each.saves),
            round(each.bytes / 1e6, 1),
            round(each.writes, 2),
            shown_trial(each),
            " ".join(
                [
                    *each.notes,
                    *([f"Makes {each.replaces} superfluous."] if each.replaces else []),
                ]
            ),
        )
        for each in advice.proposals
    )
    return TableEvent(
        id="proposals",
        title="Indexes that would help",
        columns=(
            *("command", "for", "examined less, per s", "MB (estimate)"),
            *("writes per s that keep it", "faster on a copy", "notes"),
        ),
        rows=rows,
        note=" ".join(advice.notes),
    )


def shown_trial(proposal: Proposal) -> str:
    """Say what a trial showed: ``42 times (31 to 55), 120 ms to 2.9 ms, 500,000 rows``."""
    parts = []
    for each in proposal.tried:
        part = "" if each.rows >= each.of_rows else f" of {each.of_rows:,}"
        wrong = "" if each.same_rows else "; other rows were returned"
        unused = "" if each.used else "; MongoDB did not use it"
        parts.append(
            f"{each.speedup:,.1f} times ({each.low:,.1f} to {each.high:,.1f}), "
            f"{each.before_ms:,.1f} ms to {each.after_ms:,.1f} ms, {each.rows:,}{part} rows"
            f"{unused}{wrong}"
        )
    return "\n".join(parts)
