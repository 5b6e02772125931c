"""Advice as evidence: a check for each query, a table of queries and one of proposals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parity.indexes import Advice, IndexUse, JudgedQuery, Proposal
from parity.indexes.codes import BLOCKING
from parity.model import Kind, Outcome
from parity.model.evidence import CheckEvent, DifferenceFact, Finding, TableEvent
from parity.model.judged import Judged, doubtful, judged, untested

SHOWN = 20
"""Queries of a kind that are printed; the page has all."""


def check_of(query: JudgedQuery, advice: Advice, target: str) -> CheckEvent:
    """Return the check of one query.

    Args:
        query: What was found of it.
        advice: What was found of all, with the proposals.
        target: Name of the target.
    """
    served_by = [proposal for proposal in advice.proposals if query.signature in proposal.serves]
    outcome = _judged(query, served_by)
    facts = tuple(_differences(query, served_by)) if outcome.outcome is Outcome.FAIL else ()
    return outcome.event("indexes", target, area="data", level="should", differences=facts)


def _judged(query: JudgedQuery, served_by: list[Proposal]) -> Judged:
    name, title = query.signature, f"Served by an index: {query.signature}"
    if query.broken:
        return doubtful(name, title, query.reason)
    if query.use is IndexUse.UNJUDGED:
        return untested(name, title, query.reason)
    findings = [_finding(query, served_by)] if query.use is IndexUse.SLOW else []
    return judged(name, title, query.reason, findings)


def _finding(query: JudgedQuery, served_by: list[Proposal]) -> Finding:
    codes = [*query.codes, *(code for proposal in served_by for code in proposal.codes)]
    # What keeps an index from being built decides what has to be done.
    code = next((code for code in codes if code in BLOCKING), codes[0])
    causes = dict.fromkeys(code.cause for code in codes)
    remedy = remedy_of(query, served_by)
    return Finding(code.id, code.severity, " ".join(causes), remedy)


def remedy_of(query: JudgedQuery, proposals: Iterable[Proposal]) -> str:
    """Say what to do about a query: the commands, or what to ask instead.

    Args:
        query: What was found of it.
        proposals: All proposals, or those that serve it.
    """
    commands = [proposal.shell for proposal in proposals if query.signature in proposal.serves]
    return "\n".join([*commands, *([query.advice] if query.advice else [])])


def _differences(query: JudgedQuery, served_by: list[Proposal]) -> Iterator[DifferenceFact]:
    for code in query.codes:
        yield DifferenceFact(query.collection, Kind.VALUE, "an index", f"{code}: {query.reason}")
    for proposal in served_by:
        path = f"{proposal.collection} {shown_keys(proposal)}"
        for note in proposal.notes:
            yield DifferenceFact(path, Kind.VALUE, "an index", note)


def shown_keys(proposal: Proposal) -> str:
    """Return keys as the shell writes them: ``{_p_author: 1, _created_at: -1}``."""
    return "{" + ", ".join(f"{key}: {way}" for key, way in proposal.keys) + "}"


def tables_of(advice: Advice) -> Iterator[TableEvent]:
    """Yield the numbers: what each query costs, and what each proposal brings."""
    yield TableEvent(
        id="queries",
        title="Queries of the profile",
        columns=(
            *("query", "verdict", "per s at the peak", "examined", "returned", "ms", "worst ms"),
            *("at work in MongoDB", "index"),
        ),
        rows=tuple(map(_query_row, advice.judged)),
        note="Examined are documents or index keys, whichever are more; numbers are medians over "
        "several sets of values from the data. At work in MongoDB: rate times the time of one.",
    )
    if advice.proposals:
        yield TableEvent(
            id="proposals",
            title="Indexes that would help",
            columns=(
                *("command", "for", "examined less, per s", "MB (estimate)"),
                *("writes per s that keep it", "faster on a copy", "notes"),
            ),
            rows=tuple(map(_proposal_row, advice.proposals)),
            note=" ".join(advice.notes),
        )


def _query_row(query: JudgedQuery) -> tuple[object, ...]:
    head, load = (query.signature, str(query.use), round(query.rate, 2)), round(query.load, 3)
    if (cost := query.cost) is None:
        return (*head, None, None, None, None, load, "")
    return (
        *head, round(max(cost.docs, cost.keys)), round(cost.returned), round(cost.ms, 1),
        round(cost.worst_ms, 1), load, ", ".join(cost.index),
    )  # fmt: skip


def _proposal_row(proposal: Proposal) -> tuple[object, ...]:
    notes = [*proposal.notes]
    if proposal.replaces:
        notes.append(f"Makes {proposal.replaces} superfluous.")
    return (
        proposal.shell, "\n".join(proposal.serves), round(proposal.saves),
        round(proposal.bytes / 1e6, 1), round(proposal.writes, 2), shown_trial(proposal),
        " ".join(notes),
    )  # fmt: skip


def shown_trial(proposal: Proposal) -> str:
    """Say what a trial showed: ``42 times (31 to 55), 120 ms to 2.9 ms, 500,000 rows``."""
    parts = []
    for tried in proposal.tried:
        part = "" if tried.rows >= tried.of_rows else f" of {tried.of_rows:,}"
        wrong = "" if tried.same_rows else "; other rows were returned"
        unused = "" if tried.used else "; MongoDB did not use it"
        parts.append(
            f"{tried.speedup:,.1f} times ({tried.low:,.1f} to {tried.high:,.1f}), "
            f"{tried.before_ms:,.1f} ms to {tried.after_ms:,.1f} ms, {tried.rows:,}{part} rows"
            f"{unused}{wrong}"
        )
    return "\n".join(parts)


def lines_of(advice: Advice) -> Iterator[str]:
    """Yield what a person reads at the end: what is slow, and the commands that help."""
    for query in advice.slow[:SHOWN]:
        yield f"{', '.join(map(str, query.codes))}  {query.signature}"
        yield f"  {query.reason}; {query.rate:.3g} a second at the peak"
        if query.advice:
            yield f"  {query.advice}"
    for query in advice.unjudged[:SHOWN]:
        yield f"could not judge  {query.signature}"
        yield f"  {query.reason}"
    served = sum(query.use in (IndexUse.SERVED, IndexUse.SMALL) for query in advice.judged)
    yield f"{served} of {len(advice.judged)} queries are served."
    yield ""
    for proposal in advice.proposals:
        yield proposal.shell
        yield f"  for {'; '.join(proposal.serves)}"
        yield (
            f"  examines {proposal.saves:,.0f} less a second at the peak; about "
            f"{proposal.bytes / 1e6:,.1f} MB; {proposal.writes:.3g} writes a second keep it"
        )
        for trial in shown_trial(proposal).splitlines():
            yield f"  faster on a copy: {trial}"
        for note in (*map(str, proposal.codes), *proposal.notes):
            yield f"  {note}"
        if proposal.replaces:
            yield f"  makes the index {proposal.replaces} superfluous"
    yield from advice.notes
