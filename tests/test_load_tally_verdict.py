"""Do metrics say what objectives mean by them, and is a verdict refused where it would be false?"""

import math

import pytest

from diagnostics.loading import objectives
from diagnostics.loading.lateness import (
    ACHIEVED_SHARE_MIN,
    BUSY_SHARE_MAX,
    LATE_S_MAX,
    LATE_SHARE_MAX,
    Lateness,
    bottleneck,
)
from diagnostics.loading.tally import Tally
from diagnostics.model import Answer, Response, Text
from tests.load_tally_cases import (
    AKOOL,
    BROKEN,
    BUSY,
    FINE,
    REFUSED,
    RESET,
    Provider,
    Told,
    tallied,
)
from tests.test_load_tally_jobs import DONE, FAILED, PENDING, talking

STALL_S = 2.0


def late(milliseconds: float, share: float = 1.0) -> Lateness:
    """That share of a hundred requests was that late, the others not at all."""
    made = Lateness()
    for n in range(100):
        made.late.record(milliseconds / 1000 if n < share * 100 else 0.0)
    return made


# --- metrics ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "value"),
    [
        ("failed requests", 0.5),
        ("faults", 0.2),
        ("code 1015", 0.2),
        ("code 503", 0.1),
        ("code HTTP 503", 0.1),
        ("code 1005", 0.0),
        ("p50 of request", 0.5),
        ("p90 of request", 0.9),
        ("p99.9 of request", 1.0),
        ("max of getCredit", 1.0),
        ("mean of request", 0.55),
        ("rate", 10 / 1.9),
        ("lateness", 0.0),
    ],
)
def test_metrics_of_requests(subject: str, value: float) -> None:
    good: list[Answer] = [FINE] * 5
    answers: list[Answer] = [*good, BUSY, BUSY, BROKEN, RESET, REFUSED]
    made = tallied(
        *(
            Told(answer=answer, due_s=n / 10, took_s=(n + 1) / 10)
            for n, answer in enumerate(answers)
        )
    )
    found = made.metric(subject)
    assert found == pytest.approx(value, rel=2e-3, abs=1e-6)


@pytest.mark.parametrize(
    "subject",
    [
        *objectives.PLAIN,
        "code 1005",
        *(f"{name} of {series}" for name in objectives.STATISTICS for series in objectives.SERIES),
        "p99 of getCredit",
        "p99 of nothing at all",
        "px of request",
        "p101 of request",
        "",
        "nonsense",
    ],
)
def test_of_what_was_not_measured_nothing_is_told(subject: str) -> None:
    assert Tally(AKOOL).metric(subject) is None


def test_every_metric_of_an_objective_has_a_value_once_there_is_something_to_measure() -> None:
    here = talking()
    here.creates(here.says(PENDING), at_s=0.0)
    here.polls(here.says("2"), at_s=2.0)
    here.polls(here.says(DONE, **{"data.video": "http://results.test/v.mp4"}), at_s=5.0)
    here.fetches(Response(status=200, body=b"mp4"), "http://results.test/v.mp4", at_s=6.0)
    subjects = (
        *objectives.PLAIN,
        "code 1005",
        *(f"{name} of {series}" for name in objectives.STATISTICS for series in objectives.SERIES),
    )
    unknown = [subject for subject in subjects if here.tally.metric(subject) is None]
    price = here.contract.request(here.operation.id, body={}).credits
    assert unknown == ([] if price is not None else ["cost per finished job"])


def test_metrics_of_jobs_count_every_way_to_fail() -> None:
    here = talking()
    here.creates(BUSY, at_s=0.0, conversation=0)
    here.creates(RESET, at_s=0.0, conversation=1)
    for n in range(2, 6):
        here.creates(here.says(PENDING, f"j{n}"), at_s=0.0, conversation=n)
    here.polls(here.says(FAILED), at_s=5.0, job_id="j2", conversation=2)
    here.tally.ended(3)
    here.polls(here.says(DONE), at_s=5.0, job_id="j4", conversation=4)
    assert here.tally.metric("failed jobs") == pytest.approx(4 / 5)
    here.tally.ended(4)
    assert here.tally.metric("failed jobs") == 1.0
    assert here.tally.metric("ambiguous creates") == 1.0
    assert here.tally.metric("stuck jobs") == 1.0
    assert here.tally.metric("lost jobs") == 0.0
    assert here.tally.metric("duplicates") == 0.0
    assert here.tally.jobs.in_flight == 1


def test_a_finished_job_costs_what_all_its_creates_did() -> None:
    here = Provider(AKOOL, AKOOL.operations["createTalkingPhoto"])
    counts = here.tally.counts()
    counts.microcredits, counts.jobs.done = 50_000_000, 4
    assert here.tally.metric("cost per finished job") == 12.5
    counts.unpriced = 1
    assert here.tally.metric("cost per finished job") is None


def test_a_stalled_server_is_told_as_its_users_would_tell_it() -> None:
    """200 a second for ten seconds, of which it stands still for two: nobody is left out."""
    due_s = [n / 200 for n in range(2000)]
    waited_s = [max(0.002, 4.0 + STALL_S - due) if due >= 4.0 else 0.002 for due in due_s]
    made = tallied(
        *(Told(due_s=due, took_s=took) for due, took in zip(due_s, waited_s, strict=True))
    )
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        truth = sorted(waited_s)[math.ceil(share * 2000) - 1]
        assert made.metric(f"{name} of request") == pytest.approx(truth, rel=1e-3)
    assert made.bottleneck() is None


# --- the generator's own part -------------------------------------------------------------------


def told_of(text: Text | None) -> str:
    assert text is not None
    assert text.en
    assert any("а" <= letter <= "я" for letter in text.ru)
    assert "{" not in text.en + text.ru
    return text.en


def test_lateness_that_shows_in_no_latency_is_no_bottleneck() -> None:
    assert bottleneck(late(LATE_S_MAX * 1000), median_s=None) is None
    assert bottleneck(late(100.0), median_s=100.0 / 1000 / LATE_SHARE_MAX * 1.01) is None
    assert bottleneck(late(5000.0, share=0.01), median_s=0.001) is None
    assert bottleneck(Lateness(), median_s=None) is None


def test_a_late_generator_is_told() -> None:
    text = told_of(bottleneck(late(50.0), median_s=0.2))
    assert "50.0 ms late" in text
    assert "20.0 ms" in text
    assert "50,0 мс" in bottleneck(late(50.0), median_s=0.2).ru  # type: ignore[union-attr]  # told_of has looked


def test_arrivals_that_were_never_begun_are_told() -> None:
    made = Tally(AKOOL)
    made.arrivals(due=10_000, begun=math.ceil(10_000 * ACHIEVED_SHARE_MIN))
    assert made.bottleneck() is None
    made.arrivals(due=10_000, begun=9000)
    text = told_of(made.bottleneck())
    assert "94.8%" in text
    assert "1,050 of 20,000" in text


def test_a_generator_without_a_moment_to_spare_is_told() -> None:
    made = tallied(Told())
    made.busy(BUSY_SHARE_MAX)
    assert made.bottleneck() is None
    made.busy(0.99)
    made.busy(0.5)
    assert "99%" in told_of(made.bottleneck())
    again = Tally.from_json(made.to_json())
    assert again.bottleneck() == made.bottleneck()


def test_the_busiest_worker_counts() -> None:
    master, idle, busy = Tally(), tallied(Told()), tallied(Told())
    idle.busy(0.3)
    busy.busy(0.99)
    for worker in (busy, idle):
        master.apply(worker.delta())
    worker_again = busy
    worker_again.busy(0.2)
    master.apply(worker_again.delta())
    assert master.counts().busy_share == 0.99
    assert master.bottleneck() is not None


def test_what_a_late_generator_adds_is_not_the_servers() -> None:
    made = tallied(*(Told(due_s=n, took_s=0.5, late_s=0.4) for n in range(100)))
    assert made.metric("p99 of request") == pytest.approx(0.5, rel=1e-3)
    assert made.served("p99 of request") == pytest.approx(0.1, rel=1e-3)
    assert made.served("failed requests") == 0.0
    told_of(made.bottleneck())


def test_a_code_is_also_found_behind_the_status_that_a_contract_writes_before_it() -> None:
    made = tallied(Told(), Told())
    made.names["getCredit"].codes["429/rate_limited"] = 1
    assert made.metric("code rate_limited") == made.metric("code 429") == 0.5
