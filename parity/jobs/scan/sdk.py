"""Which SDKs can change their server URL and from which version on, and the hosts of the service.

PHP 1.0 and 1.1 have the host as a constant.
Source: Parse migration guide, "iOS 1.12, Android 1.13.0, JavaScript 1.6.14, .NET 1.7.0"; the
strings that SDKs send are in :func:`parity.wire.headers.parse_client_version`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

FLOORS: Final = {
    "ios": "1.12",
    "android": "1.13.0",
    "js": "1.6.14",
    "net": "1.7.0",
    "php": "1.2.0",
}
"""First version of each SDK that can change its server URL."""
NAMES: Final = {
    "ios": "iOS/macOS SDK",
    "android": "Android SDK",
    "js": "JavaScript SDK",
    "net": ".NET/Unity SDK",
    "php": "PHP SDK",
}
_SENT: Final = {"i": "ios", "osx": "ios", "apple-tv": "ios", "apple-watch": "ios",
                "a": "android", "js": "js"}  # fmt: skip

Answer = Literal["new", "old", "unknown"]
_RANGE = re.compile(
    r"(?P<operator>~>|>=|<=|==|\^|~|<|>|=|v)?\s*(?P<version>\d+(?:\.\d+)*)(?P<rest>[^\s,|]*)"
)


_SPAN = re.compile(
    r"[\[(]\s*(?P<low>[\d.]*)\s*,\s*(?P<high>[\d.]*)\s*[\])]|(?P<from>\d[\d.]*)\s+-\s+(?P<to>\d[\d.]*)"
)
"""``[1.5,2.0)`` of Maven and NuGet, ``1.5 - 2.0`` of npm and Composer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Versions that a dependency allows: from ``low``, below ``high`` (``None`` for no end)."""

    low: tuple[int, ...]
    high: tuple[int, ...] | None


def sdk_of(sent: str) -> str | None:
    """Return the SDK for the letters of a client version: ``i`` is ``ios``; ``None`` if unknown."""
    if sent.startswith("net"):
        return "net"
    return _SENT.get(sent)


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers without zeros at its end, so that 1.12.0 equals 1.12."""
    found = [int(each[:9]) for each in re.findall(r"\d+", re.split(r"[-+]", version)[0])]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def can_move(sdk: str | None, version: str) -> bool | None:
    """Tell whether a version of an SDK can change its server URL; ``None`` if nobody knows."""
    floor = FLOORS.get(sdk or "")
    if floor is None or not re.match(r"\d", version):
        return None
    return numbers(version) >= numbers(floor)


def judge(sdk: str, wanted: str) -> Answer:
    """Judge what a dependency file asks for.

    Args:
        sdk: ``ios``, ``android``, ``js``, ``net``, ``php``.
        wanted: A version or a range as npm, CocoaPods, Carthage, Gradle or NuGet write it.

    Returns:
        ``old`` if nothing that it allows can change its URL, ``new`` if all can.
    """
    floor = FLOORS.get(sdk)
    bounds = _bounds(wanted, tilde_is_pessimistic=sdk == "php")
    if floor is None or bounds is None:
        return "unknown"
    first = numbers(floor)
    if bounds.high is not None and bounds.high <= first:
        return "old"
    return "new" if bounds.low >= first else "unknown"


def _bounds(wanted: str, *, tilde_is_pessimistic: bool) -> Bounds | None:
    if "|" in wanted or not (match := _RANGE.search(wanted)):
        return None
    if span := _SPAN.search(wanted):
        low, high = span["low"] or span["from"], span["high"] or span["to"]
        return Bounds(numbers(low or "0"), (*numbers(high), 0, 1) if high else None)
    given = [int(each[:9]) for each in match["version"].split(".")]
    operator, rest = match["operator"] or "", match["rest"]
    low = numbers(match["version"])
    if re.search(r"[x*+]", rest):  # 1.6.x, 1.+
        return Bounds(low, _next(given, len(given)))
    if operator in {"<", "<="}:
        return Bounds((), low if operator == "<" else (*low, 0, 1))
    if operator in {">=", ">"}:
        end = re.search(r"<\s*(\d+(?:\.\d+)*)", wanted[match.end() :])
        return Bounds(low, numbers(end[1]) if end else None)
    if operator == "~>" or (operator == "~" and tilde_is_pessimistic):
        return Bounds(low, _next(given, max(len(given) - 1, 1)))
    if operator == "^":
        return Bounds(low, _next(given, 1))
    if operator == "~":
        return Bounds(low, _next(given, min(len(given), 2)))
    return Bounds(low, (*low, 0, 1))


def _next(given: list[int], length: int) -> tuple[int, ...]:
    """Return the first version after all that start with the first ``length`` numbers."""
    return numbers(".".join(map(str, [*given[: length - 1], given[length - 1] + 1])))


HOSTED: Final = re.compile(
    r"(?<![\w.-])(?P<host>api\.parse\.com|files\.parsetfss\.com|files\.parse\.com"
    r"|(?:push|maven)\.parse\.com|(?:(?:[\w-]+\.)+|(?<=[\"'`}/])\.)parseapp\.com|(?:www\.)?parsecdn\.com)"
    r"(?![\w-]|\.[a-z])",
    re.IGNORECASE,
)
"""API, files, push, the SDK's Maven repository and CDN, websites (``<name>.parseapp.com``)."""
PAGES: Final = re.compile(
    r"(?:(?<!href=)[\"']https?://(?P<base>(?:www\.)?parse\.com)/?[\"']"
    r"|https?://(?P<page>(?:www\.)?parse\.com)/apps/(?:<%[^%]*%>|[^\"'\s])*"
    r"(?:request_password_reset|choose_password|verify_email))",
    re.IGNORECASE,
)
"""The base that the pages of an app's own domain send passwords to, as the service gave them."""


_HOST_WORDS: Final = ("parse.com", "parsetfss", "parseapp", "parsecdn")


def hosts_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield each host of the hosted service in a text, with where it starts."""
    lower = text.lower()
    if not any(word in lower for word in _HOST_WORDS):
        return
    for match in HOSTED.finditer(text):
        yield match["host"].lower(), match.start()


def pages_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield where code sends a browser to the pages of the hosted service itself."""
    if "parse.com" not in text:
        return
    for match in PAGES.finditer(text):
        name = "base" if match["base"] else "page"
        yield match[name].lower(), match.start(name)
