"""Puts versions of the Parse JavaScript SDK in place with ``npm ci``, once per user."""

from __future__ import annotations

from pathlib import Path

from tests.npm import npm_folder

OLD = "1.6.14"
"""The oldest that can be pointed at any server; before it, the SDK adds ``/1`` to every path."""
NEW = "8.6.2"

VERSIONS = Path(__file__).parent / "versions"


def sdk_folder(version: str) -> Path:
    """Return the folder with the SDK in ``node_modules``, after installing it if need be.

    Args:
        version: A version with a lock in ``versions/``.

    Raises:
        LookupError: There is no such lock.
        RuntimeError: npm failed; with the end of its output.
    """
    locks = VERSIONS / version
    if not locks.is_dir():
        raise LookupError(f"no lock for SDK {version}; there are {OLD} and {NEW}")
    return npm_folder(locks, "sdk")
