"""The one runner: whatever a job yields and however it ends, and nothing leaves unredacted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity.job import Events, Job, Run, run_job
from parity.model import ExitCode, Kind, Outcome, UserError
from parity.model.evidence import (
    Chart,
    CheckEvent,
    DifferenceFact,
    Event,
    ExchangeFact,
    Finding,
    KnownDifferenceEvent,
    NoticeEvent,
    TableEvent,
    TargetFacts,
    read_evidence,
)
from tests.model.samples import check, facts, known

SECRET = "planted-secret-0123456789"
TOKEN = "r:0123456789abcdef0123456789abcdef"

Work = Callable[[Run], Events]


def stop() -> None:
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt


class Made(Job):
    """A job made of a generator."""

    name = "made"
    unit = "thing"

    def __init__(self, work: Work, result: Any = None) -> None:
        self.work, self.given = work, result or {}

    def targets(self) -> Sequence[TargetFacts]:
        return (facts("hosted"),)

    def secrets(self) -> Mapping[str, str]:
        return {SECRET: "$SECRET"}

    def events(self, run: Run) -> Events:
        yield from self.work(run)

    def lines(self, event: Event) -> Iterator[str]:
        if isinstance(event, CheckEvent):
            yield f"{event.outcome} {event.id} {SECRET}"

    def closing(self) -> Iterator[str]:
        yield f"closing {SECRET}"

    def result(self) -> Any:
        return self.given


def run_of(reports: Path) -> Path:
    [folder] = reports.iterdir()
    return folder


def evidence_of(reports: Path) -> Any:
    return read_evidence(run_of(reports) / "evidence.jsonl")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.PASS, ExitCode.PASS),
        (Outcome.FAIL, ExitCode.FAIL),
        (Outcome.KNOWN_DIFFERENCE, ExitCode.PASS),
        (Outcome.UNSUPPORTED, ExitCode.CANNOT_JUDGE),
        (Outcome.ERROR, ExitCode.CANNOT_JUDGE),
    ],
)
def test_the_worst_outcome_decides_the_exit_code(
    tmp_path: Path, outcome: Outcome, code: ExitCode
) -> None:
    def work(_: Run) -> Events:
        yield check(outcome=outcome)

    assert run_job(Made(work), tmp_path) is code
    names = {file.name for file in run_of(tmp_path).iterdir()}
    assert names == {"evidence.jsonl", "report.html", "summary.json"}


def test_a_job_that_yields_nothing_does_not_pass(tmp_path: Path) -> None:
    assert run_job(Made(lambda _: iter(())), tmp_path) is ExitCode.CANNOT_JUDGE  # type: ignore[arg-type, return-value]


def leaky(text: str) -> list[Event]:
    """One event of each kind, with a text in every place that can hold one."""
    headers = {"X-Echo": text, "X-Parse-Session-Token": TOKEN}
    exchange = ExchangeFact("GET", f"http://h/{text}", headers, text, 200, headers, text, 1.0, text)
    return [
        CheckEvent(
            id=f"made/{text}",
            nodeid=f"made/{text}[hosted]",
            target="hosted",
            area="data",
            level="must",
            effect="reads",
            spec=(),
            title=text,
            outcome=Outcome.FAIL,
            reason=text,
            differences=(
                DifferenceFact(f"a.{text}", Kind.VALUE, {"k": text}, [text], source=text),
                DifferenceFact("_auth_data_x.id", Kind.VALUE, "only-by-name-1", "only-by-name-2"),
            ),
            exchanges=(exchange,),
            findings=(Finding("MADE-LEAK", "security", text, text, text, text),),
        ),
        TableEvent("t", text, ("a", "b"), ((text, {"k": [text]}),), text),
        NoticeEvent("warning", "hosted", text),
        KnownDifferenceEvent("KD-1", text, "benign", text, text, text, text, ("hosted",), 1),
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_no_output_of_any_event_holds_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    def work(run: Run) -> Events:
        run.ask(f"now restart {SECRET}")
        run.write_json("own.json", {"text": SECRET, "token": TOKEN})
        yield from leaky(f"x {SECRET} mail somebody@example.com {TOKEN}")

    job = Made(work, {"seen": SECRET, "token": TOKEN})
    run_job(job, tmp_path, as_json=as_json, arguments=["made", SECRET])
    said = capsys.readouterr()
    everything = said.out + said.err
    for file in run_of(tmp_path).iterdir():
        everything += file.read_text("utf-8")
    for planted in (SECRET, TOKEN[2:], "somebody@example.com", "only-by-name"):
        assert planted not in everything
    assert "$SECRET" in everything


def test_what_is_learnt_to_be_secret_on_the_way_is_hidden(tmp_path: Path) -> None:
    def work(run: Run) -> Events:
        run.hide({"found-in-source": "$KEY_IN_SOURCE"})
        yield replace(check(outcome=Outcome.FAIL), reason="the key found-in-source is in it")

    run_job(Made(work), tmp_path)
    assert evidence_of(tmp_path).checks[0].reason == "the key $KEY_IN_SOURCE is in it"


def test_an_interrupt_keeps_what_there_is_and_what_the_job_saves(tmp_path: Path) -> None:
    def work(_: Run) -> Events:
        yield check()
        try:
            stop()
        except KeyboardInterrupt:
            yield NoticeEvent("info", None, "saved")
            raise

    with pytest.raises(KeyboardInterrupt):
        run_job(Made(work), tmp_path)
    evidence = evidence_of(tmp_path)
    assert evidence.footer.interrupted
    assert [notice.message for notice in evidence.notices] == ["saved"]
    assert len(evidence.checks) == 1


def test_an_interrupt_outside_of_the_job_is_handed_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def work(_: Run) -> Events:
        try:
            yield check()
            yield check()
        finally:
            ended.append("cleaned")

    monkeypatch.setattr("parity.job.redact_event", lambda _event, _redactor: stop())
    with pytest.raises(KeyboardInterrupt):
        run_job(Made(work), tmp_path)
    assert ended == ["cleaned"]
    assert evidence_of(tmp_path).footer.interrupted


def test_a_job_that_ends_early_by_itself_is_interrupted(tmp_path: Path) -> None:
    def work(run: Run) -> Events:
        yield check()
        run.interrupted = True

    assert run_job(Made(work), tmp_path) is ExitCode.INTERRUPTED
    assert evidence_of(tmp_path).footer.interrupted


def test_an_error_is_no_verdict(tmp_path: Path) -> None:
    def work(_: Run) -> Events:
        yield check()
        raise UserError("no such thing", "Make one.")

    with pytest.raises(UserError):
        run_job(Made(work), tmp_path)
    summary = json.loads((run_of(tmp_path) / "summary.json").read_text("utf-8"))
    assert summary["verdict"] == "could-not-judge"


def test_json_has_its_format_and_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(_: Run) -> Events:
        yield check()

    run_job(Made(work, {"things": [1]}), tmp_path, as_json=True)
    value = json.loads(capsys.readouterr().out)
    assert value["format"] == "parity-made"
    assert value["version"] == 1
    assert value["verdict"] == "pass"
    assert value["exit_code"] == 0
    assert value["things"] == [1]


def given(*events: Event) -> Made:
    """A job that yields these events."""

    def work(_: Run) -> Events:
        yield from events

    return Made(work)


def test_a_job_that_judged_nothing_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_job(given(), tmp_path)
    assert "No thing was judged on hosted" in capsys.readouterr().out


def test_a_notice_of_an_error_keeps_a_job_from_passing(tmp_path: Path) -> None:
    notice = NoticeEvent("error", None, "Half of it was not read.")
    assert run_job(given(check(), notice), tmp_path) is ExitCode.CANNOT_JUDGE


def test_a_job_that_breaks_leaves_what_it_saw_and_could_not_judge(tmp_path: Path) -> None:
    def work(_: Run) -> Events:
        yield check()
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        run_job(Made(work), tmp_path)
    assert len(evidence_of(tmp_path).checks) == 1
    summary = json.loads((run_of(tmp_path) / "summary.json").read_text("utf-8"))
    assert summary["verdict"] == "could-not-judge"


def test_an_interrupted_run_says_so_on_its_page(tmp_path: Path) -> None:
    def work(_: Run) -> Events:
        yield check()
        stop()

    with pytest.raises(KeyboardInterrupt):
        run_job(Made(work), tmp_path)
    assert "interrupted" in (run_of(tmp_path) / "report.html").read_text("utf-8")


def test_tables_and_findings_are_on_the_page_and_in_the_summary(tmp_path: Path) -> None:
    rows = (("Post", 1234), ("User", None))
    chart = Chart("bars", "name", ("rows",))
    table = TableEvent("sizes", "Sizes", ("name", "rows"), rows, "Why.", chart)
    finding = Finding("VER-MISSING", "breaking", "It was never copied.", "Copy it.", "parity x")
    failed = replace(
        check(outcome=Outcome.FAIL),
        findings=(finding,),
        differences=(DifferenceFact("Post/abc", Kind.MISSING, "a row", None),),
    )
    run_job(given(failed, table, known(3)), tmp_path)

    folder = run_of(tmp_path)
    page = (folder / "report.html").read_text("utf-8")
    for text in (finding.code, finding.cause, finding.remedy, finding.reproduce, "Sizes", "1,234"):
        assert text in page, text
    assert "Bar chart" in page
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    schema = files("parity.report") / "schemas" / "summary.schema.json"
    Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(summary)
    assert summary["job"] == "made"
    assert summary["tables"][0]["rows"] == [["Post", 1234], ["User", None]]


def test_what_a_database_says_is_text_on_the_page(tmp_path: Path) -> None:
    hostile = "<script>document.title='owned'</script>"
    table = TableEvent(hostile, hostile, (hostile,), ((hostile,),), hostile)
    finding = Finding(hostile, "breaking", hostile, hostile, hostile)
    failed = replace(check(outcome=Outcome.FAIL), findings=(finding,))
    run_job(given(failed, table), tmp_path)
    assert "<script" not in (run_of(tmp_path) / "report.html").read_text("utf-8")


def test_a_report_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.write_text("a file", "utf-8")
    with pytest.raises(UserError, match="report folder"):
        run_job(given(check()), reports)
