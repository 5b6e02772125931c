"""The dossier as one HTML file; printed, it is the PDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any, Final

from parity import html
from parity.dossier.model import Coverage, Dossier, Share, WaiverLine
from parity.dossier.words import OUTCOMES, SEVERITIES, cell, cost, counted, day, of, percent, where
from parity.gate.output import STATES, WORDS
from parity.gate.page import STATE_ICONS, STEP_ICONS, WORD_ICONS
from parity.gate.text import sentence
from parity.html.chart import Shown, shown
from parity.html.tables import view
from parity.model.evidence import TableEvent, TargetFacts
from parity.model.verdict import Word

MOST_DIFFERENCES: Final = 100
MOST_ROWS: Final = 40

_WORDS: Final = {str(word): text for word, text in WORDS.items()}


def dossier_page(dossier: Dossier, seal: str, links: Mapping[str, str] | None = None) -> str:
    """Return a dossier as HTML. Everything in it is escaped: evidence is hostile text.

    Args:
        dossier: The dossier.
        seal: Digest of its JSON.
        links: Address of the report of a run, by the name of its folder.
    """
    return html.render(
        "parity.dossier",
        "dossier.html",
        style=("dossier.css",),
        filters={
            "cell": cell,
            "cost": cost,
            "day": day,
            "outcome": OUTCOMES.__getitem__,
            "sentence": sentence,
            "severity": SEVERITIES.__getitem__,
            "state": STATES.__getitem__,
            "state_icon": STATE_ICONS.__getitem__,
            "step_icon": STEP_ICONS.__getitem__,
            "view": view,
            "where": where,
            "word": lambda word: WORDS[Word(word)],
            "word_icon": lambda word: WORD_ICONS[Word(word)],
        },
        dossier=dossier,
        seal=seal,
        links=links or {},
        most_differences=MOST_DIFFERENCES,
        share=lambda part, whole: of(Share(part, whole)),
        became=_became,
        drawn=_drawn,
        cut=_cut,
        next_number=count(1).__next__,
        area_rows=_area_rows,
        decisions=[
            (decision.step, decision.state, decision.name, decision.date, decision.note)
            for decision in dossier.decisions
        ],
        waivers=[_waiver(waiver) for waiver in dossier.waivers],
        changed=[(rule, " and ".join(of), change) for of, rule, change in dossier.changed],
        targets=[
            (target.name, target.url, str(target.style), target.server_version, _note(target))
            for target in dossier.targets
        ],
        measured=[(each.what, each.value, ", ".join(each.runs)) for each in dossier.measured_on],
        files=[
            (
                file.path,
                f"{file.job} {_WORDS.get(file.verdict, file.verdict)}".strip(),
                ", ".join(file.rules) or None,
                file.sha256.removeprefix("sha256:") or "not readable",
            )
            for file in dossier.files
        ],
    )


def _drawn(tables: Iterable[TableEvent]) -> tuple[Shown, ...]:
    """Return tables to be shown: drawn whole, and without links, which lead beside the run."""
    return shown(
        [
            replace(table, links=(), rows=table.rows if table.chart else table.rows[:MOST_ROWS])
            for table in tables
            if table.rows
        ]
    )


def _cut(tables: Iterable[TableEvent]) -> dict[str, int]:
    """Return how many rows are left out, by the title of the table."""
    return {
        table.title: len(table.rows) - MOST_ROWS
        for table in tables
        if len(table.rows) > MOST_ROWS and table.chart is None
    }


def _became(each: Coverage) -> list[tuple[Any, ...]]:
    return [
        (outcome, number, percent(Share(number, each.total)), means)
        for outcome, number, means in each.became
    ]


def _area_rows(areas: Mapping[str, Mapping[str, int]]) -> list[tuple[str, str]]:
    return [(name, counted(dict(counts))) for name, counts in areas.items()]


def _waiver(each: WaiverLine) -> tuple[str, ...]:
    gates = f" in gate {' and '.join(each.gates)}" if each.gates else ""
    waiver = each.waiver
    return (waiver.rule, f"{each.state}{gates}", waiver.name, waiver.expires, waiver.reason)


def _note(facts: TargetFacts) -> str | None:
    said = [facts.note, "thrown away afterwards" if facts.embedded else ""]
    return "; ".join(filter(None, said)) or None
