"""Is the dashboard, or another console, open to strangers?

Source of what a dashboard looks like: parse-dashboard, ``Parse-Dashboard/app.js`` (the page, and
``parse-dashboard-config.json``, which holds the master keys) and ``Authentication.js`` (the login).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

from parity.jobs.deployment import codes
from parity.jobs.deployment.checks import Check
from parity.jobs.deployment.http import HttpSession
from parity.model import HarnessError
from parity.model.finding import Finding
from parity.model.judged import Judged
from parity.targets import Reply
from parity.wire import compact_json
from parity.wire.headers import APPLICATION_ID

LOGINS: Final = (
    ("admin", "admin"),
    ("user", "pass"),
    ("user1", "pass"),
    ("user", "password"),
    ("admin", "password"),
    ("admin", "secretpassword"),
    ("parse", "parse"),
)
"""Logins of examples. Sources: README of parse-dashboard, and compose files in public
repositories."""
CONFIG: Final = "parse-dashboard-config.json"
REDIRECTS: Final = 4
_PAGE = re.compile(r"PARSE_DASHBOARD_PATH|<title>\s*Parse Dashboard", re.IGNORECASE)
_LOGIN_PAGE = re.compile(r"login\.bundle|id=[\"']?csrf|name=[\"']?password", re.IGNORECASE)
_CSRF = re.compile(
    r"id=[\"']?csrf[\"']?[^>]*>\s*[\"']?([\w.+/=-]+)|name=[\"']_csrf[\"'][^>]*value=[\"']([^\"']+)"
)
_PLAYGROUND = re.compile(r"graphql[- ]?playground|graphiql|apollo-?sandbox", re.IGNORECASE)
_INTROSPECTION = {"query": "{__schema{queryType{name}}}"}


class Sight(StrEnum):
    """What is to be seen where a dashboard would be."""

    NOTHING = "nothing"
    OPEN = "open"
    BASIC = "asks for a login (HTTP Basic)"
    FORM = "asks for a login"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Seen:
    """One place.

    Attributes:
        url: Where; for a form, where the form is.
        sight: What was seen.
        detail: How it showed.
    """

    url: str
    sight: Sight
    detail: str = ""


def check_dashboard(http: HttpSession) -> Judged:
    """Look at the places where a dashboard usually is, without a login and with public ones.

    Args:
        http: Who asks; its target may name another place.

    Raises:
        HarnessError: No connection to the target itself, or no answer in time.
    """
    findings: list[Finding] = []
    said = []
    for url in _places(http):
        seen = _see(http, url)
        if seen.sight is Sight.NOTHING:
            continue
        said.append(f"{_path(url, http)} {seen.sight}")
        if seen.sight is Sight.OPEN:
            findings.append(codes.DASHBOARD_OPEN.finding(f"{url}: {seen.detail}"))
        elif login := _default_login(http, seen):
            findings.append(codes.DASHBOARD_LOGIN.finding(f"{url} lets in {login}"))
        if url.startswith("http://"):
            findings.append(codes.DASHBOARD_PLAIN.finding(f"{url} has no TLS"))
    findings += _consoles(http)
    text = "; ".join(said) or "there is no dashboard where one usually is"
    return Check.DASHBOARD.judged(text, findings)


def _places(http: HttpSession) -> list[str]:
    configured = http.target.dashboard
    usual = (f"{http.origin}/dashboard", http.at("dashboard"), f"{http.origin}/parse-dashboard")
    return list(dict.fromkeys([*([configured] if configured else []), *usual]))


def _see(http: HttpSession, url: str) -> Seen:
    try:
        config = http.get_fresh(f"{url}/{CONFIG}")
    except HarnessError:
        if url.startswith(http.origin + "/"):
            raise
        return Seen(url, Sight.CLOSED, "not reachable from here")
    if _hands_out_apps(config):
        return Seen(url, Sight.OPEN, f"{CONFIG} hands out the apps with their master keys")
    place, page = _followed(http, url)
    if _asks_for_basic(config) or _asks_for_basic(page):
        return Seen(url, Sight.BASIC)
    if page.ok:
        return _of_page(url, place, page, config)
    # JSON is a refusal of the API, which answers every path below its mount.
    if page.status in (401, 403) and not isinstance(page.json, dict):
        return Seen(url, Sight.CLOSED, f"status {page.status}")
    return Seen(url, Sight.NOTHING)


def _of_page(url: str, place: str, page: Reply, config: Reply) -> Seen:
    shows = _PAGE.search(page.text) is not None
    if not shows and not place.rstrip("/").endswith("/login"):
        return Seen(url, Sight.NOTHING)  # some web apps answer every path with their own page
    if _LOGIN_PAGE.search(page.text):
        return Seen(place, Sight.FORM)
    # The page alone does no harm where its configuration is kept back; some do so with status 200.
    refused = isinstance(config.json, dict) and config.json.get("success") is False
    if config.status in (401, 403) or refused:
        return Seen(url, Sight.CLOSED)
    if shows:
        return Seen(url, Sight.OPEN, "the page shows itself without a login")
    return Seen(url, Sight.NOTHING)


def _asks_for_basic(reply: Reply) -> bool:
    return reply.status == 401 and "basic" in reply.headers.get("WWW-Authenticate", "").lower()


def _hands_out_apps(reply: Reply) -> bool:
    return reply.ok and isinstance(reply.json, dict) and isinstance(reply.json.get("apps"), list)


def _followed(http: HttpSession, url: str) -> tuple[str, Reply]:
    """Follow redirects within the same origin."""
    reply = http.get_fresh(url)
    for _ in range(REDIRECTS):
        if not 300 <= reply.status < 400:
            break
        following = urljoin(url, reply.headers.get("Location", ""))
        if urlsplit(following)[:2] != urlsplit(url)[:2]:
            break
        url = following
        reply = http.get_fresh(url)
    return url, reply


def _default_login(http: HttpSession, seen: Seen) -> str:
    """Try public logins; return the one that is let in, or nothing."""
    if seen.sight not in (Sight.BASIC, Sight.FORM):
        return ""
    for name, password in LOGINS:
        let_in = _basic(http, seen.url, name, password)
        if seen.sight is Sight.FORM:
            let_in = _form(http, seen.url, name, password)
        if let_in:
            return f"{name!r} with a password from public examples"
    return ""


def _basic(http: HttpSession, url: str, name: str, password: str) -> bool:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    sent = {"Authorization": f"Basic {pair}"}
    return _hands_out_apps(http.get_fresh(f"{url}/{CONFIG}", headers=sent))


def _form(http: HttpSession, place: str, name: str, password: str) -> bool:
    """Log in by the form, with the cookie and the token that its page gives out."""
    visitor = http.fresh()
    try:
        page = visitor.send("GET", place)
        token = _CSRF.search(page.text)
        fields = {"username": name, "password": password}
        if token is not None:
            fields["_csrf"] = token[1] or token[2]
        visitor.send(
            "POST",
            place,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            data=urlencode(fields).encode(),
        )
        return _hands_out_apps(visitor.send("GET", urljoin(place, CONFIG)))
    finally:
        visitor.close()


def _consoles(http: HttpSession) -> Iterator[Finding]:
    page = http.send("GET", f"{http.origin}/playground")
    if page.ok and _PLAYGROUND.search(page.text):
        yield codes.PLAYGROUND_OPEN.finding(f"{http.origin}/playground answers {page.status}")
    # A query, although GraphQL sends it by POST: it reads the schema and writes nothing.
    reply = http.send(
        "POST",
        f"{http.origin}/graphql",
        headers={
            "Content-Type": "application/json",
            APPLICATION_ID: http.target.app_id.value,
        },
        data=compact_json(_INTROSPECTION).encode(),
    )
    data = reply.json.get("data") if reply.ok and isinstance(reply.json, dict) else None
    if isinstance(data, dict) and data.get("__schema"):
        yield codes.GRAPHQL_OPEN.finding(f"{http.origin}/graphql tells its schema without a key")


def _path(url: str, http: HttpSession) -> str:
    return url.removeprefix(http.origin)
