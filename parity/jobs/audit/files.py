"""Whether files can be fetched: all of them, or a random sample with a stated error bound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from pymongo.database import Database

from parity.jobs.audit.references import FILES
from parity.jobs.audit.sample import FileSample, FileUse
from parity.model import HarnessError, Target
from parity.model.evidence import TableEvent
from parity.targets import ParseClient
from parity.targets.transport import reach
from parity.wire.ids import LEGACY_FILE_HOSTS

CONFIDENCE: Final = 0.95
_BATCH: Final = 100
_AT_ONCE: Final = 4
_REDIRECTS: Final = 3
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """What became of one file.

    Attributes:
        use: Where it is named.
        problem: Why it cannot be fetched; empty if it can.
        asked: Whether it was asked for; else ``problem`` says why not.
        status: Status of the answer; ``None`` if there was none.
        hosted: Whether its URL leads to the hosted store, which is gone.
    """

    use: FileUse
    problem: str
    asked: bool = True
    status: int | None = None
    hosted: bool = False


def fetchable(
    target: Target,
    uses: Iterable[FileUse],
    allowed_hosts: frozenset[str] = frozenset(),
    progress: Callable[[], None] | None = None,
) -> list[FileAnswer]:
    """Ask for files with HEAD, at the URLs that the target gives out.

    Args:
        target: Where objects are read, with its master key if there is one.
        uses: Files to ask for.
        allowed_hosts: Hosts that may be asked beside the target's own and this machine.
        progress: Called after each batch of objects.

    Returns:
        An answer for each file, in the same order.
    """
    client = ParseClient(target)
    if target.keys.master_key is not None:
        client = client.as_master()
    own = (urlsplit(each).hostname for each in (target.url, target.public_url or target.url))
    hosts = frozenset(each for each in own if each) | _LOOPBACK | allowed_hosts
    asker = _Asker(target, hosts)
    chosen = list(uses)
    answers: dict[int, FileAnswer] = {}
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for batch in _batches(chosen):
                asked = [chosen[each] for each in batch]
                found = pool.map(asker.answer, asked, _urls(client, asked))
                answers.update(zip(batch, found, strict=True))
                if progress is not None:
                    progress()
    finally:
        client.close()
        asker.close()
    return [answers[number] for number in range(len(chosen))]


def in_gridfs(database: Database[dict[str, Any]], answers: Iterable[FileAnswer]) -> frozenset[str]:
    """Return the names of files that were answered with 404, and are in GridFS all the same.

    Args:
        database: The database of the app.
        answers: What became of the files.
    """
    names = sorted(
        {answer.use.name for answer in answers if answer.status == 404 and answer.use.name}
    )
    there: set[str] = set()
    for start in range(0, len(names), _BATCH):
        query = {"filename": {"$in": names[start : start + _BATCH]}}
        there.update(str(each["filename"]) for each in database[FILES].find(query, {"filename": 1}))
    return frozenset(there)


def files_table(sample: FileSample, answers: Iterable[FileAnswer] | None) -> TableEvent:
    """Return what each field of each class names, and what became of the files asked for.

    Args:
        sample: What was seen and chosen.
        answers: What became of those that were chosen; ``None`` if nobody asked.
    """
    counts: dict[tuple[str, str], list[int]] = {key: [0, 0, 0, 0] for key in sample.fields}
    for answer in answers or ():
        row = counts.setdefault((answer.use.class_name, answer.use.field), [0, 0, 0, 0])
        row[0] += answer.asked
        row[1] += answer.asked and not answer.problem
        row[2] += answer.asked and bool(answer.problem)
        row[3] += answer.hosted
    rows = tuple(
        (name, key, uses.references, len(uses.names), uses.hosted, *counts[name, key])
        for (name, key), uses in sorted(sample.fields.items())
    )
    columns = (
        *("class", "field", "references", "distinct files", "hosted names"),
        *("asked", "reachable", "unreachable", "hosted-only"),
    )
    note = (
        "Columns of type File. A hosted name was made by the hosted service; hosted-only means "
        "that the server's URL leads to its store, which is gone."
    )
    return TableEvent("files", "Files by class", columns, rows, note)


def upper_bound(failed: int, asked: int, confidence: float = CONFIDENCE) -> float:
    """Return how large the share of bad files can be at most, given a random sample.

    The exact (Clopper-Pearson) upper limit: the share for which so few failures would be seen only
    with probability ``1 - confidence``.

    Args:
        failed: Bad ones in the sample.
        asked: Size of the sample.
        confidence: How sure the bound is.
    """
    if asked == 0 or failed >= asked:
        return 1.0
    low, high = failed / asked, 1.0
    for _ in range(60):
        share = (low + high) / 2
        if not 0 < share < 1:
            break
        seen = sum(_binomial(each, asked, share) for each in range(failed + 1))
        low, high = (share, high) if seen > 1 - confidence else (low, share)
    return high


def _binomial(times: int, of: int, share: float) -> float:
    # In logarithms: the number of ways to choose does not fit into a float from 1,030 files on.
    ways = lgamma(of + 1) - lgamma(times + 1) - lgamma(of - times + 1)
    return exp(ways + times * log(share) + (of - times) * log1p(-share))


def _batches(uses: list[FileUse]) -> Iterator[list[int]]:
    """Yield the places of uses of one class and field, as many as one query asks for."""
    groups: dict[tuple[str, str], list[int]] = {}
    for number, each in enumerate(uses):
        groups.setdefault((each.class_name, each.field), []).append(number)
    for numbers in groups.values():
        for start in range(0, len(numbers), _BATCH):
            yield numbers[start : start + _BATCH]


def _urls(client: ParseClient, uses: list[FileUse]) -> list[str | FileAnswer]:
    """Return the URL of each file; an answer where there is none."""
    first = uses[0]
    where = {"objectId": {"$in": [use.object_id for use in uses]}}
    try:
        reply = client.find(first.class_name, where, keys=first.field, limit=len(uses))
    except HarnessError as error:
        text = f"the object cannot be read ({type(error).__name__})"
        return [FileAnswer(use, text, asked=False) for use in uses]
    rows = reply.json.get("results") if reply.ok and isinstance(reply.json, dict) else None
    by_id = {
        str(row.get("objectId")): row.get(first.field)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }
    found: list[str | FileAnswer] = []
    for use in uses:
        value = by_id.get(use.object_id)
        url = value.get("url") if isinstance(value, dict) else None
        if isinstance(url, str):
            found.append(url)
        elif use.object_id in by_id:
            found.append(FileAnswer(use, f"the object shows no URL (status {reply.status})"))
        else:
            text = f"the object is not shown (status {reply.status})"
            found.append(FileAnswer(use, text, asked=False))
    return found


class _Asker:
    """Asks for files with HEAD, each URL once; a session for each thread."""

    def __init__(self, target: Target, hosts: frozenset[str]) -> None:
        self._target = target
        self._hosts = hosts
        self._timeout_s = target.timeout_s
        self._known: dict[str, tuple[str, int | None]] = {}
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def close(self) -> None:
        """Close every session."""
        for session in self._sessions:
            session.close()

    def answer(self, use: FileUse, url: str | FileAnswer) -> FileAnswer:
        """Return what became of one file."""
        if isinstance(url, FileAnswer):
            return url
        for _ in range(_REDIRECTS):
            host = _host(url)
            if host in LEGACY_FILE_HOSTS and host not in self._hosts:
                text = f"its URL leads to {host}, the hosted store, which is gone"
                return FileAnswer(use, text, asked=False, hosted=True)
            if host not in self._hosts:
                text = f"{host} is not allowed; --allow-host {host}"
                return FileAnswer(use, text, asked=False)
            location, problem, status = self._head(url)
            if not location:
                return FileAnswer(use, problem, status=status)
            url = urljoin(url, location)
        return FileAnswer(use, "too many redirections")

    def _head(self, url: str) -> tuple[str, str, int | None]:
        if url in self._known:
            return "", *self._known[url]
        try:
            answer = self._session().head(url, timeout=self._timeout_s, allow_redirects=False)
        except (requests.RequestException, ValueError) as error:
            return "", f"no answer ({type(error).__name__})", None
        if answer.is_redirect:
            return answer.headers["Location"], "", answer.status_code
        problem = "" if answer.ok else f"status {answer.status_code}"
        self._known[url] = problem, answer.status_code
        return "", problem, answer.status_code

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
            reach(self._local.session, self._target)
            self._sessions.append(self._local.session)
        session: requests.Session = self._local.session
        return session


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
