"""What saturates first, by systems whose limit is built in; and how sure that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.jobs.size.knee import Ended, Plan
from parity.jobs.size.measure import Measurement, disturbance
from parity.jobs.size.saturation import Part, Saturation, saturation_of
from parity.jobs.size.trial import Generation, Objective, Phase
from parity.jobs.size.usage import Capacity, Usage
from tests.jobs.size.simulated import System
from tests.jobs.size.trials import sized, trial

OBJECTIVE = Objective(100, 400, 0.1)


def named(system: System) -> tuple[Measurement, Saturation]:
    plan = Plan(system.capacity / 8, seconds=8, hold_s=8)
    measurement, knee = sized(system, plan, OBJECTIVE)
    assert knee.missed is not None
    assert measurement.capacity is not None
    below = (knee.best, measurement.usage(knee.best)) if knee.best else None
    found = saturation_of(knee.missed, measurement.usage(knee.missed), measurement.capacity, below)
    return measurement, found


@pytest.mark.parametrize(
    ("system", "part"),
    [
        (System(parse_ms=8, mongo_ms=1), Part.PARSE_SERVER),
        (System(parse_ms=8, mongo_ms=1, quota=0.25), Part.PARSE_SERVER),
        (System(parse_ms=2, mongo_ms=30), Part.MONGOD_CPU),
        (System(parse_ms=2, mongo_ms=8, cache_miss=0.9), Part.CACHE),
    ],
    ids=["parse", "throttled", "mongod", "cache"],
)
def test_the_part_that_was_built_to_be_the_limit_is_named_first(system: System, part: Part) -> None:
    _, found = named(system)
    assert found.suspects[0].part is part, found
    assert found.confidence in ("high", "medium")


def test_a_throttled_parse_server_is_shown_with_its_share_and_how_often_it_was_held_back() -> None:
    _, found = named(System(parse_ms=8, mongo_ms=1, quota=0.25))
    assert "of 0.25 cores that its control group allows" in found.suspects[0].evidence
    assert "held back by a CPU limit" in found.suspects[0].evidence
    assert found.mongo_share is not None
    assert found.mongo_share < 0.1


def test_a_parse_server_that_is_not_visible_is_named_by_the_time_that_is_not_mongodbs() -> None:
    _, found = named(System(parse_ms=8, mongo_ms=1, visible=False))
    assert found.suspects[0].part is Part.PARSE_WAIT
    assert "Parse Server is not visible" in found.suspects[0].evidence
    assert Part.PARSE_SERVER in found.not_visible


CAPACITY = Capacity(1.0, False, 2.0, 2, 8 << 30, parse_here=True, mongod_here=True)


def judged(usage: Usage, *, wrong: int = 0, capacity: Capacity = CAPACITY) -> Saturation:
    made = trial(Phase.RAMP, 100, meets=False, ms=100)
    object.__setattr__(made, "failed", {"status 500": wrong})
    return saturation_of(made, usage, capacity)


def test_refused_connections_are_named_before_a_busy_cpu() -> None:
    # A queue makes answers late, it does not make them wrong.
    usage = Usage(seconds=10, parse_cpu=0.97, connections=20, connections_limit=20, mongo_ms=5)
    assert judged(usage, wrong=50).suspects[0].part is Part.CONNECTIONS
    assert judged(usage).suspects[0].part in (Part.CONNECTIONS, Part.PARSE_SERVER)


def test_tickets_that_are_out_because_of_misses_come_after_the_cache() -> None:
    usage = Usage(
        seconds=10, mongo_ms=90, cache_bytes=0.8 * (256 << 20), cache_max=256 << 20,
        cache_read_s=5e6, cache_read_share=0.8, tickets_out=1.0, queued=12, queued_share=1.0,
        parse_cpu=0.1, mongod_cpu=0.2,
    )  # fmt: skip
    parts = [suspect.part for suspect in judged(usage).suspects]
    assert parts[0] is Part.CACHE
    assert parts.index(Part.TICKETS) > 0


def test_queries_that_read_in_vain_are_named_though_mongodb_is_idle() -> None:
    # One scan of 500 000 rows takes a quarter of a second, on however many cores.
    usage = Usage(
        seconds=10, mongo_ms=90, mongod_cpu=0.3, examined_s=400_000, returned_s=50, parse_cpu=0.05,
        machine_busy=0.99, machine_other=1.4, parse_wait=0.01,
    )  # fmt: skip
    found = judged(usage)
    assert found.suspects[0].part is Part.QUERIES
    assert "8,000 documents examined" in found.suspects[0].evidence
    served = judged(replace(usage, examined_s=60))
    assert next(e for e in served.suspects if e.part is Part.QUERIES).pressure == 0


def test_a_full_network_is_named_before_the_waiting_that_it_makes() -> None:
    usage = Usage(
        seconds=10,
        mongo_ms=2,
        parse_cpu=0.1,
        parse_wait=0.01,
        network_s=2.0e6,
        network_most_s=2.5e6,
    )
    capacity = replace(CAPACITY, network_bytes_s=2.5e6)
    found = judged(usage, capacity=capacity)
    assert [each.part for each in found.named] == [Part.NETWORK]
    assert found.suspects[0].evidence == "16.0 of 20 Mbit/s, 20.0 in the busiest second"
    waiting = next(suspect for suspect in found.suspects if suspect.part is Part.PARSE_WAIT)
    assert waiting.pressure > 0.8
    # With the same waiting and room on the network, it is something else that is waited for.
    roomy = judged(usage, capacity=replace(CAPACITY, network_bytes_s=125e6))
    assert roomy.suspects[0].part is Part.PARSE_WAIT


def test_full_tickets_without_a_queue_are_no_limit() -> None:
    usage = Usage(seconds=10, mongo_ms=50, tickets_out=1.0, queued=0.0, queued_share=0.0)
    found = next(suspect for suspect in judged(usage).suspects if suspect.part is Part.TICKETS)
    assert found.pressure <= 0.8


def test_a_full_cache_that_reads_little_is_no_limit() -> None:
    # A database bigger than its cache fills it in time, and most of that is never asked for.
    usage = Usage(
        seconds=10, mongo_ms=50, cache_bytes=0.8 * (256 << 20), cache_max=256 << 20,
        cache_read_s=1000, cache_read_share=0.01,
    )  # fmt: skip
    found = next(suspect for suspect in judged(usage).suspects if suspect.part is Part.CACHE)
    assert found.pressure == 0


def test_nothing_near_its_limit_is_said_so() -> None:
    found = judged(Usage(seconds=10, parse_cpu=0.1, mongod_cpu=0.1, mongo_ms=99))
    assert found.confidence == "low"
    assert "where the probes cannot look" in found.why


def test_what_cannot_be_seen_is_not_visible_and_not_zero() -> None:
    found = judged(Usage())
    assert found.suspects == ()
    assert set(found.not_visible) == set(Part)


@pytest.mark.parametrize(
    ("system", "reason"),
    [
        (System(parse_ms=2, lag_ms=80), "sent 80 ms late"),
        (System(parse_ms=2, ceiling=100), "requests/s against a server that does nothing"),
    ],
)
def test_a_miss_of_a_limited_generator_is_never_the_servers(system: System, reason: str) -> None:
    generation = Generation(1, 1.0, 100.0 if system.ceiling < 1e6 else None)
    measurement, knee = sized(system, Plan(400, seconds=5), OBJECTIVE, generation=generation)
    assert knee.ended is Ended.GENERATOR
    assert reason in knee.why
    assert knee.missed is None
    assert all(each.meets or each.void for each, _ in measurement.trials)


def test_a_miss_on_a_machine_that_something_else_filled_proves_nothing() -> None:
    full = Usage(seconds=10, machine_busy=1.0, machine_other=0.8, parse_wait=0.5, parse_cpu=0.3)
    assert "0.80 cores" in disturbance(full, CAPACITY)
    # Had Parse Server all that it may have, the others took nothing from it.
    own = Usage(seconds=10, machine_busy=1.0, machine_other=0.8, parse_wait=0.5, parse_cpu=0.95)
    assert not disturbance(own, CAPACITY)
    waited = Usage(seconds=10, machine_busy=1.0, machine_other=0.8, parse_wait=0.02, parse_cpu=0.3)
    assert not disturbance(waited, CAPACITY)
    assert disturbance(Usage(seconds=10, steal=0.5), CAPACITY)
