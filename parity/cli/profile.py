"""``parity profile``: the load that an app has, from its recorded traffic."""

from __future__ import annotations

import json
from pathlib import Path

import click

from parity.model import ExitCode, UserError
from parity.options import json_option
from parity.profiles.derive import Derived, derive_profile
from parity.profiles.write import profile_toml
from parity.report.progress import Progress

SHOWN = 12


@click.command()
@click.argument("recording", type=click.Path(path_type=Path), metavar="RECORDING")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The profile: loadtests/profiles/app.toml.",
)
@click.option("--name", metavar="NAME", help="What it is called.  [default: the name of --out]")
@click.option(
    "--shapes",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    metavar="N",
    help="Kinds of requests at most; the rarest are merged into others, and counted.",
)
@click.option("--allow-truncated", is_flag=True, help="Use a recording whose end is missing.")
@click.option("--force", is_flag=True, help="Replace the file of --out if it is there.")
@json_option
def profile(
    *,
    recording: Path,
    out: Path,
    name: str | None,
    shapes: int,
    allow_truncated: bool,
    force: bool,
    as_json: bool,
) -> ExitCode:
    """Derive a load profile from a recording.

    \b
        parity profile app.jsonl --out loadtests/profiles/app.toml
        parity size --target selfhosted --profile loadtests/profiles/app.toml

    A profile says what an app's clients ask for, how often and how fast. It holds shapes and sizes
    and no values: nothing of a user's data is in it.
    What the recording does not say, such as rates by hour of a recording of ten minutes, is named.
    """  # noqa: D301 - click wants the control character
    if out.exists() and not force:
        raise UserError(f"{out} is there already", "Choose another name, or replace it: --force.")
    with Progress() as progress:

        def count(number: int) -> None:
            seconds = max(progress.elapsed_s, 0.001)
            progress.show(f"parity: {number} exchanges, {number / seconds:.0f}/s")

        try:
            found = derive_profile(
                recording,
                name or out.stem,
                shapes=shapes,
                allow_truncated=allow_truncated,
                progress=count,
            )
        except ValueError as error:
            raise UserError(
                f"{recording} holds {error}",
                "Is its base URL the address of the app? parity import --base-url sets it.",
                code="profile",
            ) from None
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(profile_toml(found.profile, _comments(found)), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(_facts(found, out), separators=(",", ":")))
    else:
        _show(found, out)
    return ExitCode.PASS


def _comments(found: Derived) -> list[str]:
    reads = _share(found.reads, found.reads + found.writes)
    return [
        f"Derived by parity profile from {found.exchanges} requests; {reads} read.",
        *(f"{note[0].upper()}{note[1:]}." for note in found.notes),
    ]


def _show(found: Derived, out: Path) -> None:
    profile = found.profile
    total = found.reads + found.writes
    click.echo(f"{found.exchanges} requests, {len(profile.operations)} kinds")
    for operation in profile.operations[:SHOWN]:
        click.echo(f"  {operation.weight:6.2f} %  {operation.name}")
    if len(profile.operations) > SHOWN:
        rest = sum(operation.weight for operation in profile.operations[SHOWN:])
        click.echo(f"  {rest:6.2f} %  {len(profile.operations) - SHOWN} more")
    click.echo(f"\nreads      {_share(found.reads, total)} of {total}; the rest writes")
    click.echo(
        f"rate       {profile.peak_rate:g} requests/s in the busiest minute, "
        f"{profile.typical_rate:g} in the median one"
    )
    click.echo(f"clients    {profile.clients} in the busiest minute")
    low, middle, high = profile.think_s
    click.echo(f"thinking   {low:g} s, {middle:g} s, {high:g} s (quartiles)")
    if profile.latency_ms:
        slowest = ", ".join(f"{name} {ms:g} ms" for name, ms in profile.latency_ms.items())
        click.echo(f"p95        {slowest}")
    for note in found.notes:
        click.echo(f"not known  {note}")
    for what, count in found.left_out.items():
        click.echo(f"left out   {count} of {found.exchanges}: {what}")
    if found.merged:
        click.echo(f"merged     {found.merged} requests of rare kinds count as similar ones")
    click.echo(f"profile    {out}")


def _facts(found: Derived, out: Path) -> dict[str, object]:
    profile = found.profile
    return {
        "out": str(out),
        "name": profile.name,
        "digest": profile.digest,
        "exchanges": found.exchanges,
        "operations": len(profile.operations),
        "reads": found.reads,
        "writes": found.writes,
        "peak_rate": profile.peak_rate,
        "typical_rate": profile.typical_rate,
        "clients": profile.clients,
        "left_out": dict(found.left_out),
        "merged": found.merged,
        "notes": list(found.notes),
    }


def _share(part: int, total: int) -> str:
    return f"{100 * part / max(1, total):.0f} %"
