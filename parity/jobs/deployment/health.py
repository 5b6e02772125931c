"""Does the server say that it is well, and is it the server that says so?"""

from __future__ import annotations

import time
from collections import Counter

from parity.jobs.deployment import codes
from parity.jobs.deployment.checks import Check, DeploymentOptions
from parity.jobs.deployment.http import HttpSession
from parity.model.judged import Judged
from parity.targets import Reply

DATES_TELL_S = 2.0
"""Seconds over which a header ``Date`` that stays the same is the work of a cache."""


def is_well(reply: Reply) -> bool:
    """Return whether an answer to ``/health`` says that all is well.

    Source: parse-server 9.10.0, ``src/middlewares.js``, ``handleParseHealth``.
    """
    return reply.status == 200 and isinstance(reply.json, dict) and reply.json.get("status") == "ok"


def check_health(http: HttpSession, options: DeploymentOptions) -> Judged:
    """Ask ``/health`` several times, without a key, as a load balancer does.

    Args:
        http: Who asks.
        options: How often, and how long between.

    Raises:
        HarnessError: No connection, or no answer in time.
    """
    replies: list[Reply] = []
    started = time.monotonic()
    for number in range(options.health_asks):
        if number:
            time.sleep(options.health_pause_s)
        replies.append(http.send("GET", http.at("health")))
    well = sum(map(is_well, replies))
    findings = []
    if not well:
        findings.append(codes.HEALTH_STATUS.finding(f"/health answers {_shown(replies[0])}"))
    elif well < len(replies):
        odd = Counter(_shown(reply) for reply in replies if not is_well(reply)).most_common(1)[0][0]
        text = f"{len(replies) - well} of {len(replies)} times /health answers {odd}"
        findings.append(codes.HEALTH_FLAPS.finding(text))
    if why := _cached(replies, time.monotonic() - started):
        findings.append(codes.HEALTH_CACHED.finding(why))
    return Check.HEALTH.judged(f"ok {well} of {len(replies)} times", findings)


def _cached(replies: list[Reply], lasted_s: float) -> str:
    """Return how a cache shows itself, or nothing."""
    for reply in replies:
        age = reply.headers.get("Age", "").strip()
        if age.isdigit() and int(age) > 0:
            return f"the answer is {age} s old (Age)"
        for name in ("X-Cache", "X-Cache-Status", "CF-Cache-Status", "X-Proxy-Cache"):
            value = reply.headers.get(name, "")
            # "HIT", "Hit from cloudfront", "MISS, HIT", but not "HITMISS" or a host's name.
            if "HIT" in value.upper().replace(",", " ").split():
                return f"{name}: {value}"
    dates = {reply.headers.get("Date") for reply in replies}
    if lasted_s >= DATES_TELL_S and len(replies) > 1 and len(dates) == 1 and None not in dates:
        return f"for {lasted_s:.0f} s each answer has the same Date"
    return ""


def _shown(reply: Reply) -> str:
    kind = reply.headers.get("Content-Type", "no content type").partition(";")[0]
    said = reply.json.get("status") if isinstance(reply.json, dict) else None
    return f"{reply.status} {kind}" + (f", status {str(said)[:40]!r}" if said is not None else "")
