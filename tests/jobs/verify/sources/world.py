"""An app with everything that Parse can store, made through REST, and its hosted export."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from parity.targets import ParseClient

Mongo = Database[dict[str, Any]]
SCORES = 240


def fill(app: ParseClient) -> dict[str, list[str]]:
    """Create objects of every kind through REST.

    Args:
        app: A client of a source; its master key is used.

    Returns:
        The ids that were made, by class.
    """
    master = app.as_master()
    made: dict[str, list[str]] = {}

    def create(class_name: str, fields: dict[str, Any]) -> str:
        reply = master.create(class_name, fields)
        assert reply.status == 201, reply.text
        made.setdefault(class_name, []).append(reply["objectId"])
        return str(reply["objectId"])

    users = [_sign_up(app, number) for number in range(3)]
    made["_User"] = users
    made["_Installation"] = [_install(app, number, users[number]) for number in range(2)]
    role = create(
        "_Role", {"name": "admins", "ACL": {"*": {"read": True}}, "users": _add("_User", users[:2])}
    )
    create("_Role", {"name": "owners", "ACL": {}, "roles": _add("_Role", [role])})
    upload = app.upload("resume.txt", b"content", "text/plain")
    teams = [create("Team", {"name": name, "strength": n / 3}) for n, name in enumerate("RGB")]
    for number in range(SCORES):
        create("GameScore", score(number, users, teams, upload["name"]))
    create("Rich", rich(users[0], upload["name"]))
    create("Rich", {"text": "only text", "ACL": {users[0]: {"read": True, "write": True}}})
    create("Team", {"name": "with fans", "fans": _add("_User", users)})
    return made


def _sign_up(app: ParseClient, number: int) -> str:
    fields: dict[str, Any] = {"email": f"user{number}@example.com", "nickname": f"ü{number}"}
    reply = app.sign_up(f"user{number}", f"password{number}", **fields)
    assert reply.status == 201, reply.text
    user_id = str(reply["objectId"])
    if number == 0:
        auth = {"authData": {"anonymous": {"id": "0f5c2f30-1c1c-4f5e-9b5e-9d1f4c7c0d11"}}}
        assert app.as_master().put(f"users/{user_id}", auth).ok
    return user_id


def _install(app: ParseClient, number: int, user: str) -> str:
    body = {
        "deviceType": "ios",
        "deviceToken": f"{number:064x}",
        "installationId": f"00000000-0000-4000-8000-00000000000{number}",
        "channels": ["news", "Ünïcode"],
        "badge": number,
        "user": pointer("_User", user),
    }
    reply = app.post("installations", body)
    assert reply.status == 201, reply.text
    return str(reply["objectId"])


def score(number: int, users: list[str], teams: list[str], file: str) -> dict[str, Any]:
    """Return the fields of one score."""
    fields: dict[str, Any] = {
        "score": number,
        "ratio": number / 7,
        "player": f"Player {number}",
        "team": pointer("Team", teams[number % len(teams)]),
        "playedAt": {
            "__type": "Date",
            "iso": f"2015-06-{number % 28 + 1:02}T10:00:00.{number:03}Z",
        },
        "cheat": number % 2 == 0,
    }
    if number % 3:
        who = users[number % len(users)]
        fields["ACL"] = {who: {"read": True, "write": True}, "*": {"read": True}}
    if number % 5 == 0:
        fields["proof"] = {"__type": "File", "name": file}
    return fields


def rich(user: str, file: str) -> dict[str, Any]:
    """Return fields of every type."""
    return {
        "text": "naïve 😀 \u0000 end",
        "empty": "",
        "whole": 42,
        "big": 9007199254740991,
        "fraction": 0.1,
        "negative": -12.5,
        "yes": True,
        "nothing": None,
        "when": {"__type": "Date", "iso": "2014-02-28T23:59:59.999Z"},
        "place": {"__type": "GeoPoint", "latitude": 12.34, "longitude": -56.78},
        "data": {"__type": "Bytes", "base64": base64.b64encode(bytes(range(64))).decode()},
        "file": {"__type": "File", "name": file},
        "user": pointer("_User", user),
        "list": [1, 2.5, "three", None, {"four": [4]}, pointer("_User", user)],
        "object": {
            "nested": {"deep": [1, {"deeper": True}]},
            "date": {"__type": "Date", "iso": "2013-01-01T00:00:00.000Z"},
            "geo": {"__type": "GeoPoint", "latitude": 1.5, "longitude": 2.5},
        },
        "area": {
            "__type": "Polygon",
            "coordinates": [[0, 0], [0, 1.5], [1, 1], [0, 0]],
        },
        "ACL": {"*": {"read": True}, "role:admins": {"read": True, "write": True}},
    }


def pointer(class_name: str, object_id: str) -> dict[str, Any]:
    """Return a pointer as JSON."""
    return {"__type": "Pointer", "className": class_name, "objectId": object_id}


def _add(class_name: str, ids: list[str]) -> dict[str, Any]:
    return {"__op": "AddRelation", "objects": [pointer(class_name, id_) for id_ in ids]}


def write_export(app: ParseClient, database: Mongo, folder: Path) -> None:
    """Write what the hosted service would have mailed.

    Args:
        app: A client of the source: its answers are the content.
        database: The source's database: the join tables come from there, because REST has none.
        folder: Where the files go; it exists.
    """
    master = app.as_master()
    for schema in master.get("schemas").results:
        name = schema["className"]
        # The export had no session tokens, and classes that hold nothing had a file as well.
        rows = master.find(name, limit=10_000, order="-createdAt").results
        hidden = ("sessionToken",)
        rows = [{key: row[key] for key in sorted(row) if key not in hidden} for row in rows]
        _write(folder / f"{name}.json", rows)
    for name in database.list_collection_names():
        if name.startswith("_Join:"):
            pairs = database[name].find({}, {"_id": 0})
            _write(folder / f"{name}.json", list(pairs))


def _write(path: Path, rows: list[Any]) -> None:
    path.write_text(json.dumps({"results": rows}, indent=1, ensure_ascii=False), "utf-8")


def copy_database(client: MongoClient[dict[str, Any]], source: str, destination: str) -> Mongo:
    """Copy every document of a database to another one, which is emptied first."""
    client.drop_database(destination)
    for name in client[source].list_collection_names():
        documents = list(client[source][name].find({}))
        if documents:
            client[destination][name].insert_many(documents)
    return client[destination]
