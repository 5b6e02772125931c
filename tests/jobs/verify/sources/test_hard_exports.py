"""Exports that are broken, ambiguous or incomplete: never a pass that is not one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parity.jobs.verify.result import State, VerifyResult
from parity.jobs.verify.sources import SourceOptions, open_export, verify_source
from parity.model import UserError
from tests.jobs.verify.sources.things import COUNT, Verify, row, thing
from tests.jobs.verify.sources.world import Mongo
from tests.mongod import Mongod


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Thing.json").write_text(json.dumps({"results": [row(n) for n in range(COUNT)]}))
    (folder / "Other.json").write_text(json.dumps({"results": [row(1)]}))
    return folder


@pytest.fixture
def verify_export(export: Path, database: Mongo, mongod: Mongod, tmp_path: Path) -> Verify:
    def run(**options: Any) -> VerifyResult:
        uri = mongod.database_uri(database.name)
        return verify_source(open_export(export), uri, SourceOptions(tmp_path, **options))

    return run


def test_a_broken_file_is_not_judged_and_the_others_are(
    export: Path, verify_export: Verify
) -> None:
    path = export / "Thing.json"
    path.write_bytes(path.read_bytes()[:20_000])
    result = verify_export()
    broken = thing(result)
    assert broken.state is State.NOT_JUDGED
    assert "Thing.json was read up to object" in broken.reason
    assert "line 1, character 1" in broken.reason
    assert 0 < broken.equal < COUNT
    assert broken.counts == {}
    (unknown,) = broken.not_verified
    assert unknown.count == COUNT - broken.equal
    other = next(collection for collection in result.collections if collection.name == "Other")
    assert other.state is State.VERIFIED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"results": [{"objectId": "0000000001", "n": 1, "n": 2}]}', "the key 'n' stands twice"),
        ('{"results": [{"objectId": "a", "n": 1}, {"objectId": "a", "n": 2}]}', "different"),
        ('{"results": [{"n": 1}]}', "without an objectId"),
        ('{"results": [{"objectId": 5}]}', "without an objectId"),
        ('{"results": [{"objectId": "a", "n": 1e400}]}', "no double"),
    ],
)
def test_objects_that_are_not_certain_are_not_judged(
    export: Path, verify_export: Verify, text: str, reason: str
) -> None:
    (export / "Thing.json").write_text(text)
    found = thing(verify_export())
    assert found.state is State.NOT_JUDGED
    assert reason in found.reason


def test_an_object_that_is_listed_twice_alike_is_one(export: Path, verify_export: Verify) -> None:
    rows = [row(n) for n in range(COUNT)]
    (export / "Thing.json").write_text(json.dumps({"results": rows + rows[:3]}))
    found = thing(verify_export())
    assert (found.state, found.equal, found.counts) == (State.VERIFIED, COUNT, {})


def test_a_lone_surrogate_and_a_huge_number_are_compared(
    export: Path, database: Mongo, verify_export: Verify
) -> None:
    """MongoDB can store neither; what a server makes of them is another value."""
    rows = [row(0, n=2**70), row(1, n="\ud83d"), row(2, n=2**53 + 1), row(3, n=1e21)]
    rows += [row(n) for n in range(4, COUNT)]
    (export / "Thing.json").write_text(json.dumps({"results": rows}))
    collection = database["Thing"]
    collection.update_one({"_id": rows[0]["objectId"]}, {"$set": {"n": float(2**70)}})
    collection.update_one({"_id": rows[1]["objectId"]}, {"$set": {"n": "\ufffd"}})
    collection.update_one({"_id": rows[2]["objectId"]}, {"$set": {"n": float(2**53)}})
    collection.update_one({"_id": rows[3]["objectId"]}, {"$set": {"n": 1e21}})
    found = thing(verify_export())
    assert [example.id for example in found.examples] == [rows[1]["objectId"]]


def test_a_refused_file_keeps_the_run_from_passing(
    export: Path, verify_export: Verify, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text('{"results": []}')
    (export / "Secret.json").symlink_to(tmp_path / "x.json")
    refused = next(
        collection for collection in verify_export().collections if collection.name == "Secret.json"
    )
    assert refused.state is State.NOT_JUDGED


def test_an_empty_class_is_no_evidence(export: Path, verify_export: Verify) -> None:
    (export / "Nothing.json").write_text('{"results": []}')
    empty = next(
        collection for collection in verify_export().collections if collection.name == "Nothing"
    )
    assert empty.state is State.EMPTY


def test_classes_can_be_left_out_and_are_listed(verify_export: Verify) -> None:
    states = {
        collection.name: collection.state
        for collection in verify_export(exclude=("Thing",)).collections
    }
    assert states["Thing"] is State.NOT_VERIFIED
    assert states["Other"] is State.VERIFIED
    states = {
        collection.name: collection.state
        for collection in verify_export(classes=("Thing",)).collections
    }
    assert states["Thing"] is State.VERIFIED
    assert states["Other"] is State.NOT_VERIFIED


def test_an_export_is_as_large_as_the_disk_allows(
    verify_export: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    with pytest.raises(UserError) as caught:
        verify_export()
    assert caught.value.code == "source-space"
