"""Small seeded classes for the checks of queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from parity.model import SetUpFailed
from parity.plugin.fixtures import NewClass
from parity.plugin.state import RUN
from parity.targets import ParseClient

Row = dict[str, Any]
NewTable = Callable[[str, Sequence[Row]], "Table"]
BATCH = 50
"""Operations in one batch: the documented maximum (REST guide, "Batch Operations")."""


@dataclass(frozen=True, slots=True)
class Table:
    """A class that was made for one check, with its rows as a query has to answer them.

    Attributes:
        name: Name of the class.
        rows: The rows in the order in which they were given.
    """

    name: str
    rows: list[Row]

    def ids(self, *numbers: int) -> list[str]:
        """Return the object ids of the rows with these numbers; of all rows without any."""
        return [row["objectId"] for row in self._pick(numbers)]

    def body(self, *numbers: int) -> dict[str, Any]:
        """Return the answer to a query that finds the rows with these numbers, in this order."""
        return {"results": [self.rows[number] for number in numbers]}

    def pointer(self, number: int) -> Row:
        """Return a pointer to a row."""
        return {
            "__type": "Pointer",
            "className": self.name,
            "objectId": self.rows[number]["objectId"],
        }

    def included(self, number: int) -> Row:
        """Return a row as it stands in place of a pointer that was included."""
        return {"__type": "Object", "className": self.name, **self.rows[number]}

    def _pick(self, numbers: tuple[int, ...]) -> list[Row]:
        return [self.rows[number] for number in numbers] if numbers else self.rows


@pytest.fixture
def new_table(request: pytest.FixtureRequest, parse: ParseClient, new_class: NewClass) -> NewTable:
    """Make a class with rows: ``new_table("GameScore", [{"score": 1}])``, without a session."""
    facts = request.config.stash[RUN].facts[parse.target.name]
    create = _in_batches if facts.missing(("batch",)) is None else _one_by_one

    def make(base: str, rows: Sequence[Row]) -> Table:
        name = new_class(base)
        # The first row goes alone, because it makes the class: Parse Server takes several times as
        # long for a batch whose rows all try to change the schema at once.
        minted = [*_one_by_one(parse, name, rows[:1]), *create(parse, name, rows[1:])]
        return Table(
            name,
            [
                {**row, **made, "updatedAt": made["createdAt"]}
                for row, made in zip(rows, minted, strict=True)
            ],
        )

    return make


def _one_by_one(parse: ParseClient, name: str, rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        yield parse.create(name, row).needed("a row", 201).json


def _in_batches(parse: ParseClient, name: str, rows: Sequence[Row]) -> Iterator[Row]:
    writes = [{"method": "POST", "path": f"classes/{name}", "body": row} for row in rows]
    for start in range(0, len(writes), BATCH):
        reply = parse.batch(writes[start : start + BATCH]).needed("rows")
        for answer in reply.json:
            if "success" not in answer:
                raise SetUpFailed(f"set-up: a row of a batch could not be made: {answer}")
            yield answer["success"]


@pytest.fixture
def alone() -> dict[str, str]:
    """Headers for a request whose answer may be the last of its connection.

    Parse Server 2.x drops the connection after an unexpected error, without announcing it; the
    next request on it would fail in the network.
    """
    return {"Connection": "close"}
