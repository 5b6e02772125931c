"""Accounts files, error bounds of samples, and checks that are made of them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.audit import codes
from parity.jobs.audit.checks import encrypted_check, file_check, login_checks
from parity.jobs.audit.files import FileAnswer, fetchable, files_table, upper_bound
from parity.jobs.audit.logins import Account, LoginResult, read_accounts, try_accounts
from parity.jobs.audit.sample import FileSample, FileUse
from parity.jobs.audit.schema import read_schema
from parity.model import Keys, Outcome, Secret, Style, Target, UserError, Writes

USE = FileUse("Post", "p1", "photo")


def test_secrets_of_accounts_are_references(tmp_path: Path) -> None:
    (tmp_path / "bob.token").write_text("a" * 25 + "\n")
    file = tmp_path / "accounts.json"
    file.write_text(
        '[{"username": "ann", "password": "env:ANN"},'
        '{"username": "bob", "legacy_session": "file:bob.token"}]'
    )
    ann, bob = read_accounts(file, {"ANN": "secret"})
    assert ann == Account("ann", Secret("secret", "ANN"))
    assert bob == Account("bob", None, Secret("a" * 25))
    assert "secret" not in repr((ann, bob))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        {},
        [{}],
        ["ann"],
        [{"username": "ann"}],
        [{"username": "ann", "password": "hunter22"}],
        [{"username": "ann", "password": {"a": 1}}],
        [{"username": "ann", "password": "env:NOT_SET"}],
        [{"username": "ann", "password": "file:gone"}],
        [{"username": "ann", "password": "env:"}],
        [{"username": "ann", "pasword": "env:ANN"}],
        [{"username": "ann", "password": "env:ANN"}] * 101,
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, rows: Any) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(rows))
    with pytest.raises(UserError) as caught:
        read_accounts(file, {"ANN": "secret"})
    assert "hunter22" not in str(caught.value)


def test_a_login_without_an_answer_is_an_error_that_does_not_quote_the_password() -> None:
    target = Target(
        "t", Style.PARSE_SERVER, "http://127.0.0.1:1/parse", Secret("a"), Keys(), Writes.NAMESPACED
    )
    [result] = try_accounts(target, (Account("ann", Secret("hunter22")),))
    assert result.outcome is Outcome.ERROR
    assert "hunter22" not in result.reason


def test_an_upgrade_is_a_write() -> None:
    target = Target("t", Style.PARSE_SERVER, "http://127.0.0.1:1/parse", Secret("a"), Keys())
    [result] = try_accounts(target, (Account("ann", None, Secret("b" * 25)),))
    assert result.outcome is Outcome.UNSUPPORTED


def _result(outcome: Outcome) -> LoginResult:
    return LoginResult(codes.LOGIN_PASSWORD, 1, outcome, "because")


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], Outcome.UNSUPPORTED),
        ([Outcome.PASS], Outcome.PASS),
        ([Outcome.PASS, Outcome.ERROR], Outcome.ERROR),
        ([Outcome.ERROR, Outcome.FAIL, Outcome.PASS], Outcome.FAIL),
    ],
)
def test_the_worst_login_decides(outcomes: list[Outcome], expected: Outcome) -> None:
    password, session = login_checks([_result(outcome) for outcome in outcomes], "t")
    assert password.outcome is expected
    assert (password.finding is not None) is (expected is Outcome.FAIL)
    assert session.outcome is Outcome.UNSUPPORTED


def test_the_bound_is_the_rule_of_three() -> None:
    assert upper_bound(0, 300) == pytest.approx(0.00994, rel=0.01)
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(5, 5) == 1.0


@given(st.integers(1, 60), st.data())
def test_a_bound_holds_the_share_that_was_seen(asked: int, data: st.DataObject) -> None:
    failed = data.draw(st.integers(0, asked))
    bound = upper_bound(failed, asked)
    assert failed / asked <= bound <= 1
    assert upper_bound(failed, asked + 1) <= bound + 1e-9
    assert upper_bound(min(failed + 1, asked), asked) >= bound - 1e-9


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        (None, Outcome.UNSUPPORTED),
        ([], Outcome.UNSUPPORTED),
        ([FileAnswer(USE, "")], Outcome.PASS),
        ([FileAnswer(USE, ""), FileAnswer(USE, "status 404")], Outcome.FAIL),
        ([FileAnswer(USE, ""), FileAnswer(USE, "not allowed", asked=False)], Outcome.ERROR),
        ([FileAnswer(USE, "not allowed", asked=False)], Outcome.UNSUPPORTED),
    ],
)
def test_what_was_not_asked_for_does_not_pass(
    answers: list[FileAnswer] | None, outcome: Outcome
) -> None:
    assert file_check(answers, 10, "t").outcome is outcome


def test_a_sample_has_each_file_with_the_same_chance() -> None:
    schema = read_schema([{"_id": "Post", "photo": "file"}])["Post"]
    rows = [{"_id": f"p{number}", "photo": "x"} for number in range(20)]
    times = dict.fromkeys(range(20), 0)
    for seed in range(400):
        sample = FileSample(5, _random=random.Random(seed))
        sample.look("Post", schema, rows)
        assert sample.seen == 20
        for each in sample.chosen:
            times[int(each.object_id[1:])] += 1
    assert sum(times.values()) == 400 * 5
    assert all(50 < count < 160 for count in times.values())


def test_an_object_that_cannot_be_read_leaves_its_file_unasked() -> None:
    base = "http://127.0.0.1:1/parse"
    target = Target("t", Style.PARSE_SERVER, base, Secret("a"), Keys())
    [answer] = fetchable(target, [USE])
    assert not answer.asked


def test_a_bound_of_many_files_can_be_computed() -> None:
    assert upper_bound(2_500, 5_000) == pytest.approx(0.5117, rel=0.001)


def _answer(status: int | None, name: str = "a.txt", **more: Any) -> FileAnswer:
    problem = "" if status == 200 else f"status {status}"
    return FileAnswer(FileUse("Post", "p1", "photo", name), problem, status=status, **more)


@pytest.mark.parametrize(
    ("answers", "stored", "outcome"),
    [
        (None, set(), Outcome.UNSUPPORTED),
        ([], set(), Outcome.UNSUPPORTED),
        ([_answer(200)], set(), Outcome.PASS),
        ([_answer(404)], set(), Outcome.PASS),
        ([_answer(404)], {"a.txt"}, Outcome.FAIL),
        ([_answer(200), _answer(404, "b.txt")], {"a.txt"}, Outcome.PASS),
        ([_answer(500)], {"a.txt"}, Outcome.PASS),
    ],
)
def test_a_file_that_is_there_and_not_found_cannot_be_decrypted(
    answers: list[FileAnswer] | None, stored: set[str], outcome: Outcome
) -> None:
    check = encrypted_check(answers, frozenset(stored), "t")
    assert check.outcome is outcome
    assert (check.finding is not None) is (outcome is Outcome.FAIL)


def test_files_are_counted_by_class_and_field() -> None:
    schema = read_schema([{"_id": "Post", "photo": "file", "cover": "file", "title": "string"}])
    hosted = "tfss-0b5b1c5e-8d6a-4c39-9c5c-3b0c5d0c0a11-photo.jpg"
    rows: list[dict[str, Any]] = [
        {"_id": "p1", "photo": "a.txt", "title": "a.txt"},
        {"_id": "p2", "photo": "a.txt", "cover": hosted},
        {"_id": "p3", "photo": "b.txt", "cover": None},
    ]
    sample = FileSample(100)
    sample.look("Post", schema["Post"], rows)
    answers = [
        _answer(200),
        _answer(404),
        _answer(None, asked=False),
        FileAnswer(FileUse("Post", "p2", "cover", hosted), "gone", asked=False, hosted=True),
    ]
    table = files_table(sample, answers)
    assert table.rows == (
        ("Post", "cover", 1, 1, 1, 0, 0, 0, 1),
        ("Post", "photo", 3, 2, 0, 2, 1, 1, 0),
    )
