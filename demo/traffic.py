"""What the clients of the demo's app say to their server: real requests."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from parity.model import Target
from parity.targets import ParseClient
from parity.targets.reply import Reply

# Formats of the versions: research on SDK headers; each can change its server URL.
KINDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("i1.14.2", {"key": "client_key", "revocable_session": True}),
    ("a1.13.1", {"key": "client_key", "revocable_session": True}),
    ("js1.6.14", {"key": "javascript_key", "in_body": True, "revocable_session": True}),
)
CLIENTS: Final = 30
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Device:
    """One installation of the app.

    Attributes:
        client: How it sends.
        number: Which one.
        rng: Its habits.
    """

    client: ParseClient
    number: int
    rng: random.Random


def use_the_app(target: Target) -> int:
    """Let all clients use the app, one after the other.

    Not at the same time: what a cloud function sees of a write that is under way is decided by
    chance, and a replay would decide it again.

    Args:
        target: The server, or the capture in front of it.

    Returns:
        How many requests were sent.

    Raises:
        RuntimeError: The server answered otherwise than the app expects.
    """
    return sum(_use(target, number) for number in range(CLIENTS))


def _use(target: Target, number: int) -> int:
    version, habits = KINDS[number % len(KINDS)]
    sent = 0

    def count(_exchange: object) -> None:
        nonlocal sent
        sent += 1

    installation = str(uuid.UUID(int=random.Random(number).getrandbits(128), version=4))  # noqa: S311 - an id, no secret
    client = ParseClient(target, observer=count).using(
        client_version=version, installation_id=installation, **habits
    )
    device = Device(client, number, random.Random(number))  # noqa: S311 - habits, no secret
    try:
        _session(device, installation)
    finally:
        client.close()
    return sent


def _session(device: Device, installation: str) -> None:
    """Do what a person does with the app in one evening."""
    client, rng = device.client, device.rng
    kind = {"i": "ios", "a": "android", "j": "js"}[client.habits.client_version[0]]  # type: ignore[index]
    if kind != "js":
        _expect(client.post("installations", {
            "deviceType": kind, "installationId": installation, "appVersion": "2.1",
        }), 201)  # fmt: skip
    name, password = f"demo{device.number:04d}", f"meadow-{device.number}"
    made = _expect(client.sign_up(name, password, email=f"{name}@example.org"), 201)
    user = client.as_user(made["sessionToken"])
    me = {"__type": "Pointer", "className": "_User", "objectId": made["objectId"]}
    own = {"*": {"read": True}, made["objectId"]: {"read": True, "write": True}}
    posts = _expect(user.find("Post", order="-createdAt", limit=10), 200)["results"]
    for round_ in range(ROUNDS):
        _expect(user.call("topScores", {"limit": 3 + round_}), 200)
        _read(user, rng)
        score = {"score": rng.randrange(10**6, 10**7), "playerName": name, "player": me, "ACL": own}
        made_score = _expect(user.create("GameScore", score), 201)
        _expect(user.update("GameScore", made_score["objectId"],
                            {"score": {"__op": "Increment", "amount": 10}}), 200)  # fmt: skip
        _expect(user.find("GameScore", {"player": me}, order="-score", limit=5), 200)
        post = {"__type": "Pointer", "className": "Post", "objectId": rng.choice(posts)["objectId"]}
        comment = {"text": f"  nice, says {name} ", "post": post, "author": me, "ACL": own}
        said = _expect(user.create("Comment", comment), 201)
        _expect(user.find("Comment", {"post": post, "author": me}, order="createdAt"), 200)
        if round_ % 2:
            _expect(user.destroy("Comment", said["objectId"]), 200)
    if device.number % 6 == 0:
        picture = rng.randbytes(20_000)
        uploaded = _expect(user.upload("leaf.bin", picture, "application/octet-stream"), 201)
        photo = {"__type": "File", "name": uploaded["name"]}
        _expect(user.create("Photo", {"image": photo, "ACL": own}), 201)
    _expect(user.log_out(), 200)
    back = _expect(client.log_in(name, password), 200)
    _expect(client.as_user(back["sessionToken"]).me(), 200)


def _read(user: ParseClient, rng: random.Random) -> None:
    """Send some of the app's queries."""
    least = rng.randrange(10, 90)
    queries: tuple[Callable[[], Reply], ...] = (
        lambda: user.find("Post", {"subtitle": {"$exists": True}}, order="-createdAt", limit=5),
        lambda: user.find("Team", {"strength": {"$gte": least}}, order="name"),
        lambda: user.find("GameScore", {"cheatMode": False}, order="-score", limit=5),
        lambda: user.find("Post", None, order="-createdAt", limit=5, include="author"),
        lambda: user.call("countPosts"),
    )
    for query in rng.sample(queries, 3):
        _expect(query(), 200)


def _expect(reply: Reply, status: int) -> Any:
    if reply.status != status:
        request = reply.exchange.request
        raise RuntimeError(f"{request.method} {request.url}: {reply.status} {reply.text[:200]}")
    return reply.json
