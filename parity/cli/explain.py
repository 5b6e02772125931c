"""``parity explain``: what a difference, a setting or a finding is, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from parity.explain import (
    find,
    load_codes,
    load_facts,
    nearest_facts,
    select,
    write_facts,
    write_list,
)
from parity.model import UserError

AREA_HELP = "With --list: only this part of the API, such as users."
SEVERITIES = ("breaking", "security", "benign", "none")


@click.command()
@click.argument("name", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="One line for each difference.")
@click.option("--area", help=AREA_HELP)
@click.option("--severity", type=click.Choice(SEVERITIES), help="With --list: only these.")
@click.option(
    "--version", metavar="VERSION", help="With --list: only what this Parse Server shows."
)
@click.option(
    "--known-differences",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder of your own known differences, beside the shipped ones.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def explain(
    name: tuple[str, ...],
    *,
    listed: bool,
    area: str | None,
    severity: str | None,
    version: str | None,
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Explain a difference between the hosted service and Parse Server, or what was found.

    NAME is an id, an entry of the catalogue, a scenario, a setting of step 6, the code of a
    finding of any command, or a few words:

    \b
        parity explain KD-0302
        parity explain user-default-acl
        parity explain VER-MISSING
        parity explain session token
        parity explain --list --severity breaking --version 9.10.0
    """  # noqa: D301 - click wants the control character
    if bool(name) == listed:
        raise UserError(
            "name one difference, or ask for --list",
            "For example: parity explain KD-0302, or parity explain --list --area users",
        )
    if not listed and (area or severity or version):
        raise UserError("--area, --severity and --version go with --list")
    facts = load_facts(folders)
    if listed:
        write_list(select(facts, area=area, severity=severity, version=version), as_json=as_json)
        return
    query = " ".join(name)
    codes = load_codes()
    found = [code for code in codes if code.id == query.upper()] or find(facts, query)
    if not found:
        nearest = nearest_facts(facts + codes, query)
        close = "\n".join(f"  {fact.id or fact.slug}  {fact.title}" for fact in nearest)
        raise UserError(
            f"there is nothing called {query!r}",
            f"Perhaps one of these:\n{close}\n`parity explain --list` lists all.",
            code="unknown-difference",
        )
    write_facts(found, as_json=as_json)
