"""Does an emulator under pressure keep the limits, the queue, the breaking point it was given?"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.cli import emulate
from diagnostics.cli import main as command
from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.call import Prompt
from diagnostics.emulator.codes import Codes
from diagnostics.emulator.faults import JobFault
from diagnostics.emulator.overload import PLAIN, SETTINGS, Pressure, pressure, told
from diagnostics.emulator.pressing.floor import Floor
from diagnostics.emulator.pressing.spread import SECONDS_MAX, spread
from diagnostics.emulator.pressing.window import Window
from diagnostics.emulator.town import settled
from diagnostics.errors import UsageError
from tests.emulating import Talk, plan_of, play

RICH = {"credits": 1e9}


def asked(
    rate: float, count: int, ask: Callable[[Talk], Awaitable[int]], **settings: object
) -> list[tuple[float, int]]:
    """When each of these calls came (Poisson, open) and the code it was answered."""
    dice = random.Random(5)

    async def one(talk: Talk, at_s: float) -> tuple[float, int]:
        await asyncio.sleep(at_s)
        return at_s, await ask(talk)

    async def work(talk: Talk) -> list[tuple[float, int]]:
        at_s, due = 0.0, []
        for _ in range(count):
            at_s += dice.expovariate(rate)
            due.append(one(talk, at_s))
        return list(await asyncio.gather(*due))

    return play(work, pressure=pressure({**RICH, **settings}))


async def created(talk: Talk) -> int:
    return int((await talk.create())["code"])


async def read(talk: Talk) -> int:
    answer = await talk.get("/api/open/v3/faceswap/quota/info")
    return int(answer.json()["code"])


# --- a run finds what was set -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "limit_per_s", "ask"),
    [("per_second", 20, created), ("reads_per_second", 20, read), ("per_minute", 10, created)],
)
def test_the_accepted_rate_of_whoever_asks_too_often_is_the_limit_within_five_percent(
    name: str, limit_per_s: float, ask: Callable[[Talk], Awaitable[int]]
) -> None:
    limit = limit_per_s * (60 if name.endswith("minute") else 1)
    found = asked(limit_per_s * 1.5, 2000, ask, **{name: limit})
    whole_s = math.floor(found[-1][0] / 60) * 60 if name.endswith("minute") else found[-1][0]
    accepted = sum(1 for at_s, code in found if code == 1000 and at_s < whole_s)
    assert accepted / whole_s == pytest.approx(limit_per_s, rel=0.05)
    assert {code for _, code in found} == {1000, 1005}


def test_jobs_at_once_are_never_more_than_allowed_and_as_many_as_allowed() -> None:
    found = asked(10.0, 400, created, jobs_at_once=30, queue_s=1, render_s=5)
    accepted = [at_s for at_s, code in found if code == 1000]
    at_once = [sum(1 for one in accepted if one <= at_s < one + 6) for at_s in accepted]
    assert max(at_once) == 30
    assert {code for _, code in found} == {1000, 1005}


def test_beyond_its_breaking_point_it_answers_1015_and_below_it_never() -> None:
    over = asked(10.0, 300, created, overload_jobs=30, queue_s=0, render_s=5)
    assert {code for _, code in over} == {1000, 1015}
    first = next(index for index, (_, code) in enumerate(over) if code == 1015)
    assert first == 30
    below = asked(4.0, 300, created, overload_jobs=60, queue_s=0, render_s=5)
    assert {code for _, code in below} == {1000}


def test_a_full_queue_is_overload() -> None:
    found = asked(10.0, 60, created, renderers=2, queue_jobs=5, queue_s=0, render_s=60)
    assert Counter(code for _, code in found) == {1000: 7, 1015: 53}


def test_few_renderers_make_jobs_queue() -> None:
    async def work(talk: Talk) -> list[float]:
        for _ in range(6):
            await talk.started()
        return [round(one.queue_s) for one in talk.emulator.jobs]

    assert play(work, pressure=pressure({"renderers": 2, "queue_s": 0, "render_s": 10})) == [
        0, 0, 10, 10, 20, 20,
    ]  # fmt: skip


def test_an_overloaded_house_that_slows_takes_longer_to_render_and_to_answer() -> None:
    async def work(talk: Talk) -> tuple[list[float], float]:
        for _ in range(4):
            await talk.started()
        before_s = talk.emulator.clock.now()
        await talk.balance()
        took_s = talk.emulator.clock.now() - before_s
        return [one.run_s for one in talk.emulator.jobs], took_s

    slow = {"overload": "slow", "overload_jobs": 2, "overload_factor": 3, "answer_s": 0.5}
    runs, took_s = play(work, pressure=pressure({**slow, "queue_s": 0, "render_s": 10}))
    assert runs == [10, 10, 30, 30]
    assert took_s == pytest.approx(1.5)


def test_what_was_cancelled_makes_room() -> None:
    async def work(talk: Talk) -> list[int]:
        works = [await talk.started(), await talk.started()]
        full = await created(talk)
        talk.emulator.jobs.forget(works[0], talk.emulator.clock.now())
        return [full, await created(talk), await created(talk)]

    assert play(work, pressure=pressure({"jobs_at_once": 2})) == [1005, 1000, 1005]


def test_a_fault_plan_can_be_made_rarer(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "create", "do": {"code": 1015}})

    async def work(talk: Talk) -> int:
        return [await created(talk) for _ in range(400)].count(1015)

    rare = pressure({**RICH, "fault_probability": 0.1, "per_minute": 1e6})
    assert play(work, plan, pressure=rare) == pytest.approx(40, abs=20)


def test_what_is_refused_is_not_charged() -> None:
    async def work(talk: Talk) -> tuple[int, int]:
        codes = [await created(talk) for _ in range(10)]
        return codes.count(1000), len(talk.emulator.charged)

    assert play(work, pressure=pressure({"jobs_at_once": 4})) == (4, 4)


@pytest.mark.parametrize("provider", ["heygen", "openai", "replicate"])
def test_where_no_code_tells_of_a_failed_create_overload_is_a_503(provider: str) -> None:
    contract = load(provider)
    named = Codes(contract).overloaded(contract.operations[contract.roles["example"]])
    assert contract.errors[named or ""].http == 503


# --- the plan of an account -------------------------------------------------------------------


def test_a_documented_plan_says_how_many_jobs_at_once() -> None:
    held = [
        settled([load("heygen")], {"heygen": "http://h.test"}, clock=VirtualClock(), pressure=asked)
        for asked in (Pressure(plan="Enterprise"), Pressure(plan="Enterprise", jobs_at_once=3))
    ]
    assert [one[0].jobs.floor.pressure.jobs_at_once for one in held] == [20, 3]


def test_a_plan_that_nobody_documents_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="'Gold'") as refused:
        settled(
            [load("heygen")],
            {"heygen": "http://h.test"},
            clock=VirtualClock(),
            pressure=Pressure(plan="Gold"),
        )
    assert "Enterprise (HeyGen)" in (refused.value.hint or "")


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"per_secnd": 5}, "per_second"),
        ({"per_second": -1}, "per_second"),
        ({"per_second": True}, "per_second"),
        ({"per_second": float("nan")}, "per_second"),
        ({"jobs_at_once": 2.5}, "jobs_at_once"),
        ({"overload": "explode"}, "refuse or slow"),
        ({"plan": ""}, "plan"),
        ({"fault_probability": 1.5}, "0 to 1"),
        ({"render_s": "uniform 9 5"}, "uniform 40 60"),
        ({"render_s": "lognormal 4 900"}, "lognormal"),
        ({"render_s": "often"}, "exponential"),
        ({"render_s": []}, "exponential"),
        ({"render_s": ""}, "exponential"),
    ],
)
def test_a_setting_that_will_not_do_is_named_with_what_may_stand_there(
    written: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError) as refused:
        pressure(written, "load.yaml:7")
    assert says in f"{refused.value} {refused.value.hint}"
    assert refused.value.place == "load.yaml:7"


@given(
    st.dictionaries(
        st.sampled_from([*SETTINGS, "other"]),
        st.one_of(
            st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.text())
        ),
        max_size=3,
    )
)
def test_whatever_stands_in_the_settings_is_read_or_refused(written: dict[str, object]) -> None:
    try:
        pressure(written)
    except UsageError:
        return
    assert set(written) <= set(SETTINGS)


def test_the_command_offers_every_setting_and_no_other() -> None:
    offered = {name.replace("-", "_") for name, *_ in emulate._SETTINGS}  # noqa: SLF001  # the table
    assert offered | {"credits", "speed"} == set(SETTINGS)


def test_the_command_refuses_a_setting_that_will_not_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["emulate", "akool", "--render-s", "lognormal 4"]) == 2
    assert "lognormal 50 0.6" in capsys.readouterr().err


def test_what_was_set_is_told_as_a_profile_writes_it() -> None:
    asked = {"per_second": 40.0, "render_s": "lognormal 2 0.4", "overload": "slow"}
    assert told(pressure(asked)) == asked
    assert pressure(told(pressure(asked))) == pressure(asked)
    assert told(PLAIN) == {}


# --- its parts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "middle"),
    [(5, 5.0), ("7.5", 7.5), ("constant 5", 5.0), ("uniform 40 60", 50.0),
     ("exponential 50", 50 * math.log(2)), ("lognormal 50 0.6", 50.0)],
)  # fmt: skip
def test_draws_follow_their_law(written: float | str, middle: float) -> None:
    dice, law = random.Random(3), spread(written)
    assert median(law.draw(dice) for _ in range(4000)) == pytest.approx(middle, rel=0.06)
    assert spread(str(law)) == law


@given(st.sampled_from(["uniform 0 1e6", "exponential 1e6", "lognormal 1e6 10"]), st.integers())
def test_no_draw_is_negative_or_beyond_the_bound(written: str, seed: int) -> None:
    assert 0 <= spread(written).draw(random.Random(seed)) <= SECONDS_MAX


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200), st.integers(0, 5))
def test_no_window_holds_more_than_its_limit(gaps: list[float], limit: int) -> None:
    window, now_s, accepted = Window(limit, 1.0), 0.0, []
    for gap in gaps:
        now_s += gap
        if not window.count(now_s):
            accepted.append(now_s)
    # Two windows that follow each other may meet within any one length of time.
    assert all(
        sum(1 for other in accepted if one <= other < one + 1) <= 2 * limit for one in accepted
    )
    assert window.until_s(now_s) == 1


def test_the_next_window_opens_where_the_last_one_ended_or_after_a_pause_with_the_next_call() -> (
    None
):
    window = Window(1, 1.0)
    assert [window.count(at_s) for at_s in (0.0, 0.9, 1.4, 2.1, 2.9, 7.5, 8.4, 8.6)] == [
        False, True, False, False, True, False, True, False,
    ]  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.booleans()), max_size=60))
def test_jobs_in_flight_are_counted_as_one_by_one(jobs: list[tuple[float, float, bool]]) -> None:
    floor, now_s, there = Floor(PLAIN, seed=0, speed=1.0), 0.0, []
    for gap, length_s, leaves in jobs:
        now_s += gap
        floor.take(now_s, now_s, now_s + length_s)
        if leaves:
            floor.leave(now_s, now_s + length_s)
        else:
            there.append(now_s + length_s)
        assert floor.in_flight(now_s) == sum(1 for ends_s in there if ends_s > now_s)


FAULTS = st.builds(
    JobFault,
    queue_s=st.sampled_from([0.0, 3.0]),
    run_s=st.sampled_from([0.0, 7.0]),
    ends=st.sampled_from(["done", "failed"]),
    stuck=st.sampled_from([None, "running", "new"]),
    polls=st.sampled_from([(), ("done", "running"), ("queued",)]),
    output=st.sampled_from(["", "missing"]),
    output_late_s=st.sampled_from([0.0, 2.0]),
    lifetime_s=st.sampled_from([None, 4.0]),
)


@given(
    FAULTS,
    st.sampled_from(["akool", "heygen", "replicate"]),
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.5, 3.999999999]), max_size=14),
)
def test_a_poll_that_is_answered_from_memory_says_what_a_fresh_one_says(
    fault: JobFault, provider: str, gaps: list[float]
) -> None:
    heard: list[list[bytes]] = [[], []]
    for forgets, answers in zip((False, True), heard, strict=True):
        contract, clock = load(provider), VirtualClock(1_795_000_000.0)
        emulator = Emulator(contract, clock=clock)
        op = contract.operations[contract.roles["example"]]
        work = emulator.jobs.accept(op, {}, clock.now(), fault)
        for gap in gaps:
            clock.advance(gap)
            if forgets:
                work.told = None
                work.answers.clear()
            place: dict[str, Any] = {work.job.read_in: {work.job.read_name: work.id}}
            asked = contract.request(work.job.read, **place)
            path, _, query = asked.url.removeprefix(contract.host).partition("?")
            answers.append(said(emulator, asked.method, path, query, asked.body))
            assert work.id.encode() in answers[-1]
    assert heard[0] == heard[1]


def said(emulator: Emulator, method: str, path: str, query: str, body: bytes) -> bytes:
    """The body of an answer that is given at once."""
    scheme = next(s for s in emulator.contract.schemes if not s.token_operation)
    key = [(scheme.header.lower().encode(), f"{scheme.prefix}{emulator.key}".encode())]
    answer = emulator.prompt(Prompt(method, path, query.encode(), key, body, None))
    assert isinstance(answer, bytes)
    return answer.partition(b"\r\n\r\n")[2]


def test_the_same_seed_gives_the_same_jobs() -> None:
    async def work(talk: Talk) -> list[tuple[float, float]]:
        for _ in range(20):
            await talk.started()
        return [(one.queue_s, one.run_s) for one in talk.emulator.jobs]

    laws = pressure({"queue_s": "exponential 3", "render_s": "lognormal 50 0.6"})
    again = [play(work, pressure=laws, seed=seed) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]
