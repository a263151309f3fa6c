"""A replay gives every recorded answer once, to whom it belongs, in the order of the recording."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.driver import Slot
from diagnostics.drive.replay import Replay
from diagnostics.model import (
    Answer,
    Exchange,
    Fault,
    FaultKind,
    Request,
    Response,
    Unsent,
    UnsentReason,
    Wire,
)
from diagnostics.redact import Gate
from diagnostics.tape import Shelf, TapeFile, TapeIndex
from diagnostics.taping.entries import entries
from diagnostics.taping.finder import Finder
from diagnostics.taping.table import Table
from tests.drive_cases import case

URL = "https://api.example.test/v1/jobs"
POLL = Request(method="GET", url=URL + "/1")
SLOT = Slot(scenario="job")


def told(number: int) -> Response:
    return Response(status=200, body=json.dumps({"number": number}).encode())


def said(answer: Answer) -> object:
    assert isinstance(answer, Response), answer
    return json.loads(answer.body)["number"]


def recorded(request: Request, number: int, **facts: Any) -> Exchange:
    known: dict[str, Any] = {"started_s": float(number), "scenario": "job", "position": number}
    return Exchange(**{**known, "request": request, "answer": told(number), **facts})


def written(folder: Path, tape: list[Exchange]) -> Path:
    file = TapeFile(folder, Gate())
    file.begin(case())
    for exchange in tape:
        file.append(exchange)
    file.close()
    return folder


async def together(driver: Replay, asked: list[tuple[Request, Slot]]) -> list[object]:
    answers = await asyncio.gather(*(driver.exchange(request, slot) for request, slot in asked))
    return [said(exchange.answer) for exchange in answers]


Play = Callable[..., Replay]


@pytest.fixture(params=["in memory", "on disk"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    folders = itertools.count()

    def made(tape: list[Exchange], **options: Any) -> Replay:
        if request.param == "in memory":
            return Replay(tape, **options)
        folder = tmp_path / str(next(folders))
        return Replay(TapeIndex.open(written(folder, tape)), **options)

    return made


def test_identical_polls_come_in_the_order_of_their_start_not_of_their_end(play: Play) -> None:
    started = [recorded(POLL, n) for n in range(20)]
    ended = [replace(e, position=n) for n, e in enumerate(reversed(started))]
    assert asyncio.run(together(play(ended), [(POLL, SLOT)] * 20)) == list(range(20))


def test_twenty_posts_to_one_address_get_each_their_own_answer(play: Play) -> None:
    posts = [
        Request(method="POST", url=URL, body=json.dumps({"prompt": n}).encode()) for n in range(20)
    ]
    tape = [recorded(post, n, position=19 - n) for n, post in enumerate(posts)][::-1]
    asked = [(post, SLOT) for post in posts]
    assert asyncio.run(together(play(tape), asked)) == list(range(20))
    assert asyncio.run(together(play(tape), asked[::-1])) == list(range(20))[::-1]


def test_two_conversations_that_ask_the_same_get_each_their_own_answers(play: Play) -> None:
    tape = [recorded(POLL, n, conversation=n % 2, position=n) for n in range(6)]
    odd, even = (Slot(scenario="job", conversation=n) for n in (1, 0))
    asked = [(POLL, slot) for slot in (odd, odd, even, odd, even, even)]
    assert asyncio.run(together(play(tape), asked)) == [1, 3, 0, 5, 2, 4]


def test_a_conversation_that_used_up_its_own_takes_nobody_elses(play: Play) -> None:
    driver = play([recorded(POLL, n, conversation=n, position=n) for n in range(2)])
    first = Slot(scenario="job", conversation=0)
    assert asyncio.run(together(driver, [(POLL, first)])) == [0]
    missed = asyncio.run(driver.exchange(POLL, first)).answer
    assert isinstance(missed, Unsent)
    assert missed.reason is UnsentReason.NOT_RECORDED
    assert "none is left for this conversation" in missed.message
    assert [said(e.answer) for e in driver.unplayed()] == [1]


def test_a_conversation_nobody_recorded_takes_what_there_is(play: Play) -> None:
    driver = play([recorded(POLL, n, conversation=n, position=n) for n in range(3)])
    other = Slot(scenario="other", conversation=7)
    assert asyncio.run(together(driver, [(POLL, other)] * 3)) == [0, 1, 2]


def test_the_host_is_a_preference_and_no_condition(play: Play) -> None:
    elsewhere = replace(POLL, url=POLL.url.replace("api.", "eu."))
    driver = play([recorded(POLL, 0, position=0), recorded(elsewhere, 1, position=1)])
    assert asyncio.run(together(driver, [(elsewhere, SLOT), (elsewhere, SLOT)])) == [1, 0]


def test_what_means_the_same_is_found_as_well(play: Play) -> None:
    tight = Request(method="POST", url=URL + "?a=1&b=2", body=b'{"a":1,"b":[2]}')
    loose = Request(method="POST", url=URL + "?b=2&a=1", body=b'{ "b": [2], "a": 1 }')
    driver = play([recorded(tight, n, position=n) for n in range(3)])
    assert asyncio.run(together(driver, [(loose, SLOT), (tight, SLOT), (loose, SLOT)])) == [0, 1, 2]


def test_no_recording_is_given_twice_unless_asked(play: Play) -> None:
    tape = [recorded(POLL, n, position=n) for n in range(2)]
    driver = play(tape, repeat_last=True)
    assert asyncio.run(together(driver, [(POLL, SLOT)] * 4)) == [0, 1, 1, 1]
    alone = play(tape[:1], repeat_last=True)
    assert asyncio.run(together(alone, [(POLL, SLOT)] * 2)) == [0, 0]


def test_what_was_only_built_is_passed_over(play: Play) -> None:
    built = recorded(POLL, 0, answer=Unsent(reason=UnsentReason.DRY))
    driver = play([built, recorded(POLL, 1)])
    assert asyncio.run(together(driver, [(POLL, SLOT)])) == [1]
    assert driver.unplayed() == []


def test_retries_come_in_order_with_their_failures(play: Play) -> None:
    reset = Fault(kind=FaultKind.RESET, message="connection reset", may_have_arrived=True)
    story: list[Answer] = [reset, Response(status=503), told(2)]
    tape = [recorded(POLL, n, answer=one, attempt=n + 1, position=n) for n, one in enumerate(story)]
    driver = play(tape)
    again = [asyncio.run(driver.exchange(POLL, SLOT)) for _ in story]
    assert [(e.answer, e.attempt) for e in again] == [(a, n + 1) for n, a in enumerate(story)]


def test_what_was_played_is_the_tape_again_whatever_the_order_it_was_asked_in(play: Play) -> None:
    wire = Wire(dns_s=0.1, first_byte_s=0.2)
    tape = [
        recorded(
            replace(POLL, url=f"{URL}/{n}"),
            n,
            duration_s=1.5,
            wire=wire,
            attempt=2,
            conversation=n,
        )
        for n in range(5)
    ]
    driver = play(tape)
    for exchange in reversed(tape):
        asyncio.run(
            driver.exchange(
                exchange.request, Slot(scenario="job", conversation=exchange.conversation)
            )
        )
    assert driver.played() == tape


def test_a_paced_replay_takes_its_time_and_none_of_ours(play: Play) -> None:
    clock = VirtualClock(0.0)
    driver = play([recorded(POLL, 0, duration_s=300.0)], clock=clock)
    before = time.perf_counter()
    assert run(together(driver, [(POLL, SLOT)]), clock) == [0]
    assert clock.now() >= 300.0
    assert time.perf_counter() - before < 5.0


def test_an_unpaced_replay_asks_no_clock(play: Play) -> None:
    driver = play([recorded(POLL, 0, duration_s=300.0)])
    assert asyncio.run(together(driver, [(POLL, SLOT)])) == [0]


@given(
    conversations=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_every_recording_is_given_exactly_once(conversations: list[int], order: object) -> None:
    tape = [recorded(POLL, n, conversation=c) for n, c in enumerate(conversations)]
    slots = [Slot(scenario="job", conversation=c) for c in conversations]
    order.shuffle(slots)  # type: ignore[attr-defined]  # hypothesis' own Random
    driver = Replay(tape)
    answers = asyncio.run(together(driver, [(POLL, slot) for slot in slots]))
    assert sorted(map(int, map(str, answers))) == list(range(len(tape)))
    for number in set(conversations):
        own = [a for a, slot in zip(answers, slots, strict=True) if slot.conversation == number]
        assert own == [n for n, c in enumerate(conversations) if c == number]
    assert driver.unplayed() == []


# --- misses -----------------------------------------------------------------------------------

BODY = {"prompt": "a cat", "size": {"width": 720, "tags": ["x", "y"]}, "gone": True}
ASKED = Request(method="POST", url=URL + "?page=1", body=json.dumps(BODY).encode())


def missed(asked: Request, *tape: Request) -> list[str]:
    driver = Replay([recorded(request, n) for n, request in enumerate(tape)])
    answer = asyncio.run(driver.exchange(asked, SLOT)).answer
    assert isinstance(answer, Unsent)
    (miss,) = driver.misses
    assert miss.told() == answer.message
    assert miss.told("ru") != answer.message
    return [str(difference) for difference in miss.differences]


def test_a_miss_names_the_difference_by_its_dotted_path() -> None:
    changed = {**BODY, "prompt": "a dog", "size": {"width": 720, "tags": ["x"]}, "new": None}
    del changed["gone"]
    other = replace(ASKED, url=URL + "?page=2&full=1", body=json.dumps(changed).encode())
    assert missed(other, ASKED) == [
        "query.page: '1' / '2'",
        "query.full: — / '1'",
        "body.prompt: 'a cat' / 'a dog'",
        "body.size.tags[1]: 'y' / —",
        "body.gone: true / —",
        "body.new: — / null",
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (replace(ASKED, method="PUT"), ["method: 'POST' / 'PUT'"]),
        (replace(ASKED, url=URL + "/9?page=1"), ["path: '/v1/jobs' / '/v1/jobs/9'"]),
        (replace(ASKED, body=b""), [f"body: '{json.dumps(BODY)[:59]}… / —"]),
        (replace(ASKED, body=b"x" * 9), None),
    ],
)
def test_whatever_differs_is_named(asked: Request, expected: list[str] | None) -> None:
    found = missed(asked, ASKED)
    assert found == (expected or [found[0]])
    assert found[0].startswith(("method", "path", "body"))


def test_text_that_differs_is_told_from_where_on() -> None:
    one, other = (replace(ASKED, body=b"same" * 5 + end) for end in (b"old", b"newer"))
    assert missed(other, one) == ["body (from byte 20; 23 / 25 bytes): 'old' / 'newer'"]


def test_the_nearest_is_the_one_with_the_fewest_differences() -> None:
    near = replace(ASKED, body=json.dumps({**BODY, "prompt": "a cow"}).encode())
    far = replace(ASKED, body=b'{"prompt": "a bird"}')
    other = replace(ASKED, body=json.dumps({**BODY, "prompt": "a dog"}).encode())
    assert missed(other, far, near, far) == ["body.prompt: 'a cow' / 'a dog'"]


def test_another_address_is_further_away_than_another_body() -> None:
    here = replace(ASKED, url=f"{URL}/1", body=b'{"a": 1, "b": 2, "c": 3}')
    there = replace(ASKED, url=f"{URL}/2", body=b'{"a": 0}')
    asked = replace(ASKED, url=f"{URL}/1", body=b'{"a": 0}')
    assert [name.partition(":")[0] for name in missed(asked, there, here)] == [
        *("body.a", "body.b", "body.c")
    ]


def test_many_differences_are_cut_short() -> None:
    one, other = (
        replace(ASKED, body=json.dumps({f"k{n}": value for n in range(500)}).encode())
        for value in (1, 2)
    )
    driver = Replay([recorded(one, 0)])
    asyncio.run(driver.exchange(other, SLOT))
    assert driver.misses[0].told().endswith("; and more")
    assert driver.misses[0].told("ru").endswith("; и другие отличия")


@pytest.mark.parametrize("depth", range(800, 1000, 9))
def test_bodies_however_deep_differ_in_the_body(depth: int) -> None:
    one, other = (replace(ASKED, body=b"[" * n + b"]" * n) for n in (depth, depth + 1))
    (difference,) = missed(other, one)
    assert difference.startswith("body")


@pytest.mark.parametrize("body", [b"{broken", b"[" * 100_000])
def test_bodies_that_only_look_like_json_are_compared_as_text(body: bytes) -> None:
    assert missed(replace(ASKED, body=body + b"2"), replace(ASKED, body=body + b"1"))


def test_a_query_with_a_thousand_names_is_compared_as_a_whole() -> None:
    query = "&".join(f"a{n}" for n in range(1500))
    asked = replace(ASKED, url=f"{URL}?{query}")
    assert missed(asked, ASKED)[-1].startswith("query.: —")


def test_a_recording_that_never_left_is_no_single_answer_for_a_transport() -> None:
    kept = Unsent(reason=UnsentReason.NO_BUDGET)
    table = Table.build(entries([recorded(POLL, 0, answer=kept)]))
    finder = Finder(table, sent_only=True)
    shelf = Shelf(table, finder, lambda _: recorded(POLL, 0))
    assert shelf.pick("GET", POLL.url, b"", "") is None


def test_an_empty_tape_says_so() -> None:
    assert missed(ASKED) == []


def test_a_miss_on_a_long_tape_costs_no_more_than_on_a_short_one() -> None:
    tape = [recorded(replace(POLL, url=f"{URL}/{n}"), n) for n in range(5000)]
    table = Table.build(entries(tape))
    looked_at: list[int] = []

    def exchange(row: int) -> Exchange:
        looked_at.append(row)
        return tape[table.position[row]]

    shelf = Shelf(table, Finder(table), exchange)
    assert shelf.miss(replace(POLL, url=f"{URL}/77777")).nearest is not None
    assert shelf.miss(replace(POLL, method="PUT")).nearest is not None
    assert 0 < len(looked_at) < 100


json_bodies = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    one=json_bodies.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40),
    other=json_bodies.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40),
    url=st.text(max_size=30),
)
def test_no_two_requests_make_the_comparison_raise(one: bytes, other: bytes, url: str) -> None:
    tape = [recorded(Request(method="POST", url=URL, body=one), 0)]
    asked = Request(method="POST", url=url, body=other)
    driver = Replay(tape)
    answer = asyncio.run(driver.exchange(asked, SLOT)).answer
    assert isinstance(answer, Response) or driver.misses[0].told()
