"""Whether a run was told to look at less than a rule demands, or at another app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from parity.gate.rules import Rule
from parity.gate.runs import Run
from parity.model.evidence import AskedFact

SHIPPED: Final = "shipped"


def weakened(run: Run, rule: Rule) -> Iterator[str]:
    """Yield everything that a run was told and that a rule does not allow.

    What no field of the rule names is allowed only as it is shipped, so that an option that is
    new weakens nothing unnoticed.

    Args:
        run: The run.
        rule: The rule.
    """
    asked = run.evidence.header.asked
    for name in sorted({*rule.at_least, *rule.at_most, *rule.exactly} - asked.keys()):
        yield f"{run.run_id} does not say what it was told as {name}"
    for name, fact in asked.items():
        if name not in rule.may_be_asked and (wanted := _demand(name, fact, rule)):
            yield (
                f"{run.run_id} was told {name} = {_shown(fact.given)} (shipped: "
                f"{_shown(fact.shipped)}), and the rule demands {wanted}"
            )


def _demand(name: str, fact: AskedFact, rule: Rule) -> str:
    """Return what the rule demands instead; nothing if it is content."""
    if name in rule.exactly:
        wanted: Any = rule.exactly[name]
        wanted = sorted(wanted) if isinstance(wanted, tuple) else wanted
        same = wanted == fact.given or (wanted == "" and fact.given is None)
        return "" if same else _shown(wanted)
    if name not in rule.at_least and name not in rule.at_most:
        return "" if fact.is_shipped else "what is shipped"
    for word, limits, sign in (("at least", rule.at_least, 1), ("at most", rule.at_most, -1)):
        if name not in limits:
            continue
        limit = fact.shipped if limits[name] == SHIPPED else limits[name]
        if fact.given is None and limit is None:
            continue
        if not (_is_number(fact.given) and _is_number(limit)) or sign * fact.given < sign * limit:
            return f"{word} {_shown(limit)}"
    return ""


def unselected(run: Run, rule: Rule, target: str, area: str) -> Iterator[str]:
    """Yield what pytest left out of an area, whatever chose, and what it did not run.

    Args:
        run: A run of the suites.
        rule: The rule.
        target: Name of the target.
        area: The area.
    """
    if not run.evidence.selections:
        yield f"{run.run_id} does not say what pytest collected"
    ran = {check.nodeid for check in run.checks(target)}
    for selection in run.evidence.selections:
        for what, groups in (
            ("left out", selection.left_out),
            ("selected, and did not run", selection.selected),
        ):
            checks = [
                check
                for group in groups
                if (group.target, group.area) == (target, area) and group.level in rule.levels
                for check in group.checks
                if check not in ran
            ]
            if checks:
                yield f"{run.run_id} {what} {len(checks)} of area {area}: {_some(checks)}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(sorted(names)[:3])}{more}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        "none" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)
    )
