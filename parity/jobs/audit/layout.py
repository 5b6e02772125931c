"""How the database is laid out: names, kinds and options of its collections.

Sources: parse-server ``MongoStorageAdapter.js`` (every class is a plain collection of its name,
made without options), ``DatabaseController.js`` (``joinTableName``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from parity.jobs.audit import codes
from parity.jobs.audit.findings import Findings
from parity.jobs.audit.schema import VOLATILE_CLASSES, ClassSchema, is_class_name

JOIN: Final = re.compile(r"_Join:[^:]+:.+", re.DOTALL)
"""``_Join:<field>:<Class>``."""
_LIKE_JOIN: Final = re.compile(r"_join", re.IGNORECASE)
_GRIDFS: Final = re.compile(r".+\.(files|chunks)", re.DOTALL)

Entry = Mapping[str, Any]
"""A collection as ``listCollections`` shows it."""


def check_layout(
    entries: Sequence[Entry], classes: Mapping[str, ClassSchema], findings: Findings
) -> None:
    """Check names, kinds and options of all collections.

    Args:
        entries: Every collection and view, without those of the server itself.
        classes: What ``_SCHEMA`` says.
        findings: Gets what is found.
    """
    for entry in entries:
        name = entry["name"]
        if is_of_parse(name, classes):
            for flaw in _flaws_of(entry):
                findings.add(codes.COLLECTION_OPTIONS, name, "", name, flaw)
        elif _LIKE_JOIN.match(name):
            findings.add(codes.JOIN_NAME, name, "", name)
        elif entry["type"] == "collection" and not _GRIDFS.fullmatch(name):
            findings.add(codes.COLLECTION_NAME, name, "", name)
    there = {entry["name"] for entry in entries}
    for name, schema in classes.items():
        # Of Parse's own classes only users are always there.
        expected = is_class_name(name) and (not name.startswith("_") or name == "_User")
        if schema.declared and expected and name not in there:
            findings.add(codes.COLLECTION_MISSING, name, "", name)


def is_of_parse(name: str, classes: Mapping[str, ClassSchema]) -> bool:
    """Tell whether Parse Server reads a collection of this name as a class or a relation."""
    if _LIKE_JOIN.match(name):
        return JOIN.fullmatch(name) is not None
    return name in classes or name in VOLATILE_CLASSES or name == "_SCHEMA" or is_class_name(name)


def _flaws_of(entry: Entry) -> Iterator[str]:
    if entry["type"] != "collection":
        yield f"a {entry['type']}"
        return
    options = entry.get("options", {})
    if options.get("capped"):
        yield "capped: it drops its oldest rows"
    refuses = options.get("validationLevel") != "off" and options.get("validationAction") != "warn"
    if options.get("validator") and refuses:
        yield "a validator: it refuses saves"
    if options.get("collation", {}).get("locale", "simple") != "simple":
        yield "a collation: text is compared otherwise"
    if "expireAfterSeconds" in options:
        yield "expireAfterSeconds: it deletes rows"
