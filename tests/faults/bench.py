"""One throw-away Parse Server behind the proxy, and suites run against it as a user would."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.model import Target
from parity.model.evidence import CheckEvent, read_evidence
from parity.stack import selfhosted_member, start_stack, stop_stack
from tests.cloud import CLOUD
from tests.faults.attribution import PLAN
from tests.faults.model import Fault
from tests.faults.proxy import Proxy, Sightings

ROOT = Path(__file__).parents[2]
RUN_S = 1800.0
RIGHT = "right"
"""Name of the target without a fault."""
SECRETS = ("app_id", "rest_key", "client_key", "javascript_key", "dotnet_key", "master_key")
Plan = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """What one ``pytest suites/…`` said.

    Attributes:
        exit_status: pytest's.
        output: What it printed.
        checks: The checks of its evidence, by target.
        sightings: What the listener of the right server saw.
    """

    exit_status: int
    output: str
    checks: dict[str, list[CheckEvent]]
    sightings: Sightings


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

    def control(
        self,
        tests: Sequence[str],
        watch: Sequence[Fault] = (),
        checks: Sequence[str] | None = None,
    ) -> SuiteRun:
        """Run tests against the right server, as ``--target right``.

        Args:
            tests: Folders, files or node ids, from the root of the checkout.
            watch: Faults whose effect is noted, see :meth:`Proxy.listen`.
            checks: Ids of the checks to run; ``None`` runs all.
        """
        listener = self.proxy.listen(watch=watch)
        plan = None if checks is None else {RIGHT: checks}
        return self._run(tests, {RIGHT: listener.url}, plan, listener.sightings)

    def run(
        self,
        tests: Sequence[str],
        faults: Sequence[Fault],
        plan: Plan | None = None,
        exchanges: Mapping[str, int] | None = None,
        *,
        until_noticed: bool = False,
    ) -> SuiteRun:
        """Run tests against wrong servers, each a target with the name of its fault.

        Args:
            tests: Folders, files or node ids, from the root of the checkout.
            faults: What the servers get wrong.
            plan: Check ids for each fault; ``None`` runs all tests on each.
            exchanges: See :class:`tests.faults.model.State`.
            until_noticed: Whether a fault is done with its first check that fails.
        """
        urls = {fault.name: self.proxy.listen(fault, exchanges=exchanges).url for fault in faults}
        return self._run(tests, urls, plan, Sightings(), until_noticed=until_noticed)

    def _run(
        self,
        tests: Sequence[str],
        urls: Mapping[str, str],
        plan: Plan | None,
        seen: Sightings,
        *,
        until_noticed: bool = False,
    ) -> SuiteRun:
        folder = self._folder / f"{next(self._numbers)}-{next(iter(urls))}"
        folder.mkdir(parents=True)
        config = folder / "parity.toml"
        config.write_text(configuration(urls), encoding="utf-8")
        env = environment(self.server)
        if plan is not None:
            env[PLAN] = str(folder / "plan.json")
            order = {
                "checks": {k: list(v) for k, v in plan.items()},
                "until_noticed": until_noticed,
            }
            Path(env[PLAN]).write_text(json.dumps(order), encoding="utf-8")
        reports = folder / "reports"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *tests),
                *("--config", str(config), "--report-dir", str(reports)),
                *("-q", "-n", "0", "--tb=no", "-p", "no:cacheprovider"),
                *("-p", "tests.faults.attribution"),
            ],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        checks: dict[str, list[CheckEvent]] = defaultdict(list)
        for file in reports.glob("*/evidence.jsonl"):
            for check in read_evidence(file).checks:
                checks[check.target].append(check)
        return SuiteRun(done.returncode, done.stdout, checks, seen)


@contextlib.contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    """Start a server with the cloud fixture and a proxy, and stop both at the end.

    Args:
        folder: Where configurations and evidence go.
    """
    stack = start_stack([selfhosted_member()], cloud=CLOUD)
    try:
        server = stack.targets[0]
        assert server.keys.master_key is not None
        with Proxy(server.url, server.keys.master_key.value, spare_sweeps=True) as proxy:
            yield Bench(server, proxy, folder)
    finally:
        stop_stack(stack)


def configuration(urls: Mapping[str, str]) -> str:
    """Return a ``parity.toml`` with a target for each of these URLs."""
    secrets = "".join(f'{name} = "env:{variable(name)}"\n' for name in SECRETS)
    return "\n".join(
        f'[targets.{name}]\nstyle = "parse-server"\nurl = "{url}"\n{secrets}writes = "disposable"\n'
        for name, url in urls.items()
    )


def environment(server: Target) -> dict[str, str]:
    """Return the environment of a run, with the server's keys and no settings of our caller."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("PARITY_", "PYTEST_"))}
    known = {name: secret.value for name, secret in server.secrets()}
    return {**inherited, **{variable(name): known[name] for name in SECRETS}}


def variable(name: str) -> str:
    """Return the environment variable of a secret."""
    return f"WRONG_{name}".upper()
