"""What every maker of documents shares: the plan, ids, times, permissions and text."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bson.datetime_ms import DatetimeMS

from parity.seed.ids import object_ids
from parity.seed.plan import SeedPlan

Document = dict[str, Any]
Maker = Callable[[int], Document]
"""Makes the n-th document of a collection, in order from 0."""

BEGAN_MS: Final = 1_325_376_000_000
"""2012-01-01, when the app went live."""
YEAR_MS: Final = 365 * 86_400_000
SPAN_MS: Final = 4 * YEAR_MS
FAR_MS: Final = 4_102_444_800_000
"""2100-01-01, when sessions of a seed end: those of a sound database have not expired."""

_TEXT: Final = (
    "the game score player level of a new best and round naïve café Ångström Ünïcode "
    "привет мир 日本語 テスト 😀 🎮 e\u0301te\u0301 won lost again in with team match final half"
)
_POOL_CHARACTERS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Making:
    """One seed while it is made.

    Attributes:
        plan: What is made.
        padding: Mean characters of text that each long document gets.
        text: A pool of text that documents cut theirs from.
        ids: What gives object ids, by class.
    """

    plan: SeedPlan
    padding: int = 0
    text: str = ""
    ids: Mapping[str, Callable[[int], str]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: SeedPlan, padding: int = 0) -> Making:
        """Prepare a seed."""
        rng = random.Random(f"{plan.seed}/text")  # noqa: S311 - repeatable, not secret
        vocabulary, words = _TEXT.split(), list[str]()
        characters = 0
        while characters < _POOL_CHARACTERS:
            words.append(rng.choice(vocabulary))
            characters += len(words[-1]) + 1
        classes = [name for name in plan.sizes if not name.startswith("_Join:")]
        ids = {name: object_ids(plan.seed, name) for name in (*classes, "Quirk")}
        return cls(plan, padding, " ".join(words), ids)

    def rng(self, what: str) -> random.Random:
        """Return random numbers of their own for one collection."""
        return random.Random(f"{self.plan.seed}/{what}")  # noqa: S311 - repeatable, not secret

    def count(self, name: str) -> int:
        """Return how many documents a collection gets."""
        return self.plan.sizes.get(name, 0)

    def padded(self, chance: float) -> str:
        """Return text of 0 to 2 times the padding, with that mean for a chance of 0 to 1."""
        length = int(2 * self.padding * chance)
        if length <= 0:
            return ""
        start = int(chance * 7919 * 1000) % len(self.text)
        whole, rest = divmod(start + length, len(self.text))
        if not whole:
            return self.text[start : start + length]
        return self.text[start:] + self.text * (whole - 1) + self.text[:rest]


def times(number: int, count: int, chance: float) -> tuple[DatetimeMS, DatetimeMS]:
    """Return when the n-th of ``count`` objects was made and changed."""
    created = BEGAN_MS + SPAN_MS * number // count + int(chance * 997)
    return DatetimeMS(created), DatetimeMS(created + int(chance * YEAR_MS / 4))


def permissions(readers: list[str], writers: list[str]) -> Document:
    """Return the three keys that keep an ACL, in the order of the hosted service."""
    legacy: dict[str, dict[str, bool]] = {who: {"w": True} for who in writers}
    for who in readers:
        legacy.setdefault(who, {})["r"] = True
    return {"_acl": legacy, "_rperm": readers, "_wperm": writers}
