"""Run a program that dies with its parent: ``python -I -S shim.py <parent pid> program args...``.

On Linux the kernel kills the program when the parent goes, even by ``kill -9``. A separate program
does this, not a ``preexec_fn``, because that is unsafe in a parent with threads. Imports nothing
of parity, so that it costs milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for SIGKILL on the parent's death, then become the program."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the line above.
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - becoming the program is the purpose


main()
