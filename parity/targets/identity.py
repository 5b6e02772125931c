"""What a run was measured on, as digests, so that a gate sees when it is not in use any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from parity.model import BadReply, HarnessError, Target
from parity.model.digest import digest_of_bytes, digest_of_files
from parity.targets.client import ParseClient
from parity.targets.sources import source_files
from parity.wire import compact_json

_ALWAYS_THERE: Final = ("_SCHEMA", "_User")
_PATIENCE_MS: Final = 5_000


def measured_on(target: Target) -> dict[str, str]:
    """Return the digests of a server, without writing anything to it.

    Args:
        target: The server.

    Returns:
        ``options``: what its options make it show (features, whether it wants a client key, what
        it lets browsers do); ``cloud``: the code that ``cloud`` of the target names. What cannot
        be told is left out, and a gate that asks for it says so.
    """
    cloud = target.cloud
    digests = {"options": _options(target), "cloud": code_digest(cloud) if cloud else None}
    return {name: digest for name, digest in digests.items() if digest is not None}


def address_of(target: Target) -> dict[str, str]:
    """Return the digest of the place of a database: hosts and name, without who asks.

    It is there before the database is, which has no identity of its own until it is filled.

    Args:
        target: A target; one without ``mongo`` has no digest.

    Returns:
        ``mongod``, or nothing.
    """
    if target.mongo is None:
        return {}
    # After the last @, which a password may hold: mongodb://user:p@ss@host:27017/name?options
    place = target.mongo.value.partition("?")[0].partition("://")[2].rpartition("@")[2]
    hosts, _, name = place.partition("/")
    told = [sorted(host.lower().removesuffix(":27017") for host in hosts.split(",")), name]
    return {"mongod": digest_of_bytes(compact_json(told).encode())}


def database_measured_on(target: Target) -> dict[str, str]:
    """Return the digest of a database: another one after it was dropped and filled again.

    Rows that come and go do not change it. It is made of the name of the database and of the ids
    that MongoDB (3.6 and later) gave to ``_SCHEMA`` and ``_User`` when it made them.

    Args:
        target: A target; one without ``mongo`` has no digest.

    Returns:
        ``mongod``: where it is; and ``database``, if it can be told.
    """
    from pymongo import MongoClient  # noqa: PLC0415 - not for those that ask a server only
    from pymongo.errors import PyMongoError  # noqa: PLC0415

    if target.mongo is None:
        return {}
    wanted = {"name": {"$in": list(_ALWAYS_THERE)}}
    try:
        with MongoClient[dict[str, Any]](
            target.mongo.value, serverSelectionTimeoutMS=_PATIENCE_MS
        ) as client:
            database = client.get_default_database()
            found = [
                (collection["name"], collection.get("info", {}).get("uuid"))
                for collection in database.list_collections(filter=wanted)
            ]
    except PyMongoError:
        return address_of(target)
    ids = sorted((name, uuid.hex()) for name, uuid in found if uuid is not None)
    if not ids:
        return address_of(target)
    return address_of(target) | {
        "database": digest_of_bytes(compact_json([database.name, ids]).encode())
    }


def code_digest(place: Path) -> str:
    """Return the digest of code, wherever it lies: of a file, or of the source below a folder.

    Raises:
        OSError: It is not there, or cannot be read.
    """
    return digest_of_files(source_files(place))


def _options(target: Target) -> str | None:
    client = ParseClient(target)
    try:
        shown = [_features(client), _keyless(client), _for_browsers(client)]
    except HarnessError:
        return None
    finally:
        client.close()
    return digest_of_bytes(compact_json(shown).encode())


def _features(client: ParseClient) -> Any:
    if client.target.keys.master_key is None:
        return None
    try:
        reply = client.as_master().get("serverInfo")
    except BadReply:  # the hosted service had no such endpoint
        return None
    return reply.json if reply.ok else reply.status


def _keyless(client: ParseClient) -> int:
    return client.using(key=None).get("config", raw=True).status


def _for_browsers(client: ParseClient) -> list[str | None]:
    asking = {
        "Origin": "https://parity.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "X-Parse-Application-Id",
    }
    reply = client.request("OPTIONS", "classes/_Installation", headers=asking, raw=True)
    names = ("Origin", "Methods", "Headers", "Credentials")
    return [reply.headers.get(f"Access-Control-Allow-{name}") for name in names]
