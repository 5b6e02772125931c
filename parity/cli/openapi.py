"""``parity openapi``: the app's REST API as an OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path

import click

from parity.capture.recording import open_recording
from parity.model import ExitCode, Keys, Secret, UserError
from parity.openapi import document, schemas_of
from parity.openapi.recorded import schemas_in
from parity.options import config_option, configured
from parity.report.files import write_text


@click.command()
@click.option("--target", metavar="NAME", help="A target of parity.toml with a master key.")
@config_option
@click.option(
    "--recording",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the classes from recorded traffic, where there is no master key.",
)
@click.option("--title", metavar="TEXT", help="Name of the app.  [default: name of the target]")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it.  [default: standard output]",
)
def openapi(
    *,
    target: str | None,
    config: Path | None,
    recording: Path | None,
    title: str | None,
    out: Path | None,
) -> ExitCode:
    """Write the REST API of an app as OpenAPI 3.1: its classes and the built-in endpoints.

    \b
        parity openapi --target selfhosted > app.openapi.json
        parity openapi --recording app.jsonl --out app.openapi.json

    For client generators, gateways and fuzzers. Field types, pointers, required fields, defaults
    and class-level permissions are in it; permissions of single rows are not.
    """  # noqa: D301 - click wants the control character
    if (target is None) == (recording is None):
        raise UserError(
            "which app? Give --target or --recording, one of them",
            "--target asks the server for its classes; --recording takes those of its traffic.",
        )
    if recording is not None:
        with open_recording(recording) as reader:
            schemas = schemas_in(reader)
            url = reader.header.base_url or "http://localhost:1337/parse"
        # Hosted clients had a key each; which one an app used is in its requests, not here.
        keys, name = Keys(rest_key=Secret("")), recording.stem
    else:
        assert target is not None
        chosen, _ = configured(target, config)
        schemas, url, keys, name = schemas_of(chosen), chosen.url, chosen.keys, chosen.name
    text = json.dumps(document(title or name, url, keys, schemas), indent=1) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
        click.echo(f"{out}: {len(schemas)} classes", err=True)
    return ExitCode.PASS
