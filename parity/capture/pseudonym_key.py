"""The secret behind the stand-ins of a recording; it is never written to one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from parity.model import UserError

MIN_KEY_BYTES: Final = 16


def pseudonym_key(reference: str | None) -> bytes:
    """Read the key.

    Args:
        reference: ``env:NAME`` or ``file:PATH``; ``None`` for a random key, so that stand-ins of
            two recordings have nothing to do with each other.

    Raises:
        UserError: It refers to nothing, or the key is too short.
    """
    if reference is None:
        return secrets.token_bytes(32)
    kind, _, name = reference.partition(":")
    try:
        value = _read(kind, name)
    except (KeyError, OSError):
        # Not repeated: somebody may have put the secret itself there.
        raise UserError(
            "--pseudonym-key refers to nothing that can be read",
            "Write env:NAME of a variable that is set, or file:PATH of a file.",
            code="pseudonym-key",
        ) from None
    if len(value) < MIN_KEY_BYTES:
        raise UserError(
            f"the pseudonym key has fewer than {MIN_KEY_BYTES} bytes",
            "Make one with: openssl rand -hex 32",
            code="pseudonym-key",
        )
    return value


def _read(kind: str, name: str) -> bytes:
    if kind == "env":
        return os.environ[name].encode().strip()
    if kind == "file":
        return Path(name).expanduser().read_bytes().strip()
    raise KeyError(kind)
