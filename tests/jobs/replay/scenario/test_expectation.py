from __future__ import annotations

from typing import Any

import pytest

from parity.jobs.replay.scenario.expectation import Expectation
from tests.jobs.replay.scenario.replies import reply

OBJECT = {"objectId": "abcdefghij", "createdAt": "2026-01-01T00:00:00.000Z", "rows": [1, 2]}
HEADERS = {"Location": "http://x/1", "ETag": "W/1"}


@pytest.mark.parametrize(
    "raw",
    [
        {"status": 200},
        {"status": {"$anyOf": [200, 201]}},
        {"headers": {"location": "http://x/1", "X-Runtime": {"$match": "absent"}}},
        {"body": {**OBJECT, "objectId": {"$match": "objectId"}, "createdAt": {"$match": "date"}}},
        {"contains": {"rows": {"$unordered": [2, 1]}, "code": {"$match": "absent"}}},
        {"text": {"$regex": r"(?s)\{.*\}"}},
        {"lengths": {"$.rows": 2}},
        {"keys": ["objectId", "createdAt", "rows"]},
    ],
    ids=str,
)
def test_a_reply_that_is_as_written_has_no_difference(raw: dict[str, Any]) -> None:
    assert not Expectation.build(raw).compare(reply(200, OBJECT, HEADERS), "$")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"status": 201}, "$status"),
        ({"headers": {"ETag": {"$match": "absent"}}}, "$header.ETag"),
        ({"headers": {"X-Runtime": {"$match": "any"}}}, "$header.X-Runtime"),
        ({"body": {**OBJECT, "rows": [1, 3]}}, "$.rows[1]"),
        ({"body": {"objectId": "abcdefghij"}}, "$.createdAt"),
        ({"contains": {"code": 101}}, "$.code"),
        ({"contains": {"objectId": {"$match": "absent"}}}, "$.objectId"),
        ({"contains": {"objectId": {"$regex": "[a-c]+"}}}, "$.objectId"),
        ({"contains": {"rows": [{"$contains": {"a": 1}}, 2]}}, "$.rows[0]"),
        ({"text": "{}"}, "$text"),
        ({"lengths": {"$.rows": 3}}, "$.rows.length"),
        ({"lengths": {"$.nothing": 3}}, "$.nothing.length"),
        ({"keys": ["createdAt", "objectId", "rows"]}, "$keys"),
    ],
    ids=str,
)
def test_what_differs_is_named_by_its_path(raw: dict[str, Any], path: str) -> None:
    found = Expectation.build(raw).compare(reply(200, OBJECT, HEADERS), "$")

    assert path in {each.path for each in found}


def test_a_prefix_stands_before_every_path() -> None:
    found = Expectation.build({"status": 404, "contains": {"code": 1}}, "x: ").compare(reply(), "$")

    assert [each.path for each in found] == ["x: $status", "x: $.code"]


@pytest.mark.parametrize(
    "value",
    [
        {"$match": "objectid"},
        {"$match": ["date"]},
        {"$regex": "("},
        {"$regex": 5},
        {"$anyOf": []},
        {"$unordered": 1},
        {"$contains": [1]},
        {"$match": "date", "beside": 1},
    ],
    ids=str,
)
def test_a_matcher_that_is_not_possible_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\$"):
        Expectation.build({"contains": {"a": [value]}})
