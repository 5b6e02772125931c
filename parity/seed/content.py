"""The app's own classes: every type that Parse stores, in the forms that it was stored in."""

from __future__ import annotations

from typing import Final

from bson import Int64

from parity.seed.files import file_count, file_name
from parity.seed.ids import digest
from parity.seed.making import Document, Maker, Making, permissions, times
from parity.seed.people import ROLE_ADMINS

LONG_CLASSES: Final = ("GameScore", "Comment", "Post")
"""Classes whose documents are filled up with text."""
TEAM_NAMES: Final = ("Red", "Green", "Blue")


def game_scores(making: Making) -> Maker:
    """Make the big class: numbers of all three kinds, a pointer, a date, an object and ACLs."""
    ids, count = making.ids["GameScore"], making.count("GameScore")
    user_ids, users = making.ids["_User"], making.count("_User")
    team_ids = [making.ids["Team"](each) for each in range(making.count("Team"))]
    random = making.rng("GameScore").random

    def make(number: int) -> Document:
        chance = random()
        created, updated = times(number, count, chance)
        user = user_ids(int(chance * chance * users))  # few users play most games
        document: Document = {
            "_id": ids(number),
            "score": int(chance * 100_000),
            "ratio": chance * 10,
            "total": Int64(5_000_000_000 + number),
            "cheatMode": number % 10 == 0,
            "playerName": f"player {number % 1000}",
            "_p_player": f"_User${user}",
            "_p_team": f"Team${team_ids[number % len(team_ids)]}",
            "playedAt": created,
            "stats": {"kills": int(chance * 50), "accuracy": chance, "map": "de_dust"},
            "tags": ["a", number % 7, chance > 0.5],
            "notes": making.padded(random()),
            "_created_at": created,
            "_updated_at": updated,
        }
        if number % 5 == 0:
            document |= permissions(["*", user], [user])
        elif number % 5 == 1:
            document |= permissions([user], [user])
        elif number % 50 == 2:
            document |= permissions([f"role:{ROLE_ADMINS}"], [f"role:{ROLE_ADMINS}"])
        elif number % 50 == 3:
            document |= permissions([], [])  # nobody but the master key
        elif number % 50 == 4:
            document["_acl"] = {"*": {"r": True, "w": True}}  # as before there were lists
        return document

    return make


def posts(making: Making) -> Maker:
    """Make posts: nested values in the old and in the new form, null, and a relation."""
    ids, count = making.ids["Post"], making.count("Post")
    user_ids, users = making.ids["_User"], making.count("_User")
    random = making.rng("Post").random

    def make(number: int) -> Document:
        chance = random()
        created, updated = times(number, count, chance)
        user = user_ids(number % users)
        pointer = {"__type": "Pointer", "className": "_User", "objectId": user}
        old = number % 2 == 0
        date = {"__type": "Date", "iso": "2014-05-06T07:08:09.010Z"} if old else created
        return {
            "_id": ids(number),
            "title": f"Post {number}",
            "body": making.padded(random()),
            "_p_author": f"_User${user}",
            "mentions": [pointer],
            "meta": {
                "edited": date,
                "place": {"__type": "GeoPoint", "latitude": 52.5, "longitude": chance},
                "deep": {"list": [1, 2.5, "three", None, {"four": [True]}]},
            },
            "subtitle": None,
            "publishedAt": updated,
            **permissions(["*"], [user]),
            "_created_at": created,
            "_updated_at": updated,
        }

    return make


def comments(making: Making) -> Maker:
    """Make comments: two pointers and a text; half of them without ACL."""
    ids, count = making.ids["Comment"], making.count("Comment")
    user_ids, users = making.ids["_User"], making.count("_User")
    post_ids, post_count = making.ids["Post"], making.count("Post")
    random = making.rng("Comment").random

    def make(number: int) -> Document:
        chance = random()
        created, updated = times(number, count, chance)
        user = user_ids(int(chance * users))
        document: Document = {
            "_id": ids(number),
            "text": making.padded(random()),
            "_p_post": f"Post${post_ids(int(chance * chance * post_count))}",
            "_p_author": f"_User${user}",
            "_created_at": created,
            "_updated_at": updated,
        }
        if number % 2:
            document |= permissions(["*"], [user])
        return document

    return make


def places(making: Making) -> Maker:
    """Make places: a point, an area, and bytes as binary or (old) as base64 text."""
    seed, ids, count = making.plan.seed, making.ids["Place"], making.count("Place")
    random = making.rng("Place").random

    def make(number: int) -> Document:
        created, updated = times(number, count, random())
        lng, lat = random() * 340 - 170, random() * 160 - 80
        raw = digest(seed, "bytes", number)
        ring = [[lng, lat], [lng + 1, lat], [lng + 1, lat + 1], [lng, lat]]
        return {
            "_id": ids(number),
            "name": f"Place {number}",
            "location": [lng, lat],
            "area": {"type": "Polygon", "coordinates": [ring]},
            "blob": "c2VlZA==" if number % 20 == 7 else raw,
            "_created_at": created,
            "_updated_at": updated,
        }

    return make


def photos(making: Making) -> Maker:
    """Make photos: files of three eras, all of them in GridFS, beside an old one in a list."""
    seed, ids, count = making.plan.seed, making.ids["Photo"], making.count("Photo")
    post_ids, post_count = making.ids["Post"], making.count("Post")
    files = file_count(making.plan)
    random = making.rng("Photo").random

    def make(number: int) -> Document:
        created, updated = times(number, count, random())
        nested = {"__type": "File", "name": file_name(seed, (number + 1) % files)}
        return {
            "_id": ids(number),
            "image": file_name(seed, number % files),
            "thumbnails": [nested] if number % 3 == 0 else [],
            "_p_post": f"Post${post_ids(number % post_count)}",
            "takenAt": created,
            "_created_at": created,
            "_updated_at": updated,
        }

    return make


def teams(making: Making) -> Maker:
    """Make the few teams that all scores point to."""
    ids, count = making.ids["Team"], making.count("Team")

    def make(number: int) -> Document:
        created, updated = times(number, count, 0.25)
        return {
            "_id": ids(number),
            "name": f"{TEAM_NAMES[number % len(TEAM_NAMES)]} {number}",
            "strength": number / 3,
            "_created_at": created,
            "_updated_at": updated,
        }

    return make


def settings(making: Making) -> Maker:
    """Make a class that only a role may write (by its class-level permissions)."""
    ids, count = making.ids["Setting"], making.count("Setting")

    def make(number: int) -> Document:
        created, updated = times(number, count, 0.75)
        value = {"limits": {"perDay": 10 * number}, "on": True}
        document = {"_id": ids(number), "key": f"setting-{number}", "value": value}
        return document | {"_created_at": created, "_updated_at": updated}

    return make


def global_config(_making: Making) -> Maker:
    """Make the app's config; its id is a number in old data."""

    def make(_number: int) -> Document:
        return {"_id": 1, "params": {"welcome": "Grüezi", "maxLevel": 99}, "masterKeyOnly": {}}

    return make
