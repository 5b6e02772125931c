"""Open differences: what fails and nothing explains, and what is registered and was met."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from parity.dossier.model import Met, OpenDifference, Share, Weight
from parity.dossier.uses import Use
from parity.gate import GateResult
from parity.gate.evaluate import JUDGED, Part
from parity.gate.known import observed
from parity.gate.result import State
from parity.gate.rules import Rule
from parity.gate.runs import Run
from parity.gate.text import sentence
from parity.gate.traffic import shares
from parity.model import Outcome
from parity.model.evidence import CheckEvent, KnownDifferenceEvent

WEIGHTS: Final[tuple[Weight, ...]] = ("security", "breaking", "unregistered", "benign")
# As parity/jobs/replay/evidence.py words it; a test holds both together.
_REQUESTS: Final = re.compile(r"\b([\d,]+) of [\d,]+ requests: different\b")
_CLIENTS: Final = re.compile(r"\b([\d,]+) of ([\d,]+) clients are hit\b")
_UNDESCRIBED: Final = "The evidence does not describe this entry."

_Key = tuple[str, str, str]


def unknown(uses: Iterable[Use]) -> tuple[OpenDifference, ...]:
    """Return the checks that fail, those first that cost most.

    What no rule of the gates looks at (a check of level ``may``) is there as well, last, and says
    so.

    Args:
        uses: What the gates were judged by.
    """
    newest = sorted(uses, key=lambda each: each.run.started_at, reverse=True)
    counted = _failing((use, _looked_at(use)) for use in newest)
    rest = _failing(
        (
            use,
            [check for check in use.run.checks(use.target) if _key(use.run, check) not in counted],
        )
        for use in newest
        if use.proves
    )
    looked = {_key(use.run, each) for use in newest for each in _looked_at(use)}
    found = [_of_check(run, each, counted=True) for run, each in counted.values()]
    found += [
        _of_check(run, each, counted=False)
        for key, (run, each) in rest.items()
        if key not in looked
    ]
    return tuple(sorted(found, key=_urgency))


def known(uses: Iterable[Use], gates: Iterable[GateResult]) -> tuple[OpenDifference, ...]:
    """Return the registered differences that were met, those first that cost most.

    Args:
        uses: What the gates were judged by.
        gates: The gates, for what they allow.
    """
    pairs = list({(u.run.run_id, u.target): (u.run, u.target) for u in uses if u.proves}.values())
    rules = [result for gate in gates for result in gate.rules if result.rule.kind == "known"]
    waivers = [rule.waiver.name for rule in rules if rule.state is State.WAIVED and rule.waiver]
    found = []
    for name, severity in observed(pairs).items():
        entry = next(filter(None, (_entry(run, name) for run, _ in pairs)), None)
        met = tuple(m for run, target in pairs for m in _met(run, target, name))
        reasons = [_allows(rule.rule, name, severity) for rule in rules]
        allowed = "; ".join(dict.fromkeys(reasons)) if reasons and all(reasons) else ""
        if not allowed and waivers:
            allowed = f"waived by {', '.join(dict.fromkeys(waivers))}"
        found.append(_of_entry(name, entry, _weight(severity), met, allowed))
    return tuple(sorted(found, key=_urgency))


def _looked_at(use: Use) -> list[CheckEvent]:
    """Return the checks that a rule looks at."""
    rule = use.rule
    checks = Part(rule, use.target, "", 1).checks(use.run)
    if rule.areas and rule.others_may_fail:
        return [check for check in checks if check.area in rule.areas]
    return checks


def _failing(looked: Iterable[tuple[Use, list[CheckEvent]]]) -> dict[_Key, tuple[Run, CheckEvent]]:
    """Return what fails by the newest run that proves something; the runs are newest first."""
    found: dict[_Key, tuple[Run, CheckEvent]] = {}
    mended: set[_Key] = set()
    for use, checks in looked:
        for check in checks:
            key = _key(use.run, check)
            if check.outcome is Outcome.FAIL and key not in mended:
                found.setdefault(key, (use.run, check))
            elif use.proves and check.outcome in JUDGED and key not in found:
                mended.add(key)
    return found


def _key(run: Run, check: CheckEvent) -> _Key:
    return run.job, check.target, check.id


def _of_check(run: Run, check: CheckEvent, *, counted: bool) -> OpenDifference:
    finding = check.finding
    effect = [sentence(check.reason)] if check.reason else []
    if finding is not None and finding.cause:
        effect.append(sentence(finding.cause))
    return OpenDifference(
        id=check.id,
        known=False,
        title=check.title or check.id,
        severity="unregistered" if finding is None else _weight(finding.severity),
        effect=" ".join(effect),
        remedy="" if finding is None else finding.remedy,
        reproduce="" if finding is None else finding.reproduce,
        met=(_met_by(run, check),),
        counted=counted,
    )


def _met_by(run: Run, check: CheckEvent) -> Met:
    """Return what a failing check costs: requests and clients where a replay says them."""
    requests, clients = _REQUESTS.search(check.reason), _CLIENTS.search(check.reason)
    numbers = shares(run) if run.job == "replay" else None
    if requests is None or numbers is None:
        judged = sum(each.outcome in JUDGED for each in run.checks(check.target))
        return Met(run.run_id, run.job, check.target, run.evidence.header.unit, Share(1, judged))
    return Met(
        run.run_id,
        run.job,
        check.target,
        "request",
        Share(_number(requests[1]), numbers.judged["requests"]),
        None if clients is None else Share(_number(clients[1]), _number(clients[2])),
    )


def _met(run: Run, target: str, name: str) -> Iterator[Met]:
    """Yield where a registered difference was met in a run, and how often."""
    entry = _entry(run, name)
    seen = [
        check for check in run.checks(target) if any(d.known == name for d in check.differences)
    ]
    alone = target == "*" or len(run.targets) == 1
    count = max(len(seen), entry.observed if entry is not None and alone else 0)
    if not count:
        return
    shown = next((each.target for each in seen), target)
    numbers = shares(run) if run.job == "replay" else None
    if numbers is not None:
        yield Met(run.run_id, run.job, shown, "request", Share(count, numbers.judged["requests"]))
        return
    judged = sum(check.outcome in JUDGED for check in run.checks(target))
    yield Met(run.run_id, run.job, shown, run.evidence.header.unit, Share(count, judged))


def _entry(run: Run, name: str) -> KnownDifferenceEvent | None:
    return next(
        (difference for difference in run.evidence.known_differences if difference.id == name), None
    )


def _of_entry(
    name: str,
    entry: KnownDifferenceEvent | None,
    severity: Weight,
    met: tuple[Met, ...],
    allowed: str,
) -> OpenDifference:
    return OpenDifference(
        id=name,
        known=True,
        title=_UNDESCRIBED if entry is None else entry.title,
        severity=severity,
        effect="" if entry is None else entry.effect,
        remedy="" if entry is None else entry.remedy,
        reproduce="" if entry is None else f"parity explain {name}",
        met=met,
        allowed=allowed,
    )


def _allows(rule: Rule, name: str, severity: str) -> str:
    if name in rule.allow:
        return "allowed by its id"
    return f"{severity} differences are allowed" if severity in rule.severities else ""


def _weight(severity: str) -> Weight:
    return next((weight for weight in WEIGHTS if weight == severity), "unregistered")


def _urgency(each: OpenDifference) -> tuple[bool, bool, int, float, int, int, str]:
    """Return what comes first: what counts, is refused, is severe, and hits most traffic."""
    requests = [m.count for m in each.met if m.unit == "request" and m.count.whole]
    share = max((of.part / of.whole for of in requests), default=0.0)
    clients = max((m.clients.part for m in each.met if m.clients is not None), default=0)
    count = max((m.count.part for m in each.met), default=0)
    severity = WEIGHTS.index(each.severity)
    return not each.counted, bool(each.allowed), severity, -share, -clients, -count, each.id


def _number(text: str) -> int:
    return int(text.replace(",", ""))
