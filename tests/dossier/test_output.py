"""What is written: JSON by its schema, Markdown and HTML; hostile evidence is text in all."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from parity.dossier import dossier_json, dossier_markdown, dossier_page
from tests.dossier.pages import empty
from tests.dossier.rich import HOSTILE, dossier, rich
from tests.gate.world import world


def _schema(package: str, name: str) -> Draft202012Validator:
    schema = json.loads((files(package) / "schemas" / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("kind", ["well", "rich", "hostile", "empty", "gate 8"])
def test_json_fits_its_schema(tmp_path: Path, kind: str) -> None:
    made = {
        "well": lambda: dossier(world(tmp_path, "11")),
        "rich": lambda: dossier(rich(tmp_path)),
        "hostile": lambda: dossier(rich(tmp_path, HOSTILE)),
        "empty": lambda: dossier(empty(tmp_path)),
        "gate 8": lambda: dossier(world(tmp_path), "8"),
    }[kind]()
    value = json.loads(json.dumps(dossier_json(made)))
    _schema("parity.dossier", "dossier").validate(value)
    for gate in value["gates"]:
        _schema("parity.gate", "gate").validate(gate)
    done = sum(each["state"] == "done" for each in value["steps"])
    board = {
        "format": "parity-status",
        "version": 1,
        "judged_at": value["made_at"],
        "done": done,
        "steps": value["steps"],
    }
    _schema("parity.gate", "status").validate(board)


def test_the_schema_refuses_another_verdict(tmp_path: Path) -> None:
    value = {**dossier_json(dossier(world(tmp_path, "11"))), "verdict": "probably"}
    assert list(_schema("parity.dossier", "dossier").iter_errors(value))


def test_the_same_evidence_at_the_same_time_has_the_same_seal(tmp_path: Path) -> None:
    w = rich(tmp_path)
    assert dossier_json(dossier(w))["seal"] == dossier_json(dossier(w))["seal"]


def test_markdown_begins_with_the_answer(tmp_path: Path) -> None:
    well = dossier_markdown(dossier(world(tmp_path / "a", "11")), "sha256:x")
    bad = dossier_markdown(dossier(rich(tmp_path / "b")), "sha256:x")
    assert well.startswith("## Pass: The app may point at the new server and may ship: gates 8 and")
    assert bad.startswith("## Fail: The app may not point at the new server and may not ship:")


def test_markdown_says_what_costs_what(tmp_path: Path) -> None:
    text = dossier_markdown(dossier(rich(tmp_path)), "sha256:x")
    for part in (
        "| audit | 8 and 11 | lapsed | run-audit: it is 12.0 days old, and 7 are allowed |",
        "12 of 120 requests (10 %), 3 of 7 clients (42.86 %)",
        "120 of 128 requests were judged",
        "not judged, or in part only: 6 requests, made before the recording",
        "| Sizing | size on selfhosted | fail |",
        "documents (source) 3,000",
        "- **sizing** (in use), Ada until 2026-08-31: a disk is ordered",
        "- **gate-8** (expired)",
        "Seal `sha256:x`.",
    ):
        assert part in text


def test_hostile_markdown_is_text(tmp_path: Path) -> None:
    text = dossier_markdown(dossier(rich(tmp_path, HOSTILE)), "sha256:x")
    assert "owned" in text, "the payload is there"
    assert "<script" not in text
    assert "<img" not in text
    assert "@team" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert not re.search(r"(?<!\\)\[x", text)
    assert {tag.lower() for tag in re.findall(r"<[^>]*>", text)} <= {"<br>"}
    tables = [line for line in text.splitlines() if line.startswith("|")]
    columns = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    assert set(columns) == {4, 5}, "no cell has broken out of its row"


def test_hostile_html_is_text(tmp_path: Path) -> None:
    page = dossier_page(dossier(rich(tmp_path, HOSTILE)), "sha256:x")
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert page.count("</style>") == 1


def test_html_shows_every_subject_in_the_order_of_a_signer(tmp_path: Path) -> None:
    page = dossier_page(dossier(rich(tmp_path)), "sha256:x")
    places = [
        page.index(f'id="{each}"')
        for each in (
            "verdict",
            "gates",
            "gaps",
            "signatures",
            "steps",
            "traffic",
            "differences",
            "behaviour",
            "data",
            "sizing",
            "settings",
            "deployment",
            "code",
            "waivers",
            "digests",
        )
    ]
    assert places == sorted(places)


def test_html_has_the_digest_of_every_file(tmp_path: Path) -> None:
    made = dossier(rich(tmp_path))
    page = dossier_page(made, "sha256:the-seal")
    assert len(made.files) > 10
    assert all(file.sha256.removeprefix("sha256:") in page for file in made.files)
    assert page.count("sha256:the-seal") == 2


def test_html_of_nothing_says_what_is_not_known(tmp_path: Path) -> None:
    page = dossier_page(dossier(empty(tmp_path)), "sha256:x")
    assert "No recorded traffic was replayed: how the app's own requests behave" in page
    assert "There is no evidence." in page
    assert "Nothing was measured." in page


def test_long_tables_are_cut_and_say_so(tmp_path: Path) -> None:
    page = dossier_page(dossier(rich(tmp_path)), "sha256:x")
    assert "And 20 more rows, which the report of the run has." in page


def test_what_a_job_draws_is_drawn_once_with_its_numbers(tmp_path: Path) -> None:
    page = dossier_page(dossier(rich(tmp_path)), "sha256:x")
    assert page.count("<figure") == 1
    assert "Line chart: The knee" in page
    assert "The numbers: The knee" in page
    assert "88.5" in page
    assert 'href="./a.html"' not in page, "it is beside the run, not beside the dossier"


def test_a_report_is_linked_only_where_there_is_one(tmp_path: Path) -> None:
    made = dossier(rich(tmp_path))
    page = dossier_page(made, "sha256:x", {"run-verify": "run-verify/report.html"})
    assert page.count('href="run-verify/report.html"') == 1
    assert re.findall(r'href="(?!#|data:|run-verify/report\.html)[^"]*"', page) == []
