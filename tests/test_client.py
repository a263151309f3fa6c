"""Is advice for a developer's own code right, whatever HTTP client got the answer?"""

import json
import socket
from contextlib import closing

import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import contract_load
from diagnostics.client import Advice, StatusRecord, advise, wait_for
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from diagnostics.errors import UsageError
from diagnostics.jobs import identity
from diagnostics.model import Blame, Exchange, Response, RetryPolicy, Target, TargetKind
from diagnostics.prepare import plan

AKOOL = contract_load.load("akool")
CREATE = "createTalkingPhoto"
CLIENTS = ((httpx.get, httpx.HTTPError), (requests.get, requests.RequestException))


def answer(body: object, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def said(body: object, status: int = 200, **options: int) -> Advice:
    return advise("akool", CREATE, answer(body, status), **options)  # type: ignore[arg-type]  # attempt only


def test_a_success_needs_no_advice() -> None:
    advice = said({"code": 1000, "data": {"_id": "1"}})
    assert advice == Advice(
        ok=True,
        retry_in_s=None,
        ambiguous=False,
        blame=Blame.NONE,
        code=None,
        says="",
        remedy="",
    )


@pytest.mark.parametrize(("attempt", "about_s"), [(1, 2), (2, 4), (3, 8), (4, 16)])
def test_1015_is_retried_on_the_schedule_of_seed_000(attempt: int, about_s: float) -> None:
    delay_s = said({"code": 1015, "msg": "x"}, attempt=attempt).retry_in_s
    assert delay_s is not None
    assert about_s * 0.9 <= delay_s <= about_s * 1.1


def test_the_last_attempt_is_the_last() -> None:
    assert said({"code": 1015, "msg": "x"}, attempt=5).retry_in_s is None
    patient = RetryPolicy(put_back=1)
    again = advise("akool", CREATE, answer({"code": 1015, "msg": "x"}), attempt=5, retry=patient)
    assert again.retry_in_s == 300.0


def test_what_cannot_get_better_is_not_repeated() -> None:
    advice = said({"code": 1101, "msg": "x"})
    assert (advice.ok, advice.retry_in_s, advice.blame) == (False, None, Blame.CREDENTIALS)
    assert advice.code == "1101"
    assert "1101" in advice.says
    assert advice.remedy
    russian = advise("akool", CREATE, answer({"code": 1101, "msg": "x"}), language="ru")
    assert russian.remedy != advice.remedy


def test_an_answer_that_may_hide_a_paid_job_is_never_repeated() -> None:
    crashed = advise("akool", CREATE, httpx.Response(502, text="<html>bad gateway"))
    assert (crashed.ambiguous, crashed.retry_in_s) == (True, None)
    read = advise("akool", "getCredit", httpx.Response(502, text="<html>bad gateway"))
    assert not read.ambiguous
    assert read.retry_in_s is not None


def test_a_call_that_never_left_may_be_repeated_and_one_that_may_have_arrived_may_not() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        for ask, broken in (
            (httpx.get, httpx.HTTPError),
            (requests.get, requests.RequestException),
        ):
            with pytest.raises(broken) as refused:
                ask(url, timeout=2.0)
            advice = advise("akool", CREATE, refused.value)
            assert (advice.blame, advice.ambiguous) == (Blame.NETWORK, False)
            assert advice.retry_in_s is not None
        unused.listen()
        for ask, broken in (
            (httpx.get, httpx.HTTPError),
            (requests.get, requests.RequestException),
        ):
            with pytest.raises(broken) as silent:
                ask(url, timeout=0.05)
            advice = advise("akool", CREATE, silent.value)
            assert (advice.blame, advice.ambiguous) == (Blame.NETWORK, True)
            assert advice.retry_in_s is None


def test_a_key_with_a_line_break_is_told_as_what_it_is() -> None:
    key = "invented-key-0001"
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        for ask, broken in (
            (httpx.get, httpx.HTTPError),
            (requests.get, requests.RequestException),
        ):
            with pytest.raises(broken) as illegal:
                ask(url, headers={"x-api-key": f"{key}\n"}, timeout=1)
            advice = advise("akool", CREATE, illegal.value)
            assert advice.blame is Blame.CLIENT
            assert advice.retry_in_s is None
            assert key not in advice.says


def test_requests_and_httpx_are_read_alike_from_a_real_emulator() -> None:
    with Served(AKOOL, faults=load_plan("quota-exhausted")) as served:
        body = next(iter(AKOOL.operations[CREATE].examples.values()))
        url = served.base_url + AKOOL.operations[CREATE].path
        key = {"x-api-key": served.emulator.key}
        told = [
            advise("akool", CREATE, send(url, json=body, headers=key))
            for send in (httpx.post, requests.post)
        ]
    assert told[0] == told[1]
    assert told[0].blame is Blame.QUOTA
    assert told[0].retry_in_s is None


def test_what_is_no_answer_is_refused_clearly() -> None:
    with pytest.raises(UsageError, match="not an HTTP answer: str"):
        advise("akool", CREATE, "1015")  # type: ignore[arg-type]  # the mistake in question
    with pytest.raises(UsageError, match="no provider"):
        advise("acool", CREATE, answer({}))
    with pytest.raises(UsageError, match="no operation"):
        advise("akool", "createFilm", answer({}))


@given(st.binary(max_size=200), st.integers(200, 599))
def test_no_answer_makes_it_raise(body: bytes, status: int) -> None:
    advice = advise("akool", CREATE, httpx.Response(status, content=body))
    assert advice.ok or advice.says
    assert json.dumps(advice.says)


# --- following a job --------------------------------------------------------------------------


class Emulated:
    """The emulator in virtual time, behind a plain synchronous `send`; sleeping moves its clock."""

    def __init__(self, provider: str, fault: str | None = None) -> None:
        self.contract = contract_load.load(provider)
        self.clock = VirtualClock(1_795_000_000.0)
        plan = load_plan(fault) if fault else None
        self.emulator = Emulator(self.contract, clock=self.clock, faults=plan)
        self.slept: list[float] = []

    def send(self, method: str, url: str, body: bytes = b"") -> httpx.Response:
        scheme = self.contract.schemes[0]
        key = {scheme.header: f"{scheme.prefix}{self.emulator.key}"}
        base = self.emulator.base_url
        here = url.replace(self.contract.host, base)

        async def work() -> httpx.Response:
            async with httpx.AsyncClient(transport=AsgiTransport(self.emulator)) as client:
                return await client.request(method, here, content=body, headers=key)

        return run(work(), self.clock)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)

    def started(self, operation: str) -> str:
        op = self.contract.operations[operation]
        planned = plan(op, emulated(self.emulator), None)
        request = self.contract.request(op.id, body=planned.body, path=planned.path)
        made = self.send("POST", request.url, request.body)
        job_id = identity(
            self.contract, op, Exchange(request=request, answer=read(made), started_s=0)
        )
        assert job_id is not None
        return job_id

    def ended(self, operation: str, **options: float) -> StatusRecord:
        job_id = self.started(operation)
        return wait_for(
            self.contract.name, operation, job_id, self.send, sleep=self.sleep, **options
        )


def emulated(emulator: Emulator) -> Target:
    return Target(
        kind=TargetKind.EMULATOR,
        provider=emulator.contract.name,
        base_url=emulator.base_url,
        media_base=emulator.media_base,
    )


def read(made: httpx.Response) -> Response:
    return Response(status=made.status_code, body=made.content)


@pytest.mark.parametrize(
    ("provider", "operation"),
    [("akool", CREATE), ("heygen", "createVideo"), ("replicate", "createModelPrediction")],
)
def test_a_job_is_followed_to_its_result(provider: str, operation: str) -> None:
    world = Emulated(provider)
    ended = world.ended(operation)
    assert ended.status == "completed"
    assert ended.download_url is not None
    assert ended.download_url.startswith(world.emulator.media_base)
    states = [seen for seen in world.emulator.seen if seen.method != "POST"]
    assert len(states) == len(world.slept)


def test_a_failed_job_says_why_and_is_not_asked_again() -> None:
    world = Emulated("akool", "job-fails")
    ended = world.ended(CREATE)
    assert ended.status == "failed"
    polls = [seen for seen in world.emulator.seen if "infobymodelid" in seen.path]
    assert len(polls) == len(world.slept)


def test_a_job_that_takes_too_long_is_given_back_as_it_was_last_seen() -> None:
    world = Emulated("akool", "job-stuck")
    ended = world.ended(CREATE, most_s=100.0, interval_s=10.0)
    assert ended.status == "processing"
    assert world.slept == [10.0] * 10


def test_polls_that_fail_are_made_again_and_the_job_is_still_followed() -> None:
    world = Emulated("akool")
    calls = iter(range(1000))

    def flaky(method: str, url: str, body: bytes) -> httpx.Response:
        if next(calls) % 2 == 0:
            raise httpx.ConnectError("refused")
        return world.send(method, url, body)

    ended = wait_for("akool", CREATE, world.started(CREATE), flaky, sleep=world.sleep)
    assert ended.status == "completed"


def test_a_network_that_is_gone_ends_it_with_that_word() -> None:
    def gone(method: str, url: str, body: bytes) -> httpx.Response:
        raise httpx.ConnectError("refused")

    ended = wait_for("akool", CREATE, "job-1", gone, sleep=lambda _s: None)
    assert (ended.video_id, ended.status) == ("job-1", "connection_error")


def test_what_starts_no_job_cannot_be_waited_for() -> None:
    with pytest.raises(UsageError, match="starts no job"):
        wait_for("akool", "getCredit", "1", lambda *_: answer({}))
