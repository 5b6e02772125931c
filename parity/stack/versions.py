"""Which Parse Server versions the embedded default can run, and what each of them needs.

Every version has a folder ``versions/<version>/`` with a ``package.json`` and a
``package-lock.json``; ``python -m parity.stack.lock`` writes the lock.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import Version

from parity.model import UserError

SELFHOSTED_VERSION = "9.10.0"
HOSTED_VERSION = "2.8.4"

NODE_RANGES = ((Version("20.19"), Version("21")), (Version("22.13"), Version("23")),
               (Version("24.11"), Version("25")))  # fmt: skip
"""Node versions that run every version below.

Source: ``engines`` in the package.json of Parse Server 9.10.0; the older versions were started
on 20.20, 22.20 and 24.19, one by one.
"""

MONGOD_RANGE = (Version("4.4"), Version("9"))
"""mongod versions that the drivers of all versions below can talk to.

Source: 4.4 is the first with JSON log lines, from which the supervisor reads the port; only 6.0.5
was run with every version.
"""


@dataclass(frozen=True, slots=True)
class Needs:
    """What one version needs beyond the options that every version gets.

    Attributes:
        fixes: Names of fixes in ``server.cjs`` that make the version load on this Node.
        options: Parse Server options that it cannot run without.
    """

    fixes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


# Sources: each entry was found by starting the version on mongod 6.0.5 and Node 20.20, 22.20 and
# 24.19. What has to change in the installed packages (driver 3.7.4 for 2.8.4, router 2.2.0 from
# 8.5.0 on) is an "overrides" entry in the version's package.json.
VERSIONS: Mapping[str, Needs] = {
    # The driver opens no unified topology unless told to, and without one it cannot speak OP_MSG,
    # the only protocol that mongod >= 5.1 answers.
    "2.8.4": Needs(
        options={"databaseOptions": {"useUnifiedTopology": True, "useNewUrlParser": True}}
    ),
    "3.10.0": Needs(),
    # Its graphql-upload reaches into extract-files by a folder export that Node 17 removed.
    "4.10.20": Needs(fixes=("extract-files",)),
    # Its Parse SDK takes a global `navigator` (Node >= 21) for a browser and looks for indexedDB.
    "5.6.0": Needs(fixes=("navigator",)),
    "6.5.11": Needs(),
    "7.5.4": Needs(),
    "8.6.0": Needs(),
    "8.6.94": Needs(),
    "9.10.0": Needs(),
}


def needs_of(version: str) -> Needs:
    """Return what a version needs.

    Args:
        version: A Parse Server version: ``"8.6.0"``.

    Returns:
        Its entry in :data:`VERSIONS`.

    Raises:
        UserError: The version is not in the table; names the nearest ones.
    """
    try:
        return VERSIONS[version]
    except KeyError:
        known = ", ".join(VERSIONS)
        near = difflib.get_close_matches(version, VERSIONS, n=2, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise UserError(
            f"no Parse Server {version!r} in the embedded default",
            f"{hint}There are: {known}.",
            code="unknown-version",
        ) from None


def lock_folder(version: str) -> Path:
    """Return the folder with the package.json and package-lock.json of a version."""
    return Path(__file__).parent / "versions" / version


def node_fits(version: str) -> bool:
    """Tell whether a Node version (``"24.19.0"``) runs every Parse Server in the table."""
    return any(low <= Version(version) < high for low, high in NODE_RANGES)


def mongod_fits(version: str) -> bool:
    """Tell whether a mongod version (``"6.0.5"``) works with every Parse Server in the table."""
    low, high = MONGOD_RANGE
    return low <= Version(version) < high
