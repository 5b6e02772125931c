"""A random sample of the files that documents name."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from parity.verify.audit.schema import ClassSchema
from parity.verify.audit.walk import Document


@dataclass(frozen=True, slots=True)
class FileUse:
    """One file in one field of one object: class, object id and field name."""

    class_name: str
    object_id: str
    field: str


@dataclass(slots=True)
class FileSample:
    """Chooses files with the same chance for each, in one pass (reservoir sampling).

    Attributes:
        size: How many to choose.
        seen: How many there were.
        chosen: Those that were chosen.
    """

    size: int
    seen: int = 0
    chosen: list[FileUse] = field(default_factory=list)
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
                if type(document.get(key)) is str:
                    self._add(FileUse(name, str(document.get("_id")), key))

    def _add(self, use: FileUse) -> None:
        self.seen += 1
        if len(self.chosen) < self.size:
            self.chosen.append(use)
            return
        place = self._random.randrange(self.seen)
        if place < self.size:
            self.chosen[place] = use
