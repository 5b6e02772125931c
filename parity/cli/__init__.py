"""The command ``parity``: one module per command, and one place that turns ends into exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from parity.cli.audit import audit
from parity.cli.capture import capture
from parity.cli.deployment import deployment
from parity.cli.doctor import doctor
from parity.cli.dossier import dossier
from parity.cli.explain import explain
from parity.cli.export import export
from parity.cli.files import files
from parity.cli.gate import gate
from parity.cli.import_ import import_
from parity.cli.indexes import indexes
from parity.cli.preflight import preflight
from parity.cli.profile import profile
from parity.cli.replay import replay
from parity.cli.scan import scan
from parity.cli.seed import seed
from parity.cli.settings import settings
from parity.cli.size import size
from parity.cli.stack import stack
from parity.cli.status import status
from parity.cli.suites import suites
from parity.cli.verify import verify
from parity.cli.web import web
from parity.model import ExitCode, UserError
from parity.model.errors import HarnessError

EPILOG = "Exit codes: 0 pass, 1 fail, 2 could not judge, 130 interrupted."


class ExitCodes(click.Group):
    """A group that ends the process with a code of :class:`ExitCode`, whatever happens."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run a command; in standalone mode end the process, else behave like click."""
        run: Callable[..., Any] = partial(super().main, *args, standalone_mode=False, **extra)
        return sys.exit(_exit_code(run)) if standalone_mode else run()


@click.group(cls=ExitCodes, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="parse-parity", prog_name="parity")
def main() -> None:
    """Prove that a Parse app behaves the same after it moves.

    The checks themselves run with pytest:

    \b
        pytest suites/
        pytest suites/ --config parity.toml --target selfhosted
    """  # noqa: D301 - click wants the control character


main.add_command(doctor)
main.add_command(capture)
main.add_command(import_)
main.add_command(dossier)
main.add_command(export)
main.add_command(explain)
main.add_command(audit)
main.add_command(deployment)
main.add_command(files)
main.add_command(gate)
main.add_command(indexes)
main.add_command(preflight)
main.add_command(profile)
main.add_command(replay)
main.add_command(scan)
main.add_command(seed)
main.add_command(settings)
main.add_command(size)
main.add_command(stack)
main.add_command(status)
main.add_command(suites)
main.add_command(verify)
main.add_command(web)


def _complain(*lines: str) -> None:
    for line in lines:
        if line:
            click.echo(line, err=True)


def _let_go_of_stdout() -> None:
    # The reader has gone (`parity ... | head`); without this Python complains at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_code(run: Callable[[], Any]) -> int:
    try:
        return int(run() or ExitCode.PASS)
    except click.ClickException as error:
        error.show()
        return ExitCode.CANNOT_JUDGE
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return ExitCode.INTERRUPTED
    except UserError as error:
        _complain(f"error: {error.what}", error.remedy)
    except HarnessError as error:
        _complain(f"error: {error}")
    except OSError as error:
        if error.errno == errno.EPIPE:
            _let_go_of_stdout()
        else:
            _complain(f"error: {error}")
    except Exception as error:  # the last place that can say it in one line
        _complain(
            f"error in parse-parity itself: {type(error).__name__}: {error}",
            "Please report it with the command that you ran and the output of `parity doctor`. "
            "PARITY_TRACEBACK=1 shows where it happened.",
        )
        if os.environ.get("PARITY_TRACEBACK"):
            raise
    return ExitCode.CANNOT_JUDGE
