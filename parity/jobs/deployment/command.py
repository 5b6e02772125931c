"""``parity deployment``: is the server that clients will reach safe, reachable and durable?"""

from __future__ import annotations

from pathlib import Path

import click

from parity.job import run_job
from parity.jobs.deployment import DeploymentJob, DeploymentOptions
from parity.model import ExitCode
from parity.options import (
    POSITIVE,
    config_option,
    configured,
    json_option,
    report_dir_option,
)


@click.command()
@click.option("--target", required=True, metavar="NAME", help="The deployed server.")
@config_option
@click.option(
    "--restart",
    is_flag=True,
    help="Somebody restarts the server while the command waits; it asks for it.",
)
@click.option(
    "--wait-restart",
    type=POSITIVE,
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
    type=POSITIVE,
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
    chosen, folder = configured(target, config)
    options = DeploymentOptions(
        source_address=source_address,
        inside=configured(inside_target, config)[0] if inside_target else None,
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
    return run_job(DeploymentJob(chosen, options), reports or folder, as_json=as_json)
