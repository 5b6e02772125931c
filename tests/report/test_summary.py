from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity.model import Outcome, UserError
from parity.model.evidence import TruncatedEvidence, read_evidence
from parity.report import write_summary

SCHEMA = json.loads((files("parity.report") / "schemas" / "summary.schema.json").read_text("utf-8"))
Draft202012Validator.check_schema(SCHEMA)


def summary(evidence: Path, out: Path) -> Any:
    write_summary(evidence, out)
    value = json.loads(out.read_text("utf-8"))
    Draft202012Validator(SCHEMA).validate(value)
    return value


def test_the_summary_is_valid_and_counts_what_the_evidence_counts(
    sample: Path, tmp_path: Path
) -> None:
    value = summary(sample, tmp_path / "summary.json")

    footer = read_evidence(sample).footer
    assert value["verdict"] == "fail"
    assert {each["name"]: each["counts"] for each in value["targets"]} == footer.counts
    assert sum(value["counts"].values()) == 440
    for target in value["targets"]:
        for outcome, number in target["counts"].items():
            assert sum(area[outcome] for area in target["areas"].values()) == number
    assert len(value["failures"]) == 5
    assert len(value["errors"]) == 2
    assert len(value["known_differences"]) == 12
    assert value["requests"] > 440
    assert value["duration_s"] > 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_named_in_the_summary(
    write_run: Callable[..., Path],
    make_check: Callable[..., Any],
    tmp_path: Path,
    outcome: Outcome,
) -> None:
    value = summary(write_run(make_check(outcome=outcome)), tmp_path / "s.json")

    assert value["counts"][outcome] == 1
    assert value["targets"][0]["areas"]["objects"][outcome] == 1


def test_a_run_without_checks_has_a_summary(write_run: Callable[..., Path], tmp_path: Path) -> None:
    value = summary(write_run(exit_status=5), tmp_path / "s.json")

    assert value["verdict"] == "could-not-judge"
    assert value["targets"][0]["areas"] == {}


def test_truncated_evidence_gives_no_summary(sample: Path, tmp_path: Path) -> None:
    cut = tmp_path / "evidence.jsonl"
    cut.write_bytes(sample.read_bytes()[:-10])

    with pytest.raises(TruncatedEvidence):
        write_summary(cut, tmp_path / "s.json")
    assert list(tmp_path.iterdir()) == [cut]


def test_an_older_summary_is_replaced(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "s.json"
    summary(sample, out)
    before = out.read_bytes()

    summary(sample, out)

    assert out.read_bytes() == before
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_that_cannot_be_made_is_named(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")

    with pytest.raises(UserError, match="cannot write"):
        write_summary(sample, tmp_path / "file" / "s.json")
