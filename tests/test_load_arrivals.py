"""Do arrivals come when the stages say, as many as they say, whoever shares them?"""

import math
from itertools import pairwise
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.loading import reading
from diagnostics.loading.arrivals import Curve, Mixer, Schedule, schedule
from diagnostics.loading.profile import Arrival, Share, Stage

FLAT = (Stage(duration_s=0, level=50), Stage(duration_s=100, level=50))
SHAPE = (
    Stage(duration_s=10, level=20),
    Stage(duration_s=5, level=20),
    Stage(duration_s=0, level=3),
    Stage(duration_s=8, level=0),
)
END_S = 1e9

stages = st.lists(
    st.builds(
        Stage,
        duration_s=st.floats(0, 30) | st.just(0.0),
        level=st.floats(0, 40) | st.just(0.0),
    ),
    min_size=1,
    max_size=6,
).map(tuple)
kinds = st.sampled_from(Arrival)


def all_of(one: Schedule) -> list[float]:
    return one.due(END_S)


def test_constant_arrivals_keep_one_distance_and_begin_at_once() -> None:
    times = all_of(Schedule(FLAT))
    assert len(times) == 5000
    assert times[0] == 0.0
    assert all(math.isclose(later - one, 0.02) for one, later in pairwise(times))


def test_a_ramp_sends_what_lies_under_its_line() -> None:
    times = all_of(Schedule(SHAPE))
    assert len(times) == 100 + 100 + 12
    assert sum(time < 5 for time in times) == 25, "half the time of a ramp is a quarter of it"
    assert sum(time < 10 for time in times) == 100
    assert sum(time < 15 for time in times) == 200
    assert max(times) < 23


@given(stages)
def test_constant_arrivals_are_within_one_of_the_area_at_any_moment(
    shape: tuple[Stage, ...],
) -> None:
    curve = Curve(shape)
    times = all_of(Schedule(shape))
    assert abs(len(times) - curve.total) <= 1
    assert all(0 <= time <= curve.duration_s for time in times)
    assert times == sorted(times)
    for share in (0.1, 0.5, 0.9):
        at_s = share * curve.duration_s
        assert abs(sum(time < at_s for time in times) - curve.until(at_s)) <= 1.01


@given(stages, st.floats(0.01, 0.99))
def test_the_moment_of_a_number_is_when_so_many_are_expected(
    shape: tuple[Stage, ...], share: float
) -> None:
    curve = Curve(shape)
    if curve.total > 1e-3:
        wanted = share * curve.total
        assert math.isclose(curve.until(curve.moment(wanted)), wanted, rel_tol=1e-6, abs_tol=1e-6)


def test_poisson_arrivals_are_as_many_and_as_scattered_as_they_should_be() -> None:
    counts = [len(all_of(Schedule(FLAT, arrival=Arrival.POISSON, seed=n))) for n in range(40)]
    assert abs(fmean(counts) - 5000) < 4 * math.sqrt(5000 / 40), "mean: the area"
    assert 0.5 < pvariance(counts) / 5000 < 1.6, "variance: as large as the mean"


def test_the_gaps_of_poisson_arrivals_are_exponential() -> None:
    times = all_of(Schedule(FLAT, arrival=Arrival.POISSON, seed=7))
    gaps = [later - one for one, later in pairwise(times)]
    assert math.isclose(fmean(gaps), 0.02, rel_tol=0.05)
    assert math.isclose(pvariance(gaps), 0.02**2, rel_tol=0.15)
    assert math.isclose(sum(gap > 0.02 for gap in gaps) / len(gaps), math.exp(-1), rel_tol=0.05)


def test_poisson_arrivals_follow_a_ramp() -> None:
    shape = (Stage(duration_s=100, level=100),)
    times = all_of(Schedule(shape, arrival=Arrival.POISSON, seed=3))
    before = sum(time < 50 for time in times)
    assert abs(before - 1250) < 4 * math.sqrt(1250)
    assert abs(len(times) - 5000) < 4 * math.sqrt(5000)


def test_the_same_seed_gives_the_same_arrivals_and_another_seed_others() -> None:
    def of(seed: int) -> list[float]:
        return all_of(Schedule(FLAT, arrival=Arrival.POISSON, seed=seed))

    assert of(1) == of(1)
    assert of(1) != of(2)


@given(stages, st.integers(1, 7))
def test_constant_arrivals_of_several_workers_are_those_of_one(
    shape: tuple[Stage, ...], count: int
) -> None:
    streams = [all_of(Schedule(shape, index=n, count=count)) for n in range(count)]
    assert sorted(time for one in streams for time in one) == all_of(Schedule(shape))
    assert max(map(len, streams)) - min(map(len, streams)) <= 1


def test_poisson_streams_of_several_workers_have_the_whole_rate_and_are_independent() -> None:
    streams = [
        all_of(Schedule(FLAT, arrival=Arrival.POISSON, seed=5, index=n, count=4)) for n in range(4)
    ]
    union = sorted(time for one in streams for time in one)
    assert len(set(union)) == len(union), "no two workers send the same arrival"
    assert abs(len(union) - 5000) < 4 * math.sqrt(5000)
    assert all(abs(len(one) - 1250) < 4 * math.sqrt(1250) for one in streams)
    gaps = [later - one for one, later in pairwise(union)]
    assert math.isclose(pvariance(gaps), 0.02**2, rel_tol=0.15), "the union is Poisson again"


@given(stages, kinds, st.lists(st.floats(0, 200), max_size=20).map(sorted))
def test_arrivals_are_told_once_however_often_it_is_asked(
    shape: tuple[Stage, ...], kind: Arrival, moments: list[float]
) -> None:
    asked = Schedule(shape, arrival=kind, seed=2)
    told = [time for now_s in moments for time in asked.due(now_s)]
    told += asked.due(END_S)
    assert told == all_of(Schedule(shape, arrival=kind, seed=2))
    assert asked.next_s is None
    assert asked.due(END_S) == []


def test_nothing_is_due_before_its_time_and_no_more_than_asked_for_at_once() -> None:
    asked = Schedule(FLAT)
    assert asked.due(0.99) == pytest.approx([n * 0.02 for n in range(50)])
    assert asked.next_s == pytest.approx(1.0)
    assert len(asked.due(50, most=7)) == 7, "after a stall the rest stays due"
    assert asked.due(50, most=1) == pytest.approx([1.14])


@given(stages, kinds, st.floats(0, 100), st.integers(0, 2))
def test_whoever_takes_over_a_stream_goes_on_where_it_stood(
    shape: tuple[Stage, ...], kind: Arrival, at_s: float, index: int
) -> None:
    def stream() -> Schedule:
        return Schedule(shape, arrival=kind, seed=9, index=index, count=3)

    first, second = stream(), stream()
    before = [time for time in first.due(END_S) if time < at_s]
    assert second.skip(at_s) == len(before)
    assert before + second.due(END_S) == all_of(stream())


def test_a_profile_gives_its_own_schedule() -> None:
    spike = reading.load("spike")
    found = schedule(spike, seed=1, index=1, count=2)
    assert found.duration_s == spike.duration_s == 30
    assert found.expected == (2 * 8 + 40 * 5 + 2 * 17) / 2
    busy = [time for time in all_of(found) if 8 <= time < 13]
    assert abs(len(busy) - 100) < 40


# --- the mix ----------------------------------------------------------------------------------

weights = st.lists(st.integers(1, 20), min_size=1, max_size=5)


@given(weights, st.integers(0, 3))
def test_a_mix_is_kept_at_any_moment(given_weights: list[int], index: int) -> None:
    mix = [Share(scenario="job", weight=weight) for weight in given_weights]
    mixer, whole = Mixer(mix, index=index, count=4), sum(given_weights)
    told: dict[int, int] = dict.fromkeys(map(id, mix), 0)
    for turn in range(1, 200):
        told[id(mixer.next())] += 1
        for share in mix:
            assert abs(told[id(share)] - turn * share.weight / whole) < len(mix)


def test_workers_do_not_all_begin_with_the_same_part_of_a_mix() -> None:
    mix = [Share(scenario="job"), Share(scenario="read")]
    firsts = {Mixer(mix, index=n, count=8).next().scenario for n in range(8)}
    assert firsts == {"job", "read"}
