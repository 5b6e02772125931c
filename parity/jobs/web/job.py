"""The job of ``parity web``: one check for each URL, and one for links to what goes away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from parity.job import Events, Job, Run, asked_of
from parity.jobs.web.answers import Answer, Page
from parity.jobs.web.compare import ComparedPage, WebOptions, chosen, compare_sites
from parity.jobs.web.evidence import links_check, page_check, tables
from parity.jobs.web.judge import Rules
from parity.jobs.web.source import Website, is_recording, origin_of, read_urls, read_website
from parity.model import Outcome, Target, UserError
from parity.model.digest import digest_of_recording
from parity.model.errors import HarnessError
from parity.model.events import AskedFact, NoticeEvent, TargetFacts
from parity.targets import secrets_of, server_version

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class PageResult:
    """One URL as ``--json`` prints it; ``status`` is that of the new site.

    ``made_equal`` says what was taken out before bodies were compared, and how often.
    """

    method: str
    path: str
    outcome: Outcome
    code: str | None
    reason: str
    status: int | None
    made_equal: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HostedLink:
    """One link to what goes away as ``--json`` prints it."""

    page: str
    link: str


@dataclass(frozen=True, slots=True)
class WebResult:
    """What ``--json`` prints; ``left_out`` counts exchanges that are not the website's, by why."""

    old: str
    new: str
    left_out: Mapping[str, int]
    pages: tuple[PageResult, ...]
    hosted_links: tuple[HostedLink, ...]


class WebJob(Job):
    """Compares the pages of a website before and after the move.

    Args:
        source: A recording, a HAR file, or a list of URLs.
        target: The server beside which the new site is.
        options: How to compare.
        site: Scheme and host of the new site; ``None`` for those of the target.
        old: Scheme and host of the old site; a recording may name it.

    Raises:
        UserError: The source cannot be read or names no page, or an address is none.
    """

    name = "web"
    unit = "URL"

    def __init__(
        self,
        source: Path,
        target: Target,
        options: WebOptions,
        site: str | None = None,
        old: str | None = None,
    ) -> None:
        parts = urlsplit(target.url)
        self.beside = origin_of(f"{parts.scheme}://{parts.netloc}", "--site")
        self.new = origin_of(site, "--site") if site else self.beside
        given = origin_of(old, "--from") if old else None
        self.source, self.target = source, target
        if is_recording(source):
            self.website = read_website(source, given, (parts.path.rstrip("/"),))
        else:
            self.website = _listed(source, given)
            options = replace(options, side_by_side=True)
        self.options = options
        self.pages = chosen(self.website, options.only, options.limit)
        if not self.pages:
            raise UserError(f"no URL of {source} matches --only", "Patterns match the whole path.")
        self.results: list[ComparedPage] = []

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target."""
        try:
            version = server_version(self.target)
        except HarnessError:
            version = self.target.version  # the site may answer all the same
        return (TargetFacts.of(self.target, server_version=version),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target."""
        return secrets_of([self.target])

    def digests(self) -> Mapping[str, str]:
        """Return that of the source."""
        return {"web": digest_of_recording(self.source)}

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options, and which site is judged."""
        return asked_of(self.options, WebOptions(timeout_s=self.target.timeout_s), "ca") | {
            "site": AskedFact(self.new, self.beside),
        }

    def events(self, run: Run) -> Events:
        """Yield a check for each URL as it comes, then that of links, and tables."""
        rules = Rules(
            self.website.old,
            self.new,
            self.options.domain_stays,
            run.redactor,
            self.website.redacted and not self.options.side_by_side,
        )
        not_asked: list[Page] = []
        started, failed = time.monotonic(), 0
        with closing(compare_sites(self.pages, rules, self.options, not_asked)) as results:
            for number, result in enumerate(results, 1):
                self.results.append(result)
                failed += result.judgement.outcome is Outcome.FAIL
                run.progress(
                    f"{number:,} of {len(self.pages):,} URLs, {failed:,} differ, "
                    f"{time.monotonic() - started:.0f} s"
                )
                yield page_check(result, self.target.name, self.new, run.redactor)
        order = {page.signature: number for number, page in enumerate(self.pages)}
        self.results.sort(key=lambda result: order[result.page.signature])
        yield links_check(self.results, self.target.name)
        yield from tables(self.results)
        if not_asked:
            text = f"{self.new} does not answer: {len(not_asked):,} URLs were not tried."
            yield NoticeEvent("error", self.target.name, text)

    def closing(self) -> Iterator[str]:
        """Show what does not pass, in the order of the source, and what was left out."""
        shown = [result for result in self.results if result.judgement.outcome is not Outcome.PASS]
        for result in shown[:_SHOWN]:
            verdict = result.judgement
            code = f" {verdict.code}" if verdict.outcome is Outcome.FAIL and verdict.code else ""
            yield f"{verdict.outcome}{code} {result.page.signature}"
            yield f"  {verdict.reason}"
            for fact in verdict.differences[:3]:
                yield f"  {fact.path}: expected {fact.expected!r}, got {fact.actual!r}"
        if len(shown) > _SHOWN:
            yield f"and {len(shown) - _SHOWN:,} more, see the report"
        if links := self._links():
            yield "fail WEB-HOSTED-LINK links that lead to what goes away"
            for link in links[:_SHOWN]:
                yield f"  {link.page}: {link.link}"
            if len(links) > _SHOWN:
                yield f"  and {len(links) - _SHOWN:,} more, see the report"
        if self.website.left_out:
            left = ", ".join(f"{count:,} {why}" for why, count in self.website.left_out.items())
            yield f"left out: {left}"
        if self.website.redacted:
            yield "the recording is redacted: names of cookies could not be compared"

    def result(self) -> WebResult:
        """Return every page, and every link to what goes away."""
        pages = tuple(map(_page_result, self.results))
        return WebResult(self.website.old, self.new, self.website.left_out, pages, self._links())

    def _links(self) -> tuple[HostedLink, ...]:
        return tuple(
            HostedLink(result.page.path, link)
            for result in self.results
            for link in result.judgement.links
        )


def _listed(source: Path, old: str | None) -> Website:
    if old is None:
        raise UserError(
            f"{source} is a list of URLs, so what they answered before is not known",
            "Name the old site, which still runs: --from https://old.example",
            code="web-from",
        )
    return read_urls(source, old)


def _page_result(result: ComparedPage) -> PageResult:
    verdict = result.judgement
    return PageResult(
        method=result.page.method,
        path=result.page.path,
        outcome=verdict.outcome,
        code=None if verdict.code is None else verdict.code.id,
        reason=verdict.reason,
        status=result.actual.status if isinstance(result.actual, Answer) else None,
        made_equal={name: count for name, count in verdict.rules.items() if count},
    )
