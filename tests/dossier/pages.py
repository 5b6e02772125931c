"""The pages of the dossier: everything happened that can, all is well, and there is nothing."""

from __future__ import annotations

from pathlib import Path

from parity.dossier import dossier_page
from tests.dossier.rich import HOSTILE, dossier, rich
from tests.gate.world import World, world

LONG = HOSTILE + "a_name_that_does_not_end_" * 20 + "W" * 400


def empty(folder: Path) -> World:
    """A migration that has not begun."""
    w = world(folder)
    w.specs.clear()
    return w


def write(w: World, folder: Path) -> Path:
    """Write the page of a world, with a link to the report of one run."""
    links = {"run-suites": "reports/run-suites/report.html"}
    text = dossier_page(dossier(w), "sha256:" + "0" * 64, links)
    report = w.reports / "run-suites" / "report.html"
    if report.parent.is_dir():
        report.write_text("<!doctype html>", encoding="utf-8")
    page = folder / "dossier.html"
    page.write_text(text, encoding="utf-8")
    return page


PAGES = {
    "troubled": lambda folder: write(rich(folder / "reports", LONG), folder),
    "well": lambda folder: write(world(folder / "reports", "11"), folder),
    "empty": lambda folder: write(empty(folder / "reports"), folder),
}
