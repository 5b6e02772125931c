"""What the hosted service left behind in real databases; ``parity audit`` reports all of it.

A Parse Server starts on every one of these and serves every class but ``QuirkUnreadable``.
Source: ``differences.md`` section 3, "Seed-data cases"; the issues are named there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bson.datetime_ms import DatetimeMS

from parity.seed.ids import bson_id, letters, token, uuid
from parity.seed.making import BEGAN_MS, YEAR_MS, Document, Making, permissions
from parity.seed.passwords import hash_of, username_of

GONE: Final = "gone000000"
"""An object id that no object of a seed has."""
LEGACY_USER: Final = "legacy"
"""User with a token of the time before revocable sessions; the password is that of user 1."""


def legacy_token(seed: int) -> str:
    """Return the token of :data:`LEGACY_USER`: 25 letters and digits."""
    return letters(seed, "legacy", 0)


def quirk_rows(making: Making) -> Iterator[tuple[str, Document]]:
    """Yield collection and document of each quirk."""
    for number, (kind, fields) in enumerate(_readable(making)):
        yield "Quirk", {**_row(making, number, kind), **fields}
    for number, (kind, fields) in enumerate(_unreadable(), start=100):
        yield "QuirkUnreadable", {**_row(making, number, kind), **fields}
    yield from _users(making)
    yield from _sessions(making)
    yield from _joins(making)


def _row(making: Making, number: int, kind: str) -> Document:
    when = DatetimeMS(BEGAN_MS + number * 1000)
    identity = making.ids["Quirk"](number)
    return {"_id": identity, "kind": kind, "_created_at": when, "_updated_at": when}


def _readable(making: Making) -> Iterator[tuple[str, Document]]:
    seed, user = making.plan.seed, making.ids["_User"](0)
    private = {user: {"r": True, "w": True}}
    yield "only _acl, which says private", {"_acl": private}
    yield "lists without _acl", {"_rperm": [user], "_wperm": [user]}
    yield "lists and _acl disagree", {"_rperm": ["*"], "_wperm": [user], "_acl": private}
    yield "pointer to a deleted object", {"_p_target": f"Post${GONE}"}
    yield "pointer whose column is not in _SCHEMA", {"_p_lost": f"Post${GONE}"}
    yield "ACL of a deleted user", permissions([GONE], [GONE])
    yield "ACL of a deleted role", permissions(["role:Gone"], ["role:Gone"])
    yield "file still at the hosted store", {"file": f"tfss-{uuid(seed, 'lost', 0)}-lost.jpg"}
    yield "older file still at the hosted store", {"file": f"{uuid(seed, 'lost', 1)}-lost.jpg"}
    yield "link to the hosted service", {"link": "https://api.parse.com/1/classes/Post"}


def _unreadable() -> Iterator[tuple[str, Document]]:
    yield "key that no server knows", {"_x": 1}
    yield "pointer to another class than _SCHEMA says", {"_p_target": f"Comment${GONE}"}
    yield "lists that are null", {"_rperm": None, "_wperm": None}


def _users(making: Making) -> Iterator[tuple[str, Document]]:
    seed, count = making.plan.seed, making.count("_User")
    names = (LEGACY_USER, username_of(0).upper(), "nullmail")
    keys: tuple[Document, ...] = ({"_session_token": legacy_token(seed)}, {}, {"email": None})
    for number, (name, more) in enumerate(zip(names, keys, strict=True)):
        when = DatetimeMS(BEGAN_MS + number)
        yield (
            "_User",
            {
                "_id": making.ids["_User"](count + number),
                "username": name,
                "_hashed_password": hash_of(1),
                **more,
                "_created_at": when,
                "_updated_at": when,
            },
        )


def _sessions(making: Making) -> Iterator[tuple[str, Document]]:
    count = making.count("_Session")
    users = (making.ids["_User"](0), GONE)
    ends = (BEGAN_MS + YEAR_MS, 2 * BEGAN_MS * 2)
    for number, (user, end) in enumerate(zip(users, ends, strict=True)):
        yield (
            "_Session",
            {
                "_id": making.ids["_Session"](count + number),
                "_session_token": f"r:{token(making.plan.seed, 'quirk session', number)}",
                "_p_user": f"_User${user}",
                "expiresAt": DatetimeMS(end),
                "_created_at": DatetimeMS(BEGAN_MS),
                "_updated_at": DatetimeMS(BEGAN_MS),
            },
        )


def _joins(making: Making) -> Iterator[tuple[str, Document]]:
    seed, count = making.plan.seed, making.count("_Role")
    role, post = making.ids["_Role"], making.ids["Post"]
    pairs = (
        ("_Join:likes:Post", post(0), GONE),
        ("_Join:likes:Post", GONE, making.ids["_User"](0)),
        ("_Join:roles:_Role", role(count), role(count + 1)),
        ("_Join:roles:_Role", role(count + 1), role(count)),
    )
    for number in range(2):
        when = DatetimeMS(BEGAN_MS + number)
        document = {"_id": role(count + number), "name": f"Loop_{number}", **permissions(["*"], [])}
        yield "_Role", {**document, "_created_at": when, "_updated_at": when}
    for number, (name, owning, related) in enumerate(pairs):
        identity = bson_id(seed, f"quirk {name}", number)
        yield name, {"_id": identity, "relatedId": related, "owningId": owning}
