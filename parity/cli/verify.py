"""``parity verify``: does the destination hold what the source holds?"""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import click

from parity.model import ExitCode, Secret, Target, UserError

if TYPE_CHECKING:
    from parity.jobs.verify.result import DocumentDifference, VerifyResult
    from parity.model.verdict import Verdict
    from parity.report.oldjob import Job
    from parity.targets.settings import Settings
    from parity.wire import Redactor

PROGRESS_EVERY_S: Final = 5.0
PREFERENCES: Final = ("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """A time like ``30s``, ``10m`` or ``1h``; the value is seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        if isinstance(value, int | float):
            return float(value)
        match = _DURATION.fullmatch(value)
        if match is None or not float(match[1]):
            self.fail(f"{value!r} is not a time like 30s, 10m or 1h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    metavar="TARGET|PATH",
    help="What is right: a target, or the hosted export (a folder or a zip).",
)
@click.option("--to", "destination", required=True, metavar="TARGET", help="What is judged.")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="PARITY_CONFIG",
    help="The parity.toml with both targets; PARITY_CONFIG is the same.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="NAME",
    help="Leave a collection out, shown as not verified; * and ? as in a shell. Repeatable.",
)
@click.option(
    "--classes", multiple=True, metavar="NAME", help="Only these; for a source over REST or export."
)
@click.option("--strict", is_flag=True, help="Order of fields and types of numbers fail as well.")
@click.option(
    "--workers",
    type=click.IntRange(2, 64),
    default=2,
    show_default=True,
    help="Processes that read, half of them on each side.",
)
@click.option(
    "--max-mb-s",
    type=click.FloatRange(min=0, min_open=True),
    help="Read at most so many megabytes a second from each side.",
)
@click.option(
    "--max-rps",
    type=click.FloatRange(min=0, min_open=True),
    help="Send at most so many requests a second to a source over REST.",
)
@click.option(
    "--read-preference",
    type=click.Choice(PREFERENCES),
    default="primaryPreferred",
    show_default=True,
    help="Which members of a replica set are read.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="The source is written to: look again until differences settle or prove permanent.",
)
@click.option(
    "--settle",
    type=Duration(),
    default="10m",
    show_default=True,
    help="With --watch: longer than the destination is ever behind.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="A dask scheduler whose workers read: tcp://host:8786."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="The report folder of a run that was cut off; what it finished is not read again.",
)
@click.option(
    "--report-dir",
    "reports",
    envvar="PARITY_REPORTS",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that the report goes to; reports/ by default.",
)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON on standard output.")
def verify(
    *,
    source: str,
    destination: str,
    config: Path | None,
    exclude: tuple[str, ...],
    classes: tuple[str, ...],
    strict: bool,
    workers: int,
    max_mb_s: float | None,
    max_rps: float | None,
    read_preference: str,
    watch: bool,
    settle: float,
    scheduler: str | None,
    resume: Path | None,
    reports: Path | None,
    as_json: bool,
) -> ExitCode:
    """Compare every document of two databases, byte for byte, and say what is different.

    Nothing is written to either side.

    \b
        parity verify --from hosted --to selfhosted --config parity.toml
        parity verify --from hosted --to selfhosted --watch --settle 10m
        parity verify --from export.zip --to selfhosted
        parity verify --from hosted --to selfhosted --resume reports/20160128T120000-x7f3k2
    """  # noqa: D301 - click wants the control character
    from parity.cli.verify_evidence import write_evidence, write_files  # noqa: PLC0415
    from parity.model.evidence import TargetFacts  # noqa: PLC0415
    from parity.report.oldjob import Job  # noqa: PLC0415
    from parity.targets.identity import database_measured_on  # noqa: PLC0415

    settings, left, right = _targets(config, source, destination)
    redactor = _redactor([each for each in (left, right) if each is not None])
    with Job(
        name="verify",
        unit="check",
        targets=(TargetFacts.of(right),),
        reports=reports or settings.reports,
        redactor=redactor,
        arguments=tuple(sys.argv[1:]),
        digests=database_measured_on(right),
    ) as job:
        click.echo(f"report: {job.folder}", err=True)
        asked = _Asked(
            source=source,
            left=left,
            right=right,
            exclude=exclude,
            classes=classes,
            workers=workers,
            max_mb_s=max_mb_s,
            max_rps=max_rps,
            read_preference=read_preference,
            settle_s=settle if watch else None,
            scheduler=scheduler,
            resume=resume,
        )
        with write_files(job.folder, redactor) as files:
            result = asked.verify(job.folder, files.difference)
            files.result(result)
        write_evidence(job, result, right.name, redactor, strict=strict)
        judged = job.finish(interrupted=result.interrupted)
    _show(job, judged, result, as_json=as_json)
    return ExitCode.INTERRUPTED if result.interrupted else job.exit_code


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the user asked for, as far as the engines need it.

    Attributes:
        source: What ``--from`` said.
        left: The source, if it is a target.
        right: The destination.
        settle_s: Seconds of ``--settle``; ``None`` without ``--watch``.
    """

    source: str
    left: Target | None
    right: Target
    exclude: tuple[str, ...]
    classes: tuple[str, ...]
    workers: int
    max_mb_s: float | None
    max_rps: float | None
    read_preference: str
    settle_s: float | None
    scheduler: str | None
    resume: Path | None

    def verify(self, folder: Path, found: Callable[[DocumentDifference], None]) -> VerifyResult:
        """Run the engine that fits the source.

        Args:
            folder: The report's folder.
            found: Is told each differing document.
        """
        if self.left is not None and self.left.mongo is not None:
            return self._databases(self.left.mongo, folder, found)
        return self._other_source(folder, found)

    def _databases(
        self, mongo: Secret, folder: Path, found: Callable[[DocumentDifference], None]
    ) -> VerifyResult:
        from parity.jobs.verify.engine import Options, verify_databases  # noqa: PLC0415
        from parity.jobs.verify.moving import Timing, watch_databases  # noqa: PLC0415
        from parity.jobs.verify.progress import TextProgress  # noqa: PLC0415
        from parity.jobs.verify.resume import StateFile, inputs_of  # noqa: PLC0415
        from parity.targets.mongo import Access  # noqa: PLC0415

        assert self.left is not None
        assert self.right.mongo is not None
        source, destination = (
            Access(target.name, uri, self.read_preference, self.max_mb_s)
            for target, uri in ((self.left, mongo), (self.right, self.right.mongo))
        )
        options = Options(self.exclude, self.workers)
        if self.scheduler:
            from parity.jobs.verify.cluster import cluster_sides  # noqa: PLC0415

            options = replace(options, sides=cluster_sides(self.scheduler))
        if self.settle_s is not None and self.resume is not None:
            raise UserError(
                "--watch cannot go on with an earlier run: nobody followed the writes in between",
                "Leave --resume out.",
                code="usage",
            )
        state = StateFile(folder, inputs_of(source, destination), self.resume)
        progress = TextProgress()
        if self.settle_s is None:
            return verify_databases(
                source, destination, options, progress, on_difference=found, state=state
            )
        result = watch_databases(
            source, destination, Timing(self.settle_s), options, progress, state=state
        )
        for each in (*result.permanent, *result.unsettled):
            found(each)
        return result

    def _other_source(
        self, folder: Path, found: Callable[[DocumentDifference], None]
    ) -> VerifyResult:
        """The hosted export or a REST API: another engine with the same result."""
        from parity.jobs.verify.sources import (  # noqa: PLC0415
            RestSource,
            SourceOptions,
            open_export,
            verify_source,
        )

        self._refuse_for_databases_only()
        assert self.right.mongo is not None
        if self.left is not None and self.left.url == self.right.url:
            raise UserError(
                f"{self.source!r} and {self.right.name!r} are one server: {self.right.url}",
                "Name as the source the server that still reads the old database.",
                code="same-database",
            )
        source = (
            open_export(Path(self.source))
            if self.left is None
            else RestSource(self.left, classes=self.classes)
        )
        options = SourceOptions(
            work=self.resume or folder,
            resume=self.resume is not None,
            classes=self.classes,
            exclude=self.exclude,
            max_rps=self.max_rps,
            max_mb_s=self.max_mb_s,
        )
        return verify_source(source, self.right.mongo.value, options, _Counter(), found)

    def _refuse_for_databases_only(self) -> None:
        for given, option in ((self.settle_s, "--watch"), (self.scheduler, "--scheduler")):
            if given:
                raise UserError(
                    f"{option} needs a source with a MongoDB, and {self.source!r} has none",
                    "Set mongo for the source in parity.toml, or leave the option out.",
                    code="usage",
                )


class _Counter:
    """Writes how far a source over REST or an export was read, now and then."""

    def __init__(self) -> None:
        self._due = time.monotonic() + PROGRESS_EVERY_S

    def __call__(self, phase: str, name: str, rows: int) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PROGRESS_EVERY_S
            click.echo(f"{phase} {name}: {rows:,} objects", err=True)


def _targets(
    config: Path | None, source: str, destination: str
) -> tuple[Settings, Target | None, Target]:
    """Return the settings, the source if it is a target, and the destination."""
    from parity.targets.settings import load_settings, nearest  # noqa: PLC0415

    is_path = Path(source).exists() and (Path(source).is_dir() or source.endswith(".zip"))
    used = (destination,) if is_path else (source, destination)
    settings = load_settings(config, os.environ, used)
    if not settings.targets:
        raise UserError(
            "there is nothing to verify: no configuration names the databases",
            "Give --config a parity.toml with a mongo setting for both targets.",
            code="config",
        )
    wanted = [destination] if is_path else [source, destination]
    for name in wanted:
        if name not in settings.targets:
            raise UserError(
                f"there is no target {name!r} in {settings.source}",
                nearest(name, settings.targets).strip(", ").capitalize(),
                code="config",
            )
    right = settings.targets[destination]
    if right.mongo is None:
        raise UserError(
            f"the target {destination!r} has no mongo setting",
            f'Add mongo = "env:MONGODB_URI" under [targets.{destination}].',
            code="config",
        )
    if source == destination:
        raise UserError(
            f"{source!r} would be compared with itself", "Name two targets.", code="same-database"
        )
    return settings, None if is_path else settings.targets[source], right


def _redactor(targets: list[Target]) -> Redactor:
    from parity.wire import Redactor  # noqa: PLC0415

    names = {}
    for target in targets:
        for setting, secret in target.secrets():
            names[secret.value] = f"${secret.source or setting.upper()}"
        password = urlsplit(target.mongo.value).password if target.mongo else None
        if password:
            names[unquote(password)] = "$MONGO_PASSWORD"
    return Redactor(names, secrets.token_bytes(32))


def _show(job: Job, judged: Verdict, result: VerifyResult, *, as_json: bool) -> None:
    if as_json:
        click.echo((job.folder / "verify.json").read_text("utf-8"))
        return
    from parity.cli.verify_evidence import said  # noqa: PLC0415
    from parity.jobs.verify.result import State  # noqa: PLC0415

    for each in result.collections:
        if each.counts or each.structure or each.state is not State.VERIFIED:
            click.echo(f"{each.name}: {said(each)}")
    documents = sum(each.source_documents for each in result.collections)
    equal = sum(each.equal for each in result.collections)
    click.echo(f"{equal:,} of {documents:,} documents of the source are equal.")
    if result.in_sync_as_of:
        click.echo(f"In sync as of {result.in_sync_as_of}.")
    elif result.unsettled:
        click.echo(f"{len(result.unsettled):,} documents have not settled.")
    click.echo(judged.sentence)
    click.echo(f"report: {job.folder / 'report.html'}")
