"""What was hosted beside the API: do its pages and routes answer as before?

:func:`read_website` and :func:`read_urls` say which URLs there are,
:func:`parity.jobs.web.compare.compare_sites` asks for them and judges the answers, and
:class:`WebJob` makes evidence of that.
"""

from parity.jobs.web.answers import Answer, Failure, Page
from parity.jobs.web.compare import WebOptions
from parity.jobs.web.job import WebJob
from parity.jobs.web.judge import Judgement, Rules, judge
from parity.jobs.web.source import origin_of, read_urls, read_website

__all__ = [
    "Answer",
    "Failure",
    "Judgement",
    "Page",
    "Rules",
    "WebJob",
    "WebOptions",
    "judge",
    "origin_of",
    "read_urls",
    "read_website",
]
