from __future__ import annotations

from typing import Any

import pytest

from parity.model import BadReply, HarnessError, Keys, Secret, TargetDown, UserError, Writes
from parity.targets import CAPABILITIES, Namespace, ServerFacts, probe
from parity.targets.client import ParseClient
from parity.targets.sweep import Sweeper, orphans, sweep_classes
from tests.fake_parse import Answer, FakeParse, html

NAMES = Namespace("ab12cd")


def denied(head: str) -> Any:
    answer: Answer = (403, {}, b'{"error":"unauthorized"}')
    return lambda method, path: answer if path.startswith(head) else None


def test_probes_say_what_a_server_can_do(fake_parse: FakeParse) -> None:
    facts = probe(fake_parse.target(), NAMES)

    assert facts.version == "9.10.0"
    assert set(facts.capabilities) == set(CAPABILITIES)
    assert facts.missing(("master_key", "file_upload", "client_class_creation")) is None
    missing = facts.missing(("cloud_fixture",))
    assert missing is not None
    assert "not loaded" in missing.reason


@pytest.mark.parametrize(
    ("path", "capability"),
    [
        ("serverInfo", "master_key"),
        ("files", "file_upload"),
        ("classes", "client_class_creation"),
        ("functions", "cloud_fixture"),
        ("users", "anonymous_users"),
    ],
)
def test_what_a_server_refuses_is_not_available_and_says_why(
    fake_parse: FakeParse, path: str, capability: str
) -> None:
    fake_parse.misbehave = denied(path)

    missing = probe(fake_parse.target(), NAMES).missing((capability,))

    assert missing is not None
    assert missing.name == capability
    assert "403" in missing.reason or "not loaded" in missing.reason


def test_another_version_of_the_fixture_is_not_the_fixture(fake_parse: FakeParse) -> None:
    answer = (200, {"Content-Type": "application/json"}, b'{"result":99}')
    fake_parse.misbehave = lambda m, path: answer if path.startswith("functions") else None

    missing = probe(fake_parse.target(), NAMES).missing(("cloud_fixture",))

    assert missing is not None
    assert "version 99" in missing.reason


def test_without_a_master_key_the_version_comes_from_the_settings(fake_parse: FakeParse) -> None:
    keys = Keys(rest_key=Secret("k"))

    facts = probe(fake_parse.target(keys=keys, version="8.6.0"), NAMES)

    assert facts.version == "8.6.0"
    assert facts.missing(("master_key",)) is not None


def test_nothing_is_written_where_writes_are_forbidden(fake_parse: FakeParse) -> None:
    facts = probe(fake_parse.target(writes=Writes.FORBIDDEN), NAMES)

    assert {method for method, _ in fake_parse.requests} == {"GET", "OPTIONS"}
    assert facts.missing(("master_key",)) is None
    assert facts.missing(("file_upload",)) is not None


def test_refused_keys_are_told_before_anything_is_checked(fake_parse: FakeParse) -> None:
    fake_parse.misbehave = denied("config")

    with pytest.raises(HarnessError, match=r"'fake' at .* refuses the keys: status 403"):
        probe(fake_parse.target(), NAMES)


def test_a_server_that_is_no_parse_server_is_told(fake_parse: FakeParse) -> None:
    fake_parse.misbehave = lambda method, path: html()

    with pytest.raises(BadReply, match="Welcome to nginx"):
        probe(fake_parse.target(), NAMES)


def test_a_server_that_is_down_is_told(fake_parse: FakeParse) -> None:
    target = fake_parse.target()
    fake_parse.stop()

    with pytest.raises(TargetDown, match="'fake'"):
        probe(target, NAMES)


def test_an_unknown_capability_is_a_mistake_of_the_check(fake_parse: FakeParse) -> None:
    with pytest.raises(UserError, match="master_kee"):
        probe(fake_parse.target(), NAMES).missing(("master_kee",))


def test_facts_survive_the_way_to_a_worker(fake_parse: FakeParse) -> None:
    facts = probe(fake_parse.target(), NAMES)

    assert ServerFacts.from_json(facts.as_json()) == facts


def test_names_of_a_run_are_new_and_owned() -> None:
    made = {NAMES.class_name("Score") for _ in range(50)} | {NAMES.user_name() for _ in range(50)}

    assert len(made) == 100
    assert all(NAMES.owns(name) for name in made)
    assert Namespace("ab12cdgw1").owns(NAMES.class_name())
    assert not NAMES.owns(Namespace("zz99zz").class_name())
    assert not NAMES.owns("GameScore")


def test_a_sweep_removes_what_was_created_and_nothing_else(fake_parse: FakeParse) -> None:
    target = fake_parse.target(keys=Keys(rest_key=Secret("k")))
    ParseClient(target).create("Kept", {})
    sweeper = Sweeper(target)
    parse = ParseClient(target, observer=sweeper.observe)
    for number in range(3):
        parse.create(NAMES.class_name(), {"n": number})
    name = NAMES.class_name("Two")
    parse.create(name, {})
    parse.create(name, {})

    left = sweeper.sweep()

    assert left == []
    assert ParseClient(target).find(name).results == []
    assert len(ParseClient(target).find("Kept").results) == 1


def test_a_sweep_says_what_it_could_not_remove(fake_parse: FakeParse) -> None:
    target = fake_parse.target(keys=Keys(rest_key=Secret("k")))
    sweeper = Sweeper(target)
    made = ParseClient(target, observer=sweeper.observe).create("ParityX", {})
    fake_parse.misbehave = lambda method, path: (
        (403, {}, b'{"error":"unauthorized"}') if method == "DELETE" else None
    )

    assert sweeper.sweep() == [f"classes/ParityX/{made['objectId']}"]


def test_orphans_of_killed_runs_are_found(fake_parse: FakeParse) -> None:
    parse = ParseClient(fake_parse.target())
    name = NAMES.class_name("Score")
    for each in ("GameScore", name, "ParityHooked"):
        parse.create(each, {})

    assert orphans(fake_parse.target(), Namespace("zz99zz")) == [name]
    assert orphans(fake_parse.target(), NAMES) == []


def test_classes_of_a_run_are_dropped_whoever_made_them(fake_parse: FakeParse) -> None:
    target = fake_parse.target()
    parse = ParseClient(target)
    others = ["GameScore", Namespace("zz99zz").class_name(), "ParityHooked"]
    for each in [*others, NAMES.class_name(), Namespace("ab12cdgw1").class_name()]:
        parse.create(each, {})

    assert sweep_classes(target, NAMES) == []

    left = [row["className"] for row in parse.as_master().get("schemas").results]
    assert left == others
