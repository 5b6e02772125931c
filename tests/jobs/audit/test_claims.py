"""What the catalogue of findings calls "measured", done to a real Parse Server 9.10."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import bcrypt
import pytest

from parity.jobs.audit import codes
from parity.jobs.audit.checks import file_check
from parity.jobs.audit.engine import audit_database
from parity.jobs.audit.files import fetchable
from parity.jobs.audit.logins import Account, try_accounts
from parity.jobs.audit.sample import FileUse
from parity.model import Outcome, Secret
from parity.targets import ParseClient
from tests.jobs.audit.parse_server import DoesNotStart, parse_server
from tests.jobs.audit.sound import HASH, TIMES, Db, private
from tests.mongod import Mongod

PASSWORD = "correct horse"
SALT = bcrypt.gensalt(4)
REAL_HASH = bcrypt.hashpw(PASSWORD.encode(), SALT).decode()


@pytest.fixture(scope="module")
def database(mongod: Mongod) -> Iterator[Db]:
    name = f"claims-{uuid.uuid4().hex[:12]}"
    with mongod.client() as client:
        yield client[name]
        client.drop_database(name)


@pytest.fixture(scope="module")
def parse(mongod: Mongod, database: Db) -> Iterator[ParseClient]:
    with parse_server(mongod.database_uri(database.name)) as target:
        client = ParseClient(target)
        yield client
        client.close()


@pytest.fixture
def new_class(database: Db, parse: ParseClient) -> Callable[..., str]:
    """Make a class through the server, then change its rows behind it."""

    def make(row: dict[str, Any], **fields: Any) -> str:
        name = f"C{uuid.uuid4().hex[:10]}"
        types = {"title": {"type": "String"}, **fields}
        reply = parse.as_master().post(f"schemas/{name}", {"className": name, "fields": types})
        assert reply.status == 200, reply.text
        database[name].insert_one({"_id": "row0000001", "title": "x", **TIMES, **row})
        return name

    return make


def test_what_a_parse_server_writes_is_sound(parse: ParseClient, mongod: Mongod) -> None:
    """Otherwise the audit would complain about every app."""
    name = f"written-{uuid.uuid4().hex[:12]}"
    with mongod.client() as client, parse_server(mongod.database_uri(name)) as target:
        rest = ParseClient(target)
        token = rest.sign_up("ann", PASSWORD, email="ann@example.com", phone="1")["sessionToken"]
        file = rest.as_user(token).upload("a.txt", b"hello", "text/plain")
        guest = {"authData": {"anonymous": {"id": str(uuid.uuid4())}}}
        assert rest.post("users", guest).status == 201
        user = rest.as_user(token).me()["objectId"]
        pointer = {"__type": "Pointer", "className": "_User", "objectId": user}
        row = {
            "title": "x", "n": 1, "d": 1.5, "b": True, "o": {"deep": [pointer]}, "a": [1],
            "p": pointer, "f": {"__type": "File", "name": file["name"]},
            "g": {"__type": "GeoPoint", "latitude": 1, "longitude": 2},
            "when": {"__type": "Date", "iso": "2016-04-20T10:00:00.000Z"},
            "bytes": {"__type": "Bytes", "base64": "AAEC"},
            "r": {"__op": "AddRelation", "objects": [pointer]},
            "ACL": {user: {"read": True, "write": True}, "*": {"read": True}},
        }  # fmt: skip
        assert rest.as_user(token).create("Thing", row).status == 201
        acl = {"*": {"read": True}}
        role = {"name": "admin", "ACL": acl, "users": {"__op": "AddRelation", "objects": [pointer]}}
        assert rest.as_master().post("roles", role).status == 201
        phone = {"deviceType": "ios", "deviceToken": "0" * 64, "installationId": "i-1"}
        assert rest.post("installations", phone).status == 201
        report = audit_database(client[name])
        rest.close()
        client.drop_database(name)
    # Nobody has asked for what is near, so Parse Server has not built that index yet.
    assert [finding.code for finding in report.findings if finding.fails] == []
    assert {finding.code for finding in report.findings} <= {codes.GEO_INDEX}
    assert report.gridfs
    assert report.documents >= 8


@pytest.mark.parametrize(
    "row",
    [
        {"_rperm": None},
        {"_wperm": None},
        {"_secret": 1},
        {"_p_owner": "Other$x"},
        {"_p_owner": 5},
    ],
    ids=["null-rperm", "null-wperm", "unknown-key", "pointer-class", "pointer-form"],
)
def test_one_such_row_makes_lists_of_the_class_fail(
    parse: ParseClient, new_class: Callable[..., str], row: dict[str, Any]
) -> None:
    owner = {"type": "Pointer", "targetClass": "_User"}
    name = new_class(row, owner=owner)
    assert parse.get(f"classes/{name}", raw=True).status == 500
    assert parse.as_master().get(f"classes/{name}", raw=True).status == 500


def test_an_id_that_is_no_text_is_listed_and_cannot_be_fetched(
    parse: ParseClient, new_class: Callable[..., str]
) -> None:
    name = new_class({"_id": 12345})
    assert [row["objectId"] for row in parse.find(name).results] == ["12345"]
    assert parse.fetch(name, "12345").status == 404


def test_a_pointer_column_that_the_schema_lacks_is_dropped(
    parse: ParseClient, new_class: Callable[..., str]
) -> None:
    name = new_class({"_p_other": "_User$x", "loose": 1})
    [row] = parse.find(name).results
    assert "other" not in row
    assert row["loose"] == 1


def test_permissions_without_count_refuse_counting(
    parse: ParseClient, database: Db, new_class: Callable[..., str]
) -> None:
    name = new_class({})
    find = {"class_permissions": {"find": {"*": True}, "get": {"*": True}}}
    database["_SCHEMA"].update_one({"_id": name}, {"$set": {"_metadata": find}})
    # The server reads the schema again when it is changed through it.
    parse.as_master().post("schemas/" + f"D{uuid.uuid4().hex[:8]}", {})
    assert parse.find(name).status == 200
    refused = parse.find(name, count=1, limit=0)
    assert refused.error is not None
    assert refused.error.code == 119


@pytest.mark.parametrize(
    ("row", "can_read", "can_write"),
    [
        ({"_acl": {"somebody": {"r": True, "w": True}}}, True, True),
        ({"_wperm": ["somebody"]}, True, False),
        ({"_rperm": ["somebody"]}, False, True),
    ],
    ids=["only-legacy", "no-rperm", "no-wperm"],
)
def test_what_is_missing_of_an_acl_lets_everybody_in(
    parse: ParseClient,
    new_class: Callable[..., str],
    database: Db,
    row: dict[str, Any],
    *,
    can_read: bool,
    can_write: bool,
) -> None:
    name = new_class(row)
    assert (parse.fetch(name, "row0000001").status == 200) is can_read
    parse.update(name, "row0000001", {"title": "changed by anybody"})
    [stored] = database[name].find()
    assert (stored["title"] == "changed by anybody") is can_write


def test_names_that_differ_by_case_cannot_be_saved(parse: ParseClient, database: Db) -> None:
    token = parse.sign_up("carol", PASSWORD, email="carol@example.com")["sessionToken"]
    other = {"username": "CAROL", "email": "Carol@example.com", "_hashed_password": REAL_HASH}
    database["_User"].insert_one({"_id": "carol00002", **other, **TIMES, **private("carol00002")})
    me = parse.as_user(token)
    user = me.me()["objectId"]
    for field, value, code in (("username", "carol", 202), ("email", "carol@example.com", 203)):
        refused = me.put(f"users/{user}", {field: value})
        assert refused.error is not None
        assert refused.error.code == code


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_every_bcrypt_prefix_that_the_audit_accepts_logs_in(
    parse: ParseClient, database: Db, prefix: str
) -> None:
    name = f"user{uuid.uuid4().hex[:8]}"
    hashed = prefix + REAL_HASH[4:]
    database["_User"].insert_one(
        {"_id": name[:10], "username": name, "_hashed_password": hashed, **TIMES}
    )
    reply = parse.log_in(name, PASSWORD)
    assert reply.status == 200, reply.text


@pytest.mark.parametrize(
    "hashed",
    [None, "plain", REAL_HASH[:-1], "$2x$" + REAL_HASH[4:], "$2$" + REAL_HASH[4:]],
    ids=["none", "plain", "short", "2x", "2"],
)
def test_a_user_without_a_sound_hash_cannot_log_in(
    parse: ParseClient, database: Db, hashed: str | None
) -> None:
    name = f"user{uuid.uuid4().hex[:8]}"
    stored = {} if hashed is None else {"_hashed_password": hashed}
    database["_User"].insert_one({"_id": name[:10], "username": name, **stored, **TIMES})
    assert parse.request("GET", "login", params={"username": name, "password": PASSWORD},
                         raw=True).status != 200  # fmt: skip


def test_plain_auth_data_of_a_user_is_ignored(parse: ParseClient, database: Db) -> None:
    data = {"anonymous": {"id": "3f7c1f8e-0f0e-4f4e-8f3e-0f0e4f4e8f3e"}}
    database["_User"].insert_one(
        {"_id": "plain00001", "username": "plain", "authData": data, **TIMES}
    )
    reply = parse.post("users", {"authData": data})
    assert reply.status == 201
    assert reply["objectId"] != "plain00001"


@pytest.mark.parametrize(
    ("collection", "rows", "left_out"),
    [
        ("_User", [{"username": "ann"}, {"username": "ann"}], "username_1"),
        ("_User", [{"username": n, "email": None} for n in "ab"], "email_1"),
    ],
    ids=["username", "null-email"],
)
def test_duplicates_leave_the_unique_index_and_the_later_ones_out(
    mongod: Mongod, collection: str, rows: list[dict[str, Any]], left_out: str
) -> None:
    with _damaged(mongod, collection, rows) as db:
        assert {finding.code for finding in audit_database(db).findings} & {codes.INDEX_UNBUILDABLE}
        with parse_server(mongod.database_uri(db.name)):
            assert left_out not in db[collection].index_information()
            assert "name_1" not in db["_Role"].index_information()


@pytest.mark.parametrize("version", ["5.6.0"])
def test_older_servers_do_not_start_on_duplicates(mongod: Mongod, version: str) -> None:
    with (
        _damaged(mongod, "_User", [{"username": "ann"}, {"username": "ann"}]) as db,
        pytest.raises(DoesNotStart, match="already has duplicates"),
        parse_server(mongod.database_uri(db.name), version),
    ):
        pass


def test_no_server_starts_where_the_index_is_not_unique(mongod: Mongod) -> None:
    with _damaged(mongod, "_User", [{"username": "ann"}]) as db:
        db["_User"].create_index("username")
        assert {finding.code for finding in audit_database(db).findings} == {
            codes.INDEX_NOT_UNIQUE,
            codes.INDEX_MISSING,
        }
        with (
            pytest.raises(DoesNotStart, match="same name"),
            parse_server(mongod.database_uri(db.name)),
        ):
            pass


@contextlib.contextmanager
def _damaged(mongod: Mongod, collection: str, rows: list[dict[str, Any]]) -> Iterator[Db]:
    name = f"start-{uuid.uuid4().hex[:12]}"
    with mongod.client() as client:
        db: Db = client[name]
        db["_SCHEMA"].insert_one({"_id": collection})
        db[collection].insert_many(
            {"_id": f"id{n:08d}", "_hashed_password": HASH, **TIMES, **row}
            for n, row in enumerate(rows)
        )
        yield db
        client.drop_database(name)


def test_sampled_logins(parse: ParseClient, database: Db) -> None:
    for name, stored in (
        ("migrated", {"_hashed_password": REAL_HASH, "_session_token": "a1B2" * 6 + "z"}),
        ("broken", {"_hashed_password": HASH}),
    ):
        identity = f"{name[:6]}0001"
        row = {"_id": identity, "username": name, **stored, **TIMES}
        database["_User"].insert_one({**row, **private(identity)})
    before = database["_Session"].count_documents({})
    good = Account("migrated", Secret(PASSWORD), Secret("a1B2" * 6 + "z"))
    bad = Account("broken", Secret("wrong"), Secret("b1B2" * 6 + "z"))
    results = try_accounts(parse.target, (good, bad))
    assert [(result.code, result.number, result.outcome) for result in results] == [
        (codes.LOGIN_PASSWORD, 1, Outcome.PASS),
        (codes.LOGIN_SESSION, 1, Outcome.PASS),
        (codes.LOGIN_PASSWORD, 2, Outcome.FAIL),
        (codes.LOGIN_SESSION, 2, Outcome.FAIL),
    ]
    assert database["_Session"].count_documents({}) == before
    for result in results:
        assert PASSWORD not in result.reason
        assert "migrated" not in result.reason


def test_files_are_asked_for_at_the_urls_of_the_server(parse: ParseClient) -> None:
    token = parse.sign_up(f"filer{uuid.uuid4().hex[:8]}", PASSWORD)["sessionToken"]
    me = parse.as_user(token)
    name = me.upload("a.txt", b"hello", "text/plain")["name"]
    uses = []
    for each in (name, "f" * 32 + "_gone.txt"):
        made = me.create("WithFile", {"file": {"__type": "File", "name": each}})
        uses.append(FileUse("WithFile", made["objectId"], "file"))
    there, gone = fetchable(parse.target, uses)
    assert not there.problem
    assert gone.problem == "status 404"
    check = file_check([there, gone], 200, "selfhosted")
    assert check.outcome is Outcome.FAIL
    assert "at most 97.5%" in check.reason
