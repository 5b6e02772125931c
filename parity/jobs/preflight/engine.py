"""One preflight of one MongoDB: connect, ask, judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile

from pymongo.errors import PyMongoError

from parity.jobs.preflight import codes, conditions
from parity.jobs.preflight.codes import REACHABLE, failed, passed
from parity.jobs.preflight.conditions import Limits
from parity.jobs.preflight.facts import Facts, gather
from parity.jobs.preflight.latency import PINGS, Latency, measure
from parity.jobs.preflight.reach import TIMEOUT_S, connect, read_uri
from parity.jobs.preflight.status import MigrationStatus
from parity.model import Secret
from parity.model.errors import TargetDown
from parity.model.judged import Judged


@dataclass(frozen=True, slots=True)
class PreflightOptions:
    """What to ask for.

    Attributes:
        hosted_bytes: Size of the hosted data in bytes; ``None`` if nobody knows.
        parse_server: Version of the Parse Server that will use the database.
        status: How the migration goes.
        limits: The thresholds.
        pings: Round trips to measure.
        timeout_s: Seconds to wait for a connection.
        now: The present; ``None`` for the machine's.
    """

    hosted_bytes: int | None = None
    parse_server: str | None = None
    status: MigrationStatus = field(default_factory=MigrationStatus)
    limits: Limits = field(default_factory=Limits)
    pings: int = PINGS
    timeout_s: float = TIMEOUT_S
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """What a preflight found.

    Attributes:
        judged: Each condition; where MongoDB cannot be reached only that and the migration's own.
        mongo_version: Version of the server; ``None`` if it was not reached.
        latency: Times of the pings; ``None`` if it was not reached.
    """

    judged: tuple[Judged, ...]
    mongo_version: str | None
    latency: Latency | None


def preflight(
    uri: Secret,
    name: str,
    options: PreflightOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PreflightReport:
    """Judge whether a MongoDB is fit to receive the data. Nothing is written.

    Args:
        uri: Its URI with the database that will receive the data.
        name: Name of the target, for messages.
        options: What to ask for.
        progress: Told (pings done, pings in all).

    Returns:
        Every condition that could be judged, and those that could not with the reason.

    Raises:
        UserError: The URI is none, or names no database.
        TargetDown: The connection was lost on the way.
    """
    options = options or PreflightOptions()
    own = options.status.judge(options.now or datetime.now(UTC))
    address = read_uri(uri.value, name)
    if isinstance(address, Judged):
        return PreflightReport((address, *own), None, None)
    client = connect(uri.value, address, options.timeout_s)
    if isinstance(client, Judged):
        until = takewhile(lambda code: code.id != client.name, REACHABLE)
        reached = [passed(code, "so far") for code in until]
        return PreflightReport((*reached, client, *own), None, None)
    try:
        with client:
            facts = gather(client, address)
            times = measure(client, options.pings, progress)
    except PyMongoError as error:
        raise TargetDown(
            f"{name}: the connection to MongoDB was lost ({type(error).__name__})"
        ) from None
    judged = (*_judge(facts, times, options), *own)
    return PreflightReport(judged, facts.version, times)


def _judge(facts: Facts, times: Latency, options: PreflightOptions) -> list[Judged]:
    limits = options.limits
    reached = [passed(code, "yes") for code in REACHABLE if code is not codes.AUTH]
    latency = conditions.latency(times, limits)
    if facts.anonymous:
        text = "MongoDB asks for a user, and the URI names none"
        return [*reached, failed(codes.AUTH, text), latency]
    return [
        *reached,
        passed(codes.AUTH, "yes"),
        conditions.empty(facts),
        conditions.room(facts, options.hosted_bytes, limits),
        conditions.privileges(facts),
        conditions.index_key_limit(facts),
        latency,
        conditions.version(facts, options.parse_server),
        conditions.storage_engine(facts),
        conditions.journal(facts),
        conditions.replica_set(facts),
        conditions.encryption(facts),
        conditions.access_control(facts),
        conditions.clock(facts, limits),
        conditions.connections(facts, limits),
    ]
