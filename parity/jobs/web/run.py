"""One comparison of two websites: asks, a few pages at a time, and judges each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from parity.jobs.web.answers import Answer, Failure, Page
from parity.jobs.web.fetch import Breaker, Site, both
from parity.jobs.web.judge import Judgement, Rules, judge
from parity.jobs.web.source import Website
from parity.model import Outcome


@dataclass(frozen=True, slots=True)
class Options:
    """How to compare.

    Attributes:
        jobs: Pages that are asked for at the same time.
        timeout_s: Seconds to wait for one answer.
        side_by_side: Whether the old site is asked as well, instead of what was recorded.
        ca: PEM file of a private certificate authority of the new site.
    """

    jobs: int = 4
    timeout_s: float = 15.0
    side_by_side: bool = False
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
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


@dataclass(slots=True)
class Comparison:
    """All results, in the order of the pages.

    Attributes:
        results: One for each page that was asked for.
        not_asked: Pages that were not asked for, because the site is down.
    """

    results: list[Result] = field(default_factory=list)
    not_asked: list[Page] = field(default_factory=list)


def chosen(website: Website, only: Iterable[str], limit: int | None) -> tuple[Page, ...]:
    """Return the pages whose path matches one of the patterns, at most ``limit``.

    Args:
        website: All pages.
        only: Patterns as a shell would match them: ``/blog/*``; none takes all.
        limit: How many; ``None`` for all.
    """
    patterns = tuple(only)
    found = tuple(
        each
        for each in website.pages
        if not patterns or any(fnmatchcase(each.path, pattern) for pattern in patterns)
    )
    return found if limit is None else found[:limit]


def compare_sites(
    pages: tuple[Page, ...],
    rules: Rules,
    options: Options,
    done: Callable[[Result], None],
) -> Comparison:
    """Ask the new site (and the old one) for every page.

    Args:
        pages: What to ask for.
        rules: Which sites, and how to judge.
        options: How to ask.
        done: Told of each result as soon as it is there.
    """
    return asyncio.run(_Comparing(rules, options, done).run(pages))


class _Comparing:
    def __init__(self, rules: Rules, options: Options, done: Callable[[Result], None]) -> None:
        self.rules, self.options, self.done = rules, options, done
        self.breaker = Breaker()

    async def run(self, pages: tuple[Page, ...]) -> Comparison:
        compared = Comparison()
        waiting = iter(pages)
        async with AsyncExitStack() as stack:
            new = await stack.enter_async_context(
                Site(self.rules.new, self.options.timeout_s, ca=self.options.ca)
            )
            old = None
            if self.options.side_by_side:
                old = await stack.enter_async_context(Site(self.rules.old, self.options.timeout_s))

            async def worker() -> None:
                for page in waiting:
                    if self.breaker.open:
                        compared.not_asked.append(page)
                        continue
                    result = await self._one(page, old, new)
                    compared.results.append(result)
                    self.done(result)

            await asyncio.gather(*(worker() for _ in range(self.options.jobs)))
        return compared

    async def _one(self, page: Page, old: Site | None, new: Site) -> Result:
        was, now = await both(old, new, page.method, page.path, page.request_headers)
        self.breaker.note([now])
        if isinstance(was, Failure):
            verdict = Judgement(Outcome.ERROR, f"the old site: {was.reason}")
            return Result(page, None, now, verdict, 2)
        expected = page.recorded if was is None else (was,)
        verdict = judge(page, expected, now, self.rules)
        if verdict.outcome is not Outcome.FAIL or old is None:
            return Result(page, expected[0], now, verdict, 1 + (old is not None))
        # Once more: what the old site changes by itself is no difference.
        again = await old.ask(page.method, page.path, page.request_headers)
        if isinstance(again, Answer):
            verdict = judge(page, (*expected, again), now, self.rules)
        return Result(page, expected[0], now, verdict, 3)
