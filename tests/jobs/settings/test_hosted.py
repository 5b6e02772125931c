"""The hosted settings file: what it says, what is wrong with it, and the template."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.hosted import HostedSettings, read_hosted, template
from parity.model import UserError


def read(folder: Path, text: str) -> HostedSettings:
    path = folder / "hosted.toml"
    path.write_text(text, "utf-8")
    return read_hosted(path)


def test_values_unknown_accepted_and_fields_of_users_are_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        anonymous_users = true
        facebook_login = "unknown"
        locked_after_failed_logins = 5
        [accepted]
        public_file_upload = "since app 4.2"
        [probe_user]
        country = "CH"
        """,
    )
    assert found.values == {
        "anonymous_users": True,
        "facebook_login": None,
        "locked_after_failed_logins": 5,
    }
    assert found.accepted == {"public_file_upload": "since app 4.2"}
    assert found.probe_user == {"country": "CH"}
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", found.digest)


def test_the_digest_changes_with_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "").digest != read(tmp_path, "anonymous_users = true").digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("anonymus_users = true", "did you mean 'anonymous_users'?"),
        ("zzz = 1", "unknown key 'zzz', see `parity settings --template`"),
        ("anonymous_users = 1", "anonymous_users = 1 is not true, false or"),
        ("anonymous_users = 'yes'", "anonymous_users = 'yes' is not true, false or"),
        ("session_length_days = true", "is not a number"),
        ("session_length_days = 0", "not a number of days up to"),
        ("session_length_days = nan", "not a number of days up to"),
        ("locked_after_failed_logins = 2.5", "not a whole number from 0 to 20"),
        ("locked_after_failed_logins = inf", "not a whole number from 0 to 20"),
        ("locked_after_failed_logins = 21", "not a whole number from 0 to 20"),
        ("accepted = 3", "accepted is a table"),
        ("[accepted]\nanonymous_user = 'x'", "[accepted] unknown key 'anonymous_user', did you"),
        ("[accepted]\nanonymous_users = ''", "[accepted] anonymous_users is the reason"),
        ("[accepted]\nanonymous_users = true", "[accepted] anonymous_users is the reason"),
        ('[accepted]\nanonymous_users = "a\\u001b[2Jb"', "cannot be printed"),
        ("[probe_user]\nlist = [1]", "[probe_user] list is text"),
        ("[probe_user]\nusername = 'x'", "[probe_user] username is chosen by the probes"),
        ("anonymous_users = ", "not TOML"),
        ("a = " + "[" * 5000, "it is nested too deep"),
        ("# " + "x" * 100_000, "is longer than 100,000 bytes"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    assert said in error.value.what
    assert error.value.remedy
    assert error.value.code == "hosted-settings"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="3 problems"):
        read(tmp_path, "a = 1\nb = 2\nanonymous_users = 3")


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_hosted(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="cannot be read"):
        read_hosted(tmp_path / "bytes.toml")


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_no_file_gets_a_traceback_or_control_characters(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "x.toml"
    path.write_bytes(data)
    try:
        read_hosted(path)
    except UserError as error:
        shown = error.what.replace(str(path), "").replace("\n", "")
        assert shown.isprintable()


def test_the_template_says_nothing_until_a_comment_is_taken_away(tmp_path: Path) -> None:
    assert read(tmp_path, template()).values == {}
    line = re.compile(r"# (\w+ = .+|\[\w+\])")
    lines = [match[1] for each in template().splitlines() if (match := line.fullmatch(each))]
    found = read(tmp_path, "\n".join(lines))
    assert list(found.values) == [each.key for each in catalogue().values()]
    documented = {each.key: each.hosted for each in catalogue().values()}
    assert found.values == documented
    assert set(found.accepted) == {"public_file_upload"}


def test_the_template_explains_every_setting() -> None:
    assert tomllib.loads(template()) == {}
    for setting in catalogue().values():
        assert f"# {setting.name}. " in template()
