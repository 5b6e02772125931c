"""What a profile asks of a store, and how each answer is checked; the same for every store."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any, Final

import orjson

from parity.jobs.size.load.bind import CannotBind, bind, classes_of
from parity.jobs.size.load.matching import matches, out_of_order, same
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.rows import (
    NUMBER,
    PAD,
    WRITES_ROWS,
    Account,
    OwnRow,
    Pools,
    made_up_fields,
    made_up_row,
    template_of,
)
from parity.jobs.size.load.setup import needed_fields
from parity.jobs.size.load.store import (
    DEFAULT_LIMIT,
    NOT_THERE,
    NOT_WHAT_WAS_SENT,
    OF_ROWS,
    OF_SESSIONS,
    Outcome,
    Row,
    Setup,
    Store,
    StoreConnection,
    Wrong,
    open_store,
)
from parity.profiles.profile import Ask, Operation

READ_BACK_EVERY: Final = 20
"""Of so many writes of a kind one is read back at once and compared; the first one is."""
SAMPLE: Final = 20_000
"""Rows of a class that queries are made of."""
TEMPLATES: Final = 50
ACCOUNTS: Final = 10
"""Users that one process signs up before the load begins."""
_TRIES: Final = 8
_OWN_GETS: Final = 8
"""Of so many gets one asks for a row that this run wrote, to compare all that is in it."""
_SEED_ROWS: Final = 20
_MADE_ROWS: Final = 200
_BATCH: Final = 50
_DEFAULT_FILE: Final = 10_000
_PASSWORD: Final = "parity load test"
_ODD_ANSWER: Final = (TypeError, ValueError, KeyError, IndexError, AttributeError)
"""What an answer of a form that nobody thought of ends in."""

Do = Callable[[], str]
"""Does an operation once; returns the name of what was done."""


class Workload:
    """What the users of one process share.

    Args:
        order: What was asked for.
        setup: What all processes agreed on.
        number: Number of this process, from 0.

    Raises:
        HarnessError: The store does not answer, or does not take what the load begins with.
    """

    def __init__(self, order: LoadOrder, setup: Setup, number: int) -> None:
        self.order = order
        self.setup = setup
        self.process = number
        self.operations = order.profile.operations
        self.sent = [(n, one) for n, one in enumerate(self.operations) if n not in setup.skipped]
        self.rng = random.Random(f"{order.seed}/{number}")  # noqa: S311 - protects nothing
        self.pools = Pools(self.rng)
        self.prefix = f"Parity{setup.mark}"
        self.samples: dict[str, list[Row]] = {}
        self.templates: dict[str, list[dict[str, Any]]] = {}
        self.uploaded: list[str] = []
        self._numbers = 0
        self._writes: dict[str, int] = {}
        self.fields = {name: made_up_fields(self.operations, name) for name in setup.stand_ins}
        self.store: Store = open_store(order)
        try:
            self.store.begin(setup, self.fields)
            self._sample()
            if not order.read_only:
                self._write_first()
            self.store.rehearse(self)
        except Wrong as error:
            self.close()
            raise self.store.cannot_use(error) from None
        except self.store.ERRORS as error:
            self.close()
            raise self.store.cannot_use(error) from None
        except BaseException:
            self.close()
            raise

    def user(self, connection: StoreConnection | None = None) -> WorkloadUser:
        """Return a new user.

        Args:
            connection: Another one than a new one of the store.
        """
        return WorkloadUser(self, connection or self.store.connect())

    def take_files(self) -> list[str]:
        """Return the names of the files that were uploaded since the last call."""
        files, self.uploaded = self.uploaded, []
        return files

    def close(self) -> None:
        """Close what the users share."""
        self.store.close()

    def number(self) -> int:
        """Return a number that is new in this run."""
        self._numbers += 1
        return self._numbers * 1000 + self.process

    def is_read_back(self, what: str) -> bool:
        """Tell whether a write is one of those that are read back at once."""
        count = self._writes.get(what, 0)
        self._writes[what] = count + 1
        return count % READ_BACK_EVERY == 0

    def pick(self, class_name: str) -> Row | None:
        """Return some row of a class that was sampled."""
        rows = self.samples.get(class_name)
        return self.rng.choice(rows) if rows else None

    def as_asked(self, operation: Operation) -> Operation:
        """Return an operation with the class that is read: a stand-in if the app has no rows."""
        return replace(operation, class_name=self.setup.read_class(operation.class_name))

    def new_row(self, operation: Operation) -> dict[str, Any]:
        """Return the fields of a new row: like one of the app's own, and of the profile's size."""
        name = operation.class_name
        templates = self.templates.get(name)
        fields = dict(self.rng.choice(templates)) if templates else {}
        if not templates:
            fields = made_up_row(self.fields[name], self.rng)
        fields[NUMBER] = self.number()
        pad(fields, operation.payload_bytes)
        return fields

    def _sample(self) -> None:
        """Read rows of the app: those that queries are made of, and some to copy for new rows."""
        read = [one for _, one in self.sent if one.ask in OF_ROWS]
        inner = {name for one in read for name, _ in classes_of(one.where)}
        for name in sorted(({one.class_name for one in read} | inner) - set(self.setup.made)):
            fields = needed_fields(self.order, name)
            self.samples[name] = self.store.sample(name, fields, SAMPLE)
        written = {one.class_name for _, one in self.sent if one.ask in WRITES_ROWS}
        for name in sorted(written - set(self.setup.made)):
            rows = self.store.templates(name, TEMPLATES)
            self.templates[name] = [template_of(row) for row in rows]

    def _write_first(self) -> None:
        """Write the first rows, users and a file.

        Some rows to update and delete, more of classes that the app does not have; users whose
        sessions the load works with, if the profile has users at all.
        """
        asks = {one.ask for _, one in self.sent}
        user = self.user()
        try:
            for name, stand_in in self.setup.stand_ins.items():
                writing = [o for _, o in self.sent if o.class_name == name and o.ask in WRITES_ROWS]
                operation = writing[0] if writing else Operation(Ask.CREATE, 1.0, name)
                if name in self.setup.made:
                    # What is queried must not be deleted meanwhile, so these are nobody's own.
                    user.create_rows(operation, _MADE_ROWS)
                    self.samples[name] = self.store.sample(stand_in, (), _MADE_ROWS)
                for own in user.create_rows(operation, _SEED_ROWS) if writing else ():
                    self.pools.put(name, own)
            for _ in range(ACCOUNTS if asks & OF_SESSIONS else 0):
                user.new_account()
            self.pools.tokens = list(self.pools.sessions)
            self.pools.sessions.clear()
            if Ask.DOWNLOAD in asks:
                user.connection.token = self.pools.tokens[0] if self.pools.tokens else ""
                user.new_file(_DEFAULT_FILE)
        finally:
            user.close()


class WorkloadUser:
    """One user: one connection, and a session if the app has users."""

    def __init__(self, load: Workload, connection: StoreConnection) -> None:
        self.load = load
        self.pools = load.pools
        self.connection = connection
        if load.pools.tokens:
            connection.token = load.rng.choice(load.pools.tokens)
        self._names = [operation.name for operation in load.operations]
        self._do: dict[int, Do] = {n: _prepared(self, one) for n, one in load.sent}

    def perform(self, number: int) -> Outcome:
        """Do an operation of the profile and check the answer."""
        connection = self.connection
        connection.sent = connection.ended = 0.0
        connection.received = 0
        name, failure = self._names[number], ""
        try:
            name = self._do[number]()
        except Wrong as error:
            failure = f"{self.load.operations[number].ask}: {error}"
        except self.load.store.ERRORS as error:
            failure = f"{self.load.operations[number].ask}: {self.load.store.failure(error)}"
        except _ODD_ANSWER as error:
            failure = f"{self.load.operations[number].ask}: {type(error).__name__}: {error}"
        ended = connection.ended or monotonic()
        return Outcome(name, connection.sent or ended, ended, failure, connection.received)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def bound(self, operation: Operation) -> tuple[Row, Row | None]:
        """Return a query with values, and the row that they are from."""
        load = self.load
        if not operation.where:
            # Who may see a session is decided by whose it is.
            of_sessions = operation.class_name == "_Session"
            return {}, load.pick(operation.class_name) if of_sessions else None

        def pick(class_name: str) -> Row | None:
            return load.pick(class_name or operation.class_name)

        reason = ""
        for _ in range(_TRIES):
            row = load.pick(operation.class_name)
            if row is None:
                raise Wrong("no row is known to take values from")
            try:
                return bind(operation.where, row, pick, load.rng), row
            except CannotBind as error:
                reason = str(error)
        raise Wrong(reason)

    def must_match(self, class_name: str, where: Row, row: Row | None, what: str) -> None:
        """Blame the store for a row that is not in an answer, if it still matches the query.

        Raises:
            Wrong: It does; ``what`` is the text.
        """
        if row is None or not where or matches(where, row, whole=False) is not True:
            return
        # Somebody else may have changed or deleted it since it was sampled.
        now = self.connection.fetch(self.load.setup.read_class(class_name), str(row["objectId"]))
        if now is not None and matches(where, now, whole=True) is True:
            raise Wrong(what)

    def compare(self, own: OwnRow, *, timed: bool = False) -> None:
        """Compare a row of the run with what was written.

        Raises:
            Wrong: It differs, or is not there.
        """
        row = self.connection.fetch(own.class_name, own.object_id, timed=timed)
        if row is None:
            raise Wrong(NOT_THERE)
        if row.get("objectId") != own.object_id:
            raise Wrong("another row than was asked for")
        for key, value in own.fields.items():
            if key not in row or not same(value, row[key]):
                raise Wrong(NOT_WHAT_WAS_SENT)

    def keep(self, class_name: str, own: OwnRow, what: str) -> None:
        """Read a row that was written back now and then, and keep it for other operations."""
        if self.load.is_read_back(what):
            self.compare(own)
        self.pools.put(class_name, own)

    def create_rows(self, operation: Operation, number: int) -> list[OwnRow]:
        """Create rows of a class, as batches."""
        stand_in = self.load.setup.stand_ins[operation.class_name]
        made: list[OwnRow] = []
        while len(made) < number:
            size = min(_BATCH, number - len(made))
            rows = [self.load.new_row(operation) for _ in range(size)]
            ids = self.connection.create_many(stand_in, rows)
            made += map(OwnRow, [stand_in] * size, ids, rows)
        return made

    def new_account(self) -> None:
        """Sign a user up."""
        name = f"{self.load.prefix}_{self.load.process}u{self.load.number()}".lower()
        object_id, token = self.connection.sign_up(name, _PASSWORD)
        self.pools.add(Account(name, _PASSWORD, object_id))
        self.pools.sessions.append(token)

    def new_file(self, size: int) -> None:
        """Upload a file of random bytes."""
        content = self.load.rng.randbytes(size)
        name = f"{self.load.prefix.lower()}_{self.load.process}f{self.load.number()}.bin"
        stored = self.connection.upload(name, content)
        self.load.uploaded.append(stored)
        self.pools.files.append((stored, content))

    # What is done without anything prepared; each returns the name of what was done.

    def create(self, operation: Operation) -> str:
        """Create a row, and read some of them back."""
        class_name, fields = operation.class_name, self.load.new_row(operation)
        stand_in = self.load.setup.stand_ins[class_name]
        own = OwnRow(stand_in, self.connection.create(stand_in, fields), fields)
        self.keep(class_name, own, "create")
        return f"create {class_name}"

    def update(self, operation: Operation) -> str:
        """Change a row of the run; without one create one."""
        class_name = operation.class_name
        own = self.pools.take(class_name)
        if own is None:
            return self.create(operation)
        changed: dict[str, Any] = {NUMBER: self.load.number()}
        pad(changed, operation.payload_bytes)
        self.connection.update(own.class_name, own.object_id, changed)
        own.fields = {**own.fields, **changed}
        self.keep(class_name, own, "update")
        return f"update {class_name}"

    def delete(self, operation: Operation) -> str:
        """Delete a row of the run; without one create one."""
        own = self.pools.take(operation.class_name)
        if own is None:
            return self.create(operation)
        where = (own.class_name, own.object_id)
        self.connection.delete(*where)
        if self.load.is_read_back("delete") and self.connection.fetch(*where) is not None:
            raise Wrong("the row is still there afterwards")
        return f"delete {operation.class_name}"

    def batch(self, operation: Operation) -> str:
        """Create several rows in one request."""
        for own in self.create_rows(operation, operation.parts):
            self.keep(operation.class_name, own, "batch")
        return f"batch {operation.class_name}"

    def sign_up(self, _: Operation) -> str:
        """Sign a new user up."""
        self.new_account()
        return Ask.SIGN_UP.value

    def log_in(self, operation: Operation) -> str:
        """Log one of the run's users in; without one sign one up."""
        account = self.pools.account()
        if account is None:
            return self.sign_up(operation)
        object_id, token = self.connection.log_in(account.username, account.password)
        if object_id != account.object_id:
            raise Wrong("another user than the one who logged in")
        self.pools.sessions.append(token)
        return Ask.LOG_IN.value

    def log_out(self, operation: Operation) -> str:
        """End a session; with none to end begin one: it is a log-in then."""
        if not self.pools.sessions:
            return self.log_in(operation)
        token = self.pools.sessions.popleft()
        self.connection.log_out(token)
        if self.load.is_read_back("log-out") and self.connection.is_logged_in(token):
            raise Wrong("the session still works afterwards")
        return Ask.LOG_OUT.value

    def upload(self, operation: Operation) -> str:
        """Upload a file."""
        self.new_file(operation.payload_bytes or _DEFAULT_FILE)
        return Ask.UPLOAD.value

    def download(self, operation: Operation) -> str:
        """Download a file and compare every byte; without one upload one."""
        if not self.pools.files:
            return self.upload(operation)
        name, content = self.load.rng.choice(self.pools.files)
        if self.connection.download(name) != content:
            raise Wrong("the bytes are not those of the file")
        return Ask.DOWNLOAD.value

    def function(self, operation: Operation) -> str:
        """Call a cloud function."""
        size = operation.payload_bytes
        self.connection.call(operation.function, {PAD: "x" * size} if size else {})
        return operation.name

    def installation(self, _: Operation) -> str:
        """Register a device."""
        rng = self.load.rng
        device: dict[str, Any] = {
            "deviceType": rng.choice(("ios", "android")),
            "installationId": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "appIdentifier": self.load.prefix,
            "channels": [],
        }
        self.connection.register(device)
        return Ask.INSTALLATION.value


def query(user: WorkloadUser, operation: Operation) -> Do:
    """Return what sends a query of a shape and looks at every row that comes."""
    load, class_name, name = user.load, operation.class_name, operation.name
    limit = DEFAULT_LIMIT if operation.limit is None else operation.limit
    asked = load.as_asked(operation)
    find, sort = user.connection.finder(asked), load.store.sort_key(asked)
    row_id, whole = load.store.ROW_ID, not operation.keys

    def do() -> str:
        where, row = user.bound(operation)
        rows, condition = find(where, row)
        if len(rows) > limit:
            raise Wrong(f"more rows than the limit: {len(rows)} of {limit}")
        for found in rows:
            if not isinstance(found, dict) or row_id not in found:
                raise Wrong("a row without an objectId")
            if condition and matches(condition, found, whole=whole) is False:
                raise Wrong("a row that does not match the where")
        if sort is not None and out_of_order(sort, rows):
            raise Wrong("the rows are out of order")
        if row is not None and not operation.skip and len(rows) < limit:
            wanted = row["objectId"]
            if not any(found[row_id] == wanted for found in rows):
                user.must_match(class_name, where, row, "a row that matches was not found")
        return name

    return do


def count(user: WorkloadUser, operation: Operation) -> Do:
    """Return what counts rows; the row that the values are from counts at least."""
    class_name, name = operation.class_name, operation.name
    count_rows = user.connection.counter(user.load.as_asked(operation))

    def do() -> str:
        where, row = user.bound(operation)
        if count_rows(where, row) == 0:
            user.must_match(class_name, where, row, "a row that matches was not counted")
        return name

    return do


def get(user: WorkloadUser, operation: Operation) -> Do:
    """Return what gets a row by its id; now and then one of the run's own, to compare it."""
    load, class_name, name = user.load, operation.class_name, operation.name
    read, row_id = user.connection.getter(load.as_asked(operation)), load.store.ROW_ID
    samples, choose, pools = load.samples.get(class_name), load.rng.choice, load.pools

    def do() -> str:
        own = None
        if not samples or load.rng.randrange(_OWN_GETS) == 0:
            own = pools.take(class_name)
        if own is not None:
            try:
                user.compare(own, timed=True)
            finally:
                pools.put(class_name, own)
            return name
        if not samples:
            raise Wrong("no row is known to get")
        wanted = choose(samples)["objectId"]
        row = read(wanted)
        if row is not None and row.get(row_id) != wanted:
            raise Wrong("another row than was asked for")
        return name

    return do


MAKERS: Final[dict[Ask, Callable[[WorkloadUser, Operation], Do]]] = {
    Ask.QUERY: query,
    Ask.COUNT: count,
    Ask.GET: get,
}
"""What prepares the operations that are asked most: what is the same every time is made once."""

_METHODS: Final[dict[Ask, Callable[[WorkloadUser, Operation], str]]] = {
    Ask.CREATE: WorkloadUser.create,
    Ask.UPDATE: WorkloadUser.update,
    Ask.DELETE: WorkloadUser.delete,
    Ask.BATCH: WorkloadUser.batch,
    Ask.SIGN_UP: WorkloadUser.sign_up,
    Ask.LOG_IN: WorkloadUser.log_in,
    Ask.LOG_OUT: WorkloadUser.log_out,
    Ask.UPLOAD: WorkloadUser.upload,
    Ask.DOWNLOAD: WorkloadUser.download,
    Ask.FUNCTION: WorkloadUser.function,
    Ask.INSTALLATION: WorkloadUser.installation,
}


def _prepared(user: WorkloadUser, operation: Operation) -> Do:
    maker = MAKERS.get(operation.ask)
    return maker(user, operation) if maker else partial(_METHODS[operation.ask], user, operation)


def pad(fields: dict[str, Any], size: int) -> None:
    """Bring fields to a size in JSON."""
    missing = size - len(orjson.dumps(fields)) - len(PAD) - 6
    if missing > 0:
        fields[PAD] = "x" * missing
