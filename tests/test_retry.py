"""A call is repeated when the contract says it may help, and never when it may cost twice."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.conversation import Conversations
from diagnostics.drive.driver import Slot
from diagnostics.drive.policy import ambiguous, retry_after_s
from diagnostics.model import (
    Answer,
    Ask,
    Exchange,
    Fault,
    FaultKind,
    Purpose,
    Request,
    Together,
    Unsent,
    UnsentReason,
)
from tests.drive_cases import Scripted, akool, answer, create, policy, poll

ERROR_1015 = answer({"code": 1015, "msg": "create video error, please try again later"})
WELL = answer({"code": 1000, "msg": "OK", "data": {"_id": "job1"}})
LOST = Fault(kind=FaultKind.RESET, message="connection reset", may_have_arrived=True)
REFUSED = Fault(kind=FaultKind.REFUSED, message="connection refused")


class Memory:
    """A recorder that keeps everything."""

    def __init__(self) -> None:
        self.kept: list[Exchange] = []
        self.intended: list[Request] = []

    def record(self, exchange: Exchange) -> Exchange:
        self.kept.append(replace(exchange, position=len(self.kept)))
        return self.kept[-1]

    def intend(self, request: Request, slot: Slot, started_s: float) -> None:
        self.intended.append(request)


def carried_out(ask: Ask, answers: list[Answer], **retry: float) -> tuple[Memory, VirtualClock]:
    clock, memory = VirtualClock(0.0), Memory()
    conversations = Conversations(
        driver=Scripted(answers),
        policy=policy(**retry),
        clock=clock,
        recorder=memory,
        scenario="job",
    )
    run(conversations.run(ask), clock)
    return memory, clock


def asks(operation: str = "createTalkingPhoto") -> Ask:
    yield akool().request(operation, body={})


def test_the_schedule_is_at_once_then_2_4_8_16_seconds_and_no_more_than_five_attempts() -> None:
    memory, clock = carried_out(asks(), [ERROR_1015])
    assert [e.attempt for e in memory.kept] == [1, 2, 3, 4, 5]
    assert clock.now() == pytest.approx(2 + 4 + 8 + 16)


def test_the_delay_never_exceeds_its_cap() -> None:
    retrying = policy(max_retries=12)
    assert retrying.delay_s(create(ERROR_1015, attempt=9), 0.0) == 30.0


def test_a_success_ends_the_attempts() -> None:
    memory, clock = carried_out(asks(), [ERROR_1015, ERROR_1015, WELL])
    assert [e.attempt for e in memory.kept] == [1, 2, 3]
    assert clock.now() == pytest.approx(6.0)


def test_jitter_spreads_the_delay_within_its_share() -> None:
    spread = policy(jitter=0.1)
    delays = {round(spread.delay_s(create(ERROR_1015), 0.0) or 0.0, 6) for _ in range(20)}
    assert len(delays) > 10
    assert all(1.8 <= delay <= 2.2 for delay in delays)


@pytest.mark.parametrize("code", [1003, 1006, 1101, 1102, 1103, 1104, 1200, 1213])
def test_a_code_that_no_repetition_can_mend_is_sent_once(code: int) -> None:
    memory, _ = carried_out(asks(), [answer({"code": code, "msg": "no"})])
    assert len(memory.kept) == 1


def test_on_1015_nothing_is_repeated_once_the_inputs_are_known_to_be_unfit() -> None:
    retrying = policy()
    assert retrying.delay_s(create(ERROR_1015), 0.0) is not None
    retrying.inputs_unfit = True
    assert retrying.delay_s(create(ERROR_1015), 0.0) is None


@pytest.mark.parametrize(
    "lost", [LOST, answer(b"<html>", 502), answer(b"", 504), answer(b""), answer({"code": 0})]
)
def test_a_paid_create_whose_outcome_is_unknown_is_never_repeated(lost: Answer) -> None:
    memory, _ = carried_out(asks(), [lost])
    assert len(memory.kept) == 1
    assert ambiguous(akool(), memory.kept[0])


def test_a_paid_create_that_surely_did_not_arrive_may_be_repeated() -> None:
    memory, _ = carried_out(asks(), [REFUSED, WELL])
    assert len(memory.kept) == 2
    assert not ambiguous(akool(), memory.kept[0])


def test_a_free_read_is_repeated_after_a_lost_answer() -> None:
    memory, _ = carried_out(asks("getCredit"), [LOST, WELL])
    assert len(memory.kept) == 2


def test_a_paid_call_is_announced_before_every_attempt_and_a_read_is_not() -> None:
    memory, _ = carried_out(asks(), [ERROR_1015, WELL])
    assert len(memory.intended) == 2
    assert not carried_out(asks("getCredit"), [WELL])[0].intended


def test_retry_after_in_seconds_is_waited_for() -> None:
    busy = answer(b"", 429, Retry_After="7")
    memory, clock = carried_out(asks("getCredit"), [busy, WELL])
    assert clock.now() == pytest.approx(7.0)
    assert len(memory.kept) == 2


def test_retry_after_as_a_date_is_read() -> None:
    dated = answer(b"", 503, Retry_After="Thu, 01 Jan 1970 00:01:00 GMT")
    assert retry_after_s(dated, 20.0) == pytest.approx(40.0)


def test_a_retry_after_of_an_hour_is_reported_not_waited_for() -> None:
    memory, clock = carried_out(asks("getCredit"), [answer(b"", 429, Retry_After="3600")])
    assert len(memory.kept) == 1
    assert clock.now() == 0.0


@given(value=st.text(max_size=40))
@example(value="²")
@example(value="Thu, 01 Jan 99999 00:00:00 GMT")
def test_no_retry_after_makes_the_policy_raise(value: str) -> None:
    found = retry_after_s(answer(b"", 429, Retry_After=value), 0.0)
    assert found is None or found >= 0


def test_probes_are_never_repeated() -> None:
    probe = replace(akool().request("getCredit"), purpose=Purpose.PROBE)
    exchange = replace(poll(REFUSED, 0), request=probe)
    assert policy().delay_s(exchange, 0.0) is None


def test_what_was_never_sent_is_not_repeated() -> None:
    memory, _ = carried_out(asks(), [Unsent(reason=UnsentReason.NO_BUDGET)])
    assert len(memory.kept) == 1


def test_a_poll_waits_its_interval_first() -> None:
    def waiting() -> Ask:
        yield akool().request("getCredit", wait_s=5.0)

    _, clock = carried_out(waiting(), [WELL])
    assert clock.now() == 5.0


def test_conversations_run_at_once_and_give_their_results_in_order() -> None:
    def one(wait_s: float) -> Ask:
        yield akool().request("getCredit", wait_s=wait_s)
        return wait_s

    results: list[float] = []

    def group() -> Ask:
        results.extend((yield Together(asks=(one(30.0), one(10.0), one(20.0)))))

    memory, clock = carried_out(group(), [WELL])
    assert results == [30.0, 10.0, 20.0]
    assert clock.now() == pytest.approx(30.0)
    assert [e.conversation for e in memory.kept] == [2, 3, 1]


def test_an_ask_without_end_is_ended() -> None:
    def endless() -> Ask:
        while True:
            yield akool().request("getCredit")

    memory, _ = carried_out(endless(), [WELL])
    assert len(memory.kept) == 10_000


def test_an_interrupted_paid_call_is_left_on_the_tape_as_ambiguous() -> None:
    clock, memory = VirtualClock(0.0), Memory()

    class Hanging:
        async def exchange(self, request: Request, slot: Slot) -> Exchange:
            await asyncio.sleep(1e9)
            raise AssertionError

    async def cut_short() -> None:
        talk = Conversations(
            driver=Hanging(), policy=policy(), clock=clock, recorder=memory, scenario="job"
        )
        async with asyncio.timeout(1.0):
            await talk.run(asks())

    with pytest.raises(TimeoutError):
        run(cut_short(), clock)
    assert [ambiguous(akool(), exchange) for exchange in memory.kept] == [True]
