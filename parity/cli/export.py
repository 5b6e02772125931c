"""``parity export``: a recording as HAR, for other tools."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import click

from parity.capture.har_export import write_har
from parity.capture.recording import open_recording
from parity.model import ExitCode, UserError


@click.command()
@click.argument("recording", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--har",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The HAR file to write.",
)
@click.option(
    "--allow-truncated", is_flag=True, help="Use what is whole of a recording without its end."
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def export(*, recording: Path, har: Path, allow_truncated: bool, force: bool) -> ExitCode:
    """Write a recording as a HAR 1.2 file, which browsers and mitmproxy can open.

    \b
        parity export scenarios/recordings/app.jsonl.zst --har app.har

    What is redacted in the recording stays redacted.
    """  # noqa: D301 - click wants the control character
    if har.exists() and not force:
        raise UserError(f"{har} is there already", "Choose another name, or replace it: --force.")
    partial = har.with_name(f"partial-{os.getpid()}-{har.name}")
    with open_recording(recording, allow_truncated=allow_truncated) as reader:
        try:
            har.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as out:
                count = write_har(reader.header, reader, out)
            partial.replace(har)
        except OSError as error:
            raise UserError(f"cannot write {har}: {error.strerror or error}") from None
        finally:
            with suppress(OSError):
                partial.unlink()
        if reader.truncated:
            click.echo(f"parity: warning: {recording} is truncated", err=True)
    click.echo(f"parity: {count} exchanges in {har}", err=True)
    return ExitCode.PASS
