"""The job of ``parity size``: load beside probes, index advice, and a check for each part."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from parity.indexes import Advice, AdviceOptions, TryOut, advise
from parity.job import Events, Job, Run, asked_of, plain_json
from parity.jobs.size.checks import checks_of, files_table, series_tables, tables_of, trials_table
from parity.jobs.size.knee import Plan
from parity.jobs.size.load.generator import LocustGenerator, calibrate
from parity.jobs.size.load.order import LoadOrder, check_order
from parity.jobs.size.measure import Measurement, Moment, generation_of, measure
from parity.jobs.size.output import VERSION, SizeResult, size_result
from parity.jobs.size.probes import CollectionFacts, Sampler, collection_facts, open_probes
from parity.jobs.size.result import Looked, Result, result_of
from parity.jobs.size.series import csv_of, panel_of, plain_line, seconds_of
from parity.jobs.size.storage import StatedGrowth, Storage, measured_growth
from parity.jobs.size.trial import objective_for
from parity.jobs.size.verdict import NEED, Fit
from parity.model import Target, UserError, Writes
from parity.model.errors import HarnessError
from parity.model.evidence import AskedFact, NoticeEvent, TargetFacts
from parity.profiles.profile import Profile
from parity.report.files import write_text
from parity.targets import secrets_of, server_version
from parity.targets.identity import database_measured_on, measured_on
from parity.targets.mongo import database_of

MINUTES: Final = 15.0
QUICK_MINUTES: Final = 1.0
INDEX_BUDGET_S: Final = 120.0
QUICK_INDEX_BUDGET_S: Final = 15.0
CALIBRATION_S: Final = 3.0
SERIES, SIZE, LOCUST, CALIBRATION = "series.csv", "size.json", "locust", "calibration"


@dataclass(frozen=True, slots=True)
class SizeOptions:
    """How a target is sized; ``None`` for what is measured or usual.

    Attributes:
        peak: Requests a second of the busiest minute, instead of the profile's.
        p95_ms: 95 % of the requests end within it.
        p99_ms: 99 % of the requests end within it.
        errors_percent: So many may fail.
        need: Times the peak that has to fit.
        headroom: Times the peak that is tried at most.
        seconds: Length of a trial.
        max_rate: Requests a second that are never exceeded.
        max_minutes: Most that all trials take.
        quick: Coarse, in about a minute.
        read_only: Only what changes nothing is sent.
        workers: Processes that make the load.
        hosted_bytes: What the hosted service counted.
        disk_bytes: Size of MongoDB's disk.
        network_mbit: Million bits a second between the load and the server.
        growth: How the data grows.
        indexes: Whether the queries' indexes are looked at.
        try_indexes: Whether proposals are tried, in a scratch database.
    """

    peak: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    errors_percent: float | None = None
    need: float = NEED
    headroom: float = 5.0
    seconds: float | None = None
    max_rate: float | None = None
    max_minutes: float | None = None
    quick: bool = False
    read_only: bool = False
    workers: int = 1
    hosted_bytes: int | None = None
    disk_bytes: int | None = None
    network_mbit: float | None = None
    growth: StatedGrowth | None = None
    indexes: bool = True
    try_indexes: bool = False

    def plan(self, peak: float) -> Plan:
        """Return how the knee is searched."""
        seconds = self.seconds or (4.0 if self.quick else 10.0)
        return Plan(
            start=peak,
            enough=max(self.headroom, self.need) * peak,
            most=self.max_rate,
            precision=1.2 if self.quick else 1.08,
            seconds=seconds,
            warm_up_s=1.0 if self.quick else 2.0,
            hold_s=(1.5 if self.quick else 3.0) * seconds,
        )


class SizeJob(Job):
    """Says whether a target is big enough for the traffic of a profile.

    Args:
        target: The target.
        profile: What the clients ask for.
        options: How it is sized.

    Raises:
        UserError: Nothing says what the peak is, or what has to be sent is forbidden.
    """

    name = "size"
    unit = "part"
    version = VERSION

    def __init__(self, target: Target, profile: Profile, options: SizeOptions) -> None:
        self.target, self.profile, self.options = target, profile, options
        self.peak = options.peak or profile.peak_rate
        self.measurement: Measurement | None = None
        self.generator: LocustGenerator | None = None
        self.found: Result | None = None
        if self.peak <= 0:
            raise UserError(
                "the profile has no peak rate", "Give the busiest minute's with --peak."
            )
        check_order(LoadOrder("rest", target, profile, read_only=options.read_only))
        if options.try_indexes and target.writes is Writes.FORBIDDEN:
            raise UserError(
                f"--try-indexes makes a scratch database, and writes to {target.name!r} "
                f"are forbidden",
                "Leave it out: proposals are made all the same.",
                code="writes-forbidden",
            )

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target; it is asked for its version."""
        return (TargetFacts.of(self.target, server_version=server_version(self.target)),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target."""
        return secrets_of([self.target])

    def digests(self) -> Mapping[str, str]:
        """Return those of the server, its database, and the profile's recording."""
        recording = {"recording": self.profile.digest} if self.profile.digest else {}
        return database_measured_on(self.target) | measured_on(self.target) | recording

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options; the peak and the objective as they are in force."""
        options, usual = self.options, objective_for(self.profile)
        objective = objective_for(
            self.profile, options.p95_ms, options.p99_ms, options.errors_percent
        )
        return asked_of(options, SizeOptions()) | {
            "peak": AskedFact(self.peak, self.profile.peak_rate),
            "p95_ms": AskedFact(objective.p95_ms, usual.p95_ms),
            "p99_ms": AskedFact(objective.p99_ms, usual.p99_ms),
            "errors_percent": AskedFact(objective.errors_percent, usual.errors_percent),
        }

    def events(self, run: Run) -> Events:
        """Yield a check for each part, and what was measured as tables."""
        try:
            found = self.found = self._measure(run)
        except BaseException:
            yield from self._until_now(run)
            raise
        target, seconds = self.target.name, list(seconds_of(found.measurement.moments))
        write_text(run.folder / SERIES, csv_of(seconds))
        head = {"format": "parity-size", "version": VERSION}
        run.write_json(SIZE, head | plain_json(size_result(found)))
        page = f"{LOCUST}/locust.html"
        files = (SERIES, SIZE, *([page] if (run.folder / page).is_file() else []))
        yield from checks_of(found, target)
        yield from tables_of(found, seconds, files)
        for part in found.sizing.parts:
            if part.fit is Fit.TIGHT:
                yield NoticeEvent("warning", target, f"{part.id} is tight: {part.sentence}")
        answer = f"{found.sentence[0].lower()}{found.sentence[1:]}"
        yield NoticeEvent("answer", target, f"{found.sizing.fit.capitalize()}: {answer}")
        yield from self._about_the_load()

    def closing(self) -> Iterable[str]:
        """Say what became of each part, and of the whole."""
        if self.found is None:
            return
        sizing = self.found.sizing
        for part in sizing.parts:
            yield f"{part.fit:>15}  {part.id:<12} {part.sentence}"
            if part.remedy and part.fit in (Fit.TIGHT, Fit.TOO_SMALL, Fit.COULD_NOT_JUDGE):
                yield f"{'':>15}  {'':<12} {part.remedy}"
        yield f"\nconfidence {sizing.confidence}: {sizing.why}"

    def result(self) -> SizeResult:
        """Return the whole sizing."""
        assert self.found is not None
        return size_result(self.found)

    def _measure(self, run: Run) -> Result:
        options, target, profile = self.options, self.target, self.profile
        objective = objective_for(profile, options.p95_ms, options.p99_ms, options.errors_percent)
        minutes = options.max_minutes or (QUICK_MINUTES if options.quick else MINUTES)
        run.progress("calibrating the generator")
        # What the generator reaches against a server that does nothing is its own limit.
        own = calibrate(profile, seconds=CALIBRATION_S, folder=run.folder / CALIBRATION)
        measurement = self.measurement = Measurement(
            objective, generation_of(options.workers, own.requests_s * options.workers)
        )

        def watch(moment: Moment, left_s: float) -> None:
            *_, second = seconds_of([*measurement.moments[-2:-1], moment])
            run.progress(plain_line(second, left_s), lambda: panel_of(second, left_s))

        run.progress("preparing the load")
        with self._probes(run) as sampler:
            with LocustGenerator(
                target,
                profile,
                workers=options.workers,
                folder=run.folder / LOCUST,
                read_only=options.read_only,
            ) as generator:
                self.generator = generator
                plan = options.plan(self.peak)
                measure(measurement, generator, sampler, plan, seconds=60 * minutes, watch=watch)
                cost = sampler.cost()
                run.progress("removing what the load made")
            run.progress("looking at the collections and indexes")
            looked = replace(self._look(sampler, run), cost=cost)
        return result_of(profile, self.peak, options.need, measurement, looked)

    @contextlib.contextmanager
    def _probes(self, run: Run) -> Iterator[Sampler]:
        mongo = self.target.mongo
        database = database_of(self.target.name, mongo) if mongo else ""
        try:
            sampler = open_probes(
                self.target.url, mongo, database, network_mbit=self.options.network_mbit
            )
        except PyMongoError as error:
            text = run.redactor.text(str(error).partition(", ")[0][:200])
            raise HarnessError(f"{self.target.name}: MongoDB cannot be reached: {text}") from None
        with sampler:
            yield sampler

    def _look(self, sampler: Sampler, run: Run) -> Looked:
        """Look at everything beside the load: disk, collections, indexes."""
        options, cost = self.options, sampler.cost()
        if sampler.probe is None or sampler.facts is None:
            storage = Storage(disk_bytes=options.disk_bytes, hosted_bytes=options.hosted_bytes)
            why = "The target has no mongo."
            return Looked(None, (), storage, cost, sampler.hidden, no_advice=why)
        db = sampler.probe.client[sampler.facts.database]
        classes = {asked.class_name for asked in self.profile.operations if asked.class_name}
        collections = tuple(collection_facts(db, sorted(classes)))
        advice, why = self._advice(db, run.progress)
        return Looked(
            facts=sampler.facts,
            collections=collections,
            storage=self._storage(db, sampler, collections),
            cost=cost,
            hidden=sampler.hidden,
            advice=advice,
            no_advice=why,
        )

    def _storage(
        self,
        db: Database[dict[str, Any]],
        sampler: Sampler,
        collections: tuple[CollectionFacts, ...],
    ) -> Storage:
        facts, options = sampler.facts, self.options
        assert facts is not None
        storage = Storage(
            data_bytes=facts.data_bytes,
            stored_bytes=facts.storage_bytes,
            index_bytes=facts.index_bytes,
            disk_bytes=options.disk_bytes or facts.disk_bytes,
            used_bytes=facts.disk_used_bytes,
            hosted_bytes=options.hosted_bytes,
        )
        if options.growth is not None:
            return replace(storage, growth=options.growth.of(storage.taken_bytes))
        return replace(storage, growth=measured_growth(db, collections))

    def _advice(
        self, db: Database[dict[str, Any]], progress: Callable[[str], None]
    ) -> tuple[Advice | None, str]:
        """Ask the index advisor; return why there is no advice otherwise."""
        if not self.options.indexes:
            return None, "--no-indexes: the indexes were not looked at."
        options = AdviceOptions(
            budget_s=QUICK_INDEX_BUDGET_S if self.options.quick else INDEX_BUDGET_S,
            server_version=self.target.version or AdviceOptions().server_version,
        )
        try_on = None
        if self.options.try_indexes and self.target.mongo is not None:
            try_on = TryOut(self.target.mongo, prefix=f"parity_{secrets.token_hex(3)}_")
        # The rates of the advice are those of the peak that was asked about.
        typical = min(self.profile.typical_rate, self.peak)
        profile = replace(self.profile, peak_rate=self.peak, typical_rate=typical)
        try:
            return advise(db, profile, options=options, try_on=try_on, progress=progress), ""
        except OperationFailure as error:
            text = str(error).partition(", full error")[0][:200]
            return None, f"MongoDB refused to explain: {text}."

    def _until_now(self, run: Run) -> Events:
        """Keep what was measured before the end; nothing of it is judged."""
        measurement = self.measurement
        if measurement is None or not measurement.moments:
            return
        seconds = list(seconds_of(measurement.moments))
        write_text(run.folder / SERIES, csv_of(seconds))
        p95_ms = measurement.objective.p95_ms
        if measurement.trials:
            yield trials_table(measurement.trials, p95_ms, self.peak, None)
        yield from series_tables(seconds, p95_ms)
        yield files_table((SERIES,))

    def _about_the_load(self) -> Iterator[NoticeEvent]:
        """Yield what the load could not do as the profile asks for it."""
        generator, name = self.generator, self.target.name
        assert generator is not None
        for operation, why in generator.skipped.items():
            yield NoticeEvent("warning", name, f"not sent: {operation}: {why}")
        if generator.made:
            yield NoticeEvent(
                "warning",
                name,
                f"The app has no rows of {', '.join(generator.made)}: made-up rows were asked "
                f"for, so that cache and disk were not tried with them.",
            )
        if generator.left:
            yield NoticeEvent("warning", name, f"not removed: {', '.join(generator.left)}")
