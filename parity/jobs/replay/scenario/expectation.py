"""What a reply must look like, as a scenario writes it.

A value of an expectation is a JSON value, or one of:

- ``{$match: objectId}``: also ``date``, ``sessionToken``, ``any``, ``message``, ``absent``
- ``{$regex: "r:[0-9a-f]+"}``: all of a text
- ``{$anyOf: [a, b]}``, ``{$unordered: [a, b]}``, ``{$contains: {key: value}}``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.compare import (
    AnyOf,
    Anything,
    Containing,
    Matching,
    Unordered,
    a_date,
    a_session_token,
    an_object_id,
    differences,
)
from parity.compare.values import MISSING, follow
from parity.model import Difference, Kind
from parity.targets import Reply


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing at all: the key or header is not there."""

    def compare(self, actual: Any, path: str) -> list[Difference]:
        """Return a difference if there is something."""
        return [] if actual is MISSING else [Difference(path, Kind.EXTRA, None, actual)]

    def describe(self) -> str:
        """Name it."""
        return "nothing"


MATCHERS: dict[str, Any] = {
    "objectId": an_object_id,
    "date": a_date,
    "sessionToken": a_session_token,
    "any": Anything(),
    "message": Matching(r"(?s).+", "a message"),
    "absent": Absent(),
}
OPERATORS = ("$match", "$regex", "$anyOf", "$unordered", "$contains")


def matcher(value: Any) -> Any:
    """Return an expected value with its matchers built.

    Args:
        value: JSON value, as a scenario writes it.

    Raises:
        ValueError: An unknown matcher or a broken pattern.
    """
    if isinstance(value, list):
        return [matcher(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    operators = [key for key in value if key in OPERATORS]
    if not operators:
        return {key: matcher(each) for key, each in value.items()}
    if len(value) != 1:
        raise ValueError(f"{operators[0]} stands alone, without {', '.join(set(value))}")
    return _operator(operators[0], value[operators[0]])


def _operator(operator: str, argument: Any) -> Any:
    match operator, argument:
        case "$match", str() if argument in MATCHERS:
            return MATCHERS[argument]
        case "$regex", str():
            try:
                re.compile(argument)
            except re.error as error:
                raise ValueError(f"$regex {argument!r}: {error}") from error
            return Matching(argument)
        case "$anyOf", list() if argument:
            return AnyOf(*map(matcher, argument))
        case "$unordered", list():
            return Unordered([matcher(each) for each in argument])
        case "$contains", Mapping():
            return Containing({key: matcher(each) for key, each in argument.items()})
    raise ValueError(f"{operator}: {argument!r} is not possible; docs/scenarios.md lists what is")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a reply must look like; compared like a value, with ``expect.equal(reply, this)``.

    Attributes:
        status: HTTP status, or a matcher.
        headers: Header to text or matcher.
        body: All of the body; unset accepts any.
        contains: Members that the body has at least.
        text: All of the body as text.
        lengths: JSON path to length of the array there.
        keys: Keys of the body in their order.
        prefix: Stands before every path, so that nothing takes it for another expectation.
    """

    status: Any = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = MISSING
    contains: Mapping[str, Any] | None = None
    text: Any = None
    lengths: Mapping[str, int] = field(default_factory=dict)
    keys: tuple[str, ...] | None = None
    prefix: str = ""

    @classmethod
    def build(cls, raw: Mapping[str, Any], prefix: str = "") -> Expectation:
        """Return the expectation that a scenario writes.

        Args:
            raw: Members of ``hosted``, ``parse-server`` or ``both``, without templates.
            prefix: See the attribute.

        Raises:
            ValueError: A matcher that does not exist.
        """
        return cls(
            status=matcher(raw.get("status")),
            headers={name: matcher(each) for name, each in raw.get("headers", {}).items()},
            body=matcher(raw["body"]) if "body" in raw else MISSING,
            contains=matcher(raw["contains"]) if "contains" in raw else None,
            text=matcher(raw.get("text")),
            lengths=raw.get("lengths", {}),
            keys=tuple(raw["keys"]) if "keys" in raw else None,
            prefix=prefix,
        )

    def describe(self) -> str:
        """Name it."""
        return "the reply of the scenario"

    def compare(self, actual: Reply, path: str) -> list[Difference]:  # noqa: ARG002 - of a protocol
        """Return where a reply disagrees.

        Args:
            actual: The reply.
            path: Not used: a reply has paths of its own, as in the register.
        """
        found = [*self._head(actual), *self._body(actual)]
        return [Difference(self.prefix + d.path, d.kind, d.expected, d.actual) for d in found]

    def _head(self, reply: Reply) -> list[Difference]:
        found: list[Difference] = []
        if self.status is not None:
            found += differences(self.status, reply.status, "$status")
        for name, value in self.headers.items():
            found += differences(value, reply.headers.get(name, MISSING), f"$header.{name}")
        return found

    def _body(self, reply: Reply) -> list[Difference]:
        found: list[Difference] = []
        if self.body is not MISSING:
            found += differences(self.body, reply.json)
        if self.contains is not None:
            found += differences(Containing(dict(self.contains)), reply.json)
        if self.text is not None:
            found += differences(self.text, reply.body.decode("utf-8", "replace"), "$text")
        for path, length in self.lengths.items():
            found += differences(length, _length(reply, path), f"{path}.length")
        if self.keys is not None:
            actual = list(reply.json) if isinstance(reply.json, dict) else []
            found += differences(list(self.keys), actual, "$keys")
        return found


def pick(reply: Reply, path: str) -> Any:
    """Return what a JSON path names in a reply, or ``MISSING``.

    Args:
        reply: The reply.
        path: ``$.results[0].objectId``, ``$status`` or ``$header.Location``.
    """
    if path == "$status":
        return reply.status
    if path.startswith("$header."):
        return reply.headers.get(path.removeprefix("$header."), MISSING)
    try:
        return follow(reply.json, path.removeprefix("$"))
    except LookupError:
        return MISSING


def _length(reply: Reply, path: str) -> Any:
    value = pick(reply, path)
    return len(value) if isinstance(value, list | str) else MISSING
