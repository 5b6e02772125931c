"""One comparison of two websites: asks, a few pages at a time, and judges each answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from parity.jobs.web.answers import Answer, Failure, Page
from parity.jobs.web.fetch import Breaker, Site, both
from parity.jobs.web.judge import Judgement, Rules, judge
from parity.jobs.web.source import Website
from parity.model import Outcome


@dataclass(frozen=True, slots=True)
class WebOptions:
    """How to compare.

    Attributes:
        jobs: Pages that are asked for at the same time.
        timeout_s: Seconds to wait for one answer.
        side_by_side: Whether the old site is asked as well, instead of what was recorded.
        ca: PEM file of a private certificate authority of the new site.
        domain_stays: Whether the old address will lead to the new site.
        only: Patterns of paths as a shell would match them; none takes all.
        limit: How many pages at most; ``None`` for all.
    """

    jobs: int = 4
    timeout_s: float = 15.0
    side_by_side: bool = False
    ca: Path | None = None
    domain_stays: bool = False
    only: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ComparedPage:
    """What became of one page.

    Attributes:
        page: What was asked.
        expected: What the old site answered; ``None`` if it did not.
        actual: What the new site answered, or why it did not.
        judgement: What that means.
        requests: Requests that were sent for it.
    """

    page: Page
    expected: Answer | None
    actual: Answer | Failure
    judgement: Judgement
    requests: int = 1


def chosen(website: Website, only: Iterable[str], limit: int | None) -> tuple[Page, ...]:
    """Return the pages whose path matches one of the patterns, at most ``limit``.

    Args:
        website: All pages.
        only: Patterns as a shell would match them: ``/blog/*``; none takes all.
        limit: How many; ``None`` for all.
    """
    patterns = tuple(only)
    found = tuple(
        page
        for page in website.pages
        if not patterns or any(fnmatchcase(page.path, pattern) for pattern in patterns)
    )
    return found if limit is None else found[:limit]


def compare_sites(
    pages: Iterable[Page], rules: Rules, options: WebOptions, not_asked: list[Page]
) -> Generator[ComparedPage, None, None]:
    """Ask the new site (and the old one) for every page.

    Args:
        pages: What to ask for.
        rules: Which sites, and how to judge.
        options: How to ask.
        not_asked: Gets the pages that were not asked for, because the site is down.

    Yields:
        What became of each page, as soon as it is there.
    """
    results = _Comparing(rules, options, not_asked).results(iter(pages))

    async def following() -> ComparedPage | None:
        return await anext(results, None)

    # The requests go on only while the next result is waited for; the runner ends all of them.
    with asyncio.Runner() as runner:
        while (result := runner.run(following())) is not None:
            yield result


class _Comparing:
    def __init__(self, rules: Rules, options: WebOptions, not_asked: list[Page]) -> None:
        self.rules, self.options, self.not_asked = rules, options, not_asked
        self.breaker = Breaker()

    async def results(self, waiting: Iterator[Page]) -> AsyncGenerator[ComparedPage, None]:
        async with AsyncExitStack() as stack:
            new = await stack.enter_async_context(
                Site(self.rules.new, self.options.timeout_s, ca=self.options.ca)
            )
            old = None
            if self.options.side_by_side:
                old = await stack.enter_async_context(Site(self.rules.old, self.options.timeout_s))
            asked: set[asyncio.Task[ComparedPage]] = set()
            while True:
                while len(asked) < self.options.jobs and (page := next(waiting, None)) is not None:
                    if self.breaker.open:
                        self.not_asked.append(page)
                    else:
                        asked.add(asyncio.create_task(self._one(page, old, new)))
                if not asked:
                    return
                done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()

    async def _one(self, page: Page, old: Site | None, new: Site) -> ComparedPage:
        was, now = await both(old, new, page.method, page.path, page.request_headers)
        self.breaker.note([now])
        if isinstance(was, Failure):
            verdict = Judgement(Outcome.ERROR, f"the old site: {was.reason}")
            return ComparedPage(page, None, now, verdict, 2)
        expected = page.recorded if was is None else (was,)
        verdict = judge(page, expected, now, self.rules)
        if verdict.outcome is not Outcome.FAIL or old is None:
            return ComparedPage(page, expected[0], now, verdict, 1 + (old is not None))
        # Once more: what the old site changes by itself is no difference.
        again = await old.ask(page.method, page.path, page.request_headers)
        if isinstance(again, Answer):
            verdict = judge(page, (*expected, again), now, self.rules)
        return ComparedPage(page, expected[0], now, verdict, 3)
