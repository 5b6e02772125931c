"""Values that go into cloud functions and come out of them."""

from __future__ import annotations

from typing import Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.spec("rest/cloud-code#cloud-functions"),
    pytest.mark.requires("cloud_fixture"),
]

POINTER = {"__type": "Pointer", "className": "ParityNothing", "objectId": "abcdefghij"}
DATE = {"__type": "Date", "iso": "2016-01-28T12:34:56.789Z"}
GEO_POINT = {"__type": "GeoPoint", "latitude": 40.5, "longitude": -30.25}
RESULTS: dict[str, Any] = {
    "string": 'Ünï-cødé ✓ 🎉 "quoted" \\ \u0001',
    "empty": "",
    "integer": 1337,
    "fraction": -0.125,
    "large": 9007199254740991,
    "zero": 0,
    "true": True,
    "false": False,
    "null": None,
    "array": [1, "two", None, [3, {"four": 4}]],
    "emptyArray": [],
    "object": {"a": {"b": {"c": [True]}}, "with space": 1},
    "emptyObject": {},
}


@pytest.mark.parametrize("kind", RESULTS)
def test_result_is_json(parse: ParseClient, expect: Expect, kind: str) -> None:
    """What a function returns is the member result of the reply, and there is nothing else."""
    reply = parse.call("parityValue", {"kind": kind})

    expect.body(reply, {"result": RESULTS[kind]}, status=200)


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        pytest.param("date", DATE, id="date"),
        pytest.param(
            "nestedDate",
            {"when": [{"__type": "Date", "iso": "2016-01-28T12:34:56.007Z"}]},
            id="nested-date",
        ),
        pytest.param("geoPoint", GEO_POINT, id="geo-point"),
    ],
)
def test_result_has_types(parse: ParseClient, expect: Expect, kind: str, result: Any) -> None:
    """Dates with their milliseconds and GeoPoints come back as typed values, nested ones too."""
    expect.body(parse.call("parityValue", {"kind": kind}), {"result": result}, status=200)


@pytest.mark.level("may")
def test_no_result_is_an_empty_body(parse: ParseClient, expect: Expect) -> None:
    """A function that returns nothing answers an object without result."""
    expect.body(parse.call("parityValue", {"kind": "nothing"}), {}, status=200)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Zürich ✓ 🎉 \u2028", id="unicode"),
        pytest.param("", id="empty"),
        pytest.param(0, id="zero"),
        pytest.param(-9007199254740991, id="lowest-integer"),
        pytest.param(1.7976931348623157e308, id="largest-number"),
        pytest.param(0.1, id="fraction"),
        pytest.param(False, id="false"),
        pytest.param(None, id="null"),
        pytest.param([], id="empty-array"),
        pytest.param([[1], [[2]], None], id="arrays"),
        pytest.param({"a": {"b": {"c": {}}}}, id="objects"),
        pytest.param(DATE, id="date"),
        pytest.param([DATE, {"d": DATE}], id="nested-dates"),
        pytest.param(POINTER, id="pointer"),
        pytest.param({"p": [POINTER]}, id="nested-pointer"),
        pytest.param(GEO_POINT, id="geo-point"),
        pytest.param({"__type": "Bytes", "base64": "aGk="}, id="bytes"),
    ],
)
def test_parameter_goes_in_and_out(parse: ParseClient, expect: Expect, value: Any) -> None:
    """A parameter that a function returns comes back as it was sent."""
    reply = parse.call("parityEcho", {"value": value})

    expect.body(reply, {"result": {"value": value}}, status=200)


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        pytest.param("text", "string text", id="string"),
        pytest.param("5", "string 5", id="digits"),
        pytest.param(5, "number 5", id="integer"),
        pytest.param(1.5, "number 1.5", id="fraction"),
        pytest.param(True, "boolean true", id="boolean"),
        pytest.param(None, "null", id="null"),
        pytest.param([1, "a", [None]], ["number 1", "string a", ["null"]], id="array"),
        pytest.param({"b": 1, "a": 2}, "object a,b", id="object"),
    ],
)
def test_function_sees_javascript_values(
    parse: ParseClient, expect: Expect, value: Any, seen: Any
) -> None:
    """A function sees parameters as the JavaScript values of their JSON."""
    reply = parse.call("parityDescribe", {"value": value})

    expect.body(reply, {"result": {"value": seen}}, status=200)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("value", "seen"),
    [
        pytest.param(DATE, "Date 1453984496789", id="date"),
        pytest.param([DATE], ["Date 1453984496789"], id="date-in-array"),
        pytest.param(GEO_POINT, "plain GeoPoint", id="geo-point"),
        pytest.param({"__type": "File", "name": "a.txt"}, "File a.txt", id="file"),
    ],
)
def test_function_sees_typed_values(
    parse: ParseClient, expect: Expect, value: Any, seen: Any
) -> None:
    """A function sees a date as a Date, a file as a Parse.File and a GeoPoint as its JSON."""
    reply = parse.call("parityDescribe", {"value": value})

    expect.body(reply, {"result": {"value": seen}}, status=200)


@pytest.mark.level("may")
def test_function_sees_a_pointer_as_its_json(parse: ParseClient, expect: Expect) -> None:
    """A function sees a pointer as its JSON, not as a Parse.Object."""
    reply = parse.call("parityDescribe", {"value": POINTER})

    expect.body(reply, {"result": {"value": "plain Pointer"}}, status=200)


def test_several_parameters_keep_their_names(parse: ParseClient, expect: Expect) -> None:
    """A function gets every parameter by its name, whatever the letters."""
    parameters = {"a": 1, "größe": 2, "with space": 3, "A": 4, "className": "x", "objectId": "y"}

    expect.body(parse.call("parityEcho", parameters), {"result": parameters}, status=200)


@pytest.mark.parametrize("sent", [True, False], ids=["empty-object", "no-body"])
def test_call_without_parameters(parse: ParseClient, expect: Expect, sent: bool) -> None:  # noqa: FBT001
    """A function that is called with an empty object or without a body gets no parameters."""
    reply = parse.request("POST", "functions/parityEcho", {} if sent else None)

    expect.body(reply, {"result": {}}, status=200)


@pytest.mark.level("may")
def test_query_string_adds_parameters(parse: ParseClient, expect: Expect) -> None:
    """Parameters in the query string join those of the body, as text."""
    reply = parse.request("POST", "functions/parityEcho", {"a": 1}, params={"b": "2"})

    expect.body(reply, {"result": {"a": 1, "b": "2"}}, status=200)


def test_credentials_in_the_body_are_not_parameters(js_sdk: ParseClient, expect: Expect) -> None:
    """A call as the JavaScript SDK sends it hands the parameters over without the credentials."""
    expect.body(js_sdk.call("parityEcho", {"a": 1}), {"result": {"a": 1}}, status=200)


def test_large_result_comes_back_whole(parse: ParseClient, expect: Expect) -> None:
    """A result of 400 kB comes back whole."""
    reply = parse.call("parityLarge", {"length": 200_000})

    expect.body(reply, {"result": {"text": "ö" * 200_000}}, status=200)


def test_large_parameter_goes_in_whole(parse: ParseClient, expect: Expect) -> None:
    """A parameter of 400 kB reaches the function whole."""
    text = "ö" * 200_000

    expect.body(parse.call("parityEcho", {"text": text}), {"result": {"text": text}}, status=200)
