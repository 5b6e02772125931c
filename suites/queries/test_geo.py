"""Queries by place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable, Table

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/geopoints#geo-queries")]


def point(latitude: float, longitude: float) -> dict[str, Any]:
    """Return a GeoPoint."""
    return {"__type": "GeoPoint", "latitude": latitude, "longitude": longitude}


HERE = point(30.0, -20.0)
NEAR = {"$nearSphere": HERE}


@pytest.fixture
def places(new_table: NewTable) -> Table:
    """Places at 1,407, 0, 111, 222 and 11,120 km from ``HERE``, and one without a place."""
    where = [(40.0, -30.0), (30.0, -20.0), (31.0, -20.0), (28.0, -20.0), (-30.0, 80.0)]
    rows: list[dict[str, Any]] = [{"n": n, "location": point(*at)} for n, at in enumerate(where)]
    return new_table("PlaceObject", [*rows, {"n": 5}])


@pytest.mark.level("should")
def test_places_come_nearest_first_however_far(
    parse: ParseClient, expect: Expect, places: Table
) -> None:
    """The operator $nearSphere finds every row with a place, on any continent, nearest first."""
    reply = parse.find(places.name, {"location": NEAR})
    expect.body(reply, places.body(1, 2, 3, 0, 4), status=200)


def test_the_nearest_places_are_limited_and_skipped(
    parse: ParseClient, expect: Expect, places: Table
) -> None:
    """The parameters limit and skip count from the nearest place."""
    reply = parse.find(places.name, {"location": NEAR}, limit=2, skip=1)
    expect.body(reply, places.body(2, 3), status=200)


def test_an_explicit_order_beats_the_distance(
    parse: ParseClient, expect: Expect, places: Table
) -> None:
    """With order, the places near come in this order instead of nearest first."""
    where = {"location": {**NEAR, "$maxDistanceInKilometers": 2000}}
    reply = parse.find(places.name, where, order="-n")
    expect.body(reply, places.body(3, 2, 1, 0), status=200)


@pytest.mark.parametrize(
    ("unit", "distance", "found"),
    [
        pytest.param("Kilometers", 112, (1, 2), id="112 km"),
        pytest.param("Kilometers", 110, (1,), id="110 km"),
        pytest.param("Kilometers", 223, (1, 2, 3), id="223 km"),
        pytest.param("Miles", 70, (1, 2), id="70 miles"),
        pytest.param("Miles", 68, (1,), id="68 miles"),
        pytest.param("Radians", 0.0176, (1, 2), id="0.0176 rad"),
        pytest.param("Radians", 0.0173, (1,), id="0.0173 rad"),
        pytest.param("Radians", 0.3, (1, 2, 3, 0), id="0.3 rad"),
    ],
)
def test_a_maximum_distance_has_a_unit(
    parse: ParseClient,
    expect: Expect,
    places: Table,
    unit: str,
    distance: float,
    found: tuple[int, ...],
) -> None:
    """The maximum distance leaves out what is farther, in kilometres, miles or radians."""
    where = {"location": {**NEAR, f"$maxDistanceIn{unit}": distance}}
    expect.body(parse.find(places.name, where), places.body(*found), status=200)


@pytest.mark.level("should")
def test_a_distance_of_nothing_finds_the_place_itself(
    parse: ParseClient, expect: Expect, places: Table
) -> None:
    """A maximum distance of 0 finds the rows at the very place (recorded in 2014)."""
    where = {"location": {**NEAR, "$maxDistanceInRadians": 0}}
    expect.body(parse.find(places.name, where), places.body(1), status=200)


def test_near_combines_with_other_constraints(
    parse: ParseClient, expect: Expect, places: Table
) -> None:
    """A constraint beside $nearSphere must hold as well, and the order stays by distance."""
    where = {"location": NEAR, "n": {"$in": [0, 2, 4]}}
    expect.body(parse.find(places.name, where), places.body(2, 0, 4), status=200)


def test_a_box_holds_the_places_inside(parse: ParseClient, expect: Expect, places: Table) -> None:
    """The operators $within and $box find the places between two corners."""
    where = {"location": {"$within": {"$box": [point(29.5, -31), point(41, -19)]}}}
    reply = parse.find(places.name, where, order="n")
    expect.body(reply, places.body(0, 1, 2), status=200)


def test_a_count_near_a_place_counts(
    parse: ParseClient, expect: Expect, places: Table, alone: dict[str, str]
) -> None:
    """A count with $nearSphere and a distance answers how many places are within it."""
    where = {"location": {**NEAR, "$maxDistanceInKilometers": 300}}
    params = {"where": where, "count": 1, "limit": 0}
    reply = parse.get(f"classes/{places.name}", params=params, headers=alone)
    expect.body(reply, {"results": [], "count": 3}, status=200)


def test_a_count_in_a_box_counts(parse: ParseClient, expect: Expect, places: Table) -> None:
    """A count with $within answers how many places are in the box."""
    where = {"location": {"$within": {"$box": [point(29.5, -31), point(41, -19)]}}}
    reply = parse.find(places.name, where, count=1, limit=0)
    expect.body(reply, {"results": [], "count": 3}, status=200)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("shape", "found"),
    [
        pytest.param({"$centerSphere": [HERE, 0.0176]}, (1, 2), id="circle"),
        pytest.param(
            {"$polygon": [point(29, -21), point(29, -19), point(32, -19), point(32, -21)]},
            (1, 2),
            id="polygon",
        ),
    ],
)
def test_a_shape_holds_the_places_inside(
    parse: ParseClient, expect: Expect, places: Table, shape: Any, found: tuple[int, ...]
) -> None:
    """The operator $geoWithin finds the places in a circle or a polygon."""
    where = {"location": {"$geoWithin": shape}}
    expect.body(parse.find(places.name, where, order="n"), places.body(*found), status=200)
