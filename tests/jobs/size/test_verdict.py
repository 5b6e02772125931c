"""What a sizing says: each part alone, all of them together, and the sentence on the page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import parity.jobs.size
from parity.indexes import Advice, IndexUse, JudgedQuery, Proposal
from parity.indexes.codes import NO_INDEX
from parity.job import plain_json
from parity.jobs.size.checks import checks_of, tables_of
from parity.jobs.size.knee import Ended, Knee, Plan
from parity.jobs.size.measure import Measurement
from parity.jobs.size.output import VERSION, size_result
from parity.jobs.size.probes import CollectionFacts, Cost
from parity.jobs.size.result import Looked, Result, result_of
from parity.jobs.size.series import Second, csv_of, seconds_of
from parity.jobs.size.storage import Growth, Storage, measured_growth, parse_growth
from parity.jobs.size.trial import Fault, Generation, Objective, Phase, voided
from parity.jobs.size.usage import Usage
from parity.jobs.size.verdict import Fit, judge_growth, judge_knee, judge_storage
from parity.jobs.size.working_set import working_set
from parity.model import Outcome
from parity.profiles.profile import Ask, Operation, Profile
from tests.jobs.size.simulated import System
from tests.jobs.size.trials import sized, trial
from tests.mongod import Mongod

OBJECTIVE = Objective(100, 400, 0.1)
GB = 10**9
PROFILE = Profile("app", (Operation(Ask.QUERY, 1, "Post"),), 20, 5, source="test")
STORAGE = Storage(GB, GB // 2, GB // 10, 118 * GB // 10, 2 * GB, GB, Growth(1.4 * GB, "stated"))
POSTS = CollectionFacts("Post", 10, 1000, 500, {"_id_": 100, "a_1": 10}, 10, 5, {"a_1": 0})
LOOKED = Looked(None, (POSTS,), STORAGE, Cost(0.004, 0.002, 30_000, 60), {})


def result(
    system: System, *, peak: float = 20, enough: float | None = None, looked: Looked = LOOKED,
    generation: Generation | None = None,
) -> Result:  # fmt: skip
    plan = Plan(peak, enough=enough or 5 * peak, seconds=6, hold_s=12, warm_up_s=1)
    measurement, _ = sized(system, plan, OBJECTIVE, generation=generation)
    return result_of(PROFILE, peak, 2.0, measurement, looked)


def slow(load: float) -> Advice:
    judged = JudgedQuery(
        "Post where(label)", "Post", "Post", 4.0, IndexUse.SLOW, (NO_INDEX,), load=load
    )
    proposal = Proposal(
        "Post", (("label", 1),), (judged.signature,), 1e6, 1000, 1.0,
        "db.Post.createIndex({label: 1})", {},
    )  # fmt: skip
    return Advice((judged,), (proposal,))


def test_an_ample_server_fits_and_the_page_says_how_many_times_the_peak() -> None:
    found = result(System())
    assert found.sizing.fit is Fit.FITS
    assert found.sizing.confidence == "high"
    assert found.saturation is not None
    assert found.saturation.named == ()  # nothing was the limit
    assert found.sentence.startswith(
        "Holds at least 5.0 \N{MULTIPLICATION SIGN} your recorded peak within your latency "
        "objective. The working set is at most 20% of the cache. Storage is 11.8 "
        "\N{MULTIPLICATION SIGN} the hosted size; the guide asks for 10 \N{MULTIPLICATION SIGN}. "
        "At your growth it is full in 7 months."
    )


def test_twice_the_peak_that_was_met_for_seconds_and_could_not_be_held_is_no_fit() -> None:
    met = trial(Phase.RAMP, 45)
    spoilt = voided(trial(Phase.HOLD, 45, meets=False), Fault.GENERATOR, "it was late")
    knee = Knee(Ended.GENERATOR, met, None, (met, spoilt), "it was late")
    judged = judge_knee(knee, None, 20, OBJECTIVE, 2.0)
    assert judged.fit is Fit.COULD_NOT_JUDGE
    assert judged.sentence.startswith("For some seconds, and no longer, it meets at least 2.2")
    held = Knee(Ended.ENOUGH, trial(Phase.HOLD, 45), None, (met,))
    assert judge_knee(held, None, 20, OBJECTIVE, 2.0).fit is Fit.FITS


def test_a_server_that_holds_the_peak_and_not_twice_of_it_is_tight() -> None:
    found = result(System(parse_ms=8), peak=80)
    assert found.sizing.fit is Fit.TIGHT
    knee = found.sizing.part("knee")
    assert "What saturates first: Parse Server's CPU" in knee.sentence
    assert "Run more Parse Server processes" in knee.remedy


def test_a_server_that_does_not_hold_the_peak_is_too_small() -> None:
    found = result(System(parse_ms=8), peak=200)
    assert found.sizing.fit is Fit.TOO_SMALL
    assert found.sizing.part("knee").fit is Fit.TOO_SMALL


def test_a_cache_that_is_replaced_in_minutes_is_too_small_though_the_peak_is_held() -> None:
    big = replace(POSTS, bytes=3 * GB)
    found = result(
        System(mongo_ms=2, cache_miss=0.9), peak=60, enough=150,
        looked=replace(LOOKED, collections=(big,)),
    )  # fmt: skip
    assert found.sizing.part("cache").fit is Fit.TOO_SMALL
    assert found.sizing.fit is Fit.TOO_SMALL
    assert found.working is not None
    assert found.working.share > 5


def test_a_limited_generator_could_not_judge_the_server() -> None:
    found = result(System(ceiling=30), peak=100, generation=Generation(1, 1.0, 30.0))
    assert found.sizing.fit is Fit.COULD_NOT_JUDGE
    assert "The generator was the limit" in found.sentence


def test_a_generator_that_is_the_limit_above_what_was_needed_takes_nothing_away() -> None:
    found = result(System(ceiling=110), peak=40, enough=1000, generation=Generation(1, 1.0, 110.0))
    assert found.sizing.part("generator").fit is Fit.COULD_NOT_JUDGE
    assert found.sizing.fit is Fit.FITS


def test_wrong_answers_at_the_lowest_rate_are_no_question_of_size() -> None:
    found = result(System(wrong=1.0))
    assert found.sizing.fit is Fit.COULD_NOT_JUDGE
    assert found.sizing.part("errors").fit is Fit.COULD_NOT_JUDGE
    assert "100 % of the answers were wrong, most of them: status 500" in found.sentence


def test_wrong_answers_without_a_free_connection_are_too_few_connections() -> None:
    found = result(System(wrong=0.3, connections=4))
    assert found.sizing.part("errors").fit is Fit.TOO_SMALL
    assert found.sizing.part("connections").fit is Fit.TOO_SMALL
    assert found.sizing.fit is Fit.TOO_SMALL


@pytest.mark.parametrize(("load", "fit"), [(0.2, Fit.TIGHT), (1.5, Fit.TOO_SMALL)])
def test_a_query_without_an_index_is_named_with_the_command(load: float, fit: Fit) -> None:
    found = result(System(), looked=replace(LOOKED, advice=slow(load)))
    part = found.sizing.part("indexes")
    assert (part.fit, found.sizing.fit) == (fit, fit)
    assert "Post where(label)" in part.sentence
    assert part.remedy == "db.Post.createIndex({label: 1})"
    assert found.sentence.endswith("One query has no index; these commands add them.")


def knee(ended: Ended, held: float | None, missed: float | None, why: str = "") -> Knee:
    best = trial(Phase.HOLD, held) if held else None
    over = trial(Phase.BISECT, missed, meets=False) if missed else None
    trials = [each for each in (best, over) if each]
    if ended in (Ended.GENERATOR, Ended.DISTURBED):
        trials.append(voided(trial(Phase.RAMP, 99, meets=False), Fault.MACHINE, "busy"))
    return Knee(ended, best, over, tuple(trials), why)


@pytest.mark.parametrize(
    ("found", "fit"),
    [
        (knee(Ended.ENOUGH, 500, None), Fit.FITS),
        (knee(Ended.FOUND, 200, 210), Fit.FITS),
        (knee(Ended.FOUND, 199, 210), Fit.TIGHT),
        (knee(Ended.FOUND, 100, 108), Fit.TIGHT),
        (knee(Ended.FOUND, 96, 104), Fit.TOO_SMALL),
        (knee(Ended.FOUND, 50, 54), Fit.TOO_SMALL),
        (knee(Ended.BELOW, None, 0.5), Fit.TOO_SMALL),
        (knee(Ended.TIME, 150, None), Fit.COULD_NOT_JUDGE),
        (knee(Ended.TIME, 50, 400), Fit.COULD_NOT_JUDGE),
        (knee(Ended.TIME, 50, 80), Fit.TOO_SMALL),
        (knee(Ended.TIME, None, 90), Fit.TOO_SMALL),
        (knee(Ended.TIME, 250, None), Fit.FITS),
        (knee(Ended.MAX_RATE, 150, None), Fit.COULD_NOT_JUDGE),
        (knee(Ended.GENERATOR, 150, None), Fit.COULD_NOT_JUDGE),
        (knee(Ended.DISTURBED, 150, None), Fit.COULD_NOT_JUDGE),
        (knee(Ended.DISTURBED, None, None), Fit.COULD_NOT_JUDGE),
        (knee(Ended.DISTURBED, 220, None), Fit.FITS),
        (knee(Ended.DISTURBED, 120, 190), Fit.TIGHT),
    ],
)
def test_the_knee_is_judged_by_what_was_held_and_what_was_missed(found: Knee, fit: Fit) -> None:
    assert judge_knee(found, None, 100, OBJECTIVE, 2.0).fit is fit


@pytest.mark.parametrize(
    ("changes", "fit"),
    [
        ({}, Fit.FITS),
        ({"hosted_bytes": 2 * GB}, Fit.TIGHT),
        ({"used_bytes": 10 * GB}, Fit.TIGHT),
        ({"used_bytes": 11 * GB}, Fit.TOO_SMALL),
        ({"hosted_bytes": None}, Fit.FITS),
        ({"disk_bytes": None}, Fit.NOT_VISIBLE),
    ],
)
def test_storage_is_judged_by_the_guide_and_by_what_is_used(
    changes: dict[str, Any], fit: Fit
) -> None:
    assert judge_storage(replace(STORAGE, **changes)).fit is fit


@pytest.mark.parametrize(
    ("a_month", "fit"),
    [(20 * GB, Fit.TOO_SMALL), (2 * GB, Fit.TIGHT), (GB, Fit.FITS), (0, Fit.FITS)],
)
def test_growth_is_judged_by_the_months_that_are_left(a_month: float, fit: Fit) -> None:
    assert judge_growth(replace(STORAGE, growth=Growth(a_month, "stated"))).fit is fit


def test_growth_that_is_not_known_is_not_visible() -> None:
    assert judge_growth(replace(STORAGE, growth=None)).fit is Fit.NOT_VISIBLE


@pytest.mark.parametrize("text", ["", "much%", "-1GB", "0", "3 parsecs"])
def test_what_is_no_growth_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_growth(text)


def test_growth_is_stated_as_a_size_or_in_percent_of_what_is_there() -> None:
    assert parse_growth("5").of(None) == Growth(5, "--growth-per-month 5")
    assert parse_growth("5%").of(1000) == Growth(50, "--growth-per-month 5%")
    assert parse_growth("5%").of(None) is None


def test_growth_is_measured_by_when_documents_were_created(mongod: Mongod) -> None:
    end = datetime(2026, 6, 1, tzinfo=UTC)
    with mongod.client() as client:
        db = client["growth"]
        db["Even"].insert_many([{"_created_at": end - timedelta(days=day)} for day in range(300)])
        db["Undated"].insert_one({"a": 1})
        facts = [CollectionFacts("Even", 300, 9000, 3000), CollectionFacts("Undated", 1, 1, 1)]
        found = measured_growth(db, facts)
        assert found is not None
        assert found.bytes_month == pytest.approx(300, rel=0.02)
        db["Fresh"].insert_many([{"_created_at": end - timedelta(days=day)} for day in range(9)])
        assert measured_growth(db, [CollectionFacts("Fresh", 9, 900, 900)]) is None
        assert measured_growth(db, facts[1:]) is None
        client.drop_database("growth")


MB = 1_000_000


def usage(full: float, read_mb_s: float, pages: float = 0, examined: float = 1) -> Usage:
    return Usage(
        seconds=10, cache_max=256 * MB, cache_bytes=full * 256 * MB, cache_read_s=read_mb_s * MB,
        cache_read_pages_s=pages, examined_s=examined,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("used", "bound", "replaced"),
    [
        (usage(0.3, 0.0), "at most", False),
        (usage(0.3, 5.0), "at least", False),
        (usage(0.8, 0.1), "at most", False),
        (usage(0.8, 5.0, pages=90, examined=100), "about", True),
    ],
    ids=["small", "still filling", "full of what nobody asks for", "too big"],
)
def test_the_working_set_is_told_from_what_happens_to_be_in_the_cache(
    used: Usage, bound: str, *, replaced: bool
) -> None:
    found = working_set(used, 100, 100, [CollectionFacts("A", 1, 3000 * MB, 1)])
    assert found is not None
    assert (found.bound, found.is_replaced) == (bound, replaced)
    if replaced:
        assert 1800 * MB < found.bytes < 2200 * MB


def test_a_cache_lasts_longer_at_the_peak_than_at_five_times_of_it() -> None:
    used = usage(0.8, 2.0, pages=60, examined=100)
    fast, calm = working_set(used, 500, 500, []), working_set(used, 500, 100, [])
    assert fast is not None
    assert calm is not None
    assert fast.is_replaced
    assert not calm.is_replaced


def test_the_size_for_machines_is_what_its_schema_says() -> None:
    schema = json.loads(
        (Path(parity.jobs.size.__file__).parent / "schemas" / "size.schema.json").read_text("utf-8")
    )
    head = {
        "format": "parity-size", "version": VERSION, "run": "reports/1", "verdict": "pass",
        "sentence": "9 parts pass.", "exit_code": 0,
    }  # fmt: skip
    validator = jsonschema.Draft202012Validator(schema)
    for found in (
        result(System(), looked=replace(LOOKED, advice=slow(2.0))),
        result(System(parse_ms=8), peak=200),
        result(System(wrong=1.0)),
        result(System(), looked=replace(LOOKED, storage=Storage(), collections=())),
    ):
        facts = json.loads(json.dumps(head | plain_json(size_result(found)), allow_nan=False))
        validator.validate(facts)
        assert facts["fit"] == found.sizing.fit
    facts["fit"] = "probably"
    assert not validator.is_valid(facts)


def test_each_part_is_a_check_and_each_verdict_has_its_outcome() -> None:
    found = result(System(parse_ms=8), peak=200)
    by_id = {each.id: each for each in checks_of(found, "app")}
    assert by_id["size/knee"].outcome is Outcome.FAIL
    assert by_id["size/knee"].finding is not None
    assert by_id["size/cache"].outcome is Outcome.PASS
    assert by_id["size/indexes"].outcome is Outcome.UNSUPPORTED
    assert by_id["size/generator"].outcome is Outcome.PASS
    tables = {each.id: each for each in tables_of(found, rows_of(found), ("series.csv",))}
    assert {"verdict", "knee", "series-load", "series-mongo", "saturation", "recommendation",
            "collections", "probes", "files"} - set(tables) <= {"recommendation"}  # fmt: skip
    assert tables["files"].links == ("file",)
    assert tables["series-mongo"].chart is not None
    assert tables["knee"].chart is not None


def rows_of(found: Result) -> list[Second]:
    return list(seconds_of(found.measurement.moments))


def test_each_number_of_the_recommendation_can_be_calculated_from_those_above() -> None:
    lines = {each.quantity: each for each in result(System(parse_ms=8), peak=40).lines}
    cpu = lines["CPU of Parse Server for a request"].value
    assert cpu == pytest.approx(8, rel=0.15)
    assert lines["rate that has to fit"].value == 80
    assert lines["Parse Server processes"].value == 1 + int(80 * cpu / 1000 / 0.7)
    cache = lines["cache of MongoDB"].value
    assert cache == pytest.approx(lines["working set"].value / 0.8)
    assert lines["memory of MongoDB's machine"].value == pytest.approx(2 * cache + 1)
    assert lines["disk of MongoDB"].value == pytest.approx(max(10, (0.6 + 12 * 1.4) / 0.8))
    for line in lines.values():
        assert line.source
        assert line.formula


def test_the_series_has_a_row_for_each_second_and_nothing_invisible_is_zero() -> None:
    measurement: Measurement = result(System(visible=False)).measurement
    rows = list(seconds_of(measurement.moments))
    text = csv_of(rows).splitlines()
    assert len(text) == len(measurement.moments) + 1
    header = text[0].split(",")
    assert {line.split(",")[header.index("parse_cpu")] for line in text[1:]} == {""}
    assert all(float(line.split(",")[header.index("cache_percent")]) > 0 for line in text[1:])
