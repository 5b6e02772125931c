"""``parity capture`` as a process of its own, as a user would start it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from parity.model import Target
from parity.stack.hand_use import config_text
from tests.stack.observe import as_in_a_terminal

DEADLINE_S = 60.0
# Whether or not the lead has registered it yet, this is the command.
COMMAND = """
from parity.cli import main
from parity.cli.capture import capture
main.add_command(capture)
main()
"""


@dataclass(slots=True)
class Capture:
    """A running capture.

    Attributes:
        process: Its process.
        url: Where clients send requests: address and mount.
        said: What it has said on stderr until it listened.
    """

    process: subprocess.Popen[str]
    url: str = ""
    said: list[str] = field(default_factory=list)

    def end(self, number: int = signal.SIGINT) -> tuple[str, str]:
        """Send a signal and wait; return what it said on stdout and on stderr."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[str, str]:
        """Wait until it has ended by itself; return as :meth:`end`."""
        out, err = self.process.communicate(timeout=DEADLINE_S)
        return out, "".join(self.said) + err


@contextmanager
def capturing(
    *arguments: str, cwd: Path, environ: dict[str, str] | None = None
) -> Iterator[Capture]:
    """Run ``parity capture`` on a free port until the context ends.

    Args:
        *arguments: Without ``--listen``.
        cwd: Its working directory.
        environ: Its environment; ``None`` for ours.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "capture", "--listen", "127.0.0.1:0", *arguments],
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,  # noqa: PLW1509 - the tests have no threads
    )
    running = Capture(process)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            running.said.append(line)
            if found := re.search(r"listening on (\S+)", line):
                running.url = found[1]
            if "Ctrl-C ends it" in line:
                break
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=DEADLINE_S)


@contextmanager
def running_capture(
    target: Target, out: Path, folder: Path, arguments: Sequence[str] = ()
) -> Iterator[str]:
    """Record what is sent to a target while the context lasts, keys redacted by their names.

    Args:
        target: The upstream.
        out: The recording.
        folder: Where its parity.toml is written, with references to the keys.
        arguments: More of them.

    Yields:
        The URL to use instead of the target's.
    """
    config = folder / "capture.toml"
    config.write_text(config_text((target,)), "utf-8")
    environ = {secret.source: secret.value for _, secret in target.secrets()}
    command = ["--upstream", target.name, "--config", str(config), "--out", str(out.absolute())]
    with capturing(*command, *arguments, cwd=folder, environ=environ) as running:
        assert running.url, "".join(running.said)
        yield running.url
        _, said = running.end()
        assert running.process.returncode == 0, said
