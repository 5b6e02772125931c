"""The register of known differences: explained, narrow, and owned.

An entry explains one Difference that a target is known to have from the documented or recorded
behaviour of the hosted service. It says *when* an app meets it (:mod:`parity.compare.asked`, the
request alone) and *how it shows* (:mod:`parity.compare.shown`): by the place, the expected and the
actual value together, so that another fault beside it still fails.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion, Version

from parity.compare.asked import Asked, When
from parity.compare.shown import Looks, Recognition, Shown, Shows, Traffic
from parity.compare.versions import Versions
from parity.model import Difference, Style, UserError
from parity.model.evidence import KnownDifferenceEvent


class Severity(StrEnum):
    """What a known difference does to an app."""

    BREAKING = "breaking"
    BENIGN = "benign"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """One registered difference.

    Attributes:
        id: ``KD-`` and four digits; stable for ever.
        slug: Entry of the catalogue of differences that it comes from; may be empty.
        title: One line.
        area: Area of the suites that observe it.
        versions: Parse Server versions that show it, see :class:`Versions`.
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
        when: When an app meets it: any of them is enough; none if no request tells.
        after: Requests that bring it about, if it shows in the answers to others.
        shows: How it shows in recorded traffic: any of them is enough.
        unseen: Why it cannot be seen in traffic; empty if it can.
    """

    id: str
    title: str
    area: str
    versions: Versions
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
    recognise: tuple[Recognition, ...] = ()
    when: tuple[When, ...] = ()
    after: tuple[When, ...] = ()
    shows: tuple[Shows, ...] = ()
    unseen: str = ""

    def applies(self, style: str, version: str | None) -> bool:
        """Return whether a target of this style and version is known to differ.

        A Parse Server that does not say its version (no master key) may be any, so every entry can
        explain it. An endpoint in hosted style without a version is no Parse Server at all.
        """
        if style not in self.styles:
            return False
        if version is None:
            return style == Style.PARSE_SERVER
        return version in self.versions

    def meets(self, asked: Asked) -> bool:
        """Return whether an app that sends a request meets this difference, or may.

        Args:
            asked: The request alone; what was answered does not matter. The commands of a batch
                are requests of their own (:attr:`Asked.parts`).
        """
        return any(when.holds(asked) for when in self.after or self.when)

    def explains(self, difference: Difference, traffic: Traffic) -> bool:
        """Return whether a Difference of recorded traffic is this one."""
        return any(when.holds(traffic.asked) for when in self.when) and any(
            shows.explains(difference, traffic) for shows in self.shows
        )

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
        return any(recognition.expects(check) for recognition in self.recognise)


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
        return next((entry for entry in self if entry.explains(difference, traffic)), None)

    def met_by(self, asked: Asked) -> list[KnownDifference]:
        """Return the entries that a request meets; of a batch, those of its commands as well."""
        requests = (asked, *asked.parts)
        return [entry for entry in self if any(entry.meets(one) for one in requests)]

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
    entry = KnownDifference(
        **{
            **raw,
            "versions": Versions(raw["versions"]),
            "recognise": tuple(_built(Recognition, one) for one in raw.get("recognise", ())),
            "severity": Severity(raw["severity"]),
            "when": tuple(_built(When, one) for one in _list(raw.get("when", []))),
            "after": tuple(_built(When, one) for one in _list(raw.get("after", []))),
            "shows": tuple(_shows(one) for one in _list(raw.get("shows", []))),
            "styles": tuple(raw.get("styles", ("hosted", "parse-server"))),
        }
    )
    if problems := list(_problems(entry)):
        raise ValueError("; ".join(problems))
    return entry


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else [raw]


def _shows(raw: dict[str, Any]) -> Shows:
    places = tuple(_built(Shown, one) for one in raw.get("places", ()))
    looks: dict[str, Any] = {
        name: _built(Looks, raw[name]) for name in ("recorded", "live") if name in raw
    }
    return _built(Shows, {**raw, **looks, "places": places})


def _built(kind: type[_T], raw: dict[str, Any]) -> _T:
    """Return a part of an entry; says which of its names there is not."""
    names = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(raw) - names):
        raise ValueError(f"{', '.join(unknown)}: there is {', '.join(sorted(names))}")
    lists = {name: tuple(value) for name, value in raw.items() if name in _TUPLES}
    return kind(**(raw | lists))


_T = TypeVar("_T")
_TUPLES = frozenset({"requests", "other_than", "auth", "checks", "has", "only"})


def _problems(entry: KnownDifference) -> Iterator[str]:
    parts: tuple[Recognition | When | Shows, ...]
    parts = (*entry.recognise, *entry.when, *entry.after, *entry.shows)
    for part in parts:
        yield from part.problems()
    if entry.shows and not entry.when:
        yield "it says how it shows, and not when an app meets it"
    if entry.shows and entry.unseen:
        yield "it says how it shows, and that this cannot be seen"
    if not entry.recognise and not entry.shows:
        yield "nothing recognises it: neither a check nor how it shows"


def parse_version(text: str | None) -> str | None:
    """Return a version that can be compared, or ``None``."""
    try:
        return str(Version(text)) if text else None
    except InvalidVersion:
        return None
