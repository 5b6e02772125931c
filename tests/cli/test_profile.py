"""``parity profile``: a recording in, a profile and a summary out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parity.cli.profile import profile
from parity.model import ExitCode, UserError
from parity.profiles import load_profile
from tests.profiles.test_derive import exchange, query, recorded


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    requests = [exchange(n, "GET", query({"author": f"a{n}"}), at=n) for n in range(30)]
    requests += [exchange(100, "POST", "classes/Post", {"a": 1}), exchange(101, "GET", "config")]
    recorded(tmp_path, requests)
    return tmp_path


def run(*line: str) -> ExitCode:
    code = profile.main(list(line), prog_name="parity profile", standalone_mode=False)
    assert isinstance(code, ExitCode)
    return code


def test_the_profile_is_written_and_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("app.jsonl", "--out", "profiles/mine.toml") is ExitCode.PASS
    written = load_profile("profiles/mine.toml")
    assert written.name == "mine"
    assert written.source == "recording app.jsonl"
    assert written.digest.startswith("sha256:")
    printed = capsys.readouterr().out
    assert "32 requests, 2 kinds" in printed
    assert "96.77 %  query Post where(author)" in printed
    assert "reads      97 % of 31; the rest writes" in printed
    assert "not known  the recording is shorter than a day" in printed
    assert "left out   1 of 32: read: config" in printed


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("app.jsonl", "--out", "p.toml", "--name", "app", "--json") is ExitCode.PASS
    [line] = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["name"], found["exchanges"], found["reads"], found["writes"]) == (
        "app",
        32,
        30,
        1,
    )


def test_a_file_that_is_there_is_not_replaced_unasked() -> None:
    Path("p.toml").write_text("mine", "utf-8")
    with pytest.raises(UserError, match="is there already"):
        run("app.jsonl", "--out", "p.toml")
    assert Path("p.toml").read_text("utf-8") == "mine"
    assert run("app.jsonl", "--out", "p.toml", "--force") is ExitCode.PASS


def test_a_recording_without_requests_of_an_app_is_refused_with_a_remedy(folder: Path) -> None:
    recorded(folder, [exchange(1, "GET", "health")])
    with pytest.raises(UserError) as refused:
        run("app.jsonl", "--out", "p.toml")
    assert "--base-url" in refused.value.remedy
    assert not Path("p.toml").exists()


def test_a_truncated_recording_is_used_only_when_asked_for(folder: Path) -> None:
    whole = Path("app.jsonl").read_bytes().splitlines(keepends=True)
    Path("app.jsonl").write_bytes(b"".join(whole[:-1]))
    with pytest.raises(UserError):
        run("app.jsonl", "--out", "p.toml")
    assert run("app.jsonl", "--out", "p.toml", "--allow-truncated") is ExitCode.PASS
