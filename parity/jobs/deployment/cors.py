"""May the app's web pages call the server, as browsers judge it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from parity.jobs.deployment.asking import Asker
from parity.jobs.deployment.codes import Check, Code
from parity.jobs.deployment.judged import Finding, Judged, judged, untested
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


def look_at_cors(asker: Asker) -> Judged:
    """Ask as browsers do for pages of the app, and for a page of a stranger.

    Args:
        asker: Who asks; its target names the origins of the app.

    Raises:
        HarnessError: No connection, or no answer in time.
    """
    origins = asker.target.origins
    if origins is None:
        return untested(
            Check.CORS,
            "nobody said from which origins the app's web pages call",
            f'Add origins = ["https://app.example"] under [targets.{asker.target.name}]; '
            "origins = [] if no browser uses the server.",
        )
    findings: list[Finding] = []
    for origin in origins:
        findings += _of_origin(asker, origin)
    reply = _preflight(asker, FOREIGN, "GET")
    allowed = _allowed(reply)
    credentials = reply.headers.get("Access-Control-Allow-Credentials", "").strip() == "true"
    if allowed == FOREIGN and credentials:
        findings.append(Finding(Code.CORS_FOREIGN, f"{FOREIGN} is allowed, with credentials"))
    elif allowed in ("*", FOREIGN):
        how = "*" if allowed == "*" else "whatever asks is allowed"
        findings.append(Finding(Code.CORS_ANY, f"{_ALLOW_ORIGIN}: {how}"))
    if not origins:
        return judged(Check.CORS, "no web page uses the server (origins = [])", findings)
    text = f"{', '.join(origins)} {'may' if len(origins) == 1 else 'may all'} call"
    if any(each.fails for each in findings):
        text = f"asked for {', '.join(origins)}"
    return judged(Check.CORS, text, findings)


def _of_origin(asker: Asker, origin: str) -> Iterator[Finding]:
    for method in SENT_METHODS:
        reply = _preflight(asker, origin, method)
        found = list(_of_preflight(reply, origin, method))
        yield from found
        if found:
            return  # the others would say the same again
    yield from _of_plain(asker, origin)


def _preflight(asker: Asker, origin: str, method: str) -> Reply:
    return asker.send(
        "OPTIONS",
        asker.at("classes/_User"),
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(sorted(map(str.lower, SENT_HEADERS))),
        },
    )


def _of_preflight(reply: Reply, origin: str, method: str) -> Iterator[Finding]:
    if not reply.ok:
        text = f"OPTIONS from {origin} answers {reply.status}; browsers want 2xx"
        yield Finding(Code.CORS_PREFLIGHT, text)
        return
    yield from _of_allow_origin(reply, origin, "OPTIONS")
    methods = {each.upper() for each in _listed(reply, "Access-Control-Allow-Methods")}
    if method not in _SAFE_METHODS and not {method, "*"} & methods:
        yield Finding(Code.CORS_METHODS, f"{method} is not allowed for {origin}")
    headers = {each.lower() for each in _listed(reply, "Access-Control-Allow-Headers")}
    missing = [each for each in SENT_HEADERS if each.lower() not in headers]
    if missing and "*" not in headers:
        yield Finding(Code.CORS_HEADERS, f"not allowed for {origin}: {', '.join(missing)}")


def _of_plain(asker: Asker, origin: str) -> Iterator[Finding]:
    """Send what the JavaScript SDK sends without a preflight, all in the body.

    The answer may be a refusal (the key may be another one); the page has to be able to read it.
    """
    auth = Auth(app_id=asker.target.app_id)
    body = {**auth_body(auth, "GET"), "limit": 0}
    reply = asker.send(
        "POST",
        asker.at("classes/_User"),
        headers={"Origin": origin, "Content-Type": "text/plain"},
        data=compact_json(body).encode(),
    )
    yield from _of_allow_origin(reply, origin, "a request without preflight")


def _of_allow_origin(reply: Reply, origin: str, what: str) -> Iterator[Finding]:
    allowed = _allowed(reply)
    if allowed is None:
        text = f"the answer to {what} from {origin} has no {_ALLOW_ORIGIN}"
        yield Finding(Code.CORS_ORIGIN, text)
    elif "," in allowed:
        yield Finding(Code.CORS_TWICE, f"{_ALLOW_ORIGIN}: {allowed[:200]}")
    elif allowed not in ("*", _serialized(origin)):
        text = f"{what} from {origin} answers {_ALLOW_ORIGIN}: {allowed[:200]}"
        yield Finding(Code.CORS_ORIGIN, text)


def _allowed(reply: Reply) -> str | None:
    # Repeated headers arrive joined with a comma, which no single origin holds.
    value = reply.headers.get(_ALLOW_ORIGIN)
    return None if value is None else value.strip()


def _listed(reply: Reply, name: str) -> list[str]:
    return [each.strip() for each in reply.headers.get(name, "").split(",") if each.strip()]


def _serialized(origin: str) -> str:
    """Return an origin as browsers write it: lower case, without the scheme's own port."""
    parts = urlsplit(origin)
    own = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, own) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
