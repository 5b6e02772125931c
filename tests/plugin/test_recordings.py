"""What pytest shows of recorded traffic: no value of it that is not redacted."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parity.capture.recording import RecordingHeader, RecordingWriter
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.model import Difference, Exchange, ExchangeRequest, Kind, UserError
from parity.plugin import recordings
from parity.wire import Redactor
from tests.jobs.replay.recorded import exchange

PLANTED = "planted-value-0123456789"


def test_the_arguments_that_pytest_prints_hold_no_recorded_value() -> None:
    difference = Difference(f"$.{PLANTED}", Kind.VALUE, PLANTED, PLANTED)
    judgement = Judgement(Class.DIFFERENT, [(difference, None)], PLANTED, [(PLANTED, PLANTED)])
    request = ExchangeRequest("GET", PLANTED, {"X": PLANTED}, PLANTED.encode())
    exchange = Exchange("selfhosted", request, None, 0.0, 0.0)
    result = recordings._Result(judgement, exchange)
    shown = recordings.Recordings(_done={("selfhosted", "app"): {"1": result}})
    answer = Answer(200, {"x": PLANTED}, PLANTED.encode(), 1.0)
    assert [text for text in map(repr, (judgement, result, shown, answer)) if PLANTED in text] == []


def test_the_frames_that_hold_recorded_values_are_not_shown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from parity.jobs.replay.judgement import Class, Judgement
        from parity.model import Difference, Kind
        from parity.plugin import recordings

        class Redactor:
            def json(self, value):
                return {name: "shown" for name in value}

        class Of:
            entries = {}
            spec = ("recording/app#1",)

        class Run:
            redactor = Redactor()
            registers = {"selfhosted": Of}

        class Record:
            check = Of

        class Target:
            name = "selfhosted"

        def test_one():
            text = "".join(["planted-value", "-0123456789"])
            differs = Difference("$.a", Kind.VALUE, text, text)
            judgement = Judgement(Class.DIFFERENT, [(differs, None)])
            del text, differs
            recordings._conclude(Record, Run, Target, judgement)
        """
    )
    done = pytester.runpytest_subprocess("-p", "no:parity", "--junitxml=out.xml", "-vv")
    everything = done.stdout.str() + (pytester.path / "out.xml").read_text("utf-8")
    assert "shown" in everything
    assert PLANTED not in everything


def two_apps(folder: Path) -> Path:
    path = folder / "both.jsonl"
    header = RecordingHeader("https://h/1", "2026-01-01T00:00:00.000Z", "t", False, "t")
    with RecordingWriter(path, header, redactor=None) as writer:
        for number, app in enumerate(("one", "two", "one")):
            headers = (("X-Parse-Application-Id", app),)
            writer.write(exchange("GET", "/config", answer={}, number=number, headers=headers))
    return path


def run_of(*, embedded: bool) -> Any:
    return SimpleNamespace(redactor=Redactor({}, b"0123456789abcdef"), embedded=embedded)


def test_two_applications_of_one_recording_are_replayed_apart(tmp_path: Path) -> None:
    opened = recordings.Recordings()
    opened.load([two_apps(tmp_path)], run_of(embedded=True))
    assert opened.ids == {"both-app1": ["0", "2"], "both-app2": ["1"]}
    assert {name: source.app for name, source in opened.sources.items()} == {
        "both-app1": "one",
        "both-app2": "two",
    }
    opened.close()


def test_two_applications_are_not_replayed_on_one_server(tmp_path: Path) -> None:
    opened = recordings.Recordings()
    with pytest.raises(UserError, match="2 applications, and the target is one"):
        opened.load([two_apps(tmp_path)], run_of(embedded=False))
    opened.close()
