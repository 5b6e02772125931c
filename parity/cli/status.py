"""``parity status``: the twelve steps of the migration, and the evidence for each."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity.cli.gate import look
from parity.gate import StepResult, board, load_gate_file, load_steps
from parity.gate.output import board_json
from parity.gate.page import board_page
from parity.html import visible
from parity.model import ExitCode
from parity.options import runs_option
from parity.report.files import write_text

COLOURS = {"done": "green", "open": "cyan", "stale": "yellow", "failed": "red"}
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--gate-file",
    type=_FILE,
    metavar="FILE",
    help="Schedule, decisions and waivers.  [default: parity-gate.toml, if it is there]",
)
@runs_option
@click.option("--html", type=_FILE, metavar="FILE", help="Write the board as one page.")
@click.option("--json", "as_json", is_flag=True, help="The board as JSON instead of text.")
def status(*, gate_file: Path | None, reports: Path, html: Path | None, as_json: bool) -> ExitCode:
    """Show how far the migration is: twelve steps, done, open, stale or failed.

    \b
        parity status
        parity status --html board.html
        parity status --gate-file parity-gate.toml --json

    Each step names the evidence that it was judged by. Stale means that it was tested, on
    something else than is in use now or too long ago. The exit code is 0, whatever the board
    shows: `parity gate` is what says yes or no.
    """  # noqa: D301 - click wants the control character
    file = load_gate_file(gate_file)
    now, results = look(reports, file)
    steps = board(load_steps(file), now, results)
    judged_at = now.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    if html is not None:
        write_text(html, board_page(steps, judged_at))
    if as_json:
        click.echo(json.dumps(board_json(steps, judged_at), indent=2))
    elif sys.stdout.isatty():
        _table(steps)
    else:
        _lines(steps)
    if html is not None and not as_json:
        click.echo(f"page: {html}")
    for bad in now.runs.bad:
        click.echo(visible(f"{bad.code}: {bad.what}"), err=True)
    return ExitCode.PASS


def _table(steps: tuple[StepResult, ...]) -> None:

    table = Table("step", "", "what", "why", "evidence", box=None, pad_edge=False)
    for step in steps:
        table.add_row(
            Text(str(step.step.number)),
            Text(str(step.state), style=COLOURS[step.state]),
            Text(visible(f"{step.step.title}{_due(step)}")),
            Text("\n".join(visible(why) for why in step.why)),
            Text("\n".join(visible(run) for run in _evidence(step))),
        )
    Console(highlight=False).print(table)
    click.echo(_sum(steps))


def _lines(steps: tuple[StepResult, ...]) -> None:

    for step in steps:
        click.echo(f"{step.step.number:>2}  {step.state:<6}  {step.step.title}{_due(step)}")
        for line in [*step.why, *_evidence(step)]:
            click.echo(f"{'':>12}{visible(line)}")
    click.echo(_sum(steps))


def _due(step: StepResult) -> str:
    if step.due is None:
        return ""
    return f", {'OVERDUE since' if step.overdue else 'due'} {step.due.isoformat()}"


def _evidence(step: StepResult) -> list[str]:
    proofs = {proof.run: proof for result in step.rules for proof in result.proofs}
    return [
        f"{proof.run} ({proof.job}: {proof.verdict}, {proof.age_days:.1f} days old)"
        for proof in proofs.values()
    ]


def _sum(steps: tuple[StepResult, ...]) -> str:
    states = [step.state for step in steps]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    return f"{', '.join(f'{number} {state}' for state, number in counts.items())} of {len(steps)}"
