"""What a client sees when cloud code fails."""

from __future__ import annotations

from typing import Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.spec("rest/cloud-code#cloud-functions", "rest/errors#cloud-code-errors"),
    pytest.mark.requires("cloud_fixture"),
]


@pytest.mark.parametrize("name", ["parityNoSuchFunction", "parityecho", "parityEcho2"])
def test_missing_function_is_141(parse: ParseClient, expect: Expect, name: str) -> None:
    """A function that does not exist, by this exact name, is refused with code 141."""
    expect.error(parse.call(name, {"a": 1}), 141)


@pytest.mark.parametrize("how", ["string", "error"])
def test_failing_function_is_141(parse: ParseClient, expect: Expect, how: str) -> None:
    """A function that fails with a text or an Error answers code 141 and the text."""
    message = 'Größe ✓ "quoted" <b>'

    reply = parse.call("parityFail", {"how": how, "message": message})

    expect.body(reply, {"code": 141, "error": message}, status=400)


@pytest.mark.parametrize("code", [4711, 209, 137, 2])
def test_own_code_goes_through(parse: ParseClient, expect: Expect, code: int) -> None:
    """A function may fail with a code of its own, which the client gets with the message."""
    reply = parse.call("parityFail", {"how": "parse", "code": code, "message": "own"})

    expect.body(reply, {"code": code, "error": "own"}, status=400)


@pytest.mark.level("may")
def test_own_code_101_is_404(parse: ParseClient, expect: Expect) -> None:
    """A function that fails with code 101 answers status 404."""
    reply = parse.call("parityFail", {"how": "parse", "code": 101, "message": "none"})

    expect.body(reply, {"code": 101, "error": "none"}, status=404)


def test_error_of_a_query_goes_through(parse: ParseClient, expect: Expect) -> None:
    """A function that does not catch the error of a query fails with the code of that error."""
    expect.error(parse.call("parityFailInside"), 101, status=404)


def test_error_of_a_save_goes_through(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A function whose save is refused fails with its code, and nothing is saved."""
    review = new_class("Review")
    parse.create(review, {"stars": 1})

    reply = parse.call("parityCreate", {"className": review, "fields": {"stars": "five"}})

    expect.error(reply, 111)
    expect.equal(len(parse.find(review).results), 1, at="$.rows")


def test_next_call_works_after_a_failure(parse: ParseClient, expect: Expect) -> None:
    """A function that failed does not disturb the calls after it."""
    for _ in range(3):
        expect.status(parse.call("parityFail", {"how": "string", "message": "no"}), 400)
        expect.body(parse.call("parityEcho", {"a": 1}), {"result": {"a": 1}}, status=200)


@pytest.mark.level("should")
@pytest.mark.spec("cloudcode/cloud-code#cloud-functions")
@pytest.mark.parametrize(
    ("parameters", "status", "body"),
    [
        pytest.param({}, 200, {"result": "called back"}, id="success"),
        pytest.param({"fail": "told"}, 400, {"code": 141, "error": "told"}, id="error"),
    ],
)
def test_function_may_answer_by_response(
    parse: ParseClient,
    expect: Expect,
    parameters: dict[str, str],
    status: int,
    body: dict[str, Any],
) -> None:
    """A function that was written for (request, response) answers by success and error."""
    expect.body(parse.call("parityCallbacks", parameters), body, status=status)


@pytest.mark.level("may")
def test_validator_that_agrees_lets_the_call_through(parse: ParseClient, expect: Expect) -> None:
    """A function whose validator returns true runs."""
    expect.body(parse.call("parityValidated", {"pass": True}), {"result": "accepted"}, status=200)


@pytest.mark.level("may")
def test_validator_that_disagrees_stops_the_call(parse: ParseClient, expect: Expect) -> None:
    """A function whose validator returns false is refused with code 142."""
    expect.error(parse.call("parityValidated", {"pass": False}), 142)


@pytest.mark.level("may")
def test_function_is_only_called_by_post(parse: ParseClient, expect: Expect) -> None:
    """GET does not call a function."""
    expect.status(parse.get("functions/parityFixture", raw=True), 404)


def test_function_needs_a_key(parse: ParseClient, expect: Expect) -> None:
    """A call with the application id alone is refused."""
    reply = parse.using(key=None).call("parityFixture")

    expect.error(reply, None, status=401, message="unauthorized")
