from __future__ import annotations

from pathlib import Path

import pytest

from parity.compare import load_register
from parity.compare.known import Register
from parity.model import Difference, Kind, UserError
from parity.paths import shipped

CHECK = "suites/objects/test_errors.py::test_missing_object"
ENTRY = f"""
[[difference]]
id = "KD-0001"
title = "Other words"
area = "objects"
versions = ">=2.0,<9"
severity = "benign"
provenance = "recorded"
source = "a cassette"
cause = "c"
effect = "e"
remedy = "r"
owner = "us"
[[difference.recognise]]
path = "$.error"
expected = "not found"
actual = "Not found."
checks = ["{CHECK.removeprefix("suites/")}"]
"""


def register(tmp_path: Path, text: str = ENTRY) -> Register:
    (tmp_path / "entries.toml").write_text(text, encoding="utf-8")
    return load_register([tmp_path])


def difference(
    path: str = "$.error", expected: object = "not found", actual: object = "Not found."
) -> Difference:
    return Difference(path, Kind.VALUE, expected, actual)


def test_an_entry_recognises_its_difference(tmp_path: Path) -> None:
    found = register(tmp_path).recognise(difference(), CHECK)

    assert found is not None
    assert found.id == "KD-0001"


@pytest.mark.parametrize("seen_as", [CHECK, CHECK.removeprefix("suites/"), f"somewhere/{CHECK}"])
def test_an_entry_knows_its_check_wherever_the_suites_are(tmp_path: Path, seen_as: str) -> None:
    text = ENTRY.replace(CHECK.removeprefix("suites/"), CHECK)

    assert register(tmp_path, text).recognise(difference(), seen_as) is not None


@pytest.mark.parametrize(
    ("planted", "check"),
    [
        (difference(path="$.code"), CHECK),
        (difference(actual="Not found!"), CHECK),
        (difference(expected="gone"), CHECK),
        (difference(actual=None), CHECK),
        (difference(), "suites/objects/test_errors.py::test_another"),
        (difference(), "suites/queries/test_errors.py::test_missing_object_too"),
    ],
)
def test_a_fault_beside_a_known_difference_is_not_recognised(
    tmp_path: Path, planted: Difference, check: str
) -> None:
    assert register(tmp_path).recognise(planted, check) is None


def test_a_missing_value_is_recognised_only_where_the_entry_says_missing(tmp_path: Path) -> None:
    text = ENTRY.replace('actual = "Not found."', "missing = true").replace(
        'expected = "not found"', ""
    )
    gone = Difference("$.error", Kind.MISSING, "not found", None)

    assert register(tmp_path, text).recognise(gone, CHECK) is not None
    assert register(tmp_path, text).recognise(difference(), CHECK) is None


def test_a_pattern_matches_all_of_the_value(tmp_path: Path) -> None:
    text = ENTRY.replace('actual = "Not found."', "pattern = 'Not found\\.'")

    assert register(tmp_path, text).recognise(difference(), CHECK) is not None
    longer = difference(actual="Not found. At all.")
    assert register(tmp_path, text).recognise(longer, CHECK) is None


def test_a_pattern_sees_other_values_as_compact_json(tmp_path: Path) -> None:
    pattern = r"""pattern = '\{"\*":\{"read":true\}\}'"""
    text = ENTRY.replace('actual = "Not found."', pattern).replace('expected = "not found"', "")
    acl = difference(actual={"*": {"read": True}})

    assert register(tmp_path, text).recognise(acl, CHECK) is not None


def test_any_index_stands_for_numbers_only(tmp_path: Path) -> None:
    text = ENTRY.replace('"$.error"', '"$.results[*].error"')

    hit = difference(path="$.results[12].error")
    assert register(tmp_path, text).recognise(hit, CHECK) is not None
    miss = difference(path="$.results[12].inner.error")
    assert register(tmp_path, text).recognise(miss, CHECK) is None


@pytest.mark.parametrize(
    ("style", "version", "applying"),
    [
        ("parse-server", "8.6.94", ["KD-0001"]),
        ("parse-server", "9.0.0", []),
        ("parse-server", "7.4.0-alpha.5", ["KD-0001"]),
        ("parse-server", None, ["KD-0001"]),
        ("hosted", "2.8.4", ["KD-0001"]),
        ("hosted", None, []),
    ],
)
def test_versions_and_styles_decide_where_an_entry_applies(
    tmp_path: Path, style: str, version: str | None, applying: list[str]
) -> None:
    assert list(register(tmp_path).applying(style, version).entries) == applying


def test_a_check_has_to_observe_the_entries_that_name_it(tmp_path: Path) -> None:
    known = register(tmp_path)

    assert [entry.id for entry in known.expected_by(CHECK)] == ["KD-0001"]
    assert known.expected_by(CHECK + "_too") == []


def test_all_problems_of_all_entries_are_told_at_once(tmp_path: Path) -> None:
    broken = (
        ENTRY.replace("KD-0001", "one")
        + ENTRY.replace('severity = "benign"', 'severity = "bad"')
        + ENTRY.replace("KD-0001", "KD-0002").replace('title = "Other words"', "")
        + ENTRY.replace("KD-0001", "KD-0003").replace(">=2.0,<9", "two")
        + ENTRY.replace("KD-0001", "KD-0004").replace('actual = "Not found."', "")
        + ENTRY.replace("KD-0001", "KD-0005").replace('owner = "us"', 'ovner = "us"')
    )

    with pytest.raises(UserError) as caught:
        register(tmp_path, broken)

    for text in ("one", "'bad' is not", "'title' is missing", "two", "not one of", "ovner"):
        assert text in caught.value.what


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="taken twice"):
        register(tmp_path, ENTRY + ENTRY)


@pytest.mark.parametrize("text", ["", "[[difference]", "x = 1"])
def test_a_file_without_entries_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"entries\.toml"):
        register(tmp_path, text)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        load_register([tmp_path / "nowhere"])


def test_the_shipped_entries_are_complete_and_expect_checks_that_exist() -> None:
    known = load_register([shipped("scenarios/known-differences")])

    assert len(known.entries) > 20
    for entry in known:
        assert all((entry.cause, entry.effect, entry.remedy, entry.source)), entry.id
        assert entry.provenance in ("recorded", "documented", "source", "observed", "issue")
        assert entry.shows or entry.unseen, f"{entry.id}: neither how it shows nor why it does not"
        assert entry.when, f"{entry.id} does not say when an app meets it"
        for recognition in entry.recognise:
            for check in recognition.checks:
                file, _, function = check.partition("::")
                path = shipped(file if file.startswith("suites/") else f"suites/{file}")
                assert f"def {function.partition('[')[0]}(" in path.read_text(encoding="utf-8")
