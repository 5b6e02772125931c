"""What the users of one process made and may use again: rows, sessions, files.

A row is taken out while a user works with it, so that nobody else changes what he is about to
compare.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

MOST_ROWS: Final = 2000
MOST_SESSIONS: Final = 2000
MOST_FILES: Final = 20
"""Kept with their bytes, to compare what is downloaded."""


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
