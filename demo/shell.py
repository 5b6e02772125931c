"""Runs commands as a person would, and shows what they say."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console

from parity.stack.processes import die_with_me

DEADLINE_S: Final = 480.0
LINES_OF_A_LIST: Final = 40
SHOWN: Final = 6
"""Lines of a command's output that are shown; the end says what came of it."""


class Unexpected(Exception):
    """A command did not end as the story wants."""


@dataclass(slots=True)
class Shell:
    """Runs commands in one folder with the secrets in the environment.

    Attributes:
        folder: Working directory.
        environ: Secrets by the names that ``parity.toml`` gives them.
        console: Where it all is shown.
    """

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    started: float = field(default_factory=time.monotonic)

    def title(self, text: str) -> None:
        """Begin a part of the story."""
        self.console.print(f"\n[bold]{text}[/bold]  [dim]{self.elapsed_s:.0f} s[/dim]")

    def say(self, text: str) -> None:
        """Tell what the demo does itself."""
        self.console.print(f"  {text}", markup=False)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self.started

    def run(self, *command: str, expect: Sequence[int] = (0,), shown: int = SHOWN) -> str:
        """Run a command to its end.

        Args:
            *command: ``parity`` or ``pytest``, and arguments.
            expect: Exit codes that the story allows.
            shown: Lines of its output to show.

        Returns:
            What it said on standard output.

        Raises:
            Unexpected: Another exit code, with everything it said.
        """
        self.console.print(f"  $ {' '.join(command)}", style="cyan", markup=False)
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own commands
            [*die_with_me(), sys.executable, "-m", *command],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        self._show(done.stdout, shown)
        took = time.monotonic() - began
        self.console.print(f"    [dim]exit code {done.returncode}, {took:.1f} s[/dim]")
        if done.returncode not in expect:
            wanted = " or ".join(map(str, expect))
            raise Unexpected(
                f"{' '.join(command[:2])} ended with {done.returncode}, not {wanted}:\n"
                f"{done.stdout}\n{done.stderr}"
            )
        return done.stdout

    @contextmanager
    def beside(self, *command: str, until: str, expect: int = 0) -> Iterator[str]:
        """Run a command while the context lasts; it ends by itself, or is told to by Ctrl-C.

        Args:
            *command: ``parity`` and arguments.
            until: Pattern in a line on its standard error; then the context begins.
            expect: Its exit code.

        Yields:
            The group of the pattern, or the whole of what it matched.

        Raises:
            Unexpected: It never said so, or ended with another exit code.
        """
        self.console.print(f"  $ {' '.join(command)}", style="cyan", markup=False)
        with subprocess.Popen(  # noqa: S603 - our own command
            [*die_with_me(), sys.executable, "-m", *command],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield _wait_for(process, until)
                if command[1] == "capture":
                    process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=DEADLINE_S)
            finally:
                process.kill()
        self._show(out, LINES_OF_A_LIST)
        if process.returncode != expect:
            raise Unexpected(
                f"{' '.join(command[:2])} ended with {process.returncode}:\n{out}{err}"
            )

    def _show(self, text: str, lines: int) -> None:
        said = [each for each in text.rstrip().splitlines() if each.strip()]
        if len(said) > lines:
            self.console.print("    …", style="dim")
        for line in said[-lines:] if lines else ():
            self.console.print(f"    {line}", markup=False)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PARITY_")}
        cache = {name: os.environ[name] for name in ("PARITY_CACHE",) if name in os.environ}
        return {**kept, **cache, **self.environ, "COLUMNS": "120"}


def _wait_for(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(pattern, line):
            return found[found.lastindex or 0]
    raise Unexpected(f"it never said {pattern!r}:\n{''.join(said)}")
