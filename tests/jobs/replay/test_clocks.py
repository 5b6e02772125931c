"""The clock of the recording is the client's: whatever it shows, the judgements are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.judgement import Class
from tests.jobs.replay.misbehaving import always
from tests.jobs.replay.recorded import LIVE, MADE, exchange
from tests.jobs.replay.test_engine import ok, replayed

TOKEN, LIVE_TOKEN = "r:recorded0000000000000000X", "r:0123456789abcdef0123456789abcdef"
MADE_NOW = {"objectId": "minted0000", "createdAt": LIVE, "sessionToken": LIVE_TOKEN}


def traffic() -> Iterator[RecordedExchange]:
    """Yield a sign-up, an installation and an object, each as a server answers a creation."""
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/users", {"username": "ann", "password": "p"}),
        ("/installations", {"deviceType": "ios", "deviceToken": "d" * 64}),
        ("/classes/P", {"a": 1}),
    ]
    for number, (path, body) in enumerate(bodies):
        answer = {"objectId": f"recorded0{number}", "createdAt": MADE, "sessionToken": TOKEN}
        yield exchange("POST", path, body, answer=answer, status=201, number=number)


@settings(max_examples=12, deadline=None)
@given(st.floats(-1e8, 1e8), st.sampled_from([0.0, 1.0, 3600.0]))
def test_the_recorded_clock_may_be_ahead_or_behind_by_anything(
    tmp_path_factory: pytest.TempPathFactory, offset: float, apart: float
) -> None:
    folder: Path = tmp_path_factory.mktemp("clock")
    for one in traffic():
        shifted = replace(one, at=one.at + offset + apart)
        head = ok(MADE_NOW).replace(b"200 OK", b"201 Created")
        tally, _ = replayed(folder, [shifted], always(head))
        assert tally.outcomes == {Class.EQUAL: 1}
        (folder / "journal.jsonl").unlink(missing_ok=True)
