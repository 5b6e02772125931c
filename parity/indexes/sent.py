"""What Parse Server sends to MongoDB for one query, subqueries and relations included.

Sources: parse-server 2.8.4 and 9.10.0, ``RestQuery.js`` (``replaceSelect``, ``replaceInQuery``, …,
``runFind``, ``runCount``) and ``DatabaseController.js`` (``reduceRelationKeys``,
``reduceInRelation``, ``addInObjectIdsIds``, ``addPointerPermissions``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from parity.profiles.profile import VALUE
from parity.wire.mongo_query import (
    Untranslatable,
    mongo_key,
    mongo_sort,
    mongo_where,
    push_into_or,
    pushes_into_or,
    readable_by,
)
from parity.wire.query import LOGICAL
from parity.wire.storage import ClassSchema, join_collection

DEFAULT_LIMIT: Final = 100
"""Rows that a query gets that asks for no number. Source: ``ClassesRouter.optionsFromBody``."""
MOST_IDS: Final = 10_000
"""Rows of a subquery that are looked at; a server takes all."""
_OF_THE_MASTER: Final = frozenset({"_Installation"})
"""Classes that only the master key may query. Source: ``SharedRest.enforceRoleSecurity``."""
_SUBQUERIES: Final = (
    ("$select", "$in"),
    ("$dontSelect", "$nin"),
    ("$inQuery", "$in"),
    ("$notInQuery", "$nin"),
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One query that reaches MongoDB.

    Attributes:
        collection: Where.
        filter: What is asked for.
        sort: Sort keys in order.
        limit: Rows at most; 0 for all.
        skip: Rows that are passed over.
        count: Whether rows are only counted.
        keys: Stored names of what is returned; empty for everything.
        part: What it is within the request: ``""`` for the query itself, else ``$inQuery``, ….
        text: The field of a text search; the filter does not name it.
    """

    collection: str
    filter: Mapping[str, Any]
    sort: tuple[tuple[str, int], ...] = ()
    limit: int = 0
    skip: int = 0
    count: bool = False
    keys: tuple[str, ...] = ()
    part: str = ""
    text: str = ""


def shown_filter(sent: Sent) -> dict[str, Any]:
    """Return a MongoDB query with ``?`` for its values, so that it can be shown to anybody."""
    return {key: _hidden(key, condition) for key, condition in sent.filter.items()}


def _hidden(key: str, value: Any) -> Any:
    if key == "_rperm":
        return {"$in": [None, "*", VALUE]}
    if isinstance(value, list) and key in ("$or", "$and", "$nor"):
        return [{name: _hidden(name, one) for name, one in branch.items()} for branch in value]
    if isinstance(value, Mapping) and value and all(str(name).startswith("$") for name in value):
        return {name: _hidden(name, operand) for name, operand in value.items()}
    if key in ("$exists", "$maxDistance", "$options"):
        return value
    return VALUE


Fetch = Callable[[Sent], list[Row]]
"""Runs a query and returns its rows as MongoDB has them, at most :data:`MOST_IDS`."""


@dataclass(slots=True)
class Server:
    """A Parse Server in small: it turns a Parse query into what is sent.

    Attributes:
        schemas: Schemas by class.
        fetch: Runs a query whose rows are needed for the next one.
        version: Of the server.
        user: Id of the user who asks; ``None`` for somebody who is not logged in.
        sent: What was sent, in order.
    """

    schemas: Mapping[str, ClassSchema]
    fetch: Fetch
    version: str = "9.10.0"
    user: str | None = None
    sent: list[Sent] = field(default_factory=list)

    def query(
        self,
        class_name: str,
        where: Mapping[str, Any],
        *,
        order: str = "",
        limit: int | None = None,
        skip: int = 0,
        keys: tuple[str, ...] = (),
        count: bool = False,
    ) -> Sent:
        """Send a query of a client and what it needs.

        Args:
            class_name: The class.
            where: With values.
            order: As in REST.
            limit: As in REST; ``None`` if the client gave none.
            skip: As in REST.
            keys: As in REST.
            count: Whether rows are only counted.

        Returns:
            The query itself; it is the last of :attr:`sent`.

        Raises:
            Untranslatable: Parse Server refuses it, or answers without asking.
        """
        schema = self._schema(class_name)
        found = Sent(
            class_name,
            self._filter(class_name, where, count=count),
            () if count else mongo_sort(order, schema, known_only=not self._is_old),
            0 if count else DEFAULT_LIMIT if limit is None else limit,
            0 if count else skip,
            count,
            tuple(mongo_key(key.split(".")[0], schema) for key in keys),
            text=next((key for key, condition in where.items() if _is_text(condition)), ""),
        )
        self.sent.append(found)
        return found

    @property
    def _is_old(self) -> bool:
        return pushes_into_or(self.version)

    def _schema(self, class_name: str) -> ClassSchema:
        return self.schemas.get(class_name) or ClassSchema(class_name)

    def _filter(
        self, class_name: str, where: Mapping[str, Any], *, count: bool = False
    ) -> dict[str, Any]:
        where = self._of_own_sessions(class_name, where)
        for name, becomes in _SUBQUERIES:
            where = self._replace(where, name, becomes)
        where = self._reduce(class_name, where)
        if class_name not in _OF_THE_MASTER:
            where = self._pointer_permissions(class_name, where, count=count)
            where = readable_by(where, self.user)
        if self._is_old:
            where = push_into_or(where)
        # Version 2.8.4 counts with the query as it is.
        counted = count and not self._is_old
        return mongo_where(where, self._schema(class_name), count=counted)

    def _of_own_sessions(self, class_name: str, where: Mapping[str, Any]) -> Mapping[str, Any]:
        if class_name != "_Session":
            return where
        if self.user is None:
            raise Untranslatable("sessions are shown to somebody who is logged in")
        return {"$and": [where, {"user": _pointer("_User", self.user)}]}

    # Subqueries

    def _replace(self, value: Any, name: str, becomes: str) -> Any:
        """Replace a kind of subquery, wherever it stands, by the values that it finds."""
        if isinstance(value, list):
            return [self._replace(item, name, becomes) for item in value]
        if not isinstance(value, Mapping):
            return value
        if name not in value:
            return {key: self._replace(item, name, becomes) for key, item in value.items()}
        found = self._select(value[name], name)
        rest = {key: item for key, item in value.items() if key != name}
        return {**rest, becomes: [*rest.get(becomes, []), *found]}

    def _select(self, given: Mapping[str, Any], name: str) -> list[Any]:
        is_select = "elect" in name
        query = given["query"] if is_select else given
        other = query["className"]
        # A subquery has no limit unless one is configured; an explicit one is not looked at.
        sent = Sent(other, self._filter(other, query.get("where") or {}), part=name)
        self.sent.append(sent)
        rows = self.fetch(sent)
        if not is_select:
            return [_pointer(other, row["_id"]) for row in rows]
        key = mongo_key(given["key"], self._schema(other))
        return [_selected(row, key) for row in rows]

    # Relations

    def _reduce(self, class_name: str, where: Mapping[str, Any]) -> dict[str, Any]:
        reduced: dict[str, Any] = {}
        ids: list[list[str]] = []
        not_ids: list[str] = []
        for key, value in where.items():
            if key in LOGICAL:
                reduced[key] = [self._reduce(class_name, item) for item in value]
            elif key == "$relatedTo":
                ids.append(self._related(value))
            elif self._is_relation(class_name, key):
                for negated, related in _wanted(value):
                    owning = self._owning(class_name, key, related)
                    if negated:
                        not_ids += owning
                    else:
                        ids.append(owning)
            else:
                reduced[key] = value
        if ids:
            reduced["objectId"] = _among(ids, reduced.get("objectId"))
        if not_ids:
            given = reduced.get("objectId")
            kept = {"$eq": given} if isinstance(given, str) else dict(given or {})
            reduced["objectId"] = {**kept, "$nin": [*kept.get("$nin", []), *dict.fromkeys(not_ids)]}
        return reduced

    def _is_relation(self, class_name: str, key: str) -> bool:
        type_ = self._schema(class_name).type_of(key)
        return type_ is not None and type_.type == "Relation"

    def _related(self, given: Mapping[str, Any]) -> list[str]:
        owner = given["object"]
        sent = Sent(
            join_collection(given["key"], owner["className"]),
            {"owningId": owner["objectId"]},
            part="$relatedTo",
        )
        self.sent.append(sent)
        return [row["relatedId"] for row in self.fetch(sent) if "relatedId" in row]

    def _owning(self, class_name: str, key: str, related: list[str]) -> list[str]:
        sent = Sent(
            join_collection(key, class_name),
            {"relatedId": {"$in": related}},
            keys=("owningId",),
            part=f"relation {key}",
        )
        self.sent.append(sent)
        return [row["owningId"] for row in self.fetch(sent) if "owningId" in row]

    # Permissions

    def _pointer_permissions(
        self, class_name: str, where: Mapping[str, Any], *, count: bool
    ) -> Mapping[str, Any]:
        permissions = self._schema(class_name).class_level_permissions
        if permissions is None:
            return where
        operation = "count" if count else "find"
        allowed = permissions.get(operation) or {}
        if allowed.get("*") is True or (self.user and allowed.get(self.user) is True):
            return where
        fields = [*allowed.get("pointerFields", []), *permissions.get("readUserFields", [])]
        if not fields:
            return where
        if self.user is None:
            raise Untranslatable("the class is shown only to users that its rows point to")
        clauses = list(self._clauses(class_name, where, list(dict.fromkeys(fields))))
        return clauses[0] if len(clauses) == 1 else {"$or": clauses}

    def _clauses(
        self, class_name: str, where: Mapping[str, Any], fields: list[str]
    ) -> Iterator[dict[str, Any]]:
        assert self.user is not None
        pointer = _pointer("_User", self.user)
        for name in fields:
            type_ = self._schema(class_name).type_of(name)
            clause: Any = {"$all": [pointer]} if type_ and type_.type == "Array" else pointer
            if name in where:
                yield {"$and": [{name: clause}, where]}
            else:
                yield {**where, name: clause}


def _is_text(value: Any) -> bool:
    return isinstance(value, Mapping) and "$text" in value


def _selected(row: Row, key: str) -> Any:
    value = row.get(key)
    if key.startswith("_p_") and isinstance(value, str):
        class_name, _, object_id = value.partition("$")
        return _pointer(class_name, object_id)
    return value


def _wanted(value: Any) -> Iterator[tuple[bool, list[str]]]:
    """Yield for each condition on a relation whether it is negated, and the related ids."""
    if not isinstance(value, Mapping):
        yield False, []
    elif value.get("__type") == "Pointer":
        yield False, [value["objectId"]]
    else:
        for key, item in value.items():
            if key == "$in":
                yield False, [one["objectId"] for one in item]
            elif key == "$nin":
                yield True, [one["objectId"] for one in item]
            elif key == "$ne":
                yield True, [item["objectId"]]


def _among(ids: list[list[str]], given: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {"$eq": given} if isinstance(given, str) else dict(given or {})
    lists = [*ids]
    if isinstance(kept.get("$eq"), str):
        lists.append([kept["$eq"]])
    if isinstance(kept.get("$in"), list):
        lists.append(kept["$in"])
    first, *others = lists
    # Order does not matter for what MongoDB does.
    both = [
        object_id
        for object_id in dict.fromkeys(first)
        if all(object_id in other for other in others)
    ]
    return {**kept, "$in": both}


def _pointer(class_name: str, object_id: Any) -> dict[str, Any]:
    return {"__type": "Pointer", "className": class_name, "objectId": object_id}
