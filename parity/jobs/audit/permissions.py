"""What ``_SCHEMA`` itself says: names, types and class-level permissions.

Source: parse-server ``SchemaController.js``, ``MongoSchemaCollection.js`` (``emptyCLPS``: present
permissions deny each operation that they do not mention).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.references import ROLES
from parity.jobs.audit.schema import (
    AUTH_DATA,
    INTERNAL_KEYS,
    ClassSchema,
    is_class_name,
    is_field_name,
)
from parity.jobs.audit.values import Reference

SCHEMA: Final = "_SCHEMA"
OPERATIONS: Final = ("get", "find", "create", "update", "delete", "addField")
_NOT_NAMES = frozenset({"*", "requiresAuthentication", "pointerFields"})


def check_schema(classes: Mapping[str, ClassSchema], context: Context) -> None:
    """Check every class that ``_SCHEMA`` has."""
    findings = context.findings
    for name, schema in classes.items():
        if not schema.declared:
            continue
        if not is_class_name(name):
            findings.add(codes.CLASS_NAME, name, "", name)
        for key, type_ in schema.fields.items():
            if not type_.kind:
                findings.add(codes.SCHEMA_TYPE, name, key, name, f"the type {type_.text!r}")
            if not is_field_name(key) and not _is_internal(name, key):
                findings.add(codes.FIELD_NAME, name, key, SCHEMA, "in _SCHEMA")
        if isinstance(schema.permissions, Mapping):
            _check_permissions(schema, schema.permissions, context)


def permission_references(metadata: Any) -> Iterator[Reference]:
    """Yield the users and roles that a class's ``_metadata`` names in its permissions."""
    permissions = metadata.get("class_permissions") if isinstance(metadata, Mapping) else None
    if not isinstance(permissions, Mapping):
        return
    for operation in (*OPERATIONS, "count"):
        granted = permissions.get(operation)
        for who in granted if isinstance(granted, Mapping) else ():
            if who.startswith(ROLES):
                yield ROLES, who[len(ROLES) :]
            elif who not in _NOT_NAMES:
                yield "_User", who


class SchemaChecker:
    """Stands for ``_SCHEMA`` in the second look at references."""

    @staticmethod
    def references(key: str, value: Any) -> Iterator[Reference]:
        """Yield the references of one value, for the second look."""
        if key == "_metadata":
            yield from permission_references(value)


def _check_permissions(
    schema: ClassSchema, permissions: Mapping[str, Any], context: Context
) -> None:
    missing = [operation for operation in OPERATIONS if operation not in permissions]
    if missing:
        detail = f"without {', '.join(missing)}"
        context.findings.add(codes.CLP_INCOMPLETE, schema.name, "", schema.name, detail)
    if "count" not in permissions and permissions.get("find"):
        context.findings.add(codes.CLP_NO_COUNT, schema.name, "", schema.name)
    metadata = {"class_permissions": permissions}
    for target, identity in permission_references(metadata):
        context.references.wanted[SCHEMA, "_metadata", target].append(hash(identity))


def _is_internal(class_name: str, key: str) -> bool:
    # Parse Server writes its own columns of _User, such as _hashed_password, into _SCHEMA.
    return key in INTERNAL_KEYS or (class_name == "_User" and AUTH_DATA.fullmatch(key) is not None)
