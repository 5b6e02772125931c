"""Rows and users for ``parity stack up --seed``, made over REST."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from parity.model import HarnessError, Target
from parity.targets.client import ParseClient
from parity.targets.reply import Reply

CLASS_NAME = "GameScore"
BATCH = 50
"""Operations in one ``/batch`` call. Source: REST guide, "Batch Operations" (up to 50)."""
USERS = 5
PASSWORD = "seed-password"
PROGRESS_EVERY_S = 2.0


def seed_target(target: Target, rows: int, progress: Callable[[str], None]) -> None:
    """Create rows of ``GameScore`` and up to five users over REST.

    The rows are the same every time: row ``i`` has ``score`` ``i``.

    Args:
        target: Where.
        rows: How many rows; 0 creates nothing.
        progress: Gets one line now and then.

    Raises:
        HarnessError: The target did not create something; says what it answered.
    """
    if not rows:
        return
    client = ParseClient(target)
    started = shown = time.monotonic()
    for first in range(0, rows, BATCH):
        numbers = range(first, min(first + BATCH, rows))
        _check(target, client.batch([_creation(number) for number in numbers]))
        if time.monotonic() - shown >= PROGRESS_EVERY_S:
            shown = time.monotonic()
            progress(f"{target.name}: {numbers.stop} of {rows} rows")
    users = min(USERS, rows)
    for number in range(users):
        _check(target, client.sign_up(f"seed-user-{number}", PASSWORD))
    client.close()
    progress(
        f"{target.name}: {rows} rows of {CLASS_NAME}, users seed-user-0 to seed-user-{users - 1} "
        f"with password {PASSWORD!r}, {time.monotonic() - started:.1f} s"
    )


def _creation(number: int) -> dict[str, Any]:
    body = {"score": number, "playerName": f"player {number % 100}", "cheatMode": number % 10 == 0}
    return {"method": "POST", "path": f"classes/{CLASS_NAME}", "body": body}


def _check(target: Target, reply: Reply) -> None:
    failed = isinstance(reply.json, list) and any("error" in each for each in reply.json)
    if not reply.ok or failed:
        raise HarnessError(f"{target.name} did not create the seed: {reply.status} {reply.text}")
