"""``parity deployment``: is the server that clients will reach safe, reachable and durable?"""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.mongo_target import Ticker, configured, echo_json, redactor_of
from parity.model import ExitCode, Outcome, Target, UserError
from parity.options import json_option, report_dir_option

if TYPE_CHECKING:
    from parity.jobs.deployment import Judged, Options
    from parity.report.oldjob import Job

_POSITIVE = click.FloatRange(min=0, min_open=True)
_WORDS = {
    Outcome.PASS: "ok",
    Outcome.FAIL: "FAIL",
    Outcome.UNSUPPORTED: "not tested",
    Outcome.ERROR: "ERROR",
}


@click.command()
@click.option("--target", required=True, metavar="NAME", help="The deployed server.")
@click.option(
    "--config",
    envvar="PARITY_CONFIG",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The parity.toml with the target.  [env var: PARITY_CONFIG]",
)
@click.option(
    "--restart",
    is_flag=True,
    help="Somebody restarts the server while the command waits; it asks for it.",
)
@click.option(
    "--wait-restart",
    type=_POSITIVE,
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the restart, and for the server to come back.",
)
@click.option(
    "--inside-target",
    metavar="NAME",
    help="The same server by a way on which the master key works (through a tunnel): proves that "
    "the key is the right one, and removes what was written.",
)
@click.option(
    "--source-address",
    metavar="ADDRESS",
    help="Address of this machine that requests come from; one that is outside.",
)
@click.option(
    "--from-inside",
    is_flag=True,
    help="This machine shall be allowed to use the master key; whether others may is not tested.",
)
@click.option(
    "--leave-files", is_flag=True, help="Upload a small file even if it cannot be deleted again."
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="HOST",
    help="A host that hands out files (a CDN, a bucket); may be repeated.",
)
@click.option(
    "--min-days",
    type=click.IntRange(min=1),
    default=14,
    show_default=True,
    metavar="N",
    help="Days that the certificate has to be valid for.",
)
@click.option(
    "--http-port",
    type=click.IntRange(1, 65535),
    default=80,
    show_default=True,
    metavar="PORT",
    help="Where plain HTTP would be.",
)
@click.option(
    "--max-latency-ms",
    type=_POSITIVE,
    default=20.0,
    show_default=True,
    metavar="N",
    help="Limit of one query, from the server to the database and back.",
)
@click.option(
    "--samples",
    type=click.IntRange(10, 1000),
    default=40,
    show_default=True,
    metavar="N",
    help="Pairs of requests that time it; up to four times as many if that does not decide.",
)
@report_dir_option
@json_option
def deployment(
    *,
    target: str,
    config: Path | None,
    restart: bool,
    wait_restart: float,
    inside_target: str | None,
    source_address: str | None,
    from_inside: bool,
    leave_files: bool,
    allowed_hosts: tuple[str, ...],
    min_days: int,
    http_port: int,
    max_latency_ms: float,
    samples: int,
    reports: Path | None,
    as_json: bool,
) -> ExitCode:
    """Look at a deployed server as strangers, clients and browsers see it.

    \b
        parity deployment --target deployed --config parity.toml
        parity deployment --target deployed --inside-target tunnel --restart
        parity deployment --target deployed --source-address 203.0.113.20

    Run it from a machine that shall not be allowed to use the master key.
    Nine checks: TLS, health, CORS, latency to the database, default keys, master key,
    dashboard, public URL, restart. Nothing of the server's configuration is read or run.
    """  # noqa: D301 - click wants the control character
    from parity.jobs.deployment import Options  # noqa: PLC0415 - not for `parity --help`

    chosen, folder = configured(target, config)
    inside = configured(inside_target, config)[0] if inside_target else None
    _refuse(chosen, inside, source_address, from_inside=from_inside)
    options = Options(
        source_address=source_address,
        inside=inside,
        from_inside=from_inside,
        min_days=min_days,
        http_port=http_port,
        max_latency_ms=max_latency_ms,
        samples=samples,
        leave_files=leave_files,
        allowed_hosts=frozenset(allowed_hosts),
        restart=restart,
        restart_wait_s=wait_restart,
    )
    return _Run(chosen, options, as_json=as_json).run(reports or folder)


def _refuse(
    target: Target, inside: Target | None, source_address: str | None, *, from_inside: bool
) -> None:
    """Refuse what cannot be meant.

    Raises:
        UserError: Options contradict each other, or the address is none of this machine.
    """
    if from_inside and inside is not None:
        raise UserError(
            "--from-inside and --inside-target are both given",
            "--from-inside says that this machine is inside; then no other way is needed.",
        )
    if inside is not None and inside.app_id.value != target.app_id.value:
        raise UserError(
            f"{inside.name!r} is another app than {target.name!r}",
            "--inside-target names a way to the same server.",
        )
    if inside is not None and inside.name == target.name and source_address is None:
        raise UserError(
            f"--inside-target is the target {target.name!r} itself",
            "That is possible with --source-address only: then the system's own address is inside.",
        )
    if source_address is not None:
        import socket  # noqa: PLC0415 - beside its only use

        family = socket.AF_INET6 if ":" in source_address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.bind((source_address, 0))
        except OSError as error:
            raise UserError(
                f"--source-address {source_address}: {error.strerror or error}",
                "Give an address of this machine: ip -brief address",
            ) from error


class _Run:
    def __init__(self, target: Target, options: Options, *, as_json: bool) -> None:
        self.target = target
        self.options = options
        self.as_json = as_json
        self.redactor = redactor_of([target, *([options.inside] if options.inside else [])])
        self.ticker = Ticker()
        self.notices: list[str] = []
        self.version: str | None = None

    def run(self, reports: Path) -> ExitCode:
        from parity.jobs.deployment import look  # noqa: PLC0415 - not for `parity --help`
        from parity.jobs.deployment.checks import check_of, redacted, tables  # noqa: PLC0415
        from parity.jobs.deployment.engine import Telling  # noqa: PLC0415
        from parity.targets import Namespace  # noqa: PLC0415

        found: list[Judged] = []
        with self._job(reports) as job:
            telling = Telling(self._ask, self._progress, lambda text: self._notice(job, text))
            state = reports.absolute() / f".deployment-{self.target.name}.json"
            namespace = Namespace(job.run_id[-6:])
            started = time.monotonic()
            with closing(look(self.target, self.options, namespace, state, telling)) as checks:
                for each in checks:
                    shown = redacted(each, self.redactor)
                    job.check(check_of(shown, self.target.name, time.monotonic() - started))
                    found.append(shown)
                    if not self.as_json:
                        self._show(shown)
                    started = time.monotonic()
            self.ticker.done()
            for table in tables(found):
                job.table(table)
            verdict = job.finish()
        self._tell(job, verdict.sentence, found)
        return job.exit_code

    def _job(self, reports: Path) -> Job:
        from parity.model.evidence import TargetFacts  # noqa: PLC0415 - heavy
        from parity.report.oldjob import Job  # noqa: PLC0415

        self.version = self._version()
        return Job(
            name="deployment",
            unit="check",
            targets=(TargetFacts.of(self.target, server_version=self.version),),
            reports=reports,
            arguments=tuple(sys.argv[1:]),
            redactor=self.redactor,
        )

    def _version(self) -> str | None:
        """Ask the server for its version, where the master key works."""
        from parity.model import HarnessError  # noqa: PLC0415 - not for `parity --help`
        from parity.targets import server_version  # noqa: PLC0415

        if self.options.inside is None:
            return self.target.version
        try:
            return server_version(replace(self.options.inside, version=None))
        except HarnessError as error:
            raise UserError(
                f"--inside-target: {error}",
                "It has to reach the server, on a way on which the master key works.",
                code="inside-target",
            ) from error

    def _ask(self, text: str) -> None:
        self.ticker.done()
        click.echo(text, err=True)

    def _progress(self, text: str) -> None:
        if self.ticker.due():
            self.ticker.show(text)

    def _notice(self, job: Job, text: str) -> None:
        shown = self.redactor.text(text)
        self.notices.append(shown)
        job.notice("warning", shown, self.target.name)
        click.echo(shown, err=True)

    def _show(self, each: Judged) -> None:
        self.ticker.done()
        click.echo(f"{_WORDS[each.outcome]:>10}  {each.check:<12}  {each.measured}")
        for finding in each.findings:
            weight = "" if finding.fails else "warning: "
            click.echo(f"{'':>10}  {weight}{finding.code}: {finding.measured}")
            click.echo(f"{'':>12}  {finding.advice}")
        if each.remedy:
            click.echo(f"{'':>12}  {each.remedy}")

    def _tell(self, job: Job, sentence: str, found: list[Judged]) -> None:
        from parity.jobs.deployment.checks import json_of  # noqa: PLC0415 - heavy

        if self.as_json:
            echo_json(
                {
                    "run": str(job.folder),
                    "target": self.target.name,
                    "url": self.target.url,
                    "server_version": self.version,
                    "sentence": sentence,
                    "exit_code": int(job.exit_code),
                    "checks": [json_of(each) for each in found],
                    "notices": self.notices,
                }
            )
        else:
            click.echo(f"{sentence}{os.linesep}report: {job.folder / 'report.html'}")
