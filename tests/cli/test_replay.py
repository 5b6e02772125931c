"""``parity replay`` as people use it, on real servers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from parity.cli import main
from parity.model import Target
from parity.model.evidence import read_evidence
from parity.stack import Stack, hosted_member, selfhosted_member, start_stack, stop_stack
from tests.jobs.replay.traffic import Script, changing_rows

Run = Callable[..., "Done"]
CLOUD = "Parse.Cloud.define('dice', () => ({ value: Math.random(), sides: 6 }));\n"
PASSWORD = "planted-password-81723"
TOKEN = "r:planted0tokenplanted0tok0"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str
    reports: Path

    @property
    def report(self) -> Path:
        """The folder of the newest run."""
        return max(self.reports.iterdir(), key=lambda each: each.stat().st_mtime_ns)

    def table(self, name: str) -> list[list[Any]]:
        """Rows of a table of the summary."""
        summary = json.loads((self.report / "summary.json").read_text("utf-8"))
        return next(each["rows"] for each in summary["tables"] if each["id"] == name)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    stack = start_stack([selfhosted_member(), hosted_member()])
    yield stack
    stop_stack(stack)


@pytest.fixture
def run(
    stack: Stack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run ``parity replay`` in a folder with a parity.toml for two running servers."""
    config = [described(target, monkeypatch) for target in stack.targets]
    (tmp_path / "parity.toml").write_text("\n".join(config), "utf-8")
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str, config: bool = True) -> Done:
        more = ["--config", "parity.toml"] if config else []
        with pytest.raises(SystemExit) as ended:
            main.main(["replay", *arguments, *more], prog_name="parity")
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err, tmp_path / "reports")

    return run_command


def described(target: Target, monkeypatch: pytest.MonkeyPatch) -> str:
    lines = [f"[targets.{target.name}]", f'style = "{target.style}"', f'url = "{target.url}"']
    for key, secret in [("app_id", target.app_id), *target.keys.items()]:
        name = f"TEST_{target.name}_{key}".upper()
        monkeypatch.setenv(name, secret.value)
        lines.append(f'{key} = "env:{name}"')
    return "\n".join([*lines, 'writes = "disposable"', ""])


def rows_of(tmp_path: Path, name: str, clients: int = 2, rounds: int = 3) -> tuple[Script, str]:
    """Write a recording about a class that no other test uses."""
    script = Script()
    changing_rows(script, clients, rounds, class_name=name)
    return script, str(script.write(tmp_path / f"{name}.jsonl"))


def test_a_right_server_passes_and_the_numbers_are_in_the_report(run: Run, tmp_path: Path) -> None:
    script, path = rows_of(tmp_path, "Right")

    done = run(path, "--target", "selfhosted")

    assert done.code == 0, done.out + done.err
    assert "100 % of" in done.out
    assert done.table("exchanges")[0][:2] == ["equal", len(script.exchanges)]
    page = (done.report / "report.html").read_text("utf-8")
    assert "How much of the traffic behaves the same on selfhosted" in page
    assert page.count("<h1>Pass") == 1


def test_a_difference_fails_at_its_path_and_can_be_repeated_alone(run: Run, tmp_path: Path) -> None:
    script, path = rows_of(tmp_path, "Wrong", clients=3)
    read = next(exchange for exchange in script.exchanges if exchange.request.method == "GET")
    script.change(read.id, "name", "another name")
    script.write(Path(path))

    done = run(path, "--target", "selfhosted")

    assert done.code == 1
    (failed,) = [
        check
        for check in read_evidence(done.report / "evidence.jsonl").checks
        if check.outcome == "fail"
    ]
    assert [(difference.path, difference.expected) for difference in failed.differences] == [
        ("$.name", "another name")
    ]
    assert failed.finding is not None
    assert f"--repeat '{read.id}'" in failed.finding.reproduce

    again = run(path, "--target", "selfhosted", "--repeat", read.id)

    assert again.code == 1
    assert again.table("verdict")[0][:3] == ["requests", 0, 1]


def test_two_live_targets_are_compared_with_each_other(run: Run, tmp_path: Path) -> None:
    script, path = rows_of(tmp_path, "Both")

    done = run(path, "--target", "hosted", "--target", "selfhosted")

    assert done.code == 0, done.out + done.err
    evidence = read_evidence(done.report / "evidence.jsonl")
    assert [target.name for target in evidence.header.targets] == ["selfhosted"]
    assert "compared with hosted" in evidence.header.targets[0].note
    assert done.table("exchanges")[0][:2] == ["equal", len(script.exchanges)]


def test_read_only_sends_no_write_and_cannot_judge_what_depends_on_one(
    run: Run, tmp_path: Path
) -> None:
    _, path = rows_of(tmp_path, "ReadOnly")

    done = run(path, "--target", "selfhosted", "--read-only")

    assert done.code == 2
    outcomes = {row[0]: row[1] for row in done.table("exchanges")}
    assert set(outcomes) == {"not sent", "needs prior state"}
    follow_up = run(path, "--target", "selfhosted")
    assert follow_up.code == 0, "a write was sent after all"


def test_a_target_that_allows_only_own_names_is_refused(run: Run, tmp_path: Path) -> None:
    _, path = rows_of(tmp_path, "Named")
    config = tmp_path / "parity.toml"
    config.write_text(config.read_text("utf-8").replace("disposable", "namespaced"), "utf-8")

    done = run(path, "--target", "selfhosted")

    assert done.code == 2
    assert "--read-only" in done.err


def test_a_target_that_forbids_writes_gets_none(run: Run, tmp_path: Path) -> None:
    _, path = rows_of(tmp_path, "Forbidden")
    config = tmp_path / "parity.toml"
    config.write_text(config.read_text("utf-8").replace("disposable", "forbidden"), "utf-8")

    done = run(path, "--target", "selfhosted")

    outcomes = {row[0]: row[1] for row in done.table("exchanges")}
    assert outcomes["not sent"] > 0
    assert "equal" not in outcomes


def test_nothing_leaves_the_server_unless_it_is_allowed(run: Run, tmp_path: Path) -> None:
    script = Script()
    script.add("a", "POST", "/1/push", {"where": {}, "data": {}}, 200, {"result": True})
    script.add("a", "POST", "/1/requestPasswordReset", {"email": "a@b.example"}, 200, {})
    path = str(script.write(tmp_path / "out.jsonl"))

    done = run(path, "--target", "selfhosted")

    assert done.code == 2
    assert done.table("exchanges") == [["not sent", 2, "was not sent, for safety"]]
    assert "--allow push" in (done.report / "evidence.jsonl").read_text("utf-8")


def test_a_dry_run_counts_and_sends_nothing(run: Run, tmp_path: Path) -> None:
    script, path = rows_of(tmp_path, "Dry")

    done = run(path, "--dry-run", "--json", config=False)

    assert done.code == 0
    counts = json.loads(done.out)
    assert counts["requests"] == len(script.exchanges)
    assert counts["clients"] == 2
    assert not done.reports.exists()


def test_a_target_that_is_down_cannot_be_judged(run: Run, tmp_path: Path) -> None:
    _, path = rows_of(tmp_path, "Down")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (tmp_path / "parity.toml").write_text(
        f'[targets.gone]\nstyle = "parse-server"\nurl = "http://127.0.0.1:{port}/parse"\n'
        'app_id = "env:TEST_SELFHOSTED_APP_ID"\nwrites = "disposable"\nversion = "9.10.0"\n',
        "utf-8",
    )

    done = run(path)

    assert done.code == 2
    assert "gone" in done.err


def test_a_truncated_recording_is_named_and_used_only_if_allowed(run: Run, tmp_path: Path) -> None:
    _, path = rows_of(tmp_path, "Cut")
    whole = Path(path).read_bytes().splitlines(keepends=True)
    Path(path).write_bytes(b"".join(whole[:-3]) + whole[-3][:40])

    refused = run(path, "--target", "selfhosted")
    used = run(path, "--target", "selfhosted", "--allow-truncated")

    assert refused.code == 2
    assert "--allow-truncated" in refused.err
    assert used.code == 0, used.out + used.err
    notices = read_evidence(used.report / "evidence.jsonl").notices
    assert any("The end of" in notice.message for notice in notices)


def test_an_unknown_target_names_those_that_are_there(run: Run, tmp_path: Path) -> None:
    _, path = rows_of(tmp_path, "Unknown")

    done = run(path, "--target", "selfhsted")

    assert done.code == 2
    assert "selfhosted" in done.err


def test_no_secret_of_the_recording_or_the_target_is_in_the_report(
    run: Run, stack: Stack, tmp_path: Path
) -> None:
    script = Script()
    body = {"username": "planted", "password": PASSWORD, "email": "planted@secret.example"}
    made = {"objectId": "planted001", "createdAt": script.time(), "sessionToken": TOKEN}
    script.add("a", "POST", "/1/users", body, 201, {**made, "not": "there"})
    path = str(script.write(tmp_path / "secret.jsonl"))

    done = run(path, "--target", "selfhosted")

    assert done.code == 1
    secrets = [PASSWORD, TOKEN, "planted@secret.example"]
    secrets += [secret.value for _, secret in stack.targets[0].secrets()]
    for file in done.report.iterdir():
        text = file.read_text("utf-8")
        assert [each for each in secrets if each in text] == [], file.name


def test_noise_is_found_by_a_control_and_explains_only_when_accepted(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "main.js").write_text(CLOUD, "utf-8")
    script = Script()
    script.add("a", "POST", "/1/functions/dice", {}, 200, {"result": {"value": 0.5, "sides": 6}})
    path = str(script.write(tmp_path / "dice.jsonl"))

    control = run(path, "--control", "--cloud", "main.js", config=False)
    of_control = control.report
    noise = of_control / "noise.toml"
    unreviewed = run(path, "--noise", str(noise), "--cloud", "main.js", config=False)
    reviewed = noise.read_text("utf-8").replace("accepted = false", "accepted = true")
    noise.write_text(reviewed, "utf-8")
    accepted = run(path, "--noise", str(noise), "--cloud", "main.js", config=False)

    assert control.code == 0
    assert "1 places differ" in control.out
    assert "<h1>Pass" in (of_control / "report.html").read_text("utf-8")
    (check,) = read_evidence(of_control / "evidence.jsonl").checks
    assert check.outcome == "pass"
    assert [finding.code for finding in check.findings] == ["RPL-NOISE"]
    assert 'path = "$.result.value"' in reviewed
    assert unreviewed.code == 1
    assert accepted.code == 0, accepted.out + accepted.err
    assert accepted.table("exchanges")[0][0] == "known difference"


def test_a_breaking_known_difference_fails_only_if_asked(run: Run, tmp_path: Path) -> None:
    script = Script()
    script.add("a", "GET", "/1/classes/Missing/none000000", None, 404, {"code": 101, "error": "no"})
    path = str(script.write(tmp_path / "known.jsonl"))
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own.toml").write_text(
        """
[[difference]]
id = "XX-0001"
title = "Another text of an error"
area = "objects"
versions = ">=2"
cause = "c"
effect = "e"
remedy = "r"
severity = "breaking"
provenance = "observed"
source = "here"
owner = "us"
when = { requests = ["GET /classes/*/*"] }
shows = { places = [{ path = "$.error", pattern = ".*" }] }
""",
        "utf-8",
    )
    own = ("--target", "selfhosted", "--known-differences", str(folder))

    met = run(path, *own)
    failed = run(path, *own, "--fail-on-breaking")
    printed = run(path, *own, "--fail-on-breaking", "--json")

    assert met.code == 0, met.out + met.err
    assert failed.code == 1
    assert [
        (check.id, check.finding.code)
        for check in read_evidence(failed.report / "evidence.jsonl").checks
        if check.outcome == "fail" and check.finding is not None
    ] == [("replay/XX-0001", "RPL-BREAKING")]
    result = json.loads(printed.out)
    assert (result["format"], result["exit_code"]) == ("parity-replay", 1)
    assert result["known_differences"] == {"XX-0001": 1}
    assert result["outcomes"] == {"known difference": 1}
