"""Checks of the documents of one class: the loop that every document of the database goes through.

A plan is made once for each class, so that for each value there is a look-up, a test of its type
and at most one call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import bson
from bson.datetime_ms import DatetimeMS

from parity.jobs.audit import codes
from parity.jobs.audit.access import acl_rule
from parity.jobs.audit.context import Context
from parity.jobs.audit.imported import code_of, public_names
from parity.jobs.audit.indexes import LongKeys
from parity.jobs.audit.people import Check, rules_for
from parity.jobs.audit.schema import (
    AUTH_DATA,
    INTERNAL_KEYS,
    POINTER,
    VOLATILE_CLASSES,
    ClassSchema,
    is_field_name,
)
from parity.jobs.audit.values import (
    DATES,
    STRINGS,
    Handler,
    Reference,
    Values,
    describe,
    mentions,
    stored_types,
)
from parity.jobs.audit.walk import Document
from parity.model.finding import Code

EARLIEST: Final = datetime(2011, 1, 1)  # noqa: DTZ001 - as BSON dates are decoded
"""The hosted service opened in 2011, so nothing was made in it before."""
SKEW: Final = timedelta(days=1)
"""How far clocks and time zones may be apart before a time is told."""
LARGE: Final = 15_000_000
"""Bytes from which a document is close to MongoDB's limit of 16 MiB."""
_HOSTED = (b"api.parse.com", b"files.parsetfss.com", b"files.parse.com")
_KEPT_SYSTEM = frozenset({"_acl", "_rperm", "_wperm", "_id"})
_Plan = dict[str, tuple[frozenset[type] | None, Handler | None]]


class ClassChecker:
    """Checks the documents of one class.

    Args:
        schema: What ``_SCHEMA`` says; an undeclared class is not held to fields.
        context: Where findings go.
        indexes: Keys of each plain index of the collection.
    """

    def __init__(
        self, schema: ClassSchema, context: Context, indexes: Sequence[tuple[str, ...]] = ()
    ) -> None:
        self.schema = schema
        self.name = schema.name
        self.context = context
        self.values = Values(schema, context)
        self.long_keys = LongKeys(schema.name, context, indexes)
        self.rules: list[Check] = [*rules_for(self.name, context), acl_rule(self.name, context)]
        self.ids = context.references.present[self.name]
        self.latest = context.now + SKEW
        # Other collections of Parse have ids and times of their own kinds.
        self.is_class = self.name not in VOLATILE_CLASSES
        self.plan = self._make_plan()

    def check(self, raw: bytes, documents: Sequence[Document]) -> None:
        """Check a batch.

        Args:
            raw: Its BSON.
            documents: The same, decoded.
        """
        for document in documents:
            self._check(document)
        if len(raw) >= LARGE:
            self._sizes(raw)
        lower = raw.lower()
        if any(host in lower for host in _HOSTED):
            self._mentions(documents)

    def references(self, key: str, value: Any) -> Iterator[Reference]:
        """Yield the references of one value, for the second look."""
        return self.values.references(key, value)

    def _check(self, document: Document) -> None:
        identity = document.get("_id")
        plan = self.plan
        for key, value in document.items():
            known = plan.get(key)
            if known is None:
                known = plan[key] = self._meet(key)
            types, handler = known
            if types is not None and type(value) not in types:
                self._wrong_type(key, value, identity)
            elif handler is not None:
                handler(value, identity)
        if type(identity) is str:
            self.ids.append(hash(identity))
        if self.is_class:
            if type(identity) is not str:
                text = describe(identity)
                self.context.findings.add(codes.ID_TYPE, self.name, "_id", identity, text)
            self._times(document, identity)
        for rule in self.rules:
            rule(document)
        if self.long_keys.suspicious:
            self.long_keys.check(document)

    def _times(self, document: Document, identity: Any) -> None:
        created, updated = document.get("_created_at"), document.get("_updated_at")
        if created is None and "createdAt" not in document:
            self.context.findings.add(codes.TIMESTAMP_MISSING, self.name, "_created_at", identity)
        if updated is None and "updatedAt" not in document:
            self.context.findings.add(codes.TIMESTAMP_MISSING, self.name, "_updated_at", identity)
        earliest, latest = EARLIEST, self.latest
        for key, time in (("_created_at", created), ("_updated_at", updated)):
            if type(time) is datetime and not earliest <= time <= latest:
                text = f"{time:%Y-%m-%d}"
                self.context.findings.add(codes.TIMESTAMP_ODD, self.name, key, identity, text)
            elif type(time) is DatetimeMS:
                text = "a year that no calendar has"
                self.context.findings.add(codes.TIMESTAMP_ODD, self.name, key, identity, text)
        if type(created) is type(updated) is datetime and updated < created - SKEW:
            text = "changed before it was made"
            self.context.findings.add(codes.TIMESTAMP_ODD, self.name, "_updated_at", identity, text)

    def _make_plan(self) -> _Plan:
        plan: _Plan = dict.fromkeys(INTERNAL_KEYS, (None, None))
        plan |= dict.fromkeys(("_created_at", "_updated_at", "_expiresAt"), (DATES, None))
        for key, type_ in self.schema.fields.items():
            if type_.kind == POINTER:
                pointer = self.values.pointer(f"_p_{key}", type_.target)
                plan[f"_p_{key}"] = (STRINGS, pointer)
                # The value belongs under _p_<key>; under the bare key no type is right.
                plan[key] = (frozenset({type(None)}), None)
            elif type_.kind:
                plan[key] = (stored_types(type_.kind), self.values.handler(key, type_))
            else:
                plan[key] = (None, None)
        for key in self.long_keys.keys:
            types, handler = plan.get(key, (None, None))
            if key in plan:
                plan[key] = (types, self.long_keys.watch(handler))
        if self.name == "_User":
            plan["authData"] = (None, None)
        if self.is_class:
            plan |= {key: (None, self._report(key, code)) for key, code in public_names(self.name)}
        return plan

    def _meet(self, key: str) -> tuple[frozenset[type] | None, Handler | None]:
        """Plan for a key that the schema does not have: it is reported whenever it is met."""
        code = self._unknown(key)
        return None, None if code is None else self._report(key, code)

    def _report(self, key: str, code: Code) -> Handler:
        findings, name = self.context.findings, self.name

        def report(value: Any, identity: Any) -> None:
            if value is not None or code is not codes.FIELD_UNKNOWN:
                findings.add(code, name, key, identity, describe(value))

        return report

    def _unknown(self, key: str) -> Code | None:
        if key.startswith("_p_"):
            return codes.FIELD_UNKNOWN if self._is_held_to_fields() else None
        if key.startswith("_"):
            known = self.name == "_User" and AUTH_DATA.fullmatch(key)
            volatile = self.name in VOLATILE_CLASSES
            return None if known or volatile or key == "__type" else codes.KEY_UNKNOWN
        if not is_field_name(key):
            return None if self.name in VOLATILE_CLASSES else codes.FIELD_NAME
        return codes.FIELD_UNKNOWN if self._is_held_to_fields() else None

    def _is_held_to_fields(self) -> bool:
        return self.schema.declared

    def _wrong_type(self, key: str, value: Any, identity: Any) -> None:
        type_ = self.schema.fields.get(key)
        text = "text" if key.startswith("_p_") else type_.text if type_ else "a date"
        detail = f"{describe(value)} instead of {text}"
        code = code_of(key, value, type_)
        self.context.findings.add(code, self.name, key, identity, detail)

    def _sizes(self, raw: bytes) -> None:
        start = 0
        while start < len(raw):
            size = int.from_bytes(raw[start : start + 4], "little")
            if size >= LARGE:
                document: Mapping[str, Any] = bson.decode(raw[start : start + size])
                text = f"{size / 1e6:.1f} MB"
                self.context.findings.add(
                    codes.DOCUMENT_LARGE, self.name, "", document.get("_id"), text
                )
            start += size

    def _mentions(self, documents: Sequence[Document]) -> None:
        for document in documents:
            for key, value in document.items():
                if key not in _KEPT_SYSTEM:
                    for code in mentions(value):
                        self.context.findings.add(code, self.name, key, document.get("_id"))
