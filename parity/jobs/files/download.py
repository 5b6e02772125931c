"""Fetches files at the URLs that a server gives out, without credentials, as apps do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from parity.model import Target
from parity.model.events import NOT_RUN
from parity.targets.transport import reach

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer that are read; a longer one is none of our files."""
_REDIRECTS: Final = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back for one URL.

    Attributes:
        url: The URL of the answer, after redirects.
        status: Its status; ``None`` if there was no answer.
        headers: Its headers, by lower-case name.
        body: Its bytes.
        problem: Why there is no answer, or none that counts; empty if there is one.
        elapsed_ms: Milliseconds until it was complete.
        not_sent: Whether nothing was asked: the host is not allowed, or nobody answers there.
    """

    url: str
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    problem: str = ""
    elapsed_ms: float = 0.0
    not_sent: bool = False

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def said(self) -> str:
        """The answer in a few words."""
        if self.problem:
            return self.problem
        kind = self.headers.get("content-type", "no content type")
        return f"status {self.status}, {kind}, {len(self.body):,} bytes"


class Downloader:
    """Asks the target's own host, this machine and hosts that the user allowed.

    Args:
        target: The server whose files are fetched.
        allowed_hosts: Other hosts that may be asked.

    Attributes:
        hosts: Every host that may be asked.
        down: Where nobody takes a connection, although the server itself answers.
    """

    def __init__(self, target: Target, allowed_hosts: frozenset[str]) -> None:
        own = (urlsplit(url).hostname for url in (target.url, target.public_url or target.url))
        self.hosts = frozenset(host for host in own if host) | LOOPBACK | allowed_hosts
        self.down: set[str] = set()
        self._own_origin = origin_of(target.url)
        self._timeout_s = target.timeout_s
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["User-Agent"] = "parse-parity"
        reach(self._http, target)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, url: str, *, part: str = "") -> Fetched:
        """Fetch a file, or a part of it.

        Args:
            url: Its URL.
            part: Value of the ``Range`` header; empty for the whole.
        """
        # GridFSFile bytes are compared, so nobody on the way may compress them.
        headers = {"Accept-Encoding": "identity", "Cache-Control": "no-cache"}
        return self._ask("GET", url, {**headers, "Range": part} if part else headers)

    def head(self, url: str) -> Fetched:
        """Ask for the headers of a file alone."""
        return self._ask("HEAD", url, {"Accept-Encoding": "identity"})

    def _ask(self, method: str, url: str, headers: dict[str, str]) -> Fetched:
        for _ in range(_REDIRECTS):
            host = _host(url)
            if host not in self.hosts:
                text = f"{host} is not allowed; --allow-host {host}"
                return Fetched(url, problem=text, not_sent=True)
            if origin_of(url) in self.down:
                return _nobody_at(url)
            answer = self._once(method, url, headers)
            if answer.status not in {301, 302, 303, 307, 308} or "location" not in answer.headers:
                return answer
            url = urljoin(url, answer.headers["location"])
        return Fetched(url, problem="too many redirections")

    def _once(self, method: str, url: str, headers: dict[str, str]) -> Fetched:
        started = time.perf_counter()
        try:
            with self._http.request(
                method,
                url,
                headers=headers,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_content(1 << 18):
                    body += chunk
                    if len(body) > LONGEST:
                        return Fetched(url, problem=f"more than {LONGEST:,} bytes")
                pairs = {name.lower(): value for name, value in answer.headers.items()}
                elapsed = (time.perf_counter() - started) * 1000
                return Fetched(url, answer.status_code, pairs, bytes(body), elapsed_ms=elapsed)
        except requests.Timeout:
            return Fetched(url, problem=f"no answer within {self._timeout_s:g} s from {url}")
        except requests.ConnectionError as error:
            reason = getattr(error.args[0], "reason", None) if error.args else None
            # The server's own address has just answered, so there it is the network's fault.
            if isinstance(reason, NewConnectionError) and origin_of(url) != self._own_origin:
                self.down.add(origin_of(url))
                return _nobody_at(url)
            return Fetched(url, problem=f"no whole answer from {url}")
        except (requests.RequestException, ValueError) as error:
            return Fetched(url, problem=f"no whole answer from {url} ({type(error).__name__})")


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _nobody_at(url: str) -> Fetched:
    # The address alone: the same words for every file, so that it is told once.
    return Fetched(url, problem=f"{NOT_RUN}nobody answers at {origin_of(url)}", not_sent=True)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
