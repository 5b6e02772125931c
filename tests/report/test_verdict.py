from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.model import Kind, Outcome
from parity.model.evidence import (
    DifferenceFact,
    KnownDifferenceEvent,
    NoticeEvent,
    Severity,
    read_evidence,
)
from parity.report import Verdict, Word, verdict

Make = Callable[..., Any]


@pytest.fixture
def judge(write_run: Callable[..., Path]) -> Callable[..., Verdict]:
    def judge(*events: Any, **footer: Any) -> Verdict:
        return verdict(read_evidence(write_run(*events, **footer)))

    return judge


@pytest.fixture
def both(make_check: Make) -> Callable[..., list[Any]]:
    """One check for each target, of the given outcome."""

    def both(outcome: Outcome = Outcome.PASS) -> list[Any]:
        return [make_check(1, name, outcome=outcome) for name in ("hosted", "selfhosted")]

    return both


def known(severity: Severity, observed: int = 1) -> KnownDifferenceEvent:
    return KnownDifferenceEvent("KD-1", "t", severity, "c", "e", "r", "p", ("hosted",), observed)


def test_a_run_in_which_everything_passes_passes(judge: Make, both: Make) -> None:
    judged = judge(*both())

    assert judged.word is Word.PASS
    assert judged.sentence == "2 checks on 2 targets pass."
    assert judged.targets["hosted"].sentence == "1 check passes."


def test_a_known_difference_passes_and_is_told_apart(judge: Make, make_check: Make) -> None:
    judged = judge(
        make_check(1),
        make_check(2, outcome=Outcome.KNOWN_DIFFERENCE),
        make_check(3, outcome=Outcome.UNSUPPORTED),
        make_check(1, "selfhosted"),
    )

    assert judged.word is Word.PASS
    assert judged.sentence == (
        "2 checks on 2 targets pass; 1 meets only known differences; 1 could not be tested."
    )


def test_one_failure_fails_the_run_and_its_target_only(judge: Make, make_check: Make) -> None:
    judged = judge(
        make_check(1),
        make_check(2),
        make_check(1, "selfhosted", outcome=Outcome.FAIL),
        exit_status=1,
    )

    assert judged.word is Word.FAIL
    assert judged.sentence == "1 of 3 checks fails, on selfhosted."
    assert {name: each.word for name, each in judged.targets.items()} == {
        "hosted": Word.PASS,
        "selfhosted": Word.FAIL,
    }


def test_failures_are_counted_by_target(judge: Make, make_check: Make) -> None:
    judged = judge(
        make_check(1, outcome=Outcome.FAIL),
        make_check(2, outcome=Outcome.FAIL),
        make_check(1, "selfhosted", outcome=Outcome.FAIL),
    )

    assert judged.sentence == "3 of 3 checks fail: 2 on hosted, 1 on selfhosted."


@pytest.mark.parametrize(
    ("footer", "said"),
    [
        ({"interrupted": True}, "The run was interrupted"),
        ({"exit_status": 3}, "pytest ended with exit status 3"),
        ({"exit_status": 5}, "pytest ended with exit status 5"),
    ],
)
def test_a_run_that_ended_badly_could_not_judge(
    judge: Make, both: Make, footer: dict[str, Any], said: str
) -> None:
    judged = judge(*both(), **footer)

    assert judged.word is Word.COULD_NOT_JUDGE
    assert said in judged.sentence


def test_an_error_could_not_judge(judge: Make, both: Make, make_check: Make) -> None:
    judged = judge(*both(), make_check(2, "selfhosted", outcome=Outcome.ERROR), exit_status=1)

    assert judged.word is Word.COULD_NOT_JUDGE
    assert judged.sentence == "1 check on selfhosted ended in an error and judged nothing."
    assert judged.targets["hosted"].word is Word.PASS
    assert judged.targets["selfhosted"].word is Word.COULD_NOT_JUDGE


def test_a_failure_outweighs_an_error_and_both_are_said(judge: Make, make_check: Make) -> None:
    judged = judge(
        make_check(1, outcome=Outcome.FAIL),
        make_check(2, outcome=Outcome.ERROR),
        make_check(1, "selfhosted"),
        interrupted=True,
    )

    assert judged.word is Word.FAIL
    assert judged.sentence.startswith("1 of 2 checks fails, on hosted. The run was interrupted")
    assert "1 check on hosted ended in an error" in judged.sentence


def test_a_run_without_checks_does_not_pass(judge: Make) -> None:
    judged = judge()

    assert judged.word is Word.COULD_NOT_JUDGE
    said = "No check was judged on hosted: a run that tested nothing does not pass."
    assert said in judged.sentence


def test_a_run_without_targets_does_not_pass(judge: Make) -> None:
    judged = judge(targets=())

    assert judged.word is Word.COULD_NOT_JUDGE
    assert "no target" in judged.sentence
    assert judged.targets == {}


def test_one_target_without_checks_could_not_judge(judge: Make, make_check: Make) -> None:
    judged = judge(make_check(1, "hosted"))

    assert judged.word is Word.COULD_NOT_JUDGE
    assert judged.targets["hosted"].word is Word.PASS
    assert judged.targets["selfhosted"].word is Word.COULD_NOT_JUDGE


def test_unsupported_checks_alone_do_not_pass(judge: Make, both: Make) -> None:
    judged = judge(*both(Outcome.UNSUPPORTED))

    assert judged.word is Word.COULD_NOT_JUDGE
    assert "all of them are unsupported" in judged.sentence


@pytest.mark.parametrize(
    ("concerned", "hosted"), [(None, Word.PASS), ("hosted", Word.COULD_NOT_JUDGE)]
)
def test_an_error_notice_could_not_judge_and_is_the_sentence(
    judge: Make, both: Make, concerned: str | None, hosted: Word
) -> None:
    judged = judge(*both(), NoticeEvent("error", concerned, "worker gw1 crashed"))

    assert judged.word is Word.COULD_NOT_JUDGE
    assert judged.sentence == "worker gw1 crashed."
    assert judged.targets["hosted"].word is hosted
    assert judged.targets["selfhosted"].word is Word.PASS


def test_other_notices_do_not_change_the_verdict(judge: Make, both: Make) -> None:
    judged = judge(*both(), NoticeEvent("warning", "hosted", "x"), NoticeEvent("info", None, "y"))

    assert judged.word is Word.PASS


def test_an_answer_opens_the_sentence_and_changes_no_verdict(judge: Make, both: Make) -> None:
    judged = judge(*both(), NoticeEvent("answer", "hosted", "Fits: holds twice your peak"))
    assert judged.word is Word.PASS
    assert judged.sentence.startswith("Fits: holds twice your peak. 2 checks")


def test_observed_breaking_differences_are_counted(judge: Make, make_check: Make) -> None:
    difference = DifferenceFact("$.a", Kind.VALUE, 1, 2, "KD-1")
    judged = judge(
        make_check(1, outcome=Outcome.KNOWN_DIFFERENCE, differences=(difference,)),
        make_check(1, "selfhosted"),
        known("breaking"),
    )

    said = "1 breaking known difference was observed."
    assert judged.word is Word.PASS
    assert judged.sentence.endswith(said)
    assert judged.targets["hosted"].sentence.endswith(said)
    assert said not in judged.targets["selfhosted"].sentence


@pytest.mark.parametrize("event", [known("benign"), known("security"), known("breaking", 0)])
def test_other_known_differences_are_not_counted(
    judge: Make, both: Make, event: KnownDifferenceEvent
) -> None:
    assert "breaking" not in judge(*both(), event).sentence
