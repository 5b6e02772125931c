"""A connection that reads one database: one member, one read concern, no writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pymongo import MongoClient, ReadPreference
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from pymongo.read_preferences import _ServerMode, make_read_preference
from pymongo.uri_parser import parse_uri

from parity.model import UserError
from parity.model.errors import HarnessError, TargetDown
from parity.model.secret import Secret

SELECTION_TIMEOUT_MS: Final = 10_000
SOCKET_TIMEOUT_MS: Final = 600_000
"""A scan that finds nothing for this long has lost its server."""

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
        read_preference: ``primary``, ``secondaryPreferred``, ….
        max_mb_s: Megabytes a second to read at most; ``None`` for no limit.
    """

    name: str
    uri: Secret
    read_preference: str = "primaryPreferred"
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
        UserError: The server refuses the user.
        TargetDown: It cannot be reached.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.database = access.database
        self.preference = _preference(access.read_preference)
        with reported(access.name):
            self.client, self.hello = _one_member(access.uri.value, self.preference)
        self.db = self.client[self.database]
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

    def command(self, command: dict[str, Any], *, admin: bool = False) -> dict[str, Any]:
        """Run a command that reads, and return its reply."""
        db = self.client["admin"] if admin else self.db
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
    return make_read_preference(modes[name].mode, None)


def _one_member(
    uri: str, preference: _ServerMode
) -> tuple[MongoClient[dict[str, Any]], dict[str, Any]]:
    """Connect to the one member that all reads go to: a cursor lives on one server."""
    client = _client(uri)
    hello = client.admin.command({"hello": 1}, read_preference=preference)
    address = hello.get("me")
    if address is None and len(client.nodes) > 1:  # one of several mongos
        address = "{}:{}".format(*min(client.nodes))
    if address is None or _is_direct(uri):
        return client, hello
    client.close()
    client = _client(_direct(uri, address))
    return client, client.admin.command({"hello": 1}, read_preference=preference)


def _direct(uri: str, address: str) -> str:
    """Return the URI of one member, with the user's credentials and other options."""
    scheme, _, rest = uri.partition("://")
    authority, _, tail = rest.partition("/")
    user, at, _ = authority.rpartition("@")
    database, _, query = tail.partition("?")
    options = [each for each in query.split("&") if each and _option(each) not in _OF_A_SET]
    if scheme == "mongodb+srv":  # what the DNS says stands for these
        given = {_option(each) for each in options}
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
