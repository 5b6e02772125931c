"""A server that is no Parse Server, falls over, or takes legacy tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.hosted import HostedSettings
from parity.jobs.settings.judge import judge
from parity.jobs.settings.probes import PROBES
from parity.jobs.settings.probing import Seen
from parity.jobs.settings.survey import NotFound, Result, survey
from parity.model import Keys, Outcome, Target, Writes
from tests.fake_parse import Answer, FakeParse, html


def run(target: Target, **hosted: object) -> dict[str, Result]:
    found = dict(survey(target, HostedSettings(**hosted), []))  # type: ignore[arg-type]
    assert list(found) == list(PROBES)
    return found


def test_a_server_that_ignores_legacy_tokens_fails(fake_parse: FakeParse) -> None:
    result = run(fake_parse.target(writes=Writes.FORBIDDEN))["REVOCABLE-SESSIONS"]
    hosted = HostedSettings(values={"require_revocable_sessions": True})
    judged = judge(catalogue()["REVOCABLE-SESSIONS"], hosted, result)
    assert (judged.outcome, judged.server) == (Outcome.FAIL, False)
    assert judged.side is catalogue()["REVOCABLE-SESSIONS"].less


def test_what_is_not_parse_is_an_error_and_no_finding(fake_parse: FakeParse) -> None:
    fake_parse.misbehave = lambda method, path: html() if path.startswith("files") else None
    found = run(fake_parse.target())
    for name in ("PUBLIC-FILE-UPLOAD", "USER-FILE-UPLOAD"):
        result = found[name]
        assert isinstance(result, NotFound)
        assert result.error
        assert "not Parse" in result.reason


def test_when_the_server_goes_down_the_rest_is_not_run(fake_parse: FakeParse) -> None:
    def die(method: str, path: str) -> None:
        if path.startswith("files"):
            fake_parse.die()

    fake_parse.misbehave = die
    found = run(fake_parse.target())
    place = list(PROBES).index("PUBLIC-FILE-UPLOAD")
    after = list(found.values())[place:]
    assert all(isinstance(each, NotFound) and each.error for each in after)
    assert all(isinstance(each, NotFound) and "not run: " in each.reason for each in after[1:])


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_proxy_or_a_rate_limit_is_no_setting(fake_parse: FakeParse, status: int) -> None:
    refusal: Answer = (status, {"Content-Type": "application/json"}, b'{"error": "slow down"}')
    fake_parse.misbehave = lambda method, path: refusal if path.startswith("users") else None
    found = run(fake_parse.target())
    for name in ("USERNAME-SIGN-UP", "ANONYMOUS-USERS", "WEAK-PASSWORDS", "LOCKOUT"):
        result = found[name]
        assert isinstance(result, NotFound)
        assert not result.error
        assert str(status) in result.reason


def test_a_sign_up_that_cloud_code_refuses_is_not_a_closed_one(fake_parse: FakeParse) -> None:
    refusal: Answer = (400, {}, b'{"code": 142, "error": "country is required"}')
    fake_parse.misbehave = lambda method, path: (
        refusal if (method, path) == ("POST", "users") else None
    )
    result = run(fake_parse.target())["USERNAME-SIGN-UP"]
    assert isinstance(result, NotFound)
    assert "[probe_user]" in result.reason


def test_fields_of_the_app_are_sent_with_every_sign_up(fake_parse: FakeParse) -> None:
    run(fake_parse.target(), probe_user={"country": "Switzerland"})
    sign_ups = [
        body
        for (method, path), body in zip(fake_parse.requests, fake_parse.bodies, strict=True)
        if (method, path) == ("POST", "users")
    ]
    assert len(sign_ups) > 5
    assert all(b'"country": "Switzerland"' in body for body in sign_ups)


def test_a_refused_master_key_is_told_and_nothing_is_written(fake_parse: FakeParse) -> None:
    refusal: Answer = (403, {}, b'{"error": "unauthorized"}')
    fake_parse.misbehave = lambda method, path: refusal if path == "schemas" else None
    found = run(fake_parse.target())
    assert not [request for request in fake_parse.requests if request[0] == "POST"]
    result = found["LOCKOUT"]
    assert isinstance(result, NotFound)
    assert "refuses the master key: 403 unauthorized" in result.reason


@pytest.mark.parametrize(("allowed", "tries"), [(None, 10), (3, 10), (12, 13), (20, 20)])
def test_failed_log_ins_are_bounded(fake_parse: FakeParse, allowed: int | None, tries: int) -> None:
    wrong: Answer = (404, {}, b'{"code": 101, "error": "Invalid username/password."}')
    fake_parse.misbehave = lambda method, path: wrong if path.startswith("login") else None
    values = {} if allowed is None else {"locked_after_failed_logins": allowed}
    before = len(fake_parse.requests)
    result = run(fake_parse.target(), values=values)["LOCKOUT"]
    log_ins = [
        request for request in fake_parse.requests[before:] if request[1].startswith("login")
    ]
    others = 1  # before a change of the password
    assert len(log_ins) == tries + 1 + others
    assert isinstance(result, NotFound)


def test_a_target_with_another_key_is_asked_with_it(fake_parse: FakeParse) -> None:
    target = fake_parse.target(writes=Writes.FORBIDDEN)
    keys = Keys(client_key=target.keys.rest_key)
    assert isinstance(run(replace(target, keys=keys))["REVOCABLE-SESSIONS"], Seen)
    assert any("X-Parse-Client-Key".lower() in {k.lower() for k in h} for h in fake_parse.headers)
