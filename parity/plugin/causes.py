"""One cause, one red: known faults of a server that keep many checks from judging it.

What a fault breaks is probed once, when the run starts. A check that then fails by it has not
judged what it is about, so it ends as an error that names the fault, but for the one check that is
about it. Failures without a known cause are grouped by :mod:`parity.report.causes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from packaging.version import Version

from parity.compare.known import parse_version
from parity.model import Exchange
from parity.model.finding import Code, read_catalogue
from parity.targets import ServerFacts
from parity.wire import parse_error

CODES: Final = read_catalogue(__file__)
ROUTER: Final = CODES["SUITE-ROUTER"]
BATCH: Final = CODES["SUITE-BATCH"]

_ROUTER_SINCE: Final = Version("8.5.0")
_ROUTER_ANSWER: Final = 'answered with 500 {"code":1,"message":"Internal server error."}'


@dataclass(frozen=True, slots=True)
class Sign:
    """How a fault shows itself in an exchange.

    Attributes:
        request: Method and path below the mount, with ``*``.
        status: Least status of the answer.
        error: Text of the Parse error; empty for any.
        judged_by: End of the id of the check that is about it, and fails by it.
    """

    request: str
    status: int
    error: str
    judged_by: str

    def shows_in(self, exchange: Exchange) -> bool:
        """Return whether an exchange shows the fault."""
        response = exchange.response
        if response is None or response.status < self.status:
            return False
        path = urlsplit(exchange.request.url).path
        if not fnmatchcase(f"{exchange.request.method} {path}", self.request):
            return False
        error = parse_error(response.status, response.json)
        return not self.error or (error is not None and error.message == self.error)


@dataclass(frozen=True, slots=True)
class KnownCause:
    """A fault that a server shows.

    Attributes:
        code: What it is, and what to do about it.
        seen: What the probe saw.
        signs: How it shows itself.
    """

    code: Code
    seen: str
    signs: tuple[Sign, ...]

    def sign(self, exchanges: Iterable[Exchange]) -> Sign | None:
        """Return the sign that some of these exchanges show, or ``None``."""
        return next(
            (sign for exchange in exchanges for sign in self.signs if sign.shows_in(exchange)),
            None,
        )


_EVERY_BATCH: Final = Sign(
    "POST */batch", 500, "", "objects/test_batch.py::test_batch_creates_objects"
)
_ROUTER_SIGNS: Final = (
    _EVERY_BATCH,
    Sign(
        "POST */functions/*",
        400,
        "Cannot convert undefined or null to object",
        "cloud/test_objects.py::test_query_in_a_function_is_constrained",
    ),
    Sign("PUT */users/*", 500, "", "users/test_linking.py::test_linked_user_logs_in_by_auth_data"),
)


def known_cause(facts: ServerFacts) -> KnownCause | None:
    """Return the known fault that the probes of a target showed, or ``None``."""
    batch = facts.capabilities.get("batch")
    if batch is None or not batch.broken:
        return None
    version = parse_version(facts.version)
    new_enough = version is None or Version(version) >= _ROUTER_SINCE
    if _ROUTER_ANSWER in batch.reason and new_enough:
        return KnownCause(ROUTER, batch.reason, _ROUTER_SIGNS)
    return KnownCause(BATCH, batch.reason, (_EVERY_BATCH,))
