"""Noise: what differs between two replays against one and the same server.

An A/A control finds it and writes it as a file for a person to look through. An entry explains a
Difference only after somebody has set ``accepted = true``.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parity.jobs.replay.judgement import place
from parity.jobs.replay.tally import Tally
from parity.model import Difference, UserError
from parity.wire.operation import Operation
from parity.wire.signature import signature

NOISE: Final = "NOISE"
"""Stands where the id of a known difference stands, for what accepted noise explains."""
_HEAD = """# Differences between two replays against the same server: {server}.
# A value that differs here differs for a reason of its own: a clock, a random number, a race.
# Look at each; one that is noise and nothing else gets accepted = true, and explains this
# Difference in a replay with --noise. What is not accepted explains nothing.
"""


@dataclass(frozen=True, slots=True)
class Noise:
    """Accepted noise.

    Attributes:
        places: Signature, path with ``[*]`` for any index, and kind.
    """

    places: frozenset[tuple[str, str, str]] = frozenset()

    def explains(self, operation: Operation, difference: Difference) -> bool:
        """Return whether a Difference is accepted noise.

        Args:
            operation: The request.
            difference: Where the answer differs.
        """
        if not self.places:
            return False
        return (signature(operation), place(difference), str(difference.kind)) in self.places


NO_NOISE: Final = Noise()


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
                f"signature = {_toml(name)}\n"
                f"path = {_toml(path)}\n"
                f"kind = {_toml(kind)}\n"
                f"seen = {cluster.exchanges}\n"
                f"example = {_toml(', '.join(cluster.examples))}\n"
                "accepted = false\n"
            )
    file.write_text("\n".join([_HEAD.format(server=server), *entries]), encoding="utf-8")
    return len(entries)


def read_noise(path: Path) -> Noise:
    """Read a reviewed file.

    Raises:
        UserError: It cannot be read, or an entry is not as :func:`write_noise` writes it.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(
            f"{path}: {error}", "Give a file that --control has written.", code="noise"
        ) from None
    places = set()
    entries = document.get("noise", [])
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        fields = entry if isinstance(entry, dict) else {}
        names = [fields.get(name) for name in ("signature", "path", "kind")]
        if not all(isinstance(each, str) for each in names):
            raise UserError(
                f"{path}: entry {number + 1} lacks a signature, a path or a kind",
                "Keep what --control wrote, and change accepted only.",
                code="noise",
            )
        if fields.get("accepted") is True:
            places.add((str(names[0]), str(names[1]), str(names[2])))
    return Noise(frozenset(places))


def _toml(text: str) -> str:
    # Strings of JSON are strings of TOML but for DEL and for pairs of surrogates.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
