"""Do histograms tell percentiles to three digits, add up in any order, and travel unharmed?"""

import json
import math
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.errors import UsageError
from diagnostics.loading.histogram import LEAST_S, MOST_S, PLACES, Histogram, edge_s
from diagnostics.model import Json

DURATIONS = st.floats(min_value=LEAST_S, max_value=86_400.0)
SHARES = (0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
THREE_DIGITS = 1.001


def histogram(values: Sequence[float]) -> Histogram:
    made = Histogram()
    for value in values:
        made.record(value)
    return made


def exact(values: Sequence[float], share: float) -> float:
    """By the definition: the smallest value that this share of them does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked) - 1e-9) - 1)]


@given(st.lists(DURATIONS, min_size=1, max_size=300))
def test_every_percentile_is_right_to_three_digits(values: list[float]) -> None:
    told = histogram(values).percentiles(SHARES)
    for share, found in zip(SHARES, told, strict=True):
        assert found is not None
        assert exact(values, share) <= found <= exact(values, share) * THREE_DIGITS


@given(st.lists(DURATIONS, min_size=1, max_size=300))
def test_the_longest_and_the_average_are_exact(values: list[float]) -> None:
    made = histogram(values)
    assert made.most_s == max(values)
    assert made.mean_s == pytest.approx(sum(values) / len(values), abs=1e-9)
    assert made.percentile(1.0) == max(values)
    assert made.count == len(values)


@given(
    st.lists(st.lists(DURATIONS, max_size=40), min_size=3, max_size=3), st.permutations(range(3))
)
def test_adding_up_comes_to_the_same_in_any_order(
    parts: list[list[float]], order: list[int]
) -> None:
    straight, other, pair = Histogram(), Histogram(), Histogram()
    for part in parts:
        straight.merge(histogram(part))
    for index in order:
        other.merge(histogram(parts[index]))
    pair.merge(histogram(parts[1]))
    pair.merge(histogram(parts[2]))
    nested = histogram(parts[0])
    nested.merge(pair)
    assert straight == other == nested
    whole = histogram([value for part in parts for value in part])
    assert straight.counts == whole.counts
    assert straight.percentiles(SHARES) == whole.percentiles(SHARES)


@given(st.lists(DURATIONS, max_size=100))
def test_what_was_written_reads_back_the_same(values: list[float]) -> None:
    made = histogram(values)
    again = Histogram.from_json(json.loads(json.dumps(made.to_json())))
    assert again == made
    assert again.percentiles(SHARES) == made.percentiles(SHARES)


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_what_is_no_duration_is_counted_and_spoils_nothing(values: list[float]) -> None:
    made = histogram([*values, 1.0])
    assert made.count == len(values) + 1
    assert sum(made.counts.values()) == len(values) + 1
    assert all(0 <= place < PLACES for place in made.counts)
    mean_s, most_s = made.mean_s, made.most_s
    assert mean_s is not None
    assert 0.0 <= mean_s <= MOST_S
    assert most_s is not None
    assert 1.0 <= most_s <= MOST_S
    assert Histogram.from_json(made.to_json()) == made


def test_places_adjoin_and_none_is_wider_than_a_thousandth() -> None:
    edges = [edge_s(place) for place in range(PLACES + 1)]
    assert edges[0] == LEAST_S
    assert edges[-1] == MOST_S
    for low, high in pairwise(edges):
        assert low < high <= low * THREE_DIGITS


def test_over_counts_what_was_longer() -> None:
    made = histogram([0.1] * 90 + [2.0] * 10)
    assert made.over(1.0) == 10
    assert made.over(0.05) == 100
    assert made.over(3.0) == 0


def test_an_empty_one_knows_nothing() -> None:
    made = Histogram()
    assert made.percentiles(SHARES) == [None] * len(SHARES)
    assert made.mean_s is None
    assert made.most_s is None
    assert made.count == 0
    assert made != 0


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"count": 1},
        {"count": 1, "total_ns": 0, "most_s": 1, "counts": [5]},
        {"count": 2, "total_ns": 0, "most_s": 1, "counts": [5, 1]},
        {"count": 1, "total_ns": 0, "most_s": 1, "counts": [PLACES + 1, 1]},
        {"count": 0, "total_ns": 0, "most_s": 1, "counts": [5, 1, 6, -1]},
        {"count": 1, "total_ns": 0, "most_s": "x", "counts": [5, 1]},
        {"count": True, "total_ns": 0, "most_s": 1, "counts": [5, 1]},
        {"count": 1, "total_ns": 1e300, "most_s": 1, "counts": [5, 1]},
        {"count": 1, "total_ns": 0, "most_s": math.nan, "counts": [5, 1]},
        {"count": 1, "total_ns": 0, "most_s": 1, "counts": {"5": 1}},
    ],
)
def test_what_is_no_histogram_is_refused(told: Json) -> None:
    with pytest.raises(UsageError, match="no histogram"):
        Histogram.from_json(told)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries(dict.fromkeys(("count", "total_ns", "most_s", "counts"), JSON)) | JSON)
def test_no_json_does_more_than_be_refused(told: Json) -> None:
    try:
        made = Histogram.from_json(told)
    except UsageError:
        return
    assert made.count == sum(made.counts.values())


def test_millions_stay_small() -> None:
    made = Histogram()
    values = [1e-3 * 1.000_1**n for n in range(100_000)]
    made.extend(values)
    assert len(made.counts) < 16 * 1024
    assert made.percentile(0.5) == pytest.approx(exact(values, 0.5), rel=1e-3)


def test_one_value_costs_little() -> None:
    values = [0.001 * (n % 997 + 1) for n in range(20_000)]
    taken = []
    for _ in range(5):
        made = Histogram()
        before = time.process_time()
        for value in values:
            made.record(value)
        taken.append((time.process_time() - before) / len(values))
    assert min(taken) < 4e-6  # 0.3 µs measured; ten times that on a machine that is busy
