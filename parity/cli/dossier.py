"""``parity dossier``: everything that a person signs, in one HTML file and one PDF."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from parity.cli.gate import look
from parity.dossier import (
    Checked,
    Dossier,
    build,
    check,
    dossier_json,
    dossier_markdown,
    dossier_page,
)
from parity.dossier.pdf import HOW, NoPdf, find_browser, print_pdf
from parity.dossier.words import SEVERITIES, costs
from parity.gate import load_gate_file
from parity.gate.output import STATES
from parity.gate.text import sentence
from parity.html import visible
from parity.model import ExitCode, UserError
from parity.options import gate_file_option, runs_option
from parity.report.files import write_text
from parity.report.tally import plural

_COLOURS = {"pass": "green", "fail": "red", "could-not-judge": "magenta"}
_READABLE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--gate",
    "asked",
    type=click.Choice(("8", "11")),
    multiple=True,
    metavar="8|11",
    help="A gate to answer for; may be repeated.  [default: both]",
)
@gate_file_option
@runs_option
@click.option(
    "--out",
    type=_READABLE,
    metavar="PATH",
    help="Where to write, without an ending: PATH.html, .pdf, .md and .json.  "
    "[default: dossier in DIR]",
)
@click.option("--no-pdf", is_flag=True, help="Write no PDF; it needs Chromium.")
@click.option(
    "--check",
    "checked",
    type=_READABLE,
    metavar="FILE",
    help="Write nothing; compare the evidence in DIR with the JSON of an earlier dossier.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def dossier(
    *,
    asked: tuple[str, ...],
    gate_file: Path | None,
    reports: Path,
    out: Path | None,
    no_pdf: bool,
    checked: Path | None,
    as_json: bool,
) -> ExitCode:
    """Put all verdicts and what they rest on into one page, for the person who signs.

    \b
        parity dossier
        parity dossier --gate 8 --out signed/step-8
        parity dossier --check reports/dossier.json

    Nothing is run and no server is asked: the gates are judged now, by the evidence in DIR.
    The exit code is theirs: 0 if all pass, 1 if one fails, 2 if one could not judge. With --check
    it is 1 if any evidence of the dossier is gone or was changed. PARITY_CHROMIUM names the
    browser that prints the PDF.
    """  # noqa: D301 - click wants the control character
    if checked is not None:
        return _check(checked, reports, gate_file, as_json=as_json)
    return _make(
        asked=tuple(sorted(set(asked) or {"8", "11"}, key=int)),
        gate_file=gate_file,
        reports=reports,
        out=out or reports / "dossier",
        no_pdf=no_pdf,
        as_json=as_json,
    )


def _make(
    *,
    asked: tuple[str, ...],
    gate_file: Path | None,
    reports: Path,
    out: Path,
    no_pdf: bool,
    as_json: bool,
) -> ExitCode:

    file = load_gate_file(gate_file)
    now, results = look(reports, file)
    made = build(asked, now, results, reports)
    value = dossier_json(made)
    paths = {name: out.with_name(f"{out.name}.{name}") for name in ("html", "pdf", "md", "json")}
    _forget(paths.values())
    links = _links((each.folder for each in now.runs.good), out.parent)
    write_text(paths["html"], dossier_page(made, value["seal"], links))
    write_text(paths["md"], dossier_markdown(made, value["seal"]))
    write_text(paths["json"], json.dumps(value, indent=2) + "\n")
    problem = None if no_pdf else _pdf(paths["html"], paths["pdf"])
    if as_json:
        click.echo(json.dumps(value, indent=2))
    else:
        _tell(made, value, [path for path in paths.values() if path.exists()])
    if problem:
        click.echo(problem, err=True)
    return _exit_code(made)


def _forget(paths: Iterable[Path]) -> None:
    """Remove what an earlier dossier left: two files of one name have to say the same."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot replace {path}: {error.strerror or error}",
                "Give another place with --out.",
                code="report-unwritable",
            ) from None


def _links(folders: Iterable[Path], start: Path) -> dict[str, str]:
    """Return the relative address of each run's report, as far as there is one."""
    links = {}
    for folder in folders:
        report = folder / "report.html"
        if report.is_file():
            # Every character but the slash is quoted: a name may not become another address.
            links[folder.name] = quote(os.path.relpath(report, start), safe="/")
    return links


def _pdf(page: Path, out: Path) -> str:
    """Print the page; return why there is no PDF, or nothing."""
    browser = find_browser(os.environ)
    if browser is None:
        named = os.environ.get("PARITY_CHROMIUM")
        why = f"PARITY_CHROMIUM={named} is no program" if named else "there is no Chromium here"
        return f"no PDF: {why}. {HOW}"
    click.echo("printing the PDF …", err=True)
    try:
        print_pdf(page, out, browser)
    except NoPdf as error:
        return f"no PDF: {error}. {HOW}"
    return ""


def _tell(made: Dossier, value: dict[str, Any], written: list[Path]) -> None:

    click.echo(click.style(visible(made.answer), fg=_COLOURS[made.word]))
    for gap in made.gaps:
        more = f" (and {len(gap.reasons) - 1} more)" if len(gap.reasons) > 1 else ""
        why = f": {gap.reasons[0]}{more}" if gap.reasons else ""
        click.echo(visible(f"  {STATES[gap.state]}: {gap.rule}{why}"))
    counted = [each for each in made.unknown if each.counted]
    for each in counted[:5]:
        click.echo(visible(f"  {SEVERITIES[each.severity]}: fails: {each.title} ({costs(each)})"))
    if len(counted) > 5:
        more = plural(len(counted) - 5, "more difference")
        click.echo(f"  and {more} that nothing explains")
    for warning in made.warnings:
        click.echo(visible(f"note: {sentence(warning)}"))
    done = sum(step.state == "done" for step in made.steps)
    click.echo(
        f"{done} of {len(made.steps)} steps are done; {plural(len(made.files), 'file')} of evidence"
    )
    click.echo(f"seal: {value['seal']}")
    for path in written:
        with suppress(ValueError):
            path = path.relative_to(Path.cwd())  # noqa: PLW2901 - the same, shorter
        click.echo(f"{path.suffix[1:]}: {path}")


def _exit_code(made: Dossier) -> ExitCode:
    return {
        "pass": ExitCode.PASS,
        "fail": ExitCode.FAIL,
        "could-not-judge": ExitCode.CANNOT_JUDGE,
    }[made.word.value]


def _check(path: Path, reports: Path, gate_file: Path | None, *, as_json: bool) -> ExitCode:

    found = check(path, reports, gate_file)
    if as_json:
        click.echo(json.dumps({"unchanged": not found.problems, **asdict(found)}, indent=2))
    else:
        _tell_checked(found, path, reports)
    return ExitCode.FAIL if found.problems else ExitCode.PASS


def _tell_checked(found: Checked, path: Path, reports: Path) -> None:

    for problem in found.problems:
        click.echo(click.style(visible(problem), fg="red"))
    if found.newer:
        click.echo(visible(f"not in it, so newer: {', '.join(found.newer)}"))
    click.echo(visible(f"{path} of {found.made_at}: {found.answer}"))
    files = f"{plural(found.same, 'file')} of evidence in {reports}"
    if found.problems:
        click.echo(f"changed: {plural(len(found.problems), 'problem')}; {files} as before")
    else:
        click.echo(f"unchanged: {files} as before")
    click.echo(visible(f"seal: {found.seal}"))
