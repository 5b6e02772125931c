"""Evidence in, page and summary out.

:func:`write_report` makes the one-file HTML page, :func:`write_summary` the numbers for scripts,
:func:`verdict` the answer. They read evidence and nothing else.
"""

from parity.model.verdict import Verdict, Word
from parity.report.html import write_report
from parity.report.summary import summarise, write_summary
from parity.report.verdict import verdict

__all__ = ["Verdict", "Word", "summarise", "verdict", "write_report", "write_summary"]
