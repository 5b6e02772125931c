"""The dossier as a page: a migration in which everything happened that it shows."""

from __future__ import annotations

from pathlib import Path

from parity.dossier import dossier_page
from tests.dossier.rich import HOSTILE, dossier, rich

LONG = HOSTILE + "a_name_that_does_not_end_" * 20 + "W" * 400


def troubled(folder: Path) -> Path:
    """Failures, gaps, waivers and numbers, and names that would like to be a script."""
    made = dossier(rich(folder / "reports", LONG))
    path = folder / "dossier.html"
    links = {"run-suites": "run-suites/report.html"}
    path.write_text(dossier_page(made, "sha256:" + "0" * 64, links), encoding="utf-8")
    return path


PAGES = {"troubled": troubled}
