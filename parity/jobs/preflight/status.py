"""How the migration itself goes: read from a status file that whoever migrates keeps.

The file is JSON, every key is optional::

    {"state": "syncing", "copied_at": "2016-04-20T10:00:00Z", "retries": 0}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from parity.jobs.preflight import codes
from parity.jobs.preflight.codes import failed, passed, unseen
from parity.model import UserError
from parity.model.judged import Judged

STATES: Final = ("not-started", "copying", "syncing", "finalized", "cancelled", "failed")
_CLOCKS: Final = timedelta(minutes=5)
"""What two clocks may differ by before a time is taken for a mistake."""
FINALIZE_WITHIN: Final = timedelta(hours=24)
RETRIES_AT_MOST: Final = 5
"""The guide gives no number; the file may, as ``max_retries``."""
_KEYS = frozenset({"state", "copied_at", "retries", "max_retries"})
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """The state of a migration; ``None`` where nothing was said.

    Attributes:
        state: One of :data:`STATES`.
        copied_at: When everything was copied and the 24 hours began.
        retries: How often the migration tried again after an error.
        max_retries: How often it may.
    """

    state: str | None = None
    copied_at: datetime | None = None
    retries: int | None = None
    max_retries: int = RETRIES_AT_MOST

    def judge(self, now: datetime) -> list[Judged]:
        """Judge the three conditions that are about the migration itself.

        Args:
            now: The present, with a time zone.
        """
        return [self._cancelled(), self._finalized(now), self._retried()]

    def _cancelled(self) -> Judged:
        if self.state is None:
            return unseen(codes.CANCELLED, "no state of the migration is given")
        judge = failed if self.state in {"cancelled", "failed"} else passed
        return judge(codes.CANCELLED, f"the state is {self.state!r}")

    def _finalized(self, now: datetime) -> Judged:
        if self.state == "finalized":
            return passed(codes.NOT_FINALIZED, "finalized")
        if self.state in {"not-started", "copying"}:
            return passed(codes.NOT_FINALIZED, "not everything is copied yet")
        if self.copied_at is None:
            return unseen(codes.NOT_FINALIZED, "no copied_at is given")
        if self.copied_at - now > _CLOCKS:
            text = f"copied_at is in the future: {self.copied_at.isoformat()}"
            return unseen(codes.NOT_FINALIZED, text)
        left = FINALIZE_WITHIN - (now - self.copied_at)
        hours = left.total_seconds() / 3600
        if left < timedelta(0):
            return failed(codes.NOT_FINALIZED, f"the time is over since {-hours:.1f} hours")
        return passed(codes.NOT_FINALIZED, f"{hours:.1f} hours are left")

    def _retried(self) -> Judged:
        if self.retries is None:
            return unseen(codes.RETRIES, "no number of retries is given")
        text = f"{self.retries} retries, {self.max_retries} allowed"
        judge = failed if self.retries > self.max_retries else passed
        return judge(codes.RETRIES, text)


def read_status(file: Path) -> MigrationStatus:
    """Read a status file.

    Raises:
        UserError: It cannot be read or says something that we do not understand.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise _bad(file, f"it is larger than {_MOST_BYTES} bytes")
        value = json.loads(data)
    except OSError as error:
        raise _bad(file, error.strerror or str(error)) from None
    except (ValueError, RecursionError):
        raise _bad(file, "it is not JSON") from None
    return _decode(file, value)


def parse_time(text: str) -> datetime:
    """Read a time with a time zone: ``2016-04-20T10:00:00Z``.

    Raises:
        ValueError: It is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("it has no time zone; add Z for UTC")
    return moment.astimezone(UTC)


def _decode(file: Path, value: Any) -> MigrationStatus:
    if not isinstance(value, dict):
        raise _bad(file, "it is not a JSON object")
    unknown = sorted(set(value) - _KEYS)
    if unknown:
        raise _bad(file, f"unknown keys: {', '.join(unknown)}")
    state, copied, retries = value.get("state"), value.get("copied_at"), value.get("retries")
    if state is not None and state not in STATES:
        raise _bad(file, f"state is none of {', '.join(STATES)}")
    most = value.get("max_retries", RETRIES_AT_MOST)
    for name, number in (("retries", retries), ("max_retries", most)):
        if number is not None and (type(number) is not int or number < 0):
            raise _bad(file, f"{name} is not a whole number")
    try:
        copied_at = None if copied is None else parse_time(copied)
    except (TypeError, ValueError) as error:
        raise _bad(file, f"copied_at is no time: {error}") from None
    return MigrationStatus(state, copied_at, retries, most)


def _bad(file: Path, why: str) -> UserError:
    return UserError(
        f"{file} is no migration status: {why}",
        'Write JSON such as {"state": "syncing", "copied_at": "2016-04-20T10:00:00Z", '
        '"retries": 0}.',
        code="migration-status",
    )
