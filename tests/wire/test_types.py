from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire import (
    ACL,
    Bytes,
    Date,
    DecodeError,
    File,
    GeoPoint,
    ParseObject,
    Permission,
    Pointer,
    Polygon,
    Relation,
    decode,
    encode,
)
from tests.wire.strategies import dates, json_values, names, object_ids, values


@given(values)
def test_decode_undoes_encode(value: Any) -> None:
    assert decode(encode(value)) == value


@given(values)
def test_a_value_survives_the_wire(value: Any) -> None:
    assert decode(json.loads(json.dumps(encode(value)))) == value


@given(json_values)
def test_json_encodes_to_itself(value: Any) -> None:
    assert encode(value) == value


@given(json_values)
def test_decode_returns_or_names_the_place(value: Any) -> None:
    try:
        again = encode(decode(value))
    except DecodeError as error:
        assert error.path.startswith("$")  # noqa: PT017 - either outcome is right
    else:
        assert again == value


@given(dates)
def test_a_date_has_one_form_of_24_characters(date: Date) -> None:
    assert len(date.iso) == 24
    assert date.iso.endswith("Z")
    assert Date.parse(date.iso) == date
    assert Date.of(date.datetime) == date


@given(dates, dates)
def test_dates_sort_by_time_and_by_text_alike(one: Date, other: Date) -> None:
    assert (one < other) == (one.iso < other.iso)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_datetime_loses_its_microseconds_only(moment: datetime) -> None:
    back = Date.of(moment).datetime

    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


def test_a_datetime_of_another_zone_becomes_utc() -> None:
    moment = datetime(2016, 3, 9, 18, 12, 28, 512_999, tzinfo=timezone(timedelta(hours=1)))

    assert encode(moment) == {"__type": "Date", "iso": "2016-03-09T17:12:28.512Z"}


def test_a_datetime_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        encode(datetime(2016, 3, 9))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    "iso",
    [
        "2016-03-09T17:12:28Z",
        "2016-03-09T17:12:28.5Z",
        "2016-03-09T17:12:28.512",
        "2016-03-09T17:12:28.512+00:00",
        "2016-02-30T17:12:28.512Z",
        "2016-03-09T24:12:28.512Z",
        "2016-03-09 17:12:28.512Z",
        "2016-03-09T17:12:28.512Z\n",
        "٢016-03-09T17:12:28.512Z",
        "+012016-03-09T17:12:28.512Z",
        "",
    ],
)
def test_any_other_date_is_refused_with_its_place(iso: str) -> None:
    with pytest.raises(DecodeError, match=r"^\$\.results\[1\]\.when: Date: "):
        decode({"results": [{}, {"when": {"__type": "Date", "iso": iso}}]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"__type": "Pointer", "className": "Post", "objectId": "a" * 10},
            Pointer("Post", "a" * 10),
        ),
        ({"__type": "Relation", "className": "_User"}, Relation("_User")),
        ({"__type": "GeoPoint", "latitude": -30, "longitude": 0.5}, GeoPoint(-30, 0.5)),
        (
            {"__type": "Polygon", "coordinates": [[0, 0], [0, 1], [1, 1]]},
            Polygon(((0, 0), (0, 1), (1, 1))),
        ),
        ({"__type": "File", "name": "a.txt"}, File("a.txt")),
        (
            {"__type": "File", "name": "a.txt", "url": "http://f/a.txt"},
            File("a.txt", "http://f/a.txt"),
        ),
        ({"__type": "Bytes", "base64": "AAEC"}, Bytes(b"\0\1\2")),
        (
            {
                "__type": "Object",
                "className": "Post",
                "at": {"__type": "Date", "iso": "1970-01-01T00:00:00.001Z"},
            },
            ParseObject("Post", {"at": Date(1)}),
        ),
    ],
)
def test_each_type_has_its_form(value: dict[str, Any], expected: Any) -> None:
    assert decode(value) == expected
    assert encode(expected) == value


@pytest.mark.parametrize(
    "value",
    [
        {"__type": "Money"},
        {"__type": None},
        {"__type": ["Date"]},
        {"__type": "Date"},
        {"__type": "Date", "iso": 5},
        {"__type": "Pointer", "className": "Post"},
        {"__type": "Pointer", "className": "Post", "objectId": "a", "extra": 1},
        {"__type": "GeoPoint", "latitude": "1", "longitude": 2},
        {"__type": "GeoPoint", "latitude": True, "longitude": 2},
        {"__type": "Polygon", "coordinates": [[1, 2, 3]]},
        {"__type": "Polygon", "coordinates": [[1, "2"]]},
        {"__type": "File", "name": "a", "url": None},
        {"__type": "Bytes", "base64": "!!"},
        {"__type": "Bytes", "base64": "AB=="},
        {"__type": "Object", "className": 1},
        {"__type": "Object", "className": "A", "x": {"__type": "Money"}},
    ],
)
def test_a_malformed_type_is_refused_with_its_place(value: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"^\$\.a\[0\]"):
        decode({"a": [value]})


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {1, 2}}])
def test_what_parse_has_no_form_for_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_cannot_hold_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON cannot hold"):
        encode({"n": value})


acls = st.builds(
    ACL,
    st.dictionaries(
        st.just(ACL.PUBLIC) | object_ids | names.map(lambda name: f"role:{name}"),
        st.builds(Permission, st.booleans(), st.booleans()),
    ),
)


@given(acls)
def test_an_acl_survives_the_wire(acl: ACL) -> None:
    assert ACL.parse(encode(acl)) == acl


def test_an_acl_has_the_form_of_the_guide() -> None:
    acl = ACL({"*": Permission(read=True), "role:Admins": Permission(read=True, write=True)})

    assert encode({"ACL": acl}) == {
        "ACL": {"*": {"read": True}, "role:Admins": {"read": True, "write": True}}
    }


def test_a_right_that_is_false_is_not_granted() -> None:
    assert ACL.parse({"*": {"read": False}}) == ACL({"*": Permission()})


@pytest.mark.parametrize("value", [None, [], {"*": True}, {"*": {"read": 1}}, {"*": {"own": True}}])
def test_a_malformed_acl_is_refused(value: Any) -> None:
    with pytest.raises(DecodeError, match=r"^\$\.ACL"):
        ACL.parse(value)
