"""Harm to a database that ``parity audit`` has to find without another one beside it."""

from __future__ import annotations

from typing import Final

from parity.jobs.audit.codes import Code
from tests.jobs.verify.plants import (
    GONE,
    LONE_ACL,
    WITH_ACL,
    WITH_PASSWORD,
    Damage,
    Plant,
    add,
    index,
    join_without_column,
    not_unique,
    null_emails,
    object_id_as_id,
    plant_far_place,
    put,
    remove,
    role_circle,
    schema,
    twin,
    unset,
    update,
)

HOSTED_FILE: Final = "tfss-01234567-89ab-4cde-a012-3456789abcde-lost.jpg"


def audit(title: str, plant: Plant, finding: Code, *beside: Code) -> Damage:
    return Damage(title, plant, "audit", finding.value, frozenset(each.value for each in beside))


AUDIT: Final = (
    audit("an object id is no string", object_id_as_id, Code.ID_TYPE),
    audit(
        "an object has no time of its making", unset("Team", "_created_at"), Code.TIMESTAMP_MISSING
    ),
    audit(
        "a value is not of the type in _SCHEMA", put("GameScore", "score", "many"), Code.FIELD_TYPE
    ),
    audit("a field is not in _SCHEMA", put("GameScore", "bonus", 1), Code.FIELD_UNKNOWN),
    audit("a field has an illegal name", put("GameScore", "bad-name", 1), Code.FIELD_NAME),
    audit("a field has a reserved name", put("GameScore", "className", "x"), Code.FIELD_NAME),
    audit("a key with an underscore is unknown", put("GameScore", "_foo", 1), Code.KEY_UNKNOWN),
    audit(
        "a number is not a number", put("GameScore", "ratio", float("nan")), Code.NUMBER_NOT_FINITE
    ),
    audit("a place is not on Earth", plant_far_place, Code.GEO_RANGE),
    audit(
        "a document is near the limit",
        put("Comment", "text", "x" * 15_200_000),
        Code.DOCUMENT_LARGE,
    ),
    audit(
        "a link leads to the hosted API",
        put("Comment", "text", "https://api.parse.com/1/"),
        Code.HOSTED_API,
    ),
    audit(
        "a pointer leads to nothing",
        put("Comment", "_p_post", f"Post${GONE}"),
        Code.POINTER_MISSING,
    ),
    audit(
        "a nested pointer leads to nothing",
        put("Post", "mentions", [{"__type": "Pointer", "className": "_User", "objectId": GONE}]),
        Code.POINTER_MISSING,
    ),
    audit(
        "a pointer leads to another class",
        put("Comment", "_p_post", f"Team${GONE}"),
        Code.POINTER_CLASS,
    ),
    audit("a pointer has another form", put("Comment", "_p_post", GONE), Code.POINTER_FORM),
    audit(
        "a relation has no owner",
        put("_Join:likes:Post", "owningId", GONE),
        Code.JOIN_OWNER_MISSING,
    ),
    audit(
        "a relation has no member",
        put("_Join:likes:Post", "relatedId", GONE),
        Code.JOIN_RELATED_MISSING,
    ),
    audit(
        "a row of a relation has a number", put("_Join:likes:Post", "relatedId", 5), Code.JOIN_FORM
    ),
    audit("a relation has no column", join_without_column, Code.JOIN_FIELD),
    audit("a member is there twice", twin("_Join:likes:Post"), Code.JOIN_DUPLICATE),
    audit("a class is not in _SCHEMA", remove("_SCHEMA", _id="Setting"), Code.SCHEMA_MISSING),
    audit(
        "a type in _SCHEMA is none",
        schema("Team", {"$set": {"strength": "text"}}),
        Code.SCHEMA_TYPE,
    ),
    audit("a class has an illegal name", add("_SCHEMA", _id="bad-class"), Code.CLASS_NAME),
    audit(
        "permissions lack count",
        schema("Team", {"$unset": {"_metadata.class_permissions.count": 1}}),
        Code.CLP_NO_COUNT,
    ),
    audit(
        "permissions lack create",
        schema("Team", {"$unset": {"_metadata.class_permissions.create": 1}}),
        Code.CLP_INCOMPLETE,
    ),
    audit(
        "permissions name a role that is gone",
        schema("Setting", {"$set": {"_metadata.class_permissions.get": {"role:Gone": True}}}),
        Code.CLP_PRINCIPAL,
    ),
    audit(
        "the list of readers is null", put("GameScore", "_rperm", None, **WITH_ACL), Code.ACL_NULL
    ),
    audit(
        "the list of writers is null", put("GameScore", "_wperm", None, **WITH_ACL), Code.ACL_NULL
    ),
    audit(
        "the list of readers is text", put("GameScore", "_rperm", "*", **WITH_ACL), Code.ACL_FORM
    ),
    audit(
        "only the old ACL is there",
        put("GameScore", "_acl", {"*": {"r": True}}, **LONE_ACL),
        Code.ACL_ONLY_LEGACY,
    ),
    audit("the old ACL is not there", unset("GameScore", "_acl", **WITH_ACL), Code.ACL_NO_LEGACY),
    audit(
        "one side of the ACL is not there",
        unset("GameScore", "_wperm", **WITH_ACL),
        Code.ACL_ONE_SIDED,
        Code.ACL_DISAGREE,
    ),
    audit(
        "both forms of the ACL disagree",
        put("GameScore", "_acl", {"*": {"r": True}}, _rperm=[]),
        Code.ACL_DISAGREE,
    ),
    audit(
        "an ACL names a user who is gone",
        update(
            "GameScore",
            lambda _: {"$set": {"_rperm": [GONE], "_wperm": [], "_acl": {GONE: {"r": True}}}},
        ),
        Code.ACL_USER_MISSING,
    ),
    audit(
        "an ACL names a role that is gone",
        update(
            "GameScore",
            lambda _: {
                "$set": {"_rperm": ["role:Gone"], "_wperm": [], "_acl": {"role:Gone": {"r": True}}}
            },
        ),
        Code.ACL_ROLE_MISSING,
    ),
    audit("a user has no name", unset("_User", "username"), Code.USERNAME_MISSING),
    audit(
        "two users have one name",
        twin("_User", "username_1", username=str),
        Code.USERNAME_DUPLICATE,
        Code.INDEX_UNBUILDABLE,
    ),
    audit("names differ by case alone", twin("_User", username=str.upper), Code.USERNAME_CASE),
    audit(
        "an e-mail is null", put("_User", "email", None, email={"$exists": False}), Code.EMAIL_NULL
    ),
    audit(
        "two users have one e-mail",
        twin("_User", "email_1", email=str),
        Code.EMAIL_DUPLICATE,
        Code.INDEX_UNBUILDABLE,
    ),
    audit("e-mails differ by case alone", twin("_User", email=str.upper), Code.EMAIL_CASE),
    audit(
        "a user has no password",
        unset("_User", "_hashed_password", **WITH_PASSWORD),
        Code.PASSWORD_MISSING,
    ),
    audit(
        "the hash of a password is cut off",
        put("_User", "_hashed_password", lambda old: old[:-1], **WITH_PASSWORD),
        Code.PASSWORD_UNSOUND,
    ),
    audit(
        "a password is plain text",
        put("_User", "_hashed_password", "secret", **WITH_PASSWORD),
        Code.PASSWORD_UNSOUND,
    ),
    audit(
        "logins are under authData",
        put("_User", "authData", {"x": {"id": "1"}}),
        Code.AUTH_DATA_FIELD,
    ),
    audit(
        "two users have one account",
        update(
            "_User",
            lambda _: {"$set": {"_auth_data_facebook": {"id": "1000000005"}}},
            _auth_data_facebook={"$exists": False},
        ),
        Code.AUTH_DATA_DUPLICATE,
    ),
    audit(
        "two roles have one name",
        twin("_Role", "name_1", name=str),
        Code.ROLE_DUPLICATE,
        Code.INDEX_UNBUILDABLE,
    ),
    audit("a role is above itself", role_circle, Code.ROLE_CYCLE),
    audit(
        "a session has no user", put("_Session", "_p_user", f"_User${GONE}"), Code.SESSION_ORPHAN
    ),
    audit(
        "a session has expired",
        put("_Session", "expiresAt", lambda old: old.replace(year=2015)),
        Code.SESSION_EXPIRED,
    ),
    audit(
        "a user has a legacy token", put("_User", "_session_token", "a" * 25), Code.SESSION_LEGACY
    ),
    audit("a session has no token", unset("_Session", "_session_token"), Code.SESSION_FORM),
    audit("two sessions have one token", twin("_Session"), Code.SESSION_DUPLICATE),
    audit(
        "two installations have one id",
        twin("_Installation", deviceToken="0" * 64),
        Code.INSTALLATION_DUPLICATE,
    ),
    audit(
        "two installations have one device",
        twin("_Installation", installationId="x"),
        Code.DEVICE_TOKEN_DUPLICATE,
    ),
    audit(
        "a file is at the hosted store",
        put("Photo", "image", HOSTED_FILE),
        Code.FILE_HOSTED,
        Code.FILE_NO_KEY,
    ),
    audit(
        "no fileKey finds a hosted file",
        put("Photo", "image", HOSTED_FILE),
        Code.FILE_NO_KEY,
        Code.FILE_HOSTED,
    ),
    audit("a file is not there", put("Photo", "image", "f" * 32 + "_x.jpg"), Code.FILE_MISSING),
    audit(
        "a unique index is missing",
        index("_User", lambda c: c.drop_index("username_1")),
        Code.INDEX_MISSING,
    ),
    audit("an index that must be unique is not", index("_User", not_unique), Code.INDEX_NOT_UNIQUE),
    audit("a unique index cannot be built", null_emails, Code.INDEX_UNBUILDABLE, Code.EMAIL_NULL),
    audit(
        "a key is too long for an index",
        put("_Installation", "deviceToken", "x" * 1100),
        Code.INDEX_KEY_LONG,
    ),
)
