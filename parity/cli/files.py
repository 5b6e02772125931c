"""``parity files``: do new files land in the chosen store, and come back as they were?"""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.mongo_target import Ticker, configured, echo_json, redactor_of
from parity.model import ExitCode, HarnessError, Outcome, Target, UserError
from parity.options import config_option, json_option, report_dir_option

if TYPE_CHECKING:
    from parity.jobs.files import Bench, Found, Wanted
    from parity.report.oldjob import Job
    from parity.targets.sweep import Sweeper

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_MOST = 1 << 30


@click.command()
@click.option("--target", metavar="NAME", required=True, help="The target of parity.toml.")
@config_option
@click.option(
    "--expect-store",
    "store",
    metavar="STORE",
    help="Where new files have to land: gridfs, s3, gcs, or host:NAME of their URLs.",
)
@click.option(
    "--max-upload",
    metavar="SIZE",
    help="maxUploadSize of the server, such as 20mb: a file below is taken, one above refused.",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="HOST",
    help="Another host that files may be fetched from; the target's own is always allowed.",
)
@report_dir_option
@json_option
def files(
    *,
    target: str,
    config: Path | None,
    store: str | None,
    max_upload: str | None,
    allowed_hosts: tuple[str, ...],
    reports: Path | None,
    as_json: bool,
) -> ExitCode:
    """Store files through the server, read them back, and delete them.

    \b
        parity files --target selfhosted --expect-store gridfs
        parity files --target selfhosted --expect-store s3 --allow-host s3.amazonaws.com
        parity files --target selfhosted --max-upload 20mb

    It needs the master key, because only that may delete what was stored, and writes that are not
    forbidden; every name carries the prefix of the run, and everything is removed at the end.
    With mongo in parity.toml it looks into GridFS, also whether older files are served.
    Files that objects name are checked by `parity audit --check-files all`.
    """  # noqa: D301 - click wants the control character
    from parity.jobs.files import Wanted, read_expected  # noqa: PLC0415 - not for `parity --help`
    from parity.targets.interlocks import refuse_write  # noqa: PLC0415

    chosen, folder = configured(target, config)
    wanted = Wanted(read_expected(store), _size(max_upload))
    refuse_write(chosen, "POST", "files/name")
    if chosen.keys.master_key is None:
        raise UserError(
            f"the target {target!r} has no master key, so what is stored could not be deleted",
            f'Add master_key = "env:NAME" under [targets.{target}].',
            code="no-master-key",
        )
    hosts = frozenset(allowed_hosts)
    if wanted.store is not None and wanted.store.startswith("host:"):
        hosts |= {wanted.store.removeprefix("host:")}
    return _Run(chosen, wanted, hosts, as_json=as_json).run(reports or folder)


class _Run:
    def __init__(
        self, target: Target, wanted: Wanted, hosts: frozenset[str], *, as_json: bool
    ) -> None:
        self.target, self.wanted, self.hosts, self.as_json = target, wanted, hosts, as_json
        self.redactor = redactor_of([target])
        self.ticker = Ticker()
        self.found: list[Found] = []
        self.left: list[str] = []

    def run(self, reports: Path) -> ExitCode:
        from parity.jobs.files import try_files  # noqa: PLC0415 - heavy
        from parity.jobs.files.checks import check_of, files_table  # noqa: PLC0415

        with self._job(reports) as job, ExitStack() as stack:
            bench = stack.enter_context(self._bench(job))
            started = time.perf_counter()
            for found in try_files(bench):
                seconds, started = time.perf_counter() - started, time.perf_counter()
                self.found.append(found)
                job.check(check_of(found, self.target.name, self.redactor, seconds))
            self.ticker.done()
            job.table(files_table(bench, self.redactor))
            stack.close()
            verdict = job.finish()
        self._tell(job, verdict.sentence, bench)
        return job.exit_code

    def _job(self, reports: Path) -> Job:
        from parity.model.evidence import TargetFacts  # noqa: PLC0415 - heavy
        from parity.report.oldjob import Job  # noqa: PLC0415
        from parity.targets import server_version  # noqa: PLC0415
        from parity.targets.identity import measured_on  # noqa: PLC0415

        version = server_version(self.target)
        return Job(
            name="files",
            unit="thing",
            targets=(TargetFacts.of(self.target, server_version=version),),
            reports=reports,
            arguments=tuple(sys.argv[1:]),
            redactor=self.redactor,
            digests=measured_on(self.target),
        )

    @contextmanager
    def _bench(self, job: Job) -> Iterator[Bench]:
        """Give what a trial needs; afterwards nothing of it is left, whatever happened."""
        from parity.jobs.files import Bench, Downloader  # noqa: PLC0415 - heavy
        from parity.targets import Namespace, ParseClient  # noqa: PLC0415
        from parity.targets.mongo import Access, Reader, reported  # noqa: PLC0415
        from parity.targets.sweep import Sweeper  # noqa: PLC0415

        namespace = Namespace(secrets.token_hex(3))
        sweeper = Sweeper(self.target)
        with ExitStack() as stack:
            mongo = None
            if self.target.mongo is not None:
                stack.enter_context(reported(self.target.name))
                reader = Reader(Access(self.target.name, self.target.mongo, "primary"))
                mongo = stack.enter_context(reader).db
            master = ParseClient(self.target, observer=sweeper.observe).as_master()
            stack.callback(master.close)
            downloads = Downloader(self.target, self.hosts)
            stack.callback(downloads.close)
            bench = Bench(
                self.target, master, downloads, namespace, mongo, self.wanted, self._progress
            )
            try:
                yield bench
            finally:
                self.ticker.done()
                self._clean(job, bench, sweeper)

    def _clean(self, job: Job, bench: Bench, sweeper: Sweeper) -> None:
        from parity.jobs.files import left_in_gridfs  # noqa: PLC0415 - heavy
        from parity.targets.sweep import sweep_classes  # noqa: PLC0415

        try:
            self.left = [*sweeper.sweep(), *sweep_classes(self.target, bench.namespace)]
            if bench.mongo is not None:
                still = left_in_gridfs(bench.mongo, bench.namespace.prefix)
                self.left += [f"{each} (in fs.files)" for each in still]
        except HarnessError as error:
            self.left.append(f"names that hold {bench.namespace.prefix}, because {error}")
        if self.left:
            shown = ", ".join(self.redactor.text(each) for each in self.left[:10])
            job.notice("warning", f"Left behind: {shown}.", self.target.name)

    def _progress(self, text: str) -> None:
        if self.ticker.due():
            self.ticker.show(text)

    def _tell(self, job: Job, sentence: str, bench: Bench) -> None:
        from parity.jobs.files.checks import files_table  # noqa: PLC0415 - heavy
        from parity.jobs.files.output import json_of  # noqa: PLC0415

        if self.as_json:
            run = {"run": str(job.folder), "sentence": sentence, "exit_code": int(job.exit_code)}
            echo_json(run | json_of(self.found, bench, self.left, self.redactor))
            return
        for each in self.found:
            click.echo(self.redactor.text(_line(each)))
            for fact in each.differences[:3]:
                text = f"  {fact.path}: expected {fact.expected!r}, got {fact.actual!r}"
                click.echo(self.redactor.text(text))
        stores = {str(row[3]) for row in files_table(bench, self.redactor).rows}
        if stores:
            secret = ", encrypted" if bench.encrypted else ""
            click.echo(f"new files are in: {', '.join(sorted(stores))}{secret}")
        for each_left in self.left:
            click.echo(f"left behind: {self.redactor.text(each_left)}")
        click.echo(f"{sentence}\nreport: {job.folder / 'report.html'}")


def _line(found: Found) -> str:
    code = f" {found.code}" if found.outcome is Outcome.FAIL and found.code else ""
    reason = f" ({found.reason})" if found.reason and not found.differences else ""
    return f"{found.outcome}{code} {found.title}{reason}"


def _size(text: str | None) -> int | None:
    """Read a size as Parse Server does: ``20mb`` is 20 times 1024 times 1024 bytes."""
    if text is None:
        return None
    match = _SIZE.fullmatch(text.strip())
    size = int(float(match[1]) * 1024 ** _POWERS[match[2].lower()]) if match else 0
    if not 0 < size < _MOST:
        raise UserError(
            f"--max-upload {text}: that is no size of an upload", "Write it as in the server: 20mb"
        )
    return size
