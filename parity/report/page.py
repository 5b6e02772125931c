"""What the page shows, worked out from evidence; the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from parity.html.chart import Shown, shown
from parity.model import Outcome
from parity.model.evidence import (
    CheckEvent,
    Evidence,
    KnownDifferenceEvent,
    NoticeEvent,
    TargetFacts,
)
from parity.model.verdict import Verdict
from parity.report import causes
from parity.report.summary import run_seconds
from parity.report.tally import Tally
from parity.report.untested import Untested, untested, was_kept
from parity.report.verdict import verdict

SLOWEST = 10
WITH_EXCHANGES = 100
"""Failures shown with their requests and responses; of the rest only the repeat lines."""

_LEVELS = ("must", "should", "may")
_SEVERITIES = ("breaking", "security", "benign")


@dataclass(frozen=True, slots=True)
class TargetCard:
    """One target with its verdict."""

    facts: TargetFacts
    verdict: Verdict
    tally: Tally


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table of counts.

    Attributes:
        target: The column.
        tally: The counts.
        links: Anchor of the section that details an outcome, where there is one.
    """

    target: str
    tally: Tally
    links: dict[Outcome, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table of counts; ``anchor`` is empty if no section details it."""

    name: str
    anchor: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One check shown with its evidence; ``exchanges`` says whether to show them."""

    anchor: str
    check: CheckEvent
    exchanges: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Cases of one area on one target."""

    anchor: str
    target: str
    area: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """A cause that checks share, with links to those that are shown in full."""

    group: causes.Group
    links: tuple[tuple[CheckEvent, str], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """One registered difference with the checks that observed it."""

    anchor: str
    entry: KnownDifferenceEvent
    checks: tuple[CheckEvent, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Every check of an area: a row for each check, a column for each target."""

    anchor: str
    area: str
    rows: tuple[tuple[CheckEvent, tuple[CheckEvent | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page, in the order in which it is shown."""

    evidence: Evidence
    verdict: Verdict
    tally: Tally
    notices: tuple[NoticeEvent, ...]
    targets: tuple[TargetCard, ...]
    numbers: tuple[Shown, ...]
    areas: tuple[Row, ...]
    levels: tuple[Row, ...]
    failures: tuple[Group, ...]
    errors: tuple[Group, ...]
    known: tuple[Known, ...]
    known_unobserved: tuple[Known, ...]
    known_anchors: dict[str, str]
    untested: Untested
    causes: tuple[Shared, ...]
    listings: tuple[Listing, ...]
    slowest: tuple[CheckEvent, ...]
    seconds: float
    requests: int
    check_seconds: float
    server_seconds: float

    @property
    def is_suites(self) -> bool:
        """Whether pytest ran the suites; a command has neither levels nor slow checks."""
        return self.evidence.header.job == "suites"


def build(evidence: Evidence) -> Page:
    """Work out the page of a complete run."""
    judged = verdict(evidence)
    failures = _groups(evidence, Outcome.FAIL)
    errors = _groups(evidence, Outcome.ERROR)
    known = _known(evidence)
    observed = tuple(each for each in known if each.checks or each.entry.observed)
    return Page(
        evidence=evidence,
        verdict=judged,
        tally=Tally.of(evidence.checks),
        # An answer opens the page, as a part of the verdict's sentence.
        notices=tuple(
            sorted((n for n in evidence.notices if n.level != "answer"), key=_notice_order)
        ),
        targets=tuple(
            TargetCard(facts, judged.targets[facts.name], Tally.of(_on(evidence, facts.name)))
            for facts in evidence.header.targets
        ),
        numbers=shown(evidence.tables),
        areas=_area_rows(evidence, failures, errors),
        levels=tuple(
            Row(level, "", _cells(evidence, [c for c in evidence.checks if c.level == level]))
            for level in _LEVELS
        ),
        failures=failures,
        errors=errors,
        known=observed,
        known_unobserved=tuple(each for each in known if each not in observed),
        known_anchors={each.entry.id: each.anchor for each in known},
        untested=untested(evidence),
        causes=_causes(evidence, (*failures, *errors)),
        listings=_listings(evidence),
        slowest=tuple(sorted(evidence.checks, key=lambda each: -each.duration_s)[:SLOWEST]),
        seconds=run_seconds(evidence),
        requests=sum(check.requests for check in evidence.checks),
        check_seconds=sum(check.duration_s for check in evidence.checks),
        server_seconds=sum(check.server_s for check in evidence.checks),
    )


def _on(evidence: Evidence, target: str) -> Iterable[CheckEvent]:
    return (check for check in evidence.checks if check.target == target)


def _notice_order(notice: NoticeEvent) -> int:
    return ("error", "warning", "info").index(notice.level)


def _area_anchors(evidence: Evidence) -> dict[str, str]:
    # Numbered: a name from evidence is not fit to be an anchor.
    names = sorted({check.area for check in evidence.checks})
    return {name: f"area-{number}" for number, name in enumerate(names, 1)}


def _area_rows(
    evidence: Evidence, failures: tuple[Group, ...], errors: tuple[Group, ...]
) -> tuple[Row, ...]:
    links: dict[tuple[str, str], dict[Outcome, str]] = {}
    for outcome, groups in ((Outcome.FAIL, failures), (Outcome.ERROR, errors)):
        for group in groups:
            links.setdefault((group.area, group.target), {})[outcome] = group.anchor
    rows = []
    for area, anchor in _area_anchors(evidence).items():
        cells = _cells(evidence, [c for c in evidence.checks if c.area == area])
        linked = (Cell(c.target, c.tally, links.get((area, c.target), {})) for c in cells)
        rows.append(Row(area, anchor, tuple(linked)))
    return tuple(rows)


def _cells(evidence: Evidence, checks: list[CheckEvent]) -> tuple[Cell, ...]:
    names = (facts.name for facts in evidence.header.targets)
    return tuple(Cell(name, Tally.of(c for c in checks if c.target == name), {}) for name in names)


def _groups(evidence: Evidence, outcome: Outcome) -> tuple[Group, ...]:
    order = [facts.name for facts in evidence.header.targets]

    def place(check: CheckEvent) -> tuple[int, str]:
        return order.index(check.target), check.area

    def urgency(check: CheckEvent) -> tuple[int, str, int, str]:
        return *place(check), _LEVELS.index(check.level), check.nodeid

    begun = (c for c in evidence.checks if c.outcome is outcome and not was_kept(c))
    checks = sorted(begun, key=urgency)
    numbers = {id(check): number for number, check in enumerate(checks, 1)}
    groups = []
    for number, (_, members) in enumerate(groupby(checks, key=place), 1):
        cases = tuple(
            Case(f"{outcome}-{numbers[id(member)]}", member, numbers[id(member)] <= WITH_EXCHANGES)
            for member in members
        )
        first = cases[0].check
        groups.append(Group(f"{outcome}s-{number}", first.target, first.area, cases))
    return tuple(groups)


def _causes(evidence: Evidence, groups: tuple[Group, ...]) -> tuple[Shared, ...]:
    anchors = {id(case.check): case.anchor for group in groups for case in group.cases}
    return tuple(
        Shared(shared, tuple((each, anchors.get(id(each), "")) for each in shared.checks))
        for shared in causes.causes(evidence)
    )


def _known(evidence: Evidence) -> tuple[Known, ...]:
    observers: dict[str, list[CheckEvent]] = {}
    for check in evidence.checks:
        for name in dict.fromkeys(
            difference.known for difference in check.differences if difference.known
        ):
            observers.setdefault(name, []).append(check)
    entries = {difference.id: difference for difference in evidence.known_differences}
    for name in observers.keys() - entries.keys():
        entries[name] = _undescribed(name)
    ordered = sorted(entries.values(), key=lambda each: (_SEVERITIES.index(each.severity), each.id))
    return tuple(
        Known(f"known-{number}", entry, tuple(observers.get(entry.id, ())))
        for number, entry in enumerate(ordered, 1)
    )


def _undescribed(name: str) -> KnownDifferenceEvent:
    """Stand in for an entry that checks name but the evidence does not describe."""
    unknown = "The evidence does not describe this entry."
    return KnownDifferenceEvent(
        id=name,
        title=unknown,
        severity="breaking",
        cause="",
        effect="",
        remedy="Look it up in the registered known differences; if it is not there, register it.",
        provenance="",
        targets=(),
        observed=0,
    )


def _listings(evidence: Evidence) -> tuple[Listing, ...]:
    columns = [facts.name for facts in evidence.header.targets]
    listings = []
    for area, anchor in _area_anchors(evidence).items():
        rows: dict[str, dict[str, CheckEvent]] = {}
        for check in evidence.checks:
            if check.area == area:
                rows.setdefault(check.id, {})[check.target] = check
        listings.append(
            Listing(
                anchor,
                area,
                tuple(
                    (next(iter(row.values())), tuple(row.get(column) for column in columns))
                    for _, row in sorted(rows.items())
                ),
            )
        )
    return tuple(listings)
