"""``parity audit``: is the database of a Parse app sound in itself?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from parity.job import run_job
from parity.jobs.audit.codes import CODES
from parity.jobs.audit.job import AuditJob, AuditRequest
from parity.jobs.audit.logins import read_accounts
from parity.model import ExitCode, UserError
from parity.model.finding import Code
from parity.model.toml import nearest
from parity.options import POSITIVE, choose, read_preference_option, target_options

FILE_SAMPLE: Final = 300
"""Files of --check-files; with none unreachable, at most 1 % are, with 95 % confidence."""


def _file_count(_context: click.Context, _option: click.Parameter, value: str | None) -> int:
    """Read a number of files from 1 on, or ``all``."""
    if value is None or value == "all":
        return 0 if value is None else sys.maxsize
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a number of files from 1 on, nor 'all'")


@click.command()
@target_options
@click.option(
    "--max-mb-s",
    type=POSITIVE,
    metavar="N",
    help="Megabytes to read a second at most.  [default: no limit]",
)
@read_preference_option
@click.option(
    "--accounts",
    metavar="FILE",
    help="JSON with accounts whose owners agreed: they log in over REST; see docs/audit.md.",
)
@click.option(
    "--check-files",
    callback=_file_count,
    is_flag=False,
    flag_value=str(FILE_SAMPLE),
    metavar="N|all",
    help=f"Ask for N files by chance, or for all, with HEAD.  [default if given: {FILE_SAMPLE}]",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="HOST",
    help="Another host that --check-files may ask; the target's own is always allowed.",
)
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="CODE",
    help="A finding code that is known and no reason to fail; may be repeated.",
)
def audit(
    *,
    target: str | None,
    mongo: str | None,
    config: Path | None,
    reports: Path | None,
    as_json: bool,
    max_mb_s: float | None,
    read_preference: str,
    accounts: str | None,
    check_files: int,
    allowed_hosts: tuple[str, ...],
    accepted: tuple[str, ...],
) -> ExitCode:
    """Read a Parse database once and say what is unsound in it.

    \b
        parity audit --target selfhosted
        parity audit --mongo env:MONGODB_URI --max-mb-s 20
        parity audit --target selfhosted --accounts file:accounts.json --check-files
        parity audit --target selfhosted --check-files all      # class by class

    Nothing is written to the database; its primary is read unless --read-preference says otherwise.
    Each finding has a code, a count, examples, what breaks and how it is mended.
    """  # noqa: D301 - click wants the control character
    chosen, _, folder = choose(target, mongo, config)
    over_rest = mongo is None
    if not over_rest and (accounts or check_files):
        raise UserError("--accounts and --check-files need --target", "They ask the Parse Server.")
    request = AuditRequest(
        max_mb_s=max_mb_s or 0.0,
        read_preference=read_preference,
        over_rest=over_rest,
        accounts=read_accounts(_path(accounts), os.environ) if accounts else (),
        check_files=check_files,
        allowed_hosts=frozenset(allowed_hosts),
        accepted=frozenset(_code(name) for name in accepted),
    )
    return run_job(AuditJob(chosen, request), reports or folder, as_json=as_json)


def _path(reference: str) -> Path:
    return Path(reference.removeprefix("file:")).expanduser()


def _code(name: str) -> Code:
    if name not in CODES:
        raise UserError(f"--accept {name}: {nearest(name, CODES)}")
    return CODES[name]
