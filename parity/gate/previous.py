"""Reads the result file of an earlier gate, which is input like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parity.gate.result import State, Word

FORMAT = "parity-gate"
VERSION = 1


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
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unreadable(f"cannot read {path}: {error.strerror or error}")
    except (ValueError, RecursionError):
        return Unreadable(f"{path} is not JSON")
    try:
        return _previous(value, number)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Unreadable(f"{path} is no result of gate {number}: {error}")


def _previous(value: Any, number: str) -> Previous:
    if value["format"] != FORMAT or value["gate"] != number:
        raise ValueError("it says that it is something else")
    if value["version"] != VERSION:
        raise ValueError(f"its version is {value['version']!r}, and {VERSION} is read")
    judged_at = datetime.fromisoformat(value["judged_at"])
    holding = {
        str(rule["id"]): frozenset((str(run["run"]), str(run["sha256"])) for run in rule["proofs"])
        for rule in value["rules"]
        if State(rule["state"]) is State.HOLDS
    }
    if judged_at.tzinfo is None:
        raise ValueError("its time has no zone")
    return Previous(number, Word(value["verdict"]), judged_at.astimezone(UTC), holding)
