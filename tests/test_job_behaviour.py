"""Does a tape tell how its caller behaved: polls after the end, too fast, for ever, paid twice?"""

import json
import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.finding import Finding
from diagnostics.model import (
    Answer,
    Blame,
    Exchange,
    Fault,
    FaultKind,
    Json,
    Purpose,
    Request,
    Response,
    Severity,
    Tape,
)
from scenarios.job import SCENARIO
from tests.drive_cases import HTML, akool, answer, case, create, exchange, poll, state
from tests.job_cases import heygen, read, reply, told
from tests.test_tape import answers

MADE = answer({"code": 1000, "msg": "OK", "data": {"_id": "job1", "video_status": 1}})
LOST = Fault(kind=FaultKind.READ_TIMEOUT, message="read timed out", may_have_arrived=True)
URL = "https://h.example.test/out.mp4"
LIMITED = answer({"message": "too many"}, 429)


def client(found: Sequence[Finding]) -> list[Finding]:
    """What is said of the caller."""
    return [one for one in found if one.rule.code.startswith("client-")]


def judged(contract: Contract, made: Sequence[Exchange]) -> list[Finding]:
    return client(list(SCENARIO.judge(contract, Tape(case=case(), exchanges=made))))


def polls(
    replies: Sequence[Answer], *, every_s: float = 5.0, first: int = 1, job: str = "job1"
) -> list[Exchange]:
    return [
        poll(reply_, n, at_s=every_s * (n - first + 1), job=job)
        for n, reply_ in enumerate(replies, first)
    ]


def codes(found: Sequence[Finding]) -> list[tuple[str, Severity]]:
    return [(one.rule.code, one.severity) for one in found]


# --- polls --------------------------------------------------------------------------------------


def test_a_caller_that_stops_at_the_end_is_not_spoken_of() -> None:
    for end in (state(3, video=URL), state(4)):
        assert judged(akool(), [create(MADE), *polls([state(1), state(2), end])]) == []


@pytest.mark.parametrize(("more", "severity"), [(1, Severity.WARN), (9, Severity.FAIL)])
def test_polls_after_a_failure_are_counted(more: int, severity: Severity) -> None:
    (found,) = judged(akool(), [create(MADE), *polls([state(2), *[state(4)] * (1 + more)])])
    assert (found.rule.code, found.severity) == ("client-polls-after-end", severity)
    assert found.facts["count"] == more
    assert found.blame is Blame.CLIENT


def test_the_spinner_of_seed_003_polls_on_after_a_json_404() -> None:
    contract, _, job = heygen()
    gone = reply({"code": 400569, "message": "ResourceType.PACIFIC_VIDEO not found"}, 404)
    tape = [read(contract, job, gone, n, at_s=5.0 * n) for n in range(60)]
    (found,) = judged(contract, tape)
    assert (found.rule.code, found.facts["count"]) == ("client-polls-after-end", 59)
    assert found.facts["end"] == "not_found"


@pytest.mark.parametrize(
    "end",
    [
        answer(HTML, 404),
        answer({"code": 1101, "msg": "Invalid token"}),
        answer({"code": 1000, "data": {"video_status": 2}, "error": {"code": "x"}}),
    ],
)
def test_what_no_later_answer_can_mend_is_an_end_too(end: Response) -> None:
    (found,) = judged(akool(), [create(MADE), *polls([state(2), *[end] * 5])])
    assert (found.rule.code, found.severity) == ("client-polls-after-end", Severity.FAIL)


def test_a_look_for_a_fresh_link_is_no_loop() -> None:
    for end in (state(3, video=URL), state(4)):
        late = [poll(end, 2 + n, at_s=4000.0 * (1 + n)) for n in range(6)]
        assert judged(akool(), [create(MADE), *polls([end]), *late]) == []


def test_reading_success_without_an_address_again_is_right() -> None:
    assert judged(akool(), [create(MADE), *polls([state(3)] * 8)]) == []


def test_a_poll_that_was_under_way_when_the_end_came_knew_nothing_of_it() -> None:
    end, other = poll(state(4), 1, at_s=5.0), poll(state(4), 2, at_s=5.05)
    assert judged(akool(), [create(MADE), end, other]) == []


def test_fast_polls_are_advice_and_a_fault_once_they_are_limited() -> None:
    contract, _, job = heygen()
    running = told(contract, job, "processing")
    fast = [read(contract, job, running, n, at_s=0.5 * n) for n in range(8)]
    assert codes(judged(contract, fast)) == [("client-polls-fast", Severity.INFO)]
    limited = reply({"code": 400140, "message": "rate limit"}, 429)
    after = read(contract, job, limited, 8, at_s=4.0)
    assert codes(judged(contract, [*fast, after])) == [("client-polls-throttled", Severity.FAIL)]
    calm = [read(contract, job, running, n, at_s=5.0 * n) for n in range(8)]
    assert judged(contract, calm) == []


def test_polling_past_any_time_a_job_can_take_has_no_bound() -> None:
    contract, _, job = heygen()
    assert job.most_s is not None
    running = told(contract, job, "processing")
    reads = [read(contract, job, running, n, at_s=30.0 * n) for n in range(80)]
    (found,) = judged(contract, reads)
    assert found.rule.code == "client-polls-without-bound"
    assert "1200" in found.message("en")
    assert "1200" in found.message("ru")
    ended = told(contract, job, "completed", **{job.output[0]: URL})
    last = read(contract, job, ended, 80, at_s=2400.0)
    assert judged(contract, [*reads, last]) == []


def test_hundreds_of_polls_without_a_change_have_no_bound_either() -> None:
    (found,) = judged(akool(), [create(MADE), *polls([state(2)] * 300)])
    assert (found.rule.code, found.facts["same"]) == ("client-polls-without-bound", 300)
    assert judged(akool(), [create(MADE), *polls([state(1), state(2)] * 150)]) == []


# --- repeats ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "repeats"),
    [
        (LOST, 1),
        (answer(HTML, 504), 1),
        (answer(b'{"code":1000,"da'), 1),
        (Fault(kind=FaultKind.REFUSED, message="refused"), 0),
        (answer({"code": 1003, "msg": "no"}), 0),
        (MADE, 0),
    ],
)
def test_a_paid_create_of_unknown_outcome_must_not_be_repeated(first: Answer, repeats: int) -> None:
    found = judged(
        akool(), [create(first, 0), create(MADE, 1, at_s=31.0), *polls([state(4)], first=2)]
    )
    assert len(found) == repeats
    for one in found:
        assert (one.rule.code, one.blame) == ("client-repeats-paid-create", Blame.CLIENT)
        assert one.evidence == (0, 1)


def test_three_jobs_from_one_time_out_of_an_sdk_are_one_finding() -> None:
    tape = [create(LOST, n, at_s=40.0 * n) for n in range(3)]
    (found,) = judged(akool(), tape)
    assert (found.facts["count"], found.evidence) == (2, (0, 1, 2))


def test_another_body_an_idempotency_key_or_a_look_make_a_repeat_harmless() -> None:
    contract = load("heygen")

    def made(n: int, body: Json, *, key: str = "", reply_: Answer = LOST) -> Exchange:
        request = contract.request("generateVideoV2", body=body)
        more = (*request.headers, ("Idempotency-Key", key)) if key else request.headers
        keyed = Request(
            method=request.method,
            url=request.url,
            headers=more,
            body=request.body,
            operation=request.operation,
            spends=True,
        )
        return exchange(keyed, reply_, n, at_s=60.0 * n)

    same: Json = {"title": "a"}
    seen = exchange(
        contract.request("listVideosV1"), reply({"code": 100, "data": {"videos": []}}), 1
    )
    seen = Exchange(request=seen.request, answer=seen.answer, started_s=60.0, position=1)
    assert len(judged(contract, [made(0, same), made(1, same)])) == 1
    assert judged(contract, [made(0, same), made(1, {"title": "b"})]) == []
    assert judged(contract, [made(0, same, key="k1"), made(1, same, key="k1")]) == []
    assert len(judged(contract, [made(0, same, key="k1"), made(1, same, key="k2")])) == 1
    assert judged(contract, [made(0, same), seen, made(2, same)]) == []


def test_a_strangers_tape_without_operations_is_read_by_its_addresses() -> None:
    body = json.dumps({"talking_photo_url": "x"}).encode()
    url = "https://openapi.akool.com/api/open/v3/content/video/createbytalkingphoto"
    tape = [
        exchange(Request(method="POST", url=url, body=body), LOST, n, at_s=30.0 * n)
        for n in range(2)
    ]
    (found,) = judged(akool(), tape)
    assert (found.rule.code, found.subject) == ("client-repeats-paid-create", "createTalkingPhoto")


def test_the_storm_of_a_client_that_never_sleeps_is_seen() -> None:
    contract = load("replicate")
    asked = contract.request("createModelPrediction", body={"input": {}}, path={"owner": "o"})
    throttled = reply({"detail": "throttled. resets in ~30s", "status": 429}, 429)
    tape = [
        Exchange(request=asked, answer=throttled, started_s=0.012 * n, duration_s=0.01, position=n)
        for n in range(6)
    ]
    (found,) = judged(contract, tape)
    assert (found.rule.code, found.severity) == ("client-ignores-throttling", Severity.FAIL)
    assert (found.facts["count"], "30" in found.message("en")) == (5, True)


def test_a_storm_is_one_even_where_no_time_to_wait_was_named() -> None:
    tape = [create(LIMITED, n, at_s=0.2 * n) for n in range(5)]
    (found,) = judged(akool(), tape)
    assert (found.rule.code, found.facts["count"]) == ("client-ignores-throttling", 4)
    assert "asked for" not in found.message("en")


def test_a_retry_after_that_is_disobeyed_once_is_a_warning_and_one_obeyed_is_nothing() -> None:
    limited = answer({"message": "slow down"}, 429, Retry_After="20")

    def again(at_s: float) -> list[Finding]:
        return judged(akool(), [create(limited, 0), create(MADE, 1, at_s=at_s)])

    assert codes(again(2.0)) == [("client-ignores-throttling", Severity.WARN)]
    assert again(20.5) == []
    assert judged(akool(), [create(LIMITED, 0), create(MADE, 1, at_s=2.0)]) == []


# --- any tape -----------------------------------------------------------------------------------


def test_interleaved_jobs_are_told_apart() -> None:
    other = answer({"code": 1000, "data": {"_id": "job2"}})
    tape = [create(MADE, 0), create(other, 1)]
    for n in range(12):
        job, reply_ = ("job1", state(4)) if n % 2 else ("job2", state(2))
        tape.append(poll(reply_, 2 + n, at_s=5.0 + 5.0 * n, job=job))
    (found,) = judged(akool(), tape)
    assert (found.rule.code, found.subject) == ("client-polls-after-end", "job1")


def test_ten_times_the_tape_takes_about_ten_times_as_long() -> None:
    def tape(jobs: int) -> list[Exchange]:
        made: list[Exchange] = []
        for j in range(jobs):
            made.append(create(answer({"code": 1000, "data": {"_id": f"job{j}"}}), len(made)))
            made += polls([state(2)] * 8, first=len(made), job=f"job{j}")
        random.Random(0).shuffle(made)
        return made

    def taken(made: list[Exchange]) -> float:
        best = float("inf")
        for _ in range(3):
            before = time.perf_counter()
            judged(akool(), made)
            best = min(best, time.perf_counter() - before)
        return best

    few, many = tape(40), tape(400)
    assert taken(many) < 40 * taken(few)


@given(
    told_=st.lists(answers | st.sampled_from([LOST, LIMITED, MADE, state(4)]), max_size=12),
    gaps=st.lists(st.floats(-1e6, 1e9), min_size=12, max_size=12),
    kinds=st.lists(st.sampled_from(["create", "poll", "odd"]), min_size=12, max_size=12),
)
def test_no_tape_makes_these_judges_raise(
    told_: list[Answer], gaps: list[float], kinds: list[str]
) -> None:
    odd = Request(method="GET", url="http://[", purpose=Purpose.CALL)
    make = {
        "create": lambda reply_, n, at: create(reply_, n, at_s=at),
        "poll": lambda reply_, n, at: poll(reply_, n, at_s=at),
        "odd": lambda reply_, n, at: exchange(odd, reply_, n, at_s=at),
    }
    tape = [
        make[kind](r, n, at)
        for n, (r, at, kind) in enumerate(zip(told_, gaps, kinds, strict=False))
    ]
    for found in judged(akool(), tape):
        assert found.message("en") != found.message("ru")
