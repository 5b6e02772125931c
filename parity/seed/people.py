"""Users, sessions, roles and installations.

Source of the keys: ``wire.storage``; of the tokens: ``wire.ids``.
"""

from __future__ import annotations

from typing import Final

from bson.datetime_ms import DatetimeMS

from parity.seed.ids import bson_id, letters, token, uuid
from parity.seed.making import FAR_MS, Document, Maker, Making, permissions, times
from parity.seed.passwords import hash_of, is_anonymous, username_of

ROLE_ADMINS: Final = "Admins"
BRANCHES: Final = 4
"""Roles below each role."""
ZONES: Final = ("America/New_York", "Europe/Berlin", "Asia/Tokyo", "Australia/Sydney")


def role_name(number: int) -> str:
    """Return the name of the n-th role; the first one is above all others."""
    return ROLE_ADMINS if number == 0 else f"Moderators_{number}"


def users(making: Making) -> Maker:
    """Make users: most with a password and an e-mail, some anonymous, some without ACL."""
    seed, ids, count = making.plan.seed, making.ids["_User"], making.count("_User")
    random = making.rng("_User").random

    def make(number: int) -> Document:
        chance = random()
        identity = ids(number)
        created, updated = times(number, count, chance)
        document: Document = {"_id": identity, "username": username_of(number)}
        if is_anonymous(number):
            account = uuid(seed, "anonymous", number)
            document["_auth_data_anonymous"] = {"id": account}
        else:
            document["_hashed_password"] = hash_of(number)
            if number % 7:
                document["email"] = f"{username_of(number)}@example.com"
                document["emailVerified"] = number % 3 == 0
        if number % 11 == 5:
            document["_auth_data_facebook"] = {
                "id": str(1_000_000_000 + number),
                "access_token": letters(seed, "facebook", number),
                "expiration_date": "2030-01-01T00:00:00.000Z",
            }
        if number % 50 == 13:
            document["_tombstone"] = "seed"  # the hosted service left it; servers ignore it
        document["nickname"] = making.padded(chance)[:12] or "näme"
        document["level"] = int(chance * 99)
        document["_created_at"] = created
        document["_updated_at"] = updated
        if number % 10:
            document |= permissions(["*", identity], [identity])
        return document

    return make


def sessions(making: Making) -> Maker:
    """Make sessions of both revocable formats: the hosted service's and Parse Server's."""
    seed, ids, count = making.plan.seed, making.ids["_Session"], making.count("_Session")
    user_ids, users_count = making.ids["_User"], making.count("_User")
    random = making.rng("_Session").random

    def make(number: int) -> Document:
        created, updated = times(number, count, random())
        hosted = number % 2 == 0
        code = letters(seed, "session", number) if hosted else token(seed, "session", number)
        document: Document = {
            "_id": ids(number),
            "_session_token": f"r:{code}",
            "_p_user": f"_User${user_ids(number * 13 % users_count)}",
            "createdWith": {"action": "login", "authProvider": "password"},
            "expiresAt": DatetimeMS(FAR_MS + number),
            "installationId": uuid(seed, "installation", number % making.count("_Installation")),
            "_created_at": created,
            "_updated_at": updated,
        }
        if hosted:
            document["restricted"] = False
        return document

    return make


def installations(making: Making) -> Maker:
    """Make installations of two kinds of devices, some with a user."""
    seed, ids, count = making.plan.seed, making.ids["_Installation"], making.count("_Installation")
    user_ids, users_count = making.ids["_User"], making.count("_User")
    random = making.rng("_Installation").random

    def make(number: int) -> Document:
        chance = random()
        created, updated = times(number, count, chance)
        device = token(seed, "device", number)
        ios = number % 3 != 0
        document: Document = {
            "_id": ids(number),
            "installationId": uuid(seed, "installation", number),
            "deviceType": "ios" if ios else "android",
            "deviceToken": device * 2 if ios else f"APA91b{device}",
            "channels": ["", "news"] if number % 4 else [],
            "badge": number % 9,
            "timeZone": ZONES[number % len(ZONES)],
            "localeIdentifier": "en-US",
            "appName": "Seed",
            "appIdentifier": "com.example.seed",
            "appVersion": f"1.{number % 20}",
            "parseVersion": "1.12.0" if ios else "1.13.0",
        }
        if not ios:
            document["pushType"] = "gcm"
            document["GCMSenderId"] = "123456789012"
        if number % 2:
            document["_p_user"] = f"_User${user_ids(number % users_count)}"
        document["_created_at"] = created
        document["_updated_at"] = updated
        return document

    return make


def roles(making: Making) -> Maker:
    """Make roles; only the first may change them."""
    ids, count = making.ids["_Role"], making.count("_Role")

    def make(number: int) -> Document:
        created, updated = times(number, count, 0.5)
        document = {"_id": ids(number), "name": role_name(number)}
        document |= permissions(["*"], [f"role:{ROLE_ADMINS}"])
        return document | {"_created_at": created, "_updated_at": updated}

    return make


def roles_of_roles(making: Making) -> Maker:
    """Nest the roles as a tree: whoever is in a role is in all roles below it."""
    seed, ids, name = making.plan.seed, making.ids["_Role"], "_Join:roles:_Role"

    def make(number: int) -> Document:
        # The members of the owning role are its own and those of the related one.
        child, parent = number + 1, number // BRANCHES
        return _row(seed, name, number, owning=ids(child), related=ids(parent))

    return make


def users_of_roles(making: Making) -> Maker:
    """Put users into roles, at most once each."""
    seed, name = making.plan.seed, "_Join:users:_Role"
    role_ids, role_count = making.ids["_Role"], making.count("_Role")
    user_ids = making.ids["_User"]

    def make(number: int) -> Document:
        role = role_ids(number % role_count)
        return _row(seed, name, number, owning=role, related=user_ids(number))

    return make


def likes(making: Making) -> Maker:
    """Make the members of ``Post.likes``; popular posts have more."""
    seed, name = making.plan.seed, "_Join:likes:Post"
    post_ids, posts = making.ids["Post"], making.count("Post")
    user_ids = making.ids["_User"]

    def make(number: int) -> Document:
        # There are fewer likes than users, so each user likes one post, and no pair comes twice.
        post = number * number % posts
        return _row(seed, name, number, owning=post_ids(post), related=user_ids(number))

    return make


def _row(seed: int, name: str, number: int, *, owning: str, related: str) -> Document:
    return {"_id": bson_id(seed, name, number), "relatedId": related, "owningId": owning}
