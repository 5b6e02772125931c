"""Removes what a load test made, by name: whoever of its processes made it, dead or alive.

Classes carry the run's prefix, so do names of users and files; installations carry it as
``appIdentifier``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

from parity.jobs.size.load.order import LoadOrder
from parity.model import Target
from parity.model.errors import HarnessError
from parity.targets.client import ParseClient
from parity.targets.namespace import PREFIX, Namespace
from parity.targets.sweep import BATCH, sweep_classes

_PAGE: Final = 1000
_ROUNDS: Final = 3
_BETWEEN_S: Final = 0.3


def clean(order: LoadOrder, mark: str, files: Iterable[str] = ()) -> list[str]:
    """Remove everything that a run made.

    Args:
        order: What the run was told.
        mark: Its mark.
        files: Names of the files that it uploaded.

    Returns:
        What could not be removed, for people.
    """
    if order.kind in ("null", "replay") or order.read_only:
        return []
    if order.kind == "mongo":
        return clean_mongo(order.target, mark)
    return clean_rest(order.target, mark, files)


def clean_rest(target: Target, mark: str, files: Iterable[str]) -> list[str]:
    """Remove what a run made through a Parse Server."""
    if target.keys.master_key is None:
        return ["everything: there is no master_key"]
    left: list[str] = []
    client = ParseClient(target).as_master()
    try:
        for _ in range(_ROUNDS):
            # A request that was under way when its user was stopped may still write.
            left = sweep_classes(target, Namespace(mark))
            if not _sweep_rows(client, mark) and not left:
                break
            time.sleep(_BETWEEN_S)
        for name in dict.fromkeys((*files, *_files_in_mongo(target, mark))):
            reply = client.delete(f"files/{name}", raw=True)
            if not reply.ok and reply.status not in (400, 404):
                left.append(f"files/{name}: status {reply.status}")
    except HarnessError as error:
        left.append(f"the rest, because {error}")
    finally:
        client.close()
    return left


def _files_in_mongo(target: Target, mark: str) -> list[str]:
    """Return names of the run's files that GridFS has: a process that was killed told nobody."""
    if target.mongo is None:
        return []
    from pymongo.errors import PyMongoError  # noqa: PLC0415 - every Locust process imports this

    from parity.jobs.size.load.mongo_store import connect  # noqa: PLC0415

    try:
        client, database = connect(target, 1)
        with client:
            found = database["fs.files"].find({"filename": {"$regex": f"_parity{mark}_"}})
            return [str(file["filename"]) for file in found]
    except PyMongoError:
        return []  # files may be kept elsewhere, and what was told is known


def clean_mongo(target: Target, mark: str) -> list[str]:
    """Drop the collections that a run made in MongoDB."""
    from pymongo.errors import PyMongoError  # noqa: PLC0415 - every Locust process imports this

    from parity.jobs.size.load.mongo_store import connect  # noqa: PLC0415

    prefix = f"{PREFIX}{mark}"
    try:
        client, database = connect(target, 4)
        with client:
            for name in database.list_collection_names():
                if name.startswith(prefix):
                    database.drop_collection(name)
            return [name for name in database.list_collection_names() if name.startswith(prefix)]
    except PyMongoError as error:
        return [f"the collections {prefix}…, because {type(error).__name__}"]


def _sweep_rows(client: ParseClient, mark: str) -> int:
    """Remove users with their sessions, and installations; return how many there were."""
    name = f"{PREFIX}{mark}"
    found = 0
    for class_name, where in (
        ("_User", {"username": {"$regex": f"^{name.lower()}"}}),
        ("_Installation", {"appIdentifier": name}),
    ):
        while ids := _ids(client, class_name, where):
            found += len(ids)
            if class_name == "_User":
                _end_sessions(client, ids)
            if not _delete(client, class_name, ids):
                break
    return found


def _ids(client: ParseClient, class_name: str, where: dict[str, Any]) -> list[str]:
    reply = client.find(class_name, where, limit=_PAGE, keys="objectId")
    return [str(row["objectId"]) for row in reply.results] if reply.ok else []


def _end_sessions(client: ParseClient, users: list[str]) -> None:
    pointers = [{"__type": "Pointer", "className": "_User", "objectId": user} for user in users]
    for start in range(0, len(pointers), 100):
        where = {"user": {"$in": pointers[start : start + 100]}}
        while sessions := _ids(client, "_Session", where):
            if not _delete(client, "_Session", sessions):
                break


def _delete(client: ParseClient, class_name: str, ids: list[str]) -> bool:
    gone = 0
    for start in range(0, len(ids), BATCH):
        reply = client.batch(
            [
                {"method": "DELETE", "path": f"classes/{class_name}/{object_id}", "body": {}}
                for object_id in ids[start : start + BATCH]
            ]
        )
        answers = reply.json if reply.ok and isinstance(reply.json, list) else []
        gone += sum(isinstance(answer, dict) and "success" in answer for answer in answers)
    return gone > 0
