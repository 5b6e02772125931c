"""MongoDB as a store: asked for what a Parse Server would ask it for, without the server.

It shows what the database can do without the servers in front of it. Documents have the form that
Parse Server stores; queries are what :mod:`parity.indexes.sent` says that a server sends, filter by
``_rperm`` included.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, ClassVar, Final

from gridfs import GridFSBucket
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import NetworkTimeout, PyMongoError
from pymongo.monitoring import CommandListener

from parity.indexes.sample import load_schemas
from parity.indexes.sent import Sent, Server
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.store import (
    NOT_THERE,
    NOT_WHAT_WAS_SENT,
    OF_ROWS,
    OF_SESSIONS,
    Find,
    Row,
    Setup,
    Store,
    StoreConnection,
    Wrong,
)
from parity.model import Target
from parity.model.errors import HarnessError
from parity.profiles.profile import Ask, Operation
from parity.wire.mongo_query import (
    Untranslatable,
    mongo_key,
    mongo_sort,
    pushes_into_or,
    readable_by,
)
from parity.wire.storage import ClassSchema, FieldType, StorageError, to_mongo, to_rest

Document = dict[str, Any]
POOL: Final = 1000
"""Connections of one process at most; each user needs one while it waits for an answer."""
SMALL: Final = 2000
"""Documents of a collection that is read whole instead of sampled."""
_SHARE: Final = 0.04
"""``$sample`` uses a random cursor up to 5 % of a collection, and sorts all of it above that
(MongoDB manual, "$sample (aggregation)", "Behavior")."""
_INDEX_OPTIONS: Final = ("sparse", "partialFilterExpression", "collation")
"""What of an index is kept; not ``unique``, because new rows are copies of old ones."""
_YEAR: Final = timedelta(days=365)
_HASH: Final = "$2b$10$" + "x" * 53
_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALWAYS: Final = ("_id", "_created_at", "_updated_at")
"""What a server asks for whatever ``keys`` say (``RestQuery.js``, ``AlwaysSelectedKeys``)."""

COMMANDS: Final[dict[Ask, tuple[str, ...]]] = {
    Ask.QUERY: ("find",),
    Ask.COUNT: ("aggregate", "count"),
    Ask.GET: ("find",),
    Ask.CREATE: ("insert",),
    Ask.UPDATE: ("findAndModify", "insert"),
    Ask.DELETE: ("delete", "insert"),
    Ask.BATCH: ("insert",),
    Ask.SIGN_UP: ("insert",),
    Ask.LOG_IN: ("insert",),
    Ask.LOG_OUT: ("delete", "insert"),
    Ask.INSTALLATION: ("insert",),
    Ask.UPLOAD: ("insert",),
    Ask.DOWNLOAD: ("find", "insert"),
}
"""The commands of which each operation sends at least one that is answered."""


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
        appname="parse-parity load test",
        event_listeners=list(listeners),
        retryReads=False,
        retryWrites=False,
        tz_aware=True,
    )
    return client, client.get_default_database("test")


class MongoStore(Store):
    """What the users of one process share of a database.

    Raises:
        HarnessError: MongoDB does not answer.
    """

    ERRORS: ClassVar[tuple[type[Exception], ...]] = (PyMongoError, Untranslatable, StorageError)
    ROW_ID: ClassVar[str] = "_id"

    def __init__(self, order: LoadOrder) -> None:
        self.target = order.target
        self.version = order.target.version or ""
        self.rng = random.Random(order.seed)  # noqa: S311 - protects nothing
        self.stand_ins: Mapping[str, str] = {}
        self.files = ""
        self.client, self.database = connect(order.target, POOL)
        try:
            self.schemas = load_schemas(self.database)
        except PyMongoError as error:
            self.client.close()
            raise self.cannot_use(error) from None

    def begin(self, setup: Setup, fields: Mapping[str, Mapping[str, str]]) -> None:
        """Take note of the classes that stand in for others, and of the fields of made-up ones."""
        self.stand_ins, self.files = setup.stand_ins, f"Parity{setup.mark}_files"
        for name, stand_in in setup.stand_ins.items():
            made = {key: FieldType(type_) for key, type_ in fields[name].items()}
            self.schemas[stand_in] = self.schemas.get(name) or ClassSchema(name, made)

    def schema(self, class_name: str) -> ClassSchema:
        """Return the schema of a class; an empty one if there is none."""
        return self.schemas.get(class_name) or ClassSchema(class_name)

    def connect(self, database: Database[Document] | None = None) -> MongoConnection:
        """Return the connection of a new user.

        Args:
            database: Another one than what all users share.
        """
        return MongoConnection(self, self.database if database is None else database)

    def sample(self, class_name: str, fields: Iterable[str], most: int) -> list[Row]:
        """Return rows that are spread over a class, with the fields that are needed."""
        collection, schema = self.database[class_name], self.schema(class_name)
        keys = dict.fromkeys({mongo_key(field, schema) for field in fields} - {"_id"}, 1)
        number = collection.estimated_document_count()
        documents: Iterable[Document] = collection.find({}, keys or None)
        if number > SMALL:
            size = max(100, min(most, int(number * _SHARE)))
            project = [{"$project": keys}] if keys else []
            documents = collection.aggregate([{"$sample": {"size": size}}, *project])
        return [row for one in documents if (row := _shown(class_name, one, schema))]

    def templates(self, class_name: str, most: int) -> list[Row]:
        """Return some whole rows of a class, to copy for new ones."""
        found, schema = self.database[class_name].find().limit(most), self.schema(class_name)
        return [row for one in found if (row := _shown(class_name, one, schema))]

    def refusal(self, operation: Operation, where: Row) -> str:
        """Return why an operation cannot be sent: what a Parse Server refuses, or does itself."""
        if operation.ask is Ask.FUNCTION:
            return "functions run in Parse Server, not in MongoDB"
        if operation.ask not in OF_ROWS:
            return ""
        try:
            asker = _asker(operation.class_name, None)
            self.server(lambda _: [], asker).query(
                operation.class_name,
                where,
                order=operation.order,
                count=operation.ask is Ask.COUNT,
            )
        except Untranslatable as error:
            return f"{operation.name}: {error}"
        return ""

    def server(self, fetch: Callable[[Sent], list[Document]], user: str | None) -> Server:
        """Return what turns queries into what is sent."""
        server = Server(self.schemas, fetch, user=user)
        server.version = self.version or server.version
        return server

    def stand_in(self, name: str, class_name: str, fields: Mapping[str, str]) -> None:  # noqa: ARG002
        """Make the collection that is written in place of another, with the indexes of it."""
        self.database.create_collection(name)
        for index in self.database[class_name].list_indexes():
            keys = list(index["key"].items())
            if keys != [("_id", 1)] and all(kind in (1, -1, "2d", "2dsphere") for _, kind in keys):
                options = {option: index[option] for option in _INDEX_OPTIONS if option in index}
                self.database[name].create_index(keys, name=index["name"], **options)

    def own_classes(self, asks: Collection[Ask]) -> set[str]:
        """Return the classes that operations on users and devices write."""
        users = {"_User", "_Session"} if OF_SESSIONS & set(asks) else set()
        return users | ({"_Installation"} if Ask.INSTALLATION in asks else set())

    def sort_key(self, operation: Operation) -> tuple[str, int] | None:
        """Return the first key that rows are sorted by."""
        known_only = not pushes_into_or(self.version)
        schema = self.schema(operation.class_name)
        return next(iter(mongo_sort(operation.order, schema, known_only=known_only)), None)

    def new_id(self) -> str:
        """Return an id as Parse makes them: ten characters."""
        return "".join(self.rng.choices(_CHARACTERS, k=10))

    def rehearse(self, load: Any) -> None:
        """Do every operation once, on a connection that counts what is answered.

        A cursor of PyMongo sends nothing until it is read. A load test that makes cursors and never
        reads them measures nothing, very fast.

        Raises:
            HarnessError: An operation sent nothing, or what it got is wrong.
        """
        answered = Answered()
        client, database = connect(self.target, 2, [answered])
        with client:
            user = load.user(self.connect(database))
            for number, operation in load.sent:
                before = answered.commands.copy()
                outcome = user.perform(number)
                if outcome.failure:
                    raise HarnessError(f"the self-test of the Mongo user failed: {outcome.failure}")
                wanted = COMMANDS[operation.ask]
                if not any((answered.commands - before)[name] for name in wanted):
                    raise HarnessError(
                        f"the self-test of the Mongo user failed: {operation.name} sent no "
                        f"{' or '.join(wanted)}; was its cursor never read?"
                    )
            user.close()

    def failure(self, error: Exception) -> str:
        """Return what to say of an error; without its message, which may quote a document."""
        if isinstance(error, NetworkTimeout):
            return f"no answer within {self.target.timeout_s:g} s"
        code = getattr(error, "code", None)
        return type(error).__name__ + (f" {code}" if code else "")

    def cannot_use(self, error: Exception) -> HarnessError:
        """Return what to say when MongoDB refuses before the load begins."""
        details = getattr(error, "details", None) or {}
        more = " ".join(str(details[key]) for key in ("code", "codeName") if key in details)
        what = str(error) if isinstance(error, Wrong) else f"{type(error).__name__} {more}".rstrip()
        return HarnessError(f"the MongoDB of {self.target.name!r} cannot be used: {what}")

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


class Answered(CommandListener):
    """Counts the commands that a server has answered."""

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()

    def started(self, event: Any) -> None:
        """A command that was sent says nothing yet."""

    def succeeded(self, event: Any) -> None:
        """Count an answer."""
        self.commands[event.command_name] += 1

    def failed(self, event: Any) -> None:
        """Count an answer that is an error: the round trip was made."""
        self.commands[event.command_name] += 1


class MongoConnection(StoreConnection):
    """One user, with a session of its own; connections are shared."""

    def __init__(self, store: MongoStore, database: Database[Document]) -> None:
        self.store = store
        self.database = database
        # PyMongo takes a session from a pool for every operation without one, under a lock.
        self.session = _session(database)

    def finder(self, operation: Operation) -> Find:
        """Return what asks a query of a shape, and what it needs: subqueries, included rows."""
        store, class_name = self.store, operation.class_name
        keys = (*operation.keys, *operation.include) if operation.keys else ()

        def find(where: Row, row: Row | None) -> tuple[list[Row], Row]:
            self._begin()
            sent = store.server(self._fetch, _asker(class_name, row)).query(
                class_name,
                where,
                order=operation.order,
                # A limit of 0 means no row for Parse, and all rows for MongoDB.
                limit=1 if operation.limit == 0 else operation.limit,
                skip=operation.skip,
                keys=keys,
            )
            rows = self._fetch(sent)
            self._include(operation, rows)
            self.ended = monotonic()
            return ([] if operation.limit == 0 else list(rows)), sent.filter

        return find

    def counter(self, operation: Operation) -> Callable[[Row, Row | None], int]:
        """Return what counts the rows of a shape."""
        store, class_name = self.store, operation.class_name
        collection = self.database[class_name]

        def count(where: Row, row: Row | None) -> int:
            self._begin()
            server = store.server(self._fetch, _asker(class_name, row))
            sent = server.query(class_name, where, count=True)
            number = collection.count_documents(sent.filter, self.session)
            self.ended = monotonic()
            return number

        return count

    def getter(self, operation: Operation) -> Callable[[str], Row | None]:
        """Return what gets a document by its id; ``None`` if not everybody may see it."""
        collection = self.database[operation.class_name]
        schema = self.store.schema(operation.class_name)
        readable = readable_by({}, None)
        projection = _projection(
            [mongo_key(key.split(".")[0], schema) for key in (*operation.keys, *operation.include)]
            if operation.keys
            else []
        )

        def get(object_id: str) -> Row | None:
            if not self.sent:
                self.sent = monotonic()
            wanted = {"_id": object_id, **readable}
            found = list(collection.find(wanted, projection, limit=1, session=self.session))
            self._include(operation, found)
            self.ended = monotonic()
            # Rows that a client may not read were sampled as well.
            if not found and collection.find_one(object_id, {"_id": 1}) is None:
                raise Wrong("a row that was there is not found")
            return found[0] if found else None

        return get

    def fetch(self, class_name: str, object_id: str, *, timed: bool = False) -> Row | None:
        """Return all of a row that everybody may read; ``None`` if there is none."""
        if timed:
            self._begin()
        wanted = readable_by({"_id": object_id}, None)
        found = self.database[class_name].find_one(wanted, session=self.session)
        if timed:
            self.ended = monotonic()
        return None if found is None else to_rest(class_name, found, self.store.schema(class_name))

    def create(self, class_name: str, fields: Row) -> str:
        """Insert a document; return its id."""
        return self._insert(class_name, to_mongo(class_name, fields, self.store.schema(class_name)))

    def create_many(self, class_name: str, rows: list[dict[str, Any]]) -> list[str]:
        """Insert several documents, one by one as a Parse Server does; return their ids."""
        return [self.create(class_name, row) for row in rows]

    def update(self, class_name: str, object_id: str, fields: Row) -> None:
        """Change some fields of a document."""
        changed = to_mongo(class_name, fields, self.store.schema(class_name))
        changed["_updated_at"] = _now()
        self._begin()
        found = self.database[class_name].find_one_and_update(
            {"_id": object_id}, {"$set": changed}, return_document=True, session=self.session
        )
        self.ended = monotonic()
        if found is None:
            raise Wrong(NOT_THERE)
        if any(found.get(key) != value for key, value in changed.items()):
            raise Wrong(NOT_WHAT_WAS_SENT)

    def delete(self, class_name: str, object_id: str) -> None:
        """Delete a document."""
        self._begin()
        gone = self.database[class_name].delete_one({"_id": object_id}, session=self.session)
        self.ended = monotonic()
        if gone.deleted_count != 1:
            raise Wrong(NOT_THERE)

    def sign_up(self, name: str, password: str) -> tuple[str, str]:  # noqa: ARG002 - not hashed
        """Look whether a name is free, and insert a user and a session."""
        users = self.store.stand_ins["_User"]
        self._begin()
        if list(self.database[users].find({"username": name}, limit=1)):
            raise Wrong("a user of a name that is new is there")
        object_id = self.store.new_id()
        rights = {"_rperm": ["*", object_id], "_wperm": [object_id]}
        user = {"_id": object_id, "username": name, "_hashed_password": _HASH, **rights}
        self._insert(users, user)
        return object_id, self._begin_session(object_id)

    def log_in(self, name: str, password: str) -> tuple[str, str]:  # noqa: ARG002 - not hashed
        """Find a user by name and insert a session."""
        self._begin()
        users = self.database[self.store.stand_ins["_User"]]
        found = [user["_id"] for user in users.find({"username": name}, limit=2)]
        if len(found) != 1:
            raise Wrong("another user than the one who logged in")
        return found[0], self._begin_session(found[0])

    def log_out(self, token: str) -> None:
        """Find a session and delete it."""
        self._begin()
        sessions = self.database[self.store.stand_ins["_Session"]]
        found = list(sessions.find({"_session_token": token}, limit=1))
        if not found:
            raise Wrong("the session is not there")
        gone = sessions.delete_one({"_id": found[0]["_id"]}).deleted_count
        self.ended = monotonic()
        if gone != 1:
            raise Wrong("the session was not deleted")

    def is_logged_in(self, token: str) -> bool:
        """Tell whether a session is there; not timed."""
        sessions = self.database[self.store.stand_ins["_Session"]]
        return sessions.find_one({"_session_token": token}) is not None

    def register(self, fields: Row) -> None:
        """Look for a device and insert it."""
        name = self.store.stand_ins["_Installation"]
        self._begin()
        device = {"installationId": fields["installationId"]}
        if list(self.database[name].find(device, limit=1)):
            raise Wrong("a device that is new is there")
        self._insert(name, dict(fields))

    def upload(self, name: str, content: bytes) -> str:
        """Write a file into GridFS; the collections have the run's name."""
        self._begin()
        self._bucket().upload_from_stream(name, content)
        self.ended = monotonic()
        return name

    def download(self, name: str) -> bytes:
        """Read a file from GridFS."""
        self._begin()
        content: bytes = self._bucket().open_download_stream_by_name(name).read()
        self.ended = monotonic()
        self.received = len(content)
        return content

    def call(self, function: str, parameters: Row) -> None:  # noqa: ARG002
        """Refuse: such operations are skipped."""
        raise Wrong("functions run in Parse Server, not in MongoDB")

    def close(self) -> None:
        """End the session."""
        if self.session is not None:
            self.session.end_session()

    def _begin(self) -> None:
        if not self.sent:
            self.sent = monotonic()

    def _bucket(self) -> GridFSBucket:
        return GridFSBucket(self.database, bucket_name=self.store.files)

    def _insert(self, collection: str, document: Document) -> str:
        moment = _now()
        document = {"_id": self.store.new_id(), **document}
        document |= {"_created_at": moment, "_updated_at": moment}
        self._begin()
        self.database[collection].insert_one(document, session=self.session)
        self.ended = monotonic()
        return str(document["_id"])

    def _begin_session(self, user: str) -> str:
        token = f"r:{self.store.rng.getrandbits(128):032x}"
        session = {"_session_token": token, "_p_user": f"_User${user}", "expiresAt": _now() + _YEAR}
        self._insert(self.store.stand_ins["_Session"], session)
        return token

    def _fetch(self, sent: Sent) -> list[Document]:
        """Send a query and read all that comes."""
        return list(
            self.database[sent.collection].find(
                sent.filter,
                _projection(sent.keys),
                sent.skip,
                sent.limit,
                sort=list(sent.sort) or None,
                session=self.session,
            )
        )

    def _include(self, operation: Operation, rows: list[Document]) -> None:
        """Fetch the documents that pointers lead to, one query for each class.

        Source: ``RestQuery.js``, ``includePath``.
        """
        for path in operation.include:
            wanted: dict[str, set[str]] = {}
            for row in rows:
                pointer = row.get(f"_p_{path.partition('.')[0]}")
                if isinstance(pointer, str):
                    class_name, _, object_id = pointer.partition("$")
                    wanted.setdefault(class_name, set()).add(object_id)
            for class_name, ids in wanted.items():
                condition = {"_id": {"$in": sorted(ids)} if len(ids) > 1 else next(iter(ids))}
                self._fetch(Sent(class_name, readable_by(condition, None)))


def _asker(class_name: str, row: Row | None) -> str | None:
    """Return who asks: nobody who is logged in, but for sessions, which only their user sees."""
    if class_name != "_Session":
        return None
    user = (row or {}).get("user")
    return str(user.get("objectId")) if isinstance(user, Mapping) else "nobody"


def _projection(keys: Iterable[str]) -> dict[str, int] | None:
    names = sorted({*keys})
    return dict.fromkeys((*names, *_ALWAYS), 1) if names else None


def _shown(class_name: str, document: Document, schema: ClassSchema) -> Row | None:
    """Return a document as REST shows it; ``None`` if no server can read it, or write it again."""
    try:
        row = to_rest(class_name, document, schema)
        to_mongo(class_name, row, schema)
    except StorageError:
        return None
    return row


def _session(database: Database[Document]) -> ClientSession | None:
    """Return a session; ``None`` where the server has none."""
    hello = database.command("hello")
    if hello.get("logicalSessionTimeoutMinutes") is None:
        return None
    return database.client.start_session(causal_consistency=False)


def _now() -> datetime:
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
