"""Is the end of a job seen at once, by every provider's own words and by everybody else's?"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract import Contract
from diagnostics.finding import Finding
from diagnostics.following.answer import at_once, cause, poll_of
from diagnostics.following.record import record
from diagnostics.following.words import GOES_ON, Status
from diagnostics.jobs import UNKNOWN_MOST, follow
from diagnostics.model import (
    Answer,
    Blame,
    Exchange,
    Fault,
    FaultKind,
    PollPolicy,
    Response,
    Severity,
    Tape,
)
from diagnostics.promise import Job, Operation, StateKind
from scenarios.job import SCENARIO
from tests.drive_cases import HTML, akool, answer, case, create, poll, state
from tests.job_cases import OVER, families, heygen, read, reply, told
from tests.test_tape import answers

NOT_FOUND = {"code": 400569, "message": "ResourceType.PACIFIC_VIDEO not found"}
FAMILIES = list(families())
NAMES = [f"{contract.name}/{job.read}" for contract, _, job in FAMILIES]
ENDS = [
    pytest.param(contract, operation, job, one.value, id=f"{contract.name}/{job.read}/{one.value}")
    for contract, operation, job in FAMILIES
    for one in job.states.values()
    if one.kind in OVER
]
URL = "https://results.example.test/v.mp4"
MOST = 40


def asked(
    contract: Contract, operation: Operation, replies: Sequence[Answer]
) -> tuple[int, str | None]:
    """How many reads `follow` makes of answers that come in that order, the last for ever."""
    job = operation.job
    assert job is not None
    following = follow(contract, operation, "j1", PollPolicy(interval_s=5.0, max_polls=MOST))
    count = 0
    try:
        next(following)
        while True:
            reply_ = replies[min(count, len(replies) - 1)]
            count += 1
            following.send(read(contract, job, reply_, count, at_s=5.0 * count))
    except StopIteration as end:
        return count, end.value


def judged(contract: Contract, *made: Exchange) -> list[Finding]:
    return list(SCENARIO.judge(contract, Tape(case=case(), exchanges=made)))


def goes_on(contract: Contract, job: Job) -> Response | None:
    """An answer while the job still runs."""
    running = (StateKind.RUNNING, StateKind.PENDING)
    value = next((s.value for s in job.states.values() if s.kind in running), None)
    return None if value is None else told(contract, job, value)


# --- the figure: within one poll of its first appearance, zero polls after it -------------------


@pytest.mark.parametrize(("contract", "operation", "job", "value"), ENDS)
def test_every_final_state_ends_the_polling_at_once(
    contract: Contract, operation: Operation, job: Job, value: str
) -> None:
    running = goes_on(contract, job)
    before = [] if running is None else [running] * 3
    assert asked(contract, operation, [*before, told(contract, job, value)])[0] == len(before) + 1


@pytest.mark.parametrize(("contract", "operation", "job"), FAMILIES, ids=NAMES)
@pytest.mark.parametrize("word", ["failed", "not_found", "timeout", "connection_error"])
def test_a_word_of_failure_that_no_page_lists_ends_it_for_every_provider(
    contract: Contract, operation: Operation, job: Job, word: str
) -> None:
    running = goes_on(contract, job)
    before = [] if running is None else [running] * 2
    assert asked(contract, operation, [*before, told(contract, job, word)])[0] == len(before) + 1


@pytest.mark.parametrize(("contract", "operation", "job"), FAMILIES, ids=NAMES)
def test_an_html_404_ends_it_and_the_address_is_blamed(
    contract: Contract, operation: Operation, job: Job
) -> None:
    page = Response(status=404, body=HTML)
    assert asked(contract, operation, [page])[0] == 1
    (found,) = judged(contract, read(contract, job, page))
    assert found.blame is Blame.ENDPOINT


@pytest.mark.parametrize(("contract", "operation", "job"), FAMILIES, ids=NAMES)
def test_an_error_object_inside_http_200_ends_it(
    contract: Contract, operation: Operation, job: Job
) -> None:
    running = goes_on(contract, job)
    if running is None:
        pytest.skip("such a job is never told as running")
    body = running.body[:-1] + b', "error": {"code": "odd", "message": "it broke"}}'
    assert asked(contract, operation, [running, Response(status=200, body=body)])[0] == 2


def test_an_error_object_of_nothing_is_no_error() -> None:
    contract, operation, job = heygen()
    none = {"code": None, "message": "", "detail": None}
    fine = told(contract, job, "processing", **{"data.error": none})
    assert asked(contract, operation, [fine, told(contract, job, "failed")])[0] == 2


# --- seed 003 -----------------------------------------------------------------------------------


def test_a_json_404_with_400569_is_not_found_and_ends_at_once() -> None:
    contract, operation, job = heygen()
    gone = reply(NOT_FOUND, 404)
    assert asked(contract, operation, [gone])[0] == 1
    (found,) = judged(contract, read(contract, job, gone))
    assert (found.rule.code, found.code) == ("job-not-found", "400569")
    assert found.facts["record"]["status"] == "not_found"
    assert "not_found" in found.message("en")


@pytest.mark.parametrize(
    "word", ["failed", "not_found", "timeout", "connection_error", "api_error", "unknown_error"]
)
@pytest.mark.parametrize("nested", [True, False])
def test_the_six_words_of_the_seeds_own_back_end_end_it(word: str, *, nested: bool) -> None:
    contract, operation, job = heygen()
    own = {"status": word, "error": "Видео не найдено", "error_code": "404", "video_id": "j1"}
    said = reply({"success": True, "data": own} if nested else own)
    assert asked(contract, operation, [said])[0] == 1
    known = record(contract, job, read(contract, job, said))
    assert (known.status.value, known.error_code) == (word, "404")
    assert known.error == "Видео не найдено"


def test_all_eleven_fields_of_the_seed_are_carried() -> None:
    contract, _, job = heygen()
    seen = told(
        contract,
        job,
        "processing",
        **{"data.progress": 40, "data.created_at": 1795000000, "data.estimated_time": 90},
        **{"data.duration": 5.5, "data.file_size": 1024},
    )
    known = record(contract, job, read(contract, job, seen)).fields()
    assert list(known) == [
        *("video_id", "status", "progress", "download_url", "error", "error_code"),
        *("error_details", "duration", "file_size", "created_at", "estimated_time", "word"),
    ]
    assert (known["video_id"], known["status"], known["progress"]) == ("j1", "processing", 40)
    assert (known["duration"], known["file_size"]) == (5.5, 1024)
    assert (known["created_at"], known["estimated_time"]) == (1795000000, 90)


@pytest.mark.parametrize(
    ("reply_", "status", "code"),
    [
        (Fault(kind=FaultKind.READ_TIMEOUT, message="slow"), Status.TIMEOUT, "read-timeout"),
        (Fault(kind=FaultKind.REFUSED, message="no"), Status.CONNECTION_ERROR, "refused"),
        (Response(status=502, body=HTML), Status.API_ERROR, "502"),
        (Response(status=200, body=b"<html>"), Status.UNKNOWN_ERROR, "200"),
        (Response(status=200, body=b'{"error": {"code": "odd"}}'), Status.API_ERROR, "odd"),
    ],
)
def test_a_read_that_failed_has_a_record_too(reply_: Answer, status: Status, code: str) -> None:
    contract, _, job = heygen()
    known = record(contract, job, read(contract, job, reply_))
    assert (known.status, known.error_code) == (status, code)


def test_success_without_an_address_is_read_again_and_then_delivery() -> None:
    contract, operation, job = heygen()
    bare = told(contract, job, "completed")
    late = [bare, bare, told(contract, job, "completed", **{job.output[0]: URL})]
    assert asked(contract, operation, late) == (3, URL)
    assert 2 < asked(contract, operation, [bare])[0] < MOST
    (found,) = judged(contract, read(contract, job, bare))
    assert (found.rule.code, found.blame) == ("job-done-without-output", Blame.DELIVERY)


# --- states -------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["succeeded", "Complete", "finished", "SUCCESS", "done"])
def test_another_apis_word_for_done_is_taken_and_told(word: str) -> None:
    contract, operation, job = heygen()
    over = told(contract, job, word, **{job.output[0]: URL})
    assert asked(contract, operation, [over]) == (1, URL)
    found = judged(contract, read(contract, job, over))
    assert [f.rule.code for f in found] == ["job-finished", "job-state-unlisted"]


def test_a_state_nobody_knows_is_followed_for_a_while_and_then_undecided() -> None:
    contract, operation, job = heygen()
    odd = told(contract, job, "pondering")
    assert asked(contract, operation, [odd])[0] == UNKNOWN_MOST
    found = judged(contract, read(contract, job, odd))
    assert [(f.rule.code, f.blame) for f in found] == [("job-unknown-state", Blame.UNDECIDED)]


def test_a_state_nobody_knows_does_not_hide_the_end_that_follows() -> None:
    contract, operation, job = heygen()
    odd, end = told(contract, job, "pondering"), told(contract, job, "failed")
    assert asked(contract, operation, [odd] * 9 + [end])[0] == 10


def test_a_job_that_waits_for_a_person_is_followed_no_further() -> None:
    contract, operation, job = next(
        row for row in FAMILIES if row[0].name == "heygen" and row[2].read == "getVideoAgent"
    )
    waits = told(contract, job, "waiting_for_input")
    assert asked(contract, operation, [waits])[0] == 1
    (found,) = judged(contract, read(contract, job, waits))
    assert (found.rule.code, found.blame) == ("job-waits-for-a-person", Blame.CLIENT)


def test_a_create_that_held_until_done_is_its_own_answer_and_one_that_did_not_is_no_success() -> (
    None
):
    contract, operation, job = next(row for row in FAMILIES if row[0].name == "replicate")
    made = contract.request(operation.id, body={}, path={"name": "n", "owner": "o"})
    begun = {"id": "p1", "status": "processing", "output": None}
    over = {"id": "p1", "status": "succeeded", "output": URL}
    early, late = (
        Exchange(request=made, answer=reply(body, 201), started_s=0.0, scenario="job")
        for body in (begun, over)
    )
    assert at_once(contract, operation, early) is None
    done = at_once(contract, operation, late)
    assert done is not None
    assert done.output == URL
    assert [f.rule.code for f in judged(contract, early)] == ["job-not-followed"]
    assert [f.rule.code for f in judged(contract, late)] == ["job-finished"]
    assert job.wait is not None


# --- why it failed ------------------------------------------------------------------------------


def test_the_jobs_own_code_is_looked_up_and_its_blame_decides() -> None:
    contract, _, job = heygen()
    failed = told(
        contract,
        job,
        "failed",
        **{"data.error": {"code": "MOVIO_PAYMENT_INSUFFICIENT_CREDIT", "message": "no face"}},
    )
    (found,) = judged(contract, read(contract, job, failed))
    assert (found.rule.code, found.blame) == ("job-failed-with-code", Blame.QUOTA)
    assert found.code == "MOVIO_PAYMENT_INSUFFICIENT_CREDIT"
    assert "Stop polling" in found.remedy("en")


@pytest.mark.parametrize(
    ("reason", "code", "blame"),
    [
        ("Prediction failed: out of memory (E1001)", "E1001", Blame.PARAMETERS),
        ("flagged as sensitive (E005)", "E005", Blame.CONTENT_POLICY),
    ],
)
def test_a_code_quoted_in_the_reason_is_found(reason: str, code: str, blame: Blame) -> None:
    contract, _, job = next(row for row in FAMILIES if row[0].name == "replicate")
    failed = told(contract, job, "failed", error=reason)
    (found,) = judged(contract, read(contract, job, failed))
    assert (found.code, found.blame) == (code, blame)


def test_an_error_inside_an_openai_response_object_is_looked_up() -> None:
    contract, _, job = next(row for row in FAMILIES if row[0].name == "openai")
    told_ = told(contract, job, "failed", error={"code": "insufficient_quota", "message": "m"})
    seen = poll_of(contract, job, read(contract, job, told_))
    assert seen is not None
    known = cause(contract, seen)
    assert known is not None
    assert known.blame is Blame.QUOTA


def test_without_a_code_the_words_of_the_reason_still_tell() -> None:
    made = create(answer({"code": 1000, "data": {"_id": "job1"}}), 0)
    found = judged(akool(), made, poll(state(4, error_reason="No face detected"), 1))
    assert [(f.rule.code, f.blame) for f in found] == [("job-failed-on-input", Blame.MEDIA)]


def test_a_result_with_an_error_beside_it_is_a_result_and_a_warning() -> None:
    contract, _, job = heygen()
    odd = told(
        contract,
        job,
        "completed",
        **{job.output[0]: URL, "data.error.code": "MOVIO_PAYMENT_INSUFFICIENT_CREDIT"},
    )
    found = judged(contract, read(contract, job, odd))
    assert [f.rule.code for f in found] == ["job-done-with-error", "job-finished"]
    assert found[0].blame is Blame.QUOTA


def test_a_failed_read_that_a_later_one_made_good_is_only_a_warning() -> None:
    found = judged(
        akool(),
        create(answer({"code": 1000, "data": {"_id": "job1"}}), 0),
        poll(answer(HTML, 502), 1, at_s=5.0),
        poll(state(3, video=URL), 2, at_s=10.0),
    )
    assert all(f.severity is not Severity.FAIL for f in found)
    assert [f.rule.code for f in found] == ["answer-http-status", "job-finished"]


# --- stale answers ------------------------------------------------------------------------------

NOON, LATER = "Sat, 21 Nov 2026 12:00:00 GMT", "Sat, 21 Nov 2026 12:01:00 GMT"


def dated(value: int, date: str, **headers: str) -> Response:
    return answer({"code": 1000, "data": {"video_status": value}}, 200, Date=date, **headers)


def test_an_answer_older_than_the_last_is_stale_and_no_news() -> None:
    contract = akool()
    operation = contract.operations["createTalkingPhoto"]
    new, old = dated(2, LATER), dated(4, NOON)
    end = dated(4, "Sat, 21 Nov 2026 12:02:00 GMT")
    assert asked(contract, operation, [new, old, old, end])[0] == 4
    found = judged(contract, poll(new, 0), poll(dated(1, NOON), 1, at_s=5.0))
    assert "job-answer-stale" in [f.rule.code for f in found]
    assert "job-backwards" not in [f.rule.code for f in found]


def test_an_answer_that_a_cache_kept_is_stale_and_how_the_job_stands_is_not_known() -> None:
    kept = dated(2, NOON, Age="40")
    (found,) = judged(akool(), poll(kept, 0))
    assert (found.rule.code, found.severity) == ("job-answer-stale", Severity.FAIL)
    assert "Age: 40" in found.message("ru")


def test_an_end_that_a_cache_kept_is_still_the_end() -> None:
    contract = akool()
    operation = contract.operations["createTalkingPhoto"]
    ended = dated(4, NOON, X_Cache="HIT from edge")
    assert asked(contract, operation, [dated(2, NOON), ended])[0] == 2
    found = judged(contract, poll(dated(2, NOON), 0), poll(ended, 1, at_s=5.0))
    assert {f.rule.code for f in found} == {"job-answer-stale", "job-failed"}


@pytest.mark.parametrize("date", ["", "soon", "Sat, 99 Nov 2026 12:00:00 GMT", "x" * 999])
def test_a_date_nobody_can_read_says_nothing(date: str) -> None:
    found = judged(akool(), poll(dated(2, NOON), 0), poll(dated(2, date), 1, at_s=5.0))
    assert "job-answer-stale" not in [f.rule.code for f in found]


# --- any answer ---------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["status", "data", "error", "code", "x"]), inner)
    ),
    max_leaves=8,
)
hostile = answers | st.builds(reply, junk, st.sampled_from([200, 201, 404, 500]))


@given(told_=st.lists(hostile, min_size=1, max_size=6), which=st.sampled_from(FAMILIES))
def test_no_answer_makes_follow_raise_or_run_for_ever(
    told_: list[Answer], which: tuple[Contract, Operation, Job]
) -> None:
    contract, operation, job = which
    assert asked(contract, operation, told_)[0] <= MOST
    for one in told_:
        known = record(contract, job, read(contract, job, one))
        assert known.status in Status
        assert known.fields()["status"] == known.status.value
        assert known.status in GOES_ON or known.status.value


@given(told_=st.lists(hostile, max_size=8), which=st.sampled_from(FAMILIES))
def test_no_tape_of_any_provider_makes_the_judge_raise(
    told_: list[Answer], which: tuple[Contract, Operation, Job]
) -> None:
    contract, _, job = which
    for found in judged(contract, *(read(contract, job, one, n) for n, one in enumerate(told_))):
        assert found.message("en")
        assert found.remedy("ru")
