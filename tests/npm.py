"""Puts npm packages that tests need in place with ``npm ci``, once per user."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from parity.stack.install import CI_ARGUMENTS, cache_root
from parity.stack.parts import find_node, find_npm

NPM_DEADLINE_S = 300.0


def npm_folder(locks: Path, kind: str) -> Path:
    """Return a folder with ``node_modules``, after installing it if need be.

    Args:
        locks: Folder with ``package.json`` and ``package-lock.json``; the lock has no addresses.
        kind: Where in the cache: ``sdk``.

    Raises:
        RuntimeError: npm failed; with the end of its output.
    """
    digest = hashlib.sha256((locks / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = cache_root() / kind / f"{locks.name}-{digest}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _install(locks, folder)
    return folder


def _install(locks: Path, folder: Path) -> None:
    made = Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp-", dir=folder.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(locks / name, made / name)
        done = subprocess.run(
            [*find_npm(find_node()).command, *CI_ARGUMENTS],
            cwd=made,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=NPM_DEADLINE_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"npm could not install {locks.name}:\n{done.stderr[-2000:]}")
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
