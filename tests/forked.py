"""``python -m …`` in a process of its own, without waiting for its imports.

A server process (:mod:`multiprocessing.forkserver`) imports once what commands need, and each
command is a fork of it: with a process id, standard streams, an environment, a folder and an exit
code of its own, as if somebody had started it; only the second that its imports take is saved.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from multiprocessing.context import ForkServerContext
from pathlib import Path

DEADLINE_S = 120.0


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended.

    Attributes:
        code: Its exit code, negative for a signal.
        out: What it printed.
        err: What it said to standard error.
    """

    code: int
    out: str
    err: str


def run_module(
    module: str,
    *arguments: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = DEADLINE_S,
) -> Done:
    """Run ``python -m module arguments`` to its end.

    Args:
        module: ``pytest``, ``parity``.
        *arguments: Its command line.
        cwd: Its folder; ours if nothing is said.
        env: Its environment; ours if nothing is said.
        timeout: Seconds after which it is killed.

    Returns:
        How it ended.

    Raises:
        TimeoutError: It did not; with what it had said.
    """
    with tempfile.TemporaryDirectory(prefix="parity-forked-") as name:
        streams = (Path(name) / "out", Path(name) / "err")
        process = _context().Process(
            target=_run,
            args=(module, arguments, str(cwd or Path.cwd()), dict(env or os.environ), streams),
        )
        process.start()
        process.join(timeout)
        late = process.exitcode is None
        if late:
            process.kill()
            process.join()
        out, err = (path.read_text("utf-8", "replace") if path.exists() else "" for path in streams)
    if late:
        raise TimeoutError(f"{module} {' '.join(arguments)} did not end:\n{out[-2000:]}{err}")
    assert process.exitcode is not None
    return Done(process.exitcode, out, err)


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    plugins = [entry.module for entry in entry_points(group="pytest11")]
    context.set_forkserver_preload(["pytest", "hypothesis", *plugins, "parity.cli"])
    return context


def _run(
    module: str,
    arguments: tuple[str, ...],
    cwd: str,
    env: dict[str, str],
    streams: tuple[Path, Path],
) -> None:
    """Become the command; this is the child."""
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    for number, path in enumerate(streams, start=1):
        with path.open("wb") as sink:
            os.dup2(sink.fileno(), number)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv[1:] = arguments
    sys.path.insert(0, cwd)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        # multiprocessing leaves by os._exit.
        atexit._run_exitfuncs()
