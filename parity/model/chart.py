"""How a table of evidence is drawn. Drawing it is the report's work: :mod:`parity.html.chart`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal

ChartKind = Literal["line", "steps", "bars", "points"]
Axis = Literal["left", "right"]

_SCHEME_OR_OUTSIDE: Final = re.compile("[\x00-\x1f\x7f\\\\:\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the x axis that has a name: the knee, the start of the hold.

    Attributes:
        x: Where, in the unit of the x axis.
        label: Its name.
    """

    x: float
    label: str

    def __post_init__(self) -> None:
        _finite(self.x, "a mark")


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that a series should not cross: the objective of a latency, the size of a cache.

    Attributes:
        y: The value, in the unit of its axis.
        label: Its name.
        axis: Which axis it is on.
    """

    y: float
    label: str
    axis: Axis = "left"

    def __post_init__(self) -> None:
        _finite(self.y, "a limit")


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of a table: one column along, others up.

    A cell that is no finite number is a gap: a line breaks there, a bar is left out.

    Attributes:
        kind: ``line`` joins the rows in their order, ``steps`` holds each value until the next
            row, ``points`` joins nothing; ``bars`` has a bar for each row, whatever ``x`` holds.
        x: Name of the column along the x axis: numbers; for bars, names.
        y: Names of the columns on the left axis.
        right: Names of columns on a second axis; not for bars.
        x_label: What is along the x axis, with its unit; empty for the column's name.
        y_label: What is on the left axis, with its unit.
        right_label: What is on the second axis, with its unit.
        x_log: Whether the x axis is logarithmic; not for bars.
        y_log: Whether the left axis is.
        right_log: Whether the second axis is.
        marks: Named places on the x axis; not for bars.
        limits: Named values on an axis.
        group: Charts of one group stand below each other in one figure, with the same x axis;
            empty for a figure of its own. Not for bars.
    """

    kind: ChartKind
    x: str
    y: tuple[str, ...]
    right: tuple[str, ...] = ()
    x_label: str = ""
    y_label: str = ""
    right_label: str = ""
    x_log: bool = False
    y_log: bool = False
    right_log: bool = False
    marks: tuple[Mark, ...] = ()
    limits: tuple[Limit, ...] = ()
    group: str = ""

    def __post_init__(self) -> None:
        if not self.y:
            raise ValueError("a chart needs a column on its left axis")
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("a chart names a column twice")
        if self.kind == "bars" and (self.right or self.marks or self.group or self.x_log):
            raise ValueError("bars have one axis of numbers: no second axis, marks or group")
        if not self.right and any(limit.axis == "right" for limit in self.limits):
            raise ValueError("a limit is on a second axis, and nothing else is")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        return (self.x, *self.y, *self.right)


def check_beside(path: str) -> None:
    """Refuse what is no path of a file beside the evidence, or in a folder beside it.

    Raises:
        ValueError: It is absolute, leads outside, names a scheme or a host, or is no plain path.
    """
    parts = path.split("/")
    if _SCHEME_OR_OUTSIDE.search(path) or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"no path of a file beside the evidence: {path[:100]!r}")


def _finite(value: float, what: str) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{what} is at {value!r}")
