"""How every command ends."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result

from parity.cli import COMMANDS, ExitCodes, job_commands, main, short_help
from parity.model import ExitCode, HarnessError, UserError


def end_with(error: BaseException | None, value: object = None) -> Result:
    @click.group(cls=ExitCodes)
    def group() -> None: ...

    @group.command()
    def run() -> object:
        if error is not None:
            raise error
        return value

    return CliRunner().invoke(group, ["run"])


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, 0), (ExitCode.PASS, 0), (ExitCode.FAIL, 1), (ExitCode.CANNOT_JUDGE, 2)],
)
def test_a_command_ends_with_what_it_returns(value: object, code: int) -> None:
    assert end_with(None, value).exit_code == code


def test_a_user_error_says_what_and_the_remedy() -> None:
    result = end_with(UserError("the sky is green", "Look up."))
    assert result.exit_code == 2
    assert result.stderr == "error: the sky is green\nLook up.\n"
    assert result.stdout == ""


def test_a_server_that_could_not_be_judged_is_2() -> None:
    result = end_with(HarnessError("staging does not answer"))
    assert (result.exit_code, result.stderr) == (2, "error: staging does not answer\n")


def test_an_operating_system_error_is_one_line() -> None:
    result = end_with(OSError(errno.ENOSPC, "No space left on device"))
    assert result.exit_code == 2
    assert result.stderr == "error: [Errno 28] No space left on device\n"


def test_an_interrupt_is_130() -> None:
    assert end_with(KeyboardInterrupt()).exit_code == 130


def test_a_fault_of_our_own_is_one_line_and_how_to_report_it() -> None:
    result = end_with(ZeroDivisionError("division by zero"))
    assert result.exit_code == 2
    assert "parse-parity itself: ZeroDivisionError: division by zero" in result.stderr
    assert "report" in result.stderr
    assert "Traceback" not in result.output


def test_an_unknown_command_gets_the_nearest_name() -> None:
    result = CliRunner().invoke(main, ["capturre"])
    assert result.exit_code == 2
    assert "Did you mean 'capture'?" in result.stderr


def test_an_unknown_option_gets_the_nearest_name() -> None:
    result = CliRunner().invoke(main, ["stack", "up", "--ony", "hosted"])
    assert result.exit_code == 2
    assert "--only" in result.stderr


def paths(command: click.Command, *names: str) -> Iterator[tuple[str, ...]]:
    yield names
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from paths(each, *names, name)


@pytest.mark.parametrize("path", list(paths(main)), ids=lambda path: " ".join(path) or "parity")
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage:")
    assert "\\b" not in result.stdout  # click keeps lines as they are after the control character


@pytest.mark.parametrize("path", [(), ("stack", "up"), ("doctor",)])
def test_help_shows_an_example(path: tuple[str, ...]) -> None:
    text = CliRunner().invoke(main, [*path, "--help"]).stdout
    assert any(line.startswith(("      parity ", "      pytest ")) for line in text.splitlines())


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("parity, version ")


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    context = click.Context(main)
    said = COMMANDS | {name: short_help(file) for name, file in job_commands().items()}
    assert sorted(said) == main.list_commands(context)
    for name, text in said.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(1000) == text


def test_help_imports_no_command() -> None:
    code = "import sys; from parity.cli import main; main(['--help'], standalone_mode=False); "
    code += "print([m for m in sys.modules if m.startswith(('parity.cli.', 'parity.jobs.'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_an_error_of_ours_is_no_verdict_even_with_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setenv("PARITY_TRACEBACK", "1")
    monkeypatch.setattr("click.Group.main", broken)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == ExitCode.CANNOT_JUDGE
    assert "Traceback" in capsys.readouterr().err
