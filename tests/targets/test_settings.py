from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.model import Style, UserError, Writes
from parity.targets import App, load_app, load_settings

GOOD = """
[targets.hosted]
style = "hosted"
url = "https://api.parse.com/1"
app_id = "env:HOSTED_APP_ID"
rest_key = "env:HOSTED_REST_KEY"
writes = "forbidden"

[targets.selfhosted]
style = "parse-server"
url = "http://localhost:1337/parse/"
app_id = "env:APP_ID"
master_key = "file:master.key"
mongo = "env:MONGODB_URI"
writes = "namespaced"
timeout = 2.5
"""
ENVIRONMENT = {
    "HOSTED_APP_ID": "h-app",
    "HOSTED_REST_KEY": "h-rest",
    "APP_ID": "app",
    "MONGODB_URI": "mongodb://u:p@localhost:27017/app",
}


def config(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "parity.toml"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "master.key").write_text("m-key\n", encoding="utf-8")
    return file


def test_a_complete_file_gives_its_targets(tmp_path: Path) -> None:
    found = load_settings(config(tmp_path, GOOD), ENVIRONMENT)

    hosted, selfhosted = found.targets["hosted"], found.targets["selfhosted"]
    assert (hosted.style, hosted.writes) == (Style.HOSTED, Writes.FORBIDDEN)
    assert hosted.keys.rest_key is not None
    assert (hosted.keys.rest_key.value, hosted.keys.rest_key.source) == (
        "h-rest",
        "HOSTED_REST_KEY",
    )
    assert selfhosted.url == "http://localhost:1337/parse"
    assert selfhosted.keys.master_key is not None
    assert selfhosted.keys.master_key.value == "m-key"
    assert selfhosted.timeout_s == 2.5


def test_without_a_file_there_are_no_targets() -> None:
    assert load_settings(None, {}).targets == {}


def test_writes_are_forbidden_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    text = GOOD.replace('writes = "namespaced"\n', "")

    found = load_settings(config(tmp_path, text), ENVIRONMENT)

    assert found.targets["selfhosted"].writes is Writes.FORBIDDEN


@pytest.mark.parametrize(
    ("before", "after", "line", "told"),
    [
        ('style = "hosted"', 'style = "hostd"', 3, "did you mean 'hosted'?"),
        ('style = "hosted"\n', "", 2, "has no style"),
        ("rest_key", "rest_kye", 6, "unknown setting 'rest_kye', did you mean 'rest_key'?"),
        ('url = "https://api.parse.com/1"', 'url = "api.parse.com"', 4, "not an http"),
        ('url = "https://api.parse.com/1"', 'url = "https://u:p@x/1"', 4, "user name"),
        ('url = "https://api.parse.com/1"\n', "", 2, "has no url"),
        ('"env:HOSTED_REST_KEY"', '"real-secret-value"', 6, "not a reference"),
        ("env:HOSTED_REST_KEY", "env:HOSTED_REST_KEYS", 6, "but HOSTED_REST_KEY is"),
        ("file:master.key", "file:master.kee", 13, "No such file"),
        ('writes = "forbidden"', 'writes = "forbiden"', 7, "did you mean 'forbidden'?"),
        ("timeout = 2.5", "timeout = -1", 16, "not a number of seconds"),
        ("[targets.hosted]", "[target.hosted]", 2, "did you mean 'targets'?"),
        ('app_id = "env:APP_ID"\n', "", 9, "has no app_id"),
        ("timeout = 2.5", 'version = "banana"', 16, "not a version of Parse Server"),
        ("timeout = 2.5", 'version = ""', 16, "not a version of Parse Server"),
        ("timeout = 2.5", r'note = "one\ntwo"', 16, "line break"),
        ("timeout = 2.5", r'note = "\u001b[31mred"', 16, "cannot be printed"),
        ("localhost:1337", "exämple..com", 11, "no host name"),
        ("localhost:1337", "my host", 11, "holds a space"),
        ("localhost:1337", "localhost:0", 11, "port 0"),
        ("http://localhost:1337/parse/", r"http://localhost/parse\n/x", 11, "cannot be printed"),
        ("file:master.key", "file:/dev/zero", 13, "no regular file"),
        ("file:master.key", "file:two-lines.key", 13, "more than one line"),
        ("file:master.key", "file:fifo.key", 13, "no regular file"),
    ],
)
def test_each_problem_is_told_with_its_line(
    tmp_path: Path, before: str, after: str, line: int, told: str
) -> None:
    assert before in GOOD
    (tmp_path / "two-lines.key").write_text("real-secret-value\nsecond\n")
    os.mkfifo(tmp_path / "fifo.key")

    with pytest.raises(UserError) as caught:
        load_settings(config(tmp_path, GOOD.replace(before, after, 1)), ENVIRONMENT)

    assert f"line {line}: " in caught.value.what
    assert told in caught.value.what
    assert "real-secret-value" not in str(caught.value)


DEPLOYED = """
[targets.deployed]
style = "parse-server"
url = "https://parse.example:8443/parse"
app_id = "app"
ca = "own-ca.pem"
public_url = "https://api.example/parse/"
origins = ["https://app.example", "http://localhost:3000"]
dashboard = "https://admin.example/dashboard"
"""


def test_what_the_deployed_server_needs_can_be_said(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "own-ca.pem")

    found = load_settings(config(tmp_path, DEPLOYED), {}).targets["deployed"]

    assert found.ca == tmp_path / "own-ca.pem"
    assert found.public_url == "https://api.example/parse"
    assert found.origins == ("https://app.example", "http://localhost:3000")
    assert found.dashboard == "https://admin.example/dashboard"


def test_no_web_client_is_not_the_same_as_nothing_said(tmp_path: Path) -> None:
    text = DEPLOYED.replace('ca = "own-ca.pem"\n', "")
    line = 'origins = ["https://app.example", "http://localhost:3000"]\n'

    none = load_settings(config(tmp_path, text.replace(line, "origins = []\n")), {})
    nothing = load_settings(config(tmp_path, text.replace(line, "")), {})

    assert none.targets["deployed"].origins == ()
    assert nothing.targets["deployed"].origins is None


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("own-ca.pem", "gone.pem", "line 6: ca = 'gone.pem': No such file"),
        ("own-ca.pem", "master.key", "line 6: ca = 'master.key' holds no certificate"),
        ('"own-ca.pem"', "7", "line 6: ca is text in quotes"),
        ('"https://api.example/parse/"', '"api"', "line 7: public_url = 'api' is not an http"),
        ('"https://api.example/parse/"', '"http://[x/"', "line 7: public_url"),
        ('"https://app.example"', '"https://app.example/x"', "line 8: origins is a list"),
        ('"https://app.example"', '"*"', "line 8: origins is a list"),
        ('"https://app.example"', "1", "line 8: origins is a list"),
        ("https://admin", "https://u:p@admin", "line 9: dashboard holds a user name"),
    ],
)
def test_each_problem_of_a_deployed_server_is_told(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "own-ca.pem")

    with pytest.raises(UserError) as caught:
        load_settings(config(tmp_path, DEPLOYED.replace(before, after, 1)), {})

    assert told in caught.value.what


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace('"hosted"', '"x"').replace("timeout = 2.5", 'timeout = "2"') + "\n[colours]\n"
    )

    with pytest.raises(UserError) as caught:
        load_settings(config(tmp_path, text), {})

    assert "7 problems" in caught.value.what
    assert [line.split(":")[0].strip() for line in caught.value.what.splitlines()[1:]] == [
        "line 3",
        "line 5",
        "line 6",
        "line 12",
        "line 14",
        "line 16",
        "line 18",
    ]


def test_hosted_style_needs_a_key(tmp_path: Path) -> None:
    text = GOOD.replace('rest_key = "env:HOSTED_REST_KEY"\n', "")

    with pytest.raises(UserError, match="hosted style needs one"):
        load_settings(config(tmp_path, text), ENVIRONMENT)


def test_secrets_of_targets_that_are_not_used_may_be_missing(tmp_path: Path) -> None:
    found = load_settings(
        config(tmp_path, GOOD),
        {"APP_ID": "app", "MONGODB_URI": "mongodb://localhost/app"},
        ("selfhosted",),
    )

    assert list(found.targets) == ["selfhosted"]


def test_an_unknown_target_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'selfhosted'"):
        load_settings(config(tmp_path, GOOD), ENVIRONMENT, ("selfhost",))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        load_settings(tmp_path / "nowhere.toml", {})


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="line 2"):
        load_settings(config(tmp_path, "\nx = = 1"), {})


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = config(tmp_path, "\ufeff" + GOOD)
    (tmp_path / "master.key").write_text("\ufeffm-key\r\n", encoding="utf-8")

    keys = load_settings(file, ENVIRONMENT).targets["selfhosted"].keys
    assert keys.master_key is not None
    assert keys.master_key.value == "m-key"


@pytest.mark.parametrize(
    ("text", "told"),
    [("x = " + "[" * 5000 + "]" * 5000, "nested too deep"), ("#" * 1_000_001, "longer than")],
)
def test_what_is_too_deep_or_too_long_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        load_settings(config(tmp_path, text), {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["style", "url", "app_id", "rest_key", "writes", "timeout", "mongo", "x"]),
        st.one_of(st.booleans(), st.integers(), st.text(max_size=5), st.just("env:APP_ID")),
    )
)
def test_a_partly_filled_target_never_is_more_than_a_message(
    tmp_path: Path, table: dict[str, object]
) -> None:
    lines = []
    for key, value in table.items():
        shown = str(value).lower() if isinstance(value, bool | int) else f'"{ascii_only(value)}"'
        lines.append(f"{key} = {shown}")
    file = config(tmp_path, "[targets.x]\n" + "\n".join(lines) + "\n")

    complete = {"style", "url", "app_id"} <= set(table)
    with contextlib.suppress(UserError):
        assert load_settings(file, ENVIRONMENT).targets["x"].app_id.value
        assert complete


def ascii_only(value: object) -> str:
    """Return text that needs no escape in TOML."""
    return "".join(
        char for char in str(value) if char.isascii() and (char.isalnum() or char == ":")
    )


def test_lines_are_right_for_dotted_keys_and_inline_tables(tmp_path: Path) -> None:
    file = tmp_path / "parity.toml"
    file.write_text(
        '# style = "x"\ntargets.a = { style = "hosted", app_id = "x", rest_kye = "env:X" }\n'
        '[targets."b"]\nnote = """\nurl = "no"\n"""\nurl = "ftp://x"\nstyle = "hosted"\n'
        'app_id = "x"\n'
    )

    with pytest.raises(UserError) as error:
        load_settings(file, {})

    assert "line 2: unknown setting 'rest_kye', did you mean 'rest_key'?" in error.value.what
    assert "line 7: url = 'ftp://x' is not" in error.value.what


APP = """
[app]
recording = "app.jsonl"
cloud = "cloud"
clients = ["ios", "android"]
hosted_settings = "hosted-settings.toml"
"""


def with_app(tmp_path: Path) -> Path:
    for name in ("cloud/main.js", "ios/A.swift", "android/A.java", "app.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return config(tmp_path, GOOD + APP)


def test_the_app_is_described_once_relative_to_the_file(tmp_path: Path) -> None:
    file = with_app(tmp_path)

    app = load_settings(file, ENVIRONMENT).app

    assert (
        app
        == load_app(file)
        == App(
            recording=tmp_path / "app.jsonl",
            cloud=tmp_path / "cloud",
            clients=(tmp_path / "ios", tmp_path / "android"),
            hosted_settings=tmp_path / "hosted-settings.toml",
        )
    )


def test_servers_run_the_cloud_code_of_the_app_unless_they_say_otherwise(tmp_path: Path) -> None:
    file = with_app(tmp_path)
    found = load_settings(file, ENVIRONMENT).targets
    assert (found["selfhosted"].cloud, found["hosted"].cloud) == (tmp_path / "cloud", None)

    (tmp_path / "other.js").write_text("f();")
    file.write_text((GOOD + APP).replace("timeout = 2.5", 'cloud = "other.js"'))
    assert load_settings(file, ENVIRONMENT).targets["selfhosted"].cloud == tmp_path / "other.js"


def test_each_part_of_the_app_has_a_digest_of_its_content(tmp_path: Path) -> None:
    app = load_app(with_app(tmp_path))
    before = app.digests()
    assert before.keys() == {"recording", "cloud", "clients"}, "hosted_settings is not there"

    for name, part in (("cloud/main.js", "cloud"), ("android/A.java", "clients")):
        (tmp_path / name).write_text("something else")
        assert {key for key, digest in app.digests().items() if digest != before[key]} == {part}
        before = app.digests()
    (tmp_path / "ios" / "Pods").mkdir()
    (tmp_path / "ios" / "Pods" / "B.swift").write_text("installed")
    (tmp_path / "ios" / "icon.png").write_bytes(b"\x89PNG")
    assert app.digests() == before


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('recordin = "a"', "line 2: unknown setting 'recordin', did you mean 'recording'?"),
        ("cloud = 3", "line 2: cloud is a path in quotes"),
        ('web = ""', "line 2: web is a path in quotes"),
        ('clients = "ios"', "line 2: clients is a list of folders"),
        ("clients = [3]", "line 2: clients is a list of folders"),
    ],
)
def test_a_wrong_app_is_told_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    file = config(tmp_path, f"[app]\n{line}\n")
    with pytest.raises(UserError, match=r"parity\.toml has 1 problem") as raised:
        load_app(file)
    assert problem in str(raised.value)


def test_an_app_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\[app\] is a table"):
        load_app(config(tmp_path, 'app = "x"\n'))
