"""``parity seed``: a Parse-shaped database to try things on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.model import ExitCode, Secret, Target, UserError, Writes
from parity.options import choose, config_option, json_option
from parity.report.progress import Progress

if TYPE_CHECKING:
    from parity.seed import SeedPlan, SeedReport

WAIT_MS = 10_000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@click.command()
@click.option("--target", metavar="NAME", help='A target with mongo and writes = "disposable".')
@click.option(
    "--mongo",
    metavar="env:NAME|file:PATH",
    help="A MongoDB URI instead of a target; a plain URI only for this machine and without a "
    "password.",
)
@config_option
@click.option(
    "--documents", type=int, default=10_000, metavar="N", help="Rows to make.  [default: 10000]"
)
@click.option(
    "--seed",
    "number",
    type=int,
    default=1,
    metavar="N",
    help="Another number gives other rows, the same number the same rows.  [default: 1]",
)
@click.option(
    "--bytes-per-document",
    type=int,
    metavar="N",
    help="Mean size of a document, reached with text.  [default: 570]",
)
@click.option(
    "--quirks",
    is_flag=True,
    help="Add what the hosted service left behind in real databases; parity audit reports it.",
)
@click.option("--drop-first", is_flag=True, help="Lose everything that is in the database.")
@json_option
def seed(
    *,
    target: str | None,
    mongo: str | None,
    config: Path | None,
    documents: int,
    number: int,
    bytes_per_document: int | None,
    quirks: bool,
    drop_first: bool,
    as_json: bool,
) -> ExitCode:
    """Fill an empty MongoDB with the database of a Parse app, made up.

    Users (who can log in), sessions, roles, installations, files, relations, permissions and
    every type of field, in the forms that Parse stores them in. The database is sound: parity
    audit finds nothing in it, unless --quirks is given. Start the Parse Server afterwards, or
    restart it: a running one remembers its old classes.

    \b
        parity seed --mongo mongodb://127.0.0.1:27017/app --documents 1000000
        parity seed --target selfhosted --drop-first --quirks
    """  # noqa: D301 - click wants the control character
    from parity.seed import SeedPlan  # noqa: PLC0415 - not for `parity --help`
    from parity.seed.plan import BYTES  # noqa: PLC0415

    found, uri, _ = choose(target, mongo, config)
    _refuse_what_may_be_kept(found, uri, by_target=target is not None, drop_first=drop_first)
    size = BYTES if bytes_per_document is None else bytes_per_document
    plan = SeedPlan.sized(documents, number, bytes_per_document=size, quirks=quirks)
    report = _fill(found, uri, plan, drop_first=drop_first)
    if as_json:
        click.echo(json.dumps(_facts(plan, report), separators=(",", ":")))
    else:
        for line in _lines(plan, report):
            click.echo(line)
    return ExitCode.PASS


def _refuse_what_may_be_kept(
    target: Target, uri: Secret, *, by_target: bool, drop_first: bool
) -> None:
    """Refuse to write where somebody may want to keep what is there.

    A target says it with ``writes``. A URI says nothing, so an empty database is filled, and only
    one on this machine is emptied.
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


def _is_loopback(uri: Secret) -> bool:
    from pymongo.errors import PyMongoError  # noqa: PLC0415 - not for `parity --help`
    from pymongo.uri_parser import parse_uri  # noqa: PLC0415

    try:
        hosts = parse_uri(uri.value)["nodelist"]
    except (PyMongoError, ValueError):
        return False
    return all(host in LOOPBACK for host, _ in hosts)


def _fill(target: Target, uri: Secret, plan: SeedPlan, *, drop_first: bool) -> SeedReport:
    from pymongo import MongoClient  # noqa: PLC0415 - not for `parity --help`

    from parity.seed import seed_database  # noqa: PLC0415
    from parity.targets.mongo import database_of  # noqa: PLC0415

    name = database_of(target.name, uri)

    def count(stored: int, planned: int, collection: str) -> None:
        rate = max(stored, 1) / max(progress.elapsed_s, 0.001)
        left = max(0, planned - stored) / rate
        progress.show(
            f"{stored:,} of {planned:,} documents, {rate:,.0f}/s, "
            f"about {left:.0f} s left ({collection})"
        )

    client: MongoClient[dict[str, Any]] = MongoClient(
        uri.value, serverSelectionTimeoutMS=WAIT_MS, appname="parse-parity"
    )
    with client, Progress() as progress:
        try:
            return seed_database(client[name], plan, count, drop_first=drop_first)
        except KeyboardInterrupt:
            progress.say(f"the database {name!r} holds a part of the seed")
            raise


def _facts(plan: SeedPlan, report: SeedReport) -> dict[str, Any]:
    from parity.seed import VERSION, password_of, username_of  # noqa: PLC0415

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


def _lines(plan: SeedPlan, report: SeedReport) -> list[str]:
    from parity.seed import password_of, username_of  # noqa: PLC0415

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
