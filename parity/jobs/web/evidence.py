"""The comparison of two websites as evidence: a check for each URL, one for links, and tables."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from parity.jobs.web import codes
from parity.jobs.web.answers import Answer
from parity.jobs.web.compare import ComparedPage
from parity.model import Kind, Outcome
from parity.model.evidence import (
    CheckEvent,
    DifferenceFact,
    ExchangeFact,
    TableEvent,
    body_text,
)
from parity.wire import Redactor

LINKS: Final = "web/hosted-links"
_SHOWN_LINKS: Final = 50


def page_check(result: ComparedPage, target: str, new: str, redactor: Redactor) -> CheckEvent:
    """Return the check of one page.

    Args:
        result: What became of it.
        target: Name of the target.
        new: Scheme and host of the new site.
        redactor: Keeps secrets out of a body before it is cut.
    """
    page, verdict = result.page, result.judgement
    name = f"web/{page.method} {page.path}"
    repeat = _curl(page.method, new + page.path)
    finding = None
    if verdict.code is not None and verdict.outcome is Outcome.FAIL:
        finding = verdict.code.finding(reproduce=repeat)
    elapsed = result.actual.elapsed_ms or 0.0 if isinstance(result.actual, Answer) else 0.0
    exchanges: tuple[ExchangeFact, ...] = ()
    if verdict.outcome is not Outcome.PASS and isinstance(result.actual, Answer):
        exchanges = (_exchange(result, result.actual, new, redactor, repeat),)
    return CheckEvent(
        id=name,
        nodeid=f"{name}[{target}]",
        target=target,
        area="web",
        level="must",
        effect="reads",
        spec=(),
        title=f"{page.method} {page.path} answers as before.",
        outcome=verdict.outcome,
        reason=verdict.reason,
        duration_s=elapsed / 1000,
        server_s=elapsed / 1000,
        requests=result.requests,
        differences=tuple(verdict.differences),
        exchanges=exchanges,
        findings=(finding,) if finding else (),
    )


def links_check(results: Sequence[ComparedPage], target: str) -> CheckEvent:
    """Return the check that no page leads to the hosted service or the old site."""
    looked_at = [result for result in results if _body_was_seen(result)]
    found = [(result.page.path, link) for result in looked_at for link in result.judgement.links]
    pages = len({path for path, _ in found})
    outcome = Outcome.FAIL if found else Outcome.PASS if looked_at else Outcome.UNSUPPORTED
    reason = f"{len(found)} links of {pages} pages" if found else ""
    if not looked_at:
        reason = "no answer has a body to look for links in"
    return CheckEvent(
        id=LINKS,
        nodeid=f"{LINKS}[{target}]",
        target=target,
        area="web",
        level="must",
        effect="reads",
        spec=(),
        title="No page leads to the hosted service or to the old site.",
        outcome=outcome,
        reason=reason,
        differences=tuple(
            DifferenceFact(path, Kind.EXTRA, None, link) for path, link in found[:_SHOWN_LINKS]
        ),
        findings=(codes.HOSTED_LINK.finding(),) if found else (),
    )


def tables(results: Sequence[ComparedPage]) -> list[TableEvent]:
    """Return what was compared by content type, how long it took, and what was taken out."""
    return [_types(results), _times(results), _rules(results)]


def _types(results: Sequence[ComparedPage]) -> TableEvent:
    rows: dict[str, Counter[str]] = {}
    for result in results:
        answer = result.expected or result.actual
        mime = answer.mime or "(none)" if isinstance(answer, Answer) else "(no answer)"
        if isinstance(answer, Answer) and answer.is_redirect:
            mime = "(redirect)"
        row = rows.setdefault(mime, Counter())
        row[result.judgement.outcome] += 1
        if isinstance(result.actual, Answer):
            row["bytes"] += len(result.actual.body or b"")
    order: tuple[str, ...] = tuple(outcome.value for outcome in _OUTCOMES)
    return TableEvent(
        "content-types",
        "By content type",
        ("content type", "URLs", *order, "KB"),
        tuple(
            (mime, sum(row[name] for name in order), *(row[name] for name in order),
             round(row["bytes"] / 1000, 1))
            for mime, row in sorted(rows.items())
        ),
    )  # fmt: skip


_OUTCOMES = (Outcome.PASS, Outcome.FAIL, Outcome.UNSUPPORTED, Outcome.ERROR)


def _times(results: Sequence[ComparedPage]) -> TableEvent:
    rows: list[tuple[Any, ...]] = []
    sides = (
        ("old site", [result.expected for result in results]),
        ("new site", [result.actual for result in results]),
    )
    for name, answers in sides:
        times = sorted(
            answer.elapsed_ms
            for answer in answers
            if isinstance(answer, Answer) and answer.elapsed_ms is not None
        )
        if times:
            middle, high = (times[int(share * (len(times) - 1))] for share in (0.5, 0.95))
            rows.append((name, len(times), round(middle), round(high), round(times[-1])))
    note = "Until the whole answer was there; recorded times are those of the recorded clients."
    columns = ("site", "answers", "median ms", "95 % within ms", "slowest ms")
    return TableEvent("times", "Times", columns, tuple(rows), note)


def _rules(results: Sequence[ComparedPage]) -> TableEvent:
    rows = tuple(
        (result.page.path, rule, count)
        for result in sorted(results, key=lambda result: result.page.path)
        for rule, count in sorted(result.judgement.rules.items())
        if count
    )
    return TableEvent(
        "made-equal",
        "Taken out before bodies were compared",
        ("URL", "what", "places on both sides"),
        rows,
        "Both sides together; what is not listed was compared as it is.",
    )


def _body_was_seen(result: ComparedPage) -> bool:
    return isinstance(result.actual, Answer) and bool(result.actual.body)


def _exchange(
    result: ComparedPage, answer: Answer, new: str, redactor: Redactor, repeat: str
) -> ExchangeFact:
    page = result.page
    body = answer.body or b""
    shown = body_text(redactor.text(body[:20_000].decode("utf-8", "replace")))
    return ExchangeFact(
        method=page.method,
        url=new + page.path,
        request_headers=dict(page.request_headers),
        request_body="",
        status=answer.status,
        response_headers=dict(answer.headers),
        response_body=shown,
        elapsed_ms=round(answer.elapsed_ms or 0.0, 3),
        repeat=repeat,
    )


def _curl(method: str, url: str) -> str:
    head = " -I" if method == "HEAD" else " -i"
    return f"curl -sS{head} {shlex.quote(url)}"
