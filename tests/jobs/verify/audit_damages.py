"""Harm to a database that ``parity audit`` has to find without another one beside it."""

from __future__ import annotations

from typing import Final

from parity.jobs.audit import codes
from parity.model.finding import Code
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
    return Damage(title, plant, "audit", finding.id, frozenset(each.id for each in beside))


AUDIT: Final = (
    audit("an object id is no string", object_id_as_id, codes.ID_TYPE),
    audit(
        "an object has no time of its making", unset("Team", "_created_at"), codes.TIMESTAMP_MISSING
    ),
    audit(
        "a value is not of the type in _SCHEMA", put("GameScore", "score", "many"), codes.FIELD_TYPE
    ),
    audit("a field is not in _SCHEMA", put("GameScore", "bonus", 1), codes.FIELD_UNKNOWN),
    audit("a field has an illegal name", put("GameScore", "bad-name", 1), codes.FIELD_NAME),
    audit("a field has a reserved name", put("GameScore", "className", "x"), codes.FIELD_NAME),
    audit("a key with an underscore is unknown", put("GameScore", "_foo", 1), codes.KEY_UNKNOWN),
    audit(
        "a number is not a number", put("GameScore", "ratio", float("nan")), codes.NUMBER_NOT_FINITE
    ),
    audit(
        *("a place is not on Earth", plant_far_place, codes.GEO_RANGE),
        *(codes.GEO_INDEX, codes.INDEX_LOST),  # without the index that refuses it
    ),
    audit(
        "a document is near the limit",
        put("Comment", "text", "x" * 15_200_000),
        codes.DOCUMENT_LARGE,
    ),
    audit(
        "a link leads to the hosted API",
        put("Comment", "text", "https://api.parse.com/1/"),
        codes.HOSTED_API,
    ),
    audit(
        "a link leads to the hosted file store",
        put("Comment", "text", "https://files.parsetfss.com/key/tfss-a.png"),
        codes.HOSTED_FILE_URL,
    ),
    audit(
        "a pointer leads to nothing",
        put("Comment", "_p_post", f"Post${GONE}"),
        codes.POINTER_MISSING,
    ),
    audit(
        "a nested pointer leads to nothing",
        put("Post", "mentions", [{"__type": "Pointer", "className": "_User", "objectId": GONE}]),
        codes.POINTER_MISSING,
    ),
    audit(
        "a pointer leads to another class",
        put("Comment", "_p_post", f"Team${GONE}"),
        codes.POINTER_CLASS,
    ),
    audit("a pointer has another form", put("Comment", "_p_post", GONE), codes.POINTER_FORM),
    audit(
        "a relation has no owner",
        put("_Join:likes:Post", "owningId", GONE),
        codes.JOIN_OWNER_MISSING,
    ),
    audit(
        "a relation has no member",
        put("_Join:likes:Post", "relatedId", GONE),
        codes.JOIN_RELATED_MISSING,
    ),
    audit(
        "a row of a relation has a number", put("_Join:likes:Post", "relatedId", 5), codes.JOIN_FORM
    ),
    audit("a relation has no column", join_without_column, codes.JOIN_FIELD),
    audit("a member is there twice", twin("_Join:likes:Post"), codes.JOIN_DUPLICATE),
    audit("a class is not in _SCHEMA", remove("_SCHEMA", _id="Setting"), codes.SCHEMA_MISSING),
    audit(
        "a type in _SCHEMA is none",
        schema("Team", {"$set": {"strength": "text"}}),
        codes.SCHEMA_TYPE,
    ),
    audit("a class has an illegal name", add("_SCHEMA", _id="bad-class"), codes.CLASS_NAME),
    audit(
        "permissions lack count",
        schema("Team", {"$unset": {"_metadata.class_permissions.count": 1}}),
        codes.CLP_NO_COUNT,
    ),
    audit(
        "permissions lack create",
        schema("Team", {"$unset": {"_metadata.class_permissions.create": 1}}),
        codes.CLP_INCOMPLETE,
    ),
    audit(
        "permissions name a role that is gone",
        schema("Setting", {"$set": {"_metadata.class_permissions.get": {"role:Gone": True}}}),
        codes.CLP_PRINCIPAL,
    ),
    audit(
        "the list of readers is null", put("GameScore", "_rperm", None, **WITH_ACL), codes.ACL_NULL
    ),
    audit(
        "the list of writers is null", put("GameScore", "_wperm", None, **WITH_ACL), codes.ACL_NULL
    ),
    audit(
        "the list of readers is text", put("GameScore", "_rperm", "*", **WITH_ACL), codes.ACL_FORM
    ),
    audit(
        "only the old ACL is there",
        put("GameScore", "_acl", {"*": {"r": True}}, **LONE_ACL),
        codes.ACL_ONLY_LEGACY,
    ),
    audit("the old ACL is not there", unset("GameScore", "_acl", **WITH_ACL), codes.ACL_NO_LEGACY),
    audit(
        "one side of the ACL is not there",
        unset("GameScore", "_wperm", **WITH_ACL),
        codes.ACL_ONE_SIDED,
        codes.ACL_DISAGREE,
    ),
    audit(
        "both forms of the ACL disagree",
        put("GameScore", "_acl", {"*": {"r": True}}, _rperm=[]),
        codes.ACL_DISAGREE,
    ),
    audit(
        "an ACL names a user who is gone",
        update(
            "GameScore",
            lambda _: {"$set": {"_rperm": [GONE], "_wperm": [], "_acl": {GONE: {"r": True}}}},
        ),
        codes.ACL_USER_MISSING,
    ),
    audit(
        "an ACL names a role that is gone",
        update(
            "GameScore",
            lambda _: {
                "$set": {"_rperm": ["role:Gone"], "_wperm": [], "_acl": {"role:Gone": {"r": True}}}
            },
        ),
        codes.ACL_ROLE_MISSING,
    ),
    audit("a user has no name", unset("_User", "username"), codes.USERNAME_MISSING),
    audit(
        "two users have one name",
        twin("_User", "username_1", username=str),
        codes.USERNAME_DUPLICATE,
        codes.INDEX_UNBUILDABLE,
    ),
    audit("names differ by case alone", twin("_User", username=str.upper), codes.USERNAME_CASE),
    audit(
        "an e-mail is null", put("_User", "email", None, email={"$exists": False}), codes.EMAIL_NULL
    ),
    audit(
        "two users have one e-mail",
        twin("_User", "email_1", email=str),
        codes.EMAIL_DUPLICATE,
        codes.INDEX_UNBUILDABLE,
    ),
    audit("e-mails differ by case alone", twin("_User", email=str.upper), codes.EMAIL_CASE),
    audit(
        "a user has no password",
        unset("_User", "_hashed_password", **WITH_PASSWORD),
        codes.PASSWORD_MISSING,
    ),
    audit(
        "the hash of a password is cut off",
        put("_User", "_hashed_password", lambda old: old[:-1], **WITH_PASSWORD),
        codes.PASSWORD_UNSOUND,
    ),
    audit(
        "a password is plain text",
        put("_User", "_hashed_password", "secret", **WITH_PASSWORD),
        codes.PASSWORD_UNSOUND,
    ),
    audit(
        "logins are under authData",
        put("_User", "authData", {"x": {"id": "1"}}),
        codes.AUTH_DATA_FIELD,
    ),
    audit(
        "two users have one account",
        update(
            "_User",
            lambda _: {"$set": {"_auth_data_facebook": {"id": "1000000005"}}},
            _auth_data_facebook={"$exists": False},
        ),
        codes.AUTH_DATA_DUPLICATE,
    ),
    audit(
        "two roles have one name",
        twin("_Role", "name_1", name=str),
        codes.ROLE_DUPLICATE,
        codes.INDEX_UNBUILDABLE,
    ),
    audit("a role is above itself", role_circle, codes.ROLE_CYCLE),
    audit(
        "a session has no user", put("_Session", "_p_user", f"_User${GONE}"), codes.SESSION_ORPHAN
    ),
    audit(
        "a session has expired",
        put("_Session", "expiresAt", lambda old: old.replace(year=2015)),
        codes.SESSION_EXPIRED,
    ),
    audit(
        "a user has a legacy token", put("_User", "_session_token", "a" * 25), codes.SESSION_LEGACY
    ),
    audit("a session has no token", unset("_Session", "_session_token"), codes.SESSION_FORM),
    audit("two sessions have one token", twin("_Session"), codes.SESSION_DUPLICATE),
    audit(
        "two installations have one id",
        twin("_Installation", deviceToken="0" * 64),
        codes.INSTALLATION_DUPLICATE,
    ),
    audit(
        "two installations have one device",
        twin("_Installation", installationId="x"),
        codes.DEVICE_TOKEN_DUPLICATE,
    ),
    audit(
        "a file is at the hosted store",
        put("Photo", "image", HOSTED_FILE),
        codes.FILE_HOSTED,
        codes.FILE_NO_KEY,
    ),
    audit(
        "no fileKey finds a hosted file",
        put("Photo", "image", HOSTED_FILE),
        codes.FILE_NO_KEY,
        codes.FILE_HOSTED,
    ),
    audit("a file is not there", put("Photo", "image", "f" * 32 + "_x.jpg"), codes.FILE_MISSING),
    audit(
        "a unique index is missing",
        index("_User", lambda c: c.drop_index("username_1")),
        codes.INDEX_MISSING,
    ),
    audit(
        "an index that must be unique is not", index("_User", not_unique), codes.INDEX_NOT_UNIQUE
    ),
    audit("a unique index cannot be built", null_emails, codes.INDEX_UNBUILDABLE, codes.EMAIL_NULL),
    audit(
        "a key is too long for an index",
        put("_Installation", "deviceToken", "x" * 1100),
        codes.INDEX_KEY_LONG,
    ),
)
