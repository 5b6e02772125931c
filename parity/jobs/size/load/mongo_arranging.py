"""Settles what the Mongo users of a run must agree on: what can be sent, and where writes go."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import PyMongoError

from parity.jobs.size.load.acting import Arrangement
from parity.jobs.size.load.filling import CannotFill, classes_of, fill
from parity.jobs.size.load.mongo_client import (
    Document,
    cannot_use,
    connect,
    read_schemas,
    stored_shape,
)
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.stand_ins import WRITES_ROWS, stand_in_name
from parity.model import UserError
from parity.profiles.profile import Ask, Operation
from parity.wire.storage import ClassSchema

SAMPLE: Final = 20_000
SMALL: Final = 2000
"""Documents of a collection that is read whole instead of sampled."""
_SHARE: Final = 0.04
"""``$sample`` uses a random cursor up to 5 % of a collection, and sorts all of it above that
(MongoDB manual, "$sample (aggregation)", "Behavior")."""
_TRIES: Final = 50
_INDEX_OPTIONS: Final = ("sparse", "partialFilterExpression", "collation")
"""What of an index is kept; not ``unique``, because new rows are copies of old ones."""
_UNSUPPORTED: Final = ("$select", "$dontSelect", "$relatedTo", "$within", "$geoWithin", "$text")
_SESSIONS: Final = frozenset({Ask.SIGN_UP, Ask.LOG_IN, Ask.LOG_OUT})
_OF_ROWS: Final = frozenset({Ask.QUERY, Ask.COUNT, Ask.GET})


def arrange_mongo(order: LoadOrder, mark: str) -> Arrangement:
    """Look at the database and make what the load needs there; see ``arranging.arrange``.

    Raises:
        UserError: Nothing of the profile can be sent.
        HarnessError: MongoDB does not answer.
    """
    try:
        client, database = connect(order.target, 4)
        with client:
            return _Arranger(order, mark, database).arrange()
    except PyMongoError as error:
        raise cannot_use(order.target, error) from None


def sample_documents(
    database: Database[Document], class_name: str, keys: Iterable[str]
) -> list[Document]:
    """Return documents of a class that are spread over it, with the keys that are needed."""
    collection = database[class_name]
    number = collection.estimated_document_count()
    projection = dict.fromkeys({*keys, "_id"}, 1)
    if number <= SMALL:
        return list(collection.find({}, projection))
    size = max(100, min(SAMPLE, int(number * _SHARE)))
    return list(collection.aggregate([{"$sample": {"size": size}}, {"$project": projection}]))


def stored_fields(
    order: LoadOrder, class_name: str, schemas: Mapping[str, ClassSchema]
) -> set[str]:
    """Return the keys whose values the queries of a profile need."""
    found: set[str] = {"_id"}
    for operation in order.profile.operations:
        for name, where in ((operation.class_name, operation.where), *classes_of(operation.where)):
            if name == class_name and operation.ask in _OF_ROWS:
                found |= _keys(stored_shape(where, name, schemas))
    return found


def _keys(shape: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for key, inner in shape.items():
        if key.startswith("$") and isinstance(inner, list):
            found.update(*(_keys(each) for each in inner))
        elif not key.startswith("$"):
            found.add(key.partition(".")[0])
    return found


class _Arranger:
    def __init__(self, order: LoadOrder, mark: str, database: Database[Document]) -> None:
        self.order = order
        self.mark = mark
        self.database = database
        self.rng = random.Random(order.seed)  # noqa: S311 - chooses rows, protects nothing
        self.schemas = read_schemas(database)
        self.samples: dict[str, list[Document]] = {}
        self.made: set[str] = set()

    def arrange(self) -> Arrangement:
        operations = self.order.profile.operations
        reasons = {number: self.obstacle(each) for number, each in enumerate(operations)}
        skipped = {number: why for number, why in reasons.items() if why}
        sent = [each for number, each in enumerate(operations) if number not in skipped]
        if not any(each.weight > 0 for each in sent):
            raise UserError(
                f"nothing of the profile {self.order.profile.name!r} can be sent to the MongoDB "
                f"of {self.order.target.name!r}: {'; '.join(sorted(set(skipped.values())))}",
                "Derive a profile from the app's own traffic: parity profile.",
                code="profile",
            )
        written = {each.class_name for each in sent if each.ask in WRITES_ROWS} | self.made
        asks = {each.ask for each in sent}
        written |= {"_User", "_Session"} if asks & _SESSIONS else set()
        written |= {"_Installation"} if Ask.INSTALLATION in asks else set()
        stand_ins = {name: self.stand_in(name) for name in sorted(written)}
        return Arrangement(self.mark, skipped, stand_ins, tuple(sorted(self.made)))

    def stand_in(self, class_name: str) -> str:
        """Make the collection that is written in place of another, with the indexes of it."""
        name = stand_in_name(self.mark, class_name)
        self.database.create_collection(name)
        for index in self.database[class_name].list_indexes():
            keys = list(index["key"].items())
            if keys != [("_id", 1)] and all(each in (1, -1, "2d", "2dsphere") for _, each in keys):
                options = {name: index[name] for name in _INDEX_OPTIONS if name in index}
                self.database[name].create_index(keys, name=index["name"], **options)
        return name

    def obstacle(self, operation: Operation) -> str:
        """Return why an operation cannot be sent; empty if it can."""
        if operation.ask is Ask.FUNCTION:
            return "functions run in Parse Server, not in MongoDB"
        if operation.ask is Ask.DOWNLOAD and self.order.read_only:
            return "no file of the app is known"
        if operation.ask not in _OF_ROWS:
            return ""
        text = str(operation.where)
        hard = next((each for each in _UNSUPPORTED if f"'{each}'" in text), "")
        if hard:
            return f"{operation.name}: {hard} is not translated for MongoDB"
        documents = self.sampled(operation.class_name)
        if documents:
            return "" if operation.ask is Ask.GET else self.unfilled(operation, documents)
        if self.order.read_only or any(classes_of(operation.where)):
            return f"{operation.class_name} has no documents"
        self.made.add(operation.class_name)
        return ""

    def unfilled(self, operation: Operation, documents: list[Document]) -> str:
        shape = stored_shape(operation.where, operation.class_name, self.schemas)
        reason = ""
        for document in self.rng.sample(documents, min(_TRIES, len(documents))):
            try:
                fill(shape, document, self.pick, self.rng)
            except CannotFill as error:
                reason = f"{operation.name}: {error}"
            else:
                return ""
        return reason

    def pick(self, class_name: str) -> Document | None:
        documents = self.sampled(class_name) if class_name else []
        return self.rng.choice(documents) if documents else None

    def sampled(self, class_name: str) -> list[Document]:
        if class_name not in self.samples:
            keys = dict.fromkeys(stored_fields(self.order, class_name, self.schemas), 1)
            found = self.database[class_name].find({}, keys).limit(SMALL)
            self.samples[class_name] = list(found)
        return self.samples[class_name]
