"""``pytest suites/data`` on a configured target audits its real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from parity.jobs.audit import codes
from parity.model import Target
from parity.paths import shipped
from tests.jobs.audit.parse_server import parse_server
from tests.jobs.audit.sound import TIMES, Db, fill, private
from tests.mongod import Mongod

PASSWORD = "correct horse battery"


@pytest.fixture
def db(mongod: Mongod) -> Iterator[Db]:
    name = f"data-{uuid.uuid4().hex[:12]}"
    with mongod.client() as client:
        fill(client[name])
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def server(mongod: Mongod, db: Db) -> Iterator[Target]:
    with parse_server(mongod.database_uri(db.name)) as running:
        yield running


def _run(target: Target, folder: Path, *, mongo: bool = True) -> dict[str, dict[str, Any]]:
    """Run the suite; return each check of its evidence by its code."""
    assert target.mongo is not None
    config = folder / "parity.toml"
    config.write_text(
        f'[targets.selfhosted]\nstyle = "parse-server"\nurl = "{target.url}"\n'
        'app_id = "app"\nrest_key = "env:REST"\nmaster_key = "env:MASTER"\nwrites = "namespaced"\n'
        + ('mongo = "env:DATABASE"\n' if mongo else "")
    )
    (folder / "accounts.json").write_text('[{"username": "migrated", "password": "env:OLD"}]')
    environ = {
        **os.environ,
        "REST": "rest",
        "MASTER": "master",
        "DATABASE": target.mongo.value,
        "OLD": PASSWORD,
        "PARITY_ACCOUNTS": str(folder / "accounts.json"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    command += [str(shipped("suites/data")), f"--config={config}", f"--report-dir={folder / 'r'}"]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=300, check=False,
        cwd=shipped("suites").parent,
    )  # fmt: skip
    files = list((folder / "r").glob("*/evidence.jsonl"))
    assert files, done.stdout + done.stderr
    text = files[0].read_text()
    assert PASSWORD not in text + done.stdout
    checks = [json.loads(line) for line in text.splitlines() if '"event":"check"' in line]
    return {check["id"].split("[")[-1].removesuffix("]"): check for check in checks}


def test_a_harm_fails_its_own_check(server: Target, db: Db, tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    user = {"_id": "migrated01", "username": "migrated", "_hashed_password": hashed, **TIMES}
    db["_User"].insert_one({**user, **private("migrated01")})
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"_p_author": "_User$gone"}})
    db["_User"].update_one({"_id": "user000001"}, {"$set": {"_session_token": "a" * 25}})
    checks = _run(server, tmp_path)
    failed = [name for name, check in checks.items() if check["outcome"] == "fail"]
    assert failed == [codes.POINTER_MISSING.id]
    assert checks[codes.SESSION_LEGACY.id]["outcome"] == "pass"
    assert checks[codes.LOGIN_PASSWORD.id]["outcome"] == "pass"
    assert checks[codes.LOGIN_SESSION.id]["outcome"] == "unsupported"


def test_without_mongo_soundness_is_unsupported(server: Target, tmp_path: Path) -> None:
    checks = _run(server, tmp_path, mongo=False)
    assert checks[codes.POINTER_MISSING.id]["outcome"] == "unsupported"
    assert "mongo" in checks[codes.POINTER_MISSING.id]["reason"]
    # The user of the accounts file is not in this database.
    assert checks[codes.LOGIN_PASSWORD.id]["outcome"] == "fail"
