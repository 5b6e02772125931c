"""``parity capture``: a recording reverse proxy in front of the server that an app uses today."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvloop

from parity.capture.accounting import Accounts
from parity.capture.proxy import Rules
from parity.capture.recorder import Bounds
from parity.capture.recording_redaction import pseudonym_key as read_key
from parity.capture.session import Captured, CaptureSettings, Stop, Told
from parity.capture.session import capture as start
from parity.capture.upstream import UpstreamSettings
from parity.model import ExitCode, Target, UserError
from parity.options import POSITIVE
from parity.targets import load_settings, secrets_of
from parity.wire import Redactor

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MB = 1024 * 1024
PLAIN_STATUS_EVERY_S = 10.0
"""How often a status is printed where no terminal can rewrite its line."""


@click.command()
@click.option(
    "--upstream",
    required=True,
    metavar="TARGET|URL",
    help="Where requests go: a target of parity.toml, or a base URL with its mount.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The recording, a new file: .jsonl, or .jsonl.zst to compress it.",
)
@click.option(
    "--listen",
    default="127.0.0.1:8081",
    show_default=True,
    metavar="HOST:PORT",
    help="Where the app is pointed at; port 0 for a free one.",
)
@click.option(
    "--config",
    envvar="PARITY_CONFIG",
    type=click.Path(path_type=Path),
    help="The parity.toml with the targets; their keys are redacted by name.",
)
@click.option(
    "--upstream-ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Certificates (PEM) to trust instead of the system's.",
)
@click.option(
    "--upstream-timeout",
    type=POSITIVE,
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest silence of the upstream.",
)
@click.option(
    "--keep-host", is_flag=True, help="Pass on the client's Host instead of the upstream's."
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="GLOB",
    help="Pass on and do not record paths below the mount that match, as often as you like: "
    "'/files/*'.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="Record this share of the clients, each of them wholly or not at all.",
)
@click.option(
    "--max-body",
    type=POSITIVE,
    default=10.0,
    show_default=True,
    metavar="MB",
    help="Longer bodies are passed on and not recorded.",
)
@click.option("--max-exchanges", type=click.IntRange(min=1), metavar="N", help="End after N.")
@click.option("--max-minutes", type=POSITIVE, metavar="N", help="End after N minutes.")
@click.option("--max-mb", type=POSITIVE, metavar="N", help="End when the file has N MB.")
@click.option(
    "--pseudonym-key",
    metavar="env:NAME|file:PATH",
    help="The secret behind the stand-ins and the sample, to have the same ones in several "
    "recordings. Without it: a random one.",
)
@click.option("--keep-secrets", is_flag=True, help="Write keys and personal data as they are.")
@click.option(
    "--no-fsync", is_flag=True, help="Wait for the operating system only, not for the disk."
)
@click.option("--json", "as_json", is_flag=True, help="The counts as one line of JSON.")
def capture(
    *,
    upstream: str,
    out: Path,
    listen: str,
    config: Path | None,
    upstream_ca: Path | None,
    upstream_timeout: float,
    keep_host: bool,
    ignore: tuple[str, ...],
    sample: float,
    max_body: float,
    max_exchanges: int | None,
    max_minutes: float | None,
    max_mb: float | None,
    pseudonym_key: str | None,
    keep_secrets: bool,
    no_fsync: bool,
    as_json: bool,
) -> ExitCode:
    """Record what an app says to its server, and what the server answers.

    Point the app (or a test build of it) at the address of --listen instead of its server.
    Ctrl-C ends it, and the recording is complete.

    \b
        parity capture --upstream hosted --out scenarios/recordings/app.jsonl
        parity capture --upstream https://api.parse.com/1 --sample 0.1 --max-minutes 60 \\
            --out scenarios/recordings/app.jsonl.zst
        parity replay scenarios/recordings/app.jsonl --target selfhosted

    Keys, tokens, passwords and personal data are replaced before they reach the file.
    """  # noqa: D301 - click wants the control character
    host, port = _address(listen)
    url, target = _upstream(upstream, config)
    key = read_key(pseudonym_key)
    if keep_secrets:
        _warn("the recording will hold keys, session tokens and personal data as they are")
    settings = CaptureSettings(
        upstream=UpstreamSettings(url, upstream_ca, upstream_timeout, keep_host),
        out=out,
        host=host,
        port=port,
        rules=Rules(ignore, sample, int(max_body * MB), hashlib.blake2b(key).digest()),
        bounds=Bounds(max_exchanges, None if max_mb is None else int(max_mb * MB)),
        minutes=max_minutes,
        redactor=None if keep_secrets else Redactor(secrets_of([target] if target else []), key),
        fsync=not no_fsync,
        source=target.name if target else "",
    )
    captured = _run(settings)
    return _report(captured, out, as_json=as_json)


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not re.fullmatch(r"\d{1,5}", port) or int(port) > 65535:
        raise UserError(
            f"--listen {listen} is no address", "Write HOST:PORT, for example 127.0.0.1:8081."
        )
    if host not in LOOPBACK:
        _warn(
            f"{host} can be reached from elsewhere: whoever reaches it reaches the upstream, "
            "over HTTP without encryption"
        )
    return host, int(port)


def _upstream(upstream: str, config: Path | None) -> tuple[str, Target | None]:

    parts = urlsplit(upstream)
    if parts.scheme in ("http", "https") and parts.hostname:
        if parts.query or parts.fragment or parts.username or parts.password:
            raise UserError(
                "the URL of --upstream has a user name, a query or a fragment",
                "Give it up to its mount: https://api.parse.com/1.",
            )
        return upstream.rstrip("/"), None
    if config is None:
        raise UserError(
            f"--upstream {upstream} is no URL, and no parity.toml says what it is",
            "Give the URL with its mount, or the file with --config or PARITY_CONFIG.",
        )
    target = load_settings(config, os.environ, (upstream,)).targets[upstream]
    return target.url, target


def _run(settings: CaptureSettings) -> Captured:

    status = _Status(settings.out)

    async def run() -> Captured:
        stop = Stop()

        def end() -> None:
            if not stop.soon.is_set():
                status.end()
                _say("ending; a second Ctrl-C does not wait for requests in flight")
            (stop.now if stop.soon.is_set() else stop.soon).set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        told = Told(
            ready=lambda port: _say_ready(settings, port),
            status=status.show,
            problem=status.problem,
        )
        return await start(settings, stop, told)

    captured = uvloop.run(run())
    status.end()
    return captured


def _say_ready(settings: CaptureSettings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    _say(f"listening on http://{host}:{port}{settings.upstream.mount}")
    _say(f"upstream     {settings.upstream.url}")
    _say(f"recording    {settings.out}" + ("" if settings.redactor else ", with secrets"))
    _say("Ctrl-C ends it.")


class _Status:
    """One line on stderr, rewritten in a terminal, repeated now and then elsewhere."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._tty = sys.stderr.isatty()
        self._shown: str | None = None
        self._shown_at = 0.0
        self._seen = 0
        self._at = 0.0

    def show(self, accounts: Accounts, seconds: float) -> None:
        every = 0.0 if self._tty else PLAIN_STATUS_EVERY_S
        if seconds - self._shown_at < every or seconds <= 0:
            return
        rate = (accounts.seen - self._seen) / max(seconds - self._at, 0.001)
        self._seen, self._at, self._shown_at = accounts.seen, seconds, seconds
        counts = accounts.as_dict()
        dropped = sum(value for name, value in counts.items() if name.startswith("dropped_"))
        parts = [
            f"{accounts.seen} seen, {rate:.0f}/s",
            f"{counts['kept']} kept",
            f"{dropped} dropped",
            f"{accounts.in_flight} in flight",
            f"{self._out.stat().st_size / MB:.1f} MB" if self._out.exists() else "no file",
        ]
        parts += [
            f"{counts[name]} {name.replace('_', ' ')}"
            for name in ("no_response", "cut_off", "truncated", "lost")
            if counts[name]
        ]
        line = f"{seconds:.0f} s: {', '.join(parts)}"
        if self._tty:
            sys.stderr.write(f"\r{line:{len(self._shown or '')}}")
            sys.stderr.flush()
        else:
            _say(line)
        self._shown = line

    def problem(self, message: str) -> None:
        self.end()
        _warn(message)

    def end(self) -> None:
        if self._tty and self._shown is not None:
            sys.stderr.write("\n")
            self._shown = None


def _report(captured: Captured, out: Path, *, as_json: bool) -> ExitCode:
    counts = captured.counts
    if as_json:
        facts = {
            "out": str(out),
            "seconds": round(captured.seconds, 3),
            "whole": captured.failure is None,
        }
        click.echo(json.dumps({**facts, "counts": counts, "failure": captured.failure}))
    else:
        for name, value in counts.items():
            if value or name in ("seen", "kept", "no_response", "truncated"):
                click.echo(f"{name.replace('_', ' '):22} {value}")
    if captured.failure is not None:
        _warn(f"the recording {out} is not whole: {captured.failure}")
        return ExitCode.CANNOT_JUDGE
    if not counts["kept"]:
        _warn(f"nothing was recorded; is the app pointed at the address above? {out} is empty")
    _say(f"{counts['kept']} exchanges in {out}")
    return ExitCode.PASS


def _say(line: str) -> None:
    click.echo(f"parity: {line}", err=True)


def _warn(line: str) -> None:
    _say(f"warning: {line}")
