"""Dashboards as parse-dashboard shows itself: open, with a login of any kind, closed, and none."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from demo.proxy import Answer, Page
from parity.jobs.deployment import codes
from parity.jobs.deployment.dashboard import check_dashboard
from parity.model import Outcome
from parity.model.judged import Judged
from tests.jobs.deployment.world import Deployment, page

HTML = ("Content-Type", "text/html")
JSON = ("Content-Type", "application/json")
APPS = Answer(200, [JSON], b'{"apps":[{"appId":"app","masterKey":"the key"}]}')
KEPT_BACK = Answer(200, [JSON], b'{"success":false,"error":"Configure a user"}')
SHELL = Answer(
    200,
    [HTML],
    b'<script>PARSE_DASHBOARD_PATH = "/dashboard/";</script><title>Parse Dashboard</title>'
    b'<script src="/dashboard/bundles/dashboard.bundle.js"></script>',
)
CONFIG = "/parse-dashboard-config.json"


def answering(config: Answer, rest: Answer = SHELL) -> Page:
    async def serve(request: Any) -> Answer:
        return config if request.path.endswith(CONFIG) else rest

    return serve


def asking(name: str, password: str) -> Page:
    """Ask for HTTP Basic, as old dashboards and many proxies do."""
    pair = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()

    async def serve(request: Any) -> Answer:
        if request.headers.get("Authorization") != pair:
            return Answer(401, [("WWW-Authenticate", "Basic realm=x")], b"Unauthorized")
        return APPS if request.path.endswith(CONFIG) else SHELL

    return serve


def with_form(name: str, password: str) -> Page:
    """Ask by a form with a token and a cookie, as parse-dashboard does today."""

    async def serve(request: Any) -> Answer:
        let_in = request.cookies.get("parse_dash") == "in"
        if request.path.endswith(CONFIG):
            return APPS if let_in else Answer(401, [JSON], b'{"success":false}')
        if request.path == "/dashboard/login" and request.method == "POST":
            sent = parse_qs((await request.read()).decode())
            good = request.cookies.get("_csrf") == "c" and sent.get("_csrf") == ["t0k"]
            good &= (sent.get("username"), sent.get("password")) == ([name], [password])
            cookie = [("Set-Cookie", "parse_dash=in; Path=/")] if good else []
            return Answer(302, [("Location", "/dashboard/apps"), *cookie])
        if request.path == "/dashboard/login":
            body = (
                b"<title>Parse Dashboard</title>"
                b'<script id="csrf" type="application/json">"t0k"</script>'
                b'<script src="/dashboard/bundles/login.bundle.js"></script>'
            )
            return Answer(200, [HTML, ("Set-Cookie", "_csrf=c; Path=/")], body)
        return SHELL if let_in else Answer(302, [("Location", "/dashboard/login")])

    return serve


def looked(good: Deployment, pages: Mapping[str, Page], **changes: Any) -> Judged:
    with good.behind(pages=pages) as proxy, good.outside(good.target(proxy, **changes)) as http:
        return check_dashboard(http)


def codes_of(found: Judged) -> list[str]:
    return [finding.code for finding in found.findings]


def test_no_dashboard_passes(good: Deployment) -> None:
    found = looked(good, {})
    assert (found.outcome, codes_of(found)) == (Outcome.PASS, [])
    assert "no dashboard" in found.seen


def test_an_open_dashboard_fails(good: Deployment) -> None:
    found = looked(good, {"/dashboard": answering(APPS)})
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.DASHBOARD_OPEN.id])
    assert "the key" not in repr(found)


def test_an_open_page_alone_fails(good: Deployment) -> None:
    found = looked(good, {"/dashboard": answering(Answer(404), SHELL)})
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.DASHBOARD_OPEN.id])


def test_a_dashboard_at_another_place_is_found_where_it_is_named(good: Deployment) -> None:
    with good.behind(pages={"/admin/parse": answering(APPS)}) as proxy:
        unnamed, named = good.target(proxy), f"{proxy.origin}/admin/parse"
        with good.outside(unnamed) as http:
            assert check_dashboard(http).outcome is Outcome.PASS
        with good.outside(good.target(proxy, dashboard=named)) as http:
            assert codes_of(check_dashboard(http)) == [codes.DASHBOARD_OPEN.id]


@pytest.mark.parametrize(
    "serve",
    [
        answering(KEPT_BACK),
        answering(Answer(401)),
        answering(Answer(403), Answer(403)),
        asking("admin", "0f1e2d3c4b5a"),
        with_form("admin", "0f1e2d3c4b5a"),
        page("<html>our web app, whatever the path</html>"),
        page("", 301, ("Location", "https://elsewhere.example/login")),
        page("gone", 404),
    ],
    ids=["kept-back", "401", "403", "basic", "form", "web-app", "redirect", "404"],
)
def test_a_dashboard_that_keeps_strangers_out_passes(good: Deployment, serve: Page) -> None:
    found = looked(good, {"/dashboard": serve})
    assert (found.outcome, codes_of(found)) == (Outcome.PASS, [])


@pytest.mark.parametrize(
    "serve", [asking("user1", "pass"), with_form("admin", "admin")], ids=["basic", "form"]
)
def test_a_login_from_an_example_fails(good: Deployment, serve: Page) -> None:
    found = looked(good, {"/dashboard": serve})
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.DASHBOARD_LOGIN.id])


def test_consoles_are_warnings(good: Deployment) -> None:
    schema = Answer(200, [JSON], b'{"data":{"__schema":{"queryType":{"name":"Query"}}}}')
    found = looked(
        good,
        {
            "/playground": page("<title>GraphQL Playground</title>"),
            "/graphql": answering(schema, schema),
        },
    )
    assert found.outcome is Outcome.PASS
    assert set(codes_of(found)) == {codes.PLAYGROUND_OPEN.id, codes.GRAPHQL_OPEN.id}


def test_a_graphql_that_refuses_strangers_is_no_warning(good: Deployment) -> None:
    refused = Answer(403, [JSON], b'{"error":"unauthorized"}')
    assert codes_of(looked(good, {"/graphql": answering(refused, refused)})) == []
