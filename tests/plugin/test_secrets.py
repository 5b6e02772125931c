"""Every output of a run is searched for what must not be in it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fake_parse import APP_ID, MASTER_KEY, REST_KEY, FakeParse
from tests.plugin.conftest import Run

TOKEN = "r:0123456789abcdef0123456789abcdef"
PASSWORD = "correct-horse-battery"
EMAIL = "alice.planted@example.org"
PLANTED = (MASTER_KEY, REST_KEY, APP_ID, TOKEN, PASSWORD, EMAIL)

SUITE = '''
import os

import pytest

TOKEN, PASSWORD, EMAIL = (os.environ[name] for name in ("TOKEN", "PASSWORD", "EMAIL"))

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users")]


def test_leaks(parse, master, expect, target):
    """Whatever a server sends back is redacted."""
    key = target.keys.master_key.value
    reply = master.as_user(TOKEN).sign_up("parity1", PASSWORD, email=EMAIL, note=key)
    expect.body(reply, {"nothing": "of this"}, status=201)


def test_leaks_in_a_plain_assert(parse, target):
    """A plain assert is redacted too."""
    reply = parse.log_in("parity1", PASSWORD)
    copy = dict(reply.json)
    assert copy == {}


def test_leaks_in_an_exception(parse, target):
    """An exception of a check is redacted too."""
    raise ValueError(target.keys.master_key.value + f" {TOKEN} {EMAIL}")


def test_is_not_parse(parse, target):
    """The bytes that an error shows are redacted too, and what the check printed."""
    print("printed", target.keys.master_key.value, TOKEN)
    parse.get("broken")
'''


def leaky(method: str, path: str) -> Any:
    body = {
        "objectId": "abcdefghij",
        "sessionToken": TOKEN,
        "email": EMAIL,
        "password": PASSWORD,
        "echo": f"key {MASTER_KEY} for {APP_ID}",
        "nested": json.dumps({"sessionToken": TOKEN, "key": REST_KEY}),
        "basic": base64.b64encode(f"{APP_ID}:{MASTER_KEY}".encode()).decode(),
    }
    headers = {"Content-Type": "application/json", "X-Echo": f"{MASTER_KEY} {TOKEN}"}
    if path == "broken":
        return 200, {}, f"<p>{MASTER_KEY} {TOKEN}</p>".encode()
    if path.startswith(("users", "login")):
        return 200, headers, json.dumps(body).encode()
    return None


@pytest.mark.parametrize("workers", ["0", "2"])
def test_no_output_of_a_run_holds_a_secret(
    configured: pytest.Pytester,
    fake_parse: FakeParse,
    run: Run,
    workers: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configured.makepyfile(test_suite=SUITE)
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("PASSWORD", PASSWORD)
    monkeypatch.setenv("EMAIL", EMAIL)
    fake_parse.misbehave = leaky

    result = run("-n", workers, "-l", "-v", "--junitxml=out/junit.xml", "--alluredir=out/allure")

    assert result.ret == 1
    assert result.parseoutcomes()["failed"] == 3
    written = [path for path in configured.path.rglob("*") if path.is_file()]
    written = [each for each in written if each.parent != configured.path]
    assert len([each for each in written if each.suffix in (".html", ".jsonl", ".xml")]) == 3
    assert len([each for each in written if "allure" in each.parts]) > 4
    outputs = {str(each): each.read_bytes() for each in written}
    outputs["the terminal"] = "\n".join([*result.outlines, *result.errlines]).encode()
    for name, content in outputs.items():
        for secret in forms_of(PLANTED):
            assert secret.encode() not in content, f"{secret} is in {name}"


def forms_of(secrets: tuple[str, ...]) -> list[str]:
    """Return each secret as it is and as Basic authentication would carry it."""
    basic = base64.b64encode(f"{APP_ID}:{MASTER_KEY}".encode()).decode()
    return [*secrets, TOKEN.removeprefix("r:"), basic]


def test_the_header_names_targets_and_masks_keys(configured: Path, run: Run) -> None:
    result = run("-k", "creates")

    result.stdout.fnmatch_lines(
        ["parity: run *, seed *, targets fake", "parity: target fake: parse-server 9.10.0 at http*"]
    )
    assert "rest ***, master ***" in result.stdout.str()


SKIPPED = '''
import os

import pytest

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users")]


@pytest.mark.requires("master_key")
def test_needs_what_a_probe_did_not_find(parse):
    """The reason of a skip is what the probe saw."""


def test_skips_by_itself(parse, target):
    """A check may quote what it met."""
    pytest.skip(f"{target.keys.master_key.value} {os.environ['TOKEN']} {os.environ['EMAIL']}")


def test_fails_by_itself(parse, target):
    """So may one that fails."""
    pytest.fail(f"{target.keys.master_key.value} {os.environ['TOKEN']} {os.environ['EMAIL']}")


def test_follows_a_redirect(parse, target):
    """Where a server sends a client is a text as well."""
    raise AssertionError(parse.get("moved", raw=True).headers.get("Location"))


def test_shows_the_name_of_a_file(parse, expect):
    """And so is the name of a file."""
    expect.body(parse.upload("a.txt", b"x", "text/plain"), {}, status=201)
'''


def echoing(method: str, path: str) -> Any:
    """Answer with every secret in a place that clients and probes quote."""
    quoted = f"{MASTER_KEY} {REST_KEY} {TOKEN} {EMAIL}"
    bearer = f"Bearer {MASTER_KEY}"
    headers = {"Content-Type": "application/json", "X-Echo": quoted, "Authorization": bearer}
    if path == "serverInfo":
        return 403, headers, json.dumps({"error": f"unauthorized {quoted}"}).encode()
    if path == "moved":
        return 302, {"Location": f"http://h.example/?t={TOKEN}&key={MASTER_KEY}"}, b""
    if path.startswith("files"):
        body = {"name": f"{REST_KEY}_a.txt", "url": f"http://h.example/{MASTER_KEY}/{EMAIL}"}
        return 201, headers, json.dumps(body).encode()
    return None


def test_what_a_server_echoes_is_in_no_report_of_a_skip_or_a_failure(
    configured: pytest.Pytester, fake_parse: FakeParse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.makepyfile(test_suite=SKIPPED)
    for name, value in (("TOKEN", TOKEN), ("PASSWORD", PASSWORD), ("EMAIL", EMAIL)):
        monkeypatch.setenv(name, value)
    fake_parse.misbehave = echoing

    result = run("-rA", "-v", "--junitxml=out/junit.xml", "--alluredir=out/allure")

    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) >= 3
    assert outcomes.get("unsupported", 0) + outcomes.get("skipped", 0) >= 1
    written = [path for path in configured.path.rglob("*") if path.is_file()]
    outputs = {str(path): path.read_bytes() for path in written if path.parent != configured.path}
    assert any(name.endswith("junit.xml") for name in outputs)
    assert any("allure" in name for name in outputs)
    outputs["the terminal"] = "\n".join([*result.outlines, *result.errlines]).encode()
    for name, content in outputs.items():
        for secret in forms_of(PLANTED):
            assert secret.encode() not in content, f"{secret} is in {name}"
