"""Users that ask the null server: how fast can the generator be at all?

They do with each answer what those of :mod:`parity.jobs.size.load.workload` do with the cheapest
ones: parse it and look for what must be in it.
"""

from __future__ import annotations

from time import monotonic

from parity.jobs.size.load.http import NoAnswer
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.rest_store import Wire, encoded, object_of, string_of
from parity.jobs.size.load.rows import PAD
from parity.jobs.size.load.store import Outcome, Setup, Wrong
from parity.profiles.profile import READS


class NullLoad:
    """What the users of one process share; arguments as of ``Workload``."""

    def __init__(self, order: LoadOrder, _setup: Setup, _number: int) -> None:
        self.operations = order.profile.operations
        self.wire = Wire(order.target)

    def user(self) -> NullUser:
        """Return a new user."""
        return NullUser(self)

    def take_files(self) -> list[str]:
        """Return nothing: nothing is uploaded."""
        return []

    def close(self) -> None:
        """Nothing is shared that would have to be closed."""


class NullUser:
    """One user."""

    def __init__(self, load: NullLoad) -> None:
        self.load = load
        self.connection = load.wire.connection()

    def perform(self, number: int) -> Outcome:
        """Send a read or a write, as the operation of the profile is one."""
        wanted, wire = self.load.operations[number], self.load.wire
        if wanted.ask in READS:
            request = wire.get("classes/Null/null000001")
        else:
            body = encoded({PAD: "x" * wanted.payload_bytes})
            request = wire.request("POST", "classes/Null", body)
        sent = monotonic()
        try:
            answer = self.connection.send(request)
            string_of(object_of(answer, 200, 201), "objectId")
        except (Wrong, NoAnswer) as error:
            return Outcome(wanted.name, sent, monotonic(), f"{wanted.ask}: {error}")
        return Outcome(wanted.name, sent, answer.ended, "", len(answer.body))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
