"""What ``parity seed`` does: where it may write, the connection, and the words of its report."""

from __future__ import annotations

from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from parity.model import Secret, Target, UserError, Writes
from parity.seed.engine import Progress, SeedReport, seed_database
from parity.seed.passwords import password_of, username_of
from parity.seed.plan import VERSION, SeedPlan
from parity.targets.mongo import database_of

WAIT_MS: Final = 10_000
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def refuse_what_may_be_kept(
    target: Target, uri: Secret, *, by_target: bool, drop_first: bool
) -> None:
    """Refuse to write where somebody may want to keep what is there.

    A target says it with ``writes``. A URI says nothing, so an empty database is filled, and only
    one on this machine is emptied.

    Args:
        target: Where to.
        uri: Its MongoDB.
        by_target: Whether the user named a target, not a URI.
        drop_first: Whether everything in the database is to be dropped.

    Raises:
        UserError: It may not be written to.
    """
    if by_target and target.writes is not Writes.DISPOSABLE:
        raise UserError(
            f'the target {target.name!r} has writes = "{target.writes}", so it is not seeded',
            'Set writes = "disposable" if its whole database may be lost.',
            code="seed-writes",
        )
    if not by_target and drop_first and not _is_loopback(uri):
        raise UserError(
            "--drop-first with --mongo is only for a MongoDB on this machine",
            'Make it a target with writes = "disposable" and use --target, or drop it by hand.',
            code="seed-drop",
        )


def fill(
    target: Target, uri: Secret, plan: SeedPlan, progress: Progress, *, drop_first: bool
) -> SeedReport:
    """Connect and write the seed.

    Args:
        target: Where to.
        uri: Its MongoDB.
        plan: What.
        progress: Is told how far it is.
        drop_first: Drop everything in the database beforehand.

    Returns:
        What was written.

    Raises:
        UserError: The URI names no database that can be seeded, or the database is not empty.
        HarnessError: MongoDB failed; the database may hold a part of the seed.
    """
    name = database_of(target.name, uri)
    client: MongoClient[dict[str, Any]] = MongoClient(
        uri.value, serverSelectionTimeoutMS=WAIT_MS, appname="parse-parity"
    )
    with client:
        return seed_database(client[name], plan, progress, drop_first=drop_first)


def result_of(plan: SeedPlan, report: SeedReport) -> dict[str, Any]:
    """Return the result as ``--json`` prints it."""
    return {
        "version": VERSION,
        "seed": plan.seed,
        "documents": report.documents,
        "quirks": plan.quirks,
        "collections": dict(report.collections),
        "bytes": report.bytes,
        "indexes": report.indexes,
        "seconds": round(report.seconds, 3),
        "user": {"username": username_of(0), "password": password_of(0)},
    }


def lines_of(plan: SeedPlan, report: SeedReport) -> list[str]:
    """Return the result as a person reads it."""
    width = max(map(len, report.collections))
    rows = sum(report.collections.values())
    return [
        *(f"{name:{width}}  {count:>12,}" for name, count in sorted(report.collections.items())),
        "",
        (
            f"{rows:,} documents, {report.bytes / 1e6:,.1f} MB, {report.indexes} indexes "
            f"in {report.seconds:.1f} s ({report.rate:,.0f} documents/s), seed {plan.seed}"
        ),
        f"a user to log in with: {username_of(0)}, password {password_of(0)}",
    ]


def _is_loopback(uri: Secret) -> bool:
    try:
        hosts = parse_uri(uri.value)["nodelist"]
    except (PyMongoError, ValueError):
        return False
    return all(host in LOOPBACK for host, _ in hosts)
