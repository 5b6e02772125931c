"""The register of known differences: explained, narrow, and owned.

An entry explains one Difference that a target is known to have from the documented or recorded
behaviour of the hosted service. It is recognised by the place, the expected and the actual value
together, so that another fault beside it still fails.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from parity.compare.values import differences
from parity.model import Difference, Kind, Style, UserError
from parity.model.evidence import KnownDifferenceEvent


class Severity(StrEnum):
    """What a known difference does to an app."""

    BREAKING = "breaking"
    BENIGN = "benign"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class Traffic:
    """One exchange of recorded traffic, as far as recognising needs it.

    Attributes:
        request: Method and path below the mount, without a query: ``GET /classes/Post/abc``.
        status: Status that the target answered; of a part of a batch, the batch's.
        auth: ``master`` if it was sent with the master key and by no device, else empty.
        recorded: Members of the recorded answer.
        recorded_code: Parse's code in the recorded answer; ``None`` if it is no error.
        headers: Headers of the request, names in lower case.
        sent: Parameters of the request and members of its body.
        answered: Members of the target's answer.
    """

    request: str
    status: int
    auth: str = ""
    recorded: frozenset[str] = frozenset()
    recorded_code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class When:
    """When an app meets a difference: what has to be in its request.

    Attributes:
        headers: Name of a header and a regular expression for all of its value.
        sent: Name of a parameter or a member of the body (``where.a.$regex`` for one within) and
            a regular expression for all of it; of what is no string, of its compact JSON.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)

    def holds(self, traffic: Traffic) -> bool:
        """Return whether a request of recorded traffic is such a one."""
        return all(
            _fits(pattern, traffic.headers.get(name.lower(), MISSING))
            for name, pattern in self.headers.items()
        ) and all(
            _fits(pattern, _member(traffic.sent, name)) for name, pattern in self.sent.items()
        )


@dataclass(frozen=True, slots=True)
class Recognition:
    """How a Difference is recognised.

    Attributes:
        path: Exact JSON path, or with ``[*]`` for any index and ``.*`` for any member.
        expected: JSON value that the check expects there; unset accepts any.
        actual: JSON value that the target answers.
        pattern: Regular expression for all of a string that the target answers, or of the compact
            JSON of another value. Exactly one of ``actual``, ``pattern`` and ``missing`` is set.
        missing: Whether the target answers nothing there.
        kind: Kind of the Difference; unset accepts any.
        checks: The checks that observe it, as endings of their ids.
        requests: The requests in recorded traffic that observe it: ``GET /classes/*``, with ``*``
            for one segment of a path or for any method.
        status: In traffic, only if the target answers with this status.
        auth: In traffic, only if the request was sent so: ``master``.
        recorded: In traffic, only if the recorded answer has this member.
        recorded_code: In traffic, only if the recorded answer is an error with this code.
        expected_pattern: Regular expression for what was expected there, as ``pattern``.
        is_sent: In traffic, only if the member at the end of the path was sent by the request.
    """

    path: str
    checks: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    status: int | None = None
    auth: str | None = None
    recorded: str | None = None
    expected: Any = None
    actual: Any = None
    pattern: str | None = None
    missing: bool = False
    kind: str | None = None
    recorded_code: int | None = None
    expected_pattern: str | None = None
    is_sent: bool = False

    def recognises(self, difference: Difference, check: str) -> bool:
        """Return whether this is the Difference, seen by this check.

        Args:
            difference: What was observed.
            check: Id of the check: its node id without the target.
        """
        return any(_names(each, check) for each in self.checks) and self._matches(difference)

    def recognises_traffic(self, difference: Difference, traffic: Traffic) -> bool:
        """Return whether this is the Difference, seen in recorded traffic.

        Args:
            difference: What was observed.
            traffic: Where it was observed.
        """
        if self.status not in (None, traffic.status) or self.auth not in (None, traffic.auth):
            return False
        if self.recorded is not None and self.recorded not in traffic.recorded:
            return False
        if self.recorded_code not in (None, traffic.recorded_code):
            return False
        if self.is_sent and difference.path.rpartition(".")[2] not in traffic.sent:
            return False
        return any(
            _covers(request, traffic.request) for request in self.requests
        ) and self._matches(difference)

    def _matches(self, difference: Difference) -> bool:
        if self.kind is not None and self.kind != difference.kind:
            return False
        if not _path_pattern(self.path).fullmatch(difference.path):
            return False
        if self.expected is not None and self.expected != difference.expected:
            return False
        if self.expected_pattern is not None and not _fits(
            self.expected_pattern, difference.expected
        ):
            return False
        if self.missing:
            return difference.kind is Kind.MISSING
        if self.pattern is not None:
            return _fits(self.pattern, difference.actual)
        return not differences(self.actual, difference.actual)


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """One registered difference.

    Attributes:
        id: ``KD-`` and four digits; stable for ever.
        slug: Entry of the catalogue of differences that it comes from; may be empty.
        title: One line.
        area: Area of the suites that observe it.
        versions: Parse Server versions that show it.
        styles: Styles of target that show it.
        recognise: How it is recognised; any of them is enough.
        cause: Why the target behaves so.
        effect: What an app notices.
        remedy: What to change in the app or on the server.
        severity: What it does to an app.
        provenance: ``recorded``, ``documented``, ``source``, ``observed`` or ``issue``.
        source: Where that can be read.
        owner: Who looks after the entry.
        always: Whether every server of these versions shows it. ``False`` where an option of the
            server decides: then not observing it is reported, not failed.
        expires: When the entry has to be looked at again.
        when: What has to be in the request of an app that meets it, beside its method and path.
        answer_has: In traffic, the members that the target's answer has, all of them and no other.
    """

    id: str
    title: str
    area: str
    versions: SpecifierSet
    recognise: tuple[Recognition, ...]
    cause: str
    effect: str
    remedy: str
    severity: Severity
    provenance: str
    source: str
    owner: str
    slug: str = ""
    styles: tuple[str, ...] = ("hosted", "parse-server")
    always: bool = True
    expires: dt.date | None = None
    when: When = field(default_factory=When)
    answer_has: tuple[str, ...] = ()

    def applies(self, style: str, version: str | None) -> bool:
        """Return whether a target of this style and version is known to differ.

        A Parse Server that does not say its version (no master key) may be any, so every entry can
        explain it. An endpoint in hosted style without a version is no Parse Server at all.
        """
        if style not in self.styles:
            return False
        if version is None:
            return style == Style.PARSE_SERVER
        return self.versions.contains(Version(version), prereleases=True)

    def is_met(self, traffic: Traffic) -> bool:
        """Return whether an exchange of recorded traffic is one that meets this difference."""
        if self.answer_has and traffic.answered != frozenset(self.answer_has):
            return False
        return self.when.holds(traffic)

    def event(self, targets: tuple[str, ...], observed: int) -> KnownDifferenceEvent:
        """Return the entry as evidence.

        Args:
            targets: Names of the targets that it applies to.
            observed: How many checks or exchanges observed it.
        """
        return KnownDifferenceEvent(
            id=self.id,
            title=self.title,
            severity=self.severity.value,
            cause=self.cause,
            effect=self.effect,
            remedy=self.remedy,
            provenance=f"{self.provenance}: {self.source}",
            targets=targets,
            observed=observed,
        )

    def expects(self, check: str) -> bool:
        """Return whether this check by itself has to observe the entry where it applies."""
        return any(_names(each, check) for r in self.recognise for each in r.checks)


@dataclass(frozen=True, slots=True)
class Register:
    """All known differences that a run knows.

    Attributes:
        entries: By id.
    """

    entries: dict[str, KnownDifference] = field(default_factory=dict)

    def __iter__(self) -> Iterator[KnownDifference]:
        return iter(self.entries.values())

    def applying(self, style: str, version: str | None) -> Register:
        """Return the entries that apply to a target of this style and version."""
        return Register({e.id: e for e in self if e.applies(style, version)})

    def recognise(self, difference: Difference, check: str) -> KnownDifference | None:
        """Return the entry that explains a Difference, or ``None``.

        Args:
            difference: What was observed.
            check: Id of the check that observed it.
        """
        for entry in self:
            if any(each.recognises(difference, check) for each in entry.recognise):
                return entry
        return None

    def recognise_traffic(self, difference: Difference, traffic: Traffic) -> KnownDifference | None:
        """Return the entry that explains a Difference in recorded traffic, or ``None``.

        Args:
            difference: What was observed.
            traffic: Where it was observed.
        """
        for entry in self:
            if any(
                recognition.recognises_traffic(difference, traffic)
                for recognition in entry.recognise
            ) and entry.is_met(traffic):
                return entry
        return None

    def expected_by(self, check: str) -> list[KnownDifference]:
        """Return the entries that a check has to observe."""
        return [entry for entry in self if entry.expects(check)]


def load_register(folders: Iterable[Path]) -> Register:
    """Read every ``*.toml`` of the folders.

    Args:
        folders: Folders of known differences; a missing one is an error.

    Returns:
        The register.

    Raises:
        UserError: All problems of all files at once.
    """
    entries: dict[str, KnownDifference] = {}
    problems: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(f"{folder}: no such folder")
            continue
        for file in sorted(folder.glob("*.toml")):
            for raw in _read(file, problems):
                _add(entries, raw, file, problems)
    if problems:
        raise UserError(
            "The known differences cannot be read:\n  " + "\n  ".join(problems),
            "Correct the entries; docs/known-differences.md describes each field.",
            code="known-differences",
        )
    return Register(entries)


def _read(file: Path, problems: list[str]) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{file.name}: {error}")
        return []
    found = document.get("difference", [])
    if not isinstance(found, list) or not found:
        problems.append(f"{file.name}: holds no [[difference]]")
        return []
    return found


def _add(
    entries: dict[str, KnownDifference], raw: dict[str, Any], file: Path, problems: list[str]
) -> None:
    name = f"{file.name}: {raw.get('id', '(no id)')}"
    try:
        entry = _entry(raw)
    except (TypeError, ValueError, InvalidSpecifier) as error:
        problems.append(f"{name}: {error}")
        return
    if entry.id in entries:
        problems.append(f"{name}: this id is taken twice")
    entries[entry.id] = entry


_OF_REQUESTS = frozenset({"status", "auth", "recorded", "recorded_code", "is_sent"})
_FIELDS = frozenset(KnownDifference.__dataclass_fields__)
_REQUIRED = tuple(
    each.name
    for each in fields(KnownDifference)
    if each.default is MISSING and each.default_factory is MISSING
)


def _entry(raw: dict[str, Any]) -> KnownDifference:
    unknown = set(raw) - _FIELDS
    if unknown:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    for name in _REQUIRED:
        if not raw.get(name):
            raise ValueError(f"{name!r} is missing")
    if not re.fullmatch(r"[A-Z]{2,}-\d{4}", raw["id"]):
        raise ValueError("an id is letters, a dash and four digits, such as KD-0042")
    return KnownDifference(
        **{
            **raw,
            "versions": SpecifierSet(raw["versions"]),
            "recognise": _recognitions(raw["recognise"]),
            "severity": Severity(raw["severity"]),
            "when": _when(raw.get("when", {})),
            "answer_has": tuple(raw.get("answer_has", ())),
            "styles": tuple(raw.get("styles", ("hosted", "parse-server"))),
        }
    )


def _when(raw: dict[str, Any]) -> When:
    when = When(**raw)
    for pattern in (*when.headers.values(), *when.sent.values()):
        re.compile(pattern)
    return when


def _recognitions(raw: list[dict[str, Any]]) -> tuple[Recognition, ...]:
    for number, each in enumerate(raw):
        if sum(key in each for key in ("actual", "pattern", "missing")) != 1:
            raise ValueError(f"recognise {number} sets not one of actual, pattern and missing")
        if not each.get("requests") and each.keys() & _OF_REQUESTS:
            raise ValueError(
                f"recognise {number}: {', '.join(sorted(_OF_REQUESTS))} are for requests"
            )
        if not each.get("checks") and not each.get("requests"):
            raise ValueError(f"recognise {number} names neither checks nor requests")
        for pattern in each.get("requests", ()):
            if not re.fullmatch(r"(\*|[A-Z]+) /\S*", pattern):
                raise ValueError(f"{pattern!r} is not a method and a path, as in 'GET /classes/*'")
        re.compile(each.get("pattern", ""))
        re.compile(each.get("expected_pattern", ""))
    return tuple(
        Recognition(
            **{
                **each,
                "checks": tuple(each.get("checks", ())),
                "requests": tuple(each.get("requests", ())),
            }
        )
        for each in raw
    )


def _fits(pattern: str, value: Any) -> bool:
    return value is not MISSING and re.fullmatch(pattern, _text(value)) is not None


def _member(value: Any, name: str) -> Any:
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return MISSING
        value = value[step]
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@lru_cache(maxsize=4096)
def _path_pattern(path: str) -> re.Pattern[str]:
    pattern = re.escape(path).replace(r"\[\*\]", r"\[\d+\]").replace(r"\.\*", r"\.[^.\[]+")
    return re.compile(pattern)


def _covers(pattern: str, request: str) -> bool:
    wanted, given = re.split(r"[ /]+", pattern), re.split(r"[ /]+", request)
    return len(wanted) == len(given) and all(
        each in ("*", other) for each, other in zip(wanted, given, strict=True)
    )


def _names(ending: str, check: str) -> bool:
    # Where the suites are installed as a package, ids start below their folder.
    ending = ending.removeprefix("suites/")
    return check == ending or check.endswith("/" + ending)


def parse_version(text: str | None) -> str | None:
    """Return a version that can be compared, or ``None``."""
    try:
        return str(Version(text)) if text else None
    except InvalidVersion:
        return None
