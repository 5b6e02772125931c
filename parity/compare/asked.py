"""When an app meets a known difference: a predicate on a request alone, without any answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from parity.compare.values import MISSING
from parity.wire.headers import read_auth
from parity.wire.operation import Operation

AUTH: Final = ("master", "session", "device", "key")
"""What a request may say of its sender; each also with ``no-`` before it."""
BROKEN: Final = ("not-json", "not-utf-8", "no-pattern")
"""What no parser takes: a text, bytes, a regular expression."""
BODY: Final = "$body"
URL: Final = "$url"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as the register looks at it.

    Attributes:
        request: Method and path below the mount, without a query: ``GET /classes/Post/abc``.
        sent: Parameters of the query and members of the body.
        headers: Names in lower case.
        auth: What it says of its sender, of :data:`AUTH`.
        body: The body as it was sent; of a part of a batch nothing.
        url: Path and query as they were sent; of a part of a batch nothing.
        parts: The commands of a batch, each as the request that it stands for.
    """

    request: str
    sent: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: frozenset[str] = frozenset()
    body: bytes = b""
    url: str = ""
    parts: tuple[Asked, ...] = ()

    @classmethod
    def of(
        cls, operation: Operation, url: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> Asked:
        """Return a recorded request.

        Args:
            operation: What it asks for.
            url: Path and query, as sent.
            headers: As sent.
            body: As sent.
        """
        names = {name.lower(): value for name, value in headers}
        who = _auth(names, operation.sent)
        parts = tuple(cls(part.request, _sent(part), names, who) for part in operation.parts)
        return cls(operation.request, _sent(operation), names, who, body, url, parts)


@dataclass(frozen=True, slots=True)
class When:
    """When an app meets a difference: all of it has to hold of its request.

    In names of members ``*`` stands for any member or element, ``**`` for any number of them, one
    inside the other, and ``a|b`` for one of both: ``where.**.$gt|$lt``. ``$`` is all that was sent,
    ``$body`` the body as it was sent, ``$url`` path and query.

    Attributes:
        requests: Method and path, ``*`` for any method or one segment; one of them.
        other_than: The same; none of them.
        path: Regular expression for all of the path.
        auth: What it says of its sender: of :data:`AUTH`, each with ``no-`` for the contrary.
        headers: Name of a header and a regular expression for all of its value.
        sent: Name of a parameter or member and a regular expression for all of its value; of what
            is no text, of its compact JSON.
        names: Name of an object that was sent and a regular expression for a name within.
        above: Name of a parameter or member and what its number, length or size is greater than.
        broken: Name of a parameter or member and one of :data:`BROKEN`.
    """

    requests: tuple[str, ...] = ()
    other_than: tuple[str, ...] = ()
    path: str = ""
    auth: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    above: Mapping[str, float] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)

    def holds(self, asked: Asked) -> bool:
        """Return whether a request is such a one."""
        return (
            covers(self.requests, asked.request)
            and not covers(self.other_than, asked.request)
            and (not self.path or fits(self.path, asked.request.partition(" ")[2]))
            and all(_says(word, asked.auth) for word in self.auth)
            and all(
                fits(pattern, asked.headers.get(name.lower(), MISSING))
                for name, pattern in self.headers.items()
            )
            and all(
                any(fits(pattern, value) for value in _members(asked.sent, name))
                for name, pattern in self.sent.items()
            )
            and all(
                any(re.fullmatch(pattern, inner) for inner in _names(asked.sent, name))
                for name, pattern in self.names.items()
            )
            and all(
                any(size > most for size in _sizes(asked, name))
                for name, most in self.above.items()
            )
            and all(
                any(_is_broken(how, value) for value in _members_or_whole(asked, name))
                for name, how in self.broken.items()
            )
        )

    def problems(self) -> Iterator[str]:
        """Give what is wrong with it."""
        if not self.requests:
            yield "when: names no requests"
        for pattern in (*self.requests, *self.other_than):
            if not re.fullmatch(r"(\*|[A-Z]+) /\S*", pattern):
                yield f"{pattern!r} is not a method and a path, as in 'GET /classes/*'"
        for word in self.auth:
            if word.removeprefix("no-") not in AUTH:
                yield f"auth {word!r} is none of {', '.join(AUTH)}, each also with no-"
        for how in self.broken.values():
            if how not in BROKEN:
                yield f"broken {how!r} is none of {', '.join(BROKEN)}"
        members = (self.headers, self.sent, self.names)
        for pattern in (self.path, *(one for table in members for one in table.values())):
            try:
                re.compile(pattern)
            except re.error as error:
                yield f"{pattern!r}: {error}"

    def words(self) -> Iterator[str]:
        """Say it to people, one condition at a time."""
        yield from self.requests
        if self.other_than:
            yield f"none of {', '.join(self.other_than)}"
        if self.path:
            yield f"path /{self.path}/"
        for word in self.auth:
            yield f"sent with {word}".replace("with no-", "without ")
        for name, pattern in self.headers.items():
            yield f"header {name}: /{pattern}/"
        for name, pattern in self.sent.items():
            yield f"{name} is /{pattern}/"
        for name, pattern in self.names.items():
            yield f"a name in {name} is /{pattern}/"
        for name, most in self.above.items():
            yield f"{name} is above {most}"
        for name, how in self.broken.items():
            yield f"{name} is {how.replace('-', ' ')}"


def covers(patterns: tuple[str, ...], request: str) -> bool:
    """Return whether one of several patterns stands for a method and path.

    Args:
        patterns: As ``GET /classes/*``; ``*`` is any method, or one segment of a path.
        request: As ``GET /classes/Post``.
    """
    return _pattern(patterns).fullmatch(request) is not None


def fits(pattern: str, value: Any) -> bool:
    """Return whether all of a value is as a regular expression says; of nothing it is not.

    Args:
        pattern: The regular expression.
        value: A text, or a value whose compact JSON is looked at.
    """
    return matched(pattern, value) is not None


def matched(pattern: str, value: Any) -> re.Match[str] | None:
    """Return the match of :func:`fits`, for its groups."""
    return None if value is MISSING else re.fullmatch(pattern, text_of(value))


@lru_cache(maxsize=4096)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    found = []
    for each in patterns:
        method, _, path = each.partition(" ")
        escaped = "/+".join("[^/]*" if step == "*" else re.escape(step) for step in path.split("/"))
        found.append(f"{'[A-Z]+' if method == '*' else re.escape(method)} {escaped}")
    return re.compile("|".join(f"(?:{one})" for one in found) or "(?!)")


def _sent(operation: Operation) -> dict[str, Any]:
    return operation.params | (operation.body if isinstance(operation.body, dict) else {})


def _auth(headers: Mapping[str, str], sent: Any) -> frozenset[str]:
    auth = read_auth(headers, sent)
    if auth is None:
        return frozenset()
    found = {
        "master": auth.keys.master_key is not None,
        "session": auth.session_token is not None,
        "device": auth.installation_id is not None,
        "key": any(True for _ in auth.keys.items()),
    }
    return frozenset(word for word, is_said in found.items() if is_said)


def _says(word: str, auth: frozenset[str]) -> bool:
    return word.removeprefix("no-") not in auth if word.startswith("no-") else word in auth


def _members(value: Any, name: str) -> Iterator[Any]:
    yield from _walk(value, [] if name == "$" else name.split("."))


def _walk(value: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step == "**":
        yield from _walk(value, rest)
        for inner in _inner(value):
            yield from _walk(inner, steps)
    elif step == "*":
        for inner in _inner(value):
            yield from _walk(inner, rest)
    elif isinstance(value, Mapping):
        for name in step.split("|"):
            if name in value:
                yield from _walk(value[name], rest)


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _names(sent: Mapping[str, Any], name: str) -> Iterator[str]:
    for value in _members(sent, name):
        if isinstance(value, Mapping):
            yield from value


def _members_or_whole(asked: Asked, name: str) -> Iterator[Any]:
    if name in (BODY, URL):
        yield asked.body if name == BODY else asked.url
    else:
        yield from _members(asked.sent, name)


def _sizes(asked: Asked, name: str) -> Iterator[float]:
    for value in _members_or_whole(asked, name):
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
            yield int(value)  # a parameter of a URL is a text
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield value
        elif isinstance(value, str | bytes | list | Mapping):
            yield len(value)


def _is_broken(how: str, value: Any) -> bool:
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return how == "not-utf-8"
    if not isinstance(text, str) or not text.strip():
        return False
    try:
        if how == "no-pattern":
            re.compile(text)
        elif how == "not-json":
            json.loads(text, parse_constant=_no_json)
    except (ValueError, re.error):
        return True
    return False


def _no_json(word: str) -> None:
    raise ValueError(word)  # NaN and Infinity, which Python would take


def text_of(value: Any) -> str:
    """Return a text as it is, and another value as compact JSON with its keys sorted."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
