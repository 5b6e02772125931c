"""One page for the person who signs: all verdicts, in HTML, PDF, Markdown and JSON.

It says what the gates say and what their evidence shows, never more. No server is asked.
"""

from __future__ import annotations

from parity.dossier.build import answer, build
from parity.dossier.model import Dossier
from parity.dossier.output import dossier_json
from parity.dossier.page import dossier_page
from parity.dossier.seal import Checked, check, seal
from parity.dossier.summary import dossier_markdown

__all__ = [
    "Checked",
    "Dossier",
    "answer",
    "build",
    "check",
    "dossier_json",
    "dossier_markdown",
    "dossier_page",
    "seal",
]
