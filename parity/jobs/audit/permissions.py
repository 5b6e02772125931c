"""What ``_SCHEMA`` itself says: names, types and class-level permissions.

Source: parse-server ``SchemaController.js``, ``MongoSchemaCollection.js`` (``emptyCLPS``: present
permissions deny each operation that they do not mention).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.findings import Findings
from parity.jobs.audit.references import ROLES
from parity.jobs.audit.schema import (
    AUTH_DATA,
    INTERNAL_KEYS,
    SYSTEM_CLASSES,
    ClassSchema,
    default_columns,
    field_type,
    is_class_name,
    is_field_name,
)
from parity.jobs.audit.values import Reference, describe

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
        if flaw := _flaw_of_form(schema.document):
            findings.add(codes.SCHEMA_FORM, name, "", name, flaw)
            continue
        _check_targets(schema, classes, findings)
        for key, type_ in schema.fields.items():
            if not type_.kind:
                findings.add(codes.SCHEMA_TYPE, name, key, name, f"the type {type_.text!r}")
            if not is_field_name(key) and not _is_internal(name, key):
                findings.add(codes.FIELD_NAME, name, key, SCHEMA, "in _SCHEMA")
        for flaw in _flaws_of_permissions(schema.document):
            findings.add(codes.CLP_FORM, name, "", name, flaw)
        if isinstance(schema.permissions, Mapping):
            _check_permissions(schema, schema.permissions, context)


def check_ids(documents: Iterable[Mapping[str, Any]], findings: Findings) -> None:
    """Check that each document of ``_SCHEMA`` is that of a class."""
    for document in documents:
        if not isinstance(document.get("_id"), str):
            text = f"_id is {describe(document.get('_id'))}, not the name of a class"
            findings.add(codes.SCHEMA_FORM, SCHEMA, "_id", document.get("_id"), text)


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


def _flaw_of_form(document: Mapping[str, Any]) -> str:
    """Say why a document of ``_SCHEMA`` is none as Parse Server writes it; empty: it is one."""
    if isinstance(document.get("fields"), Mapping) or "classLevelPermissions" in document:
        return "written as GET /schemas shows it"
    return ""


def _check_targets(
    schema: ClassSchema, classes: Mapping[str, ClassSchema], findings: Findings
) -> None:
    defaults = default_columns(schema.name)
    for key, type_ in schema.fields.items():
        if type_.target and type_.target not in classes and type_.target not in SYSTEM_CLASSES:
            text = f"the class {type_.target}"
            findings.add(codes.SCHEMA_TARGET, schema.name, key, schema.name, text)
        written = schema.document.get(key)
        if key in defaults and written is not None and field_type(written) != type_:
            if field_type(written).kind:
                text = f"{written} instead of {defaults[key]}"
                findings.add(codes.SCHEMA_DEFAULT, schema.name, key, schema.name, text)
            else:
                text = f"the type {written!r}"
                findings.add(codes.SCHEMA_TYPE, schema.name, key, schema.name, text)


def _flaws_of_permissions(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what Parse Server does not read as the permission that was meant.

    Source: parse-server ``MongoSchemaCollection.mongoSchemaToParseSchema``,
    ``SchemaController.testPermissions`` and ``DatabaseController.addProtectedFields``.
    """
    metadata = document.get("_metadata")
    if metadata is None:
        return
    if not isinstance(metadata, Mapping):
        yield f"_metadata is {describe(metadata)}"
        return
    permissions = metadata.get("class_permissions", {})
    if not isinstance(permissions, Mapping):
        yield f"class_permissions is {describe(permissions)}"
        return
    for operation in (*OPERATIONS, "count"):
        yield from _flaws_of_operation(operation, permissions.get(operation, {}))
    for key in ("readUserFields", "writeUserFields"):
        if not _are_names(permissions.get(key, [])):
            yield f"{key} is no list of fields"
    protected = permissions.get("protectedFields", {})
    if not isinstance(protected, Mapping):
        yield f"protectedFields is {describe(protected)}"
        return
    for who, hidden in protected.items():
        if not _are_names(hidden):
            yield f"protectedFields of {who} is no list of fields"


def _flaws_of_operation(operation: str, granted: Any) -> Iterator[str]:
    if not isinstance(granted, Mapping):
        yield f"{operation} is {describe(granted)}"
        return
    for who, right in granted.items():
        if who == "pointerFields":
            if not _are_names(right):
                yield f"{operation}.pointerFields is no list of fields"
        elif type(right) not in {bool, int, float}:
            yield f"{operation} of {who} is {describe(right)}"


def _are_names(value: Any) -> bool:
    return type(value) is list and all(type(each) is str for each in value)


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
