"""The server where clients will reach it: behind a proxy that speaks TLS."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import trustme

from parity.model import Target, Writes

ORIGIN: Final = "https://meadow.example"
OUTSIDE: Final = "127.0.0.2"
"""An address of this machine that the server does not take for its own: a stranger's."""


def certificate(folder: Path) -> ssl.SSLContext:
    """Make a certificate for ``localhost``, and write that of its authority to ``ca.pem``."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def options(public_url: str) -> dict[str, Any]:
    """Return the Parse Server options of a server behind one proxy on the same machine."""
    return {
        "trustProxy": True,
        "masterKeyIps": ["127.0.0.1"],
        "allowOrigin": [ORIGIN],
        "publicServerURL": public_url,
    }


def deployed(server: Target, public_url: str) -> Target:
    """Return the target that clients see."""
    return replace(server, name="deployed", url=public_url, writes=Writes.NAMESPACED)


LINES: Final = ('ca = "ca.pem"', f'origins = ["{ORIGIN}"]')
"""What ``parity.toml`` says of it beside its address and keys."""
