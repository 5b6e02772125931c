"""Reads the result file of an earlier gate, which is input like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from parity.gate.result import GATE, VERSION, GateReport, GateResult, State
from parity.model.formats import Misfit, NotJson
from parity.model.verdict import Word

_KEPT_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Previous:
    """What an earlier gate said.

    Attributes:
        number: Of the gate.
        word: Its verdict.
        judged_at: When, in UTC.
        holding: The runs (id and digest of the evidence) by rule, of those rules that held.
    """

    number: str
    word: Word
    judged_at: datetime
    holding: Mapping[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A result file that cannot be used.

    Attributes:
        what: What is wrong with it.
    """

    what: str


def read_result(path: Path, number: str) -> Previous | Unreadable | None:
    """Read a result file.

    Args:
        path: For example ``reports/gate-8.json``.
        number: The gate that it has to be of.

    Returns:
        What it says, what is wrong with it, or ``None`` if there is none.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unreadable(f"cannot read {path}: {error.strerror or error}")
    try:
        return _previous(raw, number)
    except NotJson:
        return Unreadable(f"{path} is not JSON")
    except ValueError as error:
        return Unreadable(f"{path} is no result of gate {number}: {error}")


def _previous(raw: bytes, number: str) -> Previous:
    try:
        said = GATE.parse(raw)
    except Misfit as error:
        if error.where == ("version",):
            raise ValueError(f"another version wrote it, and {VERSION} is read") from None
        raise
    if said.gate != number:
        raise ValueError(f"it is of gate {said.gate}")
    judged_at = datetime.fromisoformat(said.judged_at)
    if judged_at.tzinfo is None:
        raise ValueError("its time has no zone")
    holding = {
        rule.id: frozenset((proof.run, proof.sha256) for proof in rule.proofs)
        for rule in said.rules
        if rule.state is State.HOLDS
    }
    return Previous(number, said.verdict, judged_at.astimezone(UTC), holding)


def says_the_same(path: Path, result: GateResult) -> str:
    """Return the text of a result file that says what a gate says now; else nothing.

    Judging again with nothing changed changes nothing: a dossier names the digest of the file.
    After a day it is written anew, because its age counts for gate 11.

    Args:
        path: The result file; it need not be there, or be one.
        result: What the gate says now.
    """
    try:
        raw = path.read_bytes()
        kept, now = GATE.parse(raw), GateReport.of(result)
        age = datetime.fromisoformat(now.judged_at) - datetime.fromisoformat(kept.judged_at)
    except (OSError, ValueError, TypeError):
        return ""
    recent = timedelta(0) <= age < _KEPT_FOR
    return raw.decode() if recent and _timeless(kept) == _timeless(now) else ""


def _timeless(report: GateReport) -> GateReport:
    """Return a result without the time, and without what only grows with it."""
    rules = tuple(
        replace(rule, proofs=tuple(replace(proof, age_days=0.0) for proof in rule.proofs))
        for rule in report.rules
    )
    return replace(report, judged_at="", rules=rules)
