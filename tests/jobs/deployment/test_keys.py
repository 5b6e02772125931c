"""Default keys and the master key, on real servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from demo.proxy import Answer
from parity.jobs.deployment import codes
from parity.jobs.deployment.http import HttpSession
from parity.jobs.deployment.key_probe import KeyAnswer, KeyProbe, SentAs
from parity.jobs.deployment.keys import KNOWN_KEYS, bits, check_keys
from parity.jobs.deployment.master import check_master_key
from parity.model import HarnessError, Keys, Outcome, Secret
from parity.model.judged import Judged
from parity.stack.stack import new_keys
from tests.jobs.deployment.world import SAFE, Authority, Deployment, deployed
from tests.mongod import Mongod


def codes_of(found: Judged) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_safe_server_passes_both(good: Deployment) -> None:
    with good.outside() as http:
        probe = KeyProbe.of(http)
        keys = check_keys(probe, None)
        master = check_master_key(probe, None, from_inside=False)

    assert (keys.outcome, codes_of(keys)) == (Outcome.PASS, [])
    assert (master.outcome, codes_of(master)) == (Outcome.PASS, [])
    assert "known to the server" in master.seen


def test_the_master_key_works_from_inside_and_is_known_outside(good: Deployment) -> None:
    key = good.keys.master_key
    assert key is not None
    with good.outside() as outside, good.inside() as inside:
        assert KeyProbe.of(outside).answer_to(key) is KeyAnswer.RECOGNISED
        assert {KeyProbe.of(inside).answer_to(key, way=way) for way in SentAs} == {
            KeyAnswer.ACCEPTED
        }
        assert KeyProbe.of(inside).answer_to(Secret("another")) is KeyAnswer.REFUSED


def test_a_default_master_key_is_found_although_it_is_refused_from_here(
    mongod: Mongod, authority: Authority
) -> None:
    keys = replace(new_keys("x")[1], master_key=Secret("myMasterKey"))
    with deployed(mongod, authority, keys=keys) as bad, bad.outside() as http:
        known = check_keys(KeyProbe.of(http), None)
        # Also where the operator has configured another one than the server's.
        target = bad.target(keys=replace(keys, master_key=Secret("0f1e2d3c4b5a69788796" * 2)))
        with bad.outside(target) as other:
            unknown = check_keys(KeyProbe.of(other), None)
        with bad.inside() as inside:
            from_inside = check_keys(KeyProbe.of(inside), None)

    assert known.outcome is Outcome.FAIL
    assert set(codes_of(known)) == {codes.KEY_WEAK.id, codes.KEY_DEFAULT.id}
    assert (unknown.outcome, codes_of(unknown)) == (Outcome.FAIL, [codes.KEY_DEFAULT.id])
    assert "recognised, and refused" in unknown.findings[0].seen
    assert any("is accepted" in finding.seen for finding in from_inside.findings)
    assert "myMasterKey" not in repr([known, unknown, from_inside])


def test_a_key_of_the_app_that_is_the_master_key_fails(good: Deployment) -> None:
    keys = replace(good.keys, rest_key=good.keys.master_key)
    with good.outside(good.target(keys=keys)) as http:
        found = check_keys(KeyProbe.of(http), None)

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.KEY_SAME.id])
    assert "rest_key" in found.findings[0].seen


def test_a_weak_client_key_is_a_warning(good: Deployment) -> None:
    keys = replace(good.keys, client_key=Secret("clientKey"))
    with good.outside(good.target(keys=keys)) as http:
        found = check_keys(KeyProbe.of(http), None)
    assert (found.outcome, codes_of(found)) == (Outcome.PASS, [codes.KEY_CLIENT_WEAK.id])


def test_a_server_that_refuses_every_key_alike_is_not_judged(good: Deployment) -> None:
    wrong = good.target(keys=replace(good.keys, master_key=Secret("0f1e2d3c4b5a69788796" * 2)))
    with good.outside(wrong) as http:
        probe = KeyProbe.of(http)
        keys = check_keys(probe, None)
        master = check_master_key(probe, None, from_inside=False)

    assert (keys.outcome, master.outcome) == (Outcome.UNSUPPORTED, Outcome.UNSUPPORTED)
    assert "it may be the wrong one" in master.seen


def test_a_way_from_inside_proves_the_key_where_answers_are_alike(good: Deployment) -> None:
    def alike(request: object, answer: Answer) -> Answer:
        body = b'{"error":"unauthorized"}' if answer.status == 403 else answer.body
        return Answer(answer.status, answer.headers, body)

    with good.behind(edit=alike) as proxy, good.outside(good.target(proxy)) as http:
        probe = KeyProbe.of(http)
        alone = check_master_key(probe, None, from_inside=False)
        with good.inside() as other:
            inside = KeyProbe.of(other)
            both = check_master_key(probe, inside, from_inside=False)
            keys = check_keys(probe, inside)

    assert alone.outcome is Outcome.UNSUPPORTED
    assert (both.outcome, keys.outcome) == (Outcome.PASS, Outcome.PASS)
    assert "accepted from inside" in both.seen


def test_a_proxy_that_hides_the_client_makes_the_master_key_reachable(good: Deployment) -> None:
    with good.behind(forwarded="none") as proxy, good.outside(good.target(proxy)) as http:
        found = check_master_key(KeyProbe.of(http), None, from_inside=False)

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.MASTER_REACHABLE.id])
    assert "masterKeyIps" in found.findings[0].remedy


def test_a_header_filter_does_not_hide_it(good: Deployment) -> None:
    """A proxy that refuses the header leaves the two other ways open."""

    def edit(request: object, answer: Answer) -> Answer:
        sent = "X-Parse-Master-Key" in request.headers  # type: ignore[attr-defined]
        return Answer(403, [], b'{"error":"no"}') if sent else answer

    with (
        good.behind(forwarded="none", edit=edit) as proxy,
        good.outside(good.target(proxy)) as http,
    ):
        found = check_master_key(KeyProbe.of(http), None, from_inside=False)

    assert codes_of(found) == [codes.MASTER_REACHABLE.id]
    assert "HTTP Basic, _MasterKey in the body" in found.seen


def test_a_proxy_that_believes_the_client_lets_it_lie(good: Deployment) -> None:
    with good.behind(forwarded="append") as proxy, good.outside(good.target(proxy)) as http:
        probe = KeyProbe.of(http)
        found = check_master_key(probe, None, from_inside=False)
    with good.behind(forwarded="append") as proxy:
        http = HttpSession(good.target(proxy))
        seen_inside = check_master_key(KeyProbe.of(http), None, from_inside=True)
        http.close()

    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.MASTER_SPOOF.id])
    assert (seen_inside.outcome, codes_of(seen_inside)) == (Outcome.FAIL, [codes.MASTER_SPOOF.id])


def test_from_inside_nothing_is_said_about_outside(good: Deployment) -> None:
    with good.inside() as http:
        found = check_master_key(KeyProbe.of(http), None, from_inside=True)
    assert found.outcome is Outcome.UNSUPPORTED


def test_every_address_allowed_fails(mongod: Mongod, authority: Authority) -> None:
    options = {**SAFE, "masterKeyIps": ["0.0.0.0/0", "::/0"]}
    with deployed(mongod, authority, options) as bad, bad.outside() as http:
        found = check_master_key(KeyProbe.of(http), None, from_inside=False)
    assert codes_of(found) == [codes.MASTER_REACHABLE.id]


def test_without_a_master_key_it_is_not_tested(good: Deployment) -> None:
    with good.outside(good.target(keys=Keys(rest_key=good.keys.rest_key))) as http:
        probe = KeyProbe.of(http)
        assert check_master_key(probe, None, from_inside=False).outcome is Outcome.UNSUPPORTED
        assert check_keys(probe, None).outcome is Outcome.UNSUPPORTED


def test_a_proxy_that_adds_the_master_key_fails(good: Deployment) -> None:
    body = b'{"features":{},"parseServerVersion":"9.10.0"}'

    def edit(request: object, answer: Answer) -> Answer:
        info = request.path.endswith("/serverInfo")  # type: ignore[attr-defined]
        return Answer(200, [("Content-Type", "application/json")], body) if info else answer

    with good.behind(edit=edit) as proxy, good.outside(good.target(proxy)) as http:
        found = check_keys(KeyProbe.of(http), None)
    assert (found.outcome, codes_of(found)) == (Outcome.FAIL, [codes.KEY_ANY.id])


def test_a_server_that_asks_to_wait_is_not_judged(good: Deployment) -> None:
    def edit(request: object, answer: Answer) -> Answer:
        return Answer(429, [], b'{"error":"Too many requests"}')

    with (
        good.behind(edit=edit) as proxy,
        good.outside(good.target(proxy)) as http,
        pytest.raises(HarnessError, match="429"),
    ):
        KeyProbe.of(http)


@pytest.mark.parametrize("key", [*KNOWN_KEYS, "", "a" * 40, "abab" * 10, "MyAppMasterKey2016"])
def test_what_can_be_guessed_is_weak(key: str) -> None:
    assert bits(key) < 64


def test_random_keys_are_not_weak() -> None:
    _, keys = new_keys("x")
    made = [key.value for _, key in keys.items()]
    like_hosted = "Ab3dE6gH1jK4mN7pQ0sT2vW5yZ8bC9fG1hJ3kL6n"
    assert all(bits(key) >= 64 for key in [*made, like_hosted])
