"""The directory of a running stack, and what killed runs left behind.

A stack's directory is called ``parse-parity-*`` and lies in the system's temporary folder, or in
memory where there is room, because MongoDB makes a new class there three times as fast. Its
supervisor holds a lock on the file ``lock`` inside for as long as it lives, by whatever way it
ends; so a directory whose lock is free is left over, and one whose lock is held is not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "parse-parity-"
UNFINISHED = "parse-parity.new-"
UNFINISHED_IS_STALE_AFTER_S = 600.0
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - what is put there has a random name
MEMORY_NEEDS = 4 * 10**9
"""Free bytes from which memory is used; a stack takes about a tenth of it."""


def create_directory(base: Path | None = None) -> tuple[Path, int]:
    """Create a directory that only its owner can read, and hold its lock.

    Args:
        base: Where; ``None`` for :func:`temporary_folder`.

    Returns:
        The directory and the descriptor that holds the lock until it is closed.
    """
    base = base or temporary_folder()
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=base))
    lock = os.open(unfinished / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Under its final name it is locked from the first moment, so no sweep can take it for stale.
    final = unfinished.with_name(PREFIX + unfinished.name.removeprefix(UNFINISHED))
    unfinished.rename(final)
    return final, lock


def temporary_folder() -> Path:
    """Return where stacks are put: ``TMPDIR`` if set, else memory with room, else ``/tmp``."""
    if not os.environ.get("TMPDIR") and os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
        with contextlib.suppress(OSError):
            if shutil.disk_usage(SHARED_MEMORY).free >= MEMORY_NEEDS:
                return SHARED_MEMORY
    return Path(tempfile.gettempdir())


def is_live(directory: Path) -> bool:
    """Tell whether a supervisor lives that owns this directory."""
    try:
        lock = os.open(directory / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def leftovers(base: Path | None = None) -> list[Path]:
    """List the directories of stacks whose supervisor is dead.

    Args:
        base: Where to look; ``None`` for everywhere that a stack may have been put.

    Returns:
        Directories of this user, sorted.
    """
    bases = {base} if base else {SHARED_MEMORY, Path(tempfile.gettempdir())}
    return sorted(path for each in bases for path in _own_directories(each) if _is_stale(path))


def sweep(base: Path | None = None) -> list[Path]:
    """Remove the directories of stacks whose supervisor is dead; return those removed."""
    found = leftovers(base)
    for directory in found:
        shutil.rmtree(directory, ignore_errors=True)
    return found


def _own_directories(base: Path) -> Iterator[Path]:
    for path in [*base.glob(PREFIX + "*"), *base.glob(UNFINISHED + "*")]:
        with contextlib.suppress(OSError):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid():
                yield path


def _is_stale(path: Path) -> bool:
    if path.name.startswith(PREFIX):
        # Without a lock file it is half removed, by a sweep or a stop that goes on right now.
        return not is_live(path)
    with contextlib.suppress(OSError):
        age = time.time() - path.stat().st_mtime
        return age > UNFINISHED_IS_STALE_AFTER_S and not is_live(path)
    return False
