"""Whether two connections reach the same database, found without writing."""

from __future__ import annotations

from typing import Any

from parity.jobs.verify.structure import Described
from parity.targets.mongo import Reader


def same_database(
    source: Reader,
    destination: Reader,
    described: tuple[dict[str, Described], dict[str, Described]],
) -> bool:
    """Return whether both sides are the same database.

    The same name on the same process is; so is the same name on members of one replica set, or
    on two routers of one cluster. A replica set is known by its name and a common member, and
    by the UUID of a collection, because two sets may be called ``rs0`` on ``localhost``.

    Args:
        source: A connection.
        destination: Another.
        described: The collections that each sees.
    """
    if source.database != destination.database:
        return False
    if same_server(source, destination):
        return True
    if not _common_uuid(*described):
        return False
    if source.is_sharded and destination.is_sharded:
        return True
    left, right = source.hello, destination.hello
    return left.get("setName") is not None and (
        left.get("setName") == right.get("setName") and bool(_members(left) & _members(right))
    )


def same_server(source: Reader, destination: Reader) -> bool:
    """Return whether both connections end in one server process.

    ``topologyVersion.processId`` is made anew by each process. Source: MongoDB manual, "hello";
    servers from 4.4 on tell it. Before, only the address is left.
    """
    left, right = (each.hello.get("topologyVersion") for each in (source, destination))
    if left and right:
        return bool(left["processId"] == right["processId"])
    return bool(source.client.nodes & destination.client.nodes)


def _members(hello: dict[str, Any]) -> set[str]:
    return {member for kind in ("hosts", "passives", "arbiters") for member in hello.get(kind, ())}


def _common_uuid(left: dict[str, Described], right: dict[str, Described]) -> bool:
    ours, theirs = ({each.uuid for each in side.values() if each.uuid} for side in (left, right))
    return bool(ours & theirs)
