"""What a run was measured on has another digest when, and only when, it is something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parity.model import Secret
from parity.targets.identity import code_digest, database_measured_on, measured_on
from tests.fake_parse import Answer, FakeParse
from tests.mongod import Mongod

CHANGES = {
    "another version": ("GET", "serverInfo", (200, {}, b'{"parseServerVersion": "9.11.0"}')),
    "no push": ("GET", "serverInfo", (200, {}, b'{"features": {"push": {}}}')),
    "keys are wanted": ("GET", "config", (403, {}, b'{"error": "unauthorized"}')),
    "one origin only": (
        "OPTIONS", "classes/_Installation",
        (200, {"Access-Control-Allow-Origin": "https://app.example"}, b""),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "answer"), list(CHANGES.values()), ids=list(CHANGES))
def test_other_options_have_another_digest(
    method: str, path: str, answer: Answer, fake_parse: FakeParse
) -> None:
    target = fake_parse.target()
    before = measured_on(target)
    assert measured_on(target) == before
    assert before["options"].startswith("sha256:")

    fake_parse.misbehave = lambda m, p: answer if (m, p) == (method, path) else None

    assert measured_on(target)["options"] != before["options"]


def test_nothing_is_written_to_tell_the_options(fake_parse: FakeParse) -> None:
    measured_on(fake_parse.target())
    assert {method for method, _ in fake_parse.requests} == {"GET", "OPTIONS"}


def test_a_server_that_is_down_has_no_options(fake_parse: FakeParse) -> None:
    fake_parse.stop()
    assert measured_on(fake_parse.target()) == {}


def test_cloud_code_is_its_content_wherever_it_lies(tmp_path: Path, fake_parse: FakeParse) -> None:
    for name in ("here", "there"):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / "main.js").write_text("f();")
        (tmp_path / name / "lib" / "g.js").write_text("g();")

    def digest(name: str) -> str:
        return measured_on(fake_parse.target(cloud=tmp_path / name))["cloud"]

    installed = tmp_path / "there" / "node_modules"
    installed.mkdir()
    (installed / "x.js").write_text("x();")
    assert digest("here") == digest("there") == code_digest(tmp_path / "here")
    (tmp_path / "there" / "main.js").write_text("f(1);")
    assert digest("here") != digest("there")
    assert measured_on(fake_parse.target(cloud=tmp_path / "here" / "main.js"))[
        "cloud"
    ] == code_digest(tmp_path / "here" / "main.js")


def _target(fake_parse: FakeParse, mongod: Mongod, name: str) -> Any:
    return fake_parse.target(mongo=Secret(mongod.database_uri(name)))


def test_a_database_that_was_made_anew_has_another_digest(
    fake_parse: FakeParse, mongod: Mongod
) -> None:
    target = _target(fake_parse, mongod, "identity_anew")
    with mongod.client() as client:
        database = client["identity_anew"]
        database["_SCHEMA"].insert_one({"_id": "Post"})
        database["_User"].insert_one({"_id": "a"})
        before = database_measured_on(target)
        database["_User"].insert_many([{"_id": str(n)} for n in range(100)])
        database["_User"].create_index("username")
        database["Post"].insert_one({"_id": "x"})
        assert database_measured_on(target) == before
        client.drop_database("identity_anew")
        database["_SCHEMA"].insert_one({"_id": "Post"})
        database["_User"].insert_one({"_id": "a"})
        assert database_measured_on(target) != before
    assert before["database"].startswith("sha256:")


def test_a_database_that_cannot_be_asked_has_no_digest(
    fake_parse: FakeParse, mongod: Mongod
) -> None:
    nowhere = Secret("mongodb://127.0.0.1:1/app?serverSelectionTimeoutMS=1")
    assert database_measured_on(fake_parse.target()) == {}
    assert database_measured_on(fake_parse.target(mongo=nowhere)).keys() == {"mongod"}
    assert database_measured_on(_target(fake_parse, mongod, "identity_empty")).keys() == {"mongod"}


def test_facts_keep_their_digests_on_the_way_to_a_worker(fake_parse: FakeParse) -> None:
    from parity.targets import Namespace, ServerFacts, probe  # noqa: PLC0415 - beside its only use

    facts = probe(fake_parse.target(), Namespace("abc123main"))
    assert facts.digests == measured_on(fake_parse.target())
    assert ServerFacts.from_json(json.loads(json.dumps(facts.as_json()))) == facts
