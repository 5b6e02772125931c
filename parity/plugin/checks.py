"""What a check says of itself: area, level, effect, spec, requirements and docstring."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest

from parity.model import UserError
from parity.model.evidence import ChosenFact, SelectionEvent
from parity.model.toml import nearest
from parity.plugin.options import EFFECTS, LEVELS, RunOptions
from parity.targets import CAPABILITIES

MARKERS = (
    "area(name): the part of the API that the check is about, such as objects or queries",
    "level(name): must, should or may; how much an app depends on it (default: must)",
    "spec(*ids): the documented sections that state the behaviour: 'rest/queries#constraints'",
    "effect(name): reads, writes or destructive; what it does to the target (default: writes)",
    "requires(*names): capabilities that the target must have: " + ", ".join(CAPABILITIES),
    "title(text): what the check is called, where one function runs many (default: docstring)",
)
TARGET_FIXTURE = "target"


@dataclass(frozen=True, slots=True)
class Check:
    """One check on one target.

    Attributes:
        id: Its node id without the target.
        nodeid: pytest's node id.
        target: Name of the target.
        area: Part of the API.
        level: ``must``, ``should`` or ``may``.
        effect: ``reads``, ``writes`` or ``destructive``.
        spec: Documented sections that state the behaviour.
        requires: Capabilities that the target must have.
        title: First line of the docstring, or of the marker ``title``.
    """

    id: str
    nodeid: str
    target: str
    area: str
    level: str
    effect: str
    spec: tuple[str, ...]
    requires: tuple[str, ...]
    title: str


def is_check(item: pytest.Item) -> bool:
    """Return whether an item runs on a target."""
    return TARGET_FIXTURE in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")


def only_looks(item: pytest.Item) -> int:
    """Return a key that sorts checks that only read before everything else."""
    mark = item.get_closest_marker("effect")
    return 0 if is_check(item) and mark is not None and mark.args == ("reads",) else 1


def describe_check(item: pytest.Item) -> Check:
    """Read what a check says of itself.

    Raises:
        UserError: Everything that is missing or wrong.
    """
    problems: list[str] = []
    area = _one(item, "area", problems, choices=None, default=None)
    level = _one(item, "level", problems, choices=LEVELS, default="must")
    effect = _one(item, "effect", problems, choices=EFFECTS, default="writes")
    spec = tuple(str(argument) for mark in item.iter_markers("spec") for argument in mark.args)
    if not spec:
        problems.append('it has no @pytest.mark.spec("guide/section#part")')
    requires = tuple(
        str(argument) for mark in item.iter_markers("requires") for argument in mark.args
    )
    problems += [
        f"it requires {require!r}, {nearest(require, tuple(CAPABILITIES))}"
        for require in requires
        if require not in CAPABILITIES
    ]
    mark = item.get_closest_marker("title")
    doc = getattr(getattr(item, "function", None), "__doc__", None)
    title = str(mark.args[0] if mark is not None and mark.args else doc or "").strip()
    if not title:
        problems.append("it has no docstring that states the behaviour")
    if problems:
        raise UserError(f"{item.nodeid}: " + "; ".join(problems))
    target = str(item.callspec.params[TARGET_FIXTURE])  # type: ignore[attr-defined]
    return Check(
        id=without_target(item.nodeid, target),
        nodeid=item.nodeid,
        target=target,
        area=area,
        level=level,
        effect=effect,
        spec=spec,
        requires=requires,
        title=title.splitlines()[0],
    )


def without_target(nodeid: str, target: str) -> str:
    """Return a node id without its target: ``a.py::test_x[selfhosted-3]`` → ``a.py::test_x[3]``."""
    head, bracket, rest = nodeid.rpartition("[")
    if not bracket:
        return nodeid
    parts = [part for part in rest.removesuffix("]").split("-") if part]
    kept = "-".join(_drop_first(parts, target.split("-")))
    return f"{head}[{kept}]" if kept else head


def select(items: Sequence[pytest.Item], options: RunOptions) -> list[pytest.Item]:
    """Return the items that ``--area`` and ``--level`` leave; others than checks stay.

    Raises:
        UserError: An area that no check has; the message names the nearest.
    """
    checks = {item: describe_check(item) for item in items if is_check(item)}
    areas = tuple(sorted({check.area for check in checks.values()}))
    for area in options.areas:
        if checks and area not in areas:
            raise UserError(f"--area {area}: {nearest(area, areas)}")
    return [
        item
        for item in items
        if item not in checks
        or (
            (not options.areas or checks[item].area in options.areas)
            and (not options.levels or checks[item].level in options.levels)
        )
    ]


def selection_of(collected: Sequence[pytest.Item], chosen: Sequence[pytest.Item]) -> SelectionEvent:
    """Return what was collected, and what of it is to be run.

    Args:
        collected: Checks, before anything left some of them out.
        chosen: pytest's final list.
    """
    selected = {item.nodeid for item in chosen}
    checks = [describe_check(item) for item in collected]
    return SelectionEvent(
        selected=_grouped(check for check in checks if check.nodeid in selected),
        left_out=_grouped(check for check in checks if check.nodeid not in selected),
    )


def _grouped(checks: Iterable[Check]) -> tuple[ChosenFact, ...]:
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for check in checks:
        groups[check.target, check.area, check.level].append(check.nodeid)
    return tuple(
        ChosenFact(target, area, level, tuple(sorted(names)))  # type: ignore[arg-type]
        for (target, area, level), names in sorted(groups.items())
    )


def check_marker_expression(config: pytest.Config) -> None:
    """Raise if ``-m`` uses a marker that is not registered, naming the nearest.

    Raises:
        UserError: With the nearest marker.
    """
    known = [line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")]
    expression = re.sub(r"\([^)]*\)", "", str(config.getoption("markexpr") or ""))
    for word in re.findall(r"[A-Za-z_]\w*", expression):
        if word not in known and word not in ("and", "or", "not", "True", "False", "None"):
            close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else "`pytest --markers` lists them"
            raise UserError(f"unknown marker {word!r} in -m, {hint}")


def _one(
    item: pytest.Item,
    name: str,
    problems: list[str],
    *,
    choices: tuple[str, ...] | None,
    default: str | None,
) -> str:
    mark = item.get_closest_marker(name)
    value = mark.args[0] if mark is not None and mark.args else default
    if value is None:
        problems.append(f'it has no @pytest.mark.{name}("…")')
        return ""
    if choices is not None and value not in choices:
        problems.append(f"{name} {value!r}: {nearest(str(value), choices)}")
    return str(value)


def _drop_first(parts: list[str], wanted: list[str]) -> list[str]:
    """Remove the first run of ``wanted`` from ``parts``."""
    for start in range(len(parts) - len(wanted) + 1):
        if parts[start : start + len(wanted)] == wanted:
            return parts[:start] + parts[start + len(wanted) :]
    return parts
