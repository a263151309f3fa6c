"""Do drivers, tapes and judges hold at their edges: cut wires, odd servers, half a tape?"""

import asyncio
import io
import json
import signal
from collections.abc import AsyncIterator, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest

from diagnostics import answers
from diagnostics import tape as tapes
from diagnostics.cli import main
from diagnostics.cli.screen import Screen
from diagnostics.drive.authority import Authority
from diagnostics.drive.clock import RealClock
from diagnostics.drive.conversation import Conversations
from diagnostics.drive.driver import Slot
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import _fault
from diagnostics.drive.policy import retry_after_s
from diagnostics.drive.replay import Replay
from diagnostics.drive.wire import UnresolvedName, _poller, _resolve
from diagnostics.errors import Exit, UsageError
from diagnostics.jobs import follow, stories
from diagnostics.judge import judge
from diagnostics.model import (
    Exchange,
    Fault,
    FaultKind,
    Plan,
    PollPolicy,
    Purpose,
    Request,
    Response,
    Tape,
    Unsent,
)
from diagnostics.redact import Gate
from diagnostics.tape_values import case_from
from scenarios import formats, job, parameters
from tests.drive_cases import akool, answer, case, create, exchange, policy, poll, state
from tests.test_cli_edges import Interrupting
from tests.test_job import LOST, MADE, URL, codes, fetched, judged, story
from tests.test_live import asked
from tests.test_retry import Memory
from tests.wire import http

KEY = "invented-akool-key-0001"
BALANCE = akool().request("getCredit")


# --- an application in this process -----------------------------------------------------------


def through(application: Any, request: httpx.Request) -> httpx.Response:
    return asyncio.run(AsgiTransport(application).handle_async_request(request))


def test_an_application_that_says_nothing_is_a_connection_that_was_reset() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        assert scope["path"] == "/x"

    with pytest.raises(httpcore.RemoteProtocolError) as caught:
        through(silent, httpx.Request("GET", "http://h/x"))
    assert _fault(caught.value).kind is FaultKind.RESET


def test_a_streamed_body_reaches_the_application_whole_and_once() -> None:
    heard: list[Any] = []

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([await receive(), await receive()])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    answered = through(listening, httpx.Request("POST", "http://h/x", content=parts()))
    assert answered.status_code == 204
    assert (heard[0]["body"], heard[0]["more_body"]) == (b"onetwo", False)
    assert heard[1] == {"type": "http.disconnect"}


def test_what_an_application_says_after_it_broke_the_connection_is_not_heard() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        scope["extensions"]["diagnostics.abort"]()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    with pytest.raises(httpcore.ReadError):
        through(broken, httpx.Request("GET", "http://h/x"))


# --- the wire ---------------------------------------------------------------------------------


def test_an_address_that_is_none_is_our_request_s_fault_and_nothing_is_sent() -> None:
    heard: list[bytes] = []

    def script(raw: bytes) -> list[bytes]:
        heard.append(raw)
        return [http()]

    wrong = Request(method="GET", url="http://h:port/x", purpose=Purpose.MEDIA)
    found = asked(script, wrong).answer
    assert isinstance(found, Fault)
    assert (found.kind, found.may_have_arrived, heard) == (FaultKind.BAD_REQUEST, False, [])


@pytest.mark.parametrize(
    ("error", "kind", "arrived"),
    [
        (httpcore.ConnectError("all attempts failed"), FaultKind.CONNECT, False),
        (httpcore.ConnectError("[Errno 111] Connection refused"), FaultKind.REFUSED, False),
        (httpcore.NetworkError("of a later httpcore"), FaultKind.PROTOCOL, True),
    ],
)
def test_a_failure_without_a_class_of_its_own_still_has_a_kind(
    error: Exception, kind: FaultKind, *, arrived: bool
) -> None:
    found = _fault(error)
    assert (found.kind, found.may_have_arrived) == (kind, arrived)


def test_a_name_is_resolved_to_each_address_once_or_not_in_time() -> None:
    found = asyncio.run(_resolve("localhost", 80, 5.0))
    assert found
    assert len(found) == len(set(found))
    assert set(found) <= {"127.0.0.1", "::1"}
    with pytest.raises(UnresolvedName, match="took too long"):
        asyncio.run(_resolve("localhost", 80, 0.0))


def test_without_a_socket_nothing_can_be_asked_for_waiting_bytes() -> None:
    assert _poller(None) is None


def test_a_date_without_a_zone_in_retry_after_is_utc() -> None:
    said = answer({}, 503, Retry_After="Thu, 01 Jan 1970 00:01:40 -0000")
    assert retry_after_s(said, 40.0) == 60.0


def test_a_free_request_that_is_cancelled_leaves_nothing_on_the_tape() -> None:
    class Hanging:
        async def exchange(self, request: Request, slot: Slot) -> Exchange:
            await asyncio.Event().wait()
            raise AssertionError

    memory = Memory()

    def ask(request: Request) -> Generator[Request, Exchange, None]:
        yield request

    async def work(request: Request) -> None:
        conversations = Conversations(
            driver=Hanging(), policy=policy(), clock=RealClock(), recorder=memory, scenario="job"
        )
        task = asyncio.ensure_future(conversations.run(ask(request)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work(BALANCE))
    assert memory.kept == []
    asyncio.run(work(akool().request("createTalkingPhoto", body={})))
    assert len(memory.kept) == 1


def test_a_recording_with_another_body_is_told_as_such() -> None:
    other = akool().request("createTalkingPhoto", body={"resolution": "1080"})
    told = asyncio.run(Replay([create(MADE)]).exchange(other, Slot())).answer
    assert isinstance(told, Unsent)
    assert "recorded / asked: body.resolution: '720' / '1080'" in told.message


# --- credentials ------------------------------------------------------------------------------


def authority(contract: Any) -> Authority:
    values = {
        "AKOOL_API_KEY": KEY,
        "AKOOL_CLIENT_ID": "invented-id",
        "AKOOL_CLIENT_SECRET": "invented-secret",
    }
    return Authority(
        contract=contract,
        values=values,
        register=lambda _value, _kind: None,
        hosts=frozenset({"h"}),
    )


def test_a_token_is_bought_once_and_the_key_is_sent_beside_it() -> None:
    bought: list[Request] = []

    async def send(request: Request, _body: bytes) -> Exchange:
        bought.append(request)
        return exchange(request, answer({"code": 1000, "token": "invented-token-1"}))

    async def work() -> Any:
        guard = authority(akool())
        return [await guard.headers(BALANCE, "h", send) for _ in range(2)]

    first, second = asyncio.run(work())
    assert first == second
    assert ("x-api-key", KEY) in first
    assert ("Authorization", "Bearer invented-token-1") in first
    assert len(bought) == 1


def test_a_token_that_could_not_be_fetched_is_not_sent() -> None:
    async def send(request: Request, _body: bytes) -> Exchange:
        return exchange(request, LOST)

    sent = asyncio.run(authority(akool()).headers(BALANCE, "h", send))
    assert sent == (("x-api-key", KEY),)


# --- tapes ------------------------------------------------------------------------------------


def test_a_large_binary_body_is_kept_beside_the_tape_and_read_again(tmp_path: Path) -> None:
    body = bytes(range(256)) * 2000
    file = tapes.TapeFile(tmp_path, Gate(("", "")))
    file.begin(case())
    file.append(fetched(Response(status=200, body=body), 0))
    file.close()
    file.close()
    (kept,) = tapes.read(tmp_path).exchanges
    assert kept.response is not None
    assert kept.response.body == body
    assert len(list((tmp_path / "blobs").iterdir())) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_disk_that_fills_up_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / tapes.NAME).symlink_to("/dev/full")
    with pytest.raises(UsageError, match="No space left") as caught:
        tapes.TapeFile(tmp_path, Gate(("", ""))).begin(case())
    assert "diagnostics report" in (caught.value.hint or "")


def test_a_tape_whose_first_line_lacks_a_field_names_it() -> None:
    with pytest.raises(KeyError, match="Case: "):
        case_from({"run_id": "1"})


# --- jobs and judges --------------------------------------------------------------------------


def test_an_operation_that_starts_nothing_is_not_followed() -> None:
    credit = akool().operations["getCredit"]
    assert list(follow(akool(), credit, "job1", PollPolicy())) == []


@pytest.mark.parametrize("scenario", [formats.SCENARIO, job.SCENARIO, parameters.SCENARIO])
def test_without_a_planned_call_nothing_is_asked(scenario: Any) -> None:
    assert list(scenario.ask(akool(), case(plan=None))) == []


def test_without_a_plan_or_its_call_there_is_no_format_to_judge() -> None:
    assert list(formats.SCENARIO.judge(akool(), Tape(case=case(plan=None), exchanges=()))) == []
    assert list(formats.SCENARIO.judge(akool(), Tape(case=case(), exchanges=()))) == []


def test_no_more_combinations_are_built_than_anybody_reads() -> None:
    photo = akool().operations["createTalkingPhoto"]
    limits = photo.media["talking_photo_url"]
    names = [f"inputs.face{number}" for number in range(6)]
    body = {"inputs": {name.partition(".")[2]: "http://h/f.png" for name in names}}
    wide = replace(photo, media=dict.fromkeys(names, limits))
    contract = replace(akool(), operations={photo.id: wide})
    plan = Plan(operation=photo.id, body=body)
    built = list(formats.SCENARIO.ask(contract, case(plan=plan)))
    assert len(built) == formats.COMBINATIONS_MAX
    bodies = {request.body for request in built if isinstance(request, Request)}
    assert len(bodies) == formats.COMBINATIONS_MAX


def test_a_query_of_many_fields_is_judged_by_its_first_five_hundred() -> None:
    request = replace(BALANCE, url=BALANCE.url + "?" + "&".join("a=1" for _ in range(5000)))
    tape = Tape(case=case(), exchanges=(exchange(request, answer({"code": 1000})),))
    found = list(parameters.SCENARIO.judge(akool(), tape))
    assert codes(found) == ["parameter-doubtful", "parameters-fit"]
    assert found[-1].facts["count"] == 1


def test_a_result_without_a_job_and_a_call_of_nobody_tell_no_story() -> None:
    stranger = Request(method="GET", url="http://h/x", operation="noSuchOperation")
    assert stories(akool(), [fetched(answer({}), 0), exchange(stranger, answer({}), 1)]) == []


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("listImageToVideos", {"body": {"_ids": "job9"}}),
        ("getVoice", {"path": {"_id": "job9"}}),
        ("getVideo", {"query": {"page": "1", "video_model_id": "job9"}}),
    ],
)
def test_a_job_read_elsewhere_is_known_by_the_id_that_was_asked_for(
    operation: str, given: dict[str, Any]
) -> None:
    read = replace(akool().request(operation, **given), label="")
    (found,) = stories(akool(), [exchange(read, answer({"code": 1000, "data": {}}))])
    assert found.id == "job9"


def test_a_session_that_was_closed_is_no_result_and_no_fault() -> None:
    made = answer({"code": 1000, "data": {"_id": "s1", "status": 1}})
    closed = answer({"code": 1000, "data": {"_id": "s1", "status": 3}})
    session = [
        exchange(akool().request("createLiveSession", body={}), made, 0),
        exchange(akool().request("getLiveSession", query={"id": "s1"}, label="s1"), closed, 1),
    ]
    assert judged(*session) == []


def test_a_lost_result_of_a_provider_that_tells_no_lifetime_promises_none() -> None:
    photo = akool().operations["createTalkingPhoto"]
    assert photo.job is not None
    timeless = replace(photo, job=replace(photo.job, lifetime_days=None))
    contract = replace(
        akool(), operations={photo.id: timeless, "getVideo": akool().operations["getVideo"]}
    )
    tape = [*story(state(3, video=URL)), fetched(answer({}, 404), 2)]
    found = [*job.SCENARIO.judge(contract, Tape(case=case(), exchanges=tuple(tape)))]
    assert codes(found) == ["job-output-unreachable"]
    assert "days" not in found[0].remedy("en")
    (told,) = judged(*tape)
    assert "7 days" in told.remedy("en")


def test_a_result_that_could_not_be_looked_into_is_a_result_all_the_same() -> None:
    tape = [*story(state(3, video=URL)), fetched(Response(status=206), 2)]
    assert codes(judged(*tape)) == ["job-finished"]


def test_a_code_nobody_documented_is_told_as_unknown() -> None:
    (found,) = answers.findings(akool(), poll(answer({"code": 987654, "msg": "odd"}), 0))
    assert found.code == "987654"
    assert found.certainty < 0.5


def test_a_success_that_names_failed_parts_is_told() -> None:
    contract = akool()
    partial = {
        name: replace(envelope, partial=("data.failed",))
        for name, envelope in contract.envelopes.items()
    }
    said = answer({"code": 1000, "data": {"failed": ["clip 2"], "video_status": 3}})
    (found,) = answers.findings(replace(contract, envelopes=partial), poll(said, 0))
    assert "clip 2" in found.message("en")


@pytest.mark.parametrize(("after", "says"), [(90, "fell by 10 credits"), (100, "has not fallen")])
def test_a_create_without_an_answer_is_looked_up_in_the_balance(after: float, says: str) -> None:
    def balance(credit: float, position: int) -> Exchange:
        return exchange(BALANCE, answer({"code": 1000, "data": {"credit": credit}}), position)

    tape = Tape(case=case(), exchanges=(balance(100, 0), create(LOST, 1), balance(after, 2)))
    (found,) = judge(akool(), tape, []).ambiguous
    assert says in found.looked_up


# --- whole runs -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_interrupted_run_is_reported_with_the_jobs_that_go_on(folder: Path) -> None:
    module, options = main.parse(["run", "job", "--fault", "job-stuck", "--max-polls", "7"])
    progress = Interrupting("processing", signal.SIGINT)
    out = io.StringIO()
    assert module.main(options, Screen(streams=(out, progress))) == Exit.INTERRUPTED
    (result,) = folder.glob("out/*/result.json")
    kept = json.loads(result.read_text())
    assert len(kept["running_jobs"]) == 1
    assert f"Still running: job {kept['running_jobs'][0]}" in out.getvalue()


def test_failing_fast_leaves_out_what_comes_after_the_first_failure(folder: Path) -> None:
    given = ["run", "credentials", "job", "--fault", "bad-key", "--fail-fast", "--json"]
    assert main.main(given) == Exit.FINDINGS
    (result,) = folder.glob("out/*/result.json")
    ran = {one["name"]: one for one in json.loads(result.read_text())["scenarios"]}
    assert ran["credentials"]["verdict"] == "fail"
    assert ran.get("job", {"requests": 0})["requests"] == 0
