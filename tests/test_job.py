"""What a job's story on a tape comes to, whatever order and company it stands in."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.finding import Finding
from diagnostics.jobs import output_request
from diagnostics.model import (
    Answer,
    Blame,
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Request,
    Response,
    Severity,
    Tape,
    Unsent,
    UnsentReason,
)
from scenarios.job import SCENARIO
from tests.drive_cases import HTML, akool, answer, case, create, exchange, poll, state
from tests.test_tape import answers

MADE = answer({"code": 1000, "msg": "OK", "data": {"_id": "job1", "video_status": 1}})
URL = "http://h/out.mp4"
LOST = Fault(kind=FaultKind.RESET, message="connection reset", may_have_arrived=True)


def judged(*made: Exchange) -> list[Finding]:
    return list(SCENARIO.judge(akool(), Tape(case=case(), exchanges=made)))


def story(*answers_in_order: Answer) -> list[Exchange]:
    """A create and the polls that follow, five seconds apart."""
    polls = [poll(a, n, at_s=5.0 * n) for n, a in enumerate(answers_in_order, 1)]
    return [create(MADE, 0), *polls]


def fetched(reply: Answer, position: int) -> Exchange:
    return exchange(output_request(URL), reply, position, at_s=100.0)


def codes(found: Sequence[Finding]) -> list[str]:
    return [finding.rule.code for finding in found]


def test_a_finished_job_is_told_with_its_time_polls_and_result() -> None:
    media = MediaFacts(container="mp4", size_bytes=4000)
    tape = [
        *story(state(1), state(2), state(3, video=URL)),
        fetched(Response(status=206, media=media), 4),
    ]
    (found,) = judged(*tape)
    assert found.rule.code == "job-finished"
    assert found.severity is Severity.INFO
    assert "mp4, 4000 bytes" in found.message("en")


@pytest.mark.parametrize(
    ("told", "code", "blame"),
    [
        ([state(4, error_reason="render error")], "job-failed", Blame.PROVIDER),
        ([state(4, error_reason="No face detected")], "job-failed-on-input", Blame.MEDIA),
        ([state(4, error_reason="NSFW")], "job-failed-on-policy", Blame.CONTENT_POLICY),
        ([state(2)] * 25, "job-stuck", Blame.PROVIDER),
        ([state(2), state(2)], "job-still-running", Blame.UNDECIDED),
        ([state(9), state(9)], "job-unknown-state", Blame.UNDECIDED),
        ([state(3), state(3)], "job-done-without-output", Blame.DELIVERY),
        ([answer(HTML, 404)], "answer-no-such-address", Blame.ENDPOINT),
        ([answer(b'{"code":1000,"da')], "answer-not-json", Blame.PROVIDER),
        ([answer({"code": 1101, "msg": "no"})], "answer-business-code", Blame.CREDENTIALS),
    ],
)
def test_each_bad_end_has_its_own_rule_and_blame(
    told: list[Answer], code: str, blame: Blame
) -> None:
    found = judged(*story(*told))
    assert [(f.rule.code, f.blame) for f in found] == [(code, blame)]


def test_the_reason_the_provider_gave_is_in_the_message() -> None:
    (found,) = judged(*story(state(4, error_reason="face not found")))
    assert "face not found" in found.message("en")
    assert found.code == "4"


def test_a_state_that_goes_back_is_a_warning() -> None:
    media = MediaFacts(container="mp4", size_bytes=1)
    tape = [
        *story(state(2), state(1), state(3, video=URL)),
        fetched(Response(status=200, media=media), 4),
    ]
    found = judged(*tape)
    assert "job-backwards" in codes(found)
    assert all(f.severity is not Severity.FAIL for f in found)


def test_an_output_that_comes_late_is_a_warning() -> None:
    found = judged(*story(state(3), state(3, video=URL)))
    assert codes(found) == ["job-output-late", "job-finished"]


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_an_output_that_cannot_be_fetched_is_delivery(status: int) -> None:
    found = judged(*story(state(3, video=URL)), fetched(answer(b"", status), 2))
    assert [(f.rule.code, f.blame, f.code) for f in found] == [
        ("job-output-unreachable", Blame.DELIVERY, str(status))
    ]
    assert "7 days" in found[0].remedy("en")


def test_an_output_that_is_a_web_page_is_delivery() -> None:
    page = Response(status=200, media=MediaFacts(container="html", size_bytes=9))
    found = judged(*story(state(3, video=URL)), fetched(page, 2))
    assert codes(found) == ["job-output-not-media"]


def test_failures_before_the_create_was_accepted_are_a_warning() -> None:
    busy = answer({"code": 1015, "msg": "try again later"})
    tape = [create(busy, 0), create(busy, 1, attempt=2), create(MADE, 2, attempt=3)]
    found = judged(*tape, poll(state(3, video=URL), 3))
    retried = found[0]
    assert (retried.rule.code, retried.severity, retried.code) == (
        "job-created-after-retries",
        Severity.WARN,
        "1015",
    )
    assert retried.evidence == (0, 1, 2)


def test_the_same_refusal_several_times_is_surer_than_once() -> None:
    busy = answer({"code": 1015, "msg": "try again later"})
    once = judged(create(busy, 0))
    thrice = judged(*(create(busy, n, attempt=n + 1) for n in range(3)))
    assert once[0].certainty < thrice[0].certainty


def test_a_lost_answer_to_a_create_is_ambiguous() -> None:
    (found,) = judged(create(LOST, 0))
    assert (found.rule.code, found.blame) == ("job-create-ambiguous", Blame.NETWORK)


def test_a_gateway_error_on_a_create_blames_the_provider_and_warns_of_the_unknown_outcome() -> None:
    found = judged(create(answer(HTML, 502), 0))
    assert [(f.rule.code, f.blame, f.severity) for f in found] == [
        ("answer-http-status", Blame.PROVIDER, Severity.FAIL),
        ("job-create-ambiguous", Blame.PROVIDER, Severity.WARN),
    ]


def test_a_403_page_of_some_gateway_blames_nobody_for_sure() -> None:
    (page,) = judged(create(answer(HTML, 403), 0))
    assert (page.blame, page.certainty < 0.5) == (Blame.UNDECIDED, True)
    (told,) = judged(create(answer({"message": "forbidden"}, 403), 0))
    assert told.blame is Blame.ACCOUNT


def test_a_code_that_means_success_elsewhere_blames_nobody_and_leaves_the_outcome_open() -> None:
    found = judged(create(answer({"code": 0, "msg": "ok"}), 0))
    assert [(f.rule.code, f.blame) for f in found] == [
        ("answer-unknown-code", Blame.UNDECIDED),
        ("job-create-ambiguous", Blame.PROVIDER),
    ]


def test_success_without_an_id_is_no_success() -> None:
    (found,) = judged(create(answer({"code": 1000, "msg": "OK", "data": {}}), 0))
    assert found.rule.code == "job-without-id"


def test_a_create_kept_back_for_money_is_said_and_is_no_failure() -> None:
    kept = Unsent(reason=UnsentReason.NO_BUDGET, message="no --budget was given")
    (found,) = judged(create(kept, 0))
    assert (found.rule.code, found.severity) == ("job-not-sent", Severity.INFO)


def test_a_repeat_kept_back_for_money_does_not_hide_what_was_answered_before() -> None:
    busy = answer({"code": 1015, "msg": "try again later"})
    kept = Unsent(reason=UnsentReason.OVER_BUDGET, message="20 would exceed the budget 10")
    found = judged(create(busy, 0), create(kept, 1, attempt=2))
    assert [(f.rule.code, f.code) for f in found] == [
        ("job-not-sent", None),
        ("answer-business-code", "1015"),
    ]


def test_a_job_that_nobody_asked_about_is_no_pass() -> None:
    (found,) = judged(create(MADE, 0))
    assert (found.rule.code, found.subject) == ("job-not-followed", "job1")
    assert found.certainty < 0.5


def test_two_jobs_on_one_tape_are_told_apart() -> None:
    other = answer({"code": 1000, "data": {"_id": "job2"}})
    second = create(other, 1)
    found = judged(
        create(MADE, 0), second, poll(state(4), 2, job="job2"), poll(state(2), 3, job="job1")
    )
    assert {(f.rule.code, f.subject) for f in found} == {
        ("job-failed", "job2"),
        ("job-still-running", "job1"),
    }


def test_polls_without_their_create_are_judged_too() -> None:
    found = judged(poll(state(4), 0))
    assert codes(found) == ["job-failed"]


def test_an_id_in_a_query_is_found_when_nothing_labels_the_request() -> None:
    request = akool().request("getVideo", query={"video_model_id": "job7"})
    found = judged(exchange(request, state(4), 0))
    assert found[0].subject == "job7"


@given(
    told=st.lists(answers, max_size=8),
    seed=st.integers(0, 10),
    which=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_no_tape_makes_the_judge_raise(told: list[Answer], seed: int, which: list[bool]) -> None:
    made = [
        create(a, n) if w else poll(a, n) for n, (a, w) in enumerate(zip(told, which, strict=False))
    ]
    random.Random(seed).shuffle(made)
    for found in judged(*made):
        assert found.message("en")
        assert found.remedy("ru")


@given(told=st.lists(answers, min_size=1, max_size=12))
def test_no_answer_makes_the_ask_raise_or_run_for_ever(told: list[Answer]) -> None:
    asking = SCENARIO.ask(akool(), case())
    count = 0
    try:
        request = next(asking)
        while True:
            assert isinstance(request, Request)
            reply = exchange(request, told[min(count, len(told) - 1)], count)
            count += 1
            request = asking.send(reply)
    except StopIteration:
        pass
    assert count <= case().poll.max_polls + 2
