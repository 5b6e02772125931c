"""The recordings that are replayed."""

from __future__ import annotations

from typing import Any

import pytest

from parity.plugin.recordings import Recordings, recording_paths
from parity.plugin.state import RUN

_RECORDINGS = pytest.StashKey[Recordings]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one check of each exchange of each recording."""
    if "exchange" not in metafunc.fixturenames:
        return
    config = metafunc.config
    if _RECORDINGS not in config.stash:
        config.stash[_RECORDINGS] = Recordings()
        config.stash[_RECORDINGS].load(recording_paths(config), config.stash[RUN])
        config.add_cleanup(config.stash[_RECORDINGS].close)
    metafunc.parametrize(
        "exchange",
        [
            pytest.param(
                (name, one),
                id=f"{name}/{one}",
                marks=[
                    pytest.mark.spec(f"recording/{name}#{one}"),
                    pytest.mark.title(f"{name}: exchange {one} is answered as it was recorded."),
                ],
            )
            for name, ids in config.stash[_RECORDINGS].ids.items()
            for one in ids
        ]
        or [_nothing()],
    )


def _nothing() -> Any:
    """One check that says how to get more."""
    return pytest.param(
        ("", ""),
        id="none",
        marks=[
            pytest.mark.spec("recording"),
            pytest.mark.skip("no recording was given: --recording FILE, or PARITY_RECORDINGS"),
        ],
    )


@pytest.fixture
def recordings(request: pytest.FixtureRequest) -> Recordings:
    """The recordings of this session."""
    return request.config.stash[_RECORDINGS]
