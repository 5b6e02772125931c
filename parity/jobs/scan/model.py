"""What a scan finds: places, findings, definitions of cloud code, and what was not looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from parity.model.finding import Code

Area = Literal["cloud-code", "clients", "traffic"]
"""What a rule reads: cloud code, the source of client apps, or recorded traffic."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; lines and columns count from 1, columns in characters.

    Attributes:
        file: Path as the user knows it, with ``/``.
        line: Line.
        column: Column of the first character.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Match:
    """One place where a rule does not hold.

    Attributes:
        code: The rule.
        place: Where; traffic has the recording and line 0.
        detail: What stands there, never a key or a line of the source.
        ignored: Reason of the comment that suppresses it; ``None`` if none does.
    """

    code: Code
    place: Place
    detail: str
    ignored: str | None = None


Kind = Literal["function", "job", "trigger", "webhook", "route"]


@dataclass(frozen=True, slots=True)
class Definition:
    """Something that cloud code registers.

    Attributes:
        kind: A function, a job, a trigger, a web hook, or a route of the hosted website.
        name: ``averageStars``, ``beforeSave``, ``GET``; what a REST call would name.
        class_name: Class of a trigger (``_User``, ``@File``), path of a route, else ``None``.
        place: Where it is registered.
        validated: Whether it has a validator.
    """

    kind: Kind
    name: str
    class_name: str | None
    place: Place
    validated: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that was not read, or not read as a whole.

    Attributes:
        path: Path as the user knows it.
        reason: Why.
        doubt: Whether something that matters may have gone unnoticed: then nothing passes.
        area: The rules that it keeps from holding; ``None`` if that is not known.
    """

    path: str
    reason: str
    doubt: bool = False
    area: Area | None = None


Role = Literal["cloud", "client", "server", "vendored"]
"""What a file is: cloud code, the app's own code, code of a server, or somebody else's."""


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one language and role that were read.

    Attributes:
        role: What they are.
        language: ``Swift``.
        files: How many.
        bytes: How large, together.
    """

    role: Role
    language: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ClientShare:
    """One client version that was seen in a recording.

    Attributes:
        version: As it was sent; ``""`` for requests without one (REST, custom clients).
        sdk: Name for people: ``iOS``.
        requests: Number of requests.
        clients: Number of clients (lanes).
        can_move: Whether it can change its server URL; ``None`` if nobody knows.
        floor: First version that can, if known.
    """

    version: str
    sdk: str
    requests: int
    clients: int
    can_move: bool | None
    floor: str | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a recording says of the clients.

    Attributes:
        recording: Its path.
        requests: Number of requests.
        clients: Number of clients.
        shares: Each version, the most used first.
    """

    recording: str
    requests: int
    clients: int
    shares: tuple[ClientShare, ...]


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Everything that one scan found.

    Attributes:
        findings: In the order of files and lines.
        definitions: What the cloud code registers.
        skipped: What was not read.
        cloud_files: Number of files read as cloud code.
        client_files: Number of files read as source of clients.
        bytes: Bytes read.
        groups: What was read, by role and language.
        traffic: What the recordings say.
        secrets: Keys that were seen, to keep them out of every output; never shown.
        digests: SHA-256 of all that was read, by ``cloud`` and ``clients``.
    """

    findings: tuple[Match, ...]
    definitions: tuple[Definition, ...]
    skipped: tuple[Skipped, ...]
    cloud_files: int
    client_files: int
    bytes: int
    groups: tuple[Group, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    digests: dict[str, str] = field(default_factory=dict)

    def of(self, code: str) -> list[Match]:
        """Return the findings of one rule that no comment suppresses."""
        return [
            finding
            for finding in self.findings
            if finding.code.id == code and finding.ignored is None
        ]


def printable(text: str) -> str:
    """Return text of a source without what a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


def in_order(findings: Iterable[Match]) -> tuple[Match, ...]:
    """Sort findings by place and drop those that say the same of the same place."""
    unique = {
        # In a recording there is one place for all.
        (finding.place, finding.code, "" if finding.place.line else finding.detail): finding
        for finding in reversed(list(findings))
    }
    return tuple(sorted(unique.values(), key=lambda each: (each.place, each.code.id, each.detail)))
