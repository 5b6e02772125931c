"""What ``parity size`` does: load beside probes, index advice, evidence, and what is said of it."""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from parity.cli.mongo_target import configured, echo_json, redactor_of
from parity.cli.size_live import Progress
from parity.indexes import Advice, AdviceOptions, TryOut, advise
from parity.jobs.size.checks import (
    checks_of,
    files_table,
    redacted,
    series_tables,
    tables_of,
    trials_table,
)
from parity.jobs.size.knee import Plan
from parity.jobs.size.load.generator import LocustGenerator, calibrate
from parity.jobs.size.load.order import LoadOrder, check_order
from parity.jobs.size.measure import Measurement, generation_of, measure
from parity.jobs.size.output import json_of
from parity.jobs.size.probes import CollectionFacts, Sampler, collection_facts, open_probes
from parity.jobs.size.result import Looked, Result, result_of
from parity.jobs.size.series import csv_of, seconds_of
from parity.jobs.size.storage import Growth, Storage, measured_growth, parse_size, stated_growth
from parity.jobs.size.trial import objective_for
from parity.jobs.size.verdict import Fit
from parity.model import ExitCode, Target, UserError, Writes
from parity.model.errors import HarnessError
from parity.model.events import CheckEvent, TargetFacts
from parity.profiles import load_profile
from parity.profiles.profile import Profile
from parity.report.files import write_text
from parity.report.oldjob import Job
from parity.targets import server_version
from parity.targets.identity import database_measured_on, measured_on
from parity.wire import Redactor

MINUTES = 15.0
QUICK_MINUTES = 1.0
INDEX_BUDGET_S = 120.0
QUICK_INDEX_BUDGET_S = 15.0
CALIBRATION_S = 3.0
SERIES, SIZE, LOCUST, CALIBRATION = "series.csv", "size.json", "locust", "calibration"


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line of ``parity size``; see its help."""

    target: str
    profile: str
    config: Path | None
    peak: float | None
    p95_ms: float | None
    p99_ms: float | None
    errors_percent: float | None
    need: float
    headroom: float
    seconds: float | None
    max_rate: float | None
    max_minutes: float | None
    quick: bool
    read_only: bool
    workers: int
    hosted_size: str | None
    disk: str | None
    network_mbit: float | None
    growth: str | None
    indexes: bool
    try_indexes: bool
    reports: Path | None
    as_json: bool


def run(asked: Asked) -> ExitCode:
    """Do what the command line asks for.

    Raises:
        UserError: Something to change first.
        HarnessError: The target went down, or the generator did.
    """
    target, reports = configured(asked.target, asked.config)
    profile = load_profile(asked.profile)
    peak = asked.peak or profile.peak_rate
    if peak <= 0:
        raise UserError("the profile has no peak rate", "Give the busiest minute's with --peak.")
    session = _Session(asked, target, profile, peak)
    return session.run(asked.reports or reports)


class _Session:
    def __init__(self, asked: Asked, target: Target, profile: Profile, peak: float) -> None:
        self.asked = asked
        self.target = target
        self.profile = profile
        self.peak = peak
        self.redactor: Redactor = redactor_of([target])
        # Read before anything is sent, so that a slip of the pen costs no ten minutes.
        self.hosted = parse_size(asked.hosted_size, "--hosted-size") if asked.hosted_size else None
        self.disk = parse_size(asked.disk, "--disk") if asked.disk else None
        if asked.growth:
            stated_growth(asked.growth, 0)
        self.measurement: Measurement | None = None
        self.generator: LocustGenerator | None = None

    def run(self, reports: Path) -> ExitCode:
        self._refuse()
        with self._job(reports) as job:
            try:
                with Progress() as progress:
                    result = self._measure(job.folder, progress)
            except BaseException:
                self._until_now(job)
                raise
            files = self._files(job, result)
            for check in checks_of(result, self.target.name):
                job.check(self._redacted(check))
            rows = list(seconds_of(result.measurement.moments))
            for table in tables_of(result, rows, files):
                job.table(replace(table, note=self.redactor.text(table.note)))
            for part in result.sizing.parts:
                if part.fit is Fit.TIGHT:
                    job.notice("warning", f"{part.id} is tight: {part.sentence}", self.target.name)
            self._notices(job, result)
            job.finish()
        self._tell(job, result)
        return job.exit_code

    def _refuse(self) -> None:
        check_order(LoadOrder("rest", self.target, self.profile, read_only=self.asked.read_only))
        if self.asked.try_indexes and self.target.writes is Writes.FORBIDDEN:
            raise UserError(
                f"--try-indexes makes a scratch database, and writes to {self.target.name!r} "
                f"are forbidden",
                "Leave it out: proposals are made all the same.",
                code="writes-forbidden",
            )

    def _job(self, reports: Path) -> Job:
        return Job(
            name="size",
            unit="part",
            targets=(TargetFacts.of(self.target, server_version=server_version(self.target)),),
            reports=reports,
            arguments=tuple(sys.argv[1:]),
            redactor=self.redactor,
            digests=database_measured_on(self.target)
            | measured_on(self.target)
            | ({"recording": self.profile.digest} if self.profile.digest else {}),
        )

    def _measure(self, folder: Path, progress: Progress) -> Result:
        asked, quick = self.asked, self.asked.quick
        objective = objective_for(self.profile, asked.p95_ms, asked.p99_ms, asked.errors_percent)
        seconds = 60 * (asked.max_minutes or (QUICK_MINUTES if quick else MINUTES))
        plan = Plan(
            start=self.peak,
            enough=asked.headroom * self.peak,
            most=asked.max_rate,
            precision=1.2 if quick else 1.08,
            seconds=asked.seconds or (4.0 if quick else 10.0),
            warm_up_s=1.0 if quick else 2.0,
            hold_s=(1.5 if quick else 3.0) * (asked.seconds or (4.0 if quick else 10.0)),
        )
        progress.step("calibrating the generator")
        measurement = self.measurement = Measurement(
            objective, generation_of(asked.workers, self._ceiling(folder))
        )
        progress.step("preparing the load")
        with self._probes() as sampler:
            with self._generator(folder) as generator:
                self.generator = generator
                measure(
                    measurement, generator, sampler, plan, seconds=seconds, watch=progress.watch
                )
                cost = sampler.cost()
                progress.step("removing what the load made")
            progress.step("looking at the collections and indexes")
            looked = replace(self._look(sampler, progress.step), cost=cost)
        return result_of(self.profile, self.peak, asked.need, measurement, looked)

    def _ceiling(self, folder: Path) -> float:
        """Measure what the generator reaches against a server that does nothing."""
        found = calibrate(self.profile, seconds=CALIBRATION_S, folder=folder / CALIBRATION)
        return found.requests_s * self.asked.workers

    def _generator(self, folder: Path) -> LocustGenerator:
        return LocustGenerator(
            self.target,
            self.profile,
            workers=self.asked.workers,
            folder=folder / LOCUST,
            read_only=self.asked.read_only,
        )

    @contextlib.contextmanager
    def _probes(self) -> Iterator[Sampler]:
        from parity.targets.mongo import database_of  # noqa: PLC0415 - needs a URI

        mongo = self.target.mongo
        database = database_of(self.target.name, mongo) if mongo else ""
        try:
            sampler = open_probes(
                self.target.url, mongo, database, network_mbit=self.asked.network_mbit
            )
        except PyMongoError as error:
            text = self.redactor.text(str(error).partition(", ")[0][:200])
            raise HarnessError(f"{self.target.name}: MongoDB cannot be reached: {text}") from None
        with sampler:
            yield sampler

    def _look(self, sampler: Sampler, step: Callable[[str], None]) -> Looked:
        cost = sampler.cost()
        if sampler.probe is None or sampler.facts is None:
            storage = Storage(disk_bytes=self.disk, hosted_bytes=self.hosted)
            return Looked(None, (), storage, cost, sampler.hidden,
                          no_advice="The target has no mongo.")  # fmt: skip
        db = sampler.probe.client[sampler.facts.database]
        collections = tuple(collection_facts(db, self._classes()))
        advice, why = self._advice(db, step)
        return Looked(
            facts=sampler.facts,
            collections=collections,
            storage=self._storage(db, sampler, collections),
            cost=cost,
            hidden=sampler.hidden,
            advice=advice,
            no_advice=why,
        )

    def _classes(self) -> list[str]:
        return sorted({each.class_name for each in self.profile.operations if each.class_name})

    def _storage(
        self,
        db: Database[dict[str, Any]],
        sampler: Sampler,
        collections: tuple[CollectionFacts, ...],
    ) -> Storage:
        facts = sampler.facts
        assert facts is not None
        storage = Storage(
            data_bytes=facts.data_bytes,
            stored_bytes=facts.storage_bytes,
            index_bytes=facts.index_bytes,
            disk_bytes=self.disk or facts.disk_bytes,
            used_bytes=facts.disk_used_bytes,
            hosted_bytes=self.hosted,
        )
        growth: Growth | None
        if self.asked.growth:
            growth = stated_growth(self.asked.growth, storage.taken_bytes)
        else:
            growth = measured_growth(db, collections)
        return replace(storage, growth=growth)

    def _advice(
        self, db: Database[dict[str, Any]], step: Callable[[str], None]
    ) -> tuple[Advice | None, str]:
        if not self.asked.indexes:
            return None, "--no-indexes: the indexes were not looked at."
        budget = QUICK_INDEX_BUDGET_S if self.asked.quick else INDEX_BUDGET_S
        options = AdviceOptions(budget_s=budget)
        if self.target.version:
            options = replace(options, server_version=self.target.version)
        try_on = None
        if self.asked.try_indexes and self.target.mongo is not None:
            mark = secrets.token_hex(3)
            try_on = TryOut(self.target.mongo, prefix=f"parity_{mark}_")
        # The rates of the advice are those of the peak that was asked about.
        profile = replace(self.profile, peak_rate=self.peak)
        try:
            return advise(db, profile, options=options, try_on=try_on, progress=step), ""
        except OperationFailure as error:
            text = self.redactor.text(str(error).partition(", full error")[0][:200])
            return None, f"MongoDB refused to explain: {text}."

    def _files(self, job: Job, result: Result) -> tuple[str, ...]:
        rows = list(seconds_of(result.measurement.moments))
        write_text(job.folder / SERIES, csv_of(rows))
        facts = self.redactor.json(json_of(result))
        write_text(job.folder / SIZE, json.dumps(facts, indent=1) + "\n")
        found = [SERIES, SIZE]
        page = f"{LOCUST}/locust.html"
        if (job.folder / page).is_file():
            found.append(page)
        return tuple(found)

    def _until_now(self, job: Job) -> None:
        """Keep what was measured before the end; nothing of it is judged."""
        measurement = self.measurement
        if measurement is None or not measurement.moments:
            return
        rows = list(seconds_of(measurement.moments))
        write_text(job.folder / SERIES, csv_of(rows))
        objective = measurement.objective
        if measurement.trials:
            job.table(trials_table(measurement.trials, objective.p95_ms, self.peak, None))
        for table in series_tables(rows, objective.p95_ms):
            job.table(table)
        job.table(files_table((SERIES,)))

    def _notices(self, job: Job, result: Result) -> None:
        name = self.target.name
        job.notice("info", f"{result.sizing.fit}: {result.sentence}", name)
        generator = self.generator
        if generator is None:
            return
        for operation, why in generator.skipped.items():
            job.notice("warning", self.redactor.text(f"not sent: {operation}: {why}"), name)
        if generator.made:
            names = ", ".join(generator.made)
            job.notice(
                "warning",
                f"The app has no rows of {names}: made-up rows were asked for, so that cache and "
                f"disk were not tried with them.",
                name,
            )
        if generator.left:
            job.notice("warning", f"not removed: {', '.join(generator.left)}", name)

    def _redacted(self, check: CheckEvent) -> CheckEvent:
        return redacted(check, self.redactor.text)

    def _tell(self, job: Job, result: Result) -> None:
        sizing = result.sizing
        if self.asked.as_json:
            echo_json(
                {
                    "run": str(job.folder),
                    "exit_code": int(job.exit_code),
                    **self.redactor.json(json_of(result)),
                }
            )
            return
        for part in sizing.parts:
            click.echo(self.redactor.text(f"{part.fit:>15}  {part.id:<12} {part.sentence}"))
            if part.remedy and part.fit in (Fit.TIGHT, Fit.TOO_SMALL, Fit.COULD_NOT_JUDGE):
                click.echo(self.redactor.text(f"{'':>15}  {'':<12} {part.remedy}"))
        click.echo(f"\n{sizing.fit} (confidence {sizing.confidence}: {sizing.why})")
        click.echo(f"{self.redactor.text(result.sentence)}\nreport: {job.folder / 'report.html'}")
