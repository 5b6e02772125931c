"""``parity deployment`` as people run it, against a real deployment on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from click.testing import CliRunner

import parity.jobs.deployment
from parity import __version__
from parity.gate import Now, read_runs
from parity.gate.judge import judge_rules
from parity.gate.load import load_gate
from parity.gate.result import State
from parity.gate.rules import GateFile
from parity.jobs.deployment import Check
from parity.jobs.deployment.command import deployment
from parity.model import UserError
from parity.model.evidence import read_evidence
from parity.report import verdict
from tests.deadlines import killed_after
from tests.jobs.deployment.conftest import authority  # noqa: F401 - a fixture
from tests.jobs.deployment.world import ORIGIN, OUTSIDE, Authority, Deployment, deployed
from tests.mongod import Mongod

SCHEMA = Path(parity.jobs.deployment.__file__).parent / "schemas" / "deployment.schema.json"
DEADLINE_S = 180.0


@pytest.fixture(scope="module")
def server(mongod: Mongod, authority: Authority) -> Iterator[Deployment]:  # noqa: F811
    """A deployment of this module."""
    with deployed(mongod, authority) as running:
        yield running


@pytest.fixture
def config(server: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A parity.toml for it."""
    keys = {"APP_ID": server.app_id, **{k.upper(): v for k, v in server.keys.items()}}
    lines = []
    for name, secret in keys.items():
        monkeypatch.setenv(f"DEPLOYED_{name}", secret.value)
        lines.append(f'{name.lower()} = "env:DEPLOYED_{name}"')
    file = tmp_path / "parity.toml"
    file.write_text(
        "\n".join(
            [
                "[targets.deployed]",
                'style = "parse-server"',
                f'url = "{server.proxy.origin}/parse"',
                *lines,
                f'ca = "{server.authority.file}"',
                f'origins = ["{ORIGIN}"]',
                'writes = "namespaced"',
                "[targets.other]",
                'style = "parse-server"',
                'url = "https://localhost/parse"',
                'app_id = "another"',
            ]
        )
    )
    return file


def arguments(config: Path, *more: str) -> list[str]:
    reports = str(config.parent / "reports")
    quick = ["--http-port", "1", "--max-latency-ms", "500", "--samples", "10"]
    return ["--target", "deployed", "--config", str(config), "--report-dir", reports, *quick, *more]


def run(config: Path, *more: str) -> Any:
    """Run it in this process; return its result."""
    return CliRunner().invoke(
        deployment, arguments(config, *more), standalone_mode=False, catch_exceptions=False
    )


def test_a_good_deployment_opens_gate_11(server: Deployment, config: Path) -> None:
    command = [sys.executable, "-m", "parity", "deployment", "--json", "--restart"]
    more = arguments(config, "--source-address", OUTSIDE, "--inside-target", "deployed")
    process = subprocess.Popen(
        [*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stdout is not None
    told = []
    with killed_after(process, DEADLINE_S):
        for line in process.stderr:
            told.append(line)
            if line.startswith("Restart the server of 'deployed' now"):
                server.server.stop()
                server.proxy.upstream = ""
            if line.startswith("The server is down"):
                server.proxy.upstream = server.server.start()
        document = json.loads(process.stdout.read())
    assert process.wait(DEADLINE_S) == 0, told

    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert {each["check"]: each["outcome"] for each in document["checks"]} == dict.fromkeys(
        map(str, Check), "pass"
    )
    assert (document["server_version"], document["notices"]) == ("9.10.0", [])
    assert document["sentence"] == "9 checks pass."
    folder = Path(document["run"])
    written = "".join(each.read_text() for each in folder.iterdir()) + "".join(told)
    for _, secret in server.target().secrets():
        assert secret.value not in written
    rule = next(rule for rule in load_gate("11", GateFile()).rules if rule.id == "deployment")
    # The team of this app is content with what the test asks for.
    rule = replace(
        rule,
        exactly={**rule.exactly, "http_port": 1},
        at_least={**rule.at_least, "samples": 10},
        at_most={"max_latency_ms": 500},
    )
    now = Now(read_runs(folder.parent, verdict), GateFile(), datetime.now(UTC), __version__)
    (judged,) = judge_rules([rule], now, {})
    assert (judged.state, judged.reasons) == (State.HOLDS, ())


def test_a_bad_deployment_fails_with_its_findings(server: Deployment, config: Path) -> None:
    # From this machine's own address, the master key is accepted: nothing was done about that.
    result = run(config)

    assert result.return_value == 1
    assert "FAIL  master-key" in result.stdout
    assert "DEP-MASTER-REACHABLE" in result.stdout
    assert "not tested  restart       no restart was tried" in result.stdout
    (folder,) = (each for each in (config.parent / "reports").iterdir() if each.is_dir())
    evidence = read_evidence(folder / "evidence.jsonl")
    failed = next(check for check in evidence.checks if check.id == "deployment/master-key")
    assert failed.finding is not None
    assert failed.finding.code == "DEP-MASTER-REACHABLE"
    assert [table.id for table in evidence.tables] == ["seen", "findings"]
    assert (folder / "report.html").exists()


def test_stopped_it_leaves_a_report_that_says_so_and_nothing_on_the_server(
    server: Deployment, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parity.jobs.deployment.job.check_public_url", stopped)
    with pytest.raises(click.Abort):
        run(config)

    (folder,) = (each for each in (config.parent / "reports").iterdir() if each.is_dir())
    evidence = read_evidence(folder / "evidence.jsonl")
    assert evidence.footer.interrupted
    assert [each.id for each in evidence.checks] == [
        f"deployment/{check}" for check in list(Check)[:7]
    ]
    with server.mongod.client() as client:
        assert client[server.database]["_User"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--inside-target", "deployed"], "is the target 'deployed' itself"),
        (["--inside-target", "other"], "another app"),
        (["--inside-target", "none"], "no target 'none'"),
        (["--inside-target", "other", "--from-inside"], "both given"),
        (["--source-address", "203.0.113.7"], "--source-address 203.0.113.7"),
        (["--source-address", "x"], "--source-address x"),
    ],
)
def test_what_cannot_be_meant_is_refused(config: Path, more: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        run(config, *more)
    assert not (config.parent / "reports").exists()


def test_the_help_names_the_nine_checks() -> None:
    shown = CliRunner().invoke(deployment, ["--help"]).stdout
    assert "parity deployment --target deployed --config parity.toml" in shown
    assert "--inside-target" in shown
