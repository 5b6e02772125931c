"""What ``parity web --json`` prints; the schema is ``schemas/web.schema.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parity.jobs.web.answers import Answer
from parity.jobs.web.run import Result
from parity.jobs.web.source import Website
from parity.wire import Redactor


def json_of(
    website: Website, new: str, results: Sequence[Result], redactor: Redactor
) -> dict[str, Any]:
    """Return a comparison as JSON.

    Args:
        website: What was to be compared.
        new: Scheme and host of the new site.
        results: What became of each page.
        redactor: Keeps secrets out.
    """
    return {
        "format": "parity-web",
        "version": 1,
        "old": website.old,
        "new": new,
        "left_out": dict(website.left_out),
        "pages": [_page(each, redactor) for each in results],
        "hosted_links": [
            {"page": redactor.url(each.page.path), "link": redactor.url(link)}
            for each in results
            for link in each.judgement.links
        ],
    }


def _page(result: Result, redactor: Redactor) -> dict[str, Any]:
    verdict = result.judgement
    return {
        "method": result.page.method,
        "path": redactor.url(result.page.path),
        "outcome": str(verdict.outcome),
        "code": None if verdict.code is None else str(verdict.code),
        "reason": redactor.text(verdict.reason),
        "status": result.actual.status if isinstance(result.actual, Answer) else None,
        "made_equal": {name: count for name, count in verdict.rules.items() if count},
    }
