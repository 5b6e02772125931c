"""``parity seed``: a Parse-shaped database to try things on."""

from __future__ import annotations

import json
from pathlib import Path

import click

from parity.model import ExitCode
from parity.options import choose, config_option, json_option
from parity.report.progress import Progress
from parity.seed import SeedPlan
from parity.seed.command import fill, lines_of, refuse_what_may_be_kept, result_of
from parity.seed.plan import BYTES
from parity.targets.mongo import database_of


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
    found, uri, _ = choose(target, mongo, config)
    refuse_what_may_be_kept(found, uri, by_target=target is not None, drop_first=drop_first)
    size = BYTES if bytes_per_document is None else bytes_per_document
    plan = SeedPlan.sized(documents, number, bytes_per_document=size, quirks=quirks)
    with Progress() as progress:

        def show(stored: int, planned: int, collection: str) -> None:
            rate = max(stored, 1) / max(progress.elapsed_s, 0.001)
            left = max(0, planned - stored) / rate
            progress.show(
                f"{stored:,} of {planned:,} documents, {rate:,.0f}/s, "
                f"about {left:.0f} s left ({collection})"
            )

        try:
            report = fill(found, uri, plan, show, drop_first=drop_first)
        except KeyboardInterrupt:
            name = database_of(found.name, uri)
            progress.say(f"the database {name!r} holds a part of the seed")
            raise
    if as_json:
        click.echo(json.dumps(result_of(plan, report), separators=(",", ":")))
    else:
        click.echo("\n".join(lines_of(plan, report)))
    return ExitCode.PASS
