"""Locust as a whole: counts add up, stalls are not hidden, and nothing stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
import requests
from pymongo import MongoClient

from parity.jobs.size.load.generator import LocustGenerator, calibrate
from parity.jobs.size.load.null_server import NullProtocol
from parity.jobs.size.window import Window
from parity.model import Keys, Secret, Style, Target, UserError, Writes
from parity.model.errors import HarnessError
from parity.model.latency import EDGES_MS
from parity.profiles.profile import Ask, Operation
from parity.targets.client import ParseClient
from tests.deadlines import line_of
from tests.jobs.size.load.conftest import OPERATIONS, order, profile, remains
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[4]
DEADLINE_S = 90.0


def added(windows: list[Window]) -> tuple[int, int, int]:
    return (
        sum(window.intended for window in windows),
        sum(window.sent for window in windows),
        sum(window.done for window in windows),
    )


def slower_than(window: Window, milliseconds: float) -> int:
    counts = zip(EDGES_MS, window.latency, strict=True)
    return sum(count for edge, count in counts if edge > milliseconds)


@pytest.mark.parametrize("workers", [1, 2])
def test_counts_add_up_everything_happens_and_nothing_stays(
    server: Target, tmp_path: Path, workers: int
) -> None:
    generator = LocustGenerator(server, profile(), workers=workers, users=20, folder=tmp_path)
    done: Counter[str] = Counter()
    ended = 0
    with generator:
        assert len(generator.pids) == (workers if workers == 1 else workers + 1)
        for pid in generator.pids:
            no_secret(server, psutil.Process(pid))
        deadline = time.monotonic() + DEADLINE_S
        while {name.split()[0] for name in done} != {str(one.ask) for one in OPERATIONS}:
            assert time.monotonic() < deadline, done
            windows = list(generator.hold(24, 1.5))
            assert [window.seconds for window in windows] == [1.0, 0.5]
            intended, sent, ends = added(windows)
            assert intended == 36
            assert sent == ends
            assert windows[-1].waiting == intended - sent
            ended += ends
            for window in windows:
                assert sum(window.latency) == sum(window.service) == window.done
                assert sum(window.by_operation.values()) == window.done
                assert window.failed == {}
                done.update(window.by_operation)
            assert sum(window.generator_cpu for window in windows) > 0
    assert generator.left == ()
    assert remains(server, generator.mark) == []
    assert (tmp_path / "locust.html").stat().st_size > 10_000
    last = (tmp_path / "locust_stats.csv").read_text("utf-8").splitlines()[-1]
    # Locust writes its files once a second, and workers report to it every three.
    assert 0 < int(last.split(",Aggregated,")[1].split(",")[0]) <= ended
    for file in tmp_path.iterdir():
        for _, secret in server.secrets():
            assert secret.value.encode() not in file.read_bytes()


def no_secret(server: Target, process: psutil.Process) -> None:
    seen = "\0".join([*process.cmdline(), *process.environ().values()])
    for _, secret in server.secrets():
        assert secret.value not in seen


class Stalling(NullProtocol):
    """A server that answers nothing for a while, from a moment on."""

    begins = float("inf")
    ends = float("inf")
    _held: ClassVar[list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]]] = []

    def data_received(self, data: bytes) -> None:
        """Answer now, or when the stall is over."""
        if self.begins <= time.monotonic() < self.ends:
            loop, held = asyncio.get_running_loop(), [data]

            def answer() -> None:
                if held:
                    super(Stalling, self).data_received(held.pop())

            Stalling._held.append((loop, answer))
            loop.call_later(self.ends - time.monotonic(), answer)
        else:
            super().data_received(data)

    @classmethod
    def answer_all(cls) -> None:
        """End the stall before its time."""
        cls.ends = 0.0
        while cls._held:
            loop, answer = cls._held.pop()
            loop.call_soon_threadsafe(answer)


GRACE_S = 1.0
"""Seconds that requests under way are waited for at the end of a hold; 10 if nobody says so."""


@pytest.fixture(scope="module")
def generator() -> Iterator[LocustGenerator]:
    """One generator with five users for all tests of pace, aimed at a server that can stall."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve() -> Any:
        return await loop.create_server(Stalling, "127.0.0.1", 0)

    listening = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    port = listening.sockets[0].getsockname()[1]
    target = Target(
        "stalling", Style.PARSE_SERVER, f"http://127.0.0.1:{port}/parse", Secret("app"),
        writes=Writes.DISPOSABLE, timeout_s=60.0,
    )  # fmt: skip
    reading = profile(Operation(Ask.GET, 1, "Post"))
    with LocustGenerator(target, reading, kind="null", users=5, grace_s=GRACE_S) as generator:
        yield generator
        Stalling.answer_all()
    loop.call_soon_threadsafe(listening.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def rested(generator: LocustGenerator) -> LocustGenerator:
    """The generator, when everything that was sent before has ended and the server answers."""
    deadline = time.monotonic() + DEADLINE_S
    while (found := added(list(generator.hold(20, 1)))) != (20, 20, 20):
        assert time.monotonic() < deadline, found
    return generator


def test_a_stall_shows_in_every_request_that_was_meant_to_be_sent_in_it(
    rested: LocustGenerator,
) -> None:
    Stalling.begins = time.monotonic() + 0.2 + 1.0
    Stalling.ends = Stalling.begins + 1.0
    # Five users: while all wait for the server, nobody sends, and that must not hide it.
    windows = list(rested.hold(100, 4))
    intended, sent, done = added(windows)
    assert intended == 400
    assert sent == done == intended - windows[-1].waiting
    slow = sum(slower_than(window, 250) for window in windows)
    # A second at 100 a second; those of its last quarter waited less than 250 ms.
    assert slow >= 70
    served = sum(
        count
        for window in windows
        for edge, count in zip(EDGES_MS, window.service, strict=True)
        if edge > 250
    )
    assert served <= 10  # what a tool that only sends when it is free would have shown
    assert max(window.waiting for window in windows) >= 40


def test_what_is_not_answered_in_time_counts_as_wrong_and_the_sums_stay_right(
    rested: LocustGenerator,
) -> None:
    Stalling.begins, Stalling.ends = time.monotonic(), time.monotonic() + DEADLINE_S
    [window] = list(rested.hold(40, 1))
    Stalling.answer_all()
    assert (window.intended, window.sent, window.done) == (40, 5, 5)
    assert window.waiting == 35
    assert dict(window.failed) == {f"no answer within {GRACE_S:g} s of the end": 5}
    assert slower_than(window, 900 * GRACE_S) == 5


def test_an_overloaded_generator_says_that_requests_wait(rested: LocustGenerator) -> None:
    windows = list(rested.hold(50_000, 1))
    intended, sent, done = added(windows)
    assert intended == 50_000
    assert sent == done < intended
    assert windows[-1].waiting == intended - sent


def test_the_ceiling_of_the_generator_is_measured() -> None:
    found = calibrate(profile(), seconds=1.0, users=10)
    assert found.requests_s > 50
    assert 20 < found.cpu_us < 20_000


def test_a_forbidden_target_is_refused_before_anything_is_started(server: Target) -> None:
    with pytest.raises(UserError, match="writes to 'selfhosted' are forbidden"):
        LocustGenerator(replace(server, writes=Writes.FORBIDDEN), profile())


def test_a_target_that_does_not_answer_is_an_error_that_says_so(server: Target) -> None:
    down = replace(server, url="http://127.0.0.1:9/parse")
    generator = LocustGenerator(down, profile(), users=2)
    with pytest.raises(HarnessError, match="9"), generator:
        pass
    assert generator.pids == ()


def test_a_generator_that_dies_is_an_error_and_is_cleaned_up_after(server: Target) -> None:
    generator = LocustGenerator(server, profile(), users=4)
    with generator:
        windows = generator.hold(10, 30)
        next(windows)
        next(windows)
        os.kill(generator.pids[0], signal.SIGKILL)
        assert files(server, generator.mark)
        with pytest.raises(HarnessError, match="locust ended"):
            list(windows)
    assert remains(server, generator.mark) == []
    assert files(server, generator.mark) == []


def files(server: Target, mark: str) -> list[str]:
    """Return the names of the run's files, which no server lists but its database has."""
    assert server.mongo is not None
    with MongoClient[dict[str, Any]](server.mongo.value) as client:
        found = client.get_default_database()["fs.files"].find({"filename": {"$regex": mark}})
        return [file["filename"] for file in found]


OWNER = """
import sys, json
from parity.jobs.size.load.generator import LocustGenerator
from parity.jobs.size.load.order import LoadOrder
order = LoadOrder.from_json(json.loads(sys.stdin.readline()))
with LocustGenerator(order.target, order.profile, users=4) as generator:
    print(json.dumps([generator.mark, *generator.pids]), flush=True)
    for window in generator.hold(20, 60):
        print(window.done, flush=True)
"""


@pytest.fixture
def owners(server: Target) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that own a generator each, which they are told to start."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )
        for _ in range(2)
    ]  # fmt: skip
    for owner in started:
        assert owner.stdin is not None
        owner.stdin.write(json.dumps(order(server).to_json()) + "\n")
        owner.stdin.flush()
    yield started
    for owner in started:
        # Locust ends with its owner: that is what is tested.
        owner.kill()
        owner.wait(DEADLINE_S)
        assert owner.stdin is not None
        assert owner.stdout is not None
        owner.stdin.close()
        owner.stdout.close()


def test_when_the_owner_ends_locust_cleans_up_and_ends(
    server: Target, owners: list[subprocess.Popen[str]]
) -> None:
    """Killed or interrupted: two owners at once, because they do not share anything."""
    marks, processes = [], []
    for owner, ending in zip(owners, (signal.SIGKILL, signal.SIGINT), strict=True):
        mark, *pids = json.loads(line_of(owner, DEADLINE_S))
        marks.append(mark)
        processes += [psutil.Process(pid) for pid in pids]
        assert line_of(owner, DEADLINE_S)  # a second of load
        assert remains(server, mark)
        owner.send_signal(ending)
    for owner in owners:
        owner.wait(DEADLINE_S)
    _, alive = psutil.wait_procs(processes, DEADLINE_S)
    for process in alive:
        process.kill()
    assert alive == []
    assert [remains(server, mark) for mark in marks] == [[], []]


CONFIG = """
[targets.app]
style = "parse-server"
url = "{url}"
app_id = "env:APP_ID"
rest_key = "env:REST_KEY"
master_key = "env:MASTER_KEY"
writes = "{writes}"
"""


class Run:
    """Locust as people start it; what it says is in a file."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.popen = popen
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id, and the one of its group."""
        return self.popen.pid

    def said(self) -> str:
        """Return what it said until now."""
        return self._log.read_text("utf-8", "replace")

    def ended(self) -> str:
        """Return what it said, when it has ended."""
        self.popen.wait(DEADLINE_S)
        return self.said()


Start = Callable[..., Run]


@pytest.fixture
def locust(server: Target) -> Iterator[Start]:
    """Start Locust as people do; whatever becomes of the test, no process of it is left."""
    runs: list[Run] = []

    def start(
        folder: Path, *arguments: str, writes: str = "namespaced", headless: bool = True
    ) -> Run:
        (folder / "parity.toml").write_text(CONFIG.format(url=server.url, writes=writes), "utf-8")
        (folder / "app.toml").write_text(PROFILE, "utf-8")
        keys: Keys = server.keys
        assert keys.rest_key is not None
        assert keys.master_key is not None
        environment = {
            "PATH": os.environ["PATH"],
            "APP_ID": server.app_id.value,
            "REST_KEY": keys.rest_key.value,
            "MASTER_KEY": keys.master_key.value,
            "PARITY_CONFIG": str(folder / "parity.toml"),
            "PARITY_TARGET": "app",
            "PYTHONPATH": str(ROOT),
        }
        log = folder / f"locust-{len(runs)}.log"
        with log.open("wb") as sink:
            popen = subprocess.Popen(
                [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "rest.py"),
                 *(["--headless"] if headless else []),
                 "--profile", str(folder / "app.toml"), "--only-summary", *arguments],
                env=environment, cwd=folder, stdout=sink, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        runs.append(Run(popen, log))
        return runs[-1]

    yield start
    for run in runs:
        # The group: with --processes there are more of them.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.popen.wait(DEADLINE_S)


PROFILE = """
name = "app"
peak_rate = 10.0
think_s = [0.01, 0.02, 0.05]

[[operations]]
ask = "query"
class = "Post"
weight = 3
where = { author = "?" }

[[operations]]
ask = "create"
class = "Post"
weight = 2

[[operations]]
ask = "log-in"
weight = 1
"""


def test_plain_locust_works_and_ends_by_itself(locust: Start, tmp_path: Path) -> None:
    """With two processes and thinking users, and with a rate: two runs at once."""
    runs = {}
    for name, *more in (("processes", "--processes", "2"), ("rate", "--rate", "20")):
        folder = tmp_path / name
        folder.mkdir()
        runs[folder] = locust(
            folder, "-u", "4", "-r", "4", "-t", "120s", "--max-requests", "60",
            "--json-file", str(folder / "numbers"), *more
        )  # fmt: skip
    for folder, run in runs.items():
        output = run.ended()
        assert run.popen.returncode == 0, output
        assert "the limit of requests is reached" in output
        rows = json.loads(next(folder.glob("numbers*")).read_text("utf-8"))
        numbers = {row["name"]: (row["num_requests"], row["num_failures"]) for row in rows}
        assert set(numbers) == {"query Post where(author)", "create Post", "log-in"}
        assert all(requests > 0 and failures == 0 for requests, failures in numbers.values())
        assert "left behind" not in output


def test_a_master_and_workers_that_were_started_one_by_one_make_one_run(
    server: Target, locust: Start, tmp_path: Path
) -> None:
    port = str(free_port())
    numbers_file = tmp_path / "numbers"
    workers = [
        locust(tmp_path, "--worker", "--master-port", port, headless=False) for _ in range(2)
    ]
    master = locust(
        tmp_path, "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port,
        "--expect-workers", "2", "-u", "4", "-r", "4", "-t", "120s", "--max-requests", "60",
        "--rate", "30", "--json-file", str(numbers_file),
    )  # fmt: skip
    output = master.ended()
    said = [worker.ended() for worker in workers]
    assert master.popen.returncode == 0, output
    assert [worker.popen.returncode for worker in workers] == [0, 0], said
    rows = json.loads(next(tmp_path.glob("numbers*")).read_text("utf-8"))
    assert sum(row["num_requests"] for row in rows) >= 30
    assert sum(row["num_failures"] for row in rows) == 0
    assert marks(server) == []


class Page:
    """Locust's web page, by the requests that it sends."""

    def __init__(self, run: Run, port: int) -> None:
        self.run = run
        self.url = f"http://127.0.0.1:{port}"

    def html(self) -> str:
        """Return the page as soon as it is there."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            assert self.run.popen.poll() is None, self.run.said()
            assert time.monotonic() < deadline, self.run.said()
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(self.url, timeout=10).text
            time.sleep(0.1)

    def post(self, path: str, **form: str) -> None:
        found = requests.post(f"{self.url}/{path}", data=form, timeout=60).json()
        assert found["success"], found

    def wait_for_run(self, number: int) -> None:
        """Wait until a run has begun; whoever asks for its state may ask when it has ended."""
        deadline = time.monotonic() + DEADLINE_S
        while self.run.said().count("Ramping to") < number:
            assert time.monotonic() < deadline, self.run.said()
            time.sleep(0.1)

    def wait_for_the_end(self) -> str:
        """Return the page as soon as its run has stopped; ``/stats/requests`` is seconds old."""
        deadline = time.monotonic() + DEADLINE_S
        while '"state": "stopped"' not in (html := self.html()):
            assert time.monotonic() < deadline, html[:2000]
            time.sleep(0.1)
        return html


def wait_until_clean(server: Target) -> None:
    """Locust says that a run is stopped before it tells anybody who cleans up."""
    deadline = time.monotonic() + DEADLINE_S
    while found := marks(server):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


@pytest.mark.parametrize(
    "more",
    [
        # Plain Locust thinks, too, and the page is the same.
        pytest.param([], id="thinking", marks=pytest.mark.slow),
        pytest.param(["--rate", "40"], id="open-loop"),
    ],
)
def test_the_web_page_starts_one_run_after_the_other_each_bounded_and_aimed_at_the_target(
    server: Target, locust: Start, tmp_path: Path, more: list[str]
) -> None:
    port = free_port()
    run = locust(
        tmp_path, "--web-host", "127.0.0.1", "--web-port", str(port), "-t", "3s", *more,
        headless=False,
    )  # fmt: skip
    form = {"user_count": "3", "spawn_rate": "3"}
    page = Page(run, port)
    page.html()
    for number in (1, 2):
        # As the form does when its time is left empty and its host was changed.
        page.post("swarm", host="http://127.0.0.1:9", run_time="", **form)
        page.wait_for_run(number)
        assert f'"host": "{server.url}"' in page.wait_for_the_end()  # by itself
        wait_until_clean(server)
        found = requests.get(f"{page.url}/stats/requests", timeout=10).json()
        assert found["fail_ratio"] == 0, found["errors"]
        assert sum(row["num_requests"] for row in found["stats"]) > 10
    # And a run that is stopped on the page.
    page.post("swarm", run_time="60s", **form)
    page.wait_for_run(3)
    page.post("stop")
    page.wait_for_the_end()
    wait_until_clean(server)
    run.popen.send_signal(signal.SIGINT)
    output = run.ended()
    assert run.popen.returncode == 0, output
    assert "error" not in output.casefold(), output


def test_ctrl_c_of_plain_locust_cleans_up(server: Target, locust: Start, tmp_path: Path) -> None:
    run = locust(tmp_path, "-u", "2", "-r", "2", "-t", "60s")
    deadline = time.monotonic() + DEADLINE_S
    # Rows beyond the first twenty are written by users.
    while rows_of(server, marks(server)) < 25:
        assert time.monotonic() < deadline
        assert run.popen.poll() is None
    run.popen.send_signal(signal.SIGINT)
    output = run.ended()
    assert run.popen.returncode == 0, output
    assert marks(server) == []


def rows_of(server: Target, classes: list[str]) -> int:
    client = ParseClient(server).as_master()
    try:
        return sum(client.find(name, limit=0, count=1).json["count"] for name in classes)
    finally:
        client.close()


def marks(server: Target) -> list[str]:
    return [name for name in remains(server, "Parity") if "_Post" in name]


REFUSED: tuple[tuple[list[str], str, str], ...] = (
    (["--host", "http://127.0.0.1:9"], "namespaced", "is not the address of the target"),
    ([], "forbidden", "writes to 'app' are forbidden"),
    (["--target", "ap"], "namespaced", "did you mean 'app'?"),
    (["--profile", "socal"], "namespaced", "did you mean 'social'?"),
    (["--read-only", "-t", "2s"], "forbidden", ""),
)


def test_plain_locust_aims_only_where_it_may(server: Target, locust: Start, tmp_path: Path) -> None:
    runs = []
    for number, (arguments, writes, _) in enumerate(REFUSED):
        folder = tmp_path / str(number)
        folder.mkdir()
        runs.append(locust(folder, "-u", "1", *arguments, writes=writes))
    for run, (_, _, said) in zip(runs, REFUSED, strict=True):
        output = run.ended()
        assert said in output
        assert run.popen.returncode == (2 if said else 0), output
    assert marks(server) == []


def test_ctrl_c_while_a_run_is_being_prepared_cleans_up(
    server: Target, locust: Start, tmp_path: Path
) -> None:
    """The first class of the run is there, and the first rows are not yet."""
    run = locust(tmp_path, "-u", "2", "-r", "2", "-t", "60s")
    deadline = time.monotonic() + DEADLINE_S
    while not marks(server):
        assert time.monotonic() < deadline
        assert run.popen.poll() is None
    run.popen.send_signal(signal.SIGINT)
    output = run.ended()
    assert marks(server) == [], output
