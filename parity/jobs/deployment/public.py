"""Do the URLs that the server hands out lead back to it?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin, urlsplit

from parity.jobs.deployment import codes
from parity.jobs.deployment.canary import CONTENT, Canary
from parity.jobs.deployment.checks import Check, DeploymentOptions
from parity.jobs.deployment.http import HttpSession
from parity.model import HarnessError
from parity.model.finding import Finding
from parity.model.judged import Judged

NO_USER_REMEDY: Final = (
    'Set writes = "namespaced", and let users sign up, for as long as this is tested.'
)
NO_FILE_REMEDY: Final = (
    "Give a way on which the master key works (--inside-target), or allow that a small file stays "
    "(--leave-files)."
)
_PORTS = {"http": 80, "https": 443}


def check_public_url(http: HttpSession, canary: Canary, options: DeploymentOptions) -> Judged:
    """Judge the ``Location`` of something created and the URL of a file, and fetch the file.

    Args:
        http: Who asks.
        canary: What was written.
        options: Hosts that a file may be fetched from.

    Raises:
        HarnessError: No connection to the target itself, or no answer in time.
    """
    if canary.refused:
        return Check.PUBLIC_URL.untested(canary.refused, NO_USER_REMEDY)
    assert canary.signed_up is not None
    public = http.target.public_url or http.target.url
    findings = list(_of_location(canary.signed_up.headers.get("Location"), public))
    said = ["Location is right"] if not findings else []
    if canary.uploaded is None and not canary.takes_no_files:
        if any(finding.fails for finding in findings):
            return Check.PUBLIC_URL.judged(canary.no_file, findings)
        return Check.PUBLIC_URL.untested(
            f"Location is right, and file URLs were not seen: {canary.no_file}",
            NO_FILE_REMEDY,
        )
    if canary.uploaded is None:
        said.append("the server takes no files from clients")
        return Check.PUBLIC_URL.judged("; ".join(said), findings)
    url = str(canary.uploaded["url"])
    wrong = list(_of_file_url(url, public))
    if not wrong:
        host = urlsplit(url).hostname or ""
        if not may_be_fetched(http, url, options):
            return Check.PUBLIC_URL.untested(
                f"files are handed out by {host}, which nobody allowed to ask",
                f"Give --allow-host {host}, if that is right.",
            )
        wrong = list(_of_fetch(http, url))
        said += [] if wrong else [f"a file of {host} came back byte for byte"]
    findings += wrong
    return Check.PUBLIC_URL.judged("; ".join(said) or f"clients use {public}", findings)


def may_be_fetched(http: HttpSession, url: str, options: DeploymentOptions) -> bool:
    """Return whether a file may be asked for at its URL: of the target's hosts, or one allowed."""
    parts = _split(url)
    known = {urlsplit(url or "").hostname for url in (http.target.url, http.target.public_url)}
    return parts is not None and parts[1] in known | options.allowed_hosts


def _of_location(location: str | None, public: str) -> Iterator[Finding]:
    if not location:
        yield codes.URL_LOCATION.finding("a created user has no Location")
        return
    absolute = urljoin(f"{public}/users", location)
    if not _is_below(absolute, f"{public}/users"):
        yield codes.URL_LOCATION.finding(f"Location is {_shown(absolute)}, clients use {public}")


def _of_file_url(url: str, public: str) -> Iterator[Finding]:
    parts = _split(url)
    if parts is None:
        yield codes.URL_FILE.finding(f"the URL of a file is {url[:200]!r}")
        return
    scheme, host, _, path = parts
    own = _split(public)
    assert own is not None
    if scheme != own[0] and scheme != "https":
        yield codes.URL_FILE.finding(f"{_shown(url)} has no TLS, and clients use {public}")
    elif host != own[1]:
        if _is_internal(host):
            yield codes.URL_FILE.finding(f"{_shown(url)} names a host that only insiders reach")
    elif parts[:3] != own[:3] or not path.startswith(own[3].rstrip("/") + "/"):
        yield codes.URL_FILE.finding(f"{_shown(url)} is not below {public}")


def _of_fetch(http: HttpSession, url: str) -> Iterator[Finding]:
    try:
        reply = http.get_fresh(url)
    except HarnessError as error:
        yield codes.URL_FILE_UNREADABLE.finding(str(error))
        return
    if reply.status != 200:
        yield codes.URL_FILE_UNREADABLE.finding(f"{_shown(url)} answers {reply.status}")
    elif reply.body != CONTENT:
        text = f"{_shown(url)} has {len(reply.body)} bytes that are not those of the upload"
        yield codes.URL_FILE_UNREADABLE.finding(text)


def _is_below(url: str, base: str) -> bool:
    parts, own = _split(url), _split(base)
    if parts is None or own is None:
        return False
    return parts[:3] == own[:3] and parts[3].startswith(own[3] + "/")


def _split(url: str) -> tuple[str, str, int, str] | None:
    """Return scheme, host, port and path; ``None`` for what is no URL of the web."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port, parts.path


def _is_internal(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost", ".lan"))


def _shown(url: str) -> str:
    # What follows the path may be a signature that lets anybody in.
    return url.partition("?")[0]
