"""Real servers start on a seed and serve it, quirks included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from bson import CodecOptions
from pymongo.database import Database

from parity.seed import SeedPlan, password_of, seed_database, username_of
from parity.seed.content import LONG_CLASSES
from parity.seed.files import content, file_name
from parity.seed.ids import object_ids
from parity.seed.quirks import LEGACY_USER, legacy_token
from parity.stack import hosted_member, selfhosted_member
from parity.targets import ParseClient
from parity.wire.storage import parse_schema, to_rest
from tests.mongod import Mongod
from tests.seed.conftest import client_of, serving

PLAN = SeedPlan.sized(1000, seed=5, quirks=True)
MEMBERS = {member.name: member for member in (hosted_member(), selfhosted_member())}
HIDDEN = frozenset({"sessionToken", "authData", "_tombstone"})
"""What the two versions show differently: 2.8.4 shows ``_tombstone`` to the master key."""
USERS = object_ids(PLAN.seed, "_User")


@dataclass(frozen=True, slots=True)
class Served:
    master: ParseClient
    anybody: ParseClient
    database: Database[dict[str, Any]]
    name: str


@pytest.fixture(scope="module", params=MEMBERS)
def served(request: pytest.FixtureRequest, mongod: Mongod) -> Iterator[Served]:
    name = f"served_{request.param}"
    with mongod.client() as mongo:
        database = mongo.get_database(name, CodecOptions(tz_aware=True))
        seed_database(database, PLAN)
        try:
            with (
                serving(MEMBERS[request.param], mongod.database_uri(name)) as target,
                client_of(target) as client,
            ):
                yield Served(client.as_master(), client, database, request.param)
        finally:
            mongo.drop_database(name)


def test_every_class_is_served_as_it_is_stored(served: Served) -> None:
    compared = 0
    for document in served.database["_SCHEMA"].find():
        schema = parse_schema(document)
        name = schema.class_name
        if name not in {*PLAN.sizes, "Quirk"}:
            continue
        rows = served.master.find(name, limit=1000, order="objectId").results
        for row in rows:
            stored = served.database[name].find_one({"_id": row["objectId"]})
            assert stored is not None
            expected = to_rest(name, stored, schema)
            assert comparable(row) == comparable(expected)
            compared += 1
    assert compared >= 0.8 * PLAN.documents


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {key: without_url(value) for key, value in row.items() if key not in HIDDEN}


def without_url(value: Any) -> Any:
    """Leave out what a server works out: the URL of a file."""
    if isinstance(value, list):
        return [without_url(each) for each in value]
    if isinstance(value, dict):
        is_file = value.get("__type") == "File"
        return {k: without_url(v) for k, v in value.items() if not (is_file and k == "url")}
    return value


def test_every_class_counts_what_was_planned(served: Served) -> None:
    for name in ("Place", "Photo", "Team", "Setting", *LONG_CLASSES):
        reply = served.master.find(name, limit=0, count=1)
        assert reply["count"] == PLAN.sizes[name], name


def test_users_of_all_kinds_of_hashes_log_in(served: Served) -> None:
    for number in range(16):
        reply = served.anybody.log_in(username_of(number), password_of(number) or "")
        assert reply.ok, reply.text
        assert reply["objectId"] == USERS(number)
    assert not served.anybody.log_in(username_of(0), "seed-password-1").ok


def test_a_session_of_the_seed_is_that_of_its_user(served: Served) -> None:
    document = served.database["_Session"].find_one({"restricted": False})
    assert document is not None
    reply = served.anybody.as_user(document["_session_token"]).me()
    assert reply.ok, reply.text
    assert f"_User${reply['objectId']}" == document["_p_user"]


def test_a_token_from_before_revocable_sessions_is_upgraded(served: Served) -> None:
    reply = served.anybody.as_user(legacy_token(PLAN.seed)).post("upgradeToRevocableSession", {})
    assert reply.ok, reply.text
    assert served.anybody.as_user(reply["sessionToken"]).me()["username"] == LEGACY_USER


def test_pointers_lead_to_objects(served: Served) -> None:
    row = served.master.find("GameScore", limit=1, include="player,team").results[0]
    assert row["player"]["username"].startswith("user")
    assert row["team"]["name"]


def test_relations_have_their_members(served: Served) -> None:
    join = served.database["_Join:likes:Post"].find_one()
    assert join is not None
    post = {"__type": "Pointer", "className": "Post", "objectId": join["owningId"]}
    where = {"$relatedTo": {"object": post, "key": "likes"}}
    members = [row["objectId"] for row in served.master.find("_User", where, limit=1000).results]
    assert join["relatedId"] in members


def test_permissions_hold(served: Served) -> None:
    anybody = served.anybody.find("GameScore", limit=0, count=1)["count"]
    public = {"_rperm": {"$in": ["*", None]}}
    assert anybody == served.database["GameScore"].count_documents(public)
    assert 0 < anybody < PLAN.sizes["GameScore"]
    admin = log_in(served, 0)
    assert admin.find("GameScore", limit=0, count=1)["count"] > anybody


def test_roles_reach_down_the_tree(served: Served) -> None:
    admin, nobody = log_in(served, 0), log_in(served, 10)
    change = {"value": {"on": False}}
    setting = served.master.find("Setting", limit=1).results[0]["objectId"]
    assert admin.update("Setting", setting, change).ok
    assert not nobody.update("Setting", setting, change).ok
    assert not served.anybody.update("Setting", setting, change).ok


def log_in(served: Served, number: int) -> ParseClient:
    reply = served.anybody.log_in(username_of(number), password_of(number) or "")
    return served.anybody.as_user(reply["sessionToken"])


def test_places_are_found_by_distance(served: Served) -> None:
    row = served.master.find("Place", limit=1).results[0]
    found = served.master.find("Place", {"location": {"$nearSphere": row["location"]}}, limit=1)
    assert found.results[0]["objectId"] == row["objectId"]


def test_files_of_three_eras_are_served(served: Served) -> None:
    for number in range(3):
        name = file_name(PLAN.seed, number)
        url = f"{served.anybody.target.url}/files/{served.anybody.target.app_id.value}/{name}"
        reply = served.anybody.download(url)
        assert reply.body == content(PLAN.seed, number)


def test_the_config_is_served(served: Served) -> None:
    assert served.anybody.get("config")["params"]["welcome"] == "Grüezi"


def test_only_the_class_that_is_said_to_be_unreadable_is(served: Served) -> None:
    assert not served.master.find("QuirkUnreadable").ok
    assert served.master.find("Quirk").ok
