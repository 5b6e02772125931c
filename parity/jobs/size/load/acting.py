"""What a kind of load offers to the users of a Locust process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from parity.jobs.size.load.order import LoadOrder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request of the schedule.

    Attributes:
        name: What was done: ``query Post where(author)``; a log-out without anybody logged in is
            a log-in.
        sent: When it was sent, on the monotonic clock.
        ended: When its answer was complete.
        failure: Why the answer is wrong; empty if it is right.
        received: Bytes of the body.
    """

    name: str
    sent: float
    ended: float
    failure: str = ""
    received: int = 0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is settled once for all processes of a run, before they begin.

    Attributes:
        mark: Mark of the run.
        skipped: Why an operation of the profile is not sent, by its number.
        stand_ins: Class that is written in place of each class of the profile.
        made: Classes that the app has no rows of; the run makes some, in the stand-in.
        files: Names of files that were there before and may be downloaded.
    """

    mark: str
    skipped: dict[int, str] = field(default_factory=dict)
    stand_ins: dict[str, str] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it for another process."""
        skipped = [[number, why] for number, why in self.skipped.items()]
        return {
            "mark": self.mark,
            "skipped": skipped,
            "stand_ins": self.stand_ins,
            "made": list(self.made),
            "files": list(self.files),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Arrangement:
        """Read what :meth:`to_json` wrote."""
        skipped = {int(number): str(why) for number, why in data["skipped"]}
        return cls(
            data["mark"], skipped, data["stand_ins"], tuple(data["made"]), tuple(data["files"])
        )

    def weights(self, order: LoadOrder) -> tuple[float, ...]:
        """Return the weight of each operation, 0 for those that are not sent."""
        operations = enumerate(order.profile.operations)
        return tuple(0.0 if n in self.skipped else each.weight for n, each in operations)


class Client(Protocol):
    """One user: does one thing after the other."""

    def perform(self, operation: int) -> Outcome:
        """Do an operation of the profile and check the answer."""

    def close(self) -> None:
        """Close its connections."""


class Load(Protocol):
    """What the users of one process share."""

    def client(self) -> Client:
        """Return a new user."""

    def take_files(self) -> Sequence[str]:
        """Return the names of the files that were uploaded since the last call."""

    def close(self) -> None:
        """Close what is shared."""
