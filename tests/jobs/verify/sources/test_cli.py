"""``parity verify`` with sources that are not MongoDB."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity.jobs.verify.command import verify
from parity.model import ExitCode, UserError
from tests.jobs.verify.sources.conftest import App
from tests.jobs.verify.sources.world import Mongo

Run = Callable[..., Result]
CONFIG = """
[targets.hosted]
style = "hosted"
url = "{url}"
app_id = "env:APP"
rest_key = "env:REST"
master_key = "env:MASTER"

[targets.selfhosted]
style = "parse-server"
url = "{other}"
app_id = "env:APP"
mongo = "env:URI"
"""


@pytest.fixture
def run(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def command(database: Mongo, source: str, *arguments: str, other: str = "") -> Result:
        keys = app.target.keys
        assert keys.master_key is not None
        assert keys.rest_key is not None
        monkeypatch.setenv("APP", app.target.app_id.value)
        monkeypatch.setenv("REST", keys.rest_key.value)
        monkeypatch.setenv("MASTER", keys.master_key.value)
        monkeypatch.setenv("URI", app.uri(database.name))
        config = tmp_path / "parity.toml"
        url = other or "http://127.0.0.1:1/parse"
        config.write_text(CONFIG.format(url=app.target.url, other=url))
        options = ["--config", str(config), "--report-dir", str(tmp_path / "reports")]
        everything = ["--from", source, "--to", "selfhosted", *options, *arguments]
        return CliRunner().invoke(verify, everything, standalone_mode=False)

    return command


def evidence(folder: Path) -> str:
    (report,) = folder.joinpath("reports").iterdir()
    assert not report.joinpath("source-index.sqlite").exists()
    return "\n".join(each.read_text("utf-8") for each in report.iterdir())


@pytest.mark.parametrize("kind", ["export", "rest", "zip"])
def test_a_copy_passes_and_says_what_was_not_verified(
    app: App, copy: Callable[[], Mongo], run: Run, tmp_path: Path, kind: str
) -> None:
    source = "hosted" if kind == "rest" else str(app.export)
    if kind == "zip":
        source = shutil.make_archive(str(tmp_path / "export"), "zip", app.export)
    result = run(copy(), source)
    assert result.return_value == ExitCode.PASS, result.output
    written = evidence(tmp_path)
    assert "_User._hashed_password" in written
    assert "Options and indexes" not in written


@pytest.mark.parametrize("kind", ["export", "rest"])
def test_damage_fails_and_no_secret_is_written(
    app: App, copy: Callable[[], Mongo], run: Run, tmp_path: Path, kind: str
) -> None:
    database = copy()
    session = database["_Session"].find_one({})
    user = database["_User"].find_one({})
    assert session is not None
    assert user is not None
    database["_Session"].update_one(
        {"_id": session["_id"]}, {"$set": {"_session_token": "r:planted-token", "restricted": True}}
    )
    database["_User"].update_one(
        {"_id": user["_id"]}, {"$set": {"_auth_data_x": {"id": "1", "access_token": "planted-at"}}}
    )
    database["GameScore"].delete_one({"score": 3})
    result = run(database, "hosted" if kind == "rest" else str(app.export))
    assert result.return_value == ExitCode.FAIL, result.output
    written = evidence(tmp_path)
    lines = written.splitlines()
    assert any('"VER-MISSING"' in line and "GameScore" in line for line in lines)
    for secret in ("planted-token", "planted-at", session["_session_token"]):
        assert secret not in written
    assert user["_hashed_password"] not in written


@pytest.mark.parametrize("harm", ["no objects here", "broken file", "empty file"])
def test_what_cannot_be_judged_does_not_pass(
    app: App, copy: Callable[[], Mongo], run: Run, tmp_path: Path, harm: str
) -> None:
    export = tmp_path / "export"
    shutil.copytree(app.export, export)
    database = copy()
    if harm == "no objects here":
        app.client.drop_database(database.name)
    else:
        text = (export / "GameScore.json").read_text()
        (export / "GameScore.json").write_text(text[: len(text) // 2] if "broken" in harm else "")
    result = run(database, str(export))
    assert result.return_value == ExitCode.CANNOT_JUDGE, result.output
    summary = json.loads(next(tmp_path.glob("reports/*/summary.json")).read_text())
    assert "pass" not in json.dumps(summary["verdict"])


def test_a_file_that_was_not_read_is_named_and_does_not_pass(
    app: App, copy: Callable[[], Mongo], run: Run, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    shutil.copytree(app.export, export)
    (export / "Comment (1).json").write_text('{"results": [{"objectId": "lost"}]}')
    result = run(copy(), str(export))
    assert result.return_value == ExitCode.CANNOT_JUDGE, result.output
    assert "Comment (1).json: not judged" in result.output
    result = run(copy(), str(export), "--exclude", "Comment (1).json")
    assert result.return_value == ExitCode.PASS, result.output


def test_what_is_read_of_another_name_is_missed_in_the_destination(
    app: App, copy: Callable[[], Mongo], run: Run, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    shutil.copytree(app.export, export)
    (export / "Comment.JSON").write_text('{"results": [{"objectId": "lost"}]}')
    result = run(copy(), str(export))
    assert result.return_value == ExitCode.FAIL, result.output
    assert "Comment: 1 VER-MISSING" in result.output


def test_a_server_is_not_compared_with_itself(
    app: App, copy: Callable[[], Mongo], run: Run
) -> None:
    result = run(copy(), "hosted", other=app.target.url)
    assert isinstance(result.exception, UserError)
    assert result.exception.code == "same-database"
