from __future__ import annotations

import types

import parity.wire


def test_all_is_sorted_and_names_every_public_name() -> None:
    public = {
        name
        for name, value in vars(parity.wire).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }

    assert set(parity.wire.__all__) == public
    # The order of ruff's RUF022: constants, classes, functions.
    kind = {True: 0, False: 1}
    assert parity.wire.__all__ == sorted(
        parity.wire.__all__,
        key=lambda name: (kind[name.isupper()], name[0].islower(), name),
    )
