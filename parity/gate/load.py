"""Reads ``gates.toml``, ``steps.toml`` and the user's ``parity-gate.toml``; all three strictly."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from parity.gate.lapse import TIED
from parity.gate.rules import (
    Decision,
    Gate,
    GateFile,
    MeasuredOn,
    Rule,
    Step,
    Targets,
    Waiver,
)
from parity.model import UserError
from parity.model.formats import Misfit, decode

DEFAULT_FILE: Final = Path("parity-gate.toml")
GATES: Final = ("8", "11")
_TOP: Final = ("targets", "measured_on", "waiver", "decision", "schedule", "gate", "settings")
_SETTINGS: Final = ("allow_embedded", "carry_max_age_days")
_FIXED: Final = ("id", "kind", "job")
_LARGEST_BYTES: Final = 1_000_000
_T = TypeVar("_T")


def load_gate_file(path: Path | None) -> GateFile:
    """Read the user's file.

    Args:
        path: The file; ``None`` reads ``parity-gate.toml`` if it is there.

    Raises:
        UserError: The file is not there, not TOML, or says something that it cannot.
    """
    if path is None:
        if not DEFAULT_FILE.exists():
            return GateFile()
        path = DEFAULT_FILE
    document = _read(path)
    try:
        return _gate_file(document, path)
    except (Misfit, ValueError) as error:
        raise _wrong(path, str(error)) from None


def load_gate(number: str, file: GateFile) -> Gate:
    """Return a gate with what the user changed in it.

    Args:
        number: ``8`` or ``11``.
        file: The user's file.

    Raises:
        UserError: The file changes a rule that does not exist, or waives one.
    """
    shipped = tomllib.loads(_shipped("gates.toml"))["gate"]
    gate = _shipped_gate(number, shipped)
    carried = frozenset(each.id for each in gate.rules) - shipped[number]["rules"].keys()
    changed: dict[str, tuple[str, ...]] = {}
    rules = []
    for rule in gate.rules:
        # What gate 8 was told holds for the rules that gate 11 took from it, unless it is told too.
        told = _told(file, number, rule.id)
        if told:
            rule, changed[rule.id] = _changed(rule, told, file.source)  # noqa: PLW2901
        rules.append(rule)
    known = {rule.id for each in GATES for rule in _shipped_gate(each, shipped).rules}
    _refuse_unknown(file, number, known, {each.id for each in rules})
    return Gate(number, gate.title, tuple(rules), carried, changed)


def load_steps(file: GateFile) -> tuple[Step, ...]:
    """Return the twelve steps, with what the user changed in the rules of the gates.

    A rule of a step that says ``like = "suites"`` is that rule of a gate, as the user has it;
    ``areas = ["smoke"]`` takes only these of its areas.
    """
    gates = {rule.id: rule for number in reversed(GATES) for rule in load_gate(number, file).rules}
    steps = []
    for raw in tomllib.loads(_shipped("steps.toml"))["step"]:
        rules = tuple(_step_rule(each, gates, raw["number"]) for each in raw.pop("rules", ()))
        steps.append(replace(decode(Step, raw, f"step {raw['number']}"), rules=rules))
    return tuple(steps)


def _step_rule(raw: dict[str, Any], gates: Mapping[str, Rule], step: int) -> Rule:
    where = f"step {step}"
    like = raw.pop("like", None)
    if like is None:
        return decode(Rule, raw, where)
    if "areas" in raw:
        raw["areas"] = {name: gates[like].areas[name] for name in raw["areas"]}
    changes = decode(Rule, {"id": like, "title": "-", "job": "-", **raw}, where)
    return replace(gates[like], **{name: getattr(changes, name) for name in raw})


def _shipped(name: str) -> str:
    return (files("parity.gate") / name).read_text("utf-8")


def _shipped_gate(number: str, shipped: Mapping[str, Any]) -> Gate:
    raw = shipped[number]
    own = [
        decode(Rule, {"id": name, **each}, f"rule {name}") for name, each in raw["rules"].items()
    ]
    earlier = _shipped_gate(raw["carries"], shipped).rules if "carries" in raw else ()
    names = {each.id for each in own}
    kept = [each for each in earlier if each.id not in names]
    # What is said of the evidence of the other rules is said last.
    rules = sorted([*kept, *own], key=lambda each: each.kind == "known")
    return Gate(number, raw["title"], tuple(rules))


def _told(file: GateFile, number: str, rule: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for gate in GATES[: GATES.index(number) + 1]:
        told |= file.overrides.get(gate, {}).get(rule, {})
    return told


def _changed(rule: Rule, told: dict[str, Any], source: str) -> tuple[Rule, tuple[str, ...]]:
    for name in _FIXED:
        if name in told:
            raise _wrong(source, f"rule {rule.id}: {name} cannot be changed")
    plain = {field.name: getattr(rule, field.name) for field in fields(Rule)}
    for name in ("areas", "per_row", "at_least", "at_most", "exactly"):
        if isinstance(told.get(name), dict):
            told[name] = {**plain[name], **told[name]}
    base = {name: _plain(value) for name, value in plain.items()}
    try:
        new = decode(Rule, {**base, **told}, f"rule {rule.id}")
    except Misfit as error:
        raise _wrong(source, str(error)) from None
    return new, tuple(
        f"{name}: {_shown(plain[name])} → {_shown(getattr(new, name))}"
        for name in plain
        if plain[name] != getattr(new, name)
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items()) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _refuse_unknown(file: GateFile, number: str, known: set[str], mine: set[str]) -> None:
    for rule in file.overrides.get(number, {}):
        if rule not in mine:
            raise _wrong(file.source, f"gate {number} has no rule {rule!r}; it has {_list(mine)}")
    for waiver in file.waivers:
        if waiver.rule not in known:
            raise _wrong(file.source, f"no rule {waiver.rule!r} to waive; there are {_list(known)}")


def _gate_file(document: dict[str, Any], path: Path) -> GateFile:
    _only(document, _TOP, "the file")
    settings = _table(document, "settings")
    _only(settings, _SETTINGS, "settings")
    overrides: dict[str, dict[str, dict[str, object]]] = {}
    for number, gate in _table(document, "gate").items():
        if number not in GATES:
            raise Misfit(f"gate.{number}: there are the gates {_list(GATES)}")
        _only(gate, ("rules",), f"gate.{number}")
        overrides[number] = gate.get("rules", {})
        for name, rule in overrides[number].items():
            if not isinstance(rule, dict):
                raise Misfit(f"gate.{number}.rules.{name}: expected a table")
    read = GateFile(
        targets=decode(Targets, _table(document, "targets"), "targets"),
        measured_on=decode(MeasuredOn, _table(document, "measured_on"), "measured_on"),
        waivers=_each(Waiver, document, "waiver"),
        decisions=_each(Decision, document, "decision"),
        schedule=_schedule(_table(document, "schedule")),
        overrides=overrides,
        source=str(path),
    )
    _only(read.measured_on.digests, TIED, "measured_on.digests")
    allow, days = (settings.get(name, getattr(read, name)) for name in _SETTINGS)
    if not isinstance(allow, bool):
        raise Misfit("settings.allow_embedded: expected true or false")
    if isinstance(days, bool) or not isinstance(days, int | float) or days <= 0:
        raise Misfit("settings.carry_max_age_days: expected a number of days above 0")
    return replace(read, allow_embedded=allow, carry_max_age_days=float(days))


def _each(cls: type[_T], document: dict[str, Any], name: str) -> tuple[_T, ...]:
    raw = document.get(name, [])
    if not isinstance(raw, list):
        raise Misfit(f"{name}: write [[{name}]], with two brackets")
    return tuple(
        decode(cls, _dates(each), f"{name} {number}") for number, each in enumerate(raw, start=1)
    )


def _dates(value: Any) -> Any:
    """Write the dates of TOML as text: both forms are allowed."""
    if not isinstance(value, dict):
        return value
    return {
        name: each.isoformat()
        if isinstance(each, dt.date) and not isinstance(each, dt.datetime)
        else each
        for name, each in value.items()
    }


def _schedule(raw: dict[str, Any]) -> dict[int, dt.date]:
    schedule = {}
    for name, value in raw.items():
        if not name.isdecimal() or not 1 <= int(name) <= 12:
            raise Misfit(f"schedule.{name}: the steps are 1 to 12")
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            raise Misfit(f"schedule.{name}: expected a date like 2026-12-01, without quotes")
        schedule[int(name)] = value
    return schedule


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise Misfit(f"{name}: expected a table, [{name}]")
    return value


def _only(value: Any, names: Iterable[str], where: str) -> None:
    if not isinstance(value, dict):
        raise Misfit(f"{where}: expected a table")
    for name in value:
        if name not in names:
            raise Misfit(f"{where}: unknown field {name!r}; there are {_list(names)}")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise _wrong(path, "it is larger than a gate file can be")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror or error}",
            "Give a gate file with --gate-file; docs/gate.md shows one.",
            code="gate-file",
        ) from None
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"not TOML: {error}") from None


def _wrong(source: Path | str, why: str) -> UserError:
    return UserError(
        f"{source}: {why}", "docs/gate.md shows what a gate file can say.", code="gate-file"
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
