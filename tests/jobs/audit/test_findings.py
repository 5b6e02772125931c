"""Each finding code: one planted harm is found under its own code, a sound database has none."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import CodecOptions, Decimal128, Int64, ObjectId, encode
from bson.raw_bson import RawBSONDocument

from parity.jobs.audit import codes
from parity.jobs.audit.checks import FETCHED
from parity.jobs.audit.codes import CODES, remedy_of
from parity.jobs.audit.engine import AuditOptions, audit_database
from parity.jobs.audit.values import mentions
from parity.model.finding import Code
from parity.wire import Redactor
from tests.jobs.audit.sound import (
    HASH,
    HOSTED_FILE,
    LATER,
    PERMISSIONS,
    THEN,
    TIMES,
    Db,
    fill,
    private,
)
from tests.mongod import Mongod

FIRST = datetime(1970, 1, 17)  # noqa: DTZ001 - as BSON dates are decoded
NOT_IN_A_DATABASE = {*FETCHED, codes.LOGIN_PASSWORD, codes.LOGIN_SESSION}


@pytest.fixture
def db(mongod: Mongod) -> Iterator[Db]:
    client = mongod.client()
    name = f"audit-{uuid.uuid4().hex[:12]}"
    with client:
        fill(client[name])
        yield client[name]
        client.drop_database(name)


def _set(collection: str, identity: Any, **fields: Any) -> Callable[[Db], Any]:
    return lambda db: db[collection].update_one({"_id": identity}, {"$set": fields})


def _unset(collection: str, identity: Any, *keys: str) -> Callable[[Db], Any]:
    return lambda db: db[collection].update_one({"_id": identity}, {"$unset": dict.fromkeys(keys)})


def _add(collection: str, **fields: Any) -> Callable[[Db], Any]:
    return lambda db: db[collection].insert_one(fields)


def _user(**fields: Any) -> dict[str, Any]:
    return {"_id": "user000009", "username": "zoe", "_hashed_password": HASH, **TIMES, **fields}


def _after_dropping(collection: str, index: str, then: Callable[[Db], Any]) -> Callable[[Db], Any]:
    def plant(db: Db) -> None:
        db[collection].drop_index(index)
        then(db)

    return plant


def _circle(db: Db) -> None:
    db["_Join:roles:_Role"].insert_one({"owningId": "role000002", "relatedId": "role000001"})


def _not_unique(db: Db) -> None:
    db["_User"].drop_index("username_1")
    db["_User"].create_index("username")


def _index_in_the_way(db: Db) -> None:
    db["_User"].drop_index("username_1")
    db["_User"].create_index("username", name="username_1", unique=True)


def _not_utf8(db: Db) -> None:
    raw = encode({"_id": "post000009", "title": "caf?", **TIMES}).replace(b"caf?", b"caf\xe9")
    db["Post"].with_options(CodecOptions(document_class=RawBSONDocument)).insert_one(
        RawBSONDocument(raw)
    )


def _config_by_text(db: Db) -> None:
    db.drop_collection("_GlobalConfig")
    db["_GlobalConfig"].insert_one({"_id": "1", "params": {"welcome": "hello"}})


def _capped(db: Db) -> None:
    db.command("convertToCapped", "Post", size=1_000_000)
    db["Post"].create_index([("place", "2d")])


PLANTS: list[tuple[Code, str, Callable[[Db], Any]]] = [
    (codes.ID_TYPE, "Post", _add("Post", title="x", **TIMES)),
    (codes.TIMESTAMP_MISSING, "Post", _unset("Post", "post000001", "_created_at")),
    (codes.FIELD_TYPE, "Post", _set("Post", "post000001", score="12")),
    (codes.BSON_TYPE, "Post", _set("Post", "post000001", score=Decimal128("1.5"))),
    (codes.FIELD_TYPE, "Post", _after_dropping(
        "Post", "place_2d", _set("Post", "post000001", place=[1.0]))),
    (codes.POINTER_NAME, "Post", _set("Post", "post000001", author={"__type": "Pointer"})),
    (codes.FIELD_TYPE, "Post", _set("Post", "post000001", likes=["user000001"])),
    (codes.DATE_TEXT, "Post", _set("Post", "post000001", _updated_at="2016-04-20")),
    (codes.FIELD_UNKNOWN, "Post", _set("Post", "post000001", extraField=1)),
    (codes.FIELD_UNKNOWN, "Post", _set("Post", "post000001", _p_other="_User$user000001")),
    (codes.FIELD_NAME, "Post", _set("Post", "post000001", **{"1st": 1})),
    (codes.FIELD_NAME, "Post", _set("Post", "post000001", className="x")),
    (codes.ID_NAME, "Post", _set("Post", "post000001", objectId="x")),
    (codes.FIELD_NAME, "Post", _set("_SCHEMA", "Post", **{"bad-name": "string"})),
    (codes.FIELD_NAME, "Post", lambda db: db["Post"].insert_one(
        {"_id": "post000009", "extra": {"a.b": 1}, **TIMES})),
    (codes.KEY_UNKNOWN, "Post", _set("Post", "post000001", _secret=1)),
    (codes.KEY_UNKNOWN, "Post", _set("Post", "post000001", _auth_data_facebook={"id": "1"})),
    (codes.NUMBER_NOT_FINITE, "Post", _set("Post", "post000001", score=float("nan"))),
    (codes.NUMBER_NOT_FINITE, "Post", _set("Post", "post000001", score=float("-inf"))),
    (codes.GEO_RANGE, "Post", _set("Post", "post000001", place=[37.7, -122.4])),
    (codes.GEO_RANGE, "Post", _after_dropping(
        "Post", "place_2d", _set("Post", "post000001", place=[0.0, float("nan")]))),
    (codes.DOCUMENT_LARGE, "Post", _set("Post", "post000001", blob=b"x" * 15_500_000)),
    (codes.HOSTED_API, "Post", _set("Post", "post000001", tags=["https://API.parse.com/1/x"])),
    (codes.HOSTED_API, "_Hooks", _add(
        "_Hooks", functionName="g", url="https://api.parse.com/1/f")),
    (codes.HOSTED_FILE_URL, "Post", _set(
        "Post", "post000001", title="<img src='http://FILES.parsetfss.com/key/tfss-a.png'>")),
    (codes.HOSTED_FILE_URL, "Post", _set("Post", "post000001", tags=[
        {"url": "https://s3.amazonaws.com/files.parse.com/key/a.png"}])),
    (codes.HOSTED_FILE_URL, "Post", _set("Post", "post000001", tags=[
        "https://files.parsetfss.com.s3.amazonaws.com/key/a.png"])),
    (codes.POINTER_MISSING, "Post", _set("Post", "post000001", _p_author="_User$nobody")),
    (codes.POINTER_MISSING, "Post", _set(
        "Post", "post000001",
        tags=[{"x": {"__type": "Pointer", "className": "Gone", "objectId": "a"}}])),
    (codes.POINTER_CLASS, "Post", _set("Post", "post000001", _p_author="Post$post000001")),
    (codes.POINTER_FORM, "Post", _set("Post", "post000001", _p_author="user000001")),
    (codes.POINTER_FORM, "Post", _set("Post", "post000001", _p_author=5)),
    (codes.POINTER_FORM, "Post", _set("Post", "post000001", _p_author="_User$")),
    (codes.JOIN_OWNER_MISSING, "_Join:likes:Post", _add(
        "_Join:likes:Post", owningId="gone", relatedId="user000001")),
    (codes.JOIN_RELATED_MISSING, "_Join:users:_Role", _add(
        "_Join:users:_Role", owningId="role000001", relatedId="gone")),
    (codes.JOIN_FORM, "_Join:likes:Post", _add("_Join:likes:Post", owningId="post000001")),
    (codes.JOIN_FIELD, "_Join:fans:Post", _add(
        "_Join:fans:Post", owningId="post000001", relatedId="user000001")),
    (codes.JOIN_DUPLICATE, "_Join:likes:Post", _add(
        "_Join:likes:Post", owningId="post000001", relatedId="user000002")),
    (codes.SCHEMA_MISSING, "Lost", _add("Lost", _id="lost000001", a=1, **TIMES)),
    (codes.SCHEMA_TYPE, "Post", _set("_SCHEMA", "Post", title="text")),
    (codes.SCHEMA_TYPE, "Post", _set("_SCHEMA", "Post", title=7)),
    (codes.CLASS_NAME, "bad-class", _add("_SCHEMA", _id="bad-class")),
    (codes.CLP_NO_COUNT, "Post", _unset("_SCHEMA", "Post", "_metadata.class_permissions.count")),
    (codes.CLP_INCOMPLETE, "Post", _unset("_SCHEMA", "Post", "_metadata.class_permissions.delete")),
    (codes.CLP_PRINCIPAL, "Post", _set(
        "_SCHEMA", "Post",
        _metadata={"class_permissions": {**PERMISSIONS, "get": {"role:gone": True}}})),
    (codes.ACL_NULL, "Post", _set("Post", "post000001", _rperm=None)),
    (codes.ACL_NULL, "Post", _set("Post", "post000001", _wperm=None)),
    (codes.ACL_FORM, "Post", _set("Post", "post000001", _rperm="*")),
    (codes.ACL_FORM, "Post", _set("Post", "post000001", _acl=["*"])),
    (codes.ACL_ONLY_LEGACY, "Post", _unset("Post", "post000001", "_rperm", "_wperm")),
    (codes.ACL_NO_LEGACY, "Post", _unset("Post", "post000001", "_acl")),
    (codes.ACL_ONE_SIDED, "Post", _unset("Post", "post000001", "_wperm")),
    (codes.ACL_DISAGREE, "Post", _set("Post", "post000001", _wperm=["*", "user000001"])),
    (codes.ACL_USER_MISSING, "Post", _set(
        "Post", "post000001", _rperm=["gone"], _wperm=[], _acl={"gone": {"r": True}})),
    (codes.ACL_ROLE_MISSING, "Post", _set(
        "Post", "post000001", _rperm=["role:gone"], _wperm=[], _acl={"role:gone": {"r": True}})),
    (codes.USERNAME_MISSING, "_User", _unset("_User", "user000001", "username")),
    (codes.USERNAME_DUPLICATE, "_User", _after_dropping(
        "_User", "username_1", _add("_User", **_user(username="ann")))),
    (codes.USERNAME_CASE, "_User", _add("_User", **_user(username="ANN"))),
    (codes.EMAIL_NULL, "_User", _set("_User", "user000002", email=None)),
    (codes.EMAIL_DUPLICATE, "_User", _after_dropping(
        "_User", "email_1", _add("_User", **_user(email="ann@example.com")))),
    (codes.EMAIL_CASE, "_User", _add("_User", **_user(email="Ann@Example.com"))),
    (codes.PASSWORD_MISSING, "_User", _unset("_User", "user000001", "_hashed_password")),
    (codes.PASSWORD_UNSOUND, "_User", _set("_User", "user000001", _hashed_password="plain")),
    (codes.PASSWORD_UNSOUND, "_User", _set("_User", "user000001", _hashed_password=HASH[:-1])),
    (codes.PASSWORD_UNSOUND, "_User", _set(
        "_User", "user000001", _hashed_password=HASH.replace("$2a$", "$2x$"))),
    (codes.AUTH_DATA_FIELD, "_User", _set("_User", "user000001", authData={"facebook": {}})),
    (codes.AUTH_DATA_DUPLICATE, "_User", _set(
        "_User", "user000003", _auth_data_facebook={"id": "1"})),
    (codes.ROLE_DUPLICATE, "_Role", _after_dropping(
        "_Role", "name_1", _set("_Role", "role000002", name="admin"))),
    (codes.ROLE_CYCLE, "_Join:roles:_Role", _circle),
    (codes.ROLE_CYCLE, "_Join:roles:_Role", _add(
        "_Join:roles:_Role", owningId="role000001", relatedId="role000001")),
    (codes.SESSION_ORPHAN, "_Session", _set("_Session", "session001", _p_user="_User$gone")),
    (codes.SESSION_EXPIRED, "_Session", _set("_Session", "session001", expiresAt=THEN)),
    (codes.SESSION_LEGACY, "_User", _set("_User", "user000001", _session_token="a" * 25)),
    (codes.SESSION_FORM, "_Session", _unset("_Session", "session001", "_session_token")),
    (codes.SESSION_DUPLICATE, "_Session", _add(
        "_Session", _id="session002", _session_token="r:" + "0" * 32,
        _p_user="_User$user000002", expiresAt=LATER, **TIMES)),
    (codes.INSTALLATION_DUPLICATE, "_Installation", _set(
        "_Installation", "install000", installationId="id-1")),
    (codes.DEVICE_TOKEN_DUPLICATE, "_Installation", _set(
        "_Installation", "install000", deviceToken="token-1")),
    (codes.FILE_HOSTED, "Post", _set("Post", "post000001", photo=HOSTED_FILE)),
    (codes.FILE_HOSTED, "Post", _set("Post", "post000001", photo=HOSTED_FILE[len("tfss-"):])),
    (codes.FILE_HOSTED, "Post", _set("Post", "post000001", tags=[
        {"__type": "File", "name": "x", "url": "http://files.parsetfss.com/key/x"}])),
    (codes.FILE_NO_KEY, "Post", _set("Post", "post000001", photo=HOSTED_FILE)),
    (codes.FILE_MISSING, "Post", _set("Post", "post000001", photo="f" * 32 + "_x.jpg")),
    (codes.INDEX_MISSING, "_User", lambda db: db["_User"].drop_index("username_1")),
    (codes.INDEX_NOT_UNIQUE, "_User", _not_unique),
    (codes.INDEX_UNBUILDABLE, "_User", _after_dropping(
        "_User", "username_1", _add("_User", **_user(username="ann")))),
    (codes.INDEX_UNBUILDABLE, "_User", _after_dropping("_User", "email_1", lambda db: db[
        "_User"].update_many({"email": {"$exists": False}}, {"$set": {"email": None}}))),
    (codes.INDEX_KEY_LONG, "Post", _set("Post", "post000001", title="x" * 1024)),
    # Written past the API
    (codes.TIMESTAMP_NAME, "Post", _set("Post", "post000001", createdAt=THEN)),
    (codes.TIMESTAMP_ODD, "Post", _set("Post", "post000001", _created_at=FIRST)),
    (codes.FIELD_JSON, "Post", _set(
        "Post", "post000001", photo={"__type": "File", "name": "a"})),
    (codes.OBJECT_ID, "Post", _set("Post", "post000001", title=ObjectId())),
    (codes.NESTED_FORM, "Post", _set("Post", "post000001", tags=[{"__type": "Pointer"}])),
    (codes.TEXT_UTF8, "Post", _not_utf8),
    (codes.NUMBER_INEXACT, "Post", _set("Post", "post000001", score=Int64(2**60 + 1))),
    (codes.ACL_NAME, "Post", _set("Post", "post000001", ACL={"*": {"read": True}})),
    (codes.PASSWORD_PLAIN, "_User", _set("_User", "user000001", password="secret")),
    (codes.SESSION_TOKEN_NAME, "_Session", _set(
        "_Session", "session001", sessionToken="r:" + "1" * 32)),
    # People and devices
    (codes.EMAIL_FORM, "_User", _set("_User", "user000001", email="ann")),
    (codes.AUTH_DATA_FORM, "_User", _set("_User", "user000002", _auth_data_facebook={"id": 1})),
    (codes.ROLE_NAME, "_Role", _unset("_Role", "role000002", "name")),
    (codes.ROLE_OPEN, "_Role", _unset("_Role", "role000002", "_rperm", "_wperm", "_acl")),
    (codes.SESSION_ENDLESS, "_Session", _add(
        "_Session", _id="session002", _session_token="r:" + "2" * 32,
        _p_user="_User$user000002", **TIMES)),
    (codes.INSTALLATION_FORM, "_Installation", _unset(
        "_Installation", "install000", "installationId", "deviceToken")),
    # The schema, and what stands beside it
    (codes.SCHEMA_FORM, "_SCHEMA", _add("_SCHEMA", title="string")),
    (codes.SCHEMA_TARGET, "Post", _set("_SCHEMA", "Post", editor="*Gone")),
    (codes.SCHEMA_DEFAULT, "_User", _set("_SCHEMA", "_User", username="number")),
    (codes.COLLECTION_MISSING, "Empty", _add("_SCHEMA", _id="Empty", a="string")),
    (codes.COLLECTION_NAME, "my-things", _add("my-things", a=1)),
    (codes.COLLECTION_OPTIONS, "Post", _capped),
    (codes.CLP_FORM, "Post", _set("_SCHEMA", "Post", _metadata={"class_permissions": "public"})),
    (codes.JOIN_NAME, "_Join_likes_Post", _add(
        "_Join_likes_Post", owningId="post000001", relatedId="user000001")),
    (codes.CONFIG_FORM, "_GlobalConfig", _config_by_text),
    (codes.HOOK_FORM, "_Hooks", _add("_Hooks", functionName="g")),
    # Files
    (codes.FILE_NAME, "Post", _set("Post", "post000001", photo="https://x.example/a.jpg")),
    (codes.FILE_CHUNKS, "fs.files", lambda db: db["fs.files"].update_one(
        {}, {"$set": {"length": 5}})),
    (codes.FILE_ORPHAN, "fs.chunks", _add(
        "fs.chunks", files_id=ObjectId(), n=0, data=b"abc")),
    # Indexes
    (codes.INDEX_OTHERWISE, "_User", _index_in_the_way),
    (codes.INDEX_LOST, "Post", _set(
        "_SCHEMA", "Post", _metadata={"class_permissions": PERMISSIONS,
                                      "indexes": {"score_1": {"score": 1}}})),
    (codes.INDEX_TTL, "Post", lambda db: db["Post"].create_index("when", expireAfterSeconds=10**9)),
    (codes.INDEX_UNIQUE, "Post", lambda db: db["Post"].create_index(
        "done", unique=True, sparse=True)),
    (codes.GEO_INDEX, "Post", lambda db: db["Post"].drop_index("place_2d")),
]  # fmt: skip


def test_every_code_of_a_database_is_planted() -> None:
    assert {code for code, _, _ in PLANTS} == set(CODES.values()) - NOT_IN_A_DATABASE


@pytest.mark.parametrize("code", CODES.values(), ids=str)
def test_every_code_says_what_it_means(code: Code) -> None:
    assert code.title.endswith(".")
    assert code.effect
    assert code.source
    assert "{collection}" not in remedy_of(code, "Post", "title")
    mends = remedy_of(code, "_User", "email")
    assert Redactor({}, bytes(16)).text(mends) == mends
    assert code.fails is (code.severity != "benign")


def test_a_sound_database_has_no_finding(db: Db) -> None:
    report = audit_database(db, AuditOptions(file_key=False))
    assert report.findings == ()
    assert report.gridfs
    assert report.documents == 16
    assert report.ignored == ()


@pytest.mark.parametrize(
    ("code", "collection", "plant"),
    [pytest.param(*each, id=f"{each[0]}-{number}") for number, each in enumerate(PLANTS)],
)
def test_a_planted_harm_is_found_under_its_code(
    db: Db, code: Code, collection: str, plant: Callable[[Db], Any]
) -> None:
    plant(db)
    report = audit_database(db, AuditOptions(file_key=False))
    [found] = report.of(code)
    assert found.collection == collection
    assert found.count >= 1
    assert found.examples
    assert "{" not in found.remedy.split("db.")[0]
    alongside = {finding.code for finding in report.findings} - {code}
    assert alongside <= WITH.get(code, set()), report.findings


WITH: dict[Code, set[Code]] = {
    codes.ID_TYPE: set(),
    codes.SCHEMA_MISSING: set(),
    codes.CLASS_NAME: set(),
    codes.ACL_NULL: set(),
    codes.ACL_ROLE_MISSING: set(),
    # The same harm seen from another side
    codes.FIELD_TYPE: {codes.GEO_INDEX},
    codes.GEO_RANGE: {codes.GEO_INDEX},
    codes.FILE_HOSTED: {codes.FILE_NO_KEY},
    codes.FILE_NO_KEY: {codes.FILE_HOSTED},
    codes.USERNAME_DUPLICATE: {codes.INDEX_UNBUILDABLE},
    codes.EMAIL_DUPLICATE: {codes.INDEX_UNBUILDABLE},
    codes.ROLE_DUPLICATE: {codes.INDEX_UNBUILDABLE},
    codes.INDEX_UNBUILDABLE: {codes.USERNAME_DUPLICATE, codes.EMAIL_NULL},
    codes.POINTER_FORM: set(),
}


def test_counts_are_exact_and_examples_bounded(db: Db) -> None:
    rows = [{"_id": f"many{n:06d}", "_p_author": "_User$gone", **TIMES} for n in range(2500)]
    db["Post"].insert_many(rows)
    [found] = audit_database(db).of(codes.POINTER_MISSING)
    assert found.count == 2500
    assert len(found.examples) == 5
    assert found.examples[0].detail == "_User$gone"


def test_an_object_that_appears_while_reading_is_no_finding(db: Db) -> None:
    """A suspicious reference is asked for again, so a busy database gives no false alarm."""
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"_p_author": "_User$user000007"}})

    def meanwhile(progress: Any) -> None:
        if progress.step == "looking up":
            row = {"_id": "user000007", "username": "new", "_hashed_password": HASH, **TIMES}
            db["_User"].replace_one({"_id": "user000007"}, row, upsert=True)

    assert not audit_database(db, progress=meanwhile).of(codes.POINTER_MISSING)


def test_long_values_fail_only_where_mongodb_has_the_limit(db: Db) -> None:
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"title": "x" * 1024}})
    [found] = audit_database(db).of(codes.INDEX_KEY_LONG)
    assert found.severity == "benign"  # the mongod of the tests is 6.0
    assert not found.fails
    assert codes.INDEX_KEY_LONG.severity == "breaking"


def test_a_compound_index_adds_its_parts_up(db: Db) -> None:
    db["Post"].create_index([("title", 1), ("extra.note", -1)])
    db["Post"].update_one(
        {"_id": "post000001"}, {"$set": {"title": "x" * 600, "extra": {"note": "y" * 600}}}
    )
    [found] = audit_database(db).of(codes.INDEX_KEY_LONG)
    assert "title, extra.note" in found.examples[0].detail


def test_integers_of_any_size_are_numbers(db: Db) -> None:
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"score": Int64(2**60)}})
    assert audit_database(db).findings == ()


def test_dates_that_python_does_not_know_do_not_stop_the_audit(db: Db) -> None:
    far = {"$add": [datetime(9999, 12, 31, tzinfo=UTC), 10**12]}
    db["Post"].update_one({"_id": "post000001"}, [{"$set": {"when": far}}])
    assert audit_database(db).findings == ()


def test_a_session_is_expired_when_the_user_says(db: Db) -> None:
    now = datetime(3000, 1, 1, tzinfo=UTC)
    assert audit_database(db, AuditOptions(now=now)).of(codes.SESSION_EXPIRED)


def test_with_a_file_key_a_hosted_name_leads_to_the_hosted_store(db: Db) -> None:
    """Parse Server sends hosted names to the dead hosts, even if the file is in GridFS."""
    db["fs.files"].insert_one({"filename": HOSTED_FILE, "length": 0, "chunkSize": 255})
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"photo": HOSTED_FILE}})
    assert audit_database(db, AuditOptions(file_key=False)).findings == ()
    found = audit_database(db, AuditOptions(file_key=True)).findings
    assert [each.code for each in found] == [codes.FILE_HOSTED]


def test_without_gridfs_only_hosted_names_are_reported(db: Db) -> None:
    db.drop_collection("fs.files")
    assert audit_database(db).findings == ()
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"photo": HOSTED_FILE}})
    assert [finding.code for finding in audit_database(db).findings] == [codes.FILE_HOSTED]


def test_reading_stays_below_the_rate(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("parity.jobs.audit.walk.time.sleep", slept.append)
    monkeypatch.setattr("parity.jobs.audit.walk.time.monotonic", lambda: 0.0)
    report = audit_database(db, AuditOptions(max_mb_s=0.001))
    # A clock that stands still: the last wait is as long as all bytes take at that rate.
    # The driver sleeps as well, in threads of its own.
    assert max(slept) >= report.bytes / 1000


def test_progress_is_told_after_each_batch(db: Db) -> None:
    seen: list[tuple[int, int]] = []
    report = audit_database(db, progress=lambda now: seen.append((now.documents, now.total)))
    assert seen[-1] == (report.documents, report.documents)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_nothing_is_written(db: Db) -> None:
    before = db.command("dbHash")["md5"]
    audit_database(db)
    assert db.command("dbHash")["md5"] == before


def test_more_fields_than_anybody_reads_are_lumped_together(db: Db) -> None:
    rows = {f"extra{number}": 1 for number in range(500)}
    db["Post"].insert_one({"_id": "post000009", **rows, **TIMES})
    found = audit_database(db).of(codes.FIELD_UNKNOWN)
    assert len(found) == 51
    assert sum(each.count for each in found) == 500


def test_names_that_are_no_text_are_not_taken_for_names(db: Db) -> None:
    db["fs.files"].insert_one({"filename": {"a": 1}, "length": 0, "chunkSize": 255})
    role = {"_id": "role000009", "name": ["gone"], **TIMES, **private("user000001")}
    db["_Role"].insert_one(role)
    fields = {"_rperm": ["role:gone"], "_wperm": [], "_acl": {"role:gone": {"r": True}}}
    db["Post"].update_one({"_id": "post000001"}, {"$set": fields})
    found = {unsound.code for unsound in audit_database(db).findings}
    assert found == {
        *(codes.ACL_ROLE_MISSING, codes.FIELD_TYPE),
        *(codes.ROLE_NAME, codes.FILE_CHUNKS),  # nor are they names
    }


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("see files.parse.com.", True),
        ("FILES.PARSETFSS.COM/a", True),
        ({"a": ["x", {"b": "//s3.amazonaws.com/files.parse.com/a"}]}, True),
        ("http://files.parse.com.s3-us-west-2.amazonaws.com/a", True),
        ({"__type": "File", "name": "a", "url": "http://files.parsetfss.com/a"}, False),
        ("https://myfiles.parse.com/a", False),
        ("https://cdn.files.parse.com/a", False),
        ("https://files.parse.community/a", False),
        ("https://files.parse.com.example.com/a", False),
    ],
)
def test_only_hosts_of_the_closed_file_store_are_found(value: object, *, found: bool) -> None:
    assert (codes.HOSTED_FILE_URL in mentions(value)) is found
