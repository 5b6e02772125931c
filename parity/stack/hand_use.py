"""What a stack hands to a person: its ``parity.toml``, its keys for a shell, rows and users."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from parity.model import HarnessError, Target, UserError
from parity.targets.client import ParseClient
from parity.targets.reply import Reply

CLASS_NAME = "GameScore"
BATCH = 50
"""Operations in one ``/batch`` call. Source: REST guide, "Batch Operations" (up to 50)."""
USERS = 5
PASSWORD = "seed-password"
PROGRESS_EVERY_S = 2.0


def config_text(targets: tuple[Target, ...]) -> str:
    """Return a parity.toml for targets, with references to environment variables."""
    return "\n".join(line for target in targets for line in _config_lines(target))


def environment(targets: tuple[Target, ...]) -> dict[str, str]:
    """Return the variables that :func:`config_text` refers to, with their values."""
    return {
        str(secret.source): secret.value for target in targets for _, secret in target.secrets()
    }


def write_hand_out(folder: Path, targets: tuple[Target, ...]) -> None:
    """Write ``parity.toml`` and ``.env`` into a folder; the keys are readable by the owner alone.

    Args:
        folder: It is made.
        targets: The targets of a stack.

    Raises:
        UserError: The folder cannot be written.
    """
    lines = [f"{name}={value}\n" for name, value in environment(targets).items()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "parity.toml", config_text(targets))
        write_text(folder / ".env", "".join(lines), mode=0o600)
    except OSError as error:
        raise UserError(
            f"cannot write {folder}: {error.strerror}",
            "Give --write a folder that can be written.",
            code="config-unwritable",
        ) from error


def write_text(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file, with these permissions from the first moment if it is new."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(opened, "w", encoding="utf-8") as sink:
        # One that was there before keeps its own permissions otherwise.
        if mode == 0o600:
            os.fchmod(sink.fileno(), mode)
        sink.write(text)


def _config_lines(target: Target) -> Iterator[str]:
    yield f"[targets.{target.name}]"
    yield f'style = "{target.style}"'
    yield f'url = "{target.url}"'
    for setting, secret in target.secrets():
        yield f'{setting} = "env:{secret.source}"'
    yield f'writes = "{target.writes}"'
    if target.note:
        yield f'note = "{target.note}"'
    yield ""


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
    failed = isinstance(reply.json, list) and any("error" in answer for answer in reply.json)
    if not reply.ok or failed:
        raise HarnessError(f"{target.name} did not create the seed: {reply.status} {reply.text}")
