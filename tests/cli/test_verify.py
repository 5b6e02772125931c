"""``parity verify``: exit codes, files, and what is never in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from bson import Int64
from jsonschema import Draft202012Validator

import parity.jobs.verify
from parity.jobs.verify.command import verify
from parity.model import ExitCode, Outcome, UserError
from parity.model.evidence import Evidence, read_evidence
from parity.options import DURATION
from tests.jobs.verify.databases import Pair, fill, pair_of_databases
from tests.jobs.verify.settings import arguments, environment, write_settings
from tests.mongod import Mongod

SCHEMAS = Path(parity.jobs.verify.__file__).parent / "schemas"


@pytest.fixture
def pair(mongod: Mongod, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with pair_of_databases(mongod) as pair:
        fill(pair, documents=50)
        for name, value in environment(pair).items():
            monkeypatch.setenv(name, value)
        yield pair


def run(folder: Path, *more: str) -> ExitCode:
    line = [*arguments(write_settings(folder))[1:], *more]
    code = verify.main(line, prog_name="parity verify", standalone_mode=False)
    assert isinstance(code, ExitCode)
    return code


def report(folder: Path) -> Path:
    (found,) = (folder / "reports").iterdir()
    return found


def evidence(folder: Path) -> Evidence:
    return read_evidence(report(folder) / "evidence.jsonl")


_LATEST: list[dict[str, Any]] = [{"$match": {"score": {"$gt": 10}}}]


def _views(left: Pair, *, copied: list[dict[str, Any]] | None) -> None:
    left.source.create_collection("Best", viewOn="GameScore", pipeline=_LATEST)
    if copied is not None:
        left.copy.create_collection("Best", viewOn="GameScore", pipeline=copied)


def test_a_view_that_is_the_same_is_no_difference(pair: Pair, tmp_path: Path) -> None:
    _views(pair, copied=_LATEST)
    assert run(tmp_path) is ExitCode.PASS


def _lost(pair: Pair) -> None:
    _views(pair, copied=None)


def _changed(pair: Pair) -> None:
    _views(pair, copied=[])


def _rows_instead(pair: Pair) -> None:
    _views(pair, copied=None)
    pair.copy["Best"].insert_many(list(pair.source["Best"].find()))


def _view_instead(pair: Pair) -> None:
    pair.copy["GameScore"].rename("Rows")
    pair.source["Rows"].insert_many(list(pair.source["GameScore"].find()))
    pair.source["Rows"].create_index([("score", 1), ("playerName", -1)])
    pair.copy.create_collection("GameScore", viewOn="Rows", pipeline=[])


@pytest.mark.parametrize("harm", [_lost, _changed, _rows_instead, _view_instead])
def test_a_view_that_is_not_the_same_fails(
    pair: Pair, tmp_path: Path, harm: Callable[[Pair], None]
) -> None:
    harm(pair)
    assert run(tmp_path) is ExitCode.FAIL
    [failed] = [each for each in evidence(tmp_path).checks if each.outcome is Outcome.FAIL]
    assert failed.id in {"verify/Best", "verify/GameScore"}
    assert failed.finding is not None
    assert failed.finding.code == "VER-VIEW"


def test_a_copy_passes(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) is ExitCode.PASS

    out = capsys.readouterr().out
    assert "96 of 96 documents of the source are equal." in out
    assert {check.outcome for check in evidence(tmp_path).checks} == {Outcome.PASS}
    assert (report(tmp_path) / "differences.jsonl").read_text("ascii") == ""
    assert (report(tmp_path) / "report.html").is_file()


def test_a_lost_document_fails_and_is_listed(pair: Pair, tmp_path: Path) -> None:
    lost = pair.copy["GameScore"].find_one_and_delete({})
    assert lost is not None

    assert run(tmp_path) is ExitCode.FAIL
    (line,) = (report(tmp_path) / "differences.jsonl").read_text("ascii").splitlines()
    assert json.loads(line) == {
        "collection": "GameScore",
        "_id": lost["_id"],
        "code": "VER-MISSING",
        "paths": [],
    }
    (failed,) = [check for check in evidence(tmp_path).checks if check.outcome is Outcome.FAIL]
    assert failed.id == "verify/GameScore"
    assert failed.finding is not None
    assert failed.finding.code == "VER-MISSING"
    assert [difference.path for difference in failed.differences] == [f"GameScore/{lost['_id']}"]


def test_a_lost_index_fails_the_structure_with_its_command(pair: Pair, tmp_path: Path) -> None:
    pair.copy["_User"].drop_index("username_1")

    assert run(tmp_path) is ExitCode.FAIL
    (failed,) = [check for check in evidence(tmp_path).checks if check.outcome is Outcome.FAIL]
    assert failed.id == "verify/_User/structure"
    assert failed.finding is not None
    assert "createIndex" in failed.finding.remedy


def test_number_types_pass_unless_strict(pair: Pair, tmp_path: Path) -> None:
    pair.copy["_User"].update_one({"n": 3}, {"$set": {"n": Int64(3)}})

    assert run(tmp_path) is ExitCode.PASS
    known = [e for e in evidence(tmp_path).checks if e.outcome is Outcome.KNOWN_DIFFERENCE]
    assert [each.id for each in known] == ["verify/_User"]
    (tmp_path / "strict").mkdir()
    assert run(tmp_path / "strict", "--strict") is ExitCode.FAIL


def test_secrets_and_personal_data_are_in_no_file(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = {
        "_hashed_password": "$2a$10$mostsecrethashofall",
        "email": "somebody@private.example.org",
        "_session_token": "r:0123456789abcdef0123456789abcdef",
        "_auth_data_facebook": {"access_token": "facebooktokenoftheuser", "id": "314159265358979"},
    }
    pair.copy["_User"].update_one({"n": 3}, {"$set": secrets})

    assert run(tmp_path, "--json") is ExitCode.FAIL
    out = capsys.readouterr()
    written = [each.read_text("utf-8") for each in report(tmp_path).iterdir() if each.is_file()]
    values = ["mostsecrethash", "somebody@private", "0123456789abcdef0123", "facebooktokenofthe"]
    for text in (*written, out.out, out.err):
        for value in (*values, "314159265358979", pair.accesses[0].uri.value):
            assert value not in text


def test_a_difference_below_many_levels_is_reported(pair: Pair, tmp_path: Path) -> None:
    def nested(value: Any) -> Any:
        for _ in range(90):
            value = {"a": value}
        return value

    for side, value in ((pair.source, 1), (pair.copy, "mostsecret")):
        side["_User"].update_one({"n": 3}, {"$set": {"deep": nested(value)}})

    assert run(tmp_path, "--json") is ExitCode.FAIL
    (failed,) = [check for check in evidence(tmp_path).checks if check.outcome is Outcome.FAIL]
    assert failed.differences[0].path.endswith(".a" * 90)


@pytest.mark.parametrize("side", ["SOURCE_URI", "COPY_URI"])
def test_a_password_that_is_not_encoded_is_named_not_quoted(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    monkeypatch.setenv(side, "mongodb://ann:mostsecr@t@127.0.0.1:1/app")
    with pytest.raises(UserError, match="percent-encode the password") as caught:
        run(tmp_path)
    assert "mostsecr" not in str(caught.value)


@pytest.mark.parametrize("plant", ["empty", "same"])
def test_what_proves_nothing_does_not_pass(
    pair: Pair, tmp_path: Path, plant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"empty": f"{pair.accesses[0].uri.value}_wrong", "same": pair.accesses[1].uri.value}
    monkeypatch.setenv("SOURCE_URI", other[plant])
    with pytest.raises(UserError):
        run(tmp_path)

    assert any(notice.level == "error" for notice in evidence(tmp_path).notices)


def test_an_excluded_collection_is_unsupported_and_named(pair: Pair, tmp_path: Path) -> None:
    pair.copy["_User"].delete_many({})

    assert run(tmp_path, "--exclude", "_User") is ExitCode.PASS
    left_out = [
        check for check in evidence(tmp_path).checks if check.outcome is Outcome.UNSUPPORTED
    ]
    assert [each.id for each in left_out] == ["verify/_User"]
    assert "left out by --exclude _User" in left_out[0].reason


def test_only_the_classes_that_are_named_are_compared(pair: Pair, tmp_path: Path) -> None:
    pair.copy["GameScore"].delete_one({})

    assert run(tmp_path, "--classes", "_User") is ExitCode.PASS
    states = {check.id: check.outcome for check in evidence(tmp_path).checks}
    assert states["verify/GameScore"] is Outcome.UNSUPPORTED
    assert states["verify/_User"] is Outcome.PASS


def test_an_option_that_names_nothing_is_mentioned(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "--exclude", "_Usr")

    assert "--exclude _Usr matches no collection." in capsys.readouterr().out
    assert any("_Usr" in notice.message for notice in evidence(tmp_path).notices)


@pytest.mark.parametrize("options", [{"expireAfterSeconds": 60}, {"unique": True}], ids=str)
def test_an_index_that_deletes_or_refuses_fails(
    pair: Pair, tmp_path: Path, options: dict[str, Any]
) -> None:
    pair.copy["GameScore"].create_index(
        "planted", partialFilterExpression={"planted": 1}, **options
    )

    assert run(tmp_path) is ExitCode.FAIL
    (failed,) = [check for check in evidence(tmp_path).checks if check.outcome is Outcome.FAIL]
    assert failed.finding is not None
    assert failed.finding.code == "VER-INDEX-HARMS"


def test_lost_permissions_of_a_class_are_a_matter_of_security(pair: Pair, tmp_path: Path) -> None:
    pair.source["_SCHEMA"].insert_one({"_id": "Late", "_metadata": {"class_permissions": {}}})
    pair.copy["_SCHEMA"].insert_one({"_id": "Late"})

    assert run(tmp_path) is ExitCode.FAIL
    (failed,) = [check for check in evidence(tmp_path).checks if check.outcome is Outcome.FAIL]
    assert failed.finding is not None
    assert (failed.finding.code, failed.finding.severity) == ("VER-CLP", "security")


def test_everything_excluded_cannot_be_judged(pair: Pair, tmp_path: Path) -> None:
    assert run(tmp_path, "--exclude", "*") is ExitCode.CANNOT_JUDGE


def test_watching_ends_in_sync(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--watch", "--settle", "1s") is ExitCode.PASS
    assert "In sync as of 20" in capsys.readouterr().out


def test_watching_fails_with_the_age_of_what_stays(pair: Pair, tmp_path: Path) -> None:
    pair.copy["GameScore"].delete_one({})

    assert run(tmp_path, "--watch", "--settle", "0.3s") is ExitCode.FAIL
    (line,) = (report(tmp_path) / "differences.jsonl").read_text("ascii").splitlines()
    assert json.loads(line)["age_s"] >= 0.3


def test_watching_does_not_go_on_with_an_earlier_run(pair: Pair, tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(UserError, match="nobody followed the writes"):
        run(tmp_path, "--watch", "--resume", str(report(tmp_path)))


def test_json_is_the_file(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "--json")
    result: dict[str, Any] = json.loads(capsys.readouterr().out)

    written = json.loads((report(tmp_path) / "verify.json").read_text("utf-8"))
    assert {name: result[name] for name in written} == written
    assert (result["exit_code"], result["verdict"]) == (0, "pass")
    assert result["format"] == "parity-verify"
    assert [each["name"] for each in result["collections"]][:2] == ["Capped", "GameScore"]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["--from", "hostd"], "no target 'hostd'"),
        (["--to", "hosted"], "compared with itself"),
    ],
    ids=str,
)
def test_a_wrong_name_is_said(pair: Pair, tmp_path: Path, more: list[str], what: str) -> None:
    with pytest.raises(UserError, match=what):
        run(tmp_path, *more)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30.0), ("10m", 600.0), ("1.5h", 5400.0)])
def test_a_time_is_read(text: str, seconds: float) -> None:
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "0s", "-1s", "1w"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        DURATION.convert(text, None, None)


def test_the_files_are_what_their_schemas_say(pair: Pair, tmp_path: Path) -> None:
    pair.copy["GameScore"].delete_one({})
    pair.copy["GameScore"].update_one({}, {"$set": {"score": -1}})
    pair.copy["_User"].drop_index("username_1")
    pair.copy["Odd"].update_one({"_id": None}, {"$set": {"a": float("nan")}})
    run(tmp_path, "--exclude", "_SCHEMA")
    whole, lines = (
        Draft202012Validator(json.loads((SCHEMAS / name).read_text("utf-8")))
        for name in ("verify.schema.json", "differences.schema.json")
    )

    whole.validate(json.loads((report(tmp_path) / "verify.json").read_text("utf-8")))
    text = (report(tmp_path) / "differences.jsonl").read_text("ascii").splitlines()
    assert len(text) == 3
    for line in text:
        lines.validate(json.loads(line))
