"""A worker, a server or the verifier itself is killed: never a pass, and what was done is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from xxhash import xxh3_128_hexdigest

from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.progress import Progress
from parity.jobs.verify.result import CollectionResult, State, VerifyResult
from parity.jobs.verify.resume import Inputs, StateFile
from parity.jobs.verify.sides import LocalSides, OnRead
from parity.jobs.verify.structure import Described
from parity.jobs.verify.walk import Task, Walk
from parity.model import ExitCode, Secret, UserError
from parity.targets.mongo import Access
from tests.jobs.verify.databases import Pair, fill, pair_of_databases
from tests.jobs.verify.settings import arguments, environment, write_settings
from tests.mongod import Mongod, running_mongod

DEADLINE_S = 60.0
SLOW_MB_S = 0.1
COMMAND = "from parity.cli import main\nmain()\n"


class Disturbed(LocalSides):
    """Does something while the first collection is read."""

    def __init__(self, source: Access, destination: Access, what: Callable[[], Any]) -> None:
        super().__init__(source, destination)
        self.what = what
        self.done = False

    def run(
        self, source: Task | None, destination: Task | None, on_read: OnRead | None = None
    ) -> tuple[Any, Any]:
        if isinstance(source, Walk) and not self.done:
            self.done = True
            timer = threading.Timer(0.1, self.what)
            timer.start()
            try:
                return super().run(source, destination, on_read)
            finally:
                timer.join()
        return super().run(source, destination, on_read)


@pytest.fixture
def pair(mongod: Mongod) -> Iterator[Pair]:
    with pair_of_databases(mongod) as pair:
        fill(pair, documents=400)
        yield pair


def slow(pair: Pair) -> tuple[Access, Access]:
    left, right = (replace(access, max_mb_s=SLOW_MB_S) for access in pair.accesses)
    return left, right


def assert_no_pass(result: VerifyResult, message: str) -> None:
    assert any(message in problem for problem in result.problems)
    assert State.NOT_JUDGED in {collection.state for collection in result.collections}
    assert all(not collection.counts for collection in result.collections)


@pytest.mark.parametrize("side", [0, 1])
def test_a_killed_worker_is_named_and_nothing_is_concluded(pair: Pair, side: int) -> None:
    def sides(source: Access, destination: Access) -> LocalSides:
        opened = Disturbed(source, destination, lambda: os.kill(opened.pids[side], signal.SIGKILL))
        return opened

    result = verify_databases(*slow(pair), Options(sides=sides))

    assert_no_pass(result, f"{pair.accesses[side].name}: the process that read it has ended")


def test_a_killed_source_is_named_and_nothing_is_concluded(pair: Pair) -> None:
    with running_mongod() as doomed, pair_of_databases(doomed, 1000) as other:
        fill(other, documents=400)
        accesses = (other.accesses[0], pair.accesses[1])
        impatient = Secret(f"{accesses[0].uri.value}?serverSelectionTimeoutMS=300")
        accesses = (replace(accesses[0], uri=impatient, max_mb_s=SLOW_MB_S), accesses[1])
        options = Options(sides=lambda a, b: Disturbed(a, b, doomed.kill), exclude=("Odd", "fs.*"))
        result = verify_databases(*accesses, options)

    assert any("hosted: MongoDB cannot be read" in problem for problem in result.problems)
    assert State.NOT_JUDGED in {collection.state for collection in result.collections}


def test_ctrl_c_keeps_what_was_verified(pair: Pair) -> None:
    class Interrupting(Disturbed):
        def run(self, *tasks: Any, **more: Any) -> Any:
            if isinstance(tasks[0], Walk) and tasks[0].collection == "_User":
                raise KeyboardInterrupt
            return super().run(*tasks, **more)

    options = Options(sides=lambda a, b: Interrupting(a, b, lambda: None))
    result = verify_databases(*pair.accesses, options)
    states = {collection.name: collection.state for collection in result.collections}

    assert result.interrupted
    assert states["GameScore"] is State.VERIFIED
    assert states["_User"] is State.NOT_JUDGED


def test_a_killed_verifier_is_resumed(pair: Pair, tmp_path: Path) -> None:
    for database in (pair.source, pair.copy):  # what it is in when it is killed
        database["Later"].insert_many([{"_id": n, "text": "x" * 400} for n in range(300)])
    config = write_settings(tmp_path)
    command = [sys.executable, "-c", COMMAND, *arguments(config)]
    environ = {**os.environ, **environment(pair)}
    slowly = [*command, "--max-mb-s", "0.05"]
    process = subprocess.Popen(slowly, env=environ, stderr=subprocess.DEVNULL)
    (state,) = wait_for(lambda: _states(tmp_path, lines=2))
    process.kill()
    process.wait(DEADLINE_S)
    resumed = [*command, "--resume", str(state.parent), "--json"]
    done = subprocess.run(resumed, env=environ, capture_output=True, text=True, check=False)
    result = json.loads(done.stdout)
    kept = [each["name"] for each in result["collections"] if each["resumed"]]

    assert process.returncode == -signal.SIGKILL
    assert done.returncode == ExitCode.PASS, done.stderr
    assert kept[:1] == ["GameScore"]
    assert {each["state"] for each in result["collections"]} == {"verified"}


def _states(folder: Path, lines: int) -> list[Path]:
    found = list(folder.glob("reports/*/verify-state.jsonl"))
    return [each for each in found if each.read_bytes().count(b"\n") >= lines]


def wait_for(look: Callable[[], list[Path]]) -> list[Path]:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        threading.Event().wait(0.02)
    raise AssertionError("it did not come in time")


INPUTS = Inputs("a:1/x", "b:1/y")


def run_with_state(pair: Pair, folder: Path, earlier: Path | None = None) -> VerifyResult:
    folder.mkdir()
    state = StateFile(folder, INPUTS, earlier)
    return verify_databases(*pair.accesses, progress=Progress(), state=state)


def resumed(result: VerifyResult) -> set[str]:
    return {collection.name for collection in result.collections if collection.resumed}


def test_a_clean_collection_is_not_read_again(pair: Pair, tmp_path: Path) -> None:
    pair.copy["_User"].delete_one({})
    run_with_state(pair, tmp_path / "one")
    second = run_with_state(pair, tmp_path / "two", tmp_path / "one")

    assert resumed(second) == {collection.name for collection in second.collections} - {"_User"}
    counts = {
        collection.name: collection.counts for collection in second.collections if collection.counts
    }
    assert counts == {"_User": {"VER-MISSING": 1}}
    assert sum(collection.equal for collection in second.collections) == 445


@pytest.mark.parametrize("side", ["source", "copy"])
def test_a_collection_that_changed_since_is_read_again(
    pair: Pair, tmp_path: Path, side: str
) -> None:
    run_with_state(pair, tmp_path / "one")
    getattr(pair, side)["_User"].insert_one({"_id": "newnewnewn"})
    second = run_with_state(pair, tmp_path / "two", tmp_path / "one")

    assert "_User" not in resumed(second)
    assert "GameScore" in resumed(second)


def change_a_digit(database: Any) -> None:
    database["_User"].update_one({"n": 7}, {"$set": {"n": -7}})


def delete_and_insert(database: Any) -> None:
    document = database["_User"].find_one_and_delete({"n": 7})
    database["_User"].insert_one({**document, "_id": "otherother"})


def apply_an_operation(database: Any) -> None:
    user = database["_User"].find_one({"n": 7})
    change = {"$v": 2, "diff": {"u": {"n": -7}}}
    name = f"{database.name}._User"
    write = {"op": "u", "ns": name, "o": change, "o2": {"_id": user["_id"]}}
    database.client.admin.command({"applyOps": [write]})


def merge(database: Any) -> None:
    changed = {"$set": {"n": {"$multiply": ["$n", -1]}}}
    database["_User"].aggregate([{"$match": {"n": 7}}, changed, {"$merge": "_User"}])


SAME_SIZE: dict[str, Callable[[Any], None]] = {
    "a digit": change_a_digit,
    "one deleted, one inserted": delete_and_insert,
    "applyOps": apply_an_operation,
    "$merge": merge,
}


@pytest.mark.parametrize("kind", ["mongod", "replica_set"])
@pytest.mark.parametrize("side", ["source", "copy"])
@pytest.mark.parametrize("what", SAME_SIZE)
def test_a_change_that_keeps_count_and_size_is_read_again(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, side: str, what: str
) -> None:
    with pair_of_databases(request.getfixturevalue(kind)) as pair:
        fill(pair, documents=10)
        run_with_state(pair, tmp_path / "one")
        SAME_SIZE[what](getattr(pair, side))
        second = run_with_state(pair, tmp_path / "two", tmp_path / "one")

    assert resumed(second) == {found.name for found in second.collections} - {"_User"}
    (users,) = (found for found in second.collections if found.name == "_User")
    assert users.counts


def doctor(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change every line of a state, and its digest with it."""
    path = folder / "verify-state.jsonl"
    head, *lines = path.read_text("utf-8").splitlines()
    made = [head]
    for line in lines:
        value = json.loads(line.partition(" ")[2])
        change(value)
        text = json.dumps(value, sort_keys=True)
        made.append(f"{xxh3_128_hexdigest(text.encode())} {text}")
    path.write_text("\n".join(made) + "\n", "utf-8")


def by_another_process(line: dict[str, Any]) -> None:
    for side in line["identity"].values():
        side[-1]["process"] = "another"


@pytest.mark.parametrize("what", SAME_SIZE)
def test_after_a_failover_the_oplog_tells_what_was_written(
    replica_set: Mongod, tmp_path: Path, what: str
) -> None:
    with pair_of_databases(replica_set) as pair:
        fill(pair, documents=10)
        run_with_state(pair, tmp_path / "one")
        SAME_SIZE[what](pair.copy)
        doctor(tmp_path / "one", by_another_process)
        second = run_with_state(pair, tmp_path / "two", tmp_path / "one")

    assert resumed(second) == {found.name for found in second.collections} - {"_User"}


def test_writes_beyond_the_oplog_are_not_excluded(replica_set: Mongod, tmp_path: Path) -> None:
    def long_ago(line: dict[str, Any]) -> None:
        by_another_process(line)
        line["since"] = [[1_400_000_000, 1], [1_400_000_000, 1]]

    with pair_of_databases(replica_set) as pair:
        fill(pair, documents=10)
        run_with_state(pair, tmp_path / "one")
        doctor(tmp_path / "one", long_ago)

        assert not resumed(run_with_state(pair, tmp_path / "two", tmp_path / "one"))


def test_a_standalone_that_was_started_again_is_not_believed(pair: Pair, tmp_path: Path) -> None:
    run_with_state(pair, tmp_path / "one")
    doctor(tmp_path / "one", by_another_process)

    assert not resumed(run_with_state(pair, tmp_path / "two", tmp_path / "one"))


def test_a_server_that_counts_no_writes_is_read_again(tmp_path: Path) -> None:
    saved(tmp_path, finished_at=NOW)

    assert load(tmp_path, writes={}) is None


@pytest.mark.parametrize("change", [{"process": "q"}, {"operations": 4}, {"insert calls": 4}])
def test_other_counts_or_another_process_are_read_again(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    saved(tmp_path, finished_at=NOW)

    assert load(tmp_path, writes={**COUNTED, **change}) is None


def test_a_collection_that_was_made_again_is_read_again(pair: Pair, tmp_path: Path) -> None:
    run_with_state(pair, tmp_path / "one")
    pair.refresh("_User")

    assert "_User" not in resumed(run_with_state(pair, tmp_path / "two", tmp_path / "one"))


def test_a_state_of_other_databases_is_refused(tmp_path: Path) -> None:
    StateFile(tmp_path, INPUTS)
    (tmp_path / "two").mkdir()
    with pytest.raises(UserError, match="another comparison"):
        StateFile(tmp_path / "two", Inputs("a:1/x", "b:1/other"), tmp_path)


def test_a_folder_without_a_state_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to resume"):
        StateFile(tmp_path, INPUTS, tmp_path / "nowhere")


class Standalone:
    """As much of a reader as a state asks for: a server without an oplog."""

    def catch_up(self) -> None:
        """Tell no time."""


READERS: Any = (Standalone(), Standalone())
COUNTED = {"process": "p", "operations": 3, "insert calls": 3}


def descriptions(**changes: Any) -> tuple[dict[str, Described], dict[str, Described]]:
    one = Described("C", "collection", {}, "u", documents=1, size=2, writes=COUNTED)
    return {"C": replace(one, **changes)}, {"C": one}


def saved(tmp_path: Path, **changes: Any) -> Path:
    result = CollectionResult("C", equal=1, finished_at=changes.pop("finished_at"))
    state = StateFile(tmp_path, INPUTS)
    state.begin(READERS, descriptions())
    state.save(replace(result, **changes))
    return tmp_path / "verify-state.jsonl"


def load(tmp_path: Path, **changes: Any) -> CollectionResult | None:
    again = tmp_path / "again"
    again.mkdir()
    state = StateFile(again, INPUTS, tmp_path)
    state.begin(READERS, descriptions(**changes))
    return state.finished("C")


NOW = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 60))


def test_a_state_that_is_whole_is_believed(tmp_path: Path) -> None:
    saved(tmp_path, finished_at=NOW)
    known = load(tmp_path)

    assert known is not None
    assert known.resumed


def test_a_line_that_was_cut_off_is_not_believed(tmp_path: Path) -> None:
    path = saved(tmp_path, finished_at=NOW)
    path.write_bytes(path.read_bytes()[:-9])

    assert load(tmp_path) is None


def test_a_line_that_was_edited_is_not_believed(tmp_path: Path) -> None:
    path = saved(tmp_path, finished_at=NOW)
    path.write_text(path.read_text("utf-8").replace('"equal": 1', '"equal": 9'), "utf-8")

    assert load(tmp_path) is None


def test_a_state_of_last_week_is_not_believed(tmp_path: Path) -> None:
    saved(tmp_path, finished_at="2016-01-01T00:00:00.000Z")

    assert load(tmp_path) is None


@pytest.mark.parametrize(
    "changes", [{"counts": {"VER-MISSING": 1}}, {"state": State.NOT_JUDGED}], ids=str
)
def test_what_was_not_clean_is_not_saved(tmp_path: Path, changes: dict[str, Any]) -> None:
    saved(tmp_path, finished_at=NOW, **changes)

    assert load(tmp_path) is None
