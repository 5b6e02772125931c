"""Wrong servers whose objects are wrong in what they answer: replies and types."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from tests.faults.messages import Request, Response, answer, map_values
from tests.faults.model import Catalogue, State

objects = Catalogue("objects")
SYSTEM_FIELDS = ("objectId", "createdAt", "updatedAt")


def in_fields(response: Response, change: Callable[[Any], Any]) -> Response:
    """Apply a change to every value of the fields that the app wrote."""
    return response.each_object(
        lambda row: {k: v if k in SYSTEM_FIELDS else map_values(v, change) for k, v in row.items()}
    )


def reads(request: Request) -> bool:
    """Return whether a request reads rows of the app."""
    return request.of_class and (request.is_find or request.is_fetch)


def created(request: Request, response: Response) -> bool:
    """Return whether a request created a row of the app."""
    return request.of_class and request.is_create and response.ok


def updated(request: Request, response: Response) -> bool:
    """Return whether a request updated a row of the app."""
    return request.of_class and request.is_update and response.ok


# Replies


@objects.on_reply
def created_is_200(request: Request, response: Response, _: State) -> Response:
    """A 200 where 201 belongs: a created object is answered like an updated one."""
    return response.with_status(200) if created(request, response) else response


@objects.on_reply
def no_location(request: Request, response: Response, _: State) -> Response:
    """The reply to a create does not say where the new object is."""
    return response.with_headers(Location=None) if created(request, response) else response


@objects.on_reply
def location_of_the_class(request: Request, response: Response, _: State) -> Response:
    """Location leads to the class and not to the new object."""
    if not created(request, response):
        return response
    return response.with_headers(Location=response.header("Location").rpartition("/")[0])


@objects.on_reply
def object_id_of_9(request: Request, response: Response, _: State) -> Response:
    """Object ids have 9 characters instead of 10."""
    if not created(request, response):
        return response
    return response.with_members(objectId=str(response.members.get("objectId"))[:9])


@objects.on_reply
def created_at_without_ms(request: Request, response: Response, _: State) -> Response:
    """createdAt has no milliseconds."""

    def cut(row: dict[str, Any]) -> dict[str, Any]:
        text = row.get("createdAt")
        return {**row, "createdAt": text[:19] + "Z"} if isinstance(text, str) else row

    return response.each_object(cut) if request.of_class and response.ok else response


@objects.on_reply
def created_at_moves(request: Request, response: Response, _: State) -> Response:
    """An update changes createdAt: a retrieved object shows the time of its last update there."""

    def move(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "createdAt": row["updatedAt"]} if "updatedAt" in row else row

    return response.each_object(move) if reads(request) and response.ok else response


@objects.on_reply
def updated_at_frozen(request: Request, response: Response, _: State) -> Response:
    """updatedAt stays what it was when the object was created."""

    def freeze(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "updatedAt": row["createdAt"]} if "createdAt" in row else row

    return response.each_object(freeze) if reads(request) and response.ok else response


@objects.on_reply
def update_says_nothing(request: Request, response: Response, _: State) -> Response:
    """The reply to an update has no updatedAt."""
    return response.without("updatedAt") if updated(request, response) else response


@objects.on_reply
def create_echoes_the_fields(request: Request, response: Response, _: State) -> Response:
    """The reply to a create repeats every field of the object."""
    if not created(request, response):
        return response
    return response.with_json({**request.members, **response.members})


@objects.on_reply
def increment_result_missing(request: Request, response: Response, _: State) -> Response:
    """The reply to an Increment lacks the new value."""
    is_counting = b'"Increment"' in request.body and updated(request, response)
    if not is_counting:
        return response
    return response.with_json({"updatedAt": response.members.get("updatedAt")})


@objects.on_reply
def delete_is_204(request: Request, response: Response, _: State) -> Response:
    """A delete is answered 204 without a body."""
    if not (request.of_class and request.is_delete and response.ok):
        return response
    return Response(204, tuple(h for h in response.headers if h[0] != "Content-Type"))


@objects.on_reply
def missing_object_is_empty(request: Request, response: Response, _: State) -> Response:
    """Retrieving an object that does not exist answers 200 and nothing."""
    is_missing = request.of_class and request.is_fetch and response.code == 101
    return answer(200, {}) if is_missing else response


@objects.on_reply
def missing_object_has_another_code(request: Request, response: Response, _: State) -> Response:
    """A missing object is reported as code 100, connection failed."""
    return response.with_members(code=100) if response.code == 101 else response


@objects.on_reply
def delete_twice_is_ok(request: Request, response: Response, _: State) -> Response:
    """Deleting what does not exist succeeds."""
    is_missing = request.of_class and request.is_delete and response.code == 101
    return answer(200, {}) if is_missing else response


# Types


@objects.on_reply
def dates_without_ms(request: Request, response: Response, _: State) -> Response:
    """Date fields lose their milliseconds."""

    def cut(value: Any) -> Any:
        is_date = isinstance(value, dict) and value.get("__type") == "Date"
        return {**value, "iso": str(value.get("iso"))[:19] + ".000Z"} if is_date else value

    return in_fields(response, cut) if reads(request) else response


@objects.on_reply
def dates_are_strings(request: Request, response: Response, _: State) -> Response:
    """Date fields come back as plain strings."""

    def flatten(value: Any) -> Any:
        is_date = isinstance(value, dict) and value.get("__type") == "Date"
        return value.get("iso") if is_date else value

    return in_fields(response, flatten) if reads(request) else response


@objects.on_reply
def integers_of_32_bits(request: Request, response: Response, _: State) -> Response:
    """Whole numbers above 2^31 wrap around."""

    def wrap(value: Any) -> Any:
        is_large = type(value) is int and not -(2**31) <= value < 2**31
        return (value + 2**31) % 2**32 - 2**31 if is_large else value

    return in_fields(response, wrap) if reads(request) else response


@objects.on_reply
def floats_are_rounded(request: Request, response: Response, _: State) -> Response:
    """Fractions keep 6 digits."""

    def cut(value: Any) -> Any:
        return float(f"{value:.6g}") if isinstance(value, float) else value

    return in_fields(response, cut) if reads(request) else response


@objects.on_reply
def numbers_are_strings(request: Request, response: Response, _: State) -> Response:
    """Numbers come back as text."""
    return (
        in_fields(response, lambda v: str(v) if type(v) in (int, float) else v)
        if reads(request)
        else response
    )


@objects.on_reply
def false_is_zero(request: Request, response: Response, _: State) -> Response:
    """Booleans come back as 0 and 1."""
    return (
        in_fields(response, lambda v: int(v) if isinstance(v, bool) else v)
        if reads(request)
        else response
    )


@objects.on_reply
def null_is_missing(request: Request, response: Response, _: State) -> Response:
    """A field that holds null is missing."""
    return (
        response.each_object(lambda row: {k: v for k, v in row.items() if v is not None})
        if reads(request)
        else response
    )


@objects.on_reply
def empty_is_missing(request: Request, response: Response, _: State) -> Response:
    """Empty arrays, objects and strings are missing."""
    return (
        response.each_object(
            lambda row: {k: v for k, v in row.items() if k == "ACL" or v not in ([], {}, "")}
        )
        if reads(request)
        else response
    )


@objects.on_reply
def unicode_is_normalised(request: Request, response: Response, _: State) -> Response:
    """Text comes back composed: an e with a combining accent becomes one character."""
    return (
        in_fields(response, lambda v: unicodedata.normalize("NFC", v) if isinstance(v, str) else v)
        if reads(request)
        else response
    )


@objects.on_reply
def emoji_are_lost(request: Request, response: Response, _: State) -> Response:
    """Characters beyond the first 65536 become question marks."""

    def ask(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return "".join(c if ord(c) < 0x10000 else "\N{REPLACEMENT CHARACTER}" for c in value)

    return in_fields(response, ask) if reads(request) else response


@objects.on_reply
def text_is_trimmed(request: Request, response: Response, _: State) -> Response:
    """Text loses the white space at its ends."""
    return (
        in_fields(response, lambda v: v.strip() if isinstance(v, str) else v)
        if reads(request)
        else response
    )


@objects.on_reply
def geopoints_are_swapped(request: Request, response: Response, _: State) -> Response:
    """Latitude and longitude change places."""

    def swap(value: Any) -> Any:
        if not (isinstance(value, dict) and value.get("__type") == "GeoPoint"):
            return value
        return {**value, "latitude": value.get("longitude"), "longitude": value.get("latitude")}

    return in_fields(response, swap) if reads(request) else response


@objects.on_reply
def pointers_without_class(request: Request, response: Response, _: State) -> Response:
    """Pointers do not say which class they point to."""

    def forget(value: Any) -> Any:
        is_pointer = isinstance(value, dict) and value.get("__type") == "Pointer"
        return {k: v for k, v in value.items() if k != "className"} if is_pointer else value

    return in_fields(response, forget) if reads(request) else response


@objects.on_reply
def bytes_are_text(request: Request, response: Response, _: State) -> Response:
    """Bytes come back as their base64 text."""

    def flatten(value: Any) -> Any:
        is_bytes = isinstance(value, dict) and value.get("__type") == "Bytes"
        return value.get("base64") if is_bytes else value

    return in_fields(response, flatten) if reads(request) else response


@objects.on_reply
def relations_are_hidden(request: Request, response: Response, _: State) -> Response:
    """Relations are missing from a retrieved object."""

    def is_relation(value: Any) -> bool:
        return isinstance(value, dict) and value.get("__type") == "Relation"

    return (
        response.each_object(lambda row: {k: v for k, v in row.items() if not is_relation(v)})
        if reads(request)
        else response
    )
