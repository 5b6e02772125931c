"""``parity doctor``: what is there, what is missing, and how to get it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from parity.model import ExitCode
from parity.stack.doctor import Row, State, examine


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def doctor(*, as_json: bool) -> ExitCode:
    """Say what is there, what is missing and how to get it.

    Ends with 0 if the embedded default can run here, else with 2.

    \b
        parity doctor
        parity doctor --json | jq '.rows[] | select(.state == "missing")'
    """  # noqa: D301 - click wants the control character
    rows = examine()
    can_run = all(row.state is not State.MISSING for row in rows)
    if as_json:
        click.echo(
            json.dumps({"can_run": can_run, "rows": [asdict(row) for row in rows]}, indent=1)
        )
    else:
        _print(rows)
        click.echo(
            "The embedded default can run: pytest suites/"
            if can_run
            else "The embedded default cannot run until what is missing is there."
        )
    return ExitCode.PASS if can_run else ExitCode.CANNOT_JUDGE


def _print(rows: list[Row]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("part", "state", "found", "what to do"):
        table.add_column(column, overflow="fold")
    styles = {State.MISSING: "bold red", State.WARNING: "yellow", State.OK: "green"}
    for row in rows:
        style = styles.get(row.state, "")
        state = f"[{style}]{row.state}[/]" if style else str(row.state)
        table.add_row(row.part, state, _plain(row.found), _plain(row.remedy))
    Console(soft_wrap=False).print(table)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
