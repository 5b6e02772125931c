"""One throw-away Parse Server behind the proxy, and suites run against it as a user would."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.model import Outcome, Target
from parity.model.evidence import CheckEvent, Evidence, read_evidence
from parity.paths import shipped
from parity.stack import selfhosted_member, start_stack, stop_stack
from tests.faults.model import Fault
from tests.faults.proxy import Listener, Proxy

ROOT = Path(__file__).parents[2]
RUN_S = 900.0
TARGET = "wrong"
SECRETS = ("app_id", "rest_key", "client_key", "javascript_key", "dotnet_key", "master_key")


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """What one ``pytest suites/…`` said.

    Attributes:
        exit_status: pytest's.
        output: What it printed.
        evidence: What it wrote; ``None`` if it did not get that far.
        listener: The listener that it ran against.
    """

    exit_status: int
    output: str
    evidence: Evidence | None
    listener: Listener

    def checks(self, *outcomes: Outcome) -> list[CheckEvent]:
        """Return the checks with one of these outcomes."""
        found = self.evidence.checks if self.evidence else ()
        return [check for check in found if check.outcome in outcomes]


class Bench:
    """Runs suites against the server, right or wrong.

    Args:
        server: The embedded server.
        proxy: A proxy in front of it.
        folder: Where configurations and evidence go.
    """

    def __init__(self, server: Target, proxy: Proxy, folder: Path) -> None:
        self.server = server
        self.proxy = proxy
        self._folder = folder
        self._numbers = itertools.count(1)

    def run(
        self,
        tests: Sequence[str],
        fault: Fault | None = None,
        *,
        watch: Sequence[Fault] = (),
        exchanges: Mapping[str, int] | None = None,
        options: Sequence[str] = (),
    ) -> SuiteRun:
        """Run tests with ``--target wrong`` in a process of their own.

        Args:
            tests: Folders, files or node ids, from the root of the checkout.
            fault: What the server gets wrong.
            watch: Faults whose effect is noted, see :meth:`Proxy.listen`.
            exchanges: See :class:`tests.faults.model.State`.
            options: More options for pytest.

        Returns:
            What came of it.
        """
        listener = self.proxy.listen(fault, watch=watch, exchanges=exchanges)
        folder = self._folder / f"{next(self._numbers)}-{fault.name if fault else 'control'}"
        folder.mkdir()
        config = folder / "parity.toml"
        config.write_text(configuration(listener.url), encoding="utf-8")
        reports = folder / "reports"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *tests),
                *("--config", str(config), "--target", TARGET, "--report-dir", str(reports)),
                *("-q", "-n", "0", "--tb=no", "-p", "no:cacheprovider"),
                *("-p", "tests.faults.attribution", *options),
            ],
            cwd=ROOT,
            env=environment(self.server),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        files = sorted(reports.glob("*/evidence.jsonl"))
        evidence = read_evidence(files[0]) if files else None
        return SuiteRun(done.returncode, done.stdout, evidence, listener)


@contextlib.contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    """Start a server with the cloud fixture and a proxy, and stop both at the end.

    Args:
        folder: Where configurations and evidence go.
    """
    stack = start_stack([selfhosted_member()], cloud=shipped("scenarios/cloud/main.js"))
    try:
        server = stack.targets[0]
        assert server.keys.master_key is not None
        with Proxy(server.url, server.keys.master_key.value, spare_sweeps=True) as proxy:
            yield Bench(server, proxy, folder)
    finally:
        stop_stack(stack)


def configuration(url: str) -> str:
    """Return a ``parity.toml`` with the one target ``wrong``."""
    lines = [f'reports = "reports"\n\n[targets.{TARGET}]', 'style = "parse-server"', f'url = "{url}"']
    lines += [f'{name} = "env:{variable(name)}"' for name in SECRETS]
    return "\n".join([*lines, 'writes = "disposable"', ""])


def environment(server: Target) -> dict[str, str]:
    """Return the environment of a run, with the server's keys and no settings of our caller."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("PARITY_", "PYTEST_"))}
    known = {name: secret.value for name, secret in server.secrets()}
    return {**inherited, **{variable(name): known[name] for name in SECRETS}}


def variable(name: str) -> str:
    """Return the environment variable of a secret."""
    return f"{TARGET}_{name}".upper()
