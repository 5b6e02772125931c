"""The rows that a load test writes: like the app's own, or made up where it has none.

The app's rows are never changed: what a profile creates, updates and deletes in ``Post`` goes to
``Parity<mark>_Post``, which gets the fields and the indexes of ``Post``. So a run is removed by
removing classes, also when it was killed.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from parity.profiles.profile import Ask, Operation
from parity.targets.namespace import PREFIX
from parity.wire.query import LOGICAL

PAD: Final = "parityPad"
"""Field that brings a row to the size that the profile asks for."""
NUMBER: Final = "parityNumber"
"""Field with a number that is new in every write, so that a lost one is seen."""
OWN: Final = frozenset({"objectId", "createdAt", "updatedAt", "ACL"})
_GEO: Final = frozenset({"$nearSphere", "$within", "$geoWithin"})
_NUMERIC: Final = frozenset({"$lt", "$lte", "$gt", "$gte"})
KINDS_OF_VALUES: Final = 25
"""Different values of a made-up field, so that a query of it finds a part of the rows."""
MOST_ROWS: Final = 2000
MOST_SESSIONS: Final = 2000
MOST_FILES: Final = 20
"""Kept with their bytes, to compare what is downloaded."""
WRITES_ROWS: Final = frozenset({Ask.CREATE, Ask.UPDATE, Ask.DELETE, Ask.BATCH})
"""Operations that write rows of a class."""


def stand_in_name(mark: str, class_name: str) -> str:
    """Return the name of the class that is written in place of another."""
    return f"{PREFIX}{mark}_{class_name}"


def made_up_fields(operations: Iterable[Operation], class_name: str) -> dict[str, str]:
    """Guess the fields of a class that the app does not have, from the queries of a profile.

    Args:
        operations: The profile's operations.
        class_name: The class.

    Returns:
        The type of each field, as ``/schemas`` names it.
    """
    found: dict[str, str] = {}
    for operation in operations:
        if operation.class_name != class_name:
            continue
        _guess(operation.where, found)
        for key in operation.order.split(","):
            name = key.lstrip("-")
            if name and "." not in name:
                found.setdefault(name, "Number")
        for name in operation.keys:
            if "." not in name:
                found.setdefault(name, "String")
    return {name: type_ for name, type_ in found.items() if name not in OWN}


def _guess(where: Mapping[str, Any], found: dict[str, str]) -> None:
    for key, inner in where.items():
        if key in LOGICAL and isinstance(inner, list):
            for branch in inner:
                _guess(branch, found)
        elif not key.startswith("$") and "." not in key:
            names = set(inner) if isinstance(inner, Mapping) else set()
            if names & _GEO:
                found[key] = "GeoPoint"
            elif "$all" in names:
                found[key] = "Array"
            elif names & _NUMERIC:
                found[key] = "Number"
            else:
                found.setdefault(key, "String")


def template_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a row that a new row can have as well."""
    return {
        key: value
        for key, value in row.items()
        if key not in OWN and not key.startswith("_") and _can_be_copied(value)
    }


def _can_be_copied(value: Any) -> bool:
    if isinstance(value, Mapping):
        return value.get("__type") not in ("Relation", "File", "Object")
    return value is not None


def made_up_row(fields: Mapping[str, str], rng: random.Random) -> dict[str, Any]:
    """Return values for the fields of :func:`made_up_fields`."""
    return {name: _value(type_, rng.randrange(KINDS_OF_VALUES)) for name, type_ in fields.items()}


def _value(type_: str, number: int) -> Any:
    match type_:
        case "Number":
            return number * 10
        case "Array":
            return [f"value {number}", f"value {number + 1}"]
        case "GeoPoint":
            return {"__type": "GeoPoint", "latitude": 40.0 + number / 10, "longitude": number / 10}
        case "Date":
            day = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)
            return {"__type": "Date", "iso": f"{day:%Y-%m-%dT%H:%M:%S}.000Z"}
        case _:
            return f"value {number:03d}"


@dataclass(slots=True)
class OwnRow:
    """A row that this process wrote.

    Attributes:
        class_name: The class that it is in.
        object_id: Its id.
        fields: What it must have.
    """

    class_name: str
    object_id: str
    fields: dict[str, Any]


@dataclass(slots=True)
class Account:
    """A user of the app that this process signed up."""

    username: str
    password: str
    object_id: str


@dataclass(slots=True)
class Pools:
    """What one process made.

    Attributes:
        rows: Rows by class of the profile.
        accounts: Users of the app.
        sessions: Tokens of log-ins that nobody works with, to log out.
        tokens: Sessions that users of the load work with; never logged out.
        files: Path and bytes of files.
    """

    rng: random.Random
    rows: dict[str, deque[OwnRow]] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    sessions: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_SESSIONS))
    tokens: list[str] = field(default_factory=list)
    files: deque[tuple[str, bytes]] = field(default_factory=lambda: deque(maxlen=MOST_FILES))

    def take(self, class_name: str) -> OwnRow | None:
        """Take a row out; ``None`` if there is none."""
        rows = self.rows.get(class_name)
        return rows.popleft() if rows else None

    def put(self, class_name: str, row: OwnRow) -> None:
        """Put a row in, or back."""
        self.rows.setdefault(class_name, deque(maxlen=MOST_ROWS)).append(row)

    def account(self) -> Account | None:
        """Return one of the accounts; ``None`` if there is none."""
        return self.rng.choice(self.accounts) if self.accounts else None

    def add(self, account: Account) -> None:
        """Keep an account; of very many, some."""
        if len(self.accounts) < MOST_SESSIONS:
            self.accounts.append(account)
        else:
            self.accounts[self.rng.randrange(MOST_SESSIONS)] = account
