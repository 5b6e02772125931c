"""Whether files can be fetched: a random sample is asked for, with a stated error bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import comb
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests

from parity.model import HarnessError, Target
from parity.targets import ParseClient
from parity.targets.transport import reach
from parity.verify.audit.sample import FileUse

CONFIDENCE: Final = 0.95
_REDIRECTS: Final = 3
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """What became of one file.

    Attributes:
        use: Where it is named.
        problem: Why it cannot be fetched; empty if it can.
        asked: Whether it was asked for; else ``problem`` says why not.
    """

    use: FileUse
    problem: str
    asked: bool = True


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
        progress: Called after each.

    Returns:
        An answer for each file.
    """
    client = ParseClient(target)
    if target.keys.master_key is not None:
        client = client.as_master()
    hosts = frozenset({urlsplit(target.url).hostname or ""}) | _LOOPBACK | allowed_hosts
    answers = []
    with requests.Session() as session:
        session.trust_env = False
        reach(session, target)
        for use in uses:
            answers.append(_ask(client, session, use, hosts, target.timeout_s))
            if progress is not None:
                progress()
    client.close()
    return answers


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
        seen = sum(
            comb(asked, each) * share**each * (1 - share) ** (asked - each)
            for each in range(failed + 1)
        )
        low, high = (share, high) if seen > 1 - confidence else (low, share)
    return high


def _ask(
    client: ParseClient,
    session: requests.Session,
    use: FileUse,
    hosts: frozenset[str],
    timeout_s: float,
) -> FileAnswer:
    path = f"classes/{use.class_name}/{use.object_id}"
    try:
        reply = client.get(path, params={"keys": use.field})
    except HarnessError as error:
        return FileAnswer(use, f"the object cannot be read ({type(error).__name__})", asked=False)
    value = reply.json.get(use.field) if reply.ok and isinstance(reply.json, dict) else None
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str):
        return FileAnswer(use, f"the object shows no URL (status {reply.status})", asked=reply.ok)
    for _ in range(_REDIRECTS):
        host = _host(url)
        if host not in hosts:
            return FileAnswer(use, f"{host} is not allowed; --allow-host {host}", asked=False)
        try:
            answer = session.head(url, timeout=timeout_s, allow_redirects=False)
        except (requests.RequestException, ValueError) as error:
            return FileAnswer(use, f"no answer ({type(error).__name__})")
        if 200 <= answer.status_code < 300:
            return FileAnswer(use, "")
        if not answer.is_redirect:
            return FileAnswer(use, f"status {answer.status_code}")
        url = urljoin(url, answer.headers["Location"])
    return FileAnswer(use, "too many redirections")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
