"""Does the tally tell what happened, and do tallies of several workers add up to one?"""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.errors import UsageError
from diagnostics.jobs import output_request
from diagnostics.loading.adding import NAMES_MOST, OTHER
from diagnostics.loading.counts import NAMES_MOST as MOST_NAMES
from diagnostics.loading.tally import Tally
from diagnostics.loading.timeline import ROWS_MOST, Timeline
from diagnostics.model import Answer, Json, Response
from tests.load_tally_cases import (
    AKOOL,
    BROKEN,
    BUSY,
    FINE,
    KEPT,
    REFUSED,
    RESET,
    Told,
    read,
    tallied,
    tell,
)
from tests.test_load_histogram import JSON

ANSWERS = st.sampled_from([FINE, BUSY, BROKEN, RESET, REFUSED, KEPT])
DYADIC = st.integers(0, 2048).map(lambda n: n / 512)
"""Times that are whole nanoseconds, so that equal means equal."""
TOLD = st.builds(
    Told,
    answer=ANSWERS,
    due_s=st.integers(0, 20_480).map(lambda n: n / 512),
    took_s=DYADIC,
    late_s=DYADIC,
    name=st.sampled_from(["getCredit", "getVideo", "a page"]),
)


# --- counting -----------------------------------------------------------------------------------


def test_failures_are_counted_by_code_by_status_and_by_fault() -> None:
    made = tallied(*(Told(answer=one) for one in (FINE, BUSY, BUSY, BROKEN, RESET, REFUSED)))
    named = made.names["getCredit"]
    assert (named.requests, named.failures) == (6, 5)
    assert named.codes == {"1015": 2, "HTTP 503": 1}
    assert named.faults == {"reset": 1, "refused": 1}
    assert named.methods == {"GET": 6}
    assert (made.requests, made.failures) == (6, 5)


def test_what_was_kept_back_is_no_request() -> None:
    made = tallied(Told(answer=KEPT), Told(answer=KEPT))
    assert made.requests == 0
    assert made.names["getCredit"].unsent == {"over-budget": 2}
    assert made.metric("p99 of request") is None
    assert made.metric("failed requests") is None


def test_bytes_are_those_of_the_bodies() -> None:
    made = Tally(AKOOL)
    request = replace(read(), body=b"12345")
    tell(made, Told(request=request))
    tell(made, Told(request=request, answer=Response(status=200, body=b"", size_bytes=700)))
    named = made.names[str(request.operation)]
    assert named.sent_bytes == 10
    assert named.received_bytes == len(FINE.body) + 700


def test_latency_counts_from_when_it_was_due_and_service_from_when_it_was_sent() -> None:
    made = tallied(Told(due_s=10.0, took_s=2.0, late_s=1.5))
    assert made.metric("max of request") == 2.0
    assert made.served("max of request") == 0.5
    assert made.metric("lateness") == 1.5


def test_a_file_that_came_is_no_failure_though_no_contract_says_what_is_in_it() -> None:
    made = Tally(AKOOL)
    asked = output_request("http://results.test/v.mp4")
    tell(made, Told(request=asked, name="file", answer=Response(status=206, body=b"mp4")))
    tell(made, Told(request=asked, name="file", answer=Response(status=404, body=b"no")))
    assert made.names["file"].failures == 1
    assert made.names["file"].codes == {"HTTP 404": 1}


def test_a_second_tells_its_rate_codes_and_latency() -> None:
    made = tallied(
        Told(due_s=0.0, took_s=0.25),
        Told(due_s=0.5, took_s=0.25, answer=BUSY),
        Told(due_s=0.5, took_s=1.5, answer=RESET),
    )
    first, third = made.timeline.rows[0], made.timeline.rows[2]
    assert (first.requests, first.failures, first.codes) == (2, 1, {"1015": 1})
    assert first.latency.percentile(0.99) == pytest.approx(0.25, rel=0.04)
    assert (third.requests, third.codes) == (1, {"reset": 1})
    assert third.latency.percentile(0.5) == pytest.approx(1.5, rel=0.04)
    assert 1 not in made.timeline.rows


def test_seconds_are_those_of_the_wall_clock() -> None:
    made = Tally(AKOOL, started_s=100.0, began_at=5000.0)
    tell(made, Told(due_s=101.5, took_s=0.25))
    assert list(made.timeline.rows) == [5001]
    assert made.metric("rate") == pytest.approx(1 / 1.75)


def test_credits_are_spent_when_a_paid_call_is_accepted() -> None:
    made = Tally(AKOOL)
    paid = replace(read(), spends=True, credits=2.5)
    for answer in (FINE, FINE, BUSY, RESET):
        tell(made, Told(request=paid, answer=answer))
    assert made.credits == 5.0
    assert made.timeline.rows[0].credits == 5.0
    tell(made, Told(request=replace(paid, credits=None)))
    assert made.counts().unpriced == 1


def test_a_strangers_names_are_kept_short_and_few() -> None:
    made = Tally(AKOOL)
    for n in range(MOST_NAMES + 50):
        tell(made, Told(name=f"{n:04}" * 100))
    assert len(made.names) == MOST_NAMES + 1
    assert max(map(len, made.names)) <= 200
    assert made.names[OTHER].requests == 50
    assert made.requests == MOST_NAMES + 50


def test_a_strangers_codes_are_kept_short_and_few() -> None:
    made = Tally(AKOOL)
    for n in range(NAMES_MOST + 50):
        body = json.dumps({"code": f"{n}-" + "x" * 5000}).encode()
        tell(made, Told(answer=Response(status=200, body=body)))
    codes = made.names["getCredit"].codes
    assert len(codes) == NAMES_MOST + 1
    assert sum(codes.values()) == NAMES_MOST + 50
    assert len(json.dumps(made.to_json())) < 100_000


# --- adding up ----------------------------------------------------------------------------------


@given(st.lists(TOLD, max_size=30), st.lists(st.integers(0, 2), min_size=30, max_size=30))
def test_workers_add_up_in_any_order_to_what_one_would_have_counted(
    told: list[Told], whose: list[int]
) -> None:
    workers = [tallied(*(t for t, w in zip(told, whose, strict=False) if w == n)) for n in range(3)]
    first, second, third = [worker.to_json() for worker in workers]
    whole = tallied(*told).to_json()
    for order in ((first, second, third), (third, first, second), (second, third, first)):
        together = Tally()
        for one in order:
            together.apply(one)
        assert together.to_json() == whole
    nested, pair = Tally.from_json(first), Tally.from_json(second)
    pair.merge(Tally.from_json(third))
    nested.merge(pair)
    assert nested.to_json() == whole


@given(st.lists(TOLD, max_size=30), st.sets(st.integers(0, 29)))
def test_deltas_add_up_to_the_whole(told: list[Told], cuts: set[int]) -> None:
    worker, master = Tally(AKOOL), Tally()
    for index, one in enumerate(told):
        if index in cuts:
            master.apply(json.loads(json.dumps(worker.delta())))
        tell(worker, one)
    master.apply(worker.delta())
    assert master.to_json() == worker.to_json() == tallied(*told).to_json()
    assert Tally.from_json(worker.delta()).requests == 0


def test_asking_changes_nothing() -> None:
    asked, silent = Tally(AKOOL), Tally(AKOOL)
    for n in range(50):
        told = Told(due_s=n / 8, answer=BUSY if n % 7 == 0 else FINE)
        tell(asked, told)
        tell(silent, told)
        assert asked.requests == n + 1
    assert asked.to_json() == silent.to_json()


def test_more_answers_in_a_second_than_a_batch_holds_are_all_counted() -> None:
    made = tallied(*[Told(due_s=0.5, took_s=0.001)] * 9000)
    assert made.timeline.rows[0].requests == made.requests == 9000


@given(st.lists(TOLD, max_size=10))
def test_what_was_written_reads_back_the_same(told: list[Told]) -> None:
    made = tallied(*told).to_json()
    assert Tally.from_json(json.loads(json.dumps(made))).to_json() == made


def parts(value: Json, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in it."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(place for key, held in inner for place in parts(held, (*path, key)))]


def changed(value: Json, path: tuple[str | int, ...], new: Json) -> Json:
    if not path:
        return new
    copy: Json = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


THREE: tuple[Answer, ...] = (FINE, BUSY, RESET)
WRITTEN = tallied(*(Told(due_s=n, answer=a) for n, a in enumerate(THREE))).to_json()


@given(st.sampled_from(parts(WRITTEN)), JSON)
def test_a_damaged_one_is_refused_or_read_and_never_raises_otherwise(
    path: tuple[str | int, ...], new: Json
) -> None:
    damaged = changed(WRITTEN, path, new)
    try:
        made = Tally.from_json(damaged)
    except UsageError:
        return
    json.dumps(made.to_json())
    made.metric("p99 of request")
    made.bottleneck()


def test_a_damaged_one_changes_nothing() -> None:
    made = tallied(Told(), Told())
    before = made.to_json()
    with pytest.raises(UsageError):
        made.apply({**before, "names": {"a": {"requests": "many"}}})
    with pytest.raises(UsageError, match="no tally"):
        made.apply({"schema": "something/1"})
    assert made.to_json() == before


# --- a long load --------------------------------------------------------------------------------


@given(st.lists(st.integers(-10_000, 2_000_000), min_size=1, max_size=40), st.data())
def test_a_long_timeline_has_wider_rows_whichever_second_came_first(
    seconds: list[int], data: st.DataObject
) -> None:
    def made(order: list[int]) -> Timeline:
        timeline = Timeline()
        for second in order:
            timeline.row(second).requests += 1
        return timeline

    straight = made(seconds)
    assert straight.to_json() == made(data.draw(st.permutations(seconds))).to_json()
    assert sum(row.requests for row in straight.rows.values()) == len(seconds)
    assert (max(straight.rows) - min(straight.rows)) // straight.width_s < ROWS_MOST
    half, other = made(seconds[::2]), made(seconds[1::2])
    other.merge(half)
    assert other.to_json() == straight.to_json()


def test_half_an_hour_is_kept_by_the_second() -> None:
    timeline = Timeline()
    for second in range(ROWS_MOST):
        timeline.row(second).requests += 1
    assert timeline.width_s == 1
    assert len(timeline.rows) == ROWS_MOST
    timeline.row(ROWS_MOST).requests += 1
    assert timeline.width_s == 2


def test_wide_rows_make_all_rows_wide_since_nobody_can_tell_their_seconds_apart() -> None:
    wide = Timeline.from_json({"width_s": 8, "rows": {"0": {"requests": 5}}})
    narrow = Timeline()
    narrow.row(3).requests += 1
    narrow.merge(wide)
    assert narrow.width_s == 8
    assert [row.requests for row in narrow.rows.values()] == [6]


def test_a_damaged_timeline_is_refused() -> None:
    wrong: list[Json] = [[], {"rows": {}}, {"width_s": 0, "rows": {}}]
    for told in (*wrong, {"width_s": 1, "rows": {"x": {}}}):
        with pytest.raises(UsageError, match="no timeline"):
            Timeline.from_json(told)
