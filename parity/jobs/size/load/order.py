"""What a Locust process is told to do, and how it travels: over a pipe, never as an argument."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parity.model import Keys, Secret, Style, Target, UserError, Writes
from parity.profiles.profile import READS, Ask, Operation, Profile

CONTROL: Final = "PARITY_LOAD_CONTROL"
"""Environment variable with two file descriptors, ``3,4``: orders come in, windows go out."""
KINDS: Final = ("rest", "mongo", "replay", "nothing")


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """What a Locust process is told to do.

    Attributes:
        kind: One of :data:`KINDS`.
        target: Where the load goes.
        profile: What it is made of.
        seed: Equal seeds give equal load.
        read_only: Only what changes nothing is sent.
        mark: Mark of the run, six characters; every name of what it makes carries it.
        recording: For a replay: the recording.
        speed: For a replay: how many times faster than recorded.
    """

    kind: str
    target: Target
    profile: Profile
    seed: int = 1
    read_only: bool = False
    mark: str = ""
    recording: Path | None = None
    speed: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, secrets included: for a pipe, never for a file."""
        return {
            "kind": self.kind,
            "target": _target_to_json(self.target),
            "profile": dataclasses.asdict(self.profile),
            "seed": self.seed,
            "read_only": self.read_only,
            "mark": self.mark,
            "recording": None if self.recording is None else str(self.recording),
            "speed": self.speed,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LoadOrder:
        """Read what :meth:`to_json` wrote."""
        recording = data["recording"]
        return cls(
            **{
                **data,
                "target": _target_from_json(data["target"]),
                "profile": _profile_from_json(data["profile"]),
                "recording": None if recording is None else Path(recording),
            }
        )


def check_order(order: LoadOrder) -> LoadOrder:
    """Refuse what must not be sent.

    Returns:
        The order; of a read-only one only what reads is left of the profile.

    Raises:
        UserError: The target's settings forbid it, or what it would leave could not be removed.
    """
    target = order.target
    if order.kind == "nothing":
        return order
    if order.kind == "mongo" and target.mongo is None:
        raise UserError(
            f"the target {target.name!r} has no mongo, so its database cannot be asked",
            f'Add mongo = "env:NAME" under [targets.{target.name}].',
            code="no-mongo",
        )
    if order.kind == "replay":
        return order  # only a target that is thrown away gets its writes; see ``recorded``
    if order.read_only:
        return _only_reading(order)
    if target.writes is Writes.FORBIDDEN:
        raise UserError(
            f"a load test writes, and writes to {target.name!r} are forbidden",
            f'Set writes = "namespaced" under [targets.{target.name}] if it may be tested on, or '
            "send only what reads: --read-only.",
            code="writes-forbidden",
        )
    if order.kind != "mongo" and target.keys.master_key is None:
        raise UserError(
            f"{target.name!r} has no master_key, so what the load writes could not be removed",
            f"Add master_key under [targets.{target.name}], or send only what reads: --read-only.",
            code="no-master-key",
        )
    return order


def _only_reading(order: LoadOrder) -> LoadOrder:
    kept = tuple(each for each in order.profile.operations if each.ask in READS)
    if not any(each.weight for each in kept):
        raise UserError(
            f"nothing in the profile {order.profile.name!r} only reads",
            "Choose another profile, or a target that may be written to.",
            code="profile",
        )
    return dataclasses.replace(order, profile=dataclasses.replace(order.profile, operations=kept))


def control_descriptors(environ: Mapping[str, str] = os.environ) -> tuple[int, int] | None:
    """Return the descriptors that orders come from and windows go to; ``None`` without an owner."""
    value = environ.get(CONTROL, "")
    if not value:
        return None
    reading, writing = value.split(",")
    return int(reading), int(writing)


def _target_to_json(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "style": str(target.style),
        "url": target.url,
        "writes": str(target.writes),
        "version": target.version,
        "timeout_s": target.timeout_s,
        "embedded": target.embedded,
        "note": target.note,
        "secrets": {name: [each.value, each.source] for name, each in target.secrets()},
    }


def _target_from_json(data: Mapping[str, Any]) -> Target:
    secrets = {name: Secret(*pair) for name, pair in data["secrets"].items()}
    plain = {name: value for name, value in data.items() if name != "secrets"}
    return Target(
        **{**plain, "style": Style(data["style"]), "writes": Writes(data["writes"])},
        app_id=secrets.pop("app_id"),
        mongo=secrets.pop("mongo", None),
        keys=Keys(**secrets),
    )


def _profile_from_json(data: Mapping[str, Any]) -> Profile:
    operations = tuple(
        Operation(
            **{
                **each,
                "ask": Ask(each["ask"]),
                "keys": tuple(each["keys"]),
                "include": tuple(each["include"]),
            }
        )
        for each in data["operations"]
    )
    low, middle, high = data["think_s"]
    return Profile(
        **{
            **data,
            "operations": operations,
            "hours": tuple(data["hours"]),
            "think_s": (low, middle, high),
        }
    )
