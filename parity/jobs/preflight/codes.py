"""The conditions that a migration puts on the database that receives the data.

What each one means is in ``codes.toml`` beside this module.
"""

from __future__ import annotations

from typing import Final

from parity.model.finding import Code, read_catalogue
from parity.model.judged import Judged, judged, untested

CODES: Final = read_catalogue(__file__)

# Reachable: each way not to be is a finding of its own
DNS: Final = CODES["PRE-DNS"]
REFUSED: Final = CODES["PRE-REFUSED"]
TIMEOUT: Final = CODES["PRE-TIMEOUT"]
TLS: Final = CODES["PRE-TLS"]
AUTH: Final = CODES["PRE-AUTH"]
# What the migration guide asks for
NOT_EMPTY: Final = CODES["PRE-NOT-EMPTY"]
ROOM: Final = CODES["PRE-ROOM"]
PRIVILEGES: Final = CODES["PRE-PRIVILEGES"]
INDEX_KEY_LIMIT: Final = CODES["PRE-INDEX-KEY-LIMIT"]
LATENCY: Final = CODES["PRE-LATENCY"]
# What Parse Server and a production database need
VERSION: Final = CODES["PRE-VERSION"]
STORAGE_ENGINE: Final = CODES["PRE-STORAGE-ENGINE"]
JOURNAL: Final = CODES["PRE-JOURNAL"]
REPLICA_SET: Final = CODES["PRE-REPLICA-SET"]
ENCRYPTION: Final = CODES["PRE-ENCRYPTION"]
ACCESS_CONTROL: Final = CODES["PRE-ACCESS-CONTROL"]
CLOCK: Final = CODES["PRE-CLOCK"]
CONNECTIONS: Final = CODES["PRE-CONNECTIONS"]
# How the migration itself goes
CANCELLED: Final = CODES["PRE-CANCELLED"]
NOT_FINALIZED: Final = CODES["PRE-NOT-FINALIZED"]
RETRIES: Final = CODES["PRE-RETRIES"]

REACHABLE: Final = (DNS, REFUSED, TIMEOUT, TLS, AUTH)


def passed(code: Code, measured: str) -> Judged:
    """Return that a condition holds; ``measured`` is what was found, with units."""
    return judged(code.id, code.title, measured)


def failed(code: Code, measured: str, remedy: str = "") -> Judged:
    """Return that a condition does not hold; one that is merely good to have is a warning."""
    return judged(code.id, code.title, measured, [code.finding(remedy=remedy)])


def unseen(code: Code, why: str) -> Judged:
    """Return that a condition could not be looked at."""
    return untested(code.id, code.title, why)
