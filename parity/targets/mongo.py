"""A connection that reads one database: one member, one read concern, no writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from bson.timestamp import Timestamp
from pymongo import MongoClient, ReadPreference
from pymongo.client_session import ClientSession
from pymongo.errors import (
    ConfigurationError,
    ExecutionTimeout,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import _ServerMode, make_read_preference
from pymongo.uri_parser import parse_uri

from parity.model import UserError
from parity.model.errors import HarnessError, TargetDown
from parity.model.secret import Secret

SELECTION_TIMEOUT_MS: Final = 10_000
SOCKET_TIMEOUT_MS: Final = 600_000
"""A scan that finds nothing for this long has lost its server."""

MAX_STALENESS_S: Final = 90
"""Seconds that a secondary may be behind to be chosen; MongoDB takes no less."""
CATCH_UP_MS: Final = 60_000
"""Milliseconds that a secondary may take to come to where the primary was at the start."""

Preference = Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"]
PREFERENCES: Final = ("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")

AUTHENTICATION_FAILED: Final = 18
UNAUTHORIZED: Final = 13
_OF_A_SET: Final = frozenset(
    {"replicaset", "readpreference", "readpreferencetags", "directconnection", "loadbalanced"}
)


@dataclass(frozen=True, slots=True)
class Access:
    """How one database is read.

    Attributes:
        name: What the user calls the side; in every message.
        uri: MongoDB URI with the database.
        read_preference: ``primary``, ``secondaryPreferred``, …; that of the URI does not count. A
            secondary is read only once it has all that the primary had at the start.
        max_mb_s: Megabytes a second to read at most; ``None`` for no limit.
    """

    name: str
    uri: Secret
    read_preference: str = "primary"
    max_mb_s: float | None = None

    @property
    def database(self) -> str:
        """Name of the database.

        Raises:
            UserError: The URI is no URI, or names no database.
        """
        return database_of(self.name, self.uri)


def database_of(name: str, uri: Secret) -> str:
    """Return the database that a URI names.

    Args:
        name: What the user calls the side.
        uri: The URI.

    Raises:
        UserError: The URI is no URI, or names no database.
    """
    try:
        database = parse_uri(uri.value, validate=True)["database"]
    except (InvalidURI, ConfigurationError, ValueError) as error:
        # The driver's message may quote a part of the URI; its kind is enough.
        raise UserError(
            f"the MongoDB URI of {name!r} is not valid ({type(error).__name__})",
            "Write it as mongodb://user:password@host:27017/database; percent-encode the password.",
            code="mongo-uri",
        ) from None
    # A password with "@" and "/" in it can make a URI that is read, wrongly: host and database are
    # parts of the password then, which would be shown as such.
    if database and set(database) & set('@:/\\ "$'):
        raise UserError(
            f"the MongoDB URI of {name!r} names a database that cannot be",
            "Write it as mongodb://user:password@host:27017/database; percent-encode the password.",
            code="mongo-uri",
        )
    if not database:
        raise UserError(
            f"the MongoDB URI of {name!r} names no database",
            "Add it at the end: mongodb://host:27017/database, as in Parse Server's databaseURI.",
            code="mongo-database",
        )
    return str(database)


class Reader:
    """One connection to one member; close it.

    Args:
        access: What is read, and how.

    Raises:
        UserError: The server refuses the user, or nobody can tell how old its data is.
        TargetDown: It cannot be reached.
        HarnessError: It is a secondary that is too far behind.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.database = access.database
        self.preference = _preference(access.read_preference)
        with reported(access.name):
            self.client, self.hello, primary = _one_member(access.uri.value, self.preference)
        self.db = self.client.get_database(self.database, read_preference=self.preference)
        try:
            self._refuse_old_data(primary)
        except BaseException:
            self.client.close()
            raise
        # What a majority has cannot be rolled back; a standalone knows no majority.
        self.concern = "majority" if self.is_replica_set or self.is_sharded else "local"

    @property
    def is_replica_set(self) -> bool:
        """Whether the server is a member of a replica set."""
        return "setName" in self.hello

    @property
    def is_sharded(self) -> bool:
        """Whether the server is a mongos."""
        return self.hello.get("msg") == "isdbgrid"

    @property
    def is_secondary(self) -> bool:
        """Whether the server is a member of a replica set that follows another one."""
        return bool(self.hello.get("secondary"))

    @property
    def read_from(self) -> str:
        """Say which member is read, and how old its data may be; for evidence."""
        asked = self.access.read_preference
        if self.is_secondary:
            return (
                f"{asked}: the secondary {self.hello.get('me')}, which had all that the primary "
                "had at the start"
            )
        if self.is_sharded:
            return f"{asked}: the primary of each shard"
        return f"{asked}: the primary" if self.is_replica_set else "the only server"

    def _refuse_old_data(self, primary: ClientSession | None) -> None:
        """Wait until a secondary has what the primary had; what is older than the question lies."""
        name = self.access.name
        if self.is_sharded and self.preference != ReadPreference.PRIMARY:
            raise UserError(
                f"{name!r} is a sharded cluster, which is read from its primaries only",
                "Leave --read-preference out: nobody can tell how old its secondaries are.",
                code="read-preference",
            )
        if self.is_secondary and primary is None:
            raise UserError(
                f"the MongoDB URI of {name!r} leads to a secondary alone, "
                "and nobody can tell how old its data is",
                "Name the replica set in the URI, without directConnection.",
                code="read-preference",
            )
        if self.is_replica_set:
            with reported(name), self.client.start_session() as session:
                self._catch_up(primary or session)

    def catch_up(self) -> Timestamp | None:
        """Wait until what is read is as new as the member itself is now.

        A majority may be late, and what is read is what the majority has: with two members of
        three down or delayed, a primary shows data as old as they are.

        Returns:
            The time that is reached, on the server's own clock; ``None`` for a standalone.

        Raises:
            HarnessError: The majority is too far behind.
        """
        if not (self.is_replica_set or self.is_sharded):
            return None
        with reported(self.access.name), self.client.start_session() as session:
            return self._catch_up(session)

    def _catch_up(self, knows: ClientSession) -> Timestamp | None:
        """Wait until a majority read shows what a session knows of; see :meth:`catch_up`."""
        if knows.operation_time is None:
            self.client.admin.command("ping", session=knows, read_preference=self.preference)
        time, cluster_time = knows.operation_time, knows.cluster_time
        if time is None or cluster_time is None:
            return None  # a server that only looks like a replica set
        schema = self.db.get_collection("_SCHEMA", read_concern=ReadConcern("majority"))
        with self.client.start_session() as session:
            session.advance_cluster_time(cluster_time)
            session.advance_operation_time(time)
            try:
                schema.find_one({}, {"_id": 1}, session=session, max_time_ms=CATCH_UP_MS)
            except ExecutionTimeout:
                who = f"the secondary {self.hello.get('me')}" if self.is_secondary else "a majority"
                remedy = "; read the primary instead" if self.is_secondary else ""
                raise HarnessError(
                    f"{self.access.name}: {who} is behind: after {CATCH_UP_MS / 1000:g} s it lacks "
                    f"what the primary had at the start{remedy}"
                ) from None
        return time

    def command(
        self, command: dict[str, Any], *, admin: bool = False, database: str = ""
    ) -> dict[str, Any]:
        """Run a command that reads, in the database or another one, and return its reply."""
        other = "admin" if admin else database
        db = self.client[other] if other else self.db
        with reported(self.access.name):
            return db.command(command, read_preference=self.preference)

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self.client.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Turn the driver's errors into ours.

    Args:
        name: What the user calls the side.

    Raises:
        UserError: The user may not do that, or is not known.
        TargetDown: The connection was refused or lost.
        HarnessError: Anything else that the server or the driver says.
    """
    try:
        yield
    except OperationFailure as error:
        if error.code in (AUTHENTICATION_FAILED, UNAUTHORIZED):
            raise UserError(
                f"MongoDB refuses the user of {name!r}: {_first_line(error)}",
                "The user needs the role 'read' on the database "
                "(and 'clusterMonitor' to see more of the server).",
                code="mongo-refused",
            ) from None
        raise HarnessError(f"{name}: MongoDB answers: {_first_line(error)}") from None
    except PyMongoError as error:
        raise TargetDown(f"{name}: MongoDB cannot be read: {_first_line(error)}") from None


class Throttle:
    """Keeps a reader below a rate.

    Args:
        max_mb_s: Megabytes a second; ``None`` for no limit.
    """

    def __init__(self, max_mb_s: float | None) -> None:
        self._rate = max_mb_s * 1_000_000 if max_mb_s else None
        self._free_at = time.monotonic()

    def wait(self, size: int) -> None:
        """Wait until ``size`` more bytes are allowed."""
        if self._rate is None:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + size / self._rate
        time.sleep(max(0.0, self._free_at - now))


def _preference(name: str) -> _ServerMode:
    modes = {
        "primary": ReadPreference.PRIMARY,
        "primaryPreferred": ReadPreference.PRIMARY_PREFERRED,
        "secondary": ReadPreference.SECONDARY,
        "secondaryPreferred": ReadPreference.SECONDARY_PREFERRED,
        "nearest": ReadPreference.NEAREST,
    }
    mode = modes[name].mode
    return make_read_preference(mode, None, -1 if name == "primary" else MAX_STALENESS_S)


def _one_member(
    uri: str, preference: _ServerMode
) -> tuple[MongoClient[dict[str, Any]], dict[str, Any], ClientSession | None]:
    """Connect to the one member that all reads go to: a cursor lives on one server.

    Returns:
        The client, what the member says of itself, and for a secondary a session that knows
        where the primary is; ``None`` if that cannot be asked.
    """
    client = _client(uri)
    hello = client.admin.command({"hello": 1}, read_preference=preference)
    address = hello.get("me")
    if address is None and len(client.nodes) > 1:  # one of several mongos
        address = "{}:{}".format(*min(client.nodes))
    if address is None or _is_direct(uri):
        return client, hello, None
    primary = client.start_session() if hello.get("secondary") else None
    if primary is not None:
        client.admin.command("ping", session=primary, read_preference=ReadPreference.PRIMARY)
    client.close()
    client = _client(_direct(uri, address))
    return client, client.admin.command({"hello": 1}, read_preference=preference), primary


def _direct(uri: str, address: str) -> str:
    """Return the URI of one member, with the user's credentials and other options."""
    scheme, _, rest = uri.partition("://")
    authority, _, tail = rest.partition("/")
    user, at, _ = authority.rpartition("@")
    database, _, query = tail.partition("?")
    options = [each for each in query.split("&") if each and _option(each) not in _OF_A_SET]
    if scheme == "mongodb+srv":  # what the DNS says stands for these
        given = {_option(option) for option in options}
        source = parse_uri(uri)["options"].get("authSource")
        more = {"tls": "true", **({"authSource": source} if source else {})}
        options += [f"{name}={value}" for name, value in more.items() if name.lower() not in given]
    query = "&".join([*options, "directConnection=true"])
    return f"mongodb://{user}{at}{address}/{database}?{query}"


def _option(pair: str) -> str:
    return pair.partition("=")[0].lower()


def _is_direct(uri: str) -> bool:
    return bool(parse_uri(uri)["options"].get("directConnection"))


def _client(uri: str) -> MongoClient[dict[str, Any]]:
    given = {_option(each) for each in uri.partition("?")[2].split("&")}
    ours = {
        "serverSelectionTimeoutMS": SELECTION_TIMEOUT_MS,
        "socketTimeoutMS": SOCKET_TIMEOUT_MS,
        "maxPoolSize": 4,
        "appName": "parse-parity",
    }
    more: dict[str, Any] = {
        name: value for name, value in ours.items() if name.lower() not in given
    }
    return MongoClient(uri, **more)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].split(", full error:")[0][:300]
