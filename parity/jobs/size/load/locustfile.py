"""What the files of ``loadtests/`` are made of: options, and what happens when in Locust."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import string
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import gevent
from gevent.fileobject import FileObject
from gevent.lock import BoundedSemaphore
from gevent.queue import Queue
from locust import events
from locust.runners import MasterRunner, WorkerRunner

from parity.jobs.size.load.master import Master
from parity.jobs.size.load.order import LoadOrder, check_order, control_descriptors
from parity.jobs.size.load.recorded import check_recording
from parity.jobs.size.load.tally import WINDOW
from parity.jobs.size.load.worker import Worker
from parity.jobs.size.window import Window
from parity.model import UserError
from parity.profiles import load_profile
from parity.targets.settings import load_settings

RUN_TIME_S: Final = 300
"""Seconds that a run without ``-t`` lasts."""
MOST_REQUESTS: Final = 1_000_000
_MARK: Final = string.digits + string.ascii_lowercase


class Session:
    """What this process knows of its runs: one, or with the web page one after the other."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.master: Master | None = None
        self.rate: float | None = None
        self.jobs: list[gevent.Greenlet] = []


_session = Session()


def act(user: Any) -> None:
    """Be one user of this process until Locust stops it."""
    assert _session.worker is not None
    _session.worker.act(user)


def install(kind: str) -> None:
    """Make the locust file that calls this a load test of a kind.

    Args:
        kind: ``rest``, ``mongo``, ``replay``.
    """
    hooks: Any = events  # EventHook.add_listener has no types
    hooks.init_command_line_parser.add_listener(partial(_add_options, kind))
    hooks.init.add_listener(partial(_on_init, kind))
    hooks.test_start.add_listener(_on_test_start)
    hooks.test_stop.add_listener(_on_test_stop)
    # Locust does not fire test_stop for a test that is interrupted while it is being prepared.
    hooks.quit.add_listener(_on_test_stop)


def _add_options(kind: str, parser: Any, **_: Any) -> None:
    add = partial(parser.add_argument, include_in_web_ui=False)
    add("--target", env_var="PARITY_TARGET", help="A target of the parity.toml.")
    add("--parity-config", env_var="PARITY_CONFIG", help="The parity.toml.")
    profile_help = "A load profile, or the name of a shipped one; --profile does the same."
    add("--load-profile", env_var="PARITY_PROFILE", help=profile_help)
    rate_help = (
        "Requests a second, open loop, of all users together. Without it each user thinks "
        "between two requests as the profile says."
    )
    add("--rate", type=float, help=rate_help)
    reading = "Send only what reads; the only way to aim at a target whose writes are forbidden."
    add("--read-only", action="store_true", help=reading)
    most = f"End after so many requests. [default: {MOST_REQUESTS}]"
    add("--max-requests", type=int, default=MOST_REQUESTS, help=most)
    add("--seed", type=int, default=1, help="Equal seeds, equal load.")
    if kind == "replay":
        add("--recording", env_var="PARITY_RECORDING", help="What is replayed.")
        add("--speed", type=float, default=1.0, help="How many times faster. [default: 1]")


def _on_init(kind: str, environment: Any, runner: Any, **_: Any) -> None:
    options = environment.parsed_options
    descriptors = control_descriptors()
    try:
        if descriptors is None:
            control, order = None, _order_of(kind, options)
        else:
            control = _Control(*descriptors)
            order = LoadOrder.from_json(control.read())
        order = check_order(order)
        if order.kind == "replay":
            check_recording(order)
        _check_host(options.host, order)
    except UserError as error:
        sys.stderr.write(f"error: {error.what}\n{error.remedy}\n")
        sys.exit(2)
    environment.host = order.target.url
    _bound(options, owned=control is not None)
    is_master, is_worker = isinstance(runner, MasterRunner), isinstance(runner, WorkerRunner)
    if not is_master:
        _session.worker = Worker(order, environment)
        _session.worker.register(runner)
    if not is_worker:
        master = Master(
            order,
            environment,
            partial(_mark, order),
            alone=not is_master,
            # An owner says itself how long and how fast.
            most_requests=options.max_requests if control is None else sys.maxsize,
        )
        master.register(runner)
        master.paced = control is not None or options.rate is not None
        _session.master = master
        _session.rate = options.rate if control is None else None
    if control is not None:
        owner = control
        if _session.master is not None:
            _session.master.announce = lambda names: owner.write(files=names)
        gevent.spawn(owner.listen, environment)
        gevent.spawn(owner.serve, _session.master)


def _order_of(kind: str, options: Any) -> LoadOrder:
    """Return the order of somebody who started Locust himself."""
    config, name = options.parity_config, options.target
    if not config or not name:
        raise UserError(
            "which target? A load test aims at a target of a parity.toml and at nothing else",
            "Give --parity-config and --target, or PARITY_CONFIG and PARITY_TARGET.",
            code="config",
        )
    settings = load_settings(Path(config), os.environ, (name,))
    profile = load_profile(options.load_profile or options.profile or "social")
    recording = getattr(options, "recording", None)
    return LoadOrder(
        kind=kind,
        target=settings.targets[name],
        profile=profile,
        seed=options.seed,
        read_only=options.read_only,
        recording=Path(recording) if recording else None,
        speed=getattr(options, "speed", 1.0),
    )


def _check_host(host: str | None, order: LoadOrder) -> None:
    if host and host.rstrip("/") != order.target.url:
        raise UserError(
            f"--host {host} is not the address of the target {order.target.name!r}",
            "Leave --host out: a load test aims at the configured target and at nothing else.",
            code="other-host",
        )


def _mark(order: LoadOrder) -> str:
    return order.mark or "".join(secrets.choice(_MARK) for _ in range(6))


def _bound(options: Any, *, owned: bool) -> None:
    """See to it that a run ends by itself."""
    if not options.worker and not options.run_time and not owned:
        options.run_time = RUN_TIME_S
        sys.stderr.write(f"no -t: the run ends after {RUN_TIME_S} s\n")


def _on_test_start(environment: Any, **_: Any) -> None:
    master = _session.master
    if master is None:
        return
    options = environment.parsed_options
    seconds = float(options.run_time or RUN_TIME_S)
    # Its page lets people change the host, and leave the time out.
    environment.host = options.host = master.order.target.url
    master.prepare()
    if environment.web_ui is not None:
        _session.jobs.append(gevent.spawn_later(seconds, environment.runner.stop))
    if _session.rate is not None:
        _session.jobs.append(gevent.spawn(_hold_rate, master, _session.rate, seconds))


def _on_test_stop(**_: Any) -> None:
    while _session.jobs:
        job = _session.jobs.pop()
        if job is not gevent.getcurrent():  # the one that stops the run because its time is over
            job.kill(block=False)
    if _session.worker is not None:
        _session.worker.flush_files()
    if _session.master is not None:
        _session.master.clean()


def _hold_rate(master: Master, rate: float, seconds: float) -> None:
    """Hold the rate of ``--rate`` until the run ends."""
    master.prepared.wait()
    if master.problem:
        return
    problem = master.hold(rate, seconds, lambda _: None)
    if problem:
        master.fail(problem)


class _Control:
    """The pipe to the process that owns this one."""

    def __init__(self, reading: int, writing: int) -> None:
        self._in = FileObject(reading, "rb")
        self._out = FileObject(writing, "wb")
        self._orders: Queue = Queue()
        self._writing = BoundedSemaphore(1)

    def read(self) -> Any:
        """Return the next order; end the process if its owner is gone."""
        line = self._in.readline()
        if not line:
            sys.exit(2)
        return json.loads(line)

    def write(self, **message: Any) -> None:
        """Say something to the owner, if it is still there."""
        with self._writing, contextlib.suppress(OSError):
            self._out.write(json.dumps(message).encode() + b"\n")
            self._out.flush()

    def listen(self, environment: Any) -> None:
        """Take orders; when the owner is gone, end the run at once, whatever is being done."""
        with contextlib.suppress(OSError):
            while line := self._in.readline():
                self._orders.put(json.loads(line))
        environment.runner.quit()

    def _tell(self, window: Window) -> None:
        self.write(window=WINDOW.dump_python(window, mode="json"))

    def serve(self, master: Master | None) -> None:
        """Do what the owner says, one thing after the other."""
        if master is not None:
            master.prepared.wait()
            self.write(problem=master.problem) if master.problem else self.write(
                ready=True, **_facts(master)
            )
        while master is not None:
            order = self._orders.get()
            problem = master.hold(order["rate"], order["seconds"], self._tell)
            self.write(problem=problem) if problem else self.write(end=True)


def _facts(master: Master) -> dict[str, Any]:
    assert master.setup is not None
    operations = master.order.profile.operations
    skipped = {operations[number].name: why for number, why in master.setup.skipped.items()}
    return {
        "mark": master.setup.mark,
        "skipped": skipped,
        "made": list(master.setup.made),
    }
