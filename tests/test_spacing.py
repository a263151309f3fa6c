"""Do starts keep apart, and does a throttled call come back when it may?"""

import asyncio
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.driver import Slot
from diagnostics.drive.pace import Paced
from diagnostics.drive.policy import LONGEST_S, PUT_BACK_S, Policy
from diagnostics.model import Exchange, Request, Response, RetryPolicy
from diagnostics.spacing import Spacing, Starts, interval_s

AKOOL = contract_load.load("akool")


def limited(per_minute: float | None) -> Contract:
    return replace(AKOOL, limits={"rate": {"known": True, "per_minute": per_minute}})


@given(
    interval=st.floats(0, 100),
    gaps=st.lists(st.floats(0, 300), min_size=1, max_size=30),
)
def test_no_two_starts_are_closer_than_the_interval(interval: float, gaps: list[float]) -> None:
    spacing, now_s, starts = Spacing(interval), 0.0, []
    for gap in gaps:
        now_s += gap
        starts.append(now_s + spacing.wait_s(now_s))
    assert all(b - a >= interval - 1e-6 for a, b in pairwise(starts))


@pytest.mark.parametrize(
    ("per_minute", "seconds"), [(600, 0.1), (6, 10.0), (None, 0.0), (0, 0.0), (True, 0.0)]
)
def test_the_interval_is_that_of_the_published_limit(
    per_minute: float | None, seconds: float
) -> None:
    assert interval_s(limited(per_minute)) == seconds


def test_threads_start_one_by_one_and_all_wait_when_told_to() -> None:
    moment, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        moment[0] += seconds

    starts = Starts(per_minute=6, now=lambda: moment[0], sleep=sleep)
    with starts, starts:
        starts.hold(60)
    with starts:
        pass
    assert slept == [10.0, 60.0]


# --- the harness itself -----------------------------------------------------------------------


class Counting:
    """Answers at once, and keeps when it was asked."""

    def __init__(self, clock: VirtualClock, answers: list[Response]) -> None:
        self._clock, self._answers = clock, answers
        self.asked_s: list[float] = []

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        self.asked_s.append(round(self._clock.monotonic(), 3))
        answer = self._answers[min(len(self.asked_s), len(self._answers)) - 1]
        return slot.exchange(request, answer, started_s=self._clock.now())


def paced(per_minute: float | None, answers: list[Response], *, spends: bool = True) -> list[float]:
    clock = VirtualClock(1_795_000_000.0)
    counting = Counting(clock, answers)
    driver = Paced(counting, limited(per_minute), clock)
    request = AKOOL.request("createTalkingPhoto" if spends else "getCredit", body={})

    async def work() -> None:
        await asyncio.gather(*(driver.exchange(request, Slot(conversation=n)) for n in range(3)))
        await driver.exchange(request, Slot())

    run(work(), clock)
    return counting.asked_s


OK = Response(status=200, body=b'{"code":1000}')
TOO_OFTEN = Response(status=429, headers=(("Retry-After", "30"),), body=b"{}")


def test_paid_creates_leave_as_far_apart_as_the_limit_asks() -> None:
    assert paced(6, [OK]) == [0.0, 10.0, 20.0, 30.0]
    assert paced(None, [OK]) == [0.0, 0.0, 0.0, 0.0]


def test_reads_are_not_held_up() -> None:
    assert paced(6, [OK], spends=False) == [0.0, 0.0, 0.0, 0.0]


def test_after_a_429_nothing_starts_before_the_moment_it_named() -> None:
    assert paced(60, [OK, TOO_OFTEN, OK]) == [0.0, 1.0, 31.0, 32.0]


# --- put back ---------------------------------------------------------------------------------


def delays(answer: Response, *, put_back: int, attempts: int = 2) -> list[float | None]:
    policy = Policy(
        contract=AKOOL,
        retry=RetryPolicy(max_retries=attempts, jitter=0.0, put_back=put_back),
        random=random.Random(0),
    )
    request = AKOOL.request("createTalkingPhoto", body={})
    return [
        policy.delay_s(Exchange(request=request, answer=answer, started_s=0.0, attempt=n), 0.0)
        for n in range(1, attempts * (put_back + 1) + 1)
    ]


OVERLOADED = Response(status=200, body=b'{"code":1015,"msg":"x"}')


def test_a_persistent_1015_is_put_back_for_five_minutes_when_asked_for() -> None:
    assert delays(OVERLOADED, put_back=0) == [2.0, None]
    assert delays(OVERLOADED, put_back=2) == [2.0, PUT_BACK_S, 2.0, PUT_BACK_S, 2.0, None]


def test_a_throttled_call_is_put_back_after_the_stated_time() -> None:
    later = replace(OVERLOADED, headers=(("Retry-After", "900"),))
    assert delays(later, put_back=0) == [None, None]
    assert delays(later, put_back=1) == [900.0, 900.0, 900.0, None]
    never = replace(OVERLOADED, headers=(("Retry-After", str(int(LONGEST_S) + 1)),))
    assert delays(never, put_back=1) == [None, None, None, None]


def test_what_is_wrong_with_the_call_itself_is_never_put_back() -> None:
    wrong = Response(status=200, body=b'{"code":1003,"msg":"x"}')
    assert delays(wrong, put_back=3) == [None] * 8


def test_a_create_whose_outcome_is_unknown_is_never_put_back() -> None:
    assert delays(Response(status=502, body=b"<html>"), put_back=3) == [None] * 8
