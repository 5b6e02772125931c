from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import Matching
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("objects"),
    pytest.mark.spec("rest/objects#data-types"),
]

BYTES = {"__type": "Bytes", "base64": "VGhpcyBpcyBhbiBlbmNvZGVkIHN0cmluZw=="}
ALL_BYTES = {"__type": "Bytes", "base64": "AAECfn+AgYL9/v8="}
DATES = {
    "documented": "2011-08-21T18:02:52.249Z",
    "no_milliseconds": "2011-08-21T18:02:52.000Z",
    "one_millisecond": "2011-08-21T18:02:52.001Z",
    "epoch": "1970-01-01T00:00:00.000Z",
    "before_the_epoch": "1969-12-31T23:59:59.999Z",
    "leap_day": "2016-02-29T12:00:00.500Z",
    "beyond_2038": "2038-01-19T03:14:08.123Z",
    "far_past": "0001-01-01T00:00:00.000Z",
    "far_future": "9999-12-31T23:59:59.999Z",
}


def date(iso: str) -> dict[str, str]:
    """Return a Date as the REST API writes it."""
    return {"__type": "Date", "iso": iso}


def geo_point(latitude: float, longitude: float) -> dict[str, Any]:
    """Return a GeoPoint as the REST API writes it."""
    return {"__type": "GeoPoint", "latitude": latitude, "longitude": longitude}


def test_dates_keep_their_milliseconds(round_trip: Callable[..., None]) -> None:
    """Dates come back with their milliseconds: in fields, in objects and in arrays."""
    dates = {name: date(iso) for name, iso in DATES.items()}
    round_trip({**dates, "inner": dates, "list": [*dates.values(), list(dates.values())]})


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param("2011-08-21T18:02:52Z", "2011-08-21T18:02:52.000Z", id="no-milliseconds"),
        pytest.param("2011-08-21T20:02:52.249+02:00", "2011-08-21T18:02:52.249Z", id="offset"),
    ],
)
def test_date_is_returned_in_utc_with_milliseconds(
    round_trip: Callable[..., None], sent: str, stored: str
) -> None:
    """A Date that was sent in another ISO 8601 form comes back as UTC with milliseconds."""
    round_trip({"at": date(sent)}, {"at": date(stored)})


@pytest.mark.spec("rest/objects#object-format")
def test_booleans_and_null(round_trip: Callable[..., None]) -> None:
    """true, false and null come back as they are: in a field, in an object and in an array."""
    round_trip(
        {
            "yes": True,
            "no": False,
            "nothing": None,
            "inner": {"yes": True, "no": False, "nothing": None},
            "list": [True, False, None, [None]],
        }
    )


@pytest.mark.spec("rest/objects#object-format")
def test_null_is_not_a_missing_key(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A key that was set to null is returned as null; a key that was never set is not returned."""
    class_name = new_class("Value")
    with_null = parse.create(class_name, {"value": None, "other": 1})
    without = parse.create(class_name, {"other": 1})
    expect.contains(parse.fetch(class_name, with_null["objectId"]), {"value": None}, status=200)
    expect.absent(parse.fetch(class_name, without["objectId"]), "value")


@pytest.mark.spec("rest/objects#object-format")
def test_empty_values(round_trip: Callable[..., None]) -> None:
    """An empty string, array and object come back empty, not missing and not null."""
    round_trip(
        {"text": "", "list": [], "inner": {}, "deep": {"list": [[], {}], "inner": {"a": {}}}}
    )


@pytest.mark.spec("rest/objects#object-format")
def test_deep_nesting(round_trip: Callable[..., None]) -> None:
    """Objects and arrays nested twenty levels deep come back whole."""
    value: Any = {"leaf": ["end", 1.5, None]}
    for level in range(20):
        value = {"level": level, "inner": value} if level % 2 else [level, value]
    round_trip({"value": value})


@pytest.mark.spec("rest/objects#object-format")
def test_array_keeps_its_order(round_trip: Callable[..., None]) -> None:
    """Arrays keep order and duplicates, also arrays of arrays and of mixed types."""
    round_trip({"list": [3, 1, 2, 1, "b", "a", [2, 1], {"z": 1, "a": 2}, None, 3]})


def test_bytes(round_trip: Callable[..., None]) -> None:
    """Bytes come back as the same base64."""
    round_trip({"data": BYTES})


def test_bytes_of_any_value(round_trip: Callable[..., None]) -> None:
    """Bytes may hold any byte, also those that are no text."""
    round_trip({"data": ALL_BYTES})


def test_bytes_inside_objects_and_arrays(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Bytes inside an object or an array come back in the documented form."""
    class_name = new_class("Value")
    fields = {"inner": {"data": ALL_BYTES}, "list": [ALL_BYTES]}
    created = parse.create(class_name, fields)
    expect.status(created, 201)
    expect.contains(parse.fetch(class_name, created["objectId"]), fields, status=200)


@pytest.mark.spec("rest/geopoints#geopoint")
@pytest.mark.parametrize(
    "point",
    [
        pytest.param(geo_point(40.0, -30.0), id="documented"),
        pytest.param(geo_point(0, 0), id="zero"),
        pytest.param(geo_point(-33.856784, 151.215297), id="six-decimals"),
        pytest.param(geo_point(89.999999, 179.999999), id="almost-maximal"),
        pytest.param(geo_point(-89.999999, -179.999999), id="almost-minimal"),
    ],
)
def test_geo_point(round_trip: Callable[..., None], point: dict[str, Any]) -> None:
    """A GeoPoint comes back with latitude and longitude in their places."""
    round_trip({"location": point})


@pytest.mark.spec("rest/geopoints#geopoint")
def test_geo_point_inside_objects_and_arrays(round_trip: Callable[..., None]) -> None:
    """A GeoPoint inside an object or an array comes back in the documented form."""
    round_trip({"inner": {"at": geo_point(40.5, -30.25)}, "list": [geo_point(1, 2)]})


@pytest.mark.level("should")
@pytest.mark.spec("rest/geopoints#caveats")
@pytest.mark.parametrize(
    "point",
    [
        pytest.param(geo_point(90.1, 0), id="latitude-above"),
        pytest.param(geo_point(-90.1, 0), id="latitude-below"),
        pytest.param(geo_point(0, 180.1), id="longitude-above"),
        pytest.param(geo_point(0, -180.1), id="longitude-below"),
    ],
)
def test_geo_point_out_of_range_is_refused(
    parse: ParseClient, expect: Expect, new_class: NewClass, point: dict[str, Any]
) -> None:
    """A GeoPoint beyond 90 degrees of latitude or 180 of longitude causes an error."""
    expect.status(parse.create(new_class("Place"), {"location": point}), 400)


@pytest.mark.level("should")
@pytest.mark.spec("rest/geopoints#caveats")
def test_second_geo_point_field_is_refused(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A class may have only one field with a GeoPoint; a second one is refused with code 111."""
    place = new_class("Place")
    expect.status(parse.create(place, {"home": geo_point(1, 2)}), 201)
    expect.error(parse.create(place, {"work": geo_point(3, 4)}), 111)
    expect.equal(len(parse.find(place).results), 1, at="$.results.length")


@pytest.mark.requires("file_upload")
@pytest.mark.spec("rest/files#associating-with-objects", "rest/objects#data-types")
def test_file_value_has_name_and_url(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A File value that was sent with its name comes back with the name and URL of the upload."""
    class_name = new_class("Profile")
    uploaded = parse.upload("hello.txt", b"Hello, World!", "text/plain")
    expect.status(uploaded, 201)
    created = parse.create(class_name, {"file": {"__type": "File", "name": uploaded["name"]}})
    expect.contains(
        parse.fetch(class_name, created["objectId"]),
        {"file": {"__type": "File", "name": uploaded["name"], "url": uploaded["url"]}},
        status=200,
    )


@pytest.mark.level("may")
def test_file_url_of_the_client_is_not_trusted(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The URL in a File value is the server's own, whatever URL the client sent."""
    class_name = new_class("Profile")
    forged = {"__type": "File", "name": "a.txt", "url": "http://files.example/a.txt"}
    created = parse.create(class_name, {"file": forged})
    own = Matching(r"https?://(?!files\.example/).+/a\.txt", "the server's own URL")
    expect.contains(
        parse.fetch(class_name, created["objectId"]),
        {"file": {"__type": "File", "name": "a.txt", "url": own}},
        status=200,
    )


@pytest.mark.level("may")
def test_polygon_is_returned_closed(round_trip: Callable[..., None]) -> None:
    """A Polygon comes back with its first point repeated at the end (Parse Server 2.5)."""
    ring = [[0, 0], [0, 1.5], [1, 1], [1, 0]]
    round_trip(
        {"area": {"__type": "Polygon", "coordinates": ring}},
        {"area": {"__type": "Polygon", "coordinates": [*ring, ring[0]]}},
    )


@pytest.mark.level("may")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"__type": "Nonsense", "value": 1}, id="unknown-type"),
        pytest.param({"__type": "Date"}, id="date-without-iso"),
        pytest.param({"__type": "Bytes"}, id="bytes-without-base64"),
        pytest.param({"__type": "GeoPoint", "latitude": 1}, id="geo-point-without-longitude"),
        pytest.param({"__type": "Pointer", "objectId": "Ed1nuqPvcm"}, id="pointer-without-class"),
    ],
)
def test_malformed_typed_value_is_refused(
    parse: ParseClient, expect: Expect, new_class: NewClass, value: dict[str, Any]
) -> None:
    """A value with __type that is unknown or lacks a member is refused with code 111."""
    class_name = new_class("Value")
    expect.error(parse.create(class_name, {"value": value}), 111)
    expect.body(parse.find(class_name), {"results": []})
