"""Failures by cause: what many checks met is said once.

Two checks that did not pass have one cause if they name the same known fault, or else if the same
kind of request got the same answer: the same status, code and message of an error, or for an
answer that is no error the same place in it that was not as expected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from parity.model import Outcome
from parity.model.evidence import CheckEvent, Evidence, ExchangeFact
from parity.report.tally import plural
from parity.report.untested import was_not_run
from parity.wire import parse_error
from parity.wire.operation import Operation, parse_operation
from parity.wire.signature import signature

CAUSE_LINE: Final = "cause: "
"""How the line begins that names the cause in the message of a check that did not pass."""
_FIRST_ERROR: Final = 400
_SHOWN: Final = 100
_CLASS: Final = re.compile(r"\bParity\w+_\w+")
_MADE_UP: Final = re.compile(r"\b(?:parity\w*\d\w*|[A-Za-z0-9]*\d[A-Za-z0-9]{5,})\b|\d+")
_PLACE: Final = re.compile(r"\[\d+\]|\.\d+\b")


@dataclass(frozen=True, slots=True)
class Cause:
    """What checks that did not pass have in common.

    Attributes:
        text: In one line.
        code: The known fault; empty if it is none.
        remedy: What to do, if that is known.
    """

    text: str
    code: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.text}. {self.remedy}" if self.remedy else self.text


@dataclass(frozen=True, slots=True)
class Group:
    """The checks of one cause.

    Attributes:
        target: The target that they ran on.
        cause: What they have in common.
        failed: Those that fail by it.
        untested: Those that it kept from judging anything.
    """

    target: str
    cause: Cause
    failed: tuple[CheckEvent, ...]
    untested: tuple[CheckEvent, ...]

    @property
    def checks(self) -> tuple[CheckEvent, ...]:
        """All of them."""
        return self.failed + self.untested

    def counted(self) -> str:
        """Return how many checks it concerns, in words."""
        fail = plural(len(self.failed), "check") + (" fails" if len(self.failed) == 1 else " fail")
        untested = f"{len(self.untested):,} not tested because of it"
        parts = [fail] * bool(self.failed) + [untested] * bool(self.untested)
        return ", ".join(parts)


def causes(evidence: Evidence) -> tuple[Group, ...]:
    """Group what did not pass in a run of the suites by cause.

    Args:
        evidence: A complete run.

    Returns:
        Known causes first, then those of most checks; a cause of a single check only if it is
        known.
    """
    if evidence.header.job != "suites":
        return ()
    mounts = {facts.name: urlsplit(facts.url).path for facts in evidence.header.targets}
    found: dict[tuple[str, Cause], list[CheckEvent]] = {}
    for check in evidence.checks:
        cause = cause_of(check, mounts.get(check.target, ""))
        if cause is not None:
            found.setdefault((check.target, cause), []).append(check)
    groups = [
        Group(target, cause, *_split(checks))
        for (target, cause), checks in found.items()
        if cause.code or len(checks) > 1
    ]
    return tuple(sorted(groups, key=lambda g: (not g.cause.code, -len(g.checks), g.cause.text)))


def cause_of(check: CheckEvent, mount: str) -> Cause | None:
    """Say why a check did not pass, so that others with the same cause say the same.

    Args:
        check: A check with its exchanges.
        mount: Path of the target's mount: ``/parse``.

    Returns:
        The cause; ``None`` for a check that did not fail, whose target was down, or that sent
        nothing.
    """
    if check.outcome not in (Outcome.FAIL, Outcome.ERROR) or was_not_run(check):
        return None
    if check.finding is not None:
        return Cause(
            check.finding.cause.partition(". ")[0], check.finding.code, check.finding.remedy
        )
    if not check.exchanges:
        return None
    last = check.exchanges[-1]
    operation = parse_operation(last.method, last.url, last.request_body.encode(), mount)
    if last.status is None:
        return Cause(f"{_request(operation)} is not answered")
    if last.status >= _FIRST_ERROR:
        return Cause(f"{_request(operation)} is answered with {_error(last)}")
    place = _PLACE.sub("[*]", check.differences[0].path) if check.differences else ""
    if not place:
        return None
    what = _without_names(signature(operation))
    return Cause(f"{what} is answered with {last.status}, not as expected at {place}")


def _split(checks: Iterable[CheckEvent]) -> tuple[tuple[CheckEvent, ...], tuple[CheckEvent, ...]]:
    checks = tuple(checks)
    failed = tuple(check for check in checks if check.outcome is Outcome.FAIL)
    return failed, tuple(check for check in checks if check.outcome is not Outcome.FAIL)


def _request(operation: Operation) -> str:
    """Return the route: ``POST /classes/*``, ``PUT /users/*``, ``POST /batch``."""
    head, *rest = operation.segments or ("",)
    if rest == ["me"]:
        return f"{operation.method} /{head}/me"
    return f"{operation.method} /{'/'.join([head, *('*' for _ in rest)])}"


def _error(exchange: ExchangeFact) -> str:
    error = parse_error(exchange.status or 0, _json(exchange.response_body))
    if error is None:
        return str(exchange.status)
    code = "" if error.code is None else f", code {error.code}"
    message = _without_names(error.message)
    shown = message if len(message) <= _SHOWN else f"{message[:_SHOWN]}…"
    return f"{exchange.status}{code}, {json.dumps(shown, ensure_ascii=False)}"


def _without_names(text: str) -> str:
    """Replace what differs from check to check: names that a run made up, ids, numbers."""
    return _MADE_UP.sub("*", _CLASS.sub("*", text))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
