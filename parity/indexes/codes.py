"""What the finding codes mean; the texts are in ``codes.toml`` beside this module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from parity.indexes.model import Code
from parity.model.evidence import Severity


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means.

    Attributes:
        title: What was found, in one line.
        severity: What it does to an app.
        cause: Why it is so, and what goes wrong.
    """

    title: str
    severity: Severity
    cause: str


def explain_code(code: Code) -> Explanation:
    """Return what a code means."""
    return _catalogue()[code]


@cache
def _catalogue() -> dict[Code, Explanation]:
    text = Path(__file__).with_name("codes.toml").read_text(encoding="utf-8")
    return {Code(name): Explanation(**entry) for name, entry in tomllib.loads(text).items()}
