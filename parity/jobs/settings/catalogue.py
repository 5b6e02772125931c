"""The settings that are looked at, as data: ``settings.toml`` beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from parity.model.finding import Severity
from parity.model.formats import Format
from parity.model.toml import Document

Kind = Literal["switch", "days", "attempts"]
Value = bool | float
"""``true`` or ``false`` for a switch; days; failed log-ins until an account is locked, 0: never."""

SAME_DAYS: Final = 0.02
"""Lengths of sessions that differ by less than this are the same: half an hour."""


@dataclass(frozen=True, slots=True)
class Side:
    """What it means for the app's users when the server and the hosted app differ in one way.

    Attributes:
        severity: ``breaking``: the app notices; ``security``: somebody may do more than before;
            ``benign``: worth knowing.
        effect: What happens.
        remedy: What to do.
    """

    severity: Severity
    effect: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; the fields are explained at the top of ``settings.toml``.

    Attributes:
        name: Stable name: ``PUBLIC-FILE-UPLOAD``.
        key: Field of the hosted settings file.
        title: What holds if the check passes.
        guide: Where the hosted service showed it; may be empty.
        area: Area of the API.
        kind: Which values it has.
        yes: What ``true`` means.
        no: What ``false`` means.
        option: The Parse Server option that decides it.
        since: First version with that option.
        source: Where option, default and version are described.
        more: The server says true, or a greater number.
        less: The server says false, or a smaller number.
        hosted: What the hosted service did for everybody or by default; ``None`` where it was the
            app's own choice.
        hosted_source: How that is known.
        open_door: Whether true is a way in for strangers.
    """

    name: str
    key: str
    title: str
    guide: str
    area: str
    kind: Kind
    yes: str
    no: str
    option: str
    since: str
    source: str
    more: Side
    less: Side
    hosted: Value | None = None
    hosted_source: str = ""
    open_door: bool = False

    @property
    def code(self) -> str:
        """Return the code of its findings: ``SET-PUBLIC-FILE-UPLOAD``."""
        return f"SET-{self.name}"

    def words(self, value: Value) -> str:
        """Say in words what a value means."""
        if self.kind == "days":
            return in_words(value)
        if self.kind == "attempts":
            return f"after {value:g} wrong passwords" if value else "never locked"
        return self.yes if value else self.no

    def same(self, one: Value, other: Value) -> bool:
        """Tell whether two values are the same setting."""
        if self.kind == "days":
            return abs(one - other) < SAME_DAYS
        return one == other

    def side(self, hosted: Value, server: Value) -> Side:
        """Return what it means that two values, which are not the same, differ."""
        if self.kind == "attempts":
            # An account that is never locked is one that is locked after endless attempts.
            return self.more if not server or 0 < hosted < server else self.less
        return self.more if server > hosted else self.less


_SETTINGS: Final = Format[dict[str, Setting]](dict[str, Setting])


def in_words(days: float) -> str:
    """Say how long something lasts: ``365 days``, ``1.5 hours``."""
    return f"{round(days, 1):g} days" if days >= 2 else f"{round(days * 24, 1):g} hours"


@cache
def catalogue() -> dict[str, Setting]:
    """Return all settings by name, in the order of the file."""
    document = Document(Path(__file__).with_name("settings.toml").read_text(encoding="utf-8"))
    entries = {name: {"name": name, **entry} for name, entry in document.value.items()}
    return document.read(_SETTINGS, entries)
