"""Formats do not change by accident: what is published is what the types say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity import schemas
from parity.job import result_schema
from tests.test_job import Made

MADE = {file.name.removesuffix(".schema.json"): (file, schema) for file, schema in schemas.made()}


@pytest.mark.parametrize("name", MADE)
def test_a_published_schema_is_that_of_its_type(name: str) -> None:
    file, schema = MADE[name]

    Draft202012Validator.check_schema(schema)
    assert file.read_text("utf-8") == schemas.text(schema), "write it: python -m parity.schemas"


def test_every_format_of_all_runs_is_made_from_types() -> None:
    assert {"evidence", "summary", "gate", "status"} <= MADE.keys()


@dataclass(frozen=True, slots=True)
class Result:
    """What was made.

    Attributes:
        things: How many.
    """

    things: int


class Counting(Made):
    """Made, and says how many."""

    def result(self) -> Result:
        return Result(3)


def test_a_job_that_returns_a_dataclass_has_a_schema() -> None:
    schema = result_schema(Counting)

    assert schema is not None
    value: dict[str, Any] = {
        "format": "parity-made",
        "version": 1,
        "run": "reports/1",
        "verdict": "pass",
        "sentence": "All is well.",
        "exit_code": 0,
        "things": 3,
    }
    validator = Draft202012Validator(schema)
    validator.validate(value)
    for change in ({"things": "3"}, {"more": 1}, {"format": "parity-other"}, {"verdict": "yes"}):
        assert not validator.is_valid(value | change), json.dumps(change)
    assert schema["properties"]["things"]["description"] == "How many."


def test_a_job_that_returns_a_mapping_has_none() -> None:
    assert result_schema(Made) is None
