"""``parity audit`` and ``parity preflight`` as commands."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from parity.jobs.audit.codes import CODES as AUDIT
from parity.jobs.audit.command import audit
from parity.jobs.preflight.codes import CODES
from parity.jobs.preflight.command import preflight
from parity.model import ExitCode, Outcome, UserError
from parity.model.errors import HarnessError
from parity.model.evidence import read_evidence
from parity.paths import shipped
from tests.jobs.audit.sound import Db, fill
from tests.mongod import Mongod


@pytest.fixture
def db(mongod: Mongod) -> Iterator[Db]:
    name = f"command-{uuid.uuid4().hex[:12]}"
    with mongod.client() as client:
        fill(client[name])
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def uri(mongod: Mongod, db: Db) -> str:
    return mongod.database_uri(db.name)


def _run(command: click.Command, *arguments: str) -> tuple[ExitCode, str]:
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def _evidence(folder: Path) -> Any:
    [file] = folder.glob("*/evidence.jsonl")
    return read_evidence(file)


def test_a_sound_database_passes(uri: str, tmp_path: Path) -> None:
    code, output = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path))
    assert code is ExitCode.PASS
    assert "16 documents" in output
    evidence = _evidence(tmp_path)
    assert {check.outcome for check in evidence.checks} == {Outcome.PASS, Outcome.UNSUPPORTED}
    assert evidence.tables[0].id == "collections"
    assert list(tmp_path.glob("*/report.html"))


def test_a_finding_fails_and_says_how_it_is_mended(uri: str, db: Db, tmp_path: Path) -> None:
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"_rperm": None}})
    code, output = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path))
    assert code is ExitCode.FAIL
    assert "AUD-ACL-NULL (breaking) 1 in Post._rperm" in output
    assert "$unset" in output
    [failed] = [check for check in _evidence(tmp_path).checks if check.outcome is Outcome.FAIL]
    assert failed.finding is not None
    assert failed.finding.code == "AUD-ACL-NULL"
    assert "{{" not in failed.finding.remedy


def test_a_benign_finding_is_told_and_passes(uri: str, db: Db, tmp_path: Path) -> None:
    db["_User"].update_one({"_id": "user000001"}, {"$set": {"_session_token": "a" * 25}})
    code, output = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path))
    assert code is ExitCode.PASS
    assert "AUD-SESSION-LEGACY (benign)" in output


def test_our_own_words_are_not_taken_for_secrets(uri: str, db: Db, tmp_path: Path) -> None:
    fields = {"email": None, "_session_token": "a" * 25}
    db["_User"].update_one({"_id": "user000002"}, {"$set": fields})
    _, output = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path))
    assert "AUD-EMAIL-NULL (breaking) 1 in _User.email\n" in output
    assert "redacted" not in output


def test_ctrl_c_keeps_what_was_found(
    uri: str, db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"_rperm": None}})

    def stop(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parity.jobs.audit.engine.confirm", stop)
    code, output = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path))
    assert code is ExitCode.INTERRUPTED
    assert "AUD-ACL-NULL (breaking) 1 in Post._rperm" in output
    evidence = _evidence(tmp_path)
    assert evidence.footer.interrupted
    assert [check.id for check in evidence.checks] == ["audit/AUD-ACL-NULL"]


def test_what_is_accepted_is_a_known_difference(uri: str, db: Db, tmp_path: Path) -> None:
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"_p_author": "_User$gone"}})
    arguments = ("--accept", "AUD-POINTER-MISSING", "--accept", "AUD-ACL-NULL")
    code, _ = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path), *arguments)
    assert code is ExitCode.PASS
    evidence = _evidence(tmp_path)
    known = [check for check in evidence.checks if check.outcome is Outcome.KNOWN_DIFFERENCE]
    assert [each.id for each in known] == ["audit/AUD-POINTER-MISSING"]
    assert [difference.id for difference in evidence.known_differences] == ["AUD-POINTER-MISSING"]
    assert any("AUD-ACL-NULL" in notice.message for notice in evidence.notices)


def test_a_code_that_does_not_exist(uri: str) -> None:
    with pytest.raises(UserError, match="did you mean 'AUD-ACL-NULL'"):
        _run(audit, "--mongo", uri, "--accept", "AUD-ACL-NUL")


def test_json_is_one_line(uri: str, db: Db, tmp_path: Path) -> None:
    db["Post"].update_one({"_id": "post000001"}, {"$set": {"_secret": 1}})
    _, output = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path), "--json")
    facts = json.loads(output)
    assert facts["exit_code"] == 1
    [found] = facts["findings"]
    assert found["code"] == "AUD-KEY-UNKNOWN"
    assert found["examples"] == [{"id": "post000001", "detail": "int"}]


def test_json_holds_no_secret(
    uri: str, db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_MONGO", uri)
    monkeypatch.setenv("THE_KEY", "mostsecretkeyofall")
    config = tmp_path / "parity.toml"
    config.write_text(
        '[targets.a]\nstyle = "parse-server"\nurl = "http://127.0.0.1:1/parse"\napp_id = "a"\n'
        'mongo = "env:THE_MONGO"\nmaster_key = "env:THE_KEY"\n'
    )
    db["Post"].insert_one({"_id": "mostsecretkeyofall", "_secret": 1})
    arguments = ("--target", "a", "--config", str(config), "--report-dir", str(tmp_path / "r"))
    _, output = _run(audit, *arguments, "--json")
    assert "AUD-KEY-UNKNOWN" in output
    assert "$THE_KEY" in output
    assert "mostsecretkeyofall" not in output


def test_values_of_users_are_in_no_output(uri: str, db: Db, tmp_path: Path) -> None:
    db["_User"].drop_index("username_1")
    for number in range(2):
        db["_User"].insert_one(
            {"_id": f"user00001{number}", "username": "geheim", "email": f"GeHeim{number}@x.de",
             "_hashed_password": "geheim"}
        )  # fmt: skip
    code, output = _run(audit, "--mongo", uri, "--report-dir", str(tmp_path))
    assert code is ExitCode.FAIL
    written = output + "".join(file.read_text() for file in tmp_path.glob("*/*") if file.is_file())
    assert "AUD-USERNAME-DUPLICATE" in written
    assert "geheim" not in written.lower()


@pytest.mark.parametrize("wrong", ["nothing-here", "admin"])
def test_a_wrong_database_does_not_pass(mongod: Mongod, tmp_path: Path, wrong: str) -> None:
    arguments = ("--mongo", mongod.database_uri(wrong), "--report-dir", str(tmp_path))
    with pytest.raises(UserError):
        _run(audit, *arguments)
    # What there is of the run says that it judged nothing.
    assert not _evidence(tmp_path).checks


def test_a_mongodb_that_is_gone_could_not_be_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.targets.mongo.SELECTION_TIMEOUT_MS", 200)
    uri = "mongodb://127.0.0.1:1/app"
    with pytest.raises(HarnessError):
        _run(audit, "--mongo", uri, "--report-dir", str(tmp_path))


@pytest.mark.parametrize("command", [audit, preflight])
def test_a_password_is_never_an_argument(command: click.Command) -> None:
    for uri in ("mongodb://ann:secret@127.0.0.1/app", "mongodb://db.example.com/app"):
        with pytest.raises(UserError, match="--mongo is not a reference") as caught:
            _run(command, "--mongo", uri)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("command", [audit, preflight])
def test_a_database_has_to_be_named(command: click.Command, tmp_path: Path) -> None:
    config = tmp_path / "parity.toml"
    config.write_text(
        '[targets.a]\nstyle = "parse-server"\nurl = "http://127.0.0.1:1/parse"\napp_id = "a"\n'
    )
    for arguments in ((), ("--target", "a", "--mongo", "env:X"), ("--target", "a")):
        with pytest.raises(UserError):
            _run(command, *arguments)
    with pytest.raises(UserError, match="has no mongo"):
        _run(command, "--target", "a", "--config", str(config))


def test_a_target_of_the_configuration(
    uri: str, db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_MONGO", uri)
    config = tmp_path / "parity.toml"
    config.write_text(
        '[targets.a]\nstyle = "parse-server"\nurl = "http://127.0.0.1:1/parse"\napp_id = "a"\n'
        'mongo = "env:THE_MONGO"\nversion = "8.6.94"\n'
    )
    reports = ("--report-dir", str(tmp_path / "r"))
    common = ("--target", "a", "--config", str(config), *reports, "--json")
    code, output = _run(audit, *common)
    assert code is ExitCode.PASS
    code, output = _run(preflight, *common, "--from", "a", "--pings", "5", "--cancelled")
    assert code is ExitCode.FAIL
    outcomes = {load["code"]: load["outcome"] for load in json.loads(output)["conditions"]}
    assert outcomes["PRE-NOT-EMPTY"] == "fail"
    assert outcomes["PRE-ROOM"] == "pass"
    assert outcomes["PRE-VERSION"] == "pass"
    assert outcomes["PRE-CANCELLED"] == "fail"
    assert outcomes["PRE-RETRIES"] == "unsupported"


def test_an_unreachable_database_is_a_finding_of_preflight(tmp_path: Path) -> None:
    arguments = ("--mongo", "mongodb://127.0.0.1:1/app", "--report-dir", str(tmp_path))
    code, output = _run(preflight, *arguments, "--copied-at", "2016-04-20T10:00:00Z")
    assert code is ExitCode.FAIL
    assert "FAIL  PRE-REFUSED" in output
    assert "FAIL  PRE-NOT-FINALIZED" in output
    assert "bindIp" in output
    codes = [check.finding.code for check in _evidence(tmp_path).checks if check.finding]
    assert codes == ["PRE-REFUSED", "PRE-NOT-FINALIZED"]


@pytest.mark.parametrize(("page", "codes"), [("audit", tuple(AUDIT)), ("preflight", tuple(CODES))])
def test_the_page_names_every_code(page: str, codes: tuple[str, ...]) -> None:
    text = (shipped("suites").parent / "docs" / f"{page}.md").read_text("utf-8")
    assert [code for code in codes if f"`{code}`" not in text] == []
