"""Fixtures of the checks on objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

RoundTrip = Callable[..., None]


@pytest.fixture
def round_trip(parse: ParseClient, expect: Expect, new_class: NewClass) -> RoundTrip:
    """Create an object with these fields; expect GET and a query to return exactly them.

    ``round_trip(fields)``, or ``round_trip(fields, expected)`` where the server writes a value in
    another way than it was sent.
    """

    def check(fields: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
        class_name = new_class("Value")
        created = parse.create(class_name, fields)
        expect.body(created, {"objectId": an_object_id, "createdAt": a_date}, status=201)
        stored = {
            **(fields if expected is None else expected),
            **created.json,
            "updatedAt": created["createdAt"],
        }
        expect.body(parse.fetch(class_name, created["objectId"]), stored, status=200)
        expect.body(parse.find(class_name), {"results": [stored]}, status=200)

    return check


@pytest.fixture
def no_key(parse: ParseClient) -> ParseClient:
    """A client that sends the application id alone, to a server that asks for more."""
    names = {name for name, _ in parse.target.keys.items()}
    if not names & {"rest_key", "client_key", "javascript_key", "dotnet_key"}:
        pytest.skip("no client key is configured, so the server asks for none")
    return parse.using(key=None)
