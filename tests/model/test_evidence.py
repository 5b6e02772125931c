from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity.model import Kind, Outcome
from parity.model.errors import UserError
from parity.model.evidence import (
    VERSION,
    BadEvidence,
    DifferenceFact,
    EvidenceWriter,
    Finding,
    MissingEvidence,
    NewerEvidence,
    NoticeEvent,
    Seal,
    TableEvent,
    TruncatedEvidence,
    UnwritableEvidence,
    iterate_evidence,
    read_evidence,
)
from tests.model.samples import TARGETS, check, header, known, lines, reseal, write


def validator() -> Draft202012Validator:
    schema = json.loads(
        (files("parity.model") / "schemas" / "evidence.schema.json").read_text("utf-8")
    )
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


VALIDATOR = validator()


def test_every_offset_of_one_file_is_truncated_but_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check(), known(1), NoticeEvent("info", None, "é\u2028")])
    whole = path.read_bytes()
    survived = []
    for offset in range(len(whole) + 1):
        path.write_bytes(whole[:offset])
        try:
            read_evidence(path)
        except TruncatedEvidence:
            continue
        survived.append(len(whole) - offset)

    assert survived == [1, 0], "only a file that lost nothing, or its last newline, is complete"


def test_the_footer_counts_every_target_and_outcome(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check(1), check(2, Outcome.FAIL), check(3)])

    counts = read_evidence(path).footer.counts

    assert set(counts) == set(TARGETS)
    assert counts["hosted"] == {
        "pass": 2,
        "fail": 1,
        "known-difference": 0,
        "unsupported": 0,
        "error": 0,
    }
    assert sum(counts["selfhosted"].values()) == 0


def test_every_line_is_on_disk_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    seen = []
    with EvidenceWriter(path, header()) as writer:
        seen.append(path.read_bytes().count(b"\n"))
        for number in range(3):
            writer.check(check(number))
            seen.append(path.read_bytes().count(b"\n"))

    assert seen == [1, 2, 3, 4]


def test_close_says_how_the_run_ended(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with EvidenceWriter(path, header()) as writer:
        writer.close(interrupted=True, exit_status=2)
        writer.close()

    footer = read_evidence(path).footer

    assert (footer.interrupted, footer.exit_status) == (True, 2)


def test_a_writer_that_dies_leaves_no_footer(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    writer = EvidenceWriter(path, header())
    writer.check(check())
    writer.__exit__(ZeroDivisionError, ZeroDivisionError(), None)

    with pytest.raises(TruncatedEvidence, match="no footer"):
        read_evidence(path)


def test_a_closed_writer_refuses_events(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path / "e.jsonl", header())
    writer.close()

    with pytest.raises(ValueError, match="closed"):
        writer.check(check())


def test_a_check_of_an_unknown_target_is_refused(tmp_path: Path) -> None:
    with (
        EvidenceWriter(tmp_path / "e.jsonl", header()) as writer,
        pytest.raises(ValueError, match="'staging' is not in the header"),
    ):
        writer.check(check(target="staging"))


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check()])
    before = path.read_bytes()

    with pytest.raises(UnwritableEvidence, match="run id"):
        EvidenceWriter(path, header())

    assert path.read_bytes() == before


def test_a_full_disk_is_named() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full, which this system does not have")
    writer = EvidenceWriter.__new__(EvidenceWriter)
    writer.path, writer._file = full, full.open("wb", buffering=0)
    writer._seal = Seal()

    with pytest.raises(UnwritableEvidence, match="No space left"):
        writer._line({"event": "notice"})
    writer._abandon()
    assert writer._file is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file", "utf-8")

    with pytest.raises(UnwritableEvidence, match="reports"):
        EvidenceWriter(tmp_path / "reports" / "run" / "e.jsonl", header())


def test_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingEvidence, match="No such file"):
        read_evidence(tmp_path / "e.jsonl")


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    line = {"event": "header", "format": "parity-evidence", "version": VERSION + 1, "new": 1}
    path.write_text(f"{json.dumps(line)}\n", "utf-8")

    with pytest.raises(NewerEvidence, match="Upgrade"):
        read_evidence(path)


def test_tables_of_versions_one_and_two_are_read(tmp_path: Path) -> None:
    table = TableEvent("t", "title", ("a", "b"), ((1, "x"),), "note")
    now = write(tmp_path / "now.jsonl", [table])
    later = '"note":"note","chart":null,"links":[]}'
    for version in (1, 2):
        old = tmp_path / f"{version}.jsonl"
        text = now.read_text("utf-8").replace('"version":5', f'"version":{version}', 1)
        text = re.sub(r',"seal":"[^"]*"', "", text)  # sealed since version 4
        assert later in text
        old.write_text(text.replace(later, '"note":"note"}'), "utf-8")

        assert read_evidence(old).tables == (table,)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"level":"must"', '"level":"most"', "line 2: check.level: expected one of must"),
        ('"requests":0', '"requests":"0"', "line 2: check.requests: expected int, got '0'"),
        ('"requests":0', '"requests":true', "line 2: check.requests: expected int, got True"),
        ('"requests":0', '"request":0', "line 2: check: unknown field 'request'"),
        ('"duration_s":0.0', '"duration_s":NaN', "line 2: not JSON"),
        ('"duration_s":0.0', '"duration_s":1e999', "line 2: check.duration_s: expected a finite"),
        ('"area":"objects",', "", "line 2: check: field 'area' is missing"),
        ('"area":"objects"', '"area":null', "line 2: check.area: expected str, got None"),
        ('"target":"hosted"', '"target":"other"', "line 2: check.target: 'other' is not in"),
        ('"outcome":"pass"', '"outcome":"fail"', "line 3: the footer's counts"),
        ('"outcome":"pass"', '"outcome":"xfail"', "line 2: check.outcome: expected one of pass"),
        ('"differences":[]', '"differences":{}', "line 2: check.differences: expected a list"),
        ('"exchanges":[]', '"exchanges":[3]', r"line 2: check.exchanges\[0\]: expected an object"),
        ('"digests":{', '"digests":[],"x":{', "line 1: header.targets\\[0\\]: unknown field 'x'"),
        ('"event":"check"', '"event":"chekc"', "line 2: unknown event 'chekc'"),
        ('"format":"parity-evidence"', '"format":"har"', "line 1: expected the header"),
        ('"version":5', '"version":"3"', "line 1: header.version: expected 5, got '3'"),
        ('"version":5', '"version":0', "line 1: header.version: expected 5, got 0"),
        ('"started_at":"2026-', '"started_at":"26-', "line 1: header: expected a time like"),
        ('"started_at":"2026-07', '"started_at":"2026-13', "line 1: header: month must be"),
        ('"name":"hosted"', '"name":"selfhosted"', "line 1: header: two targets have the same"),
    ],
)
def test_a_changed_line_is_named_with_its_number(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = write(tmp_path / "e.jsonl", [check()])
    whole = path.read_text("utf-8")
    assert old in whole
    path.write_text(whole.replace(old, new, 1), "utf-8")

    with pytest.raises(BadEvidence, match=said):
        read_evidence(path)


@pytest.mark.parametrize(
    "content", ["<!doctype html>", "<html>\n</html>\n", "[]\n", "null\n", "3", '"text"\n', "\n"]
)
def test_a_file_that_is_no_evidence_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(content, "utf-8")

    with pytest.raises(BadEvidence, match="line 1"):
        read_evidence(path)


@pytest.mark.parametrize("line", ["3\n", "null\n", "[]\n", '{"event":[]}\n', "[" * 20_000 + "\n"])
def test_a_foreign_line_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "e.jsonl", [check()])
    whole = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*whole[:1], line, *whole[1:]]), "utf-8")

    with pytest.raises(BadEvidence, match="line 2"):
        read_evidence(path)


def test_lines_after_the_footer_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check()])
    path.write_bytes(path.read_bytes() * 2)

    with pytest.raises(BadEvidence, match="line 4: something follows the footer"):
        read_evidence(path)


def test_a_repeated_line_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check()])
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second + second + third)

    with pytest.raises(BadEvidence, match="counts are not those"):
        read_evidence(path)


def test_events_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check(1), check(2)])
    path.write_bytes(path.read_bytes()[:-20])
    stream = iterate_evidence(path)

    assert next(stream) == header()
    assert [next(stream), next(stream)] == [check(1), check(2)]
    with pytest.raises(TruncatedEvidence):
        next(stream)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, "nan"),
        ({"a": [math.inf]}, {"a": ["inf"]}),
        ({1: (2, 3)}, {"1": [2, 3]}),
        (b"\x00", "b'\\x00'"),
        (1 << 5000, "integer of 5001 bits"),
        (2**63, 2**63),
    ],
)
def test_values_that_json_lacks_become_text(tmp_path: Path, value: Any, written: Any) -> None:
    difference = DifferenceFact("$.a", Kind.VALUE, value, None)
    path = write(tmp_path / "e.jsonl", [replace(check(), differences=(difference,))])

    assert read_evidence(path).checks[0].differences[0].expected == written


def test_deep_nesting_is_cut(tmp_path: Path) -> None:
    difference = DifferenceFact("$.a", Kind.VALUE, deep(100_000), None)
    path = write(tmp_path / "e.jsonl", [replace(check(), differences=(difference,))])

    assert "nested deeper" in path.read_bytes().decode("unicode_escape")
    assert read_evidence(path).checks[0].differences == (difference,)


def test_every_error_says_what_to_do() -> None:
    errors = [
        MissingEvidence("x"),
        TruncatedEvidence("x"),
        NewerEvidence("x"),
        BadEvidence("x"),
        UnwritableEvidence(Path("x"), OSError(28, "No space left on device")),
    ]

    assert all(isinstance(error, UserError) and error.remedy for error in errors)
    assert len({error.code for error in errors}) == len(errors)


def test_the_documented_file_is_evidence(tmp_path: Path) -> None:
    document = Path(__file__).parents[2] / "docs" / "evidence.md"
    example = document.read_text("utf-8").split("```jsonl\n")[1].split("```")[0]
    path = tmp_path / "e.jsonl"
    path.write_text(example, "utf-8")

    for line in lines(path):
        VALIDATOR.validate(line)
    evidence = read_evidence(path)

    assert [len(evidence.checks), len(evidence.known_differences), len(evidence.notices)] == [1] * 3
    (table,) = evidence.tables
    assert table.chart is not None
    assert table.chart.limits


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\ud800", "\\ud800"),
        ("a\udfff\U0001f600", "a\\udfff\U0001f600"),
        ("\\\ud83d\\ud83d", "\\\\ud83d\\ud83d"),
        ({"\udc00": 1}, {"\\udc00": 1}),
    ],
)
def test_half_a_surrogate_pair_is_shown_as_its_escape(
    tmp_path: Path, value: Any, shown: Any
) -> None:
    difference = DifferenceFact("$.a", Kind.VALUE, value, None)
    path = write(tmp_path / "e.jsonl", [replace(check(), differences=(difference,))])

    assert read_evidence(path).checks[0].differences[0].expected == shown


def test_half_a_surrogate_pair_of_another_writer_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check()])
    path.write_text(path.read_text().replace('"reason":""', '"reason":"\\ud800"'))
    reseal(path)

    assert read_evidence(path).checks[0].reason == "\\ud800"


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("has_finding", [True, False])
def test_evidence_of_an_older_version_opens(
    tmp_path: Path, *, version: int, has_finding: bool
) -> None:
    """Until version 3 a check had one ``finding``; before version 2 it had none, nor a job."""
    finding = Finding("AUD-A", "breaking", "cause", "remedy")
    now = replace(check(outcome=Outcome.FAIL), findings=(finding,) if has_finding else ())
    path = write(tmp_path / "e.jsonl", [now])
    first, second, last = lines(path)
    del second["findings"]
    if has_finding or version > 1:
        shown = {"code": "AUD-A", "severity": "breaking", "cause": "cause", "remedy": "remedy"}
        second["finding"] = shown if has_finding else None
    if version == 1:
        del first["job"], first["unit"]
    first["version"] = version
    del last["seal"]  # sealed since version 4
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, second, last)))

    assert read_evidence(path).checks == (now,)


def test_evidence_of_today_has_no_field_of_an_older_version(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check()])
    path.write_text(path.read_text().replace('"findings":[]', '"finding":null'))

    with pytest.raises(BadEvidence, match="line 2: check: unknown field 'finding'"):
        read_evidence(path)


def test_a_line_that_was_altered_breaks_the_seal_whatever_the_footer_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [check(outcome=Outcome.FAIL)])
    text = path.read_text()
    forged = text.replace('"outcome":"fail"', '"outcome":"pass"')
    forged = forged.replace('"pass":0,"fail":1', '"pass":1,"fail":0')
    assert forged != text
    path.write_text(forged)

    with pytest.raises(BadEvidence, match="altered"):
        read_evidence(path)
    path.write_text(forged.replace('"version":5', '"version":3', 1))
    with pytest.raises(BadEvidence, match="altered"):
        read_evidence(path)


def test_a_seal_with_a_key_is_only_made_and_read_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write(tmp_path / "plain.jsonl", [check()])
    monkeypatch.setenv("PARITY_SEAL_KEY", "the key of the CI")
    keyed = write(tmp_path / "keyed.jsonl", [check()])
    assert len(read_evidence(keyed).checks) == 1
    with pytest.raises(BadEvidence, match="not sealed with a key"):
        read_evidence(plain)

    monkeypatch.setenv("PARITY_SEAL_KEY", "another key")
    with pytest.raises(BadEvidence, match="altered"):
        read_evidence(keyed)
    monkeypatch.delenv("PARITY_SEAL_KEY")
    with pytest.raises(BadEvidence, match="set PARITY_SEAL_KEY"):
        read_evidence(keyed)
    assert b"the key of the CI" not in keyed.read_bytes()
