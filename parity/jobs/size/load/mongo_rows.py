"""Operations on documents, as a Parse Server sends them, each checked by what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from parity.jobs.size.load.filling import CannotFill, fill
from parity.jobs.size.load.matching import matches
from parity.jobs.size.load.mongo_client import Document, stored_key, stored_order, stored_shape
from parity.jobs.size.load.pools import OwnRow
from parity.jobs.size.load.rest_http import Wrong
from parity.jobs.size.load.rest_rows import DEFAULT_LIMIT
from parity.jobs.size.load.stand_ins import NUMBER, PAD, WRITES_ROWS, made_up_row
from parity.profiles.profile import Ask, Operation
from parity.wire.storage import ClassSchema, to_mongo

if TYPE_CHECKING:
    from parity.jobs.size.load.mongo import MongoLoad, MongoUser

_READABLE: Final = {"_rperm": {"$in": [None, "*"]}}
_TRIES: Final = 8
_SEED_ROWS: Final = 20
_MADE_ROWS: Final = 200

Do = Callable[[], str]


def query(user: MongoUser, operation: Operation) -> Do:
    """Return what sends a query of a shape and looks at every document that comes."""
    load = user.load
    collection = user.database[load.read_class(operation.class_name)]
    schema = load.schemas.get(operation.class_name)
    limit = DEFAULT_LIMIT if operation.limit is None else operation.limit
    sort = stored_order(operation.order, schema) or None
    projection = _projection(operation, schema)
    filling = _Filling(user, operation)
    name = operation.name

    def do() -> str:
        where, own = filling.make()
        # A limit of 0 means no row for Parse, and all rows for MongoDB.
        cursor = collection.find(
            {**where, **_READABLE},
            projection,
            operation.skip,
            limit or 1,
            sort=sort,
            session=user.session,
        )
        rows = list(cursor)
        for each in operation.include:
            _include(user, rows, each)
        user.done()
        if len(rows) > max(limit, 1):
            raise Wrong(f"more rows than the limit: {len(rows)} of {limit}")
        whole = projection is None
        if any(matches(where, each, whole=whole) is False for each in rows):
            raise Wrong("a row that does not match the where")
        if sort is not None and _out_of_order(sort[0], rows):
            raise Wrong("the rows are out of order")
        if own is not None and not operation.skip and len(rows) < limit:
            missing = not any(each["_id"] == own["_id"] for each in rows)
            if missing and filling.still_matches(collection, where, own):
                raise Wrong("a row that matches was not found")
        return name

    return do


def count(user: MongoUser, operation: Operation) -> Do:
    """Return what counts documents; the one that the values are from counts at least."""
    collection = user.database[user.load.read_class(operation.class_name)]
    filling = _Filling(user, operation)
    name = operation.name

    def do() -> str:
        where, own = filling.make()
        number = collection.count_documents({**where, **_READABLE}, user.session)
        user.done()
        if number == 0 and own is not None and filling.still_matches(collection, where, own):
            raise Wrong("a row that matches was not counted")
        return name

    return do


def get(user: MongoUser, operation: Operation) -> Do:
    """Return what gets a document by its id."""
    load, name = user.load, operation.class_name
    collection = user.database[load.read_class(name)]
    projection = _projection(operation, load.schemas.get(name))
    done = operation.name

    def do() -> str:
        row = load.pick(name)
        if row is None:
            raise Wrong("no row is known to get")
        wanted = {"_id": row["_id"], **_READABLE}
        found = list(collection.find(wanted, projection, limit=1, session=user.session))
        for each in operation.include:
            _include(user, found, each)
        user.done()
        if len(found) > 1 or any(each["_id"] != row["_id"] for each in found):
            raise Wrong("another row than was asked for")
        # Rows that a client may not read were sampled as well.
        if not found and collection.find_one(row["_id"], {"_id": 1}) is None:
            raise Wrong("a row that was there is not found")
        return done

    return do


def create(user: MongoUser, operation: Operation) -> Do:
    """Return what inserts a document, and reads some of them back."""
    load, name = user.load, operation.class_name
    collection = user.database[load.arrangement.stand_ins[name]]

    def do() -> str:
        document = new_document(load, operation)
        made = collection.insert_one(document, session=user.session)
        user.done()
        if made.inserted_id != document["_id"]:
            raise Wrong("another id than was sent")
        _read_back(user, name, document, "create")
        return f"create {name}"

    return do


def update(user: MongoUser, operation: Operation) -> Do:
    """Return what changes a document of the run; without one it creates one."""
    load, name = user.load, operation.class_name
    collection = user.database[load.arrangement.stand_ins[name]]
    instead = create(user, operation)

    def do() -> str:
        own = load.pools.take(name)
        if own is None:
            return instead()
        changed: Document = {NUMBER: load.number(), "_updated_at": _now()}
        if operation.payload_bytes:
            changed[PAD] = "x" * operation.payload_bytes
        found = collection.find_one_and_update(
            {"_id": own.object_id}, {"$set": changed}, return_document=True, session=user.session
        )
        user.done()
        if found is None:
            raise Wrong("a row that was saved is not there")
        if found.get(NUMBER) != changed[NUMBER]:
            raise Wrong("a saved value is not what was sent")
        _read_back(user, name, {**own.fields, **changed}, "update")
        return f"update {name}"

    return do


def delete(user: MongoUser, operation: Operation) -> Do:
    """Return what deletes a document of the run; without one it creates one."""
    load, name = user.load, operation.class_name
    collection = user.database[load.arrangement.stand_ins[name]]
    instead = create(user, operation)

    def do() -> str:
        own = load.pools.take(name)
        if own is None:
            return instead()
        gone = collection.delete_one({"_id": own.object_id}, session=user.session).deleted_count
        user.done()
        if gone != 1:
            raise Wrong("a row that was saved is not there")
        return f"delete {name}"

    return do


def batch(user: MongoUser, operation: Operation) -> Do:
    """Return what inserts several documents, one by one as a Parse Server does."""
    one = create(user, operation)

    def do() -> str:
        for _ in range(operation.parts):
            one()
        return f"batch {operation.class_name}"

    return do


MAKERS: Final = {
    Ask.QUERY: query,
    Ask.COUNT: count,
    Ask.GET: get,
    Ask.CREATE: create,
    Ask.UPDATE: update,
    Ask.DELETE: delete,
    Ask.BATCH: batch,
}


def seed(load: MongoLoad) -> None:
    """Write the first documents; those of classes that the app does not have are the samples."""
    needs = {each.class_name for _, each in load.sent if each.ask in WRITES_ROWS}
    for name, target in load.arrangement.stand_ins.items():
        made = name in load.arrangement.made
        number = _MADE_ROWS if made else _SEED_ROWS if name in needs else 0
        operation = next(
            (e for _, e in load.sent if e.class_name == name and e.ask in WRITES_ROWS),
            Operation(Ask.CREATE, 1.0, name),
        )
        documents = [new_document(load, operation) for _ in range(number)]
        if documents:
            load.database[target].insert_many(documents)
        for each in documents:
            load.pools.put(name, OwnRow(target, each["_id"], each))
        if made:
            load.samples[name] = [dict(each) for each in documents]
            # What is queried must not be deleted meanwhile.
            load.pools.rows.pop(name, None)


def new_document(load: MongoLoad, operation: Operation) -> Document:
    """Return a new document: like one of the app's own, and of the profile's size."""
    name = operation.class_name
    templates = load.templates.get(name)
    if templates:
        fields = dict(load.rng.choice(templates))
    else:
        schema = load.schemas.get(name) or ClassSchema(name)
        fields = to_mongo(name, made_up_row(load.fields(name), load.rng), schema)
    moment = _now()
    document = {"_id": load.new_id(), **fields, NUMBER: load.number()}
    document |= {"_created_at": moment, "_updated_at": moment}
    missing = operation.payload_bytes - 20 * len(document)
    if missing > 0:
        document[PAD] = "x" * missing
    return document


class _Filling:
    """Puts values that exist into the shape of one operation."""

    def __init__(self, user: MongoUser, operation: Operation) -> None:
        self.load = user.load
        self.user = user
        self.name = operation.class_name
        self.shape = stored_shape(operation.where, self.name, user.load.schemas)
        self.deep = "$inQuery" in str(self.shape) or "$notInQuery" in str(self.shape)

    def make(self) -> tuple[Document, Document | None]:
        """Return a query with values, and the document that they are from."""
        if not self.shape:
            return {}, None
        reason = "no row is known to take values from"
        for _ in range(_TRIES):
            row = self.load.pick(self.name)
            if row is None:
                break
            try:
                where = fill(self.shape, row, self._pick, self.load.rng)
            except CannotFill as error:
                reason = str(error)
            else:
                return (self._resolved(where), None) if self.deep else (where, row)
        raise Wrong(reason)

    def still_matches(self, collection: Any, where: Document, row: Document) -> bool:
        """Look again: somebody else may have changed or deleted it, or may not read it."""
        now = collection.find_one(row["_id"])
        if now is None or not {None, "*"} & set(now.get("_rperm", [None])):
            return False
        return matches(where, now, whole=True) is True

    def _pick(self, class_name: str) -> Mapping[str, Any] | None:
        return self.load.pick(class_name or self.name)

    def _resolved(self, where: Any) -> Any:
        """Ask the inner queries first, as a Parse Server does, and put their ids in."""
        if isinstance(where, list):
            return [self._resolved(each) for each in where]
        if not isinstance(where, dict):
            return where
        found: Document = {}
        for key, inner in where.items():
            if key in ("$inQuery", "$notInQuery"):
                name = inner["className"]
                rows = self.user.database[self.load.read_class(name)].find(
                    {**self._resolved(inner["where"]), **_READABLE}, {"_id": 1}
                )
                ids = [f"{name}${row['_id']}" for row in rows]
                found["$in" if key == "$inQuery" else "$nin"] = ids
            else:
                found[key] = self._resolved(inner)
        return found


def _projection(operation: Operation, schema: ClassSchema | None) -> dict[str, int] | None:
    if not operation.keys:
        return None
    keys = (*operation.keys, *operation.include)
    names = {stored_key(each, schema).partition(".")[0] for each in keys}
    return dict.fromkeys(sorted({*names, "_id", "_created_at", "_updated_at"}), 1)


def _include(user: MongoUser, rows: list[Document], name: str) -> None:
    """Fetch the documents that pointers lead to, one query for each class."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        pointer = row.get(f"_p_{name.partition('.')[0]}")
        if isinstance(pointer, str):
            class_name, _, object_id = pointer.partition("$")
            wanted.setdefault(class_name, set()).add(object_id)
    for class_name, ids in wanted.items():
        list(user.database[class_name].find({"_id": {"$in": sorted(ids)}, **_READABLE}))


def _out_of_order(key: tuple[str, int], rows: list[Document]) -> bool:
    values = [row.get(key[0]) for row in rows]
    for before, after in pairwise(values):
        if type(before) is not type(after) or not isinstance(before, int | float | str | datetime):
            continue
        if (before > after) if key[1] > 0 else (before < after):  # type: ignore[operator]
            return True
    return False


def _read_back(user: MongoUser, name: str, document: Document, what: str) -> None:
    target = user.load.arrangement.stand_ins[name]
    if user.load.is_read_back(what):
        found = user.database[target].find_one(document["_id"])
        if found is None:
            raise Wrong("a row that was saved is not there")
        if found != document:
            raise Wrong("a saved value is not what was sent")
    user.load.pools.put(name, OwnRow(target, document["_id"], document))


def _now() -> datetime:
    moment = datetime.now(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
