"""Expectations that know the register of known differences.

A mismatch that the register explains for this target is noted and the check goes on; any other
mismatch fails the check at once, with the place, both values and the source of the expectation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from parity.compare import AnyOf, Containing, KnownDifference, Matching, Register, differences
from parity.compare.values import MISSING
from parity.model import Difference, Kind
from parity.plugin.checks import Check
from parity.targets import Reply
from parity.wire import Redactor


class CheckFailure(AssertionError):
    """A target did not do what a check expects.

    Attributes:
        differences: What differs, without what is known.
    """

    def __init__(self, found: list[Difference], check: Check) -> None:
        self.differences = found
        lines = [str(each) for each in found]
        super().__init__("\n".join([*lines, f"expected by {', '.join(check.spec)}"]))


class Expect:
    """The fixture ``expect``: compares replies with what the documentation says.

    Every method raises :class:`CheckFailure` for what the register does not explain.

    Args:
        check: The check that expects.
        register: Known differences that apply to its target.
        redactor: Keeps secrets out of the message of a failure.
    """

    def __init__(self, check: Check, register: Register, redactor: Redactor) -> None:
        self.check = check
        self._register = register
        self._redactor = redactor
        self.observed: dict[str, tuple[KnownDifference, list[Difference]]] = {}

    def status(self, reply: Reply, expected: int) -> None:
        """Expect an HTTP status."""
        __tracebackhide__ = True
        self._judge(self._status(reply, expected))

    def error(
        self,
        reply: Reply,
        code: int | None,
        *,
        status: int = 400,
        message: str | Matching | AnyOf | None = None,
    ) -> None:
        """Expect a Parse error.

        Args:
            reply: What the target answered.
            code: Parse error code; ``None`` for an error without one.
            status: HTTP status.
            message: Text in ``error``; ``None`` accepts any.
        """
        __tracebackhide__ = True
        body = reply.json if isinstance(reply.json, dict) else {}
        found = self._status(reply, status)
        if code is None:
            if "code" in body:
                found.append(Difference("$.code", Kind.EXTRA, None, body["code"]))
        else:
            found += differences(code, body.get("code", MISSING), "$.code")
        wanted = Matching(r"(?s).+", "a message") if message is None else message
        found += differences(wanted, body.get("error", MISSING), "$.error")
        self._judge(found)

    def header(self, reply: Reply, name: str, expected: Any) -> None:
        """Expect a response header; ``expected`` is text or a matcher."""
        __tracebackhide__ = True
        self._judge(differences(expected, reply.headers.get(name, MISSING), f"$header.{name}"))

    def no_header(self, reply: Reply, name: str) -> None:
        """Expect that a response header is not there."""
        __tracebackhide__ = True
        if name in reply.headers:
            path = f"$header.{name}"
            self._judge([Difference(path, Kind.EXTRA, None, reply.headers[name])])

    def body(self, reply: Reply, expected: Any, *, status: int | None = None) -> None:
        """Expect exactly this body: every key and every element counts.

        Args:
            reply: What the target answered.
            expected: JSON value with matchers anywhere.
            status: HTTP status, if that is expected as well.
        """
        __tracebackhide__ = True
        found = [] if status is None else self._status(reply, status)
        self._judge(found + differences(expected, reply.json))

    def contains(self, reply: Reply, members: dict[str, Any], *, status: int | None = None) -> None:
        """Expect at least these members in the body."""
        __tracebackhide__ = True
        found = [] if status is None else self._status(reply, status)
        self._judge(found + differences(Containing(members), reply.json))

    def keys(
        self,
        reply: Reply,
        expected: Iterable[str],
        *,
        optional: Iterable[str] = (),
        at: str | int | None = None,
    ) -> None:
        """Expect exactly these keys of the body, or of a member of it.

        Args:
            reply: The reply.
            expected: Keys that are there.
            optional: Keys that may be there, where the app's data decides.
            at: The member; ``None`` for the body.
        """
        __tracebackhide__ = True
        actual = reply.json if at is None else reply.json[at]
        path = "$" if at is None else f"$.{at}"
        wanted = set(expected)
        found = [
            Difference(f"{path}.{key}", Kind.MISSING, "<anything>", None)
            for key in sorted(wanted - set(actual))
        ]
        found += [
            Difference(f"{path}.{key}", Kind.EXTRA, None, actual[key])
            for key in sorted(set(actual) - wanted - set(optional))
        ]
        self._judge(found)

    def absent(self, value: Any, *names: str, at: str = "$") -> None:
        """Expect that an object does not have these keys.

        Args:
            value: A reply, or an object out of one.
            *names: Keys that must not be there.
            at: JSON path of the object, when it is not the body.
        """
        __tracebackhide__ = True
        actual = value.json if isinstance(value, Reply) else value
        self._judge(
            [
                Difference(f"{at}.{name}", Kind.EXTRA, None, actual[name])
                for name in names
                if name in actual
            ]
        )

    def equal(self, actual: Any, expected: Any, *, at: str = "$") -> None:
        """Expect a value.

        Args:
            actual: What was observed.
            expected: JSON value with matchers anywhere.
            at: JSON path to show, so that a known difference can be recognised there.
        """
        __tracebackhide__ = True
        self._judge(differences(expected, actual, at))

    def ids(self, reply: Reply, expected: list[str], *, ordered: bool = True) -> None:
        """Expect that a query answers just these rows.

        Args:
            reply: Answer to a query.
            expected: Object ids.
            ordered: Whether the query asked for an order.
        """
        __tracebackhide__ = True
        actual = [row.get("objectId") for row in reply.results]
        if ordered:
            self._judge(differences(expected, actual, "$.objectIds"))
        else:
            self._judge(differences(sorted(expected), sorted(actual), "$.objectIds"))

    def _status(self, reply: Reply, expected: int) -> list[Difference]:
        if reply.status == expected:
            return []
        return [Difference("$status", Kind.VALUE, expected, reply.status)]

    def _judge(self, found: list[Difference]) -> None:
        __tracebackhide__ = True
        unknown: list[Difference] = []
        for each in found:
            entry = self._register.recognise(each, self.check.id)
            shown = redacted(each, self._redactor)
            if entry is None:
                unknown.append(shown)
            else:
                self.observed.setdefault(entry.id, (entry, []))[1].append(shown)
        if unknown:
            raise CheckFailure(unknown, self.check)


def redacted(difference: Difference, redactor: Redactor) -> Difference:
    """Return a Difference without secrets; the last name of its path says what a value is."""
    name = re.split(r"[.\[\]'\"]+", difference.path.rstrip("]'\""))[-1]
    expected, actual = (
        redactor.json({name: value})[name] for value in (difference.expected, difference.actual)
    )
    return Difference(difference.path, difference.kind, expected, actual)
