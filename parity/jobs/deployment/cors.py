"""May the app's web pages call the server, as browsers judge it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from parity.jobs.deployment import codes
from parity.jobs.deployment.checks import Check
from parity.jobs.deployment.http import HttpSession
from parity.model.finding import Finding
from parity.model.judged import Judged
from parity.targets import Reply
from parity.wire import Auth, auth_body, compact_json
from parity.wire import headers as names

FOREIGN: Final = "https://parity-foreign-origin.invalid"
"""An origin that nobody can own (RFC 2606)."""
SENT_HEADERS: Final = (
    "Content-Type",
    names.APPLICATION_ID,
    names.JAVASCRIPT_KEY,
    names.SESSION_TOKEN,
    names.REVOCABLE_SESSION,
    names.CLIENT_VERSION,
)
"""Headers of web clients. The JavaScript SDK sends most of them in the body, and REST calls of a
page send them as headers. Source: Parse JavaScript SDK, ``src/RESTController.js``."""
SENT_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
# Methods and headers that need no leave (Fetch standard, "CORS-safelisted").
_SAFE_METHODS = frozenset({"GET", "HEAD", "POST"})

_ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def check_cors(http: HttpSession) -> Judged:
    """Ask as browsers do for pages of the app, and for a page of a stranger.

    Args:
        http: Who asks; its target names the origins of the app.

    Raises:
        HarnessError: No connection, or no answer in time.
    """
    origins = http.target.origins
    if origins is None:
        return Check.CORS.untested(
            "nobody said from which origins the app's web pages call",
            f'Add origins = ["https://app.example"] under [targets.{http.target.name}]; '
            "origins = [] if no browser uses the server.",
        )
    findings: list[Finding] = []
    for origin in origins:
        findings += _of_origin(http, origin)
    reply = _preflight(http, FOREIGN, "GET")
    allowed = _allowed(reply)
    credentials = reply.headers.get("Access-Control-Allow-Credentials", "").strip() == "true"
    if allowed == FOREIGN and credentials:
        findings.append(codes.CORS_FOREIGN.finding(f"{FOREIGN} is allowed, with credentials"))
    elif allowed in ("*", FOREIGN):
        how = "*" if allowed == "*" else "whatever asks is allowed"
        findings.append(codes.CORS_ANY.finding(f"{_ALLOW_ORIGIN}: {how}"))
    if not origins:
        return Check.CORS.judged("no web page uses the server (origins = [])", findings)
    text = f"{', '.join(origins)} {'may' if len(origins) == 1 else 'may all'} call"
    if any(finding.fails for finding in findings):
        text = f"asked for {', '.join(origins)}"
    return Check.CORS.judged(text, findings)


def _of_origin(http: HttpSession, origin: str) -> Iterator[Finding]:
    for method in SENT_METHODS:
        reply = _preflight(http, origin, method)
        found = list(_of_preflight(reply, origin, method))
        yield from found
        if found:
            return  # the others would say the same again
    yield from _of_plain(http, origin)


def _preflight(http: HttpSession, origin: str, method: str) -> Reply:
    return http.send(
        "OPTIONS",
        http.at("classes/_User"),
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(sorted(map(str.lower, SENT_HEADERS))),
        },
    )


def _of_preflight(reply: Reply, origin: str, method: str) -> Iterator[Finding]:
    if not reply.ok:
        text = f"OPTIONS from {origin} answers {reply.status}; browsers want 2xx"
        yield codes.CORS_PREFLIGHT.finding(text)
        return
    yield from _of_allow_origin(reply, origin, "OPTIONS")
    methods = {name.upper() for name in _listed(reply, "Access-Control-Allow-Methods")}
    if method not in _SAFE_METHODS and not {method, "*"} & methods:
        yield codes.CORS_METHODS.finding(f"{method} is not allowed for {origin}")
    headers = {name.lower() for name in _listed(reply, "Access-Control-Allow-Headers")}
    missing = [name for name in SENT_HEADERS if name.lower() not in headers]
    if missing and "*" not in headers:
        yield codes.CORS_HEADERS.finding(f"not allowed for {origin}: {', '.join(missing)}")


def _of_plain(http: HttpSession, origin: str) -> Iterator[Finding]:
    """Send what the JavaScript SDK sends without a preflight, all in the body.

    The answer may be a refusal (the key may be another one); the page has to be able to read it.
    """
    auth = Auth(app_id=http.target.app_id)
    body = {**auth_body(auth, "GET"), "limit": 0}
    reply = http.send(
        "POST",
        http.at("classes/_User"),
        headers={"Origin": origin, "Content-Type": "text/plain"},
        data=compact_json(body).encode(),
    )
    yield from _of_allow_origin(reply, origin, "a request without preflight")


def _of_allow_origin(reply: Reply, origin: str, what: str) -> Iterator[Finding]:
    allowed = _allowed(reply)
    if allowed is None:
        text = f"the answer to {what} from {origin} has no {_ALLOW_ORIGIN}"
        yield codes.CORS_ORIGIN.finding(text)
    elif "," in allowed:
        yield codes.CORS_TWICE.finding(f"{_ALLOW_ORIGIN}: {allowed[:200]}")
    elif allowed not in ("*", _serialized(origin)):
        text = f"{what} from {origin} answers {_ALLOW_ORIGIN}: {allowed[:200]}"
        yield codes.CORS_ORIGIN.finding(text)


def _allowed(reply: Reply) -> str | None:
    # Repeated headers arrive joined with a comma, which no single origin holds.
    value = reply.headers.get(_ALLOW_ORIGIN)
    return None if value is None else value.strip()


def _listed(reply: Reply, name: str) -> list[str]:
    return [item.strip() for item in reply.headers.get(name, "").split(",") if item.strip()]


def _serialized(origin: str) -> str:
    """Return an origin as browsers write it: lower case, without the scheme's own port."""
    parts = urlsplit(origin)
    own = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, own) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
