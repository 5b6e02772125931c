"""What a seed holds and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from parity.model import UserError

VERSION: Final = 1
"""Raised whenever the same plan gives other bytes."""
FEWEST: Final = 100
MOST: Final = 1_000_000_000
BYTES: Final = 570
"""Bytes of an average document; the size that the measurements of verify were made with."""
LARGEST_BYTES: Final = 1_000_000

# Shares of all documents, in thousandths; GameScore gets what is left: one class of a real app
# holds about half of its rows, and most classes hold few.
_SHARES: Final = {
    "_User": 120,
    "_Session": 80,
    "_Installation": 100,
    "Comment": 130,
    "Post": 70,
    "Place": 20,
    "Photo": 20,
    "_Join:likes:Post": 60,
    "_Join:users:_Role": 20,
}
_FIXED: Final = {"Setting": 3, "_GlobalConfig": 1}
ROLES_MOST: Final = 200
TEAMS_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """A seed; :meth:`sized` makes one.

    Attributes:
        seed: Which one of all seeds of this size.
        sizes: Documents by collection, in the order in which they are written.
        bytes_per_document: Mean size to aim at; documents are never made smaller than they are.
        quirks: Whether to leave what the hosted service left behind and an audit reports.
    """

    seed: int
    sizes: Mapping[str, int] = field(default_factory=dict)
    bytes_per_document: int = BYTES
    quirks: bool = False

    @classmethod
    def sized(
        cls,
        documents: int,
        seed: int = 1,
        *,
        bytes_per_document: int = BYTES,
        quirks: bool = False,
    ) -> Self:
        """Plan a seed of exactly ``documents`` documents.

        Schemas, files in GridFS and quirks come on top.

        Args:
            documents: Rows of classes and relations together.
            seed: Which one of all seeds of this size.
            bytes_per_document: Mean size to aim at.
            quirks: Whether to add the rows of ``quirks``.

        Raises:
            UserError: A number is out of range.
        """
        _check("documents", documents, FEWEST, MOST)
        _check("bytes per document", bytes_per_document, 0, LARGEST_BYTES)
        roles = max(3, min(ROLES_MOST, documents // 2000))
        sizes = {name: documents * share // 1000 for name, share in _SHARES.items()}
        sizes |= _FIXED | {
            "_Role": roles,
            "_Join:roles:_Role": roles - 1,  # each role but the first is below another one
            "Team": max(3, min(TEAMS_MOST, documents // 500)),
        }
        sizes["GameScore"] = documents - sum(sizes.values())
        return cls(seed, dict(sorted(sizes.items())), bytes_per_document, quirks)

    @property
    def documents(self) -> int:
        """Rows of classes and relations, without quirks."""
        return sum(self.sizes.values())


def _check(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UserError(
            f"{value} {what} cannot be made",
            f"Ask for {least} to {most}.",
            code="seed-size",
        )
