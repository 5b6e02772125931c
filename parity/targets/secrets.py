"""Secrets by reference, and the names under which they are shown: the one place for both."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from parity.model import Secret, Target, UserError

MONGO_PASSWORD: Final = "$MONGO_PASSWORD"
MOST_BYTES: Final = 65_536
"""A key or URI is far shorter; what is longer is the wrong file."""


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


def read_secret(reference: Any, folder: Path, environ: Mapping[str, str], what: str) -> Secret:
    """Look up ``env:NAME`` or ``file:PATH``.

    Args:
        reference: The reference; a value that is none is not repeated in the message.
        folder: What a relative path starts from.
        environ: The environment.
        what: What it is, for messages.

    Raises:
        UserError: It is no reference, or refers to nothing that can be a secret.
    """
    kind, _, name = reference.partition(":") if isinstance(reference, str) else ("", "", "")
    if kind == "env" and name:
        value = environ.get(name, "")
        if not value:
            raise UserError(f"{what}: {name} is not set", f"Set {name}.", code="secret")
        return Secret(value, name)
    if kind == "file" and name:
        try:
            return Secret(read_secret_file(folder / Path(name).expanduser()))
        except ValueError as error:
            raise UserError(f"{what}: file:{name} {error}", code="secret") from None
    raise UserError(f"{what} is not a reference", 'Write "env:NAME" or "file:PATH".', code="secret")


def read_secret_file(path: Path) -> str:
    """Return the one line of a file.

    A device or a pipe may never end, so only a regular file is read, and only so much of it.

    Raises:
        ValueError: It cannot be read or holds no single line; the message never quotes it.
    """
    try:
        # Opened without waiting: a FIFO without a writer would block for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("is no regular file")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"is longer than {MOST_BYTES:,} bytes, so it is no secret")
    try:
        # Windows writes a byte order mark in front.
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if not text:
        raise ValueError("is empty")
    if len(text.splitlines()) > 1:
        raise ValueError("has more than one line")
    return text
