"""The OpenAPI document: built-in endpoints, and paths and schemas for each class of an app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from parity import __version__
from parity.model import HarnessError, Keys, Target, UserError
from parity.targets import ParseClient
from parity.wire.operation import SYSTEM_ROUTES

Json = dict[str, Any]

_PATHS: Final = {class_name: f"/{route}" for route, class_name in SYSTEM_ROUTES.items()}
_TAGS: Final = {
    "_User": "users",
    "_Role": "roles",
    "_Session": "sessions",
    "_Installation": "installations",
}
_READ_ONLY: Final = ("objectId", "createdAt", "updatedAt")
_SECRET: Final = {"_User": ("password",)}
_QUERY: Final = ("Where", "Order", "Limit", "Skip", "Keys", "ExcludeKeys", "Include", "Count")
_ONE: Final = ("Keys", "ExcludeKeys", "Include")
_SCHEME_OF: Final = {
    "rest_key": "restKey",
    "client_key": "clientKey",
    "javascript_key": "javascriptKey",
    "dotnet_key": "dotnetKey",
}
_MASTER: Final[Json] = {"appId": [], "masterKey": []}


def document(title: str, url: str, keys: Keys, schemas: Iterable[Mapping[str, Any]]) -> Json:
    """Return the OpenAPI 3.1 document of an app.

    Args:
        title: Name of the app.
        url: Base URL with the mount path.
        keys: Which keys its server knows; only their names matter.
        schemas: Its classes, as ``/schemas`` tells them.
    """
    built_in = _built_in()
    components = {name: dict(part) for name, part in built_in["components"].items()}
    paths: Json = dict(built_in["paths"])
    clients = _clients(keys)
    for schema in sorted(schemas, key=lambda schema: str(schema["className"])):
        components["schemas"] |= _schemas_of_class(schema)
        for path, item in _paths_of_class(schema, clients):
            paths[path] = {**item, **paths.get(path, {})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "description": "Made by `parity openapi`. Permissions of rows (ACL) are not in it.",
        },
        "servers": [{"url": url}],
        "security": clients,
        "tags": built_in["tags"],
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def schemas_of(target: Target) -> list[Json]:
    """Ask a server for its classes.

    Raises:
        UserError: There is no master key, or the server refuses it.
        HarnessError: It does not answer as a Parse server.
    """
    if target.keys.master_key is None:
        raise UserError(
            f"the target {target.name!r} has no master key, and only that may read /schemas",
            f'Add master_key = "env:NAME" under [targets.{target.name}], or name a recording: '
            "--recording app.jsonl",
            code="no-master-key",
        )
    client = ParseClient(target).as_master()
    try:
        reply = client.get("schemas")
    finally:
        client.close()
    if reply.status in (401, 403):
        raise UserError(
            f"{target.name} refuses the master key",
            "Correct the key, or let this machine use it (masterKeyIps of Parse Server).",
            code="no-master-key",
        )
    found = reply.json.get("results") if isinstance(reply.json, dict) else None
    if not isinstance(found, list):
        raise HarnessError(f"{target.name}: GET /schemas answers {reply.status} and no list")
    return found


@cache
def _built_in() -> Json:
    loaded: Json = YAML(typ="safe").load(Path(__file__).with_name("builtin.yaml"))
    return loaded


def _clients(keys: Keys) -> list[Json]:
    """Return the ways in which a client may call, as alternatives: by each key that is known."""
    names = [_SCHEME_OF[name] for name, _ in keys.items() if name in _SCHEME_OF]
    ways: list[Json] = [{"appId": [], name: []} for name in names] or [{"appId": []}]
    sessions = [{**way, "sessionToken": []} for way in ways]
    return [*ways, *sessions, _MASTER]


def _paths_of_class(schema: Mapping[str, Any], clients: list[Json]) -> Iterator[tuple[str, Json]]:
    name = str(schema["className"])
    path = _PATHS.get(name, f"/classes/{name}")
    rights = schema.get("classLevelPermissions") or {}
    tag = _TAGS.get(name, "objects")

    def operation(verb: str, right: str, summary: str, answer: Json, **more: Any) -> Json:
        return {
            "operationId": f"{verb}{name}",
            "tags": [tag],
            "summary": summary,
            "security": _security(rights, right, clients),
            **more,
            "responses": {**answer, "default": {"$ref": "#/components/responses/Error"}},
        }

    row = {"200": _json_response("The row.", {"$ref": f"#/components/schemas/{name}"})}
    rows = {"200": _json_response("The rows.", _rows(name))}
    yield (
        path,
        {
            "get": operation("find", "find", f"Find {name}.", rows, parameters=_refs(_QUERY)),
            "post": operation(
                "create",
                "create",
                f"Make a row of {name}.",
                {"201": {"$ref": "#/components/responses/Created"}},
                requestBody=_body(f"{name}Create"),
            ),
        },
    )
    yield (
        f"{path}/{{objectId}}",
        {
            "parameters": _refs(("ObjectId",)),
            "get": operation("get", "get", f"Get one {name}.", row, parameters=_refs(_ONE)),
            "put": operation(
                "update",
                "update",
                f"Change a row of {name}.",
                {"200": {"$ref": "#/components/responses/Updated"}},
                requestBody=_body(f"{name}Update"),
            ),
            "delete": operation(
                "delete",
                "delete",
                f"Delete a row of {name}.",
                {"200": {"$ref": "#/components/responses/Empty"}},
            ),
        },
    )


def _security(rights: Mapping[str, Any], right: str, clients: list[Json]) -> list[Json]:
    """Return who may do something, by the class-level permissions.

    Source: REST guide, Security, class-level permissions; parse-server
    ``SchemaController.testPermissions``: nobody but the master key without an entry that fits.
    """
    entry = rights.get(right)
    if entry is None:
        return clients
    if entry.get("*"):
        return clients
    pointers = entry.get("pointerFields") or any(
        rights.get(name) for name in ("readUserFields", "writeUserFields")
    )
    if pointers or any(entry.values()):
        return [way for way in clients if "sessionToken" in way or "masterKey" in way]
    return [_MASTER]


def _schemas_of_class(schema: Mapping[str, Any]) -> Json:
    name = str(schema["className"])
    fields: Mapping[str, Any] = schema.get("fields", {})
    secret = _SECRET.get(name, ())
    shown = {key: _shown(key, field) for key, field in fields.items() if key not in secret}
    own = {key: field for key, field in fields.items() if key not in _READ_ONLY}
    needed = [
        key for key, field in own.items() if field.get("required") and "defaultValue" not in field
    ]
    open_ = (schema.get("classLevelPermissions") or {}).get("addField", {"*": True})
    create: Json = {
        "type": "object",
        "properties": {key: _writable(field) for key, field in own.items()},
        "additionalProperties": bool(open_),
    }
    update = {**create, "properties": {key: _changed(field) for key, field in own.items()}}
    if needed:
        create["required"] = sorted(needed)
    return {
        name: {
            "type": "object",
            "properties": shown,
            "required": [key for key in ("objectId", "createdAt", "updatedAt") if key in shown],
        },
        f"{name}Create": create,
        f"{name}Update": update,
    }


def _shown(key: str, field: Mapping[str, Any]) -> Json:
    # REST guide, Objects: the two times of every row are plain text, unlike a field of type Date.
    if key in ("createdAt", "updatedAt"):
        return {"$ref": "#/components/schemas/Moment"}
    return _type(field)


def _type(field: Mapping[str, Any]) -> Json:
    """Return the schema of a field's value, as a server answers it."""
    kind = field["type"]
    simple: dict[str, Json] = {
        "String": {"type": "string"},
        "Number": {"type": "number"},
        "Boolean": {"type": "boolean"},
        "Object": {"type": "object"},
        "Array": {"type": "array"},
    }
    if kind in simple:
        return simple[kind]
    if kind in ("Pointer", "Relation"):
        return _reference(kind, field.get("targetClass", ""))
    return {"$ref": f"#/components/schemas/{kind}"}


def _reference(kind: str, class_name: str) -> Json:
    properties: Json = {"__type": {"const": kind}, "className": {"const": class_name}}
    if kind == "Relation":
        return {"type": "object", "required": ["__type"], "properties": properties}
    # An included pointer comes as the row itself.
    properties |= {"__type": {"enum": ["Pointer", "Object"]}, "objectId": {"type": "string"}}
    return {
        "type": "object",
        "required": ["__type", "className", "objectId"],
        "properties": properties,
    }


def _writable(field: Mapping[str, Any]) -> Json:
    written = dict(_type(field))
    if field["type"] == "Relation":
        return {"$ref": "#/components/schemas/RelationOperation"}
    if "defaultValue" in field and "$ref" not in written:
        written["default"] = field["defaultValue"]
    return written


def _changed(field: Mapping[str, Any]) -> Json:
    """Return what an update may hold for a field: a value, or an operator of its type."""
    operators = {"Number": ["Increment"], "Array": ["ListOperation"]}.get(field["type"], [])
    names = [*operators, *([] if field.get("required") else ["Delete"])]
    choices = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return {"anyOf": [_writable(field), *choices]} if choices else _writable(field)


def _rows(name: str) -> Json:
    return {
        "type": "object",
        "required": ["results"],
        "properties": {
            "results": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "count": {"type": "integer"},
        },
    }


def _body(name: str) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"required": True, "content": content}


def _json_response(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refs(names: Iterable[str]) -> list[Json]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]
