"""Which part of the traffic is the Parse app's: scheme, host and mount."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from parity.capture.exchanges import RecordedRequest
from parity.model import UserError

ENDPOINTS: Final = frozenset(
    {
        *("aggregate", "apps", "batch", "classes", "cloud_code", "config", "events", "files"),
        *("functions", "health", "hooks", "installations", "jobs", "login", "loginAs", "logout"),
        *("products", "purge", "push", "push_audiences", "requestPasswordReset", "roles"),
        *("schemas", "serverInfo", "sessions", "upgradeToRevocableSession", "users"),
        *("validate_purchase", "verificationEmailRequest", "verifyPassword"),
    }
)
"""First segment behind the mount. Source: REST guide; parse-server ``src/Routers``."""

_PORTS = {"http": 80, "https": 443}
_SIGNED = 10
_HOSTED = "https://api.parse.com/1"


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """Where the app's requests go.

    Attributes:
        url: ``https://api.parse.com/1``, without a slash at the end.
        host: Host and port.
        mount: Path of the mount, ``"/1"``; empty for the root.
    """

    url: str
    host: tuple[str, int]
    mount: str


def base_url(text: str) -> BaseUrl:
    """Read a base URL that a user gave.

    Raises:
        UserError: It is no http or https URL.
    """
    parts = _split(text)
    if parts is None:
        raise UserError(
            f"{text!r} is no base URL",
            "Give scheme, host and mount: --base-url https://api.parse.com/1",
            code="base-url",
        )
    mount = parts.path.rstrip("/")
    return BaseUrl(f"{parts.scheme}://{_netloc(parts)}{mount}", _host(parts), mount)


def infer_base_url(requests: Iterable[RecordedRequest]) -> BaseUrl:
    """Find the base URL that most requests share.

    A request that names its app counts more than one that only looks like Parse: other services
    have a ``/login`` too.

    Args:
        requests: With absolute URLs.

    Raises:
        UserError: None of them is to an endpoint of Parse.
    """
    votes: Counter[str] = Counter()
    for request in requests:
        parts = _split(request.url)
        mount = mount_of(parts.path) if parts else None
        if parts is not None and mount is not None:
            base = f"{parts.scheme}://{_netloc(parts)}{mount}"
            votes[base] += _SIGNED if _is_signed(request) else 1
    if not votes:
        raise UserError(
            "no request here goes to an endpoint of Parse",
            "Say where the app's requests went: --base-url https://api.parse.com/1",
            code="no-parse-traffic",
        )
    most = max(votes.values())
    best = [base for base, count in votes.items() if count == most]
    return base_url(_HOSTED if _HOSTED in best else best[0])


def mount_of(path: str) -> str | None:
    """Return what is before the first endpoint in a path; ``None`` if there is no endpoint."""
    segments = path.split("/")
    for index, segment in enumerate(segments[1:], 1):
        if segment in ENDPOINTS:
            return "/".join(segments[:index])
    return None


def place_of(url: str, base: BaseUrl) -> tuple[str, str]:
    """Tell where a request went.

    Args:
        url: Absolute URL.
        base: Where the app's requests go.

    Returns:
        ``("", origin form)`` for a request of the app: path and query as sent. Otherwise
        ``("other_host" or "other_path", "")``. The scheme does not matter.
    """
    parts = _split(url)
    if parts is None or _host(parts)[0] != base.host[0]:
        return "other_host", ""
    if _host(parts)[1] != base.host[1] and parts.port is not None:
        return "other_host", ""
    if parts.path != base.mount and not parts.path.startswith(f"{base.mount}/"):
        return "other_path", ""
    return "", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def endpoint_of(url: str, mount: str) -> str:
    """Name the endpoint of a request: ``classes/Post``, ``users``, ``functions/hello``."""
    segments = url.partition("?")[0].removeprefix(mount).strip("/").split("/")
    named = segments[0] in {"classes", "functions", "jobs", "schemas", "aggregate", "purge"}
    return "/".join(segments[:2]) if named else segments[0] or "/"


def _is_signed(request: RecordedRequest) -> bool:
    names = {name.lower() for name, _ in request.headers}
    return "x-parse-application-id" in names or b"_ApplicationId" in request.body


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        _ = parts.port
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> tuple[str, int]:
    return (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]


def _netloc(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
