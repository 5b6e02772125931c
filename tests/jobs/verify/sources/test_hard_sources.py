"""Sources that misbehave, end early or are killed: never a pass that is not one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parity.jobs.verify.result import State, VerifyResult
from parity.jobs.verify.sources import RestSource, SourceOptions, open_export, verify_source
from parity.jobs.verify.sources.rest import RestReader
from parity.jobs.verify.sources.run import INDEX
from parity.model import HarnessError, UserError
from tests.fake_parse import html
from tests.jobs.verify.sources.paged import PagedParse, Rows, answer
from tests.jobs.verify.sources.things import COUNT, Verify, document, row, thing
from tests.jobs.verify.sources.world import Mongo
from tests.mongod import Mongod


@pytest.fixture
def verify(server: PagedParse, database: Mongo, mongod: Mongod, tmp_path: Path) -> Verify:
    def run(**options: Any) -> VerifyResult:
        settings = SourceOptions(tmp_path, **{"pause": lambda seconds: None, **options})
        return verify_source(
            RestSource(server.target()), mongod.database_uri(database.name), settings
        )

    return run


def test_a_good_source_is_the_same(verify: Verify, tmp_path: Path) -> None:
    result = verify()
    assert thing(result).state is State.VERIFIED
    assert (thing(result).equal, thing(result).counts) == (COUNT, {})
    assert not (tmp_path / INDEX).exists()
    what = {each.what for each in result.not_verified}
    assert "classes that the destination does not know" in what


def test_a_loss_is_found_while_answers_fail_now_and_then(
    server: PagedParse, database: Mongo, verify: Verify
) -> None:
    database["Thing"].delete_one({"_id": row(200)["objectId"]})
    server.fault = lambda name, params, rows: answer(500, {}) if server.lists % 3 == 0 else None
    assert thing(verify()).counts == {"VER-MISSING": 1}


@pytest.mark.parametrize(
    "fault",
    [
        lambda name, params, rows: list(reversed(rows)),
        lambda name, params, rows: [*rows[:1], *rows],
        lambda name, params, rows: [r for r in rows if r["n"] != 200],
        lambda name, params, rows: [],
        lambda name, params, rows: (200, {}, json.dumps({"results": rows}).encode()[:-5]),
        lambda name, params, rows: html(),
        lambda name, params, rows: answer(503, {}),
        lambda name, params, rows: [{"n": 1}],
    ],
    ids=["order", "repeated", "left out", "nothing", "cut", "html", "down", "no id"],
)
@pytest.mark.parametrize("destination", ["same", "lacks it"])
def test_a_source_that_misbehaves_is_never_judged(
    server: PagedParse, database: Mongo, verify: Verify, fault: Any, destination: str
) -> None:
    """Also if the destination lacks just what the source does not show."""
    if destination == "lacks it":
        database["Thing"].delete_one({"_id": row(200)["objectId"]})
    server.fault = fault
    result = verify()
    assert thing(result).state is State.NOT_JUDGED
    assert "Thing" in thing(result).reason or "counts" in thing(result).reason


def test_an_object_that_no_list_and_no_count_shows_is_still_found(
    server: PagedParse, verify: Verify
) -> None:
    """The lists leave it out, and so does the count: but the destination has it."""
    server.fault = lambda name, params, rows: [r for r in rows if r["n"] != 200]
    server.count_lies = -1
    result = thing(verify())
    assert result.state is State.NOT_JUDGED


def test_a_loss_is_no_deletion_because_a_list_leaves_it_out(
    server: PagedParse, database: Mongo, verify: Verify
) -> None:
    database["Thing"].delete_one({"_id": row(200)["objectId"]})
    server.fault = lambda name, params, rows: [] if "$in" in str(params.get("where")) else None
    assert thing(verify()).counts == {"VER-MISSING": 1}


def test_what_changed_while_it_was_read_is_no_difference(
    server: PagedParse, database: Mongo, verify: Verify
) -> None:
    things = server.classes["Thing"]
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    late = {**row(900), "createdAt": now, "updatedAt": now}

    def move(name: str, params: dict[str, Any], rows: Rows) -> None:
        if name != "Thing" or "$in" in str(params.get("where")) or rows:
            return
        things[row(5)["objectId"]] = row(5, n=55)
        things.pop(row(6)["objectId"], None)
        things[late["objectId"]] = late

    server.fault = move
    collection = database["Thing"]
    collection.update_one({"_id": row(5)["objectId"]}, {"$set": {"n": 55}})
    collection.delete_one({"_id": row(6)["objectId"]})
    moment = datetime.fromisoformat(now)
    collection.insert_one(document(900, _created_at=moment, _updated_at=moment))
    collection.delete_one({"_id": row(7)["objectId"]})
    result = thing(verify())
    assert result.counts == {"VER-MISSING": 1}
    assert [example.id for example in result.examples] == [row(7)["objectId"]]
    assert result.state is State.VERIFIED


def test_what_appeared_between_two_runs_is_not_taken_for_left_out(
    server: PagedParse, database: Mongo, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run read the class, the second one compares it."""
    monkeypatch.setattr("parity.jobs.verify.sources.run.CLOCKS", timedelta(0))
    server.fault = lambda name, params, rows: answer(503, {}) if name == "Other" else None
    verify()
    now = datetime.now(UTC)
    iso = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    server.put("Thing", {**row(900), "createdAt": iso, "updatedAt": iso})
    moment = datetime.fromisoformat(iso)
    database["Thing"].insert_one(document(900, _created_at=moment, _updated_at=moment))
    server.fault = lambda name, params, rows: None
    result = thing(verify(resume=True))
    assert (result.state, result.equal, result.counts) == (State.VERIFIED, COUNT + 1, {})
    assert result.resumed


def test_a_source_that_goes_down_is_not_judged_and_can_be_resumed(
    server: PagedParse, verify: Verify, tmp_path: Path
) -> None:
    def fault(name: str, params: dict[str, Any], rows: Rows) -> Any:
        return answer(503, {}) if name == "Thing" and server.lists > 2 else None

    server.fault = fault
    result = verify()
    assert thing(result).state is State.NOT_JUDGED
    assert (tmp_path / INDEX).exists()
    server.fault = lambda name, params, rows: None
    result = verify(resume=True)
    assert (thing(result).state, thing(result).equal) == (State.VERIFIED, COUNT)
    assert not (tmp_path / INDEX).exists()


def test_after_some_classes_in_a_row_the_rest_is_not_asked_for(
    server: PagedParse, database: Mongo, verify: Verify
) -> None:
    for number in range(5):
        database["_SCHEMA"].insert_one({"_id": f"Z{number}"})
    server.fault = lambda name, params, rows: answer(503, {})
    result = verify(tries=1)
    assert server.lists == 2
    assert all(collection.state is not State.VERIFIED for collection in result.collections)


KILLED = """
import sys
from pathlib import Path
from parity.model import Keys, Secret, Style, Target, Writes
from parity.jobs.verify.sources import RestSource, SourceOptions, verify_source
from tests.fake_parse import APP_ID, MASTER_KEY
keys = Keys(master_key=Secret(MASTER_KEY, "K"))
target = Target("fake", Style.PARSE_SERVER, sys.argv[1], Secret(APP_ID, "A"), keys)
verify_source(RestSource(target), sys.argv[2], SourceOptions(Path(sys.argv[3]), page_rows=20))
"""


def test_a_run_that_was_killed_goes_on_where_it_was(
    server: PagedParse, database: Mongo, mongod: Mongod, verify: Verify, tmp_path: Path
) -> None:
    database["Thing"].delete_one({"_id": row(30)["objectId"]})
    process: subprocess.Popen[bytes] | None = None

    def kill(name: str, params: dict[str, Any], rows: Rows) -> Any:
        if name == "Thing" and rows and rows[0]["n"] >= 200:
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
            process.wait(20)
        return None

    server.fault = kill
    uri = mongod.database_uri(database.name)
    command = [sys.executable, "-c", KILLED, server.url, uri, str(tmp_path)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[4])
    assert process.wait(60) == -signal.SIGKILL
    asked: list[str] = []

    def note(name: str, params: dict[str, Any], rows: Rows) -> None:
        if name == "Thing":
            asked.append(str(params.get("where")))

    server.fault = note
    result = verify(resume=True, page_rows=20)
    assert thing(result).counts == {"VER-MISSING": 1}
    assert (thing(result).equal, thing(result).state) == (COUNT - 1, State.VERIFIED)
    assert int(json.loads(asked[0].replace("'", '"'))["objectId"]["$gt"]) >= 100


def test_who_stops_it_loses_nothing(
    server: PagedParse, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_class = RestReader.read_class

    def stop(self: RestReader, name: str, *rest: Any) -> None:
        if name == "Thing":
            raise KeyboardInterrupt
        read_class(self, name, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(RestReader, "read_class", stop)
        with pytest.raises(KeyboardInterrupt):
            verify()
    asked: list[str] = []
    server.fault = lambda name, params, rows: asked.append(name)
    result = verify(resume=True)
    assert set(asked) == {"Thing"}
    assert {collection.name for collection in result.collections if collection.resumed} == {"Other"}


def test_the_index_of_another_source_is_not_resumed(
    server: PagedParse, database: Mongo, mongod: Mongod, verify: Verify, tmp_path: Path
) -> None:
    server.fault = lambda name, params, rows: answer(503, {})
    verify()
    export = tmp_path / "export"
    export.mkdir()
    (export / "Thing.json").write_text('{"results": []}')
    options = SourceOptions(tmp_path, resume=True)
    with pytest.raises(UserError) as caught:
        verify_source(open_export(export), mongod.database_uri(database.name), options)
    assert caught.value.code == "resume"


@pytest.mark.parametrize("name", ["source", "destination"])
def test_nothing_on_one_side_is_never_a_pass(
    server: PagedParse, database: Mongo, verify: Verify, name: str
) -> None:
    if name == "source":
        server.classes = {"Thing": {}, "Other": {}}
    else:
        database["Thing"].drop()
        database["Other"].drop()
    (problem, *_) = verify().problems
    assert name in problem


def test_a_destination_that_is_not_there_is_an_error_of_the_network(
    server: PagedParse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.targets.mongo.SELECTION_TIMEOUT_MS", 200)
    with pytest.raises(HarnessError, match="destination"):
        verify_source(
            RestSource(server.target()), "mongodb://127.0.0.1:1/x", SourceOptions(tmp_path)
        )


def test_a_destination_without_a_database_is_a_mistake(server: PagedParse, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        verify_source(RestSource(server.target()), "mongodb://127.0.0.1:1", SourceOptions(tmp_path))
    assert caught.value.code == "mongo-database"
