"""The inputs of ``notations.toml``: languages, templates, keys, build files, cloud code."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.scan.conftest import Scan

_STANDS_FOR = {
    "{URL}": "https://api.parse.com/1/classes/A",
    "{APP_ID}": "kJ3hG8fD2sA9qW7eR5tY1uI0oP6lK4jH2gF8dS3a",
    "{KEY}": "zX5cV8bN2mQ9wE4rT7yU1iO3pA6sD0fG8hJ5kL2z",
}
CASES = tomllib.loads(Path(__file__).with_name("notations.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{case['file']}" for n, case in enumerate(CASES)])
def test_a_notation_says_what_it_is(scan_files: Scan, case: dict[str, Any]) -> None:
    text = case["text"]
    for name, value in _STANDS_FOR.items():
        text = text.replace(name, value)
    report = scan_files({f"app/{case['file']}": text})
    said = {finding.code.id.removeprefix("SCAN-") for finding in report.findings}
    if any(skipped.doubt for skipped in report.skipped):
        said.add("doubt")
    assert said == set(case["says"])
