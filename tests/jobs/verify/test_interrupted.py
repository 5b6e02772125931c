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

from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.progress import Progress
from parity.jobs.verify.result import CollectionResult, State, VerifyResult
from parity.jobs.verify.resume import Inputs, StateFile
from parity.jobs.verify.sides import LocalSides, OnRead
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


def saved(tmp_path: Path, **changes: Any) -> tuple[Path, dict[str, Any]]:
    identity = {"source": ["u", 1, 2], "destination": ["v", 1, 2]}
    result = CollectionResult("C", equal=1, finished_at=changes.pop("finished_at"))
    StateFile(tmp_path, INPUTS).save(replace(result, **changes), identity)
    return tmp_path / "verify-state.jsonl", identity


def load(tmp_path: Path, identity: dict[str, Any]) -> CollectionResult | None:
    again = tmp_path / "again"
    again.mkdir()
    return StateFile(again, INPUTS, tmp_path).finished("C", identity)


NOW = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 60))


def test_a_state_that_is_whole_is_believed(tmp_path: Path) -> None:
    _, identity = saved(tmp_path, finished_at=NOW)
    known = load(tmp_path, identity)

    assert known is not None
    assert known.resumed


def test_a_line_that_was_cut_off_is_not_believed(tmp_path: Path) -> None:
    path, identity = saved(tmp_path, finished_at=NOW)
    path.write_bytes(path.read_bytes()[:-9])

    assert load(tmp_path, identity) is None


def test_a_line_that_was_edited_is_not_believed(tmp_path: Path) -> None:
    path, identity = saved(tmp_path, finished_at=NOW)
    path.write_text(path.read_text("utf-8").replace('"equal": 1', '"equal": 9'), "utf-8")

    assert load(tmp_path, identity) is None


def test_a_state_of_last_week_is_not_believed(tmp_path: Path) -> None:
    _, identity = saved(tmp_path, finished_at="2016-01-01T00:00:00.000Z")

    assert load(tmp_path, identity) is None


@pytest.mark.parametrize(
    "changes", [{"counts": {"VER-MISSING": 1}}, {"state": State.NOT_JUDGED}], ids=str
)
def test_what_was_not_clean_is_not_saved(tmp_path: Path, changes: dict[str, Any]) -> None:
    _, identity = saved(tmp_path, finished_at=NOW, **changes)

    assert load(tmp_path, identity) is None
