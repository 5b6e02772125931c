"""A random sample of the files that documents name."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from parity.jobs.audit.context import is_hosted_file
from parity.jobs.audit.schema import ClassSchema
from parity.jobs.audit.walk import Document


@dataclass(frozen=True, slots=True)
class FileUse:
    """One file in one field of one object: class, object id, field and the file's name."""

    class_name: str
    object_id: str
    field: str
    name: str = ""


@dataclass(slots=True)
class FieldUses:
    """What one field of one class names.

    Attributes:
        references: Objects that name a file there.
        names: Hashes of the different names.
        hosted: References whose name the hosted service made.
    """

    references: int = 0
    names: set[int] = field(default_factory=set)
    hosted: int = 0


@dataclass(slots=True)
class FileSample:
    """Chooses files with the same chance for each, in one pass (reservoir sampling).

    Attributes:
        size: How many to choose.
        seen: How many there were.
        chosen: Those that were chosen.
        fields: What was seen, by class and field.
    """

    size: int
    seen: int = 0
    chosen: list[FileUse] = field(default_factory=list)
    fields: dict[tuple[str, str], FieldUses] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - a sample
    _fields: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def look(self, name: str, schema: ClassSchema | None, documents: Sequence[Document]) -> None:
        """Look at a batch of one class; without a size this costs nothing."""
        if self.size <= 0 or schema is None:
            return
        if name not in self._fields:
            kinds = schema.fields.items()
            self._fields[name] = tuple(key for key, type_ in kinds if type_.kind == "file")
        for document in documents if self._fields[name] else ():
            for key in self._fields[name]:
                value = document.get(key)
                if type(value) is str:
                    self._count(name, key, value)
                    self._add(FileUse(name, str(document.get("_id")), key, value))

    def _count(self, name: str, key: str, value: str) -> None:
        uses = self.fields.setdefault((name, key), FieldUses())
        uses.references += 1
        uses.names.add(hash(value))
        uses.hosted += is_hosted_file(value)

    def _add(self, use: FileUse) -> None:
        self.seen += 1
        if len(self.chosen) < self.size:
            self.chosen.append(use)
            return
        place = self._random.randrange(self.seen)
        if place < self.size:
            self.chosen[place] = use
