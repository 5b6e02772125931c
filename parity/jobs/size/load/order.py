"""What a Locust process is told to do, and how it travels: over a pipe, never as an argument."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from parity.model import Target, UserError, Writes
from parity.profiles.profile import READS, Profile

CONTROL: Final = "PARITY_LOAD_CONTROL"
"""Environment variable with two file descriptors, ``3,4``: orders come in, windows go out."""
GRACE_S: Final = 10.0
KINDS: Final = ("rest", "mongo", "replay", "null")


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
        grace_s: Seconds that requests under way are waited for at the end of a hold.
    """

    kind: str
    target: Target
    profile: Profile
    seed: int = 1
    read_only: bool = False
    mark: str = ""
    recording: Path | None = None
    speed: float = 1.0
    grace_s: float = GRACE_S

    def to_json(self) -> Any:
        """Return it as JSON, secrets included: for a pipe, never for a file."""
        return TypeAdapter(LoadOrder).dump_python(self, mode="json", by_alias=True)

    @classmethod
    def from_json(cls, data: Any) -> LoadOrder:
        """Read what :meth:`to_json` wrote."""
        return TypeAdapter(LoadOrder).validate_python(data)


def check_order(order: LoadOrder) -> LoadOrder:
    """Refuse what must not be sent.

    Returns:
        The order; of a read-only one only what reads is left of the profile.

    Raises:
        UserError: The target's settings forbid it, or what it would leave could not be removed.
    """
    target = order.target
    if order.kind == "mongo" and target.mongo is None:
        raise UserError(
            f"the target {target.name!r} has no mongo, so its database cannot be asked",
            f'Add mongo = "env:NAME" under [targets.{target.name}].',
            code="no-mongo",
        )
    if order.kind in ("null", "replay"):
        return order  # of a recording only a target that is thrown away gets writes: ``recorded``
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
    kept = tuple(one for one in order.profile.operations if one.ask in READS)
    if not any(one.weight for one in kept):
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
