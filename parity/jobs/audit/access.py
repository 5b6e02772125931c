"""The three keys that say who may read and write an object, and whether they agree.

Sources: parse-server ``DatabaseController.js`` (addReadACL, addWriteACL, untransformObjectACL),
``MongoTransform.js`` (addLegacyACL: ``_acl`` is ``{name: {r: true, w: true}}``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.references import ROLES
from parity.jobs.audit.walk import Document
from parity.model.finding import Code

_ABSENT: Any = object()
_ROLE = len(ROLES)


def acl_rule(name: str, context: Context) -> Callable[[Document], None]:
    """Return what checks the access control of each object of a class."""
    return _AclRule(name, context).check


class _AclRule:
    def __init__(self, name: str, context: Context) -> None:
        self.name = name
        self.context = context
        self.findings = context.findings
        wanted = context.references.wanted
        self.users = {key: wanted[name, key, "_User"].append for key in ("_rperm", "_wperm")}
        self.roles = {key: wanted[name, key, ROLES].append for key in ("_rperm", "_wperm")}

    def check(self, document: Document) -> None:
        reads = document.get("_rperm", _ABSENT)
        writes = document.get("_wperm", _ABSENT)
        legacy = document.get("_acl", _ABSENT)
        if reads is _ABSENT and writes is _ABSENT:
            if legacy is not _ABSENT and legacy is not None and not _is_public(legacy):
                self._add(codes.ACL_ONLY_LEGACY, "_acl", document)
            return
        readers = self._names("_rperm", reads, document)
        writers = self._names("_wperm", writes, document)
        if legacy is _ABSENT:
            self._add(codes.ACL_NO_LEGACY, "_acl", document)
        elif readers is not None and writers is not None:
            self._compare(document, readers, writers, legacy)

    def _names(self, key: str, value: Any, document: Document) -> frozenset[str] | None:
        code = _code_of_form(value)
        if code is not None:
            self._add(code, key, document)
            return None
        for entry in value:
            if entry == "*":
                continue
            if entry.startswith(ROLES):
                self.roles[key](hash(entry[_ROLE:]))
            else:
                self.users[key](hash(entry))
        return frozenset(value)

    def _compare(
        self, document: Document, readers: frozenset[str], writers: frozenset[str], legacy: Any
    ) -> None:
        if type(legacy) is not dict or not all(map(_are_rights, legacy.values())):
            self._add(codes.ACL_FORM, "_acl", document)
            return
        old_readers = {who for who, rights in legacy.items() if rights.get("r")}
        old_writers = {who for who, rights in legacy.items() if rights.get("w")}
        for right, new, old in (("read", readers, old_readers), ("write", writers, old_writers)):
            if new != old:
                more, less = sorted(new - old), sorted(old - new)
                detail = f"{right}: only in the list {more}, only in _acl {less}"
                self._add(codes.ACL_DISAGREE, "_acl", document, detail)

    def _add(self, code: Code, key: str, document: Document, detail: str = "") -> None:
        self.findings.add(code, self.name, key, document.get("_id"), detail)


def _code_of_form(value: Any) -> Code | None:
    if value is _ABSENT:
        return codes.ACL_ONE_SIDED
    if value is None:
        return codes.ACL_NULL
    if type(value) is not list or not all(type(entry) is str for entry in value):
        return codes.ACL_FORM
    return None


def _are_rights(value: Any) -> bool:
    return type(value) is dict and value.keys() <= {"r", "w"}


def _is_public(legacy: Any) -> bool:
    """Tell whether an old ACL lets everybody do everything, as absent lists do."""
    everybody = legacy.get("*") if type(legacy) is dict else None
    return type(everybody) is dict and bool(everybody.get("r")) and bool(everybody.get("w"))
