"""Queries that no client asks and Parse Server sends all the same.

None of them has an index unless somebody made one: a server makes indexes for user names,
e-mail addresses and role names alone (those are looked at by ``parity audit``), and none for
sessions, roles' members and installations (measured with 2.8.4 and 9.10.0,
``tests/indexes/test_sent.py``). The hosted service had them.

Sources: parse-server 2.8.4 and 9.10.0: ``Auth.getAuthForSessionToken``, ``Auth.getRolesForUser``,
``RestWrite.destroyDuplicatedSessions``, ``RestWrite.handleInstallation``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from parity.indexes.sample import Sample
from parity.indexes.sent import Sent
from parity.profiles.profile import Ask, Profile
from parity.wire.storage import join_collection

CACHE_S: Final = 5.0
"""Seconds that a server remembers a session and the roles of its user: ``cacheTTL``, 5000 ms."""
_ANONYMOUS: Final = frozenset({Ask.SIGN_UP, Ask.LOG_IN, Ask.DOWNLOAD})


@dataclass(frozen=True, slots=True)
class Implied:
    """One such query.

    Attributes:
        name: What it is for.
        collection: Where.
        rate: Times a second at the peak.
        keys: Stored keys whose values are taken from one row.
    """

    name: str
    collection: str
    rate: float
    keys: tuple[str, ...]

    def bind(self, sample: Sample, random: Random) -> Sent | None:
        """Return the query with the values of a row; ``None`` if no chosen row has them."""
        first = self.keys[0]
        wanted = self.keys if first == "_p_user" else (first,)
        rows = [row for row in sample.stored if all(row.get(key) for key in wanted)]
        if not rows:
            return None
        row = random.choice(rows)
        if self.collection.startswith("_Join:"):
            return Sent(self.collection, {first: {"$in": [row[first]]}})
        if self.collection == "_Installation":
            given = [{key: row[key]} for key in self.keys if row.get(key)]
            return Sent(self.collection, {"$or": given})
        if first == "_p_user":
            condition: dict[str, Any] = {key: row[key] for key in self.keys}
            return Sent(self.collection, {**condition, "_session_token": {"$ne": "none"}})
        return Sent(self.collection, {first: row[first]}, limit=1)


def implied(profile: Profile) -> Iterator[Implied]:
    """Yield the queries that follow from a profile.

    How often a session is looked up is bounded by the requests and by the cache: each client's
    session at most once in :data:`CACHE_S` on each server.
    """
    total = sum(operation.weight for operation in profile.operations)
    rates = dict.fromkeys(Ask, 0.0)
    for operation in profile.operations:
        rates[operation.ask] += profile.peak_rate * operation.weight / total
    by_session = sum(rate for ask, rate in rates.items() if ask not in _ANONYMOUS)
    looked_up = min(by_session, profile.clients / CACHE_S)
    if looked_up:
        yield Implied("session of a token", "_Session", looked_up, ("_session_token",))
        yield Implied(
            "roles of a user", join_collection("users", "_Role"), looked_up, ("relatedId",)
        )
        yield Implied(
            "roles of a role", join_collection("roles", "_Role"), looked_up, ("relatedId",)
        )
    if rates[Ask.LOG_IN]:
        keys = ("_p_user", "installationId")
        yield Implied("other sessions at log-in", "_Session", rates[Ask.LOG_IN], keys)
    if rates[Ask.INSTALLATION]:
        keys = ("installationId", "deviceToken")
        yield Implied("installation of a device", "_Installation", rates[Ask.INSTALLATION], keys)
