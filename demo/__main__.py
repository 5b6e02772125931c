"""A whole migration, from the hosted service to the shipped app: ``make demo``.

Everything is real and on this machine: a mongod, a Parse Server 2.8.4 that stands in for the
hosted service, a Parse Server 9.10.0, traffic of 30 clients. Five things are wrong at first; gate 8
names them, they are mended, and both gates pass. Exit code 0 if all went as it should, 1 if not.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from demo.shell import Shell, Unexpected
from demo.story import tell
from parity.model import ExitCode, UserError

FOLDER = Path("reports/demo")


def main() -> int:
    """Tell the story; return the exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shell = Shell(FOLDER.absolute())
    try:
        tell(shell)
    except Unexpected as error:
        shell.console.print(f"\nThe demo went wrong: {error}", style="red", markup=False)
        return ExitCode.FAIL
    except UserError as error:
        shell.console.print(f"\n{error.what}\n{error.remedy}", style="red", markup=False)
        return ExitCode.CANNOT_JUDGE
    except KeyboardInterrupt:
        shell.console.print("\ninterrupted; its servers are stopped")
        return ExitCode.INTERRUPTED
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main())
