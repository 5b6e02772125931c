"""``parity indexes`` as people use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

import parity.jobs.indexes
from parity.cli import main
from parity.indexes.codes import CODES
from parity.model.evidence import read_evidence
from tests.indexes.conftest import schema
from tests.mongod import Mongod

SCHEMA = Path(parity.jobs.indexes.__file__).parent / "schemas" / "indexes.schema.json"
PROFILE = """
name = "app"
peak_rate = 10
typical_rate = 5
[[operations]]
ask = "query"
class = "Post"
weight = 3
where = { title = "?" }
[[operations]]
ask = "query"
class = "Post"
weight = 1
where = { objectId = "?" }
[[operations]]
ask = "query"
class = "Nope"
weight = 1
where = { title = "?" }
"""
CONFIG = """
[targets.selfhosted]
style = "parse-server"
url = "http://127.0.0.1:9/parse"
app_id = "app"
mongo = "env:TEST_INDEXES_MONGO"
writes = "{writes}"
"""
SLOW = "indexes/query Post where(title)"


@pytest.fixture(scope="module")
def uri(mongod: Mongod) -> Iterator[str]:
    with mongod.client() as client:
        database = client["cli_indexes"]
        client.drop_database(database.name)
        schema(database, "Post", title="string")
        database["Post"].insert_many({"_id": f"p{n}", "title": f"t{n}"} for n in range(3000))
        yield mongod.database_uri(database.name)
        client.drop_database(database.name)


def run(folder: Path, uri: str, *more: str, target: bool = False) -> Result:
    (folder / "app.toml").write_text(PROFILE)
    where = ["--target", "selfhosted"] if target else ["--mongo", uri]
    options = ["--profile", str(folder / "app.toml"), "--report-dir", str(folder / "reports")]
    return CliRunner().invoke(main, ["indexes", *where, *options, *more])


def evidence(folder: Path) -> Any:
    [found] = (folder / "reports").glob("*/evidence.jsonl")
    return read_evidence(found)


def test_a_query_without_index_fails_with_the_command_that_adds_it(
    tmp_path: Path, uri: str
) -> None:
    done = run(tmp_path, uri)
    assert done.exit_code == 1, done.output
    command = 'db.getCollection("Post").createIndex({"title": 1})'
    assert command in done.output
    assert "SIZE-NO-INDEX  query Post where(title)" in done.output
    assert "could not judge  query Nope where(title)" in done.output
    checks = {check.id: check for check in evidence(tmp_path).checks}
    assert {name: str(each.outcome) for name, each in checks.items()} == {
        SLOW: "fail",
        "indexes/query Post where(objectId)": "pass",
        "indexes/query Nope where(title)": "unsupported",
    }
    finding = checks[SLOW].finding
    assert finding.code == "SIZE-NO-INDEX"
    assert finding.remedy == command
    assert {table.id for table in evidence(tmp_path).tables} == {"queries", "proposals"}


def test_json_follows_its_schema(tmp_path: Path, uri: str) -> None:
    done = run(tmp_path, uri, "--json", "--try-indexes", "--scratch", uri, "--rounds", "2")
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(found)
    [proposal] = found["proposals"]
    [trial] = proposal["tried"]
    assert trial["used"]
    assert trial["same_rows"]
    by_name = {each["query"]: each for each in found["queries"]}
    assert by_name["query Post where(title)"]["rate"] == 6.0


def test_with_the_index_it_passes(tmp_path: Path, uri: str, mongod: Mongod) -> None:
    with mongod.client() as client:
        posts = client["cli_indexes"]["Post"]
        posts.create_index("title")
        try:
            done = run(tmp_path, uri)
        finally:
            posts.drop_index("title_1")
    assert done.exit_code == 0, done.output
    assert "2 of 3 queries are served." in done.output


def test_a_target_that_forbids_writes_gets_no_copy(
    tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch, mongod: Mongod
) -> None:
    monkeypatch.setenv("TEST_INDEXES_MONGO", uri)
    config = tmp_path / "parity.toml"
    monkeypatch.setenv("PARITY_CONFIG", str(config))
    config.write_text(CONFIG.format(writes="forbidden"))
    done = run(tmp_path, uri, "--try-indexes", target=True)
    assert done.exit_code == 2
    assert "writes are forbidden" in done.output
    config.write_text(CONFIG.format(writes="namespaced"))
    done = run(tmp_path, uri, "--try-indexes", "--rounds", "1", target=True)
    assert done.exit_code == 1, done.output
    assert "faster on a copy" in done.output
    with mongod.client() as client:
        assert not [name for name in client.list_database_names() if "Parity" in name]


def test_what_a_killed_run_left_is_named(tmp_path: Path, uri: str, mongod: Mongod) -> None:
    with mongod.client() as client:
        left = client["Parityab12cd_indexes"]
        left["mine"].insert_one({"_id": 1})
        try:
            done = run(tmp_path, uri, "--try-indexes", "--scratch", uri, "--rounds", "1")
        finally:
            client.drop_database(left.name)
    assert "The scratch database Parityab12cd_indexes was left" in done.output


def test_an_interrupted_run_leaves_a_report_that_says_so(
    tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parity.indexes.engine.explain", stop)
    done = run(tmp_path, uri)
    assert done.exit_code == 130
    assert evidence(tmp_path).footer.interrupted


def test_a_server_that_is_not_there_is_not_judged(tmp_path: Path) -> None:
    uri = "mongodb://127.0.0.1:9/app?serverSelectionTimeoutMS=200"
    done = run(tmp_path, uri)
    assert done.exit_code == 2
    assert "cannot be read" in done.output


def test_mistakes_of_the_user_are_said(tmp_path: Path, uri: str) -> None:
    done = run(tmp_path, uri, "--scratch", uri)
    assert done.exit_code == 2
    assert "--try-indexes" in done.output
    done = CliRunner().invoke(main, ["indexes", "--mongo", uri, "--profile", "nothing.toml"])
    assert done.exit_code == 2


def test_each_code_is_explained() -> None:
    for code in CODES.values():
        assert code.title.endswith(".")
        assert code.cause.endswith(".")
