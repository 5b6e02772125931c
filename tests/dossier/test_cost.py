"""The cost of a difference is read from the words of a replay, so both are held together here."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.dossier.model import Met, Share
from parity.dossier.words import cost, of, percent
from parity.jobs.replay.evidence import Subject, checks
from parity.jobs.replay.judgement import Class, Judgement
from parity.jobs.replay.numbers import tables
from parity.jobs.replay.survey import Survey
from parity.jobs.replay.tally import Tally
from parity.model import Difference, Kind
from tests.dossier.rich import dossier
from tests.gate.world import world

SIGNATURE = "GET /classes/Post where(author)"


def _tally(requests: int, different: int, hit: int) -> Tally:
    """Return a replay of one client for each request; the first ``hit`` clients differ."""
    tally = Tally()
    difference = Difference("$.score", Kind.VALUE, 1, 2)
    for number in range(requests):
        bad = number < different
        judged = Judgement(
            Class.DIFFERENT if bad else Class.EQUAL, [(difference, None)] if bad else []
        )
        lane = f"lane-{number % hit if bad else number}"
        tally.add(SIGNATURE, "find", lane, str(number), judged, recorded_ms=None, live_ms=None)
    return tally


@pytest.mark.parametrize(("requests", "different", "hit"), [(20, 4, 3), (3000, 1200, 1100)])
def test_the_dossier_reads_what_a_replay_really_writes(
    tmp_path: Path, requests: int, different: int, hit: int
) -> None:
    tally = _tally(requests, different, hit)
    subject = Subject("app.jsonl", "selfhosted")
    w = world(tmp_path)
    w.specs["replay"].events = [
        *checks(tally, subject, {}),
        *tables(tally, subject, Survey(requests, 0, 0, frozenset(), len(tally.clients))),
    ]
    (found,) = dossier(w, "8").unknown
    assert found.met == (
        Met(
            "run-replay",
            "replay",
            "selfhosted",
            "request",
            Share(different, requests),
            Share(hit, len(tally.clients)),
        ),
    )


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (1, 3, "33.33 %"),
        (3, 3, "100 %"),
        (999_999, 1_000_000, "99.99 %"),
        (1, 1_000_000, "below 0.01 %"),
        (0, 7, "0 %"),
        (0, 0, "\N{EN DASH}"),
        (9, 10, "90 %"),
    ],
)
def test_a_share_is_never_all_while_one_is_missing(part: int, whole: int, said: str) -> None:
    assert percent(Share(part, whole)) == said


def test_only_requests_have_a_share() -> None:
    assert cost(Met("r", "suites", "t", "check", Share(1, 1400))) == "1 of 1,400 checks"
    assert of(Share(1200, 3000), "requests") == "1,200 of 3,000 requests (40 %)"
