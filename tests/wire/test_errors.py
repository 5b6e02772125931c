from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire import ErrorCode, ParseError, parse_error
from tests.wire.strategies import json_values


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, {"code": 101, "error": "Object not found."}, ParseError(101, "Object not found.")),
        (403, {"error": "unauthorized"}, ParseError(None, "unauthorized")),
        (500, {"code": 1, "message": "Internal error."}, ParseError(1, "Internal error.")),
        (400, {"code": 141, "error": {"why": "é"}}, ParseError(141, '{"why": "é"}')),
        (400, {"code": "x", "error": "own code"}, ParseError(None, "own code")),
        (400, {"code": True, "error": "own code"}, ParseError(None, "own code")),
    ],
)
def test_the_three_shapes_of_an_error(status: int, body: Any, expected: ParseError) -> None:
    assert parse_error(status, body) == expected


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, {"code": 101, "error": "a field"}), (404, None), (404, []), (500, {"code": 1})],
)
def test_anything_else_is_no_parse_error(status: int, body: Any) -> None:
    assert parse_error(status, body) is None


@given(st.integers(100, 599), json_values)
def test_any_body_is_read_without_an_exception(status: int, body: Any) -> None:
    found = parse_error(status, body)

    assert found is None or isinstance(found.message, str)


def test_every_code_has_its_own_number_and_a_meaning() -> None:
    assert len(ErrorCode.__members__) == len({int(code) for code in ErrorCode})
    assert all(code.meaning for code in ErrorCode)


def test_an_error_knows_its_documented_code() -> None:
    assert ParseError(209, "x").known is ErrorCode.INVALID_SESSION_TOKEN
    assert ParseError(12345, "x").known is None
    assert ParseError(None, "x").known is None
    assert ErrorCode(101) is ErrorCode.OBJECT_NOT_FOUND


def test_an_error_prints_as_code_and_text() -> None:
    assert str(ParseError(101, "Object not found.")) == "101 Object not found."
    assert str(ParseError(None, "unauthorized")) == "unauthorized"
