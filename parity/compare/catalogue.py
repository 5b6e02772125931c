"""The catalogue: every difference that research found, and what became of each.

``scenarios/catalogue.toml`` lists all entries by area. Each is registered as a known difference
under its slug, or it behaves alike on both sides and a check keeps it so, or it is seen by the
check of another entry, or it cannot be observed over HTTP here, with the reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from parity.compare.known import Register
from parity.model import UserError

SEVERITIES = ("breaking", "security", "benign", "none")
PROVENANCES = ("recorded", "documented", "source", "observed", "issue")


class Status(StrEnum):
    """What became of an entry of the catalogue."""

    KNOWN_DIFFERENCE = "known-difference"
    SAME = "same"
    """Both sides behave alike on the versions that the suites run, and a check says so."""
    PART_OF = "part-of"
    """The check of another entry sees it."""
    NOT_OBSERVABLE = "not-observable"


class Reason(StrEnum):
    """Why an entry cannot be observed over HTTP on the embedded servers."""

    HOSTED_SERVICE = "hosted-service"
    OTHER_OPTIONS = "other-options"
    OTHER_NETWORK = "other-network"
    OTHER_SERVICE = "other-service"
    DATABASE = "database"
    CLOUD_CODE = "cloud-code"
    CLIENT = "client"
    MAIL = "mail"
    PUSH = "push"
    LOAD = "load"
    UNDEFINED = "undefined"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.HOSTED_SERVICE: "it needs the hosted service itself",
    Reason.OTHER_OPTIONS: "it needs a server with other options",
    Reason.OTHER_NETWORK: "it needs another machine or the Internet",
    Reason.OTHER_SERVICE: "it needs the service of somebody else",
    Reason.DATABASE: "it is in the database, not in a reply",
    Reason.CLOUD_CODE: "it depends on the app's cloud code",
    Reason.CLIENT: "it is what a client does",
    Reason.MAIL: "it needs a mail adapter",
    Reason.PUSH: "it needs a push adapter",
    Reason.LOAD: "it takes too many requests, rows or too much time",
    Reason.UNDEFINED: "neither side promises anything",
}


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One entry that is no known difference of its own.

    Attributes:
        slug: Its name; stable for ever.
        area: Part of the API.
        status: What became of it.
        hosted: What the hosted service did.
        server: What Parse Server does, and since when.
        severity: ``breaking``, ``security``, ``benign`` or ``none``.
        provenance: How it is known, as in the register.
        source: Where that can be read.
        checks: Checks that keep both sides alike.
        difference: Id of the known difference whose check sees it; may be empty.
        reason: Why it cannot be observed here, if it cannot.
        because: The reason in a sentence.
    """

    slug: str
    area: str
    status: Status
    hosted: str
    server: str
    severity: str
    provenance: str
    source: str
    checks: tuple[str, ...] = ()
    difference: str = ""
    reason: Reason | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries.

    Attributes:
        areas: Slug to area, of every entry.
        entries: Slug to entry, of those that are no known difference of their own.
    """

    areas: dict[str, str]
    entries: dict[str, CatalogueEntry]

    def __iter__(self) -> Iterator[CatalogueEntry]:
        return iter(self.entries.values())

    def problems(self, register: Register) -> list[str]:
        """Return what is placed nowhere, twice, or names something that is not there.

        Args:
            register: The shipped known differences.
        """
        registered = {entry.slug for entry in register if entry.slug}
        found = [f"{slug}: placed nowhere" for slug in self.areas if slug not in registered]
        found = [each for each in found if each.partition(":")[0] not in self.entries]
        found += [f"{slug}: placed twice" for slug in self.entries if slug in registered]
        found += [f"{slug}: not in the list of areas" for slug in registered - set(self.areas)]
        found += [
            f"{entry.slug}: there is no {entry.difference}"
            for entry in self
            if entry.difference and entry.difference not in register.entries
        ]
        return sorted(found)


_TABLES = {
    "same": (Status.SAME, {"checks"}),
    "part_of": (Status.PART_OF, {"difference", "because"}),
    "not_observable": (Status.NOT_OBSERVABLE, {"reason", "because"}),
}
_COMMON = {"slug", "hosted", "server", "severity", "provenance", "source"}


def load_catalogue(file: Path) -> Catalogue:
    """Read a catalogue.

    Args:
        file: ``catalogue.toml``.

    Returns:
        The catalogue.

    Raises:
        UserError: It cannot be read; names every problem.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(file, [str(error)]) from error
    problems: list[str] = []
    areas = _areas(document.get("areas"), problems)
    entries: dict[str, CatalogueEntry] = {}
    for name, (status, own) in _TABLES.items():
        for raw in document.get(name, []):
            try:
                entry = _entry(raw, status, own, areas)
            except ValueError as error:
                problems.append(f"[[{name}]] {error}")
                continue
            if entry.slug in entries:
                problems.append(f"{entry.slug}: placed twice")
            entries[entry.slug] = entry
    problems += [f"{name}: no such table" for name in set(document) - {"areas", *_TABLES}]
    if problems:
        raise _bad(file, problems)
    return Catalogue(areas, entries)


def _areas(raw: Any, problems: list[str]) -> dict[str, str]:
    areas: dict[str, str] = {}
    for area, slugs in (raw if isinstance(raw, dict) else {}).items():
        for slug in slugs if isinstance(slugs, list) else []:
            if slug in areas:
                problems.append(f"{slug}: in the areas {areas[slug]} and {area}")
            areas[str(slug)] = area
    if not areas:
        problems.append("[areas] lists nothing")
    return areas


def _entry(
    raw: dict[str, Any], status: Status, own: set[str], areas: dict[str, str]
) -> CatalogueEntry:
    name = raw.get("slug", "(no slug)")
    wanted = _COMMON | own
    if missing := sorted(each for each in wanted if not raw.get(each)):
        raise ValueError(f"{name}: {', '.join(missing)} is missing")
    if unknown := sorted(set(raw) - wanted):
        raise ValueError(f"{name}: unknown field {', '.join(unknown)}")
    if name not in areas:
        raise ValueError(f"{name}: not in the list of areas")
    for field, known in (("severity", SEVERITIES), ("provenance", PROVENANCES)):
        if raw[field] not in known:
            raise ValueError(f"{name}: {field} {raw[field]!r} is none of {', '.join(known)}")
    try:
        reason = Reason(raw["reason"]) if "reason" in raw else None
    except ValueError as error:
        raise ValueError(f"{name}: {error}; there is {', '.join(Reason)}") from error
    fields = {key: raw[key] for key in wanted - {"checks", "reason"}}
    return CatalogueEntry(
        area=areas[name],
        status=status,
        checks=tuple(raw.get("checks", ())),
        reason=reason,
        **fields,
    )


def _bad(file: Path, problems: list[str]) -> UserError:
    return UserError(
        f"{file}: the catalogue cannot be read:\n  " + "\n  ".join(problems),
        "Correct it; docs/known-differences.md describes the tables.",
        code="catalogue",
    )
