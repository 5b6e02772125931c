"""The finding codes of ``parity preflight``, stable for scripts.

What each one means is in ``codes.toml`` beside this module; :func:`explain` reads it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from parity.model.evidence import Severity


class Code(StrEnum):
    """One condition that a migration puts on the database that receives the data."""

    # Reachable: each way not to be is a finding of its own
    DNS = "PRE-DNS"
    REFUSED = "PRE-REFUSED"
    TIMEOUT = "PRE-TIMEOUT"
    TLS = "PRE-TLS"
    AUTH = "PRE-AUTH"
    # What the migration guide asks for
    NOT_EMPTY = "PRE-NOT-EMPTY"
    ROOM = "PRE-ROOM"
    PRIVILEGES = "PRE-PRIVILEGES"
    INDEX_KEY_LIMIT = "PRE-INDEX-KEY-LIMIT"
    LATENCY = "PRE-LATENCY"
    # What Parse Server and a production database need
    VERSION = "PRE-VERSION"
    STORAGE_ENGINE = "PRE-STORAGE-ENGINE"
    JOURNAL = "PRE-JOURNAL"
    REPLICA_SET = "PRE-REPLICA-SET"
    ENCRYPTION = "PRE-ENCRYPTION"
    ACCESS_CONTROL = "PRE-ACCESS-CONTROL"
    CLOCK = "PRE-CLOCK"
    CONNECTIONS = "PRE-CONNECTIONS"
    # How the migration itself goes
    CANCELLED = "PRE-CANCELLED"
    NOT_FINALIZED = "PRE-NOT-FINALIZED"
    RETRIES = "PRE-RETRIES"


REACHABLE = (Code.DNS, Code.REFUSED, Code.TIMEOUT, Code.TLS, Code.AUTH)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means.

    Attributes:
        title: The condition, as a sentence that holds when all is well.
        severity: What happens to an app where it does not hold.
        cause: Why it matters.
        remedy: What to do.
        source: Where the condition comes from.
    """

    title: str
    severity: Severity
    cause: str
    remedy: str
    source: str


def explain(code: Code) -> Explanation:
    """Return what a code means."""
    return _catalogue()[code]


@cache
def _catalogue() -> dict[Code, Explanation]:
    text = Path(__file__).with_name("codes.toml").read_text(encoding="utf-8")
    return {Code(name): Explanation(**entry) for name, entry in tomllib.loads(text).items()}
