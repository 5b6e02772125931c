"""The names under which the secrets of targets are shown: the one place that makes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from parity.model import Target

MONGO_PASSWORD: Final = "$MONGO_PASSWORD"


def secrets_of(targets: Iterable[Target]) -> dict[str, str]:
    """Return each secret value of some targets with the name to show for it.

    The password within a MongoDB URI is a secret of its own: drivers and servers quote it alone.

    Args:
        targets: Whatever a run has to do with, also the side that is not judged.

    Returns:
        Values to names like ``$SELFHOSTED_REST_KEY``; what :class:`parity.wire.Redactor` takes.
    """
    names: dict[str, str] = {}
    for target in targets:
        for setting, secret in target.secrets():
            if secret.value:
                own = f"{target.name}_{setting}".upper().replace("-", "_")
                names[secret.value] = f"${secret.source or own}"
        if target.mongo is not None and (password := mongo_password(target.mongo.value)):
            names[password] = names[unquote(password)] = MONGO_PASSWORD
    return names


def mongo_password(uri: str) -> str:
    """Return the password in a MongoDB URI as it stands there, percent-encoded or not.

    Args:
        uri: Any text: a password with ``@`` or ``/`` in it makes a URI that no parser reads.

    Returns:
        The password, or nothing.
    """
    _, _, rest = uri.partition("://")
    userinfo, at, _ = rest.rpartition("@")
    return userinfo.partition(":")[2] if at else ""
