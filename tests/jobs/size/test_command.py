"""``parity size`` as people use it: a short run on real servers, one that is stopped, mistakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

import parity.jobs.size
from parity.cli import main
from parity.jobs.size.series import Second, plain_line
from parity.model import ExitCode, Outcome
from parity.model.evidence import read_evidence
from tests.deadlines import killed_after
from tests.jobs.size.ground import Ground, client_of, ground, profile, size, size_command

SHORT = ("--seconds", "1", "--max-minutes", "0.5", "--headroom", "2", "--p95", "2000", "--p99",
         "5000")  # fmt: skip
DEADLINE_S = 120.0


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    with ground(2_000) as made:
        yield made


@pytest.fixture(scope="module")
def ran(place: Ground) -> tuple[int, dict[str, Any]]:
    return size(place, profile(5), *SHORT, "--hosted-size", "1MB")


def names(place: Ground) -> set[str]:
    with client_of(place) as client:
        return set(client["app"].list_collection_names())


def test_a_run_says_what_it_found_to_machines(ran: tuple[int, dict[str, Any]]) -> None:
    code, said = ran
    assert code == ExitCode.PASS, said
    assert said["fit"] in ("fits", "tight")
    assert said["answer"].startswith("Holds at least 2.0 \N{MULTIPLICATION SIGN} your recorded")
    assert said["storage"]["room_factor"] > 10
    assert said["probes"]["not_visible"] == {"network": "the server is on this machine"}
    assert {each["id"] for each in said["parts"]} >= {"knee", "cache", "generator"}


def test_a_run_leaves_evidence_a_page_a_series_and_a_result_of_its_schema(
    ran: tuple[int, dict[str, Any]],
) -> None:
    folder = Path(ran[1]["run"])
    evidence = read_evidence(folder / "evidence.jsonl")
    assert evidence.header.job == "size"
    assert not evidence.footer.interrupted
    outcomes = {check.id: check.outcome for check in evidence.checks}
    assert len(outcomes) == 9
    assert outcomes["size/knee"] is Outcome.PASS
    facts = json.loads((folder / "size.json").read_text("utf-8"))
    schema = Path(parity.jobs.size.__file__).parent / "schemas" / "size.schema.json"
    # The file is written before the verdict is known; `--json` has both.
    verdict = {name: ran[1][name] for name in ("run", "verdict", "sentence", "exit_code")}
    jsonschema.validate(facts | verdict, json.loads(schema.read_text("utf-8")))
    jsonschema.validate(ran[1], json.loads(schema.read_text("utf-8")))
    assert facts["trials"][-1]["phase"] == "hold"
    assert len((folder / "series.csv").read_text("utf-8").splitlines()) > 4
    page = (folder / "report.html").read_text("utf-8")
    assert "locust/locust.html" in page
    answer = f"{ran[1]['fit'].capitalize()}: holds at least 2.0"
    assert ran[1]["sentence"].startswith(answer)
    assert answer in page.partition("Notices")[0]
    assert (folder / "locust" / "locust.html").is_file()
    assert "series.csv" in page


def test_nothing_that_the_load_made_is_left(place: Ground, ran: tuple[int, dict[str, Any]]) -> None:
    assert not [name for name in names(place) if name.startswith("Parity")]


def test_no_key_is_in_anything_that_a_run_wrote(
    place: Ground, ran: tuple[int, dict[str, Any]]
) -> None:
    key = place.target.keys.master_key
    assert key is not None
    # "master" is a word of its own in reports; where it is sent it stands in a header.
    for file in Path(ran[1]["run"]).rglob("*"):
        if file.is_file():
            text = file.read_text("utf-8", "replace")
            assert f"Master-Key: {key.value}" not in text
            assert f'"{key.value}"' not in text


def test_a_run_that_is_stopped_says_so_and_cleans_up(place: Ground) -> None:
    command, environment = size_command(place, profile(5), "--seconds", "60")
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        with killed_after(process, DEADLINE_S):
            assert any("ramp" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
        process.wait(DEADLINE_S)
    assert process.returncode == ExitCode.INTERRUPTED
    newest = max((place.folder / "reports").iterdir(), key=lambda each: each.stat().st_mtime)
    evidence = read_evidence(newest / "evidence.jsonl")
    assert evidence.footer.interrupted
    assert not evidence.checks
    assert {table.id for table in evidence.tables} >= {"series-load", "files"}
    assert "interrupted" in (newest / "report.html").read_text("utf-8")
    assert not [name for name in names(place) if name.startswith("Parity")]


CONFIG = """[targets.app]
style = "parse-server"
url = "http://127.0.0.1:9/parse"
app_id = "env:SIZE_TEST_APP"
master_key = "env:SIZE_TEST_KEY"
writes = "{writes}"
"""


def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: str, *arguments: str) -> str:
    """Run with a configuration and return what was said; it has to be refused."""
    monkeypatch.setenv("SIZE_TEST_APP", "sizing-app-id")
    monkeypatch.setenv("SIZE_TEST_KEY", "key")
    config = tmp_path / "parity.toml"
    config.write_text(CONFIG.format(writes=writes), "utf-8")
    result = CliRunner().invoke(
        main, ["size", "--target", "app", "--config", str(config), *arguments]
    )
    assert result.exit_code == ExitCode.CANNOT_JUDGE
    assert not (tmp_path / "reports").exists()
    return result.output


@pytest.mark.parametrize(
    ("writes", "arguments", "words"),
    [
        ("forbidden", ("--profile", "social"), "writes to 'app' are forbidden"),
        (
            "forbidden",
            ("--profile", "social", "--read-only", "--try-indexes"),
            "--try-indexes makes a scratch database",
        ),
        ("disposable", ("--profile", "sozial"), "no shipped profile 'sozial'"),
        ("disposable", ("--profile", "social", "--hosted-size", "big"), "'big' is no size"),
        ("disposable", ("--profile", "social", "--growth-per-month", "x%"), "'x%' is no growth"),
        ("disposable", ("--profile", "social", "--disk", "0"), "'0' is no size"),
        ("disposable", (), "--profile"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writes: str,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    assert words in refused(tmp_path, monkeypatch, writes, *arguments)


def test_a_target_that_is_down_could_not_be_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "app" in refused(tmp_path, monkeypatch, "disposable", "--profile", "social")


def test_a_line_of_progress_has_rate_latency_errors_cache_cpu_and_time() -> None:
    row = Second(
        1.0, "ramp", True, 40.0, 40, 38, 2, 9.0, 21.0, 30.0, 20.0, 0, 0.2, 1.0, 0.71, 0.2, 61.0,
        1.0, 2.0, 0.0, 0.0, 11.0,
    )  # fmt: skip
    line = plain_line(row, 73.4)
    for part in ("ramp", "rate 40/s", "p95 21 ms", "errors 5.3 %", "cache 61 %", "Parse 0.71 cores",
                 "MongoDB 0.20 cores", "left 73 s"):  # fmt: skip
        assert part in line


def test_help_teaches() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "parity", "size", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert "parity size --target selfhosted --profile social --quick" in done.stdout
    assert "too small" in done.stdout
