"""``parity gate``: may the app point at the new server (8), may it ship (11)?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from parity import __version__
from parity.gate import (
    GATES,
    GateFile,
    GateResult,
    Now,
    load_gate,
    load_gate_file,
    read_result,
    read_runs,
)
from parity.gate.judge import Results, judge
from parity.gate.output import STATES, WORDS, gate_json, gate_markdown
from parity.gate.page import gate_page
from parity.gate.previous import says_the_same
from parity.html import visible
from parity.model import ExitCode
from parity.options import gate_file_option, runs_option
from parity.report.files import write_text
from parity.report.progress import Progress
from parity.report.verdict import verdict

COLOURS = {
    "holds": "green",
    "waived": "yellow",
    "could not judge": "magenta",
    "not tested": "cyan",
    "lapsed": "yellow",
    "failed": "red",
}
_READABLE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("number", type=click.Choice(("8", "11")))
@gate_file_option
@click.option(
    "--target",
    metavar="NAME",
    help="The target that is judged: the new server for gate 8, the deployed one for gate 11.",
)
@runs_option
@click.option("--explain", is_flag=True, help="Show every rule with its evidence.")
@click.option("--markdown", type=_READABLE, metavar="FILE", help="A summary for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON instead of text.")
def gate(
    *,
    number: str,
    gate_file: Path | None,
    target: str | None,
    reports: Path,
    explain: bool,
    markdown: Path | None,
    as_json: bool,
) -> ExitCode:
    """Judge by the evidence of earlier runs whether the app may go on.

    \b
        parity gate 8
        parity gate 8 --explain --gate-file parity-gate.toml
        parity gate 11 --target deployed --markdown gate.md

    8 asks whether the app may point at the new server, 11 whether it may ship. Nothing is run and
    no server is asked. What is required and was not tested, or on something else than is in use
    now, fails. DIR gets gate-8.html and gate-8.json.
    """  # noqa: D301 - click wants the control character
    file = load_gate_file(gate_file)
    if target is not None:
        alias = {"server": target} if number == "8" else {"deployed": target}
        file = replace(file, targets=replace(file.targets, **alias))
    wanted = load_gate(number, file)
    now, results = look(reports, file)
    result = judge(wanted, now, results)
    page, kept = reports / f"gate-{number}.html", reports / f"gate-{number}.json"
    said = says_the_same(kept, result)
    value = said or json.dumps(gate_json(result), indent=2) + "\n"
    if not (said and page.exists()):
        write_text(page, gate_page(result))
    if not said:
        write_text(kept, value)
    if markdown is not None:
        write_text(markdown, gate_markdown(result))
    if as_json:
        click.echo(value, nl=False)
    else:
        _tell(result, page, explain=explain)
    return exit_code(result)


def look(reports: Path, file: GateFile) -> tuple[Now, Results]:
    """Read all runs and the results of the gates.

    Args:
        reports: Folder with the runs.
        file: What the user says.
    """
    with Progress() as progress:

        def count(done: int, total: int) -> None:
            left = progress.elapsed_s / done * (total - done)
            progress.show(f"reading run {done} of {total}, {left:.0f} s left")

        runs = read_runs(reports, verdict, count)
    results = {each: read_result(reports / f"gate-{each}.json", each) for each in GATES}
    return Now(runs, file, datetime.now(UTC), __version__), results


def exit_code(result: GateResult) -> ExitCode:
    """Return the code that the command ends with."""
    return {
        "pass": ExitCode.PASS,
        "fail": ExitCode.FAIL,
        "could-not-judge": ExitCode.CANNOT_JUDGE,
    }[result.word.value]


def _tell(result: GateResult, page: Path, *, explain: bool) -> None:

    wide = max(len(rule.rule.id) for rule in result.rules)
    for rule in result.rules:
        word = STATES[rule.state]
        state = click.style(f"{word:<15}", fg=COLOURS[word])
        click.echo(f"{state}  {rule.rule.id:<{wide}}  {visible(rule.rule.title)}")
        for reason in rule.reasons:
            click.echo(f"{'':>17}{visible(reason.text)}")
        if rule.waiver is not None:
            waiver = visible(f"{rule.waiver.name} until {rule.waiver.expires}")
            click.echo(f"{'':>17}waived by {waiver}: {visible(rule.waiver.reason)}")
        notes = [rule.carried, *(f"changed: {change}" for change in rule.changed)]
        for note in filter(None, notes):
            click.echo(f"{'':>17}{visible(note)}")
        if explain:
            for line in _explained(result, rule.rule.id):
                click.echo(f"{'':>17}{visible(line)}")
    for text in result.notes:
        click.echo(visible(f"note: {text}"))
    click.echo(f"gate {result.number}: {WORDS[result.word]}. {visible(result.sentence)}")
    click.echo(f"page: {page}")


def _explained(result: GateResult, rule: str) -> list[str]:
    (each,) = (one for one in result.rules if one.rule.id == rule)
    lines = list(each.facts)
    for proof in each.proofs:
        version = f", server {proof.server_version}" if proof.server_version else ""
        lines.append(
            f"run {proof.run}: {proof.job} on {proof.target}, {proof.verdict}, "
            f"{proof.age_days:.1f} of at most {each.rule.max_age_days:g} days old{version}"
        )
        lines += [f"  {name} {digest}" for name, digest in sorted(proof.digests.items())]
    if each.rule.command:
        lines.append(f"$ {each.rule.command}")
    return lines
