"""Putting Parse Server versions in place with ``npm ci``, once per user.

A version is installed into ``<cache>/servers/<version>-<digest of its lock>/``. It gets that name
only when it is complete, so a folder of that name can always be used.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs

from parity.model import UserError
from parity.stack.parts import Part
from parity.stack.processes import die_with_me
from parity.stack.versions import lock_folder

Progress = Callable[[str], None]

CI_ARGUMENTS = (
    "ci",
    "--omit=optional",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    # npm's own patience, 70 s and more, is too long for somebody who is offline.
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
)
PROGRESS_EVERY_S = 5.0
POLL_S = 0.1
LOG_LINES = 12
NO_NEWS = re.compile(r"npm (error|ERR!)(\s+at .*|\s*)$")
"""Stack frames and empty lines in npm's output."""
NAMED = 3
"""How many versions a line of progress names."""


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the per-user cache: ``PARITY_CACHE``, else the platform's folder."""
    configured = environ.get("PARITY_CACHE", "")
    return Path(configured).expanduser().absolute() if configured else _platform_cache()


def server_folder(version: str, cache: Path) -> Path:
    """Return where a version is, or would be, installed.

    Args:
        version: A version of the table.
        cache: See :func:`cache_root`.

    Returns:
        The folder that holds ``node_modules``; it exists if and only if it is complete.
    """
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((lock_folder(version) / name).read_bytes())
    return cache / "servers" / f"{version}-{digest.hexdigest()[:16]}"


def install(
    versions: Sequence[str],
    *,
    npm: Callable[[], Part],
    progress: Progress,
    cache: Path | None = None,
) -> dict[str, Path]:
    """Install what is missing; several versions at the same time.

    Safe to call from many processes: one installs, the others wait for it.

    Args:
        versions: Versions of the table.
        npm: Finds npm; called only if something has to be installed.
        progress: Gets one line now and then.
        cache: The cache; ``None`` for :func:`cache_root`.

    Returns:
        The folder of each version.

    Raises:
        UserError: npm failed (with the end of its output), or the cache cannot be written.
    """
    root = cache_root() if cache is None else cache
    folders = {version: server_folder(version, root) for version in sorted(set(versions))}
    missing = {v: folder for v, folder in folders.items() if not folder.is_dir()}
    if missing:
        try:
            with contextlib.ExitStack() as locks:
                # Everybody locks in the same order, so two installers cannot block each other.
                for version, folder in missing.items():
                    locks.enter_context(_locked(folder, version, progress))
                still = {v: folder for v, folder in missing.items() if not folder.is_dir()}
                if still:
                    _install_all(still, npm(), progress)
        except OSError as error:
            raise UserError(
                f"cannot write the cache {root}: {error}",
                "Make room or make it writable, or set PARITY_CACHE to another folder.",
                code="cache-unwritable",
            ) from error
    return folders


def stderr_progress(line: str) -> None:
    """Print a line of progress on stderr."""
    sys.stderr.write(f"parity: {line}\n")
    sys.stderr.flush()


def _platform_cache() -> Path:
    return Path(platformdirs.user_cache_dir("parse-parity", appauthor=False))


@contextlib.contextmanager
def _locked(folder: Path, version: str, progress: Progress) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"waiting for another process that installs Parse Server {version}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class _Run:
    """One ``npm ci`` at work."""

    version: str
    final: Path
    folder: Path
    log: IO[bytes]
    process: subprocess.Popen[bytes]


def _install_all(missing: Mapping[str, Path], npm: Part, progress: Progress) -> None:
    started = time.monotonic()
    names = ", ".join(missing) if len(missing) <= NAMED else f"in {len(missing)} versions"
    what = f"installing Parse Server {names} with npm"
    progress(what)
    runs: list[_Run] = []
    try:
        runs.extend(_start(version, final, npm) for version, final in missing.items())
        shown = started
        while any(run.process.poll() is None for run in runs):
            _fail_if_failed(runs)
            time.sleep(POLL_S)
            if time.monotonic() - shown >= PROGRESS_EVERY_S:
                shown = time.monotonic()
                progress(f"{what}: {shown - started:.0f} s")
        _fail_if_failed(runs)
        for run in runs:
            run.folder.rename(run.final)
        progress(f"installed in {time.monotonic() - started:.0f} s into {runs[0].final.parent}")
    finally:
        for run in runs:
            _clean_up(run)


def _start(version: str, final: Path, npm: Part) -> _Run:
    # The lock is held, so whatever lies there was left by an installer that was killed.
    for leftover in final.parent.glob(f"{final.name}.tmp-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{final.name}.tmp-", dir=final.parent))
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(lock_folder(version) / name, folder / name)
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _clean_up
    process = subprocess.Popen(  # noqa: S603 - the npm that was found
        [*die_with_me(), *npm.command, *CI_ARGUMENTS],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    return _Run(version, final, folder, log, process)


def _fail_if_failed(runs: Sequence[_Run]) -> None:
    for run in runs:
        if run.process.poll():
            run.log.seek(0)
            lines = run.log.read().decode("utf-8", "replace").strip().splitlines()
            told = [line for line in lines if not NO_NEWS.match(line)]
            tail = "\n".join(f"  {line}" for line in told[-LOG_LINES:])
            raise UserError(
                f"npm could not install Parse Server {run.version} "
                f"(exit {run.process.returncode}). It said:\n{tail}",
                "Check the network and `npm config get registry`, then try again: "
                "parse-parity needs npm's registry once per Parse Server version.",
                code="npm-failed",
            )


def _clean_up(run: _Run) -> None:
    if run.process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait()
    run.log.close()
    shutil.rmtree(run.folder, ignore_errors=True)
