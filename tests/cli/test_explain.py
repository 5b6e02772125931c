from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity.cli.explain import explain
from parity.jobs.settings.catalogue import catalogue
from parity.model import UserError


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(explain, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize(
    "name",
    [
        "KD-0401",
        "kd-0401",
        "session-token-format",
        "sessions-session-token-format",
        "longer tokens",
    ],
)
def test_a_difference_is_found_by_any_of_its_names(name: str) -> None:
    text = run(name).output

    assert text.startswith("KD-0401  Session tokens are longer\n")


def test_everything_about_a_difference_is_said() -> None:
    text = run("KD-0302").output

    for part in (
        "users, breaking",
        "user-default-acl",
        "Parse Server >=6.0",
        "enforcePrivateUsers is on",
        "sends the whole user back",
        "Let the app ignore the key",
        "recorded: recordings/hosted-2016",
        "yes, on the embedded 9.10.0",
        "scenarios/compat/users-user-default-acl.yaml",
        "suites/users/test_logging_in.py::test_log_in_answers_the_user",
        "KD-0303",
    ):
        assert part in text


def test_a_slug_shows_all_of_its_entries() -> None:
    found = json.loads(run("--json", "user-default-acl").output)

    assert [each["id"] for each in found] == ["KD-0301", "KD-0302", "KD-0303"]


def test_an_entry_that_cannot_be_observed_says_why() -> None:
    text = run("db-tombstone").output

    assert "no: it is in the database, not in a reply" in text


def test_an_entry_that_stayed_alike_names_its_checks() -> None:
    text = run("clp-locked-empty").output

    assert "no difference on the embedded 2.8.4 and 9.10.0" in text
    assert "scenarios/compat/schema-clp-locked-empty.yaml" in text


@pytest.mark.parametrize("name", ["SET-PUBLIC-FILE-UPLOAD", "public_file_upload"])
def test_a_setting_of_the_app_says_what_each_way_of_differing_means(name: str) -> None:
    setting = catalogue()["PUBLIC-FILE-UPLOAD"]
    text = run(name).output

    assert text.startswith(f"SET-PUBLIC-FILE-UPLOAD  {setting.title}\n")
    for part in (
        setting.option,
        setting.more.effect,
        setting.less.effect,
        setting.more.remedy,
        setting.source,
        "`parity settings` asks the server",
    ):
        assert part in text


def test_every_code_of_a_setting_can_be_explained() -> None:
    for setting in catalogue().values():
        (found,) = json.loads(run("--json", setting.code).output)
        assert found["severity"] in (str(setting.more.severity), str(setting.less.severity))
        assert found["slug"] == setting.key
    listed = run("--list", "--version", "2.8.4").output
    assert "SET-REVOCABLE-SESSIONS" in listed
    assert "SET-PUBLIC-FILE-UPLOAD" not in listed


@pytest.mark.parametrize(
    ("code", "severity", "said"),
    [
        ("PRE-NOT-EMPTY", "breaking", "`parity preflight` reports it"),
        ("ver-missing", "breaking", "not in the destination"),
        ("AUD-FIELD-TYPE", "breaking", "`parity audit` reports it"),
        ("SCAN-MODULE-MAILGUN", "breaking", "mailgun-js"),
        ("RPL-DIFFERENT", "breaking", "docs/known-differences.md"),
        ("WEB-COOKIE-FLAG", "security", "HttpOnly"),
        ("FILES-TOO-LARGE", "breaking", "client_max_body_size"),
        ("SIZE-NO-INDEX", "breaking", "reads every document"),
        ("DEP-TLS-EXPIRED", "breaking", "`parity deployment` reports it"),
    ],
)
def test_the_code_of_a_finding_of_any_command_is_explained(
    code: str, severity: str, said: str
) -> None:
    (found,) = json.loads(run("--json", code).output)

    assert (found["id"], found["severity"]) == (code.upper(), severity)
    text = run(code).output
    assert said in text
    assert "how we know\n    :" not in text


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        run("session-token-fromat")

    assert "KD-0401  Session tokens are longer" in caught.value.remedy


def test_a_list_has_one_line_for_each_entry() -> None:
    lines = run("--list").output.splitlines()

    ids = [line.split("\t")[0] for line in lines]
    assert len(lines) >= 200
    assert all(line.count("\t") == 5 for line in lines)
    known = sorted({id_ for id_ in ids if id_.startswith("KD-")})
    assert ids == known + [""] * ids.count("") + [each.code for each in catalogue().values()]


def test_a_list_is_narrowed_by_area_severity_and_version() -> None:
    arguments = ("--list", "--json", "--area", "sessions", "--severity", "security")
    old = {load["id"] for load in json.loads(run(*arguments, "--version", "2.8.4").output)}
    new = {load["id"] for load in json.loads(run(*arguments, "--version", "9.10.0").output)}

    assert "KD-0411" in old - new
    assert "KD-0407" in new - old
    assert "KD-0404" in old & new


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one difference"),
        (("KD-0001", "--list"), "name one difference"),
        (("KD-0001", "--area", "users"), "go with --list"),
        (("--list", "--area", "usrs"), "did you mean 'users'"),
        (("--list", "--version", "newest"), "not a version"),
        (("KD-0001", "--known-differences", "/nowhere"), "no such folder"),
    ],
)
def test_what_makes_no_sense_is_told(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError) as caught:
        run(*arguments)

    assert message in str(caught.value)


def test_a_teams_own_entries_are_explained_too(tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(
        '[[difference]]\nid = "APP-0001"\ntitle = "Ours alone"\narea = "users"\n'
        'versions = ">=9"\nseverity = "benign"\nprovenance = "observed"\nsource = "us"\n'
        'cause = "c"\neffect = "e"\nremedy = "r"\nowner = "us"\n'
        '[difference.when]\nrequests = ["GET /users/*"]\n'
        '[difference.shows]\nplaces = [{ path = "$.x", actual = 1 }]\n',
        encoding="utf-8",
    )

    text = run("APP-0001", "--known-differences", str(tmp_path)).output

    assert "APP-0001  Ours alone" in text
    assert "GET /users/*" in text
