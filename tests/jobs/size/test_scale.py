"""The arithmetic of ``docs/scale.md``, and a simulation that shows that it holds."""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.size.scale import (
    MEASURED,
    READ_MOSTLY,
    Assumptions,
    Cost,
    erlang_c,
    mean_cost,
    plan,
    shards_for,
    wait,
)

COST = Cost(server_us=1500, mongod_us=400, generator_us=500, bytes_in=400, bytes_out=2000)
WITHOUT_PASSWORDS = {
    name: weight for name, weight in READ_MOSTLY.items() if name not in ("log-in", "sign-up")
}
ARRIVALS = 60_000
RATES = (10_000, 100_000, 1_000_000)
PAGE = (Path(__file__).parents[3] / "docs" / "scale.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Simulated:
    """What happened to the requests of a simulation."""

    utilisation: float
    waiting: float
    mean_s: float
    p95_s: float


def service_times(mix: dict[str, float]) -> list[tuple[float, float]]:
    """Return the measured seconds of Parse Server for each operation, with its weight."""
    return [(MEASURED[name].server_us / 1e6, weight) for name, weight in mix.items()]


def simulate(rate: float, workers: int, service: list[tuple[float, float]], seed: int) -> Simulated:
    """Let requests arrive by chance at workers who take the oldest: M/G/c, event by event."""
    chance = random.Random(seed)
    free = [0.0] * workers
    heapq.heapify(free)
    now = busy = 0.0
    waits = []
    times, weights = zip(*service, strict=True)
    for takes in chance.choices(times, weights, k=ARRIVALS):
        now += chance.expovariate(rate)
        started = max(now, heapq.heappop(free))
        heapq.heappush(free, started + takes)
        busy += takes
        waits.append(started - now)
    settled = sorted(waits[ARRIVALS // 20 :])
    return Simulated(
        busy / (workers * max(now, *free)),
        sum(each > 0 for each in settled) / len(settled),
        fmean(settled),
        settled[int(0.95 * len(settled))],
    )


@pytest.mark.parametrize("workers", [1, 4, 16])
@pytest.mark.parametrize("utilisation", [0.5, 0.6, 0.7, 0.8])
def test_utilisation_and_waits_are_as_predicted(workers: int, utilisation: float) -> None:
    service = service_times(WITHOUT_PASSWORDS)
    mean = sum(time * weight for time, weight in service) / sum(each for _, each in service)
    rate = utilisation * workers / mean
    predicted = wait(rate, workers, service)
    happened = simulate(rate, workers, service, seed=workers)
    assert predicted.utilisation == pytest.approx(utilisation)
    assert happened.utilisation == pytest.approx(predicted.utilisation, rel=0.03)
    assert happened.waiting == pytest.approx(predicted.waiting, abs=0.04)
    # 20 % of the wait, or a tenth of what a request takes anyway.
    slack = 0.1 * mean
    assert happened.mean_s == pytest.approx(predicted.mean_s, rel=0.2, abs=slack)
    assert happened.p95_s == pytest.approx(predicted.p95_s, rel=0.2, abs=2 * slack)


def test_with_passwords_the_prediction_for_one_worker_holds_too() -> None:
    # Fifty times the work for one request in fifty: the hardest case for the formula.
    service = service_times(dict(READ_MOSTLY))
    mean = sum(time * weight for time, weight in service) / sum(each for _, each in service)
    rate = 0.6 / mean
    predicted = wait(rate, 1, service)
    runs = [simulate(rate, 1, service, seed) for seed in range(4)]
    assert fmean(run.utilisation for run in runs) == pytest.approx(0.6, rel=0.04)
    assert fmean(run.mean_s for run in runs) == pytest.approx(predicted.mean_s, rel=0.25)
    assert fmean(run.p95_s for run in runs) == pytest.approx(predicted.p95_s, rel=0.25)


def test_a_plan_holds_its_rate_in_a_simulation_and_little_more_than_half_of_it_does_not() -> None:
    rate = 2000.0
    cost = mean_cost(WITHOUT_PASSWORDS, MEASURED)
    planned = plan(rate, cost)
    service = service_times(WITHOUT_PASSWORDS)
    # The load balancer gives each worker its share by chance: each is a queue of its own.
    own = simulate(rate / planned.server_workers, 1, service, seed=1)
    assert own.utilisation <= Assumptions().server_utilisation * 1.05
    assert own.p95_s <= wait(rate / planned.server_workers, 1, service).p95_s * 1.2
    few = simulate(rate / (planned.server_workers * 0.55), 1, service, seed=1)
    assert few.utilisation > 0.98
    assert few.p95_s > 50 * own.p95_s


def test_each_step_of_a_plan_can_be_followed() -> None:
    given_ = Assumptions(server_cores=8, mongod_cores=16, spare=2, members=3)
    found = plan(10_000, COST, given_)
    by_name = {step.name: step for step in found.steps}
    assert by_name["requests/s of a Parse Server process"].value == pytest.approx(400)
    assert found.server_workers == 25
    assert by_name["machines by CPU"].value == 4
    assert found.gbit == pytest.approx(0.192)
    assert found.server_machines == 6
    assert by_name["requests/s of a shard"].value == pytest.approx(16_800)
    assert found.shards == 1
    assert found.mongod_machines == 3
    assert found.generator_workers == 8
    assert found.generator_machines == 1
    assert all(step.formula and step.numbers for step in found.steps)


def test_a_network_that_is_too_small_decides() -> None:
    large = Cost(100, 100, 100, 0, 1_000_000)
    assert plan(10_000, large).server_machines == 16 + 1
    assert plan(10_000, large, Assumptions(network_gbit=100)).server_machines == 2 + 1


@given(
    st.floats(1, 2e6),
    st.floats(50, 1e5),
    st.floats(20, 1e4),
    st.floats(0.3, 0.9),
)
def test_a_plan_keeps_below_what_was_decided(
    rate: float, server_us: float, mongod_us: float, utilisation: float
) -> None:
    cost = Cost(server_us, mongod_us, 300)
    chosen = Assumptions(server_utilisation=utilisation, mongod_utilisation=utilisation)
    found = plan(rate, cost, chosen)
    used = rate * server_us / 1e6
    assert used / found.server_workers <= utilisation * (1 + 1e-9)
    cores = chosen.server_cores * (found.server_machines - chosen.spare)
    assert used / cores <= utilisation * (1 + 1e-9)
    shard_cores = chosen.mongod_cores * chosen.mongod_scaling * found.shards
    assert rate * mongod_us / 1e6 / shard_cores <= utilisation * (1 + 1e-9)
    # One less of each would be too few.
    if found.server_workers > 1:
        assert used / (found.server_workers - 1) > utilisation * (1 - 1e-9)


@given(st.floats(0, 1000), st.floats(0, 0.5))
def test_shards_do_what_they_have_to_and_no_fewer_would(load: float, broadcast: float) -> None:
    shards = shards_for(load, 1.0, broadcast)

    def enough(count: int) -> bool:
        return load * (1 - broadcast + broadcast * count) <= count * (1 + 1e-6)

    if shards:
        assert enough(shards)
        assert shards == 1 or not enough(shards - 1)
    else:
        assert load * broadcast >= 1 - 1e-9
        assert not any(enough(each) for each in (1, 10, 1000, 10**6))


def test_no_number_of_shards_is_enough_for_queries_that_all_of_them_get() -> None:
    found = plan(1_000_000, COST, Assumptions(broadcast=0.1))
    assert not found.possible
    assert plan(1_000_000, COST).possible


def test_erlang_c_is_that_of_the_tables() -> None:
    # One server: the share of time it is busy. Ten servers with a load of 7: 0.2217.
    assert erlang_c(1, 0.6) == pytest.approx(0.6)
    assert erlang_c(10, 7.0) == pytest.approx(0.2217, abs=1e-4)


def test_too_few_workers_wait_for_ever() -> None:
    assert wait(100, 1, [(0.02, 1.0)]).mean_s == math.inf


def test_a_mix_is_weighed() -> None:
    costs = {"a": Cost(100, 10, 1), "b": Cost(300, 30, 3)}
    assert mean_cost({"a": 3, "b": 1}, costs).server_us == 150
    with pytest.raises(ValueError, match="at least one"):
        mean_cost({}, costs)


def test_what_is_measured_is_what_the_mix_needs() -> None:
    assert READ_MOSTLY.keys() <= MEASURED.keys()
    for cost in MEASURED.values():
        assert cost.server_us > 0
        assert cost.mongod_us > 0
        assert cost.bytes_out > 0


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("rate", RATES)
def test_the_tables_of_the_page_are_those_of_the_code(rate: int, factor: float) -> None:
    cost = mean_cost(READ_MOSTLY, MEASURED)
    found = plan(rate, cost, Assumptions(machine_factor=factor))
    cells = (
        rate,
        found.server_workers,
        found.server_machines,
        found.shards,
        found.mongod_machines,
        found.generator_workers,
        found.generator_machines,
    )
    row = "| " + " | ".join(f"{cell:,}" for cell in cells) + f" | {found.gbit:.2f} |"
    assert row in PAGE


def test_the_costs_of_the_page_are_those_of_the_code() -> None:
    for name, cost in MEASURED.items():
        numbers = (cost.server_us, cost.mongod_us, cost.generator_us)
        assert f"{name} " + " ".join(f"{number:,.0f}" for number in numbers) in " ".join(
            PAGE.split()
        )
    for step in plan(100_000, mean_cost(READ_MOSTLY, MEASURED)).steps[:6]:
        assert step.numbers.replace(" x ", " \N{MULTIPLICATION SIGN} ") in PAGE


@pytest.mark.parametrize("broadcast", [0.0, 0.01, 0.05, 0.1])
def test_the_shards_of_the_page_are_those_of_the_code(broadcast: float) -> None:
    cost = mean_cost(READ_MOSTLY, MEASURED)
    found = [plan(rate, cost, Assumptions(broadcast=broadcast)).shards for rate in RATES]
    cells = [str(each) if each else "impossible" for each in found]
    assert f"| {broadcast:.0%} | ".replace("%", " %") + " | ".join(cells) + " |" in PAGE
