"""Cookies that a page sets: their names and flags; what is in them is the server's own business."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parity.jobs.web.answers import Answer
from parity.jobs.web.codes import Code

_FLAGS = ("secure", "httponly")


def cookie_problems(
    wanted: Answer, actual: Answer, *, over_tls: bool
) -> Iterator[tuple[str, Any, Any, Code]]:
    """Yield what the new site's cookies lack: place, what was, what is, code.

    A cookie that only the new site sets is no problem: the recorded client may have had it
    already. ``Secure`` is not asked for where the new site is tried over plain HTTP, because a
    server rightly leaves it out there.

    Args:
        wanted: The old site's answer; a redacted recording does not show its cookies.
        actual: The new site's answer.
        over_tls: Whether the new site was asked with https.
    """
    was, now = _cookies(wanted), _cookies(actual)
    for name, flags in was.items():
        if name not in now:
            yield f"$cookie.{name}", "a cookie of this name", None, Code.COOKIE
            continue
        lost = [each for each in _FLAGS if each in flags and each not in now[name]]
        for each in lost:
            if each != "secure" or over_tls:
                yield f"$cookie.{name}", each, None, Code.COOKIE_FLAG


def shows_cookies(answer: Answer) -> bool:
    """Tell whether the cookies of an answer can be seen: a redacted recording hides them."""
    return not any("=" not in each.partition(";")[0] for each in answer.all("Set-Cookie"))


def _cookies(answer: Answer) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for header in answer.all("Set-Cookie"):
        # HAR files of some browsers have several cookies in one field, a line each.
        for each in header.split("\n"):
            pair, *attributes = each.split(";")
            name, equals, value = pair.strip().partition("=")
            names = {one.partition("=")[0].strip().lower() for one in attributes}
            if equals and value:
                found[name] = names
    return found
