"""``parity init``: what files of an app say, and that no key is shown and no file replaced."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from parity.cli.init import init
from parity.init import Found, Setting, detect, write_files
from parity.model import UserError
from parity.paths import shipped
from parity.targets.dotenv import read_dotenv
from parity.targets.settings import Settings, load_settings

GUIDE = """
const express = require('express');
const { ParseServer } = require('parse-server');
const databaseUri = process.env.DATABASE_URI || process.env.MONGODB_URI;
const config = {
  databaseURI: databaseUri || 'mongodb://app:pa$s#w@localhost:27017/dev',
  cloud: process.env.CLOUD_CODE_MAIN || __dirname + '/cloud/main.js',
  appId: process.env.APP_ID || 'myAppId',
  masterKey: process.env.MASTER_KEY || 'planted-master',
  serverURL: process.env.SERVER_URL || 'http://localhost:1338/parse',
  restAPIKey: "planted'rest",
};
const api = new ParseServer(config);
"""
"""As the guide's second step sets a server up."""
MAIN = "Parse.Cloud.define('hello', function (request, response) { response.success('hi'); });\n"
PODFILE = "target 'App' do\n  pod 'Parse', '1.14.2'\nend\n"
GRADLE = "dependencies {\n  compile 'com.parse:parse-android:1.13.1'\n}\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with an app as teams have it."""
    for name, text in {
        "index.js": GUIDE,
        "cloud/main.js": MAIN,
        "ios/Podfile": PODFILE,
        "android/app/build.gradle": GRADLE,
        "docs/readme.txt": "nothing of Parse",
        "node_modules/parse/package.json": '{"name": "parse", "version": "1.6.14"}',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    recording = shipped("scenarios/recordings/javascript-sdk.jsonl.zst")
    (tmp_path / "traffic").mkdir()
    (tmp_path / "traffic/app.jsonl.zst").write_bytes(recording.read_bytes())
    (tmp_path / "traffic/other.jsonl").write_text('{"no": "recording"}\n')
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(init, [str(folder), "--yes", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def settings_of(folder: Path, environ: dict[str, str] | None = None) -> Settings:
    return load_settings(folder / "parity.toml", environ or {})


def test_a_server_set_up_as_the_guide_says_can_be_asked_without_typing_a_key(app: Path) -> None:
    run(app)
    target = settings_of(app).targets["selfhosted"]
    assert target.url == "http://localhost:1338/parse"
    assert {name: secret.value for name, secret in target.secrets()} == {
        "app_id": "myAppId",
        "master_key": "planted-master",
        "rest_key": "planted'rest",
        "mongo": "mongodb://app:pa$s#w@localhost:27017/dev",
    }


def test_sources_and_traffic_are_found_and_installed_packages_are_not_the_app(app: Path) -> None:
    found = detect(app, {})
    assert (found.cloud, found.clients) == ("cloud", ("android", "ios"))
    assert found.recording == "traffic/app.jsonl.zst"
    assert found.web == ""


def test_no_key_is_shown_and_git_ignores_the_file_that_holds_them(app: Path) -> None:
    said = run(app)
    texts = said + "".join(
        (app / name).read_text() for name in ("parity.toml", ".env.example", ".gitignore")
    )
    for secret in ("planted", "myAppId", "pa$s", "27017"):
        assert secret not in texts
    assert stat.S_IMODE((app / ".env").stat().st_mode) == 0o600
    assert ".env" in (app / ".gitignore").read_text().splitlines()


def test_no_file_that_is_there_is_replaced(app: Path) -> None:
    (app / ".env").write_text("APP_ID=mine\n")
    (app / ".gitignore").write_text("dist")
    (app / ".env.example").write_text("theirs")
    said = run(app)
    assert (app / ".env").read_text() == "APP_ID=mine\n"
    assert (app / ".env.example").read_text() == "theirs"
    assert (app / ".gitignore").read_text() == "dist\n.env\nreports/\n"
    assert "add MASTER_KEY" in said.replace("DATABASE_URI, ", "").replace("REST_KEY, ", "")
    before = (app / "parity.toml").read_text()
    with pytest.raises(UserError, match="already"):
        CliRunner().invoke(init, [str(app), "--yes"], catch_exceptions=False, standalone_mode=False)
    assert (app / "parity.toml").read_text() == before


def test_the_environment_goes_before_the_file(app: Path) -> None:
    run(app)
    there = settings_of(app, {"APP_ID": "other"}).targets["selfhosted"]
    assert there.app_id.value == "other"
    assert there.keys.master_key is not None
    assert there.keys.master_key.value == "planted-master"


def test_a_name_that_means_something_else_already_is_not_taken(app: Path) -> None:
    """`REST_KEY` in the environment is that of another app: it would be sent to this server."""
    found = detect(app, {"REST_KEY": "of another app"})
    write_files(app, found, {"REST_KEY": "of another app"}, disposable=False)
    target = settings_of(app, {"REST_KEY": "of another app"}).targets["selfhosted"]
    assert target.keys.rest_key is not None
    assert target.keys.rest_key.value == "planted'rest"


@pytest.mark.parametrize(
    ("name", "value", "which"),
    [
        (
            "config.json",
            {
                "appId": "A",
                "masterKey": "M",
                "databaseURI": "mongodb://h/d",
                "serverURL": "http://h/p",
            },
            "selfhosted",
        ),
        (
            "parse-dashboard-config.json",
            {"apps": [{"appId": "A", "masterKey": "M", "serverURL": "http://h/p"}]},
            "selfhosted",
        ),
        (
            "config/global.json",
            {
                "global": {"parseVersion": "1.6.7"},
                "applications": {
                    "Other": {"applicationId": "B", "masterKey": "N"},
                    "App": {"applicationId": "A", "masterKey": "M"},
                    "_default": {"link": "App"},
                },
            },
            "hosted",
        ),
        (
            ".parse.local",
            {"applications": {"App": {"applicationId": "A"}, "_default": {"link": "App"}}},
            "hosted",
        ),
    ],
)
def test_configurations_that_people_have(
    tmp_path: Path, name: str, value: dict[str, Any], which: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(json.dumps(value))
    found = detect(tmp_path, {}).targets[which]
    assert found["app_id"].value == "A"
    if "parse.local" not in name:
        assert found["master_key"].value == "M"
    if which == "selfhosted":
        assert found["url"].value == "http://h/p"


def test_variables_that_a_parse_server_reads_are_used_as_they_are(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "PARSE_SERVER_APPLICATION_ID=A\nPARSE_SERVER_MASTER_KEY='m # $x'\n"
        "PARSE_SERVER_URL=http://localhost:1339/1\n"
    )
    run(tmp_path)
    target = settings_of(tmp_path).targets["selfhosted"]
    assert target.url == "http://localhost:1339/1"
    assert {name: (each.source, each.value) for name, each in target.secrets()} == {
        "app_id": ("PARSE_SERVER_APPLICATION_ID", "A"),
        "master_key": ("PARSE_SERVER_MASTER_KEY", "m # $x"),
    }


def test_nothing_is_known_of_an_empty_folder_and_what_is_missing_is_named(tmp_path: Path) -> None:
    said = run(tmp_path)
    assert "not found" in said
    with pytest.raises(UserError, match="APP_ID is not set"):
        settings_of(tmp_path)
    assert "APP_ID=" in (tmp_path / ".env.example").read_text().splitlines()
    assert not (tmp_path / ".env").exists()  # there is nothing to keep in it


def test_what_a_person_says_goes_before_what_was_found(app: Path) -> None:
    run(app, "--url", "http://localhost:1400/parse", "--client", str(app / "ios"), "--disposable",
        "--deployed-url", "https://api.example.com/parse")  # fmt: skip
    settings = settings_of(app)
    assert settings.targets["selfhosted"].url == "http://localhost:1400/parse"
    assert settings.targets["selfhosted"].writes == "disposable"
    assert settings.targets["deployed"].url == "https://api.example.com/parse"
    assert settings.targets["deployed"].app_id.value == "myAppId"


def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    said = run(tmp_path, "--url", "http://ada:planted@localhost/parse")
    assert "planted" not in said


def test_the_command_is_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "parity", "init", "--yes"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "parity.toml").exists()


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
        st.text(
            st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")),
            min_size=1,
            max_size=20,
        ),
    )
)
def test_whatever_a_key_is_it_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    names = ["app_id", "master_key", "rest_key", "client_key", "mongo"]
    given_ = dict(zip(names, keys.items(), strict=False))
    app = Found(
        selfhosted={n: Setting(variable, value, "x") for n, (variable, value) in given_.items()}
    )
    write_files(folder, app, {}, disposable=False)
    read = read_dotenv(folder / ".env")
    assert read == dict(given_.values())


def test_a_file_that_is_too_long_for_secrets_is_refused_not_cut_off(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n" * 250_001 + "LAST=2\n")
    with pytest.raises(UserError, match="longer than 1,000,000 bytes"):
        read_dotenv(tmp_path / ".env")
