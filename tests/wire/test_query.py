from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire import Date, Pointer, compact_json, decode, encode_params
from tests.wire.strategies import names, values


@given(st.dictionaries(names, values))
def test_where_survives_the_url(where: dict[str, Any]) -> None:
    assert decode(json.loads(encode_params({"where": where})["where"])) == where


def test_where_is_compact_and_keeps_its_characters() -> None:
    where = {"who": Pointer("_User", "x"), "name": "José ✓", "at": {"$gt": Date(0)}}

    assert compact_json(where) == (
        '{"who":{"__type":"Pointer","className":"_User","objectId":"x"},"name":"José ✓",'
        '"at":{"$gt":{"__type":"Date","iso":"1970-01-01T00:00:00.000Z"}}}'
    )


def test_lists_booleans_and_numbers_become_text() -> None:
    params = {"order": ["-score", "name"], "keys": "a,b", "count": True, "limit": 0, "skip": None}

    assert encode_params(params) == {
        "order": "-score,name",
        "keys": "a,b",
        "count": "1",
        "limit": "0",
    }


def test_a_name_that_no_server_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown query parameters: whre"):
        encode_params({"whre": {}})
