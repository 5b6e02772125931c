"""What was hosted beside the API: do its pages and routes answer as before?

:func:`read_website` and :func:`read_urls` say which URLs there are, :func:`compare_sites` asks for
them and judges the answers, :mod:`parity.jobs.web.checks` makes evidence of that.
"""

from parity.jobs.web.answers import Answer, Failure, Page
from parity.jobs.web.codes import Code
from parity.jobs.web.judge import Judgement, Rules, judge
from parity.jobs.web.run import Comparison, Options, Result, chosen, compare_sites
from parity.jobs.web.source import Website, is_recording, origin_of, read_urls, read_website

__all__ = [
    "Answer",
    "Code",
    "Comparison",
    "Failure",
    "Judgement",
    "Options",
    "Page",
    "Result",
    "Rules",
    "Website",
    "chosen",
    "compare_sites",
    "is_recording",
    "judge",
    "origin_of",
    "read_urls",
    "read_website",
]
