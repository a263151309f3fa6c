"""Does one loop carry many asks, at the time they are due, and end them all?"""

import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from email.utils import formatdate
from selectors import SelectSelector
from typing import Any

import pytest

from diagnostics.drive.budget import Budget
from diagnostics.loading.engine import Engine
from diagnostics.loading.poll import Poll, Selected, poller
from diagnostics.model import (
    Exchange,
    Fault,
    FaultKind,
    Purpose,
    Request,
    Response,
    TargetKind,
    Together,
    Unsent,
    UnsentReason,
)
from tests.drive_cases import akool, policy
from tests.load_cases import Ear, answering, engine, one, run, until
from tests.readme_help import ROOT
from tests.wire import CLOSE, HANG, http

CREDIT = akool().request("getCredit")
CREATE = akool().request("createTalkingPhoto", body={"talking_photo_url": "http://h/f.jpg"})
GOOD = http(b'{"code":1000,"data":{"credit":5}}')
PLAY = Budget(kind=TargetKind.EMULATOR)
Asking = Generator[Request | Together, Any, Any]


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


class Counting:
    """A poll that counts the connections it was given."""

    def __init__(self, inner: Poll) -> None:
        self.registered, self._inner = 0, inner
        self.modify, self.unregister = inner.modify, inner.unregister
        self.poll, self.close = inner.poll, inner.close

    def register(self, fd: int, events: int) -> None:
        self.registered += 1
        self._inner.register(fd, events)


def twice(second: Request) -> Asking:
    first = yield CREDIT
    return [first, (yield second)]


# --- time -------------------------------------------------------------------------------------


def test_a_poll_is_due_when_the_answer_before_it_ended_and_its_wait_is_over() -> None:
    ear, hands = Ear(), Hands()
    with answering(lambda _: [GOOD]) as wire:
        loop = engine(wire.base_url, ear, now=hands)
        loop.begin(twice(replace(CREDIT, wait_s=5.0)), due_s=100.0)
        hands.at_s = 101.0
        until(loop, lambda: len(ear.heard) == 1)
        assert (loop.waiting, loop.in_flight, loop.flows) == (1, 0, 1)
        hands.at_s = 105.9
        loop.turn(0.0)
        assert loop.waiting == 1
        hands.at_s = 106.5
        until(loop, lambda: len(ear.heard) == 2)
        loop.close()
    polled = ear.heard[1]
    assert (polled.due_s, polled.sent_s) == (106.0, 106.5)


def test_latency_counts_from_the_moment_a_request_was_due_not_from_when_it_left() -> None:
    ear, hands = Ear(), Hands()
    with answering(lambda _: [GOOD]) as wire:
        loop = engine(wire.base_url, ear, now=hands)
        loop.begin(one(CREDIT), due_s=97.0)
        hands.at_s = 100.5
        until(loop, lambda: bool(ear.heard))
        loop.close()
    (told,) = ear.heard
    assert (told.due_s, told.sent_s) == (97.0, 100.0)
    assert (told.exchange.started_s, told.exchange.duration_s) == (97.0, 3.5)


def test_an_ask_that_is_due_later_sends_nothing_before() -> None:
    ear, hands = Ear(), Hands()
    with answering(lambda _: [GOOD]) as wire:
        loop = engine(wire.base_url, ear, now=hands)
        loop.begin(one(CREDIT), due_s=102.0)
        loop.turn(0.0)
        assert (loop.waiting, wire.heard) == (1, [])
        hands.at_s = 102.0
        until(loop, lambda: bool(ear.heard))
        loop.close()


def test_a_turn_that_has_nothing_to_do_ends_in_time() -> None:
    loop = engine("http://127.0.0.1:9", Ear())
    before_s = loop.now()
    loop.turn(0.001)
    assert loop.now() - before_s < 1.0
    loop.close()


def test_a_repeated_call_is_due_when_the_policy_says_and_both_attempts_are_told() -> None:
    ear, hands = Ear(), Hands()
    answers = [http(b"", status="503 Service Unavailable"), GOOD]
    with answering(lambda _: [answers.pop(0)]) as wire:
        loop = engine(wire.base_url, ear, now=hands, policy=policy())
        loop.begin(one(CREDIT), due_s=100.0)
        until(loop, lambda: len(ear.heard) == 1)
        assert loop.waiting == 1
        hands.at_s = 102.0
        until(loop, lambda: len(ear.heard) == 2)
        loop.close()
    assert [(e.exchange.attempt, e.due_s, e.ok) for e in ear.heard] == [
        (1, 100.0, False),
        (2, 102.0, True),
    ]


def test_a_date_in_retry_after_is_read_by_the_calendar_not_by_the_engines_clock() -> None:
    ear, hands = Ear(), Hands()
    soon = formatdate(time.time() + 60.0, usegmt=True)
    busy = http(b"", status="503 Service Unavailable", extra=f"Retry-After: {soon}\r\n")
    with answering(lambda _: [busy]) as wire:
        loop = engine(wire.base_url, ear, now=hands, policy=policy())
        loop.begin(one(CREDIT), due_s=100.0)
        until(loop, lambda: bool(ear.heard))
        assert loop.waiting == 1
        hands.at_s = 150.0
        loop.turn(0.0)
        assert loop.waiting == 1
        hands.at_s = 161.0
        until(loop, lambda: len(ear.heard) == 2)
        loop.close()
    assert 158.0 < ear.heard[1].due_s <= 160.0


# --- asks -------------------------------------------------------------------------------------


def test_hundreds_of_asks_are_under_way_at_once_and_each_gets_its_own_answer() -> None:
    def echo(raw: bytes) -> list[bytes]:
        return [http(raw.split(b" ")[1].rpartition(b"=")[2])]

    def asking(number: int) -> Asking:
        url = f"https://openapi.akool.com/api/open/v3/x?number={number}"
        found = yield replace(CREDIT, url=url)
        return number, int(found.response.body)

    with answering(echo) as wire:
        ended = run(engine(wire.base_url, Ear()), *(asking(number) for number in range(300)))
    assert len(ended) == 300
    assert all(asked == heard for asked, heard in ended)


def test_results_of_several_asks_together_come_in_their_order() -> None:
    def both() -> Asking:
        inner = Together(asks=(one(CREDIT), one(replace(CREDIT, label="b"))))

        def nested() -> Asking:
            return (yield inner)

        return (yield Together(asks=(one(replace(CREDIT, label="a")), nested())))

    ear = Ear()
    with answering(lambda _: [GOOD]) as wire:
        ((first, (second, third)),) = run(engine(wire.base_url, ear), both())
    assert [e.request.label for e in (first, second, third)] == ["a", "", "b"]
    assert {told.exchange.scenario for told in ear.heard} == {"test"}


def test_asks_that_never_wait_for_the_network_end_all_the_same() -> None:
    def nothing() -> Asking:
        for _ in range(5000):
            assert (yield Together(asks=())) == []
        return "over"

    def forever() -> Asking:
        while True:
            yield CREATE

    ear = Ear()
    loop = engine("http://127.0.0.1:9", ear)
    assert sorted(run(loop, nothing(), forever()), key=str) == [None, "over"]
    assert len(ear.heard) == 10_000
    assert loop.flows == 0


def test_an_ask_that_raises_is_taken_out_and_the_others_go_on() -> None:
    def wrong() -> Asking:
        yield CREDIT
        raise KeyError("a bug of ours")

    ended: list[Any] = []
    with answering(lambda _: [GOOD]) as wire:
        loop = engine(wire.base_url, Ear())
        loop.begin(wrong(), due_s=loop.now(), ended=ended.append)
        with pytest.raises(KeyError, match="a bug of ours"):
            until(loop, lambda: bool(ended))
        loop.begin(one(CREDIT), due_s=loop.now(), ended=ended.append)
        until(loop, lambda: len(ended) == 2)
        loop.close()
    assert ended[0] is None
    assert isinstance(ended[1], Exchange)


def test_an_ask_may_be_begun_where_another_ended() -> None:
    ear = Ear()
    with answering(lambda _: [GOOD]) as wire:
        loop = engine(wire.base_url, ear)

        def again(_result: Any) -> None:
            loop.begin(one(CREDIT), due_s=loop.now(), ended=again)

        again(None)
        until(loop, lambda: len(ear.heard) >= 50)
        loop.close()


def test_closing_ends_every_ask_and_tells_of_paid_calls_that_were_under_way() -> None:
    closed: list[str] = []

    def asking(name: str, *requests: Request) -> Asking:
        try:
            yield from requests
        finally:
            closed.append(name)

    def together() -> Asking:
        try:
            yield Together(asks=(asking("child", CREDIT),))
        finally:
            closed.append("parent")

    ear, heard = Ear(), list[bytes]()

    def silent(raw: bytes) -> list[bytes]:
        heard.append(raw)
        return [HANG]

    with answering(silent) as wire:
        loop = engine(wire.base_url, ear, budget=PLAY)
        for ask in (asking("paid", CREATE), asking("free", CREDIT), together()):
            loop.begin(ask, due_s=loop.now())
        loop.begin(asking("waiting", replace(CREDIT, wait_s=60.0)), due_s=loop.now())
        until(loop, lambda: len(heard) == 3)
        loop.close()
    assert sorted(closed) == ["child", "free", "paid", "parent", "waiting"]
    (told,) = ear.heard
    assert isinstance(told.exchange.answer, Fault)
    assert told.exchange.request == CREATE
    assert told.exchange.answer.may_have_arrived
    assert (loop.flows, loop.waiting, loop.in_flight) == (0, 0, 0)


# --- what is told -----------------------------------------------------------------------------


def test_a_business_error_inside_http_200_is_told_by_its_code() -> None:
    ear = Ear()
    with answering(lambda _: [http(b'{"code":1015,"msg":"create video error"}')]) as wire:
        run(engine(wire.base_url, ear), one(CREDIT))
    (told,) = ear.heard
    assert (told.name, told.code, told.ok) == ("getCredit", "1015", False)


def test_a_paid_call_without_a_budget_stays_here_and_is_told() -> None:
    ear = Ear()
    with answering(lambda _: [GOOD]) as wire:
        (exchange,) = run(engine(wire.base_url, ear), one(CREATE))
        assert wire.heard == []
    assert isinstance(exchange.answer, Unsent)
    assert exchange.answer.reason is UnsentReason.NO_BUDGET
    assert [told.ok for told in ear.heard] == [False]


def test_a_paid_call_whose_answer_was_lost_is_never_sent_again() -> None:
    ear = Ear()
    with answering(lambda _: [CLOSE]) as wire:
        loop = engine(wire.base_url, ear, budget=PLAY, policy=policy(base_delay_s=0.0))
        run(loop, one(CREATE))
        assert len(wire.heard) == 1
        loop = engine(wire.base_url, ear, policy=policy(base_delay_s=0.0))
        run(loop, one(CREDIT))
        assert len(wire.heard) == 1 + 5


# --- connections ------------------------------------------------------------------------------


def test_a_connection_that_was_closed_while_idle_is_replaced_before_anything_is_sent() -> None:
    ear, hands = Ear(), Hands()
    with answering(lambda _: [GOOD, CLOSE]) as wire:
        loop = engine(wire.base_url, ear, now=hands)
        loop.begin(twice(replace(CREDIT, wait_s=1.0)), due_s=100.0)
        until(loop, lambda: len(ear.heard) == 1)
        until(loop, lambda: not loop.connections)
        hands.at_s = 101.0
        until(loop, lambda: len(ear.heard) == 2)
        loop.close()
    assert [told.ok for told in ear.heard] == [True, True]


def test_one_connection_serves_one_request_after_another_and_is_left_when_it_stood_idle() -> None:
    ear, hands = Ear(), Hands()
    with answering(lambda _: [GOOD]) as wire:
        loop = engine(wire.base_url, ear, now=hands)
        for number in range(5):
            loop.begin(one(CREDIT), due_s=100.0)
            until(loop, lambda count=number: len(ear.heard) == count + 1)  # type: ignore[misc]  # a default binds it
            assert loop.connections == 1
        hands.at_s = 106.0
        loop.turn(0.0)
        assert loop.connections == 0
        loop.close()


def test_a_connection_that_stood_idle_for_long_is_not_used_even_before_it_is_swept_away() -> None:
    ear, hands = Ear(), Hands()
    with answering(lambda _: [GOOD]) as wire:
        poll = Counting(poller())
        loop = engine(wire.base_url, ear, now=hands, poll=poll)
        for at_s in (100.0, 104.0, 109.0):
            hands.at_s = at_s
            loop.begin(one(CREDIT), due_s=at_s)
            count = len(ear.heard)
            until(loop, lambda before=count: len(ear.heard) == before + 1)  # type: ignore[misc]  # a default binds it
        loop.close()
    assert poll.registered == 2


def test_silence_beyond_the_total_is_given_up_however_often_a_byte_comes() -> None:
    from diagnostics.drive.live import Bounds  # noqa: PLC0415  # only here

    ear, hands = Ear(), Hands()
    with answering(lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", HANG]) as wire:
        bounds = Bounds(connect_s=10.0, read_s=60.0, total_s=30.0)
        loop = engine(wire.base_url, ear, now=hands, bounds=bounds)
        loop.begin(one(CREDIT), due_s=100.0)
        until(loop, lambda: bool(wire.heard))
        hands.at_s = 131.0
        until(loop, lambda: bool(ear.heard))
        loop.close()
    (told,) = ear.heard
    assert isinstance(told.exchange.answer, Fault)
    assert told.exchange.answer.kind is FaultKind.READ_TIMEOUT


def test_a_large_body_is_sent_as_the_other_side_takes_it() -> None:
    body = b'{"x":"' + b"y" * 3_000_000 + b'"}'
    large = replace(CREDIT, method="POST", body=body)
    with answering(lambda _: [GOOD]) as wire:
        (both,) = run(engine(wire.base_url, Ear()), twice(large))
        assert wire.heard[1].endswith(body)
    assert all(isinstance(exchange.answer, Response) for exchange in both)


def test_a_name_with_a_dead_address_before_a_living_one_is_reached() -> None:
    ear = Ear()
    with answering(lambda _: [GOOD]) as wire:  # listens on 127.0.0.1, not on ::1
        loop = engine(wire.base_url.replace("127.0.0.1", "localhost"), ear)
        run(loop, one(CREDIT), one(CREDIT))
    assert [told.ok for told in ear.heard] == [True, True]


def test_without_epoll_the_loop_works_as_well() -> None:
    ear = Ear()
    with answering(lambda _: [GOOD]) as wire:
        loop = engine(wire.base_url, ear, poll=Selected(SelectSelector()))
        run(loop, one(CREDIT), one(replace(CREDIT, method="POST", body=b"x" * 2_000_000)))
    assert [told.ok for told in ear.heard] == [True, True]


PATCHED = """
import sys
from gevent import monkey
monkey.patch_all()
from tests.drive_cases import akool, policy
from tests.load_cases import Ear, engine, one
from diagnostics.loading.poll import poller
ear = Ear()
loop = engine(sys.argv[1], ear)
loop.begin(one(akool().request("getCredit")), due_s=loop.now())
while not ear.heard:
    loop.turn(0.01)
loop.close()
print(ear.heard[0].ok, type(poller()).__name__)
"""


def test_where_gevent_has_replaced_sockets_and_epoll_the_loop_has_the_originals() -> None:
    with answering(lambda _: [GOOD]) as wire:
        child = subprocess.run(
            [sys.executable, "-c", PATCHED, wire.base_url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert child.stdout.split() == ["True", "Epoll"], child.stderr


def test_a_file_of_no_operation_is_counted_by_host_and_path_without_its_ids() -> None:
    ear = Ear()
    with answering(lambda _: [GOOD]) as wire:
        media = Request(
            method="GET",
            url=f"{wire.base_url}/files/65f0c0ffee.mp4?x=1",
            purpose=Purpose.MEDIA,
            authenticated=False,
        )
        run(engine(wire.base_url, ear), one(media))
    assert [told.name for told in ear.heard] == ["GET 127.0.0.1/files/*.mp4"]


def test_the_engine_stands_on_its_own_constructor() -> None:
    """What others call: every argument by name, the rest has a default."""
    loop = Engine(
        contract=akool(),
        base_url="http://127.0.0.1:9",
        headers=lambda _request: (),
        budget=PLAY,
        policy=policy(),
        listener=Ear(),
    )
    assert (loop.in_flight, loop.waiting, loop.flows) == (0, 0, 0)
    loop.close()
