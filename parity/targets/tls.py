"""What a client of a target trusts."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context(ca: Path | None) -> ssl.SSLContext:
    """Return a context that verifies the chain and the host name.

    Args:
        ca: PEM file of a private certificate authority, trusted beside those of the system.

    Raises:
        OSError: The file cannot be read, or is no PEM (:class:`ssl.SSLError`).
    """
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(ca)
    return context
