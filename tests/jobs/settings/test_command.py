"""``parity settings`` on real servers: what it prints, writes and ends with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import parity.jobs.settings
from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.command import settings
from parity.jobs.settings.hosted import HostedSettings
from parity.model import ExitCode, Outcome, Target
from parity.model.evidence import read_evidence
from tests.jobs.settings.servers import APP, Servers

SCHEMA = Path(parity.jobs.settings.__file__).parent / "schemas" / "settings.schema.json"


def written(hosted: HostedSettings) -> str:
    """Return settings as a file."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in hosted.values.items()]
    lines += ["[accepted]"]
    lines += [f"{key} = {json.dumps(reason)}" for key, reason in hosted.accepted.items()]
    return "\n".join(lines)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on a server as a user would, with a parity.toml and environment."""
    monkeypatch.chdir(tmp_path)

    def run(target: Target, hosted: HostedSettings, *more: str) -> ExitCode:
        lines = ["[targets.app]", 'style = "parse-server"', f'url = "{target.url}"']
        lines += ['writes = "namespaced"']
        for name in ("app_id", "rest_key", "master_key"):
            secret = target.app_id if name == "app_id" else getattr(target.keys, name)
            monkeypatch.setenv(f"APP_{name.upper()}", secret.value)
            lines.append(f'{name} = "env:APP_{name.upper()}"')
        Path("parity.toml").write_text("\n".join(lines))
        Path("hosted.toml").write_text(written(hosted))
        line = ["--target", "app", "--config", "parity.toml", "--hosted", "hosted.toml", *more]
        code = settings.main(line, prog_name="parity settings", standalone_mode=False)
        assert isinstance(code, ExitCode)
        return code

    return run


def test_a_right_server_passes_in_every_row(
    servers: Servers, ask: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    target = servers.target("right")
    assert ask(target, APP, "--json", "--allow-mail") is ExitCode.PASS
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert [each["name"] for each in document["settings"]] == list(catalogue())
    assert {each["outcome"] for each in document["settings"]} == {"pass"}
    assert (document["server_version"], document["not_removed"]) == ("9.10.0", [])

    evidence = read_evidence(Path(document["run"]) / "evidence.jsonl")
    assert (evidence.header.job, evidence.header.targets[0].server_version) == (
        "settings",
        "9.10.0",
    )
    assert [check.id for check in evidence.checks] == [f"settings/{name}" for name in catalogue()]
    assert evidence.header.digests.keys() == {"hosted_settings", "options"}
    (table,) = evidence.tables
    assert table.columns == ("setting", "hosted", "server", "meaning")
    assert len(table.rows) == len(catalogue())
    assert (Path(document["run"]) / "report.html").is_file()


def test_a_wrong_server_fails_with_what_it_means_and_what_is_accepted_does_not(
    servers: Servers, ask: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = {"users_readable_by_others": "Profiles are private since app 4.2."}
    target = servers.target("wrong")
    assert ask(target, replace(APP, accepted=accepted)) is ExitCode.FAIL
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    at = lines.index(
        "     FAIL  LOCKOUT                    after 3 wrong passwords",
    )
    assert lines[at + 1].strip() == "hosted: never locked"
    assert lines[at + 2].strip() == catalogue()["LOCKOUT"].less.effect
    assert lines[at + 3].strip() == f"benign: {catalogue()['LOCKOUT'].less.remedy}"
    assert any(line.startswith(" accepted  PUBLIC-USERS") for line in lines)
    assert "accepted: Profiles are private since app 4.2." in captured.out

    folder = next(Path("reports").iterdir())
    evidence = read_evidence(folder / "evidence.jsonl")
    outcomes = {check.id.removeprefix("settings/"): check.outcome for check in evidence.checks}
    assert outcomes["PUBLIC-USERS"] is Outcome.KNOWN_DIFFERENCE
    assert [difference.id for difference in evidence.known_differences] == ["SET-PUBLIC-USERS"]
    page = (folder / "report.html").read_text()
    assert "SET-LOCKOUT" in page
    everything = captured.out + captured.err + page + (folder / "evidence.jsonl").read_text()
    for name, secret in target.secrets():
        assert secret.value not in everything, name
