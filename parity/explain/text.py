"""How ``parity explain`` writes: wrapped and coloured for a terminal, whole lines for a pipe."""

from __future__ import annotations

import json
from collections import Counter

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from parity.explain.facts import Fact


def write_facts(facts: list[Fact], *, as_json: bool) -> None:
    """Write everything about some facts.

    Args:
        facts: What to write.
        as_json: Write a JSON array instead.
    """
    if as_json:
        _write_json(facts)
        return
    console = Console(highlight=False)
    for number, fact in enumerate(facts):
        if number:
            click.echo()
        _write_one(console, fact)


def write_list(facts: list[Fact], *, as_json: bool) -> None:
    """Write one line for each fact; fields are separated by tabs in a pipe.

    Args:
        facts: What to write.
        as_json: Write a JSON array with everything instead.
    """
    console = Console(highlight=False)
    if as_json:
        _write_json(facts)
    elif not console.is_terminal:
        for fact in facts:
            click.echo("\t".join(fact.line()))
    else:
        table = Table("id", "slug", "area", "severity", "versions", "what", box=None)
        for fact in facts:
            table.add_row(*map(Text, fact.line()))
        console.print(table)
        counts = Counter(fact.status for fact in facts)
        summary = ", ".join(f"{count} {status}" for status, count in counts.items())
        console.print(f"\n{len(facts)} entries: {summary or 'none'}")


def _write_json(facts: list[Fact]) -> None:
    click.echo(json.dumps([fact.as_json() for fact in facts], ensure_ascii=False, indent=2))


def _write_one(console: Console, fact: Fact) -> None:
    title = f"{fact.id or fact.slug}  {fact.title}"
    if console.is_terminal:
        console.print(Text(title, style="bold"))
    else:
        click.echo(title)
    for label, value in fact.rows():
        lines = [value] if isinstance(value, str) else list(value)
        if not any(lines):
            continue
        if not console.is_terminal:
            click.echo("\n    ".join([f"  {label}", *lines]))
            continue
        console.print(Text(f"  {label}", style="cyan"))
        for line in lines:
            console.print(Padding(Text(line), (0, 0, 0, 4)))
