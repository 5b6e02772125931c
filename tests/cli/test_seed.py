"""The command ``parity seed``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from parity.cli.seed import seed
from parity.model import UserError
from tests.mongod import Mongod


@pytest.fixture
def database(mongod: Mongod) -> Iterator[str]:
    """URI of an empty database."""
    name = f"cli_seed_{uuid4().hex[:10]}"
    yield mongod.database_uri(name)
    with mongod.client() as client:
        client.drop_database(name)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(seed, arguments, standalone_mode=False, catch_exceptions=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def config(folder: Path, writes: str) -> str:
    file = folder / "parity.toml"
    file.write_text(
        '[targets.self]\nstyle = "parse-server"\nurl = "http://127.0.0.1:9/parse"\n'
        f'app_id = "app"\nmongo = "env:SEED_TEST_MONGO"\nwrites = "{writes}"\n'
    )
    return str(file)


def test_it_fills_an_empty_database_and_says_who_can_log_in(database: str) -> None:
    shown = run("--mongo", database, "--documents", "200")
    assert "GameScore" in shown
    assert "user0000000, password seed-password-0" in shown
    with pytest.raises(UserError, match="not empty"):
        run("--mongo", database, "--documents", "200")
    facts = json.loads(run("--mongo", database, "--documents", "150", "--drop-first", "--json"))
    assert facts["documents"] == 150
    assert facts["user"] == {"username": "user0000000", "password": "seed-password-0"}
    assert facts["collections"]["_User"] == 18


def test_only_a_disposable_target_is_filled(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEED_TEST_MONGO", database)
    for writes in ("forbidden", "namespaced"):
        with pytest.raises(UserError, match=f'writes = "{writes}"'):
            run("--target", "self", "--config", config(tmp_path, writes), "--documents", "100")
    shown = run(
        "--target", "self", "--config", config(tmp_path, "disposable"), "--documents", "100"
    )
    assert "GameScore" in shown


def test_a_database_elsewhere_is_not_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE", "mongodb://db.example.com/app")
    with pytest.raises(UserError, match="only for a MongoDB on this machine"):
        run("--mongo", "env:ELSEWHERE", "--drop-first")


def test_a_password_is_not_taken_from_the_command_line() -> None:
    with pytest.raises(UserError) as caught:
        run("--mongo", "mongodb://me:hunter2@127.0.0.1/app")
    assert "hunter2" not in str(caught.value)


def test_a_uri_without_a_database_is_refused(mongod: Mongod) -> None:
    with pytest.raises(UserError, match="names no database"):
        run("--mongo", mongod.uri)
