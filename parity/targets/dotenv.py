"""The file ``.env`` beside ``parity.toml``: secrets of a person's own machine."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Final

import dotenv

from parity.model import UserError
from parity.model.toml import MOST_BYTES

NAME: Final = ".env"


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a ``.env``; none if it is not there.

    Values are taken as they are written: a ``$`` in a password names no other variable.

    Args:
        path: The file.

    Raises:
        UserError: It cannot be read, is no text, or longer than any such file.
    """
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        # A message of the decoder would quote bytes of the file.
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserError(
            f"{path} cannot be read: {why}", "Write one NAME=value a line.", code="dotenv"
        ) from None
    if len(text) > MOST_BYTES:
        raise UserError(
            f"{path} is longer than {MOST_BYTES:,} bytes", "Is it a .env?", code="dotenv"
        )
    values = dotenv.dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value for name, value in values.items() if value}


def with_dotenv(config: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, and below it what the ``.env`` beside a configuration says.

    Args:
        config: The ``parity.toml``.
        environ: The environment; where it has a value, even an empty one, that counts.
    """
    return {**read_dotenv(config.parent / NAME), **environ}
