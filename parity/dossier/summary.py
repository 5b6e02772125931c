"""The dossier as Markdown, for a pull request or the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from parity.dossier.model import Coverage, Dossier, JobReport, OpenDifference
from parity.dossier.words import SEVERITIES, cell, costs, counted, day, of
from parity.gate.output import STATES, WORDS
from parity.gate.text import markdown, sentence
from parity.model.verdict import Word
from parity.report.tally import plural

MOST_DIFFERENCES: Final = 20
"""Differences of each kind that are listed; a comment has to stay readable."""
_ANSWERS: Final = {Word.PASS: "Pass", Word.FAIL: "Fail", Word.COULD_NOT_JUDGE: "Could not judge"}


def dossier_markdown(dossier: Dossier, seal: str) -> str:
    """Return a dossier as Markdown; hostile text in it is shown as it is.

    Args:
        dossier: The dossier.
        seal: Digest of its JSON.
    """
    return "\n".join(_lines(dossier, seal)) + "\n"


def _lines(dossier: Dossier, seal: str) -> Iterator[str]:
    yield f"## {_ANSWERS[dossier.word]}: {markdown(dossier.answer)}"
    yield ""
    for gate in dossier.gates:
        yield (
            f"- **Gate {gate.number}: {WORDS[gate.word]}.** {markdown(gate.title)} "
            f"{markdown(gate.sentence)}"
        )
    yield from (f"- {markdown(sentence(warning))}" for warning in dossier.warnings)
    yield from _gaps(dossier)
    yield from _traffic(dossier.traffic)
    yield from _differences(dossier)
    yield from _sections(dossier)
    yield from _steps(dossier)
    yield from _waivers(dossier)
    yield ""
    yield (
        f"Made {day(dossier.made_at)} by parse-parity {markdown(dossier.suite_version)} from "
        f"{plural(len(dossier.files), 'file')} of evidence. Seal `{seal}`."
    )


def _gaps(dossier: Dossier) -> Iterator[str]:
    if not dossier.gaps:
        return
    yield from ("", "### What does not hold, or is missing", "")
    yield from _table(
        ("rule", "gate", "state", "why"),
        (
            (
                gap.rule,
                " and ".join(gap.gates),
                f"waived by {gap.waived}" if gap.waived else STATES[gap.state],
                "\n".join(gap.reasons),
            )
            for gap in dossier.gaps
        ),
    )


def _traffic(traffic: Iterable[Coverage]) -> Iterator[str]:
    yield from ("", "### Coverage of real traffic", "")
    empty = True
    for each in traffic:
        empty = False
        judged = each.requests.whole
        yield (
            f"- {markdown(each.source.target)}: {judged:,} of {each.total:,} requests were judged; "
            f"of these {of(each.requests)} behave the same, of the judged signatures "
            f"{of(each.signatures)}, of the clients {of(each.clients)}."
        )
        for why, number in each.not_judged[:5]:
            yield f"  - not judged, or in part only: {plural(number, 'request')}, {markdown(why)}"
    if empty:
        yield "No recorded traffic was replayed."


def _differences(dossier: Dossier) -> Iterator[str]:
    yield from ("", "### Open differences", "")
    if not dossier.unknown and not dossier.known:
        yield "None in the evidence that the gates were judged by."
        return
    shown = [*dossier.unknown[:MOST_DIFFERENCES], *dossier.known[:MOST_DIFFERENCES]]
    yield from _table(
        ("severity", "difference", "cost", "the gates"),
        ((SEVERITIES[d.severity], _titled(d), costs(d), _gates(d)) for d in shown),
    )
    left = len(dossier.unknown) + len(dossier.known) - len(shown)
    if left:
        yield from ("", f"And {left:,} more.")


def _titled(each: OpenDifference) -> str:
    if each.known:
        return f"{each.id}: {each.title}"
    return f"fails: {each.title}" + ("" if each.title == each.id else f"\n{each.id}")


def _gates(each: OpenDifference) -> str:
    if each.known:
        return each.allowed or "do not allow it"
    return "look at it" if each.counted else "do not look at it"


def _sections(dossier: Dossier) -> Iterator[str]:
    rows: list[tuple[str, str, str, str]] = []
    for section in dossier.sections:
        rows += [
            (section.title, _named(r), WORDS[Word(r.source.verdict)], _found(r))
            for r in section.reports
        ]
        rows += [
            (section.title, job, "not tested", f"run {command}" if command else "")
            for job, command in section.missing
        ]
    if rows:
        yield from ("", "### What was measured", "")
        yield from _table(("subject", "job", "verdict", "found"), rows)


def _named(report: JobReport) -> str:
    source = report.source
    return source.job if source.target == "*" else f"{source.job} on {source.target}"


def _found(report: JobReport) -> str:
    totals = ", ".join(f"{name} {number:,}" for name, number in report.totals.items())
    return "\n".join(filter(None, (counted(dict(report.counts)), totals)))


def _steps(dossier: Dossier) -> Iterator[str]:
    done = sum(step.state == "done" for step in dossier.steps)
    yield from ("", f"### Steps: {done} of {len(dossier.steps)} are done", "")
    yield from _table(
        ("step", "state", "why"),
        (
            (f"{s.step.number}. {s.step.title}", str(s.state), s.why[0] if s.why else "")
            for s in dossier.steps
        ),
    )


def _waivers(dossier: Dossier) -> Iterator[str]:
    if not dossier.waivers and not dossier.changed:
        return
    yield from ("", "### Waivers and changed rules", "")
    for each in dossier.waivers:
        waiver = each.waiver
        yield (
            f"- **{markdown(waiver.rule)}** ({each.state}), {markdown(waiver.name)} until "
            f"{waiver.expires}: {markdown(waiver.reason)}"
        )
    for gates, rule, change in dossier.changed:
        of_gates = " and ".join(gates)
        yield f"- **{markdown(rule)}** of gate {of_gates} was changed: {markdown(change)}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(each) for each in row)} |"


def _cell(value: Any) -> str:
    """Return a cell: our line breaks stay, whatever else is in it is text."""
    return "<br>".join(markdown(line) for line in cell(value).split("\n"))
