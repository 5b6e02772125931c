"""Which known differences the evidence shows, and whether the gate allows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from parity.gate.result import Reason, RuleResult, State, worst
from parity.gate.rules import Rule
from parity.gate.runs import Run

UNKNOWN = "unregistered"
_SHOWN = 5


def observed(runs: Iterable[tuple[Run, str]]) -> dict[str, str]:
    """Return the known differences that some runs met.

    Args:
        runs: Each run with the name of the target to look at, or ``*``.

    Returns:
        The severity by id; ``unregistered`` if the evidence does not say it.
    """
    found: dict[str, str] = {}
    for run, target in runs:
        entries = {each.id: each for each in run.evidence.known_differences}
        ids = {
            difference.known
            for check in run.checks(target)
            for difference in check.differences
            if difference.known is not None
        }
        # Evidence may show only the first of many; of several targets it does not say which one.
        if target == "*" or len(run.targets) == 1:
            ids |= {entry.id for entry in entries.values() if entry.observed}
        for id_ in ids:
            severity = entries[id_].severity if id_ in entries else UNKNOWN
            found[id_] = max(found.get(id_, severity), severity, key=_weight)
    return found


def evaluate_known(rule: Rule, runs: list[tuple[Run, str]]) -> RuleResult:
    """Judge a rule of kind ``known`` by the runs that prove the other rules.

    Args:
        rule: The rule.
        runs: Each run with the name of the target to look at.
    """
    if not runs:
        reason = Reason(State.MISSING, "there is no evidence that could show known differences")
        return RuleResult(rule, State.MISSING, (reason,))
    found = observed(runs)
    refused: dict[str, list[str]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for entry, severity in sorted(found.items()):
        counts[severity] += 1
        if severity not in rule.severities and entry not in rule.allow:
            refused[severity].append(entry)
    reasons = tuple(
        Reason(
            State.FAILED,
            f"{len(ids)} {severity} known difference{'s are' if len(ids) > 1 else ' is'} not "
            f"allowed: {', '.join(ids[:_SHOWN])}"
            + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""),
        )
        for severity, ids in sorted(refused.items(), key=lambda item: -_weight(item[0]))
    )
    facts = [f"{number} {severity} observed" for severity, number in sorted(counts.items())] or [
        "no known difference was observed"
    ]
    every = [f'"{id_}"' for ids in refused.values() for id_ in ids]
    if every:
        facts.append(f"read each with parity explain; then allow = [{', '.join(sorted(every))}]")
    unused = sorted(set(rule.allow) - found.keys())
    if unused:
        facts.append(f"allowed, but not observed: {', '.join(unused)}")
    return RuleResult(rule, worst(reasons), reasons, tuple(facts))


def _weight(severity: str) -> int:
    return ("benign", "breaking", "security", UNKNOWN).index(severity)
