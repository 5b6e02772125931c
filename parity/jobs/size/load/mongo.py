"""Users that ask MongoDB directly for what a Parse Server would ask it for.

They show what the database can do without the servers in front of it. Documents have the form that
Parse Server stores, and a query has the filter by ``_rperm`` that it adds for a client
(parse-server ``src/Controllers/DatabaseController.js``, ``addReadACL``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import NetworkTimeout, PyMongoError

from parity.jobs.size.load import mongo_rows, mongo_users
from parity.jobs.size.load.acting import Arrangement, Outcome
from parity.jobs.size.load.filling import classes_of
from parity.jobs.size.load.mongo_arranging import sample_documents, stored_fields
from parity.jobs.size.load.mongo_client import Document, cannot_use, connect, read_schemas
from parity.jobs.size.load.mongo_self_test import self_test
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.pools import Pools
from parity.jobs.size.load.rest import READ_BACK_EVERY, TEMPLATES
from parity.jobs.size.load.rest_http import Wrong
from parity.jobs.size.load.stand_ins import made_up_fields
from parity.profiles.profile import Ask, Operation
from parity.wire.storage import ClassSchema

POOL: Final = 1000
"""Connections of one process at most; each user needs one while it waits for an answer."""
_OF_ROWS: Final = frozenset({Ask.QUERY, Ask.COUNT, Ask.GET})
_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class MongoLoad:
    """What the users of one process share; arguments as of ``RestLoad``.

    Raises:
        HarnessError: MongoDB does not answer, or an operation of the self-test sent nothing.
    """

    def __init__(self, order: LoadOrder, arrangement: Arrangement, worker: int) -> None:
        self.order = order
        self.arrangement = arrangement
        self.operations = order.profile.operations
        self.worker = worker
        self.rng = random.Random(f"{order.seed}/{worker}")  # noqa: S311 - protects nothing
        self.pools = Pools(self.rng)
        self.prefix = f"Parity{arrangement.mark}"
        self.samples: dict[str, list[Document]] = {}
        self.templates: dict[str, list[Document]] = {}
        self.sent = [
            (n, each) for n, each in enumerate(self.operations) if n not in arrangement.skipped
        ]
        self._numbers = 0
        self._writes: dict[str, int] = {}
        try:
            self._client, self.database = connect(order.target, POOL)
            self.schemas: Mapping[str, ClassSchema] = read_schemas(self.database)
            self._sample()
            if not order.read_only:
                mongo_rows.seed(self)
                mongo_users.sign_up_some(self)
            self_test(self)
        except PyMongoError as error:
            raise cannot_use(order.target, error) from None

    def client(self, database: Database[Document] | None = None) -> MongoUser:
        """Return a new user.

        Args:
            database: Another connection than the one that all users share.
        """
        return MongoUser(self, self.database if database is None else database)

    def take_files(self) -> Sequence[str]:
        """Files are in collections with the run's name, which are dropped with the others."""
        return ()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def number(self) -> int:
        """Return a number that is new in this run."""
        self._numbers += 1
        return self._numbers * 1000 + self.worker

    def new_id(self) -> str:
        """Return an id as Parse makes them: ten characters."""
        return "".join(self.rng.choices(_CHARACTERS, k=10))

    def is_read_back(self, what: str) -> bool:
        """Tell whether a write is one of those that are read back at once."""
        count = self._writes.get(what, 0)
        self._writes[what] = count + 1
        return count % READ_BACK_EVERY == 0

    def read_class(self, class_name: str) -> str:
        """Return the collection that is queried in place of one of the profile."""
        made = class_name in self.arrangement.made
        return self.arrangement.stand_ins[class_name] if made else class_name

    def pick(self, class_name: str) -> Document | None:
        """Return some document of a class that was sampled."""
        documents = self.samples.get(class_name)
        return self.rng.choice(documents) if documents else None

    def fields(self, class_name: str) -> dict[str, str]:
        """Return the fields of a class that the app has no rows of."""
        return made_up_fields(self.operations, class_name)

    def _sample(self) -> None:
        read = [each for _, each in self.sent if each.ask in _OF_ROWS]
        inner = {name for each in read for name, _ in classes_of(each.where)}
        for name in sorted({each.class_name for each in read} | inner):
            if name not in self.arrangement.made:
                keys = stored_fields(self.order, name, self.schemas)
                self.samples[name] = sample_documents(self.database, name, keys)
        for name in self.arrangement.stand_ins:
            rows: list[Document] = []
            if name not in self.arrangement.made:
                rows = list(self.database[name].find().limit(TEMPLATES))
            self.templates[name] = [
                {key: value for key, value in row.items() if key not in _OWN} for row in rows
            ]


_OWN: Final = frozenset({"_id", "_created_at", "_updated_at", "_acl", "_rperm", "_wperm"})


class MongoUser:
    """One user."""

    def __init__(self, load: MongoLoad, database: Database[Document]) -> None:
        self.load = load
        self.pools = load.pools
        self.database = database
        # PyMongo takes a session from a pool for every operation without one, under a lock.
        self.session = _session(database)
        self.ended = 0.0
        self.received = 0
        makers: dict[Ask, Callable[[MongoUser, Operation], Callable[[], str]]] = {
            **mongo_rows.MAKERS,
            **mongo_users.MAKERS,
        }
        self._do: list[Callable[[], str] | None] = [None] * len(load.operations)
        for number, operation in load.sent:
            self._do[number] = makers[operation.ask](self, operation)

    def perform(self, operation: int) -> Outcome:
        """Do an operation of the profile and check what comes."""
        do = self._do[operation]
        assert do is not None
        wanted = self.load.operations[operation]
        name, failure = wanted.name, ""
        self.received = 0
        self.ended = 0.0
        sent = monotonic()
        try:
            name = do()
        except Wrong as error:
            failure = f"{wanted.ask}: {error}"
        except NetworkTimeout:
            failure = f"{wanted.ask}: no answer within {self.load.order.target.timeout_s:g} s"
        except PyMongoError as error:
            code = getattr(error, "code", None)
            failure = f"{wanted.ask}: {type(error).__name__}" + (f" {code}" if code else "")
        return Outcome(name, sent, self.ended or monotonic(), failure, self.received)

    def close(self) -> None:
        """End the session; the connections are shared."""
        if self.session is not None:
            self.session.end_session()

    def done(self) -> None:
        """Note that everything asked for has come; what follows only checks it."""
        self.ended = monotonic()


def _session(database: Database[Document]) -> ClientSession | None:
    """Return a session; ``None`` where the server has none."""
    hello = database.command("hello")
    if hello.get("logicalSessionTimeoutMinutes") is None:
        return None
    return database.client.start_session(causal_consistency=False)
