"""Do the figures of the engine come out, each with what it should reach?"""

import pytest

from benchmarks import __main__, load_engine, load_lateness
from benchmarks.children import BrokenError


def test_the_engine_is_measured_beside_locusts_own_client_and_peers_that_are_there() -> None:
    exact, tallied, memory, jobs, *peers = load_engine.rows(
        rounds=1, requests=4000, seconds=1.0, jobs=200
    )
    assert (exact.reach, tallied.reached) == ("≥ 80,000, 6 ×", None)
    assert exact.baseline.startswith("FastHttpUser ")
    assert memory.measured.endswith(" MB")
    assert (jobs.what, jobs.reach) == (
        "200 jobs in flight, one worker, without Locust",
        "≤ 200 MB",
    )
    assert [row.what.rpartition(" ")[2] for row in peers] == list(load_engine.PEERS)
    assert all(row.measured for row in peers)


def test_lateness_is_measured_at_three_rates_beside_a_bare_timer() -> None:
    rows = list(load_lateness.rows(seconds=0.2, rounds=1))
    assert [row.what for row in rows] == [
        "lateness of arrivals, p99, at 200 a second",
        "lateness of arrivals, p99, at 1,000 a second",
        "lateness of arrivals, p99, at 2,000 a second",
    ]
    assert all("bare timer" in row.baseline for row in rows)


def test_a_generator_that_cannot_reach_its_server_breaks_the_benchmark_and_says_so() -> None:
    with pytest.raises(BrokenError, match="lateness"):
        load_lateness.child(9, 200, 0.05)


def test_both_are_among_those_that_are_run_by_name() -> None:
    assert {"load_engine", "load_lateness"} <= set(__main__.NAMES)
