"""Index advice, from the first explain to the last proposal."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from parity.sizing.indexes.model import Advice, Options, Progress, TryOut
from parity.sizing.profile import Profile


def advise(
    database: Database[dict[str, Any]],
    profile: Profile,
    *,
    options: Options | None = None,
    try_on: TryOut | None = None,
    progress: Progress | None = None,
) -> Advice:
    """Say which queries of a profile have no index, and which indexes would help.

    Only reads ``database``; what is tried is tried on a copy, on the server of ``try_on``.

    Args:
        database: The migrated data.
        profile: What the app asks for.
        options: How it is looked at.
        try_on: Where proposals may be tried; ``None`` to try nothing.
        progress: Gets a line now and then.

    Raises:
        OperationFailure: MongoDB refuses something that all of it needs.
    """
    raise NotImplementedError
