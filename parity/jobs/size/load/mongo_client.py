"""The connection of the Mongo users, and the classes of the app as MongoDB has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandListener

from parity.model import Target
from parity.model.errors import HarnessError
from parity.wire.storage import ClassSchema, StorageError, parse_schema

Document = dict[str, Any]
_APP: str = "parse-parity load test"


def connect(
    target: Target, pool: int, listeners: Sequence[CommandListener] = ()
) -> tuple[MongoClient[Document], Database[Document]]:
    """Connect to the database of a target.

    Args:
        target: It has ``mongo``.
        pool: Connections at most.
        listeners: Told of every command.

    Returns:
        The client, to be closed, and the database that the URI names.
    """
    assert target.mongo is not None
    client: MongoClient[Document] = MongoClient(
        target.mongo.value,
        maxPoolSize=pool,
        serverSelectionTimeoutMS=int(1000 * target.timeout_s),
        socketTimeoutMS=int(1000 * target.timeout_s),
        appname=_APP,
        event_listeners=list(listeners),
        retryReads=False,
        retryWrites=False,
    )
    return client, client.get_default_database("test")


def cannot_use(target: Target, error: PyMongoError) -> HarnessError:
    """Return what to say when MongoDB refuses; without its message, which may quote a document."""
    details = getattr(error, "details", None) or {}
    more = " ".join(str(details[key]) for key in ("code", "codeName") if key in details)
    return HarnessError(
        f"the MongoDB of {target.name!r} cannot be used: {type(error).__name__} {more}".rstrip()
    )


def read_schemas(database: Database[Document]) -> dict[str, ClassSchema]:
    """Return the schemas of the app's classes, by name; those that no server can read left out."""
    found = {}
    for document in database["_SCHEMA"].find():
        try:
            schema = parse_schema(document)
        except StorageError:
            continue
        found[schema.class_name] = schema
    return found


def stored_key(key: str, schema: ClassSchema | None) -> str:
    """Return the key that a field is stored by.

    Source: parse-server ``src/Adapters/Storage/Mongo/MongoTransform.js`` (``transformKey``).
    """
    head, dot, rest = key.partition(".")
    renamed = {"objectId": "_id", "createdAt": "_created_at", "updatedAt": "_updated_at"}
    if head in renamed:
        return renamed[head] + dot + rest
    if schema is not None and schema.class_name == "_Session" and head == "sessionToken":
        return "_session_token"
    type_ = schema.type_of(head) if schema is not None else None
    return f"_p_{head}" if type_ is not None and type_.type == "Pointer" else key


def stored_shape(
    where: Mapping[str, Any], class_name: str, schemas: Mapping[str, ClassSchema]
) -> dict[str, Any]:
    """Return the shape of a query with the keys that MongoDB has.

    Args:
        where: The shape, in Parse's own form.
        class_name: The class that is asked.
        schemas: Schemas by class.
    """
    schema = schemas.get(class_name)
    shape: dict[str, Any] = {}
    for key, inner in where.items():
        if key.startswith("$") and isinstance(inner, list):
            shape[key] = [stored_shape(each, class_name, schemas) for each in inner]
        elif key.startswith("$"):
            shape[key] = inner
        elif isinstance(inner, Mapping) and "__type" not in inner:
            shape[stored_key(key, schema)] = {
                name: _stored_argument(name, argument, schemas) for name, argument in inner.items()
            }
        else:
            # Whatever Parse writes in a query for one value: a pointer, a date, a text.
            shape[stored_key(key, schema)] = "?" if isinstance(inner, Mapping) else inner
    return shape


def _stored_argument(name: str, argument: Any, schemas: Mapping[str, ClassSchema]) -> Any:
    if name not in ("$inQuery", "$notInQuery") or not isinstance(argument, Mapping):
        return argument
    inner = str(argument.get("className", ""))
    return {"className": inner, "where": stored_shape(argument.get("where", {}), inner, schemas)}


def stored_order(order: str, schema: ClassSchema | None) -> list[tuple[str, int]]:
    """Return a sort for MongoDB: ``-createdAt`` is ``[("_created_at", -1)]``."""
    keys = [each for each in order.split(",") if each]
    return [(stored_key(key.lstrip("-"), schema), -1 if key[0] == "-" else 1) for key in keys]
