"""How a known difference shows: at one place, or in what both whole answers are like."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from parity.compare.asked import Asked, covers, fits, matched, text_of
from parity.compare.usual import MINTED, is_mint, is_usual
from parity.compare.values import MISSING, differences, follow
from parity.model import Difference, Kind

_OF_OUTCOME: Final = re.compile(
    r"\$|\$status|\$header\.Location|\$\.[^.\[]+|\$\['[^']*'\]", re.ASCII
)
"""Places that differ when one answer is an error and the other is none."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One exchange of recorded traffic, as far as recognising needs it.

    Attributes:
        asked: The request; of a part of a batch, the request that it stands for.
        recorded_status: Status that was recorded; ``None`` for a part of a batch.
        status: Status that the target answered; ``None`` for a part of a batch.
        recorded: The recorded body as JSON; ``None`` if it is none.
        answered: The target's; its text if it is no JSON.
        user: Recorded id of the user whose session it was sent with; ``""`` if nothing says it.
    """

    asked: Asked
    recorded_status: int | None = None
    status: int | None = None
    recorded: Any = None
    answered: Any = None
    user: str = ""


NO_NAMES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """One place where two answers differ, and how.

    Attributes:
        path: Exact JSON path, or with ``[*]`` for any index, ``.*`` for any member and ``.**`` for
            any number of both.
        expected: JSON value that is expected there; unset accepts any.
        actual: JSON value that the target answers.
        pattern: Regular expression for all of a string that the target answers, or of the compact
            JSON of another value. Exactly one of ``actual``, ``pattern`` and ``missing`` is set.
        missing: Whether the target answers nothing there.
        kind: Kind of the Difference; unset accepts any.
        expected_pattern: Regular expression for what was expected there, as ``pattern``, where
            ``{name}`` stands for what its group ``(?P<name>…)`` holds.
    """

    path: str
    expected: Any = None
    actual: Any = None
    pattern: str | None = None
    missing: bool = False
    kind: str | None = None
    expected_pattern: str | None = None

    def matches(self, difference: Difference, names: Mapping[str, str] = NO_NAMES) -> bool:
        """Return whether a Difference is at this place, of this kind, with these values.

        Args:
            difference: What was observed.
            names: What ``{name}`` stands for in ``pattern``.
        """
        if self.kind is not None and self.kind != difference.kind:
            return False
        if not _path_pattern(self.path).fullmatch(difference.path):
            return False
        if self.expected is not None and self.expected != difference.expected:
            return False
        if self.expected_pattern is not None:
            match = matched(self.expected_pattern, difference.expected)
            if match is None:
                return False
            names = {**names, **match.groupdict("")}
        if self.missing:
            return difference.kind is Kind.MISSING
        if self.pattern is not None:
            return fits(_named(self.pattern, names), difference.actual)
        return not differences(self.actual, difference.actual)

    def words(self) -> str:
        """Say it to people."""
        was = "" if self.expected is None else f"{_short(self.expected)} before"
        was = f"/{self.expected_pattern}/ before" if self.expected_pattern is not None else was
        now = "missing" if self.missing else _short(self.actual)
        now = f"/{self.pattern}/" if self.pattern is not None else now
        return f"{self.path}: {', '.join(filter(None, (now, was)))}"

    def problems(self) -> Iterator[str]:
        """Give what is wrong with it."""
        is_missing = 1 if self.missing else 0
        if is_missing + (self.actual is not None) + (self.pattern is not None) != 1:
            yield f"{self.path}: sets not one of actual, pattern and missing"
        if self.kind is not None and self.kind not in list(Kind):
            yield f"{self.path}: kind {self.kind!r} is none of {', '.join(Kind)}"
        for pattern in (self.pattern, self.expected_pattern):
            try:
                re.compile(pattern or "")
            except re.error as error:
                yield f"{self.path}: {pattern!r}: {error}"


@dataclass(frozen=True, slots=True)
class Recognition(Place):
    """How the checks of the suites observe a difference.

    Attributes:
        checks: The checks, as endings of their ids.
    """

    checks: tuple[str, ...] = ()

    def recognises(self, difference: Difference, check: str) -> bool:
        """Return whether this is the Difference, seen by this check.

        Args:
            difference: What was observed.
            check: Id of the check: its node id without the target.
        """
        return self.expects(check) and self.matches(difference)

    def expects(self, check: str) -> bool:
        """Return whether a check is one of those."""
        return any(_names(ending, check) for ending in self.checks)

    def problems(self) -> Iterator[str]:
        """Give what is wrong with it."""
        yield from Place.problems(self)
        if not self.checks:
            yield f"{self.path}: names no checks"


@dataclass(frozen=True, slots=True)
class Shown(Place):
    """A place in the answer of recorded traffic where a difference shows.

    Attributes:
        sent: Only if the request sent the member at the end of the path, and so: a regular
            expression for all of it, as in :class:`parity.compare.asked.When`.
        of_others: Not in the object of the user who asks.
    """

    sent: str | None = None
    of_others: bool = False

    def shows(self, difference: Difference, traffic: Traffic) -> bool:
        """Return whether this is the Difference, in such an exchange.

        In ``pattern``, ``{class}`` stands for the class that the request names, and with ``sent``
        ``{objects}`` for the member of that name of an operator.
        """
        asked = traffic.asked
        if self.of_others and traffic.user and _owner(difference, traffic) == traffic.user:
            return False
        value = asked.sent.get(difference.path.rpartition(".")[2], MISSING)
        if self.sent is not None and not fits(self.sent, value):
            return False
        steps = asked.request.split("/")
        names = {"class": steps[2]} if len(steps) > 2 else {}
        if self.sent is not None and isinstance(value, Mapping):
            names |= {name: text_of(inner) for name, inner in value.items()}
        return self.matches(difference, names)

    def words(self) -> str:
        """Say it to people."""
        return Place.words(self) + (", of others than the user who asks" if self.of_others else "")


@dataclass(frozen=True, slots=True)
class Looks:
    """What a whole answer is like.

    Attributes:
        status: Its status; of a part of a batch none is known, and any is right.
        code: Parse's code; then it is ``code`` and ``error``, and nothing else.
        error: Regular expression for all of ``error``, for an error.
        has: Members that it has, beside others.
        only: Members that it has, and no others; what a server mints has its form.
        values: Name of a member and a regular expression for it, as in ``sent``.
        lengths: Name of a member and how many elements it has.
        text: Regular expression for all of a body that is no JSON.
        as_usual: Whether it is what any such request is answered that is carried out.
    """

    status: int | None = None
    code: int | None = None
    error: str | None = None
    has: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    text: str | None = None
    as_usual: bool = False

    def fits(self, status: int | None, body: Any, asked: Asked) -> bool:
        """Return whether an answer is so.

        Args:
            status: Its status; ``None`` for a part of a batch.
            body: Its body as JSON; its text if it is none.
            asked: What was asked.
        """
        if self.status is not None and status not in (None, self.status):
            return False
        members = body if isinstance(body, Mapping) else {}
        if self.code is not None and not _is_error(members, self.code):
            return False
        if self.error is not None and not fits(self.error, members.get("error")):
            return False
        if self.only and members.keys() != set(self.only):
            return False
        if not members.keys() >= set(self.has):
            return False
        if self.text is not None and not (isinstance(body, str) and fits(self.text, body)):
            return False
        if self.as_usual and not is_usual(asked, status, body):
            return False
        if any(_length(members.get(name)) != size for name, size in self.lengths.items()):
            return False
        minted = all(is_mint(name, members[name]) for name in MINTED if name in self.only)
        return minted and all(fits(form, members.get(name)) for name, form in self.values.items())

    @property
    def is_error(self) -> bool:
        """Whether it is an answer that refuses a request."""
        return self.code is not None or (self.status or 0) >= 400

    def words(self) -> Iterator[str]:
        """Say it to people."""
        if self.status is not None:
            yield f"status {self.status}"
        if self.code is not None:
            yield f"code {self.code}"
        if self.error is not None:
            yield f"error /{self.error}/"
        if self.has:
            yield f"has {', '.join(self.has)}"
        if self.only:
            yield f"has {', '.join(self.only)} alone"
        for name, pattern in self.values.items():
            yield f"{name} /{pattern}/"
        for name, size in self.lengths.items():
            yield f"{size} in {name}"
        if self.text is not None:
            yield f"a text /{self.text}/"
        if self.as_usual:
            yield "carried out"


@dataclass(frozen=True, slots=True)
class Shows:
    """How a difference shows in recorded traffic.

    Where one of both answers is an error and the other is none, all that they hold differs, and
    what both are like says how. Else ``places`` are where they differ, and nothing else is.

    Attributes:
        recorded: What the recorded answer is like.
        live: What the target's answer is like.
        places: Where they differ.
        requests: After these of the requests that meet it; unset after all of them.
    """

    recorded: Looks = Looks()
    live: Looks = Looks()
    places: tuple[Shown, ...] = ()
    requests: tuple[str, ...] = ()

    def explains(self, difference: Difference, traffic: Traffic) -> bool:
        """Return whether a Difference of an exchange is this one."""
        asked = traffic.asked
        if self.requests and not covers(self.requests, asked.request):
            return False
        if not self.recorded.fits(traffic.recorded_status, traffic.recorded, asked):
            return False
        if not self.live.fits(traffic.status, traffic.answered, asked):
            return False
        if any(place.shows(difference, traffic) for place in self.places):
            return True
        return self.is_outcome and _OF_OUTCOME.fullmatch(difference.path) is not None

    @property
    def is_outcome(self) -> bool:
        """Whether one answer is an error and the other is none."""
        return self.recorded.is_error != self.live.is_error

    def words(self) -> Iterator[str]:
        """Say it to people."""
        if self.requests:
            yield f"after {', '.join(self.requests)}:"
        for name, looks in (("recorded", self.recorded), ("the target", self.live)):
            if words := ", ".join(looks.words()):
                yield f"{name}: {words}"
        for place in self.places:
            yield place.words()

    def problems(self) -> Iterator[str]:
        """Give what is wrong with it."""
        for place in self.places:
            yield from place.problems()
        if not self.places and not self.is_outcome:
            yield "shows: no place, and not one error and one success"
        if self.is_outcome:
            yield from self._unknown_outcome()

    def _unknown_outcome(self) -> Iterator[str]:
        live = self.live
        if self.recorded.status is None:
            yield "shows: recorded has no status"
        if live.status is None and not live.as_usual:
            yield "shows: live has no status"
        said = live.code, live.only, live.has, live.values, live.as_usual
        if not any(said) and live.text is None:
            yield "shows: nothing is said of the live body, so that any would be taken"


def _owner(difference: Difference, traffic: Traffic) -> Any:
    """Return the id of the object that a member is of, as it was recorded."""
    try:
        return follow(traffic.recorded, difference.path.rpartition(".")[0] + ".objectId")
    except LookupError:
        return None


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_error(body: Mapping[str, Any], code: int) -> bool:
    if body.keys() != {"code", "error"} or not isinstance(body["error"], str):
        return False
    return type(body["code"]) is int and body["code"] == code


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, list) else None


def _named(pattern: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        pattern = pattern.replace("{" + name + "}", re.escape(value))
    return pattern


@lru_cache(maxsize=4096)
def _path_pattern(path: str) -> re.Pattern[str]:
    pattern = re.escape(path).replace(r"\.\*\*", r"[.\[].+").replace(r"\[\*\]", r"\[\d+\]")
    return re.compile(pattern.replace(r"\.\*", r"\.[^.\[]+"))


def _names(ending: str, check: str) -> bool:
    # Where the suites are installed as a package, ids start below their folder.
    ending = ending.removeprefix("suites/")
    return check == ending or check.endswith("/" + ending)
