"""All nine checks of one server, in their order."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

import parity.jobs.deployment.engine as engine_module
from parity.gate.load import load_gate
from parity.gate.rules import GateFile
from parity.jobs.deployment import Check, Code, Judged, look
from parity.jobs.deployment.canary import Written
from parity.jobs.deployment.codes import TITLES, explain
from parity.jobs.deployment.engine import Telling
from parity.model import Outcome
from parity.targets import Namespace
from tests.jobs.deployment.test_public_url import rows
from tests.jobs.deployment.world import Deployment


def quiet(notices: list[str]) -> Telling:
    return Telling(lambda _: None, lambda _: None, notices.append)


def test_no_key_is_sent_over_a_connection_that_does_not_verify(
    good: Deployment, tmp_path: Path
) -> None:
    seen: list[str] = []

    def edit(request: object, answer: object) -> object:
        seen.append(str(request))
        return answer

    context = good.authority.context("elsewhere.example")
    with good.behind(context, edit=edit) as proxy:  # type: ignore[arg-type]
        found = list(
            look(good.target(proxy), good.options(), Namespace("a"), tmp_path / "s", quiet([]))
        )

    assert [each.check for each in found] == list(Check)
    assert [each.code for each in found[0].findings] == [Code.TLS_HOST]
    assert {each.outcome for each in found[1:]} == {Outcome.ERROR}
    assert all(each.measured.startswith("not run: ") for each in found[1:])
    assert seen == []


def test_a_server_that_is_not_there_is_an_error_of_all_nine(
    good: Deployment, tmp_path: Path
) -> None:
    target = good.target(url="https://127.0.0.1:1/parse")
    found = list(look(target, good.options(), Namespace("a"), tmp_path / "s", quiet([])))
    assert [each.check for each in found] == list(Check)
    assert {each.outcome for each in found} == {Outcome.ERROR}


def test_what_was_written_is_removed_when_somebody_stops_it(
    good: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(good)

    def stopped(*_: object) -> Judged:
        assert rows(good)["_User"] == before["_User"] + 1
        raise KeyboardInterrupt

    monkeypatch.setattr(engine_module, "look_at_public_url", stopped)
    options = good.options(inside=good.target(), max_latency_ms=500.0)
    with pytest.raises(KeyboardInterrupt):
        list(look(good.target(), options, Namespace("stop99"), tmp_path / "s", quiet([])))

    assert rows(good) == before
    assert not (tmp_path / "s").exists()


def test_what_a_killed_run_left_is_removed_by_the_next(good: Deployment, tmp_path: Path) -> None:
    before = rows(good)
    with good.outside() as asker:
        reply = asker.client().sign_up("paritykilled_canary1", "a password of it")
    left = Written(str(reply["objectId"]), str(reply["sessionToken"]), "paritykilled_canary1")
    state = tmp_path / "s"
    state.write_text(json.dumps(asdict(left)))

    options = good.options(inside=good.target(), max_latency_ms=500.0)
    notices: list[str] = []
    list(look(good.target(), options, Namespace("next99"), state, quiet(notices)))

    assert rows(good) == before
    assert notices == []
    assert not state.exists()


def test_every_code_and_check_is_explained() -> None:
    for code in Code:
        text = explain(code)
        assert text.cause.endswith(".")
        assert text.remedy
        assert text.source
        assert text.severity in ("breaking", "security") or not text.fails
    assert set(TITLES) == set(Check)


def test_the_checks_are_those_of_gate_11() -> None:
    rule = next(each for each in load_gate("11", GateFile()).rules if each.id == "deployment")
    assert rule.ids == tuple(f"deployment/{check}" for check in Check)
    assert rule.minimum == len(Check)
