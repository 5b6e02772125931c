"""``parity indexes``: which queries of a load profile have no index, and which would help?"""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import click

from parity.indexes import AdviceOptions, TryOut
from parity.job import run_job
from parity.jobs.indexes.job import IndexesJob
from parity.model import ExitCode, Secret, Target, UserError, Writes
from parity.options import choose, read_reference, target_options
from parity.profiles import load_profile
from parity.targets.namespace import PREFIX

_MARK_BYTES = 3
_COUNT = click.IntRange(min=1)


@click.command()
@target_options
@click.option(
    "--profile",
    required=True,
    metavar="FILE|NAME",
    help="A load profile (parity profile writes one from a recording), or the name of a shipped "
    "one: social, chat, game-leaderboard, read-heavy.",
)
@click.option(
    "--try-indexes",
    "tries",
    is_flag=True,
    help="Copy the collections to a scratch database, build the indexes there and time the queries "
    "without and with them.",
)
@click.option(
    "--scratch",
    metavar="env:NAME|file:PATH",
    help="URI of the mongod that --try-indexes may use.  [default: the target's own, if its "
    "settings allow writes]",
)
@click.option(
    "--max-rows",
    type=_COUNT,
    default=500_000,
    show_default=True,
    metavar="N",
    help="Rows of a collection that --try-indexes copies at most.",
)
@click.option("--rounds", type=_COUNT, default=7, show_default=True, metavar="N")
@click.option(
    "--samples",
    type=_COUNT,
    default=5,
    show_default=True,
    metavar="N",
    help="Sets of values from the data that each query is explained with.",
)
@click.option(
    "--max-time-ms",
    type=_COUNT,
    default=10_000,
    show_default=True,
    metavar="N",
    help="Most that MongoDB may work on one explain.",
)
@click.option(
    "--budget-s",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    metavar="N",
    help="Most that all explains take; what is left then is not judged.",
)
@click.option("--secondary", is_flag=True, help="Ask a secondary where there is one.")
@click.option(
    "--parse-server",
    metavar="X.Y.Z",
    help="The Parse Server that will ask.  [default: version of the target]",
)
@click.option(
    "--mongo-version",
    metavar="X.Y",
    default="",
    help="The mongod that will get the indexes, if it is another one: old ones limit their keys.",
)
def indexes(
    *,
    target: str | None,
    mongo: str | None,
    config: Path | None,
    reports: Path | None,
    as_json: bool,
    profile: str,
    tries: bool,
    scratch: str | None,
    max_rows: int,
    rounds: int,
    samples: int,
    max_time_ms: int,
    budget_s: float,
    secondary: bool,
    parse_server: str | None,
    mongo_version: str,
) -> ExitCode:
    """Explain each query of a load profile on the migrated data, and propose indexes.

    \b
        parity indexes --target selfhosted --profile loadtests/profiles/app.toml
        parity indexes --mongo env:MONGODB_URI --profile social --secondary
        parity indexes --target selfhosted --profile app.toml --try-indexes --scratch env:SCRATCH

    Nothing is written to the database. --try-indexes works on a copy and drops it again.
    A query that no index serves fails; the command that adds one is printed.
    """  # noqa: D301 - click wants the control character
    chosen, uri, folder = choose(target, mongo, config)
    if scratch and not tries:
        raise UserError("--scratch is given without --try-indexes", "Add --try-indexes.")
    options = AdviceOptions(
        samples=samples,
        max_time_ms=max_time_ms,
        budget_s=budget_s,
        secondary=secondary,
        server_version=parse_server or chosen.version or AdviceOptions().server_version,
        mongo_version=mongo_version,
    )
    job = IndexesJob(
        replace(chosen, mongo=uri),
        load_profile(profile),
        options,
        _try_on(chosen, uri, scratch, max_rows, rounds) if tries else None,
    )
    return run_job(job, reports or folder, as_json=as_json)


def _try_on(target: Target, uri: Secret, scratch: str | None, max_rows: int, rounds: int) -> TryOut:
    if scratch is None and target.writes is Writes.FORBIDDEN:
        raise UserError(
            f"--try-indexes would write to the mongod of {target.name!r}, whose writes are "
            "forbidden",
            "Give another mongod with --scratch env:NAME, or set writes in parity.toml.",
            code="writes-forbidden",
        )
    where = uri if scratch is None else read_reference(scratch, "--scratch")
    prefix = f"{PREFIX}{secrets.token_hex(_MARK_BYTES)}"
    return TryOut(where, prefix, max_rows=max_rows, rounds=rounds)
