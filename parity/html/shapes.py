"""What a drawing is made of: paths and texts with places, in the units of its view box."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]

FONT: Final = 13.0
"""Size of the text; style.css sets the same."""
LINE: Final = 18.0
"""Height of a line of text."""
COLOURS: Final = 6
"""How many colours, dashes and marker shapes style.css and this module know."""

_NARROW: Final = frozenset("iljtfrI .,:;|!'()[]{}`")
_WIDE_CATEGORIES: Final = frozenset({"Lu", "So", "Sm", "Co", "Cn"})
_RADIUS: Final = 3.6
_CORNERS: Final = {
    0: [(math.cos(n * math.pi / 4), math.sin(n * math.pi / 4)) for n in range(8)],
    1: [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    2: [(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
    3: [(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
    4: [(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
    5: [(-1.5, -0.5), (1.5, -0.5), (1.5, 0.5), (-1.5, 0.5)],
}


@dataclass(frozen=True, slots=True)
class Path:
    """A line or an area.

    Attributes:
        look: Classes of style.css.
        d: The path's data: absolute, straight lines only.
    """

    look: str
    d: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text on its baseline.

    Attributes:
        look: Classes of style.css.
        x: Where it starts, ends, or has its middle, as ``anchor`` says.
        y: Its baseline.
        text: What it says; it is escaped where it is written.
        anchor: ``start``, ``middle`` or ``end``.
    """

    look: str
    x: float
    y: float
    text: str
    anchor: str = "start"

    @property
    def span(self) -> tuple[float, float]:
        """Where it is from left to right, estimated."""
        wide = width_of(self.text)
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return left, left + wide


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing for one width of the page.

    Attributes:
        name: ``wide`` or ``narrow``.
        width: Width of the view box.
        height: Its height.
        paths: In the order in which they are painted.
        texts: Above the paths.
    """

    name: str
    width: float
    height: float
    paths: tuple[Path, ...]
    texts: tuple[Text, ...]


def place(value: float) -> str:
    """Return a coordinate as SVG has it: a tenth is finer than anybody sees."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def line(points: Iterable[Point]) -> str:
    """Return path data that joins points; one point alone is a dot of no length."""
    pairs = [f"{place(x)},{place(y)}" for x, y in points]
    if len(pairs) == 1:
        pairs *= 2
    return "M" + "L".join(pairs)


def area(points: Iterable[Point]) -> str:
    """Return path data of a closed shape."""
    return f"{line(points)}Z"


def marker(number: int, centre: Point) -> str:
    """Return path data of a series' marker; six shapes differ, then they come again shifted."""
    x, y = centre
    corners = _CORNERS[(number + number // COLOURS) % COLOURS]
    return area((x + dx * _RADIUS, y + dy * _RADIUS) for dx, dy in corners)


def look(number: int) -> str:
    """Return the class that gives a series its colour and dash."""
    return f"series-{number % COLOURS + 1}"


def width_of(text: str) -> float:
    """Estimate how wide a text is, generously: no font is measured here."""
    return sum(map(_width_of_one, text)) * FONT


def _width_of_one(character: str) -> float:
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.05
    if character in _NARROW:
        return 0.42
    if character in "mwMW@%…—" or unicodedata.category(character) in _WIDE_CATEGORIES:
        return 0.95
    return 0.62


def fit(text: str, room: float) -> str:
    """Return a text on one line, cut with an ellipsis if it is wider than there is room."""
    text = " ".join(text.split())
    if len(text) <= room and width_of(text) <= room:
        return text
    kept, used = "", _width_of_one("…") * FONT
    for character in text:
        used += _width_of_one(character) * FONT
        if used > room:
            break
        kept += character
    return f"{kept.rstrip()}…"


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float] | None:
    """Move places apart, as little as need be.

    Args:
        wanted: Where labels would like to be.
        gap: The least distance between two.
        low: The least place.
        high: The greatest.

    Returns:
        A place for each, in the same order; ``None`` if there is no room for all.
    """
    if (len(wanted) - 1) * gap > high - low:
        return None
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    places = [0.0] * len(wanted)
    at = low - gap
    for each in order:
        at = places[each] = max(wanted[each], at + gap, low)
    at = high + gap
    for each in reversed(order):
        at = places[each] = min(places[each], at - gap)
    return places
