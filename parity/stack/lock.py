"""Write the package-lock.json of a Parse Server version: ``python -m parity.stack.lock 9.10.0``.

For maintainers. A lock names packages, versions and digests, and no registry: everybody installs
from the registry that their npm is configured for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from parity.stack.parts import find_node, find_npm
from parity.stack.versions import lock_folder

NPM_ARGUMENTS = (
    "install",
    "--package-lock-only",
    "--omit-lockfile-registry-resolved",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
)


def write_lock(folder: Path) -> None:
    """Resolve a package.json afresh and write its package-lock.json beside it.

    Args:
        folder: The folder with the package.json.

    Raises:
        subprocess.CalledProcessError: npm failed; it printed why.
    """
    lock = folder / "package-lock.json"
    lock.unlink(missing_ok=True)
    npm = find_npm(find_node())
    subprocess.run([*npm.command, *NPM_ARGUMENTS], cwd=folder, check=True)  # noqa: S603 - our npm
    content = json.loads(lock.read_text("utf-8"))
    lock.write_text(json.dumps(without_hosts(content), indent=1) + "\n", "utf-8")


def without_hosts(lock: dict[str, Any]) -> dict[str, Any]:
    """Remove the addresses that npm leaves in a lock in spite of its option.

    Args:
        lock: A parsed package-lock.json, format 3.

    Returns:
        The same without ``resolved`` and ``funding``.
    """
    packages = {
        path: {key: value for key, value in entry.items() if key not in {"resolved", "funding"}}
        for path, entry in lock["packages"].items()
    }
    return {**lock, "packages": packages}


if __name__ == "__main__":
    for each in sys.argv[1:]:
        write_lock(lock_folder(each))
