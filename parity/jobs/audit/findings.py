"""What is unsound: counted by code, collection and field, with a few examples of each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from parity.jobs.audit.codes import CODES, remedy_of
from parity.model.evidence import Severity
from parity.model.finding import Code

EXAMPLES = 5
"""Examples that a finding keeps."""
GROUPS = 50
"""Fields that one code keeps apart in one collection; data used as field names can have no end."""
OTHER_FIELDS = "(other fields)"


@dataclass(frozen=True, slots=True)
class Example:
    """One document that a finding is about.

    Attributes:
        id: Its ``_id`` as text.
        detail: What is wrong there; holds ids and types, never values of users.
    """

    id: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unsound:
    """One kind of unsoundness in one field of one collection.

    Attributes:
        code: What it is.
        collection: Where.
        field: The key as stored; empty if it is about whole documents.
        count: Number of documents, rows or groups.
        examples: The first of them, at most :data:`EXAMPLES`.
        severity: That of the code, unless the database makes it harmless.
    """

    code: Code
    collection: str
    field: str
    count: int
    examples: tuple[Example, ...]
    severity: Severity

    @property
    def place(self) -> str:
        """The collection, or the field within it."""
        return f"{self.collection}.{self.field}" if self.field else self.collection

    @property
    def remedy(self) -> str:
        """The query or command that mends it."""
        return remedy_of(self.code, self.collection, self.field)

    @property
    def fails(self) -> bool:
        """Whether it is a reason not to go live."""
        return self.severity != "benign"


@dataclass(slots=True)
class _Group:
    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Findings:
    """Collects what is unsound while documents are read; does not grow with the database."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], dict[str, _Group]] = defaultdict(dict)
        self._severities: dict[str, Severity] = {}

    def add(
        self, code: Code, collection: str, key: str, identity: Any = None, detail: str = ""
    ) -> None:
        """Count one occurrence.

        Args:
            code: What it is.
            collection: Where.
            key: The key as stored; empty if it is about the whole document.
            identity: The document's ``_id``; ``None`` keeps no example.
            detail: What is wrong, without values of users.
        """
        groups = self._groups[code.id, collection]
        if key not in groups and len(groups) >= GROUPS:
            key = OTHER_FIELDS
        group = groups.setdefault(key, _Group())
        group.count += 1
        if identity is not None and len(group.examples) < EXAMPLES:
            group.examples.append(Example(_clip(str(identity)), _clip(detail)))

    def weigh(self, code: Code, severity: Severity) -> None:
        """Give a code another severity in this database."""
        self._severities[code.id] = severity

    def has(self, code: Code, collection: str, key: str) -> bool:
        """Tell whether something was counted there."""
        return key in self._groups.get((code.id, collection), {})

    def result(self) -> tuple[Unsound, ...]:
        """Return all of it: in the order of the codes, then by collection and field."""
        order = {code: number for number, code in enumerate(CODES)}
        found = [
            Unsound(
                CODES[code],
                collection,
                key,
                group.count,
                tuple(group.examples),
                self._severities.get(code, CODES[code].severity),
            )
            for (code, collection), groups in self._groups.items()
            for key, group in groups.items()
        ]
        return tuple(sorted(found, key=lambda one: (order[one.code.id], one.collection, one.field)))


def _clip(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
