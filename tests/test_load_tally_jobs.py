"""Are the jobs of a load told as they were: their stages, and what was lost, doubled, stuck?"""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.jobs import poll_of
from diagnostics.loading.tally import Tally
from diagnostics.loading.watch import STUCK_S, SWEEP_S, under_way
from diagnostics.model import Response
from diagnostics.promise import Job, Operation, StateKind
from tests.job_cases import families, heygen, laid, read, told
from tests.load_tally_cases import AKOOL, BROKEN, BUSY, REFUSED, RESET, Provider, Told, tell
from tests.test_load_histogram import JSON

URL = "http://results.test/v.mp4"
FILE = Response(status=206, body=b"mp4")
FAMILIES = [pytest.param(*one, id=f"{one[0].name}/{one[2].read}") for one in families()]
PENDING, RUNNING, DONE, FAILED = "1", "2", "3", "4"


def talking(tally: Tally | None = None) -> Provider:
    """AKOOL's talking photo: states are 1, 2, 3, 4."""
    return Provider(AKOOL, AKOOL.operations["createTalkingPhoto"], tally)


def of_kind(job: Job, kind: StateKind) -> str:
    return next((one.value for one in job.states.values() if one.kind is kind), "")


@pytest.mark.parametrize(("contract", "operation", "job"), FAMILIES)
def test_every_providers_job_is_told_from_create_to_file(
    contract: Contract, operation: Operation, job: Job
) -> None:
    here = Provider(contract, operation)
    pending, running = of_kind(job, StateKind.PENDING), of_kind(job, StateKind.RUNNING)
    here.creates(here.says(pending or running), at_s=1.0, took_s=1.0)
    jobs = here.tally.jobs
    assert (jobs.created, jobs.in_flight) == (1, 1)
    if pending:
        here.polls(told(contract, job, pending), at_s=4.0, took_s=1.0)
    if running:
        here.polls(told(contract, job, running), at_s=9.0, took_s=1.0)
    output = {job.output[0]: URL} if job.output else {}
    done = of_kind(job, StateKind.DONE) or of_kind(job, StateKind.READY)
    here.polls(told(contract, job, done, **output), at_s=19.0, took_s=1.0)
    here.fetches(FILE, URL, at_s=20.0, took_s=2.0)
    jobs = here.tally.jobs
    assert (jobs.done, jobs.fetched, jobs.unhappy, jobs.in_flight) == (1, len(output), 0, 0)
    assert jobs.submit.most_s == 1.0
    stages = (jobs.queue.most_s, jobs.run.most_s)
    assert stages == ((8.0, 10.0) if running else (18.0, None))
    assert jobs.fetch.most_s == (2.0 if output else None)
    assert jobs.total.most_s == (21.0 if output else 19.0)


def test_a_job_that_is_done_at_the_first_look_was_running_all_the_time() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    here.polls(here.says(DONE, **{"data.video": URL}), at_s=5.0)
    assert here.tally.jobs.run.most_s == 5.0
    assert here.tally.jobs.queue.count == 0


def test_a_create_that_was_repeated_and_taken_on_counts_once_from_when_it_was_first_due() -> None:
    here = talking()
    here.creates(BUSY, at_s=0.0)
    assert here.tally.jobs.refused == 1
    here.creates(BUSY, at_s=2.0, attempt=2)
    assert here.tally.jobs.refused == 1
    here.creates(here.says(PENDING), at_s=6.0, attempt=3)
    jobs = here.tally.jobs
    assert (jobs.refused, jobs.created, jobs.unhappy) == (0, 1, 0)
    assert jobs.submit.most_s == 6.5


def test_what_was_taken_back_adds_up_across_deltas() -> None:
    here, master = talking(), Tally()
    here.creates(BUSY, at_s=0.0)
    master.apply(here.tally.delta())
    here.creates(here.says(PENDING), at_s=2.0, attempt=2)
    master.apply(json.loads(json.dumps(here.tally.delta())))
    assert master.jobs.refused == 0
    assert master.to_json() == here.tally.to_json()


def test_a_create_of_unknown_outcome_is_ambiguous_and_repeating_it_is_a_risk() -> None:
    here = talking()
    here.creates(RESET, at_s=0.0)
    assert (here.tally.jobs.ambiguous, here.tally.jobs.refused) == (1, 0)
    here.creates(BUSY, at_s=1.0, attempt=2)
    assert (here.tally.jobs.risked, here.tally.jobs.refused) == (1, 1)
    here.creates(here.says(PENDING), at_s=2.0, attempt=3)
    jobs = here.tally.jobs
    assert (jobs.ambiguous, jobs.risked, jobs.created, jobs.refused) == (1, 1, 1, 0)


def test_a_create_that_never_arrived_is_refused() -> None:
    here = talking()
    here.creates(REFUSED, at_s=0.0)
    assert (here.tally.jobs.ambiguous, here.tally.jobs.refused) == (0, 1)


def test_two_creates_taken_on_for_one_ask_are_a_double() -> None:
    here = talking()
    here.creates(here.says(PENDING, "j1"), at_s=0.0)
    here.creates(here.says(PENDING, "j2"), at_s=1.0, attempt=2)
    assert here.tally.jobs.doubled == 1
    here.creates(here.says(PENDING, "j3"), at_s=2.0, body="another wish")
    here.creates(here.says(PENDING, "j4"), at_s=2.0, conversation=1)
    assert here.tally.jobs.doubled == 1
    assert here.tally.jobs.created == 4


def test_a_job_without_an_id_of_its_own_is_lost() -> None:
    here = talking()
    here.creates(here.says(PENDING, ""), at_s=0.0)
    here.creates(here.says(PENDING, "j1"), at_s=0.0, conversation=1)
    here.creates(here.says(PENDING, "j1"), at_s=0.0, conversation=2)
    jobs = here.tally.jobs
    assert (jobs.created, jobs.lost, jobs.in_flight) == (3, 2, 1)


def test_a_job_that_the_provider_no_longer_knows_is_lost() -> None:
    contract, operation, job = heygen()
    here = Provider(contract, operation)
    here.creates(here.says(of_kind(job, StateKind.PENDING)), at_s=0.0)
    gone = {"code": 400569, "message": "ResourceType.PACIFIC_VIDEO not found"}
    here.polls(Response(status=404, body=json.dumps(gone).encode()), at_s=5.0)
    jobs = here.tally.jobs
    assert (jobs.lost, jobs.failed, jobs.in_flight) == (1, 0, 0)


def test_a_failed_job_is_counted_by_its_code() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    here.polls(here.says(FAILED, **{"data.error_code": "1102"}), at_s=5.0)
    jobs = here.tally.jobs
    assert (jobs.failed, jobs.in_flight, sum(jobs.codes.values())) == (1, 0, 1)
    assert here.tally.metric("failed jobs") == 1.0


def test_an_ask_that_ends_leaves_its_job_stuck_or_lost() -> None:
    here = talking()
    for n in range(3):
        here.creates(here.says(PENDING, f"j{n}"), at_s=0.0, conversation=n)
    here.polls(here.says(RUNNING), at_s=5.0, job_id="j0")
    here.polls(BROKEN, at_s=5.0, job_id="j1", conversation=1)
    here.tally.ended(0)
    here.tally.ended(1)
    jobs = here.tally.jobs
    assert (jobs.stuck, jobs.lost, jobs.in_flight) == (1, 1, 1)
    here.polls(here.says(DONE), at_s=5.0, job_id="j0")  # nobody waits for it any more
    assert here.tally.jobs.done == 0


def test_a_job_that_does_not_change_is_stuck_until_it_does() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    here.polls(here.says(RUNNING), at_s=10.0)
    later_s = 10.5 + (here.job.most_s or STUCK_S) + SWEEP_S + 1.0
    tell(here.tally, Told(due_s=later_s))
    jobs = here.tally.jobs
    assert (jobs.stuck, jobs.in_flight) == (1, 0)
    here.polls(here.says(DONE, **{"data.video": URL}), at_s=later_s + 1)
    here.fetches(FILE, URL, at_s=later_s + 2)
    jobs = here.tally.jobs
    assert (jobs.stuck, jobs.done, jobs.in_flight, jobs.over) == (0, 1, 0, 1)


def test_a_result_that_cannot_be_fetched_is_undelivered() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    here.polls(here.says(DONE, **{"data.video": URL}), at_s=5.0)
    here.fetches(Response(status=403, body=b""), URL, at_s=6.0)
    jobs = here.tally.jobs
    assert (jobs.done, jobs.undelivered, jobs.fetched, jobs.total.count) == (1, 1, 0, 0)
    assert here.tally.metric("failed jobs") == 1.0


def test_success_without_a_result_is_waited_for_and_undelivered_if_none_comes() -> None:
    here = talking()
    for n in range(2):
        here.creates(here.says(PENDING, f"j{n}"), at_s=0.0, conversation=n)
        here.polls(here.says(DONE, f"j{n}"), at_s=5.0, job_id=f"j{n}", conversation=n)
    here.polls(here.says(DONE, **{"data.video": URL}), at_s=9.0, job_id="j0")
    here.fetches(FILE, URL, at_s=10.0)
    here.tally.ended(1)
    jobs = here.tally.jobs
    assert (jobs.done, jobs.fetched, jobs.undelivered, jobs.in_flight) == (2, 1, 1, 0)


def test_one_address_of_two_results_is_no_mix_up() -> None:
    here = talking()
    for n in range(2):
        here.creates(here.says(PENDING, f"j{n}"), at_s=float(n), conversation=n)
        done = here.says(DONE, **{"data.video": URL})
        here.polls(done, at_s=5.0, job_id=f"j{n}", conversation=n)
    here.fetches(FILE, URL, at_s=9.5, conversation=1)
    assert here.tally.jobs.total.most_s == 9.0
    here.fetches(FILE, URL, at_s=9.5, conversation=0)
    assert here.tally.jobs.fetched == 2


def test_a_state_that_goes_backward_does_not_begin_a_stage_anew() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    for at_s, state in ((5.0, RUNNING), (10.0, PENDING), (15.0, RUNNING), (20.0, DONE)):
        here.polls(here.says(state), at_s=at_s)
    jobs = here.tally.jobs
    assert (jobs.queue.count, jobs.queue.most_s) == (1, 5.0)
    assert jobs.run.most_s == 15.0


def test_jobs_of_two_providers_with_calls_of_the_same_name_are_kept_apart() -> None:
    other = load("heygen")
    clip = next(op for op in other.operations.values() if op.job and op.job.read == "getVideo")
    tally = Tally(AKOOL, other)
    first, second = talking(tally), Provider(other, clip, tally)
    assert first.job.read == second.job.read
    first.creates(first.says(PENDING), at_s=0.0)
    second.creates(second.says(of_kind(second.job, StateKind.PENDING)), at_s=0.0, conversation=1)
    failed = told(other, second.job, of_kind(second.job, StateKind.FAILED))
    second.polls(failed, at_s=5.0, conversation=1)
    assert (tally.jobs.created, tally.jobs.failed, tally.jobs.in_flight) == (2, 1, 1)
    first.polls(first.says(DONE), at_s=9.0)
    assert tally.jobs.done == 1


def test_a_job_that_is_over_when_its_create_is_answered_needs_no_poll() -> None:
    here = talking()
    here.creates(here.says(DONE, **{"data.video": URL}), at_s=0.0, took_s=30.0)
    here.fetches(FILE, URL, at_s=30.0, took_s=1.0)
    jobs = here.tally.jobs
    assert (jobs.created, jobs.done, jobs.fetched, jobs.in_flight) == (1, 1, 1, 0)
    assert jobs.total.most_s == 31.0


def test_a_state_that_nobody_knows_is_news_all_the_same() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    for n in range(4):
        here.polls(here.says(f"phase {n}"), at_s=n * STUCK_S * 0.9)
        tell(here.tally, Told(due_s=(n + 0.9) * STUCK_S * 0.9))
    assert here.tally.jobs.stuck == 0
    here.polls(here.says(DONE), at_s=5 * STUCK_S)
    assert here.tally.jobs.done == 1


def test_a_poll_of_a_stranger_or_a_lost_poll_tells_nothing() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    here.polls(here.says(DONE), at_s=5.0, job_id="somebody-elses")
    here.polls(RESET, at_s=5.0)
    here.fetches(FILE, URL, at_s=6.0)
    jobs = here.tally.jobs
    assert (jobs.done, jobs.fetched, jobs.in_flight) == (0, 0, 1)


def test_a_result_that_nobody_fetched_is_given_up_and_its_job_was_done() -> None:
    here = talking()
    for n in range(2):
        here.creates(here.says(PENDING, f"j{n}"), at_s=0.0, conversation=n)
        done = here.says(DONE, **{"data.video": URL})
        here.polls(done, at_s=5.0, job_id=f"j{n}", conversation=n)
    here.tally.ended(1)
    tell(here.tally, Told(due_s=5.5 + (here.job.most_s or STUCK_S) + SWEEP_S + 1.0))
    jobs = here.tally.jobs
    assert (jobs.done, jobs.fetched, jobs.unhappy, jobs.in_flight) == (2, 0, 0, 0)
    assert (jobs.total.count, jobs.total.most_s) == (2, 5.5)


def test_jobs_in_flight_are_told_second_by_second() -> None:
    here = talking()
    for n in range(3):
        here.creates(here.says(PENDING, f"j{n}"), at_s=float(n), conversation=n)
    here.polls(here.says(FAILED), at_s=4.0, job_id="j0")
    assert list(here.tally.timeline.in_flight()) == [(0, 1), (1, 2), (2, 3), (4, 2)]


@given(st.sampled_from(list(families())), JSON)
def test_what_is_read_quickly_is_what_is_read_with_care(
    family: tuple[Contract, Operation, Job], noise: object
) -> None:
    contract, _, job = family
    for value in (*job.states, "unheard-of"):
        for path in ("error", "data.error", *job.code, *job.reason, *job.status[1:]):
            exchange = read(contract, job, told(contract, job, value, **{path: noise}))
            quick = under_way(contract, job, exchange)
            with_care = poll_of(contract, job, exchange)
            assert quick is None or (with_care is not None and with_care.state == quick)


def test_a_code_beside_a_job_that_runs_is_read_with_care() -> None:
    tried = 0
    for contract, _, job in families():
        running = of_kind(job, StateKind.RUNNING)
        for path in job.code if running else ():
            for code in contract.errors:
                poll = read(contract, job, told(contract, job, running, **{path: code}))
                assert under_way(contract, job, poll) is None
                tried += 1
    assert tried


def test_most_polls_are_read_quickly() -> None:
    for contract, _, job in families():
        for state in job.states.values():
            poll = read(contract, job, told(contract, job, state.value))
            quick = under_way(contract, job, poll)
            assert quick == (None if state.final else state)


@given(st.lists(JSON, min_size=1, max_size=4), st.sampled_from([200, 201, 404, 500]))
def test_no_answer_makes_the_tally_raise(bodies: list[object], status: int) -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    for n, body in enumerate(bodies):
        for laid_body in (body, {"code": 1000, "data": body}, laid("data.video_status", body)):
            answer = Response(status=status, body=json.dumps(laid_body).encode())
            here.polls(answer, at_s=5.0 * n)
            here.creates(answer, at_s=5.0 * n, conversation=1)
            here.fetches(answer, URL, at_s=5.0 * n)
    here.tally.ended(0)
    here.tally.ended(1)
    jobs = here.tally.jobs
    assert jobs.in_flight == 0
    assert jobs.created == jobs.done + jobs.failed + jobs.lost + jobs.stuck


def test_a_job_in_flight_takes_less_than_a_kilobyte() -> None:
    here, number = talking(), 2000
    answers = [here.says(PENDING, f"64dd90f9f0b668465{n:07}") for n in range(number)]
    tracemalloc.start()
    for n, answer in enumerate(answers):
        here.creates(answer, at_s=0.001 * n, conversation=n + 1000)
    here.tally.counts()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert here.tally.jobs.in_flight == number
    assert used / number < 1024


def test_what_is_over_is_forgotten() -> None:
    here = talking()
    for n in range(50):
        here.creates(BUSY, at_s=0.0, conversation=n)
        here.creates(here.says(PENDING, f"j{n}"), at_s=0.0, conversation=n, attempt=2)
        here.creates(BUSY, at_s=0.0, conversation=n, body="another")
        here.tally.ended(n)
    assert len(here.tally.watch) == 0
