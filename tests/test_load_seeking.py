"""Is the load named at which it breaks, and the limit that was met?"""

import pytest

from diagnostics import contract_load
from diagnostics.loading.counts import Counts
from diagnostics.loading.objectives import parse
from diagnostics.loading.profile import Model, Profile, Share, Stage
from diagnostics.loading.seeking import LISTEN_S, Breaking, LimitSeeking
from diagnostics.model import Exchange, Fault, FaultKind, Request, Response, Text

CONTRACT = contract_load.load("akool")


def ramp(*objectives: str, to: float = 100.0, over_s: float = 100.0) -> Profile:
    return Profile(
        name="ramp",
        title=Text(en="ramp", ru="ramp"),
        model=Model.OPEN,
        stages=(Stage(duration_s=over_s, level=to),),
        mix=(Share(scenario="job"),),
        objectives=tuple(map(parse, objectives)),
        until_failure=True,
    )


def counted(requests: int, failures: int = 0) -> Counts:
    made = Counts()
    named = made.named("createTalkingPhoto")
    named.requests, named.failures = requests, failures
    return made


def run(profile: Profile, breaks_at_s: float, *, requests: int = 50) -> Breaking:
    """Half of all requests fail from that moment on; a report every half second."""
    breaking = Breaking(profile=profile)
    at_s = 0.0
    while at_s < profile.duration_s and breaking.found is None:
        at_s += 0.5
        breaking.hear(counted(requests, requests // 2 if at_s > breaks_at_s else 0), at_s)
    return breaking


@pytest.mark.parametrize("breaks_at_s", [10.0, 42.0, 77.0])
def test_the_load_is_named_to_a_thirtieth_of_the_ramp(breaks_at_s: float) -> None:
    found = run(ramp("failed requests < 2 %"), breaks_at_s).found

    assert found is not None
    assert found.level == pytest.approx(breaks_at_s, abs=100 / 30)
    assert found.held_level is not None
    assert found.held_level < found.level
    assert found.objective == "failed requests < 2 %"
    assert found.unit == "/s"


def test_one_bad_slice_is_chance() -> None:
    breaking = Breaking(profile=ramp("failed requests < 2 %"))
    for step in range(1, 30):
        bad = step == 10
        breaking.hear(counted(50, 25 if bad else 0), step * 100 / 30 + 0.01)

    assert breaking.found is None


def test_too_few_requests_say_nothing() -> None:
    assert run(ramp("failed requests < 2 %"), 10.0, requests=2).found is None


def test_a_rate_that_is_low_at_the_foot_of_a_ramp_is_no_failure() -> None:
    assert run(ramp("rate > 1000 /s"), 10.0).found is None


def test_a_load_that_holds_breaks_nowhere() -> None:
    assert run(ramp("failed requests < 2 %"), 1e9).found is None


# --- limits -----------------------------------------------------------------------------------

GOOD = Response(status=200, body=b'{"code":1000}')
REFUSED = Response(
    status=200,
    headers=(("X-RateLimit-Remaining", "0"), ("Retry-After", "7"), ("Server", "x")),
    body=b'{"code":1005}',
)


def seek(limit_per_s: int, *, from_rate: float = 20.0, slope: float = 1.0) -> LimitSeeking:
    """Arrivals on a ramp against windows of one second."""
    seeking = LimitSeeking(contract=CONTRACT, start_s=0.0, level=lambda s: from_rate + slope * s)
    at_s, window, made = 0.0, -1, 0
    while at_s < 60.0 and seeking.found(at_s) is None:
        at_s += 1 / (from_rate + slope * at_s)
        made = made + 1 if int(at_s) == window else 1
        window = int(at_s)
        tell(seeking, at_s, ok=made <= limit_per_s)
    return seeking


def tell(seeking: LimitSeeking, at_s: float, *, ok: bool) -> None:
    request = Request(method="POST", url="https://x.test/", operation="create", spends=True)
    exchange = Exchange(request=request, answer=GOOD if ok else REFUSED, started_s=at_s)
    code = None if ok else "1005"
    seeking.answered(exchange, due_s=at_s, sent_s=at_s, name="create", code=code, ok=ok)


@pytest.mark.parametrize("limit", [30, 40, 55])
def test_a_limit_a_second_is_found_within_five_percent(limit: int) -> None:
    found = seek(limit).limit()

    assert found is not None
    assert found.rate_per_s == pytest.approx(limit, rel=0.05)
    assert (found.name, found.status, found.code) == ("create", 200, "1005")


def test_a_limit_tells_its_way_and_only_the_headers_that_speak_of_limits() -> None:
    found = seek(30).limit()

    assert found is not None
    assert found.reset_s == 7.0
    assert [name for name, _ in found.headers] == ["X-RateLimit-Remaining", "Retry-After"]


def test_a_limit_a_minute_is_told_by_what_was_accepted_before_it() -> None:
    seeking = LimitSeeking(contract=CONTRACT, start_s=0.0, level=lambda _s: 20.0)
    for number in range(700):
        tell(seeking, number / 20, ok=number < 600)
    found = seeking.limit()

    assert found is not None
    assert found.accepted == 600
    assert found.rate_per_s is None


def test_nothing_is_said_before_it_was_listened_for_long_enough() -> None:
    seeking = LimitSeeking(contract=CONTRACT, start_s=0.0, level=lambda _s: 20.0)
    tell(seeking, 1.0, ok=False)

    assert seeking.found(1.0 + LISTEN_S / 2) is None
    assert seeking.found(1.0 + LISTEN_S) is not None


@pytest.mark.parametrize(
    "answer",
    [
        Response(status=500, body=b"{}"),
        Fault(kind=FaultKind.RESET, message="reset"),
    ],
)
def test_a_failure_that_is_no_limit_is_not_taken_for_one(answer: Response | Fault) -> None:
    seeking = LimitSeeking(contract=CONTRACT, start_s=0.0, level=lambda _s: 20.0)
    exchange = Exchange(
        request=Request(method="GET", url="https://x.test/"), answer=answer, started_s=0.0
    )
    seeking.answered(exchange, due_s=0.0, sent_s=0.0, name="read", code="1015", ok=False)

    assert seeking.limit() is None
