"""The command ``parity``: one module per command, and one place that turns ends into exit codes."""

from __future__ import annotations

import ast
import errno
import os
import secrets
import sys
import traceback
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Any, Final

import click
from click.exceptions import NoSuchCommand

from parity import jobs
from parity.model import ExitCode, UserError
from parity.model.errors import HarnessError
from parity.wire import Redactor

EPILOG = "Exit codes: 0 pass, 1 fail, 2 could not judge, 130 interrupted."


COMMANDS: Final = {
    "capture": "Record what an app says to its server, and what the server answers.",
    "doctor": "Say what is there, what is missing and how to get it.",
    "dossier": "Put all verdicts and what they rest on into one page, for the person who signs.",
    "explain": (
        "Explain a difference between the hosted service and Parse Server, or what was found."
    ),
    "export": "Write a recording as a HAR 1.2 file, which browsers and mitmproxy can open.",
    "gate": "Judge by the evidence of earlier runs whether the app may go on.",
    "import": "Make a recording of HAR files, cassettes, Parse Server logs, or folders of them.",
    "init": "Write the parity.toml of an app: its servers, its traffic, its sources.",
    "openapi": (
        "Write the REST API of an app as OpenAPI 3.1: its classes and the built-in endpoints."
    ),
    "profile": "Derive a load profile from a recording.",
    "seed": "Fill an empty MongoDB with the database of a Parse app, made up.",
    "stack": "Run real Parse Servers on a real MongoDB, to be thrown away afterwards.",
    "status": "Show how far the migration is: twelve steps, done, open, stale or failed.",
    "suites": "Print the folder of the shipped suites.",
}
"""Each command, and what `parity --help` says of it; its module and function have its name."""


class ExitCodes(click.Group):
    """A group that ends the process with a code of :class:`ExitCode`, whatever happens."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run a command; in standalone mode end the process, else behave like click."""
        run: Callable[..., Any] = partial(super().main, *args, standalone_mode=False, **extra)
        return sys.exit(_exit_code(run)) if standalone_mode else run()


class LazyCommands(ExitCodes):
    """The commands of :data:`COMMANDS` and of the jobs, each imported when it is called.

    A job brings its command in ``parity/jobs/<name>/command.py``, as a function of the job's name.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*COMMANDS, *job_commands(), *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command, and only that."""
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        if cmd_name in job_commands():
            module = f"parity.jobs.{name}.command"
        elif cmd_name in COMMANDS:
            module = f"parity.cli.{name}"
        else:
            if (command := super().get_command(ctx, cmd_name)) is None:
                raise NoSuchCommand(cmd_name, possibilities=self.list_commands(ctx), ctx=ctx)
            return command
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands without importing any of them."""
        said = COMMANDS | {name: short_help(file) for name, file in job_commands().items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(said.items()))


@cache
def job_commands() -> dict[str, Path]:
    """Return the command of each job: its name and its module's file."""
    found = [file for folder in jobs.__path__ for file in Path(folder).glob("*/command.py")]
    return {file.parent.name: file for file in sorted(found)}


def short_help(file: Path) -> str:
    """Return what ``parity --help`` says of a job: the first sentence of its command's docstring.

    Args:
        file: The module; it is read, not imported.
    """
    functions = ast.parse(file.read_text("utf-8")).body
    [said] = [
        ast.get_docstring(node) or ""
        for node in functions
        if isinstance(node, ast.FunctionDef) and node.name == file.parent.name
    ]
    return " ".join(said.partition("\n\n")[0].split())


@click.group(
    cls=LazyCommands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="parse-parity", prog_name="parity")
def main() -> None:
    """Prove that a Parse app behaves the same after it moves.

    The checks themselves run with pytest:

    \b
        pytest suites/
        pytest suites/ --config parity.toml --target selfhosted
    """  # noqa: D301 - click wants the control character


def _complain(*lines: str) -> None:
    """Print an error; what has the form of a token or is somebody's address is no part of it."""
    redactor = Redactor({}, secrets.token_bytes(32))
    for line in lines:
        if line:
            click.echo(redactor.text(line), err=True)


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
    except Exception as error:  # noqa: BLE001 - the last place that can say it in one line
        _complain(
            f"error in parse-parity itself: {type(error).__name__}: {error}",
            "Please report it with the command that you ran and the output of `parity doctor`. "
            "PARITY_TRACEBACK=1 shows where it happened.",
        )
        if os.environ.get("PARITY_TRACEBACK"):
            traceback.print_exc()
    return ExitCode.CANNOT_JUDGE
