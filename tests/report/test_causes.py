"""Failures by cause: the same answer to the same kind of request is one cause."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from parity.model import Outcome
from parity.model.evidence import CheckEvent, ExchangeFact
from parity.report.causes import cause_of

MOUNT = "/1"


def exchange(method: str, path: str, status: int | None, body: object = "") -> ExchangeFact:
    text = body if isinstance(body, str) else json.dumps(body)
    url = f"http://127.0.0.1:1{MOUNT}/{path}"
    return ExchangeFact(method, url, {}, "", status, {}, text, 1.0, "")


@pytest.fixture
def failed(make_check: Callable[..., CheckEvent]) -> Callable[..., CheckEvent]:
    def make(*exchanges: ExchangeFact, outcome: Outcome = Outcome.FAIL) -> CheckEvent:
        return make_check(outcome=outcome, exchanges=exchanges)

    return make


def test_names_that_a_run_made_up_do_not_part_a_cause(failed: Callable[..., CheckEvent]) -> None:
    one, other = (
        failed(
            exchange(
                *("POST", f"classes/ParityabcXyz_Score{number}", 500),
                {"code": 1, "error": f"no ParityabcXyz_Score{number}, row {number * 77}"},
            )
        )
        for number in (1, 2)
    )

    assert cause_of(one, MOUNT) == cause_of(other, MOUNT)


@pytest.mark.parametrize(
    "other",
    [
        exchange("POST", "classes/A", 503, {"code": 1, "error": "down"}),
        exchange("POST", "classes/A", 500, {"code": 2, "error": "down"}),
        exchange("POST", "classes/A", 500, {"code": 1, "error": "up"}),
        exchange("PUT", "classes/A/b", 500, {"code": 1, "error": "down"}),
        exchange("POST", "users", 500, {"code": 1, "error": "down"}),
        exchange("POST", "classes/A", None),
    ],
    ids=["status", "code", "message", "method", "route", "no answer"],
)
def test_another_answer_or_request_is_another_cause(
    failed: Callable[..., CheckEvent], other: ExchangeFact
) -> None:
    one = exchange("POST", "classes/A", 500, {"code": 1, "error": "down"})

    assert cause_of(failed(one), MOUNT) != cause_of(failed(other), MOUNT)


def test_what_passed_or_sent_nothing_has_no_cause(failed: Callable[..., CheckEvent]) -> None:
    down = exchange("GET", "config", 500)

    assert cause_of(failed(down, outcome=Outcome.PASS), MOUNT) is None
    assert cause_of(failed(), MOUNT) is None
