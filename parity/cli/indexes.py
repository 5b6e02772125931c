"""``parity indexes``: which queries of a load profile have no index, and which would help?"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.mongo_target import (
    Ticker,
    choose,
    echo_json,
    read_reference,
    redactor_of,
    target_options,
)
from parity.model import ExitCode, Secret, Target, UserError, Writes

if TYPE_CHECKING:
    from parity.indexes import Advice, Options, TryOut
    from parity.model.evidence import CheckEvent
    from parity.profiles.profile import Profile
    from parity.report.oldjob import Job
    from parity.wire import Redactor

_MARK_BYTES = 3
_SHOWN = 20
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
    from parity.indexes import Options  # noqa: PLC0415 - not for `parity --help`
    from parity.profiles import load_profile  # noqa: PLC0415

    chosen, uri, folder = choose(target, mongo, config)
    given = load_profile(profile)
    if scratch and not tries:
        raise UserError("--scratch is given without --try-indexes", "Add --try-indexes.")
    options = Options(
        samples=samples,
        max_time_ms=max_time_ms,
        budget_s=budget_s,
        secondary=secondary,
        server_version=parse_server or chosen.version or Options().server_version,
        mongo_version=mongo_version,
    )
    place = _place(chosen, uri, scratch, max_rows, rounds) if tries else None
    run = _Run(replace(chosen, mongo=uri), given, options, place, as_json=as_json)
    return run.run(reports or folder)


def _place(target: Target, uri: Secret, scratch: str | None, max_rows: int, rounds: int) -> TryOut:
    from parity.indexes import TryOut  # noqa: PLC0415 - not for `parity --help`
    from parity.targets.namespace import PREFIX  # noqa: PLC0415

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


@dataclass(frozen=True, slots=True)
class _Run:
    target: Target
    profile: Profile
    options: Options
    place: TryOut | None
    as_json: bool

    def run(self, reports: Path) -> ExitCode:
        from parity.indexes.checks import checks_of, tables_of  # noqa: PLC0415 - heavy

        known = [self.target]
        if self.place is not None:
            known.append(replace(self.target, name="scratch", mongo=self.place.uri))
        redactor = redactor_of(known)
        with self._job(reports, redactor) as job:
            advice = self._look(job)
            for check in checks_of(advice, self.target.name):
                job.check(_redacted(check, redactor))
            for table in tables_of(advice):
                job.table(table)
            for note in advice.notes:
                job.notice("info", note)
            verdict = job.finish()
        self._tell(job, advice, verdict.sentence)
        return job.exit_code

    def _job(self, reports: Path, redactor: Redactor) -> Job:
        from parity.model.evidence import TargetFacts  # noqa: PLC0415 - heavy
        from parity.report.oldjob import Job  # noqa: PLC0415
        from parity.targets.identity import database_measured_on  # noqa: PLC0415

        digests = database_measured_on(self.target)
        if self.profile.digest:
            digests["recording"] = self.profile.digest
        return Job(
            name="indexes",
            unit="query shape",
            targets=(TargetFacts.of(self.target),),
            reports=reports,
            arguments=tuple(sys.argv[1:]),
            redactor=redactor,
            digests=digests,
        )

    def _look(self, job: Job) -> Advice:
        from parity.indexes import advise  # noqa: PLC0415 - heavy
        from parity.targets.mongo import Access, Reader, reported  # noqa: PLC0415

        assert self.target.mongo is not None
        ticker = Ticker()
        preference = "secondaryPreferred" if self.options.secondary else "primaryPreferred"
        access = Access(self.target.name, self.target.mongo, preference)
        with Reader(access) as reader, reported(self.target.name):
            self._warn_of_orphans(job)
            try:
                return advise(
                    reader.db,
                    self.profile,
                    options=self.options,
                    try_on=self.place,
                    progress=_progress(ticker),
                )
            finally:
                ticker.done()

    def _warn_of_orphans(self, job: Job) -> None:
        if self.place is None:
            return
        from pymongo import MongoClient  # noqa: PLC0415 - heavy

        from parity.indexes.tryout import orphans  # noqa: PLC0415
        from parity.targets.namespace import PREFIX  # noqa: PLC0415

        client: MongoClient[dict[str, object]] = MongoClient(
            self.place.uri.value, serverSelectionTimeoutMS=10_000
        )
        with client:
            for name in orphans(client, PREFIX):
                message = f"The scratch database {name} was left by a run that was killed: drop it."
                job.notice("warning", message)
                click.echo(message, err=True)

    def _tell(self, job: Job, advice: Advice, sentence: str) -> None:
        if self.as_json:
            from parity.indexes.output import advice_json  # noqa: PLC0415 - heavy

            head = {"run": str(job.folder), "sentence": sentence, "exit_code": int(job.exit_code)}
            echo_json({**advice_json(advice), **head})
            return
        _show(advice)
        click.echo(f"{sentence}\nreport: {job.folder / 'report.html'}")


def _progress(ticker: Ticker) -> Callable[[str], None]:
    def show(text: str) -> None:
        if ticker.due():
            ticker.show(text)

    return show


def _redacted(check: CheckEvent, redactor: Redactor) -> CheckEvent:
    return replace(check, reason=redactor.text(check.reason))


def _show(advice: Advice) -> None:
    from parity.indexes import Word  # noqa: PLC0415 - heavy
    from parity.indexes.checks import shown_trial  # noqa: PLC0415

    for each in advice.slow[:_SHOWN]:
        click.echo(f"{', '.join(each.codes)}  {each.signature}")
        click.echo(f"  {each.reason}; {each.rate:.3g} a second at the peak")
        if each.advice:
            click.echo(f"  {each.advice}")
    for each in advice.unjudged[:_SHOWN]:
        click.echo(f"could not judge  {each.signature}\n  {each.reason}")
    good = sum(each.word in (Word.SERVED, Word.SMALL) for each in advice.judged)
    click.echo(f"{good} of {len(advice.judged)} queries are served.\n")
    for proposal in advice.proposals:
        click.echo(proposal.shell)
        click.echo(f"  for {'; '.join(proposal.serves)}")
        click.echo(
            f"  examines {proposal.saves:,.0f} less a second at the peak; about "
            f"{proposal.bytes / 1e6:,.1f} MB; {proposal.writes:.3g} writes a second keep it"
        )
        for line in shown_trial(proposal).splitlines():
            click.echo(f"  faster on a copy: {line}")
        for note in (*map(str, proposal.codes), *proposal.notes):
            click.echo(f"  {note}")
        if proposal.replaces:
            click.echo(f"  makes the index {proposal.replaces} superfluous")
    for note in advice.notes:
        click.echo(note)
