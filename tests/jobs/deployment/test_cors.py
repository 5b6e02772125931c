"""CORS of a real Parse Server, and of proxies that spoil it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiohttp import web

from demo.proxy import Answer
from parity.jobs.deployment import codes
from parity.jobs.deployment.cors import check_cors
from parity.model import Outcome
from parity.model.judged import Judged
from tests.jobs.deployment.world import ORIGIN, Deployment

Change = Callable[[web.Request, Answer], Answer]
ALLOW = "Access-Control-Allow-Origin"


def looked(good: Deployment, edit: Change | None = None, *origins: str) -> Judged:
    with good.behind(edit=edit) as proxy:
        target = good.target(proxy, origins=origins or (ORIGIN,))
        with good.outside(target) as http:
            return check_cors(http)


def codes_of(found: Judged) -> list[str]:
    return [finding.code for finding in found.findings]


def without(*names: str) -> Change:
    def edit(_request: web.Request, answer: Answer) -> Answer:
        kept = [pair for pair in answer.headers if pair[0] not in names]
        return Answer(answer.status, kept, answer.body)

    return edit


def adding(*headers: tuple[str, str]) -> Change:
    def edit(_request: web.Request, answer: Answer) -> Answer:
        return Answer(answer.status, [*answer.headers, *headers], answer.body)

    return edit


def instead(*headers: tuple[str, str]) -> Change:
    return lambda request, answer: adding(*headers)(
        request, without(*(name for name, _ in headers))(request, answer)
    )


def test_a_server_that_allows_the_origin_of_the_app_passes(good: Deployment) -> None:
    found = looked(good)
    assert (found.outcome, codes_of(found)) == (Outcome.PASS, [])
    assert found.seen == f"{ORIGIN} may call"


def test_an_origin_that_is_not_allowed_fails(good: Deployment) -> None:
    found = looked(good, None, ORIGIN, "https://other.example")
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.CORS_ORIGIN.id])
    assert "https://other.example" in found.findings[0].seen


def test_a_proxy_that_drops_the_header_fails(good: Deployment) -> None:
    found = looked(good, without(ALLOW))
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.CORS_ORIGIN.id])


def test_a_proxy_that_drops_it_where_there_is_no_preflight_fails(good: Deployment) -> None:
    def edit(request: web.Request, answer: Answer) -> Answer:
        return answer if request.method == "OPTIONS" else without(ALLOW)(request, answer)

    found = looked(good, edit)
    assert codes_of(found) == [codes.CORS_ORIGIN.id]
    assert "without preflight" in found.findings[0].seen


def test_a_proxy_that_adds_the_header_once_more_fails(good: Deployment) -> None:
    found = looked(good, adding((ALLOW, "*")))
    assert found.outcome is Outcome.FAIL
    assert codes.CORS_TWICE.id in codes_of(found)


@pytest.mark.parametrize("status", [301, 401, 404, 405])
def test_a_proxy_that_does_not_pass_options_on_fails(good: Deployment, status: int) -> None:
    def edit(request: web.Request, answer: Answer) -> Answer:
        return Answer(status) if request.method == "OPTIONS" else answer

    found = looked(good, edit)
    assert found.outcome is Outcome.FAIL
    assert codes_of(found)[0] is codes.CORS_PREFLIGHT.id


def test_a_proxy_that_replaces_the_headers_fails(good: Deployment) -> None:
    found = looked(good, instead(("Access-Control-Allow-Headers", "Content-Type")))
    assert codes_of(found) == [codes.CORS_HEADERS.id]
    assert "X-Parse-Session-Token" in found.findings[0].seen
    assert "Content-Type" not in found.findings[0].seen


def test_a_proxy_that_replaces_the_methods_fails(good: Deployment) -> None:
    found = looked(good, instead(("Access-Control-Allow-Methods", "GET, POST, PUT")))
    assert codes_of(found) == [codes.CORS_METHODS.id]
    assert "DELETE" in found.findings[0].seen


def test_any_origin_is_a_warning(good: Deployment) -> None:
    found = looked(good, instead((ALLOW, "*")))
    assert (found.outcome, codes_of(found)) == (Outcome.PASS, [codes.CORS_ANY.id])


def mirror(request: web.Request, answer: Answer) -> Answer:
    return instead((ALLOW, request.headers.get("Origin", "")))(request, answer)


def test_any_origin_with_credentials_fails(good: Deployment) -> None:
    def edit(request: web.Request, answer: Answer) -> Answer:
        mirrored = mirror(request, answer)
        return adding(("Access-Control-Allow-Credentials", "true"))(request, mirrored)

    assert codes_of(looked(good, mirror)) == [codes.CORS_ANY.id]
    found = looked(good, edit)
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.CORS_FOREIGN.id])


def test_nothing_said_about_origins_is_not_tested(good: Deployment) -> None:
    with good.outside(good.target(origins=None)) as http:
        found = check_cors(http)
    assert found.outcome is Outcome.UNSUPPORTED
    assert "origins = []" in found.remedy


def test_no_web_client_passes_and_says_so(good: Deployment) -> None:
    with good.outside(good.target(origins=())) as http:
        found = check_cors(http)
    assert found.outcome is Outcome.PASS
    assert "origins = []" in found.seen
