"""``parity files``: do new files land in the chosen store, and come back as they were?"""

from __future__ import annotations

import re
from pathlib import Path

import click

from parity.job import run_job
from parity.jobs.files import FilesJob, FilesOptions, read_expected
from parity.model import ExitCode, UserError
from parity.options import config_option, configured, json_option, report_dir_option

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
    chosen, folder = configured(target, config)
    options = FilesOptions(read_expected(store), _size(max_upload))
    job = FilesJob(chosen, options, frozenset(allowed_hosts))
    return run_job(job, reports or folder, as_json=as_json)


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
