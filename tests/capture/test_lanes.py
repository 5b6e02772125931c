"""One client, one lane."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.lanes import lane_of

INSTALLATION = "11111111-2222-4333-8444-555555555555"
TOKEN = "r:0123456789abcdef0123456789abcdef"
BY_HEADER = (("x-parse-installation-id", INSTALLATION), ("X-Parse-Session-Token", TOKEN))


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_an_installation_is_a_lane_wherever_its_id_stands() -> None:
    lane = lane_of(BY_HEADER, b"", "1")
    assert lane.startswith("installation-")
    assert lane == lane_of((), body(_InstallationId=INSTALLATION), "2")
    assert lane == lane_of((("X-Parse-Installation-Id", INSTALLATION.upper()),), b"", "3")


def test_a_session_is_a_lane_without_an_installation() -> None:
    lane = lane_of((("X-Parse-Session-Token", TOKEN),), b"", "1")
    assert lane.startswith("session-")
    assert lane == lane_of((), body(_SessionToken=TOKEN), "2")
    assert lane != lane_of((("X-Parse-Session-Token", TOKEN[:-1] + "0"),), b"", "1")


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ((), b""),
        ((("X-Parse-Session-Token", "<X-Parse-Session-Token>"),), b""),
        ((("X-Parse-Installation-Id", "unknown"),), b""),
        ((), b'{"_SessionToken": 5, "_InstallationId": null}'),
        ((), b'"_SessionToken _InstallationId"'),
        ((), b"{_SessionToken"),
    ],
)
def test_what_names_no_client_falls_back_to_the_connection(
    headers: tuple[tuple[str, str], ...], sent: bytes
) -> None:
    lane = lane_of(headers, sent, "1")
    assert lane.startswith("connection-")
    assert lane != lane_of(headers, sent, "2")


@given(st.binary(max_size=64))
def test_a_lane_never_shows_what_it_is_made_of(key: bytes) -> None:
    lane = lane_of(BY_HEADER, b"", "1", key=key)
    assert INSTALLATION not in lane
    assert TOKEN not in lane


def test_another_key_gives_other_names() -> None:
    assert lane_of(BY_HEADER, b"", "1", key=b"a") != lane_of(BY_HEADER, b"", "1", key=b"b")
