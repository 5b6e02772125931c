"""Noise: what differs between two replays against one and the same server.

An A/A control finds it and writes it as a file for a person to look through. An entry explains a
difference only after somebody has set ``accepted = true``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parity.jobs.replay.judgement import place
from parity.jobs.replay.tally import Tally
from parity.model import Difference
from parity.model.formats import Format
from parity.model.toml import open_toml, read_written, toml_text
from parity.wire.operation import Operation
from parity.wire.signature import signature

NOISE: Final = "NOISE"
"""Stands where the id of a known difference stands, for what accepted noise explains."""
_HEAD = """# Differences between two replays against the same server: {server}.
# A value that differs here differs for a reason of its own: a clock, a random number, a race.
# Look at each; one that is noise and nothing else gets accepted = true, and explains this
# difference in a replay with --noise. What is not accepted explains nothing.
"""


@dataclass(frozen=True, slots=True)
class Noise:
    """Accepted noise.

    Attributes:
        places: Signature, path with ``[*]`` for any index, and kind.
    """

    places: frozenset[tuple[str, str, str]] = frozenset()

    def explains(self, operation: Operation, difference: Difference) -> bool:
        """Return whether a difference is accepted noise.

        Args:
            operation: The request.
            difference: Where the answer differs.
        """
        if not self.places:
            return False
        return (signature(operation), place(difference), str(difference.kind)) in self.places


NO_NOISE: Final = Noise()


@dataclass(frozen=True, slots=True)
class _Entry:
    """What differs at one place of the answers to one kind of request.

    Attributes:
        signature: The kind of request.
        path: The place, with ``[*]`` for any index.
        kind: Kind of difference.
        seen: Exchanges in which it did.
        example: The ids of some.
        accepted: Whether somebody has looked at it and calls it noise.
    """

    signature: str
    path: str
    kind: str
    seen: int = 0
    example: str = ""
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class _File:
    """A file of noise."""

    noise: tuple[_Entry, ...] = ()


_FILE: Final = Format[_File](_File)
_LONGEST_FILE: Final = 64 * 1024 * 1024


def write_noise(tally: Tally, file: Path, server: str) -> int:
    """Write what differed in a control as a file to review.

    Args:
        tally: Of the second replay, compared with the first.
        file: The TOML file.
        server: What was asked, for the head of the file.

    Returns:
        Number of entries.
    """
    entries = []
    for name, of in sorted(tally.signatures.items()):
        for (path, kind), cluster in sorted(of.clusters.items()):
            entries.append(
                "[[noise]]\n"
                f"signature = {toml_text(name)}\n"
                f"path = {toml_text(path)}\n"
                f"kind = {toml_text(kind)}\n"
                f"seen = {cluster.exchanges}\n"
                f"example = {toml_text(', '.join(cluster.examples))}\n"
                "accepted = false\n"
            )
    file.write_text("\n".join([_HEAD.format(server=server), *entries]), encoding="utf-8")
    return len(entries)


def read_noise(path: Path) -> Noise:
    """Read a reviewed file.

    Raises:
        UserError: It cannot be read, or an entry is not as :func:`write_noise` writes it.
    """
    remedy = "Give a file that --control has written; change nothing in it but accepted."
    document = open_toml(path, remedy, "noise", most=_LONGEST_FILE)
    read = read_written(document, _FILE, path, remedy, "noise")
    accepted = (entry for entry in read.noise if entry.accepted)
    return Noise(frozenset((entry.signature, entry.path, entry.kind) for entry in accepted))
