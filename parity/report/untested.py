"""What a run did not test, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parity.model import Outcome
from parity.model.evidence import NOT_RUN, NOT_TESTED, CheckEvent, Evidence
from parity.report.tally import JUDGED

GUIDE_CHAPTERS = (
    "objects",
    "queries",
    "users",
    "sessions",
    "roles",
    "files",
    "analytics",
    "config",
    "push-notifications",
    "cloud-code",
    "geopoints",
    "hooks",
    "schemas",
)
"""Chapters of the REST guide that state behaviour.

Source: parse-community/docs, the files of ``_includes/rest`` without ``getting-started``,
``quick-reference`` and ``apps`` (which only the hosted service had).
"""


@dataclass(frozen=True, slots=True)
class NotTested:
    """Checks that were not run on a target, for one reason."""

    target: str
    reason: str
    checks: tuple[CheckEvent, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Areas that were judged on another target but not on this one."""

    target: str
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untested:
    """What was not tested.

    Attributes:
        unsupported: What a target cannot do, by target and reason, most checks first.
        not_run: What was left when a target went down, in the same order.
        kept: What something else that is wrong kept from judging, in the same order.
        gaps: Targets that lack areas which another target has.
        chapters: Chapters of the REST guide from which no check judged a server.
    """

    unsupported: tuple[NotTested, ...]
    not_run: tuple[NotTested, ...]
    kept: tuple[NotTested, ...]
    gaps: tuple[Gap, ...]
    chapters: tuple[str, ...]


def untested(evidence: Evidence) -> Untested:
    """Find what a run did not test."""
    judged = [check for check in evidence.checks if check.outcome in JUDGED]
    areas = {check.area for check in evidence.checks}
    gaps = []
    for target in (facts.name for facts in evidence.header.targets):
        missing = areas - {each.area for each in judged if each.target == target}
        if missing:
            gaps.append(Gap(target, tuple(sorted(missing))))
    sections = {section for each in judged for section in each.spec}
    seen = {section.removeprefix("rest/").partition("#")[0] for section in sections}
    return Untested(
        unsupported=_by_reason(c for c in evidence.checks if c.outcome is Outcome.UNSUPPORTED),
        not_run=_by_reason(c for c in evidence.checks if was_not_run(c)),
        kept=_by_reason(c for c in evidence.checks if was_not_tested(c)),
        gaps=tuple(gaps),
        chapters=tuple(chapter for chapter in GUIDE_CHAPTERS if chapter not in seen),
    )


def was_not_run(check: CheckEvent) -> bool:
    """Return whether a check was not even begun, because its target was down."""
    return check.outcome is Outcome.ERROR and check.reason.startswith(NOT_RUN)


def was_not_tested(check: CheckEvent) -> bool:
    """Return whether something else that is wrong kept a check from judging, as its reason says."""
    return check.outcome is Outcome.ERROR and check.reason.startswith(NOT_TESTED)


def was_kept(check: CheckEvent) -> bool:
    """Return whether a check judged nothing because of something that is told in its own place."""
    return was_not_run(check) or was_not_tested(check)


def _by_reason(checks: Iterable[CheckEvent]) -> tuple[NotTested, ...]:
    groups: dict[tuple[str, str], list[CheckEvent]] = {}
    for check in checks:
        reason = check.reason.removeprefix(NOT_RUN).removeprefix(NOT_TESTED)
        groups.setdefault((check.target, reason), []).append(check)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(NotTested(*key, tuple(members)) for key, members in ordered)
