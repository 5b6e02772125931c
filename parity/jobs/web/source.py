"""Which URLs make up the website: those of a recording that are no API calls, or a list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from parity.capture.base_url import BaseUrl, base_url
from parity.capture.exchanges import RecordedExchange, RecordedRequest, lacks_body
from parity.capture.importers import DEFAULT_MAX_BODY, READERS, Imported, UnreadableSource, kind_of
from parity.capture.importing import Import
from parity.capture.recording import open_recording
from parity.jobs.web.answers import Answer, Headers, Page
from parity.model import UserError

RECORDINGS: Final = (".jsonl", ".zst")
IMPORTED: Final = (".har", ".json", ".yml", ".yaml")
NEGOTIATING: Final = frozenset({"accept", "accept-language", "user-agent"})
"""Request headers that are sent again: a site may answer phones or other languages otherwise."""
MOST_RECORDED: Final = 3
"""Recorded answers that one URL keeps: two are enough to see what changes by itself."""

_KEPT: Final = "%/:?#[]@!$&'()*+,;=~^`|{}\\\"<>"

# Set by scripts of visitor statistics and by CDNs; no site decides by them what it answers.
_STATISTICS = re.compile(
    r"_ga(?:_\w+)?|_gid|_gat\w*|__utm\w|_fbp|_gcl_\w+|ajs_\w+|mp_\w+|amplitude\w*|optimizely\w*|"
    r"_hj\w+|__cfduid|__cf_bm|cf_clearance|intercom-\w+|km_\w+|_pk_\w+[\w.]*"
)


@dataclass(frozen=True, slots=True)
class Website:
    """The URLs to compare.

    Attributes:
        pages: One for each URL, in the order in which they were first asked for.
        old: Scheme and host of the old site: ``https://old.example``.
        redacted: Whether the recorded answers are redacted.
        left_out: Exchanges that are not compared, by why not.
    """

    pages: tuple[Page, ...]
    old: str
    redacted: bool = False
    left_out: Counter[str] = field(default_factory=Counter)


def is_recording(path: Path) -> bool:
    """Tell whether a file is a recording or can be imported, by its name."""
    return path.suffix.lower() in (*RECORDINGS, *IMPORTED)


def read_website(path: Path, old: str | None, mounts: Iterable[str]) -> Website:
    """Read the URLs of a recording, or of a HAR file or cassette.

    Args:
        path: The file.
        old: Scheme and host of the old site; ``None`` finds it in the file.
        mounts: Paths of the API: what is below them is not the website's.

    Raises:
        UserError: It cannot be read, or holds no request of a website.
    """
    if path.suffix.lower() in RECORDINGS:
        with open_recording(path) as reader:
            header = reader.header
            mount = urlsplit(header.base_url).path.rstrip("/")
            found = _collect(reader, {mount, *mounts})
            origin = old or _origin(header.base_url)
            return _website(found, origin, path, redacted=header.redacted)
    origin = old or _site_of(path, frozenset(mounts))
    importer = Import([path], base=BaseUrl(*_root(origin)))
    return _website(_collect(importer.exchanges(), set(mounts)), origin, path, redacted=False)


def read_urls(path: Path, old: str) -> Website:
    """Read a list of URLs or paths, one a line; ``#`` begins a comment.

    Args:
        path: The file.
        old: Scheme and host of the old site, which is still running.

    Raises:
        UserError: It cannot be read, names another host, or is empty.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path} cannot be read: {reason}", "Give a list of URLs.") from None
    host = urlsplit(old).netloc.lower()
    pages: dict[str, Page] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        parts = urlsplit(text)
        if (parts.netloc and parts.netloc.lower() != host) or not (parts.netloc or text[0] == "/"):
            raise UserError(
                f"line {number} of {path}: {text[:80]!r} is no URL of {old}",
                "Give URLs of the site of --from, or paths that begin with a slash.",
                code="urls",
            )
        target = _target(parts.path, parts.query)
        pages.setdefault(target, Page("GET", target))
    if not pages:
        raise UserError(f"{path} holds no URL", "Write one URL or path a line.", code="urls")
    return Website(tuple(pages.values()), old)


def origin_of(text: str, option: str) -> str:
    """Read scheme and host that a user gave; no path.

    Raises:
        UserError: It is no http or https address, or has a path.
    """
    found = base_url(text)
    if found.mount or urlsplit(text).query:
        raise UserError(
            f"{option} {text}: give scheme and host alone", f"{option} {_origin(found.url)}"
        )
    return found.url


def sessions_in(headers: Headers) -> bool:
    """Tell whether a request carried who somebody is: credentials, or cookies of a session."""
    for name, value in headers:
        if name.lower() == "authorization":
            return True
        if name.lower() != "cookie":
            continue
        names = (pair.partition("=")[0].strip() for pair in value.split(";"))
        if any(name and not _STATISTICS.fullmatch(name) for name in names):
            return True
    return False


def _website(
    found: tuple[dict[str, list[RecordedExchange]], Counter[str]],
    origin: str,
    path: Path,
    *,
    redacted: bool,
) -> Website:
    by_url, left_out = found
    if not by_url:
        why = ", ".join(f"{number:,} {reason}" for reason, number in left_out.items())
        raise UserError(
            f"{path} holds no GET of a website{f' ({why})' if why else ''}",
            "Record the site itself: save a HAR in the browser, or capture it without the mount "
            "of the API (parity capture --to https://old.example). --from names the old site.",
            code="no-website",
        )
    pages = tuple(_page(target, exchanges) for target, exchanges in by_url.items())
    return Website(pages, origin, redacted, left_out)


def _collect(
    exchanges: Iterable[RecordedExchange], mounts: set[str]
) -> tuple[dict[str, list[RecordedExchange]], Counter[str]]:
    by_url: dict[str, list[RecordedExchange]] = {}
    left_out: Counter[str] = Counter()
    for exchange in exchanges:
        request = exchange.request
        if _is_api(request, mounts):
            left_out["calls of the API"] += 1
        elif request.method not in {"GET", "HEAD"}:
            left_out[f"{request.method} requests"] += 1
        elif exchange.response is None:
            left_out["without an answer"] += 1
        elif "range" in {name.lower() for name, _ in request.headers}:
            left_out["requests of a part of a file"] += 1
        else:
            parts = urlsplit(request.url)
            by_url.setdefault(_target(parts.path, parts.query), []).append(exchange)
    return by_url, left_out


def _is_api(request: RecordedRequest, mounts: set[str]) -> bool:
    path = request.url.partition("?")[0]
    if any(mount and (path == mount or path.startswith(f"{mount}/")) for mount in mounts):
        return True
    return any(name.lower() == "x-parse-application-id" for name, _ in request.headers)


def _page(target: str, exchanges: list[RecordedExchange]) -> Page:
    """Choose what a URL is compared with: anonymous and whole answers first, then the newest."""
    best = sorted(exchanges, key=_worth, reverse=True)
    first = best[0]
    alike = [other for other in best if _worth(other)[:2] == _worth(first)[:2]]
    headers = tuple(
        (name, value)
        for name, value in first.request.headers
        if name.lower() in NEGOTIATING and "redacted-" not in value
    )
    return Page(
        first.request.method,
        target,
        tuple(_answer(exchange) for exchange in alike[:MOST_RECORDED]),
        headers,
        with_cookies=sessions_in(first.request.headers),
    )


def _worth(exchange: RecordedExchange) -> tuple[bool, bool, float]:
    response = exchange.response
    assert response is not None
    whole = response.status not in {206, 304} and not lacks_body(exchange, "response")
    return (
        not sessions_in(exchange.request.headers),
        whole and exchange.request.method == "GET",
        exchange.at,
    )


def _answer(exchange: RecordedExchange) -> Answer:
    response = exchange.response
    assert response is not None
    lacks = lacks_body(exchange, "response") or response.status == 304
    body = None if lacks or exchange.request.method == "HEAD" else response.body
    return Answer(response.status, response.headers, body, exchange.at, exchange.elapsed_ms)


def _site_of(path: Path, mounts: frozenset[str]) -> str:
    """Return the origin of most HTML pages of a file that can be imported."""
    votes: Counter[str] = Counter()
    try:
        entries = list(READERS[kind_of(path)](path, DEFAULT_MAX_BODY))
    except UnreadableSource as error:
        raise UserError(f"{path} cannot be read: {error.reason}", "Give a HAR file.") from None
    for entry in entries:
        if not isinstance(entry, Imported) or entry.response is None:
            continue
        kinds = [v for n, v in entry.response.headers if n.lower() == "content-type"]
        parts = urlsplit(entry.request.url)
        local = RecordedRequest(entry.request.method, parts.path, entry.request.headers, b"")
        asked = entry.request.method == "GET" and not _is_api(local, {*mounts})
        if asked and kinds and "html" in kinds[0].lower():
            votes[_origin(entry.request.url)] += 1
    if not votes:
        raise UserError(
            f"{path} holds no HTML page, so which host is the website's cannot be seen",
            "Name it: --from https://old.example",
            code="no-website",
        )
    return votes.most_common(1)[0][0]


def _root(origin: str) -> tuple[str, tuple[str, int], str]:
    found = base_url(origin)
    return found.url, found.host, ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _target(path: str, query: str) -> str:
    # Whatever a file holds, it cannot become another host when it is put behind that of the site.
    return f"/{quote(path, safe=_KEPT).removeprefix('/')}" + (
        f"?{quote(query, safe=_KEPT)}" if query else ""
    )
