"""``parity import``: what other tools recorded becomes a recording."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from parity import __version__
from parity.capture.base_url import base_url as read_base_url
from parity.capture.importers import source_files
from parity.capture.importing import FileReport, Import, ImportReport
from parity.capture.recording import RecordingHeader, RecordingWriter
from parity.capture.recording_redaction import pseudonym_key as read_key
from parity.model import ExitCode, UserError
from parity.model.evidence import utc_now
from parity.options import POSITIVE
from parity.targets import load_settings, secrets_of
from parity.wire import Redactor

MB = 1024 * 1024
SHOWN_ENDPOINTS = 12
SHOWN_FILES = 50
PROGRESS_EVERY_S = 1.0
LOOK_AT_CLOCK_EVERY = 64


@click.command("import")
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE..."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The recording: .jsonl, or .jsonl.zst to compress it.",
)
@click.option(
    "--base-url",
    metavar="URL",
    help="Where the app's requests went: https://api.parse.com/1. Everything else is left out. "
    "Without it: what most requests share.",
)
@click.option(
    "--max-body",
    type=POSITIVE,
    default=10.0,
    show_default=True,
    metavar="MB",
    help="Longer bodies are left out, and counted.",
)
@click.option(
    "--pseudonym-key",
    metavar="env:NAME|file:PATH",
    help="The secret behind the stand-ins, to have the same ones in several recordings. "
    "Without it: a random one.",
)
@click.option("--keep-secrets", is_flag=True, help="Write keys and personal data as they are.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="A parity.toml; the keys of its --target are redacted by name, wherever they stand.",
)
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Targets of --config.")
@click.option("--force", is_flag=True, help="Replace the file of --out if it is there.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one line of JSON.")
def import_(
    *,
    sources: tuple[Path, ...],
    out: Path,
    base_url: str | None,
    max_body: float,
    pseudonym_key: str | None,
    keep_secrets: bool,
    config: Path | None,
    targets: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> ExitCode:
    """Make a recording of HAR files, cassettes, Parse Server logs, or folders of them.

    \b
        parity import app.har --out scenarios/recordings/app.jsonl
        parity import cassettes/ parse-server.info.2017-01-20 \\
            --base-url https://api.example.com/parse --out app.jsonl.zst
        parity replay scenarios/recordings/app.jsonl --target selfhosted

    Keys, tokens, passwords and personal data are replaced before they reach the file.
    An entry that cannot be read is reported and counted, and the rest of its file is used.
    Exit code 2: nothing could be read, or a whole file could not.
    """  # noqa: D301 - click wants the control character
    if out.exists() and not force:
        raise UserError(f"{out} is there already", "Choose another name, or replace it: --force.")
    key = read_key(pseudonym_key)
    if keep_secrets:
        _say("warning: the recording will hold keys, tokens and personal data as they are")
    redactor = None if keep_secrets else Redactor(_names(config, targets), key)
    imported = Import(
        source_files(sources),
        base=read_base_url(base_url) if base_url else None,
        max_body=int(max_body * MB),
        lane_key=hashlib.blake2b(key, person=b"lanes").digest(),
        progress=_progress(),
    )
    _write(imported, out, sources, redactor)
    return _tell(imported.report, out, redacted=redactor is not None, as_json=as_json)


def _names(config: Path | None, names: tuple[str, ...]) -> dict[str, str]:
    """Return the keys of the targets with the names to show for them."""
    if config is None:
        if names:
            raise UserError("--target needs --config", "Give the parity.toml that has the target.")
        return {}
    return secrets_of(load_settings(config, os.environ, names).targets.values())


def _write(
    imported: Import, out: Path, sources: tuple[Path, ...], redactor: Redactor | None
) -> None:

    header = RecordingHeader(
        base_url=imported.report.base.url,
        created_at=utc_now(),
        source="import " + " ".join(source.name for source in sources),
        redacted=redactor is not None,
        tool=f"parse-parity {__version__}",
    )
    # The file of --out is whole or not there, whatever happens meanwhile.
    partial = out.with_name(f"partial-{os.getpid()}-{out.name}")
    try:
        with RecordingWriter(partial, header, redactor=redactor) as writer:
            for exchange in imported.exchanges():
                writer.write(exchange)
            writer.close(imported.report.counts)
        partial.replace(out)
    finally:
        with suppress(OSError):
            partial.unlink()


def _tell(report: ImportReport, out: Path, *, redacted: bool, as_json: bool) -> ExitCode:
    failed = [file for file in report.files if file.error]
    if as_json:
        click.echo(json.dumps(_facts(report, out, redacted=redacted)))
    else:
        _show(report, out)
    for file in report.files:
        if file.error:
            _say(f"error: {file.path}: {file.error}")
        for problem in file.problems:
            _say(f"warning: {file.path}, {problem}")
    counts = report.counts
    if not counts["kept"]:
        _say(f"error: none of {counts['seen']} entries went to {report.base.url}; see --base-url")
        return ExitCode.CANNOT_JUDGE
    if counts["other_host"] + counts["other_path"] > counts["kept"]:
        _say(f"warning: most entries did not go to {report.base.url}; is that the app's server?")
    if len(report.applications) > 1:
        _say(
            f"warning: requests of {len(report.applications)} applications are in it; they are "
            "replayed one at a time: parity replay --app 1"
        )
    return ExitCode.CANNOT_JUDGE if failed else ExitCode.PASS


def _facts(report: ImportReport, out: Path, *, redacted: bool) -> dict[str, Any]:
    return {
        "out": str(out),
        "base_url": report.base.url,
        "redacted": redacted,
        "counts": dict(report.counts),
        "lanes": report.lanes,
        "methods": dict(report.methods.most_common()),
        "endpoints": dict(report.endpoints.most_common()),
        "notes": dict(report.notes.most_common()),
        "applications": len(report.applications),
        "files": [
            {
                "path": str(file.path),
                "kind": file.kind,
                "counts": dict(file.counts),
                "lanes": len(file.lanes),
                "first_at": file.first_at,
                "last_at": file.last_at,
                "problems": file.problems,
                "error": file.error or None,
            }
            for file in report.files
        ],
    }


def _show(report: ImportReport, out: Path) -> None:
    heads = ("file", "kind", "seen", "kept", "left out", "unreadable", "lanes", "from", "to")
    rows = [heads, *(_row(file) for file in report.files[:SHOWN_FILES])]
    if len(report.files) > 1:
        total = report.counts
        rows.append(("total", "", *_numbers(total), str(report.lanes), "", ""))
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    for row in rows:
        cells = [
            cell.rjust(width) if 2 <= i <= 6 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
    if len(report.files) > SHOWN_FILES:
        click.echo(f"... {len(report.files) - SHOWN_FILES} more files; --json has them all")
    click.echo(f"\nbase URL   {report.base.url}")
    common = report.endpoints.most_common(SHOWN_ENDPOINTS)
    rest = len(report.endpoints) - len(common)
    more = f", and {rest} more" if rest else ""
    click.echo(f"endpoints  {', '.join(f'{name} {count}' for name, count in common)}{more}")
    notable = [
        f"{count} {what}"
        for what, count in (
            ("without a response", report.counts["no_response"]),
            *report.notes.most_common(),
        )
        if count and ": " not in what  # which of the bodies it is about
    ]
    if notable:
        click.echo(f"mind       {', '.join(notable)}")
    if len(report.files) > 1:
        click.echo("order      by the time of each file's first request")
    click.echo(f"recording  {out}, {report.counts['kept']} exchanges")


def _row(report: FileReport) -> tuple[str, ...]:
    times = (report.first_at, report.last_at)
    return (
        report.path.name,
        report.kind or "?",
        *_numbers(report.counts),
        str(len(report.lanes)),
        *(
            "" if each is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(each))
            for each in times
        ),
    )


def _numbers(counts: dict[str, int]) -> tuple[str, str, str, str]:
    left_out = counts["other_host"] + counts["other_path"] + counts["not_http"]
    return str(counts["seen"]), str(counts["kept"]), str(left_out), str(counts["unreadable"])


def _progress() -> Callable[[Path, int], None]:
    """Return what says on stderr how far it is, once it takes longer than a moment."""
    began = shown = time.monotonic()
    total = 0

    def progress(path: Path, seen: int) -> None:
        nonlocal shown, total
        total += 1
        if total % LOOK_AT_CLOCK_EVERY:
            return
        now = time.monotonic()
        if now - shown >= PROGRESS_EVERY_S and now - began > 2:
            shown = now
            _say(f"{path.name}: {seen} entries; {total} in all, {total / (now - began):.0f}/s")

    return progress


def _say(line: str) -> None:
    click.echo(f"parity: {line}", err=True)
