"""``/health`` of a server that is well, of one that is not, and of a cache."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from demo.proxy import Answer, TlsProxy
from parity.jobs.deployment import DeploymentOptions, codes
from parity.jobs.deployment.health import check_health
from parity.jobs.deployment.http import HttpSession
from parity.model import Outcome, Secret, Style, Target
from parity.model.judged import Judged

JSON = ("Content-Type", "application/json")
OK = Answer(200, [JSON], b'{"status":"ok"}')


def looked(answers: Sequence[Answer], **options: float) -> Judged:
    """Answer with these in turn, over and over."""
    count = 0

    async def next_one(request: object) -> Answer:
        nonlocal count
        count += 1
        return answers[(count - 1) % len(answers)]

    with TlsProxy(None, pages={"/parse/health": next_one}) as proxy:
        http = HttpSession(Target("x", Style.PARSE_SERVER, f"{proxy.origin}/parse", Secret("app")))
        found = check_health(http, DeploymentOptions(**{"health_pause_s": 0.0, **options}))  # type: ignore[arg-type]
        http.close()
    assert count == 5
    return found


def test_a_server_that_is_well_passes() -> None:
    found = looked([OK])
    assert (found.outcome, found.seen) == (Outcome.PASS, "ok 5 of 5 times")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, [JSON], b'{"status":"starting"}'),
        Answer(200, [JSON], b'{"status":"initialized"}'),
        Answer(200, [("Content-Type", "text/html")], b"<html>ok</html>"),
        Answer(200, [JSON], b'"ok"'),
        Answer(404, [JSON], b'{"status":"ok"}'),
        Answer(502),
    ],
)
def test_anything_but_ok_fails(answer: Answer) -> None:
    found = looked([answer])
    assert found.outcome is Outcome.FAIL
    assert [finding.code for finding in found.findings] == [codes.HEALTH_STATUS.id]


def test_a_server_that_is_well_now_and_then_fails() -> None:
    found = looked([OK, OK, Answer(502)])
    assert found.outcome is Outcome.FAIL
    assert [finding.code for finding in found.findings] == [codes.HEALTH_FLAPS.id]
    assert "1 of 5 times" in found.findings[0].seen


@pytest.mark.parametrize(
    "header",
    [("Age", "30"), ("X-Cache", "MISS, HIT"), ("X-Cache", "Hit from cloudfront")],
)
def test_a_cache_that_says_so_fails(header: tuple[str, str]) -> None:
    found = looked([Answer(200, [JSON, header], OK.body)])
    assert [finding.code for finding in found.findings] == [codes.HEALTH_CACHED.id]
    assert found.outcome is Outcome.FAIL


def test_a_cache_that_was_passed_is_no_matter() -> None:
    headers = [JSON, ("Age", "0"), ("X-Cache", "MISS"), ("CF-Cache-Status", "DYNAMIC")]
    assert looked([Answer(200, headers, OK.body)]).outcome is Outcome.PASS


def test_a_cache_that_says_nothing_is_found_by_its_date() -> None:
    old = Answer(200, [JSON, ("Date", "Thu, 26 Nov 2026 13:00:00 GMT")], OK.body)
    assert looked([old]).outcome is Outcome.PASS  # too quick to tell
    found = looked([old], health_pause_s=0.51)
    assert [finding.code for finding in found.findings] == [codes.HEALTH_CACHED.id]
