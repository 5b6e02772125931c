"""``parity settings``: what a user did wrong, the template, and Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from parity.jobs.settings.command import settings
from parity.jobs.settings.hosted import read_hosted
from parity.jobs.settings.probes import PROBES, Probe
from parity.jobs.settings.probing import Probing, Seen
from parity.model import ExitCode, Outcome, UserError
from parity.model.errors import HarnessError
from parity.model.evidence import read_evidence
from tests.fake_parse import APP_ID, MASTER_KEY, REST_KEY, Answer, FakeParse, html

ASK = ("--target", "fake", "--config", "parity.toml")


def run(*line: str) -> ExitCode:
    code = settings.main(line, prog_name="parity settings", standalone_mode=False)
    assert isinstance(code, ExitCode)
    return code


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(fake_parse: FakeParse, monkeypatch: pytest.MonkeyPatch) -> FakeParse:
    for name, value in (("APP_ID", APP_ID), ("REST_KEY", REST_KEY), ("MASTER_KEY", MASTER_KEY)):
        monkeypatch.setenv(f"FAKE_{name}", value)
    configure(fake_parse, "namespaced")
    return fake_parse


def configure(fake: FakeParse, writes: str) -> None:
    keys = "\n".join(
        f'{name} = "env:FAKE_{name.upper()}"' for name in ("app_id", "rest_key", "master_key")
    )
    Path("parity.toml").write_text(
        f'[targets.fake]\nstyle = "parse-server"\nurl = "{fake.url}"\nwrites = "{writes}"\n{keys}\n'
    )


def test_the_template_is_a_settings_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--template") is ExitCode.PASS
    Path("hosted.toml").write_text(capsys.readouterr().out)
    assert read_hosted(Path("hosted.toml")).values == {}


def test_without_a_target_the_user_is_told() -> None:
    with pytest.raises(UserError, match="--target is missing"):
        run()


def test_a_bad_settings_file_is_told_before_anything_is_asked(fake: FakeParse) -> None:
    Path("hosted.toml").write_text("anonymus_users = true")
    with pytest.raises(UserError, match="did you mean 'anonymous_users'"):
        run(*ASK, "--hosted", "hosted.toml")
    assert fake.requests == []
    assert not Path("reports").exists()


def test_nothing_can_be_judged_where_nothing_may_be_written(
    fake: FakeParse, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(fake, "forbidden")
    assert run(*ASK) is ExitCode.CANNOT_JUDGE
    assert {method for method, _ in fake.requests} == {"GET", "OPTIONS"}
    assert " not seen  LOCKOUT" in capsys.readouterr().out


def test_a_web_server_that_is_no_parse_server_is_the_harness_problem(fake: FakeParse) -> None:
    fake.misbehave = lambda method, path: html()
    with pytest.raises(HarnessError):
        run(*ASK)


def test_ctrl_c_leaves_evidence_that_is_marked_incomplete(
    fake: FakeParse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(p: Probing) -> Seen:
        raise KeyboardInterrupt

    monkeypatch.setitem(PROBES, "PUBLIC-FILE-UPLOAD", Probe(interrupted))
    with pytest.raises(click.Abort):
        run(*ASK)
    evidence = read_evidence(next(Path("reports").glob("*/evidence.jsonl")))
    assert evidence.footer.interrupted
    place = list(PROBES).index("PUBLIC-FILE-UPLOAD")
    assert [check.id for check in evidence.checks] == [
        f"settings/{name}" for name in list(PROBES)[:place]
    ]
    (table,) = evidence.tables
    assert len(table.rows) == place
    assert ("DELETE", "users/user000001") in fake.requests


def test_what_could_not_be_removed_is_said(
    fake: FakeParse, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal: Answer = (403, {}, b'{"error": "unauthorized"}')
    fake.misbehave = lambda method, path: (
        refusal if method == "DELETE" and path.startswith("users") else None
    )
    run(*ASK)
    assert "could not be removed: users/user000001" in capsys.readouterr().err
    evidence = read_evidence(next(Path("reports").glob("*/evidence.jsonl")))
    assert [notice.message for notice in evidence.notices] == [
        "Could not be removed: users/user000001."
    ]
    assert all(check.outcome is not Outcome.ERROR for check in evidence.checks[:1])
