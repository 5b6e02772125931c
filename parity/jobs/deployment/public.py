"""Do the URLs that the server hands out lead back to it?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin, urlsplit

from parity.jobs.deployment.asking import Asker
from parity.jobs.deployment.canary import CONTENT, Canary
from parity.jobs.deployment.codes import Check, Code
from parity.jobs.deployment.judged import Finding, Judged, judged, untested
from parity.jobs.deployment.options import Options
from parity.model import HarnessError

NO_USER_REMEDY: Final = (
    'Set writes = "namespaced", and let users sign up, for as long as this is tested.'
)
NO_FILE_REMEDY: Final = (
    "Give a way on which the master key works (--inside-target), or allow that a small file stays "
    "(--leave-files)."
)
_PORTS = {"http": 80, "https": 443}


def look_at_public_url(asker: Asker, canary: Canary, options: Options) -> Judged:
    """Judge the ``Location`` of something created and the URL of a file, and fetch the file.

    Args:
        asker: Who asks.
        canary: What was written.
        options: Hosts that a file may be fetched from.

    Raises:
        HarnessError: No connection to the target itself, or no answer in time.
    """
    if canary.refused:
        return untested(Check.PUBLIC_URL, canary.refused, NO_USER_REMEDY)
    assert canary.signed_up is not None
    public = asker.target.public_url or asker.target.url
    findings = list(_of_location(canary.signed_up.headers.get("Location"), public))
    said = ["Location is right"] if not findings else []
    if canary.uploaded is None and not canary.takes_no_files:
        if any(each.fails for each in findings):
            return judged(Check.PUBLIC_URL, canary.no_file, findings)
        return untested(
            Check.PUBLIC_URL,
            f"Location is right, and file URLs were not seen: {canary.no_file}",
            NO_FILE_REMEDY,
        )
    if canary.uploaded is None:
        said.append("the server takes no files from clients")
        return judged(Check.PUBLIC_URL, "; ".join(said), findings)
    url = str(canary.uploaded["url"])
    wrong = list(_of_file_url(url, public))
    if not wrong:
        host = urlsplit(url).hostname or ""
        if not may_be_fetched(asker, url, options):
            return untested(
                Check.PUBLIC_URL,
                f"files are handed out by {host}, which nobody allowed to ask",
                f"Give --allow-host {host}, if that is right.",
            )
        wrong = list(_of_fetch(asker, url))
        said += [] if wrong else [f"a file of {host} came back byte for byte"]
    findings += wrong
    return judged(Check.PUBLIC_URL, "; ".join(said) or f"clients use {public}", findings)


def may_be_fetched(asker: Asker, url: str, options: Options) -> bool:
    """Return whether a file may be asked for at its URL: of the target's hosts, or one allowed."""
    parts = _split(url)
    known = {urlsplit(each or "").hostname for each in (asker.target.url, asker.target.public_url)}
    return parts is not None and parts[1] in known | options.allowed_hosts


def _of_location(location: str | None, public: str) -> Iterator[Finding]:
    if not location:
        yield Finding(Code.URL_LOCATION, "a created user has no Location")
        return
    absolute = urljoin(f"{public}/users", location)
    if not _is_below(absolute, f"{public}/users"):
        yield Finding(Code.URL_LOCATION, f"Location is {_shown(absolute)}, clients use {public}")


def _of_file_url(url: str, public: str) -> Iterator[Finding]:
    parts = _split(url)
    if parts is None:
        yield Finding(Code.URL_FILE, f"the URL of a file is {url[:200]!r}")
        return
    scheme, host, _, path = parts
    own = _split(public)
    assert own is not None
    if scheme != own[0] and scheme != "https":
        yield Finding(Code.URL_FILE, f"{_shown(url)} has no TLS, and clients use {public}")
    elif host != own[1]:
        if _is_internal(host):
            yield Finding(Code.URL_FILE, f"{_shown(url)} names a host that only insiders reach")
    elif parts[:3] != own[:3] or not path.startswith(own[3].rstrip("/") + "/"):
        yield Finding(Code.URL_FILE, f"{_shown(url)} is not below {public}")


def _of_fetch(asker: Asker, url: str) -> Iterator[Finding]:
    try:
        reply = asker.stranger_sends(url)
    except HarnessError as error:
        yield Finding(Code.URL_FILE_UNREADABLE, str(error))
        return
    if reply.status != 200:
        yield Finding(Code.URL_FILE_UNREADABLE, f"{_shown(url)} answers {reply.status}")
    elif reply.body != CONTENT:
        text = f"{_shown(url)} has {len(reply.body)} bytes that are not those of the upload"
        yield Finding(Code.URL_FILE_UNREADABLE, text)


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
