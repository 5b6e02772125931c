"""What pytest shows of recorded traffic: no value of it that is not redacted."""

from __future__ import annotations

import pytest

from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.model import Difference, Exchange, ExchangeRequest, Kind
from parity.plugin import recordings

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
