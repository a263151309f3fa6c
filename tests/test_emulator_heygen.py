"""Does the emulated HeyGen behave as HeyGen does: three versions, four ways to answer?"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.cli.main import main
from diagnostics.contract import first
from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, load_plan
from diagnostics.emulator.serve import Served
from diagnostics.jobs import read_request
from diagnostics.prepare import with_samples
from diagnostics.promise import Operation, StateKind
from tests.emulating import START_S, plan_of

HEYGEN = load("heygen")
V3, V2 = "/v3/videos", "/v2/video/generate"
FILM = {"type": "avatar", "avatar_id": "look", "script": "Hello", "voice_id": "voice"}
SCENE = {
    "character": {"type": "avatar", "avatar_id": "a"},
    "voice": {"type": "text", "input_text": "Hello", "voice_id": "v"},
}
SCENES = {"video_inputs": [SCENE]}

Result = TypeVar("Result")
Work = Callable[[httpx.AsyncClient, Emulator], Awaitable[Result]]


def play(work: Work[Result], faults: FaultPlan | str | None = None, **knobs: Any) -> Result:
    """A conversation with a fresh emulator, with its key, in virtual time."""
    clock = VirtualClock(START_S)
    plan = load_plan(faults) if isinstance(faults, str) else faults
    emulator = Emulator(HEYGEN, clock=clock, faults=plan, **knobs)

    async def talk() -> Result:
        async with httpx.AsyncClient(
            transport=AsgiTransport(emulator),
            base_url=emulator.base_url,
            headers={"x-api-key": emulator.key},
        ) as client:
            return await work(client, emulator)

    return run(talk(), clock)


def asked(path: str, method: str = "GET", body: Any = None, **headers: str) -> httpx.Response:
    """One request to a fresh emulator."""

    async def work(client: httpx.AsyncClient, _: Emulator) -> httpx.Response:
        return await client.request(method, path, json=body, headers=headers)

    return play(work)


async def states(
    client: httpx.AsyncClient, path: str, place: str = "status"
) -> tuple[list[str], dict[str, Any]]:
    """The states a status address tells until they change no more, and its last answer."""
    seen: list[str] = []
    for _ in range(60):
        data: dict[str, Any] = (await client.get(path)).json()["data"]
        if data[place] not in seen:
            seen.append(data[place])
        if data[place] in {"completed", "failed", "success", "complete"}:
            break
        await asyncio.sleep(5)
    return seen, data


# --- a video's life -----------------------------------------------------------------------------


def test_a_video_of_v3_is_made_followed_and_fetched() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        made = (await client.post(V3, json=FILM)).json()["data"]
        assert set(made) == {"video_id", "status", "output_format"}
        seen, done = await states(client, f"{V3}/{made['video_id']}")
        assert seen == ["pending", "processing", "completed"]
        assert done["id"] == made["video_id"]
        assert "video_id" not in done
        film = await client.get(done["video_url"])
        assert film.headers["content-type"] == "video/mp4"
        assert film.content[4:8] == b"ftyp"

    play(work)


def test_a_video_of_v2_is_read_by_v1_and_by_no_other_version() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        made = (await client.post(V2, json=SCENES)).json()
        assert made["error"] is None
        job = made["data"]["video_id"]
        seen, done = await states(client, f"/v1/video_status.get?video_id={job}")
        assert seen == ["pending", "processing", "completed"]
        assert done["error"] is None
        assert done["id"] == job
        assert "video_id" not in done
        assert done["video_url"].endswith(".mp4")
        elsewhere = await client.get(f"{V3}/{job}")
        assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (
            404,
            "video_not_found",
        )

    play(work)


def test_a_list_shows_the_videos_that_were_just_made() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        first_job = (await client.post(V3, json=FILM)).json()["data"]["video_id"]
        second_job = (await client.post(V3, json=FILM)).json()["data"]["video_id"]
        listed = (await client.get(V3)).json()["data"]
        assert [entry["id"] for entry in listed] == [second_job, first_job]
        old = (await client.post(V2, json=SCENES)).json()["data"]["video_id"]
        listed = (await client.get("/v1/video.list")).json()["data"]["videos"]
        assert [entry["video_id"] for entry in listed] == [old]

    play(work)


def test_a_deleted_video_is_not_found() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        job = (await client.post(V3, json=FILM)).json()["data"]["video_id"]
        assert (await client.delete(f"{V3}/{job}")).status_code == 200
        gone = await client.get(f"{V3}/{job}")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "video_not_found")

    play(work)


def creates() -> list[Operation]:
    return [op for op in HEYGEN.operations.values() if op.job]


@pytest.mark.parametrize("op", [pytest.param(op, id=op.id) for op in creates()])
def test_whatever_starts_a_job_can_be_followed_to_its_end(op: Operation) -> None:
    job = op.job
    assert job is not None

    async def work(client: httpx.AsyncClient, emulator: Emulator) -> str:
        body = with_samples(deepcopy(next(iter(op.examples.values()))), op, emulator.media_base)
        path = op.path.replace("{template_id}", "0" * 32)
        made = await client.request(op.method, path, json=body)
        assert made.status_code == 200, made.text
        named = first(made.json(), job.id)
        assert isinstance(named, str)
        await asyncio.sleep(120)
        read = read_request(HEYGEN, job, named, wait_s=0)
        url = read.url.replace(HEYGEN.host, emulator.base_url)
        told = (await client.request(read.method, url)).json()
        assert first(told, job.id) == named
        assert bool(first(told, job.output)) == bool(job.output)
        return str(first(told, job.status))

    kind = job.states[play(work)].kind
    assert kind is (StateKind.DONE if job.output else StateKind.READY)


# --- four ways to answer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/v2/talking_photo", "POST"),
        ("/v3/user/me", "GET"),
        ("/v9/anything", "GET"),
        ("/v1/video.nothing", "POST"),
    ],
)
def test_a_path_that_does_not_exist_answers_with_a_page(path: str, method: str) -> None:
    answer = asked(path, method, {} if method == "POST" else None)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_an_id_that_does_not_exist_answers_with_json_in_the_envelope_of_its_version() -> None:
    v3 = asked(f"{V3}/nobody")
    assert (v3.status_code, set(v3.json())) == (404, {"error"})
    assert v3.json()["error"]["code"] == "video_not_found"
    v1 = asked("/v1/video_status.get?video_id=nobody")
    assert v1.status_code == 404
    assert v1.json() == {"code": 400569, "message": "ResourceType.PACIFIC_VIDEO not found"}


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/v3/users/me", "unauthorized", 401),
        ("/v2/user/remaining_quota", "unauthorized", 401),
        ("/v1/video.list", 40009, 401),
    ],
)
@pytest.mark.parametrize("key", ["invented-heygen-key-9999", ""])
def test_a_key_nobody_issued_is_refused_in_every_version(
    path: str, code: str | int, status: int, key: str
) -> None:
    answer = asked(path, **{"x-api-key": key})
    told = answer.json()
    assert answer.status_code == status
    assert (told.get("error") or told)["code"] == code


def test_a_bearer_token_is_no_api_key() -> None:
    async def work(client: httpx.AsyncClient, emulator: Emulator) -> int:
        del client.headers["x-api-key"]
        headers = {"authorization": f"Bearer {emulator.key}"}
        return (await client.get("/v3/users/me", headers=headers)).status_code

    assert play(work) == 401


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        (V3, {**FILM, "resolution": "480p"}, "resolution"),
        (V3, {"type": "avatar", "avatar_id": "look"}, "script"),
        (V2, {"video_inputs": []}, "video_inputs"),
        (V2, {**SCENES, "dimension": {"width": 1281, "height": 720}}, "dimension.width"),
    ],
)
def test_a_wrong_request_is_refused_by_name_and_costs_nothing(
    path: str, body: Any, named: str
) -> None:
    async def work(client: httpx.AsyncClient, emulator: Emulator) -> httpx.Response:
        answer = await client.post(path, json=body)
        assert not emulator.charged
        return answer

    answer = play(work)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_parameter"
    assert named in answer.json()["error"]["message"]


# --- money and limits ---------------------------------------------------------------------------


def test_credit_runs_out_with_402_and_the_wallet_tells_what_is_left() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        for left in (1, 0):
            assert (await client.post(V3, json=FILM)).status_code == 200
            wallet = (await client.get("/v3/users/me")).json()["data"]["wallet"]
            assert wallet["remaining_balance"] == left
        refused = await client.post(V3, json=FILM)
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            402,
            "insufficient_credit",
        )

    play(work, credits=2)


def test_one_start_too_many_is_a_429_that_says_when_to_come_back() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        assert (await client.post(V3, json=FILM)).status_code == 200
        refused = await client.post(V3, json=FILM)
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            429,
            "rate_limit_exceeded",
        )
        wait_s = int(refused.headers["retry-after"])
        assert 0 < wait_s <= 60
        await asyncio.sleep(wait_s)
        assert (await client.post(V3, json=FILM)).status_code == 200

    play(work, per_minute=1)


# --- stories ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "path", "body", "place"),
    [
        ("heygen-failed-at-poll", V3, FILM, ("failure_code", "failure_message")),
        ("heygen-failed-at-poll-v1", V2, SCENES, ("error.code", "error.detail")),
    ],
)
def test_empty_credit_is_told_by_the_poll_after_a_create_that_was_accepted(
    fault: str, path: str, body: Any, place: tuple[str, str]
) -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        made = await client.post(path, json=body)
        assert made.status_code == 200
        job = made.json()["data"]["video_id"]
        status = f"{V3}/{job}" if path == V3 else f"/v1/video_status.get?video_id={job}"
        seen, told = await states(client, status)
        assert seen[-1] == "failed"
        assert first(told, (place[0],)) == "MOVIO_PAYMENT_INSUFFICIENT_CREDIT"
        assert "'api' credits" in first(told, (place[1],))
        assert told["video_url"] is None or told["video_url"] == ""

    play(work, fault)


def test_a_finished_video_has_no_url_for_half_a_minute() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        job = (await client.post(V3, json=FILM)).json()["data"]["video_id"]
        _states, told = await states(client, f"{V3}/{job}")
        assert told["video_url"] is None
        await asyncio.sleep(30)
        assert (await client.get(f"{V3}/{job}")).json()["data"]["video_url"]

    play(work, "heygen-late-url")


def test_v1_and_v2_may_be_retired_while_v3_lives() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> list[tuple[int, str]]:
        paths = (V3, "/v1/video.list", "/v2/avatars")
        answers = [await client.get(path) for path in paths]
        return [(a.status_code, a.headers["content-type"].partition(";")[0]) for a in answers]

    page = (404, "text/html")
    assert play(work, "heygen-v1-retired") == [(200, "application/json"), page, page]


def test_an_agent_may_wait_for_a_person(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "create", "do": {"job": {"stuck": "waiting_for_input"}}})

    async def work(client: httpx.AsyncClient, _: Emulator) -> str:
        made = (await client.post("/v3/video-agents", json={"prompt": "a film"})).json()["data"]
        await asyncio.sleep(300)
        told = await client.get(f"/v3/video-agents/{made['session_id']}")
        return str(told.json()["data"]["status"])

    assert play(work, plan) == "waiting_for_input"


@pytest.mark.parametrize("call", ["createVideo", "generateVideoV2", "translateVideoV2"])
def test_a_healthy_run_of_either_generation_passes(
    call: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--operation", call, "--json", "--out", str(tmp_path), "--format", "json"]
    assert main(["run", "--provider", "heygen", "--target", "emulator", *options]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["blame"]) == ("pass", "none")


# --- the rest -----------------------------------------------------------------------------------


def test_files_are_taken_as_multipart_and_as_raw_bytes() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        sent = await client.post("/v3/assets", files={"file": ("a.png", b"\x89PNG", "image/png")})
        assert "asset_id" in sent.json()["data"]
        raw = await client.post(
            "/v1/asset", content=b"\x89PNG", headers={"content-type": "image/png"}
        )
        assert raw.json()["code"] == 100

    play(work)


def test_no_file_address_in_an_answer_leaves_this_machine() -> None:
    async def work(client: httpx.AsyncClient, emulator: Emulator) -> set[str]:
        job = (await client.post(V3, json=FILM)).json()["data"]["video_id"]
        _, told = await states(client, f"{V3}/{job}")
        return {urlsplit(told[name]).hostname or "" for name in ("video_url", "thumbnail_url")} - {
            urlsplit(emulator.base_url).hostname or ""
        }

    assert play(work) == set()


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=300), path=st.sampled_from([V3, V2, "/v3/video-agents"]))
def test_any_bytes_at_a_create_get_an_error_in_json(body: bytes, path: str) -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> httpx.Response:
        return await client.post(path, content=body)

    answer = play(work)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_parameter"


def test_over_a_socket_v3_and_v1_answer_on_one_port() -> None:
    with Served(HEYGEN) as served:
        headers = {"x-api-key": served.emulator.key}
        with httpx.Client(base_url=served.base_url, headers=headers, trust_env=False) as client:
            assert client.post(V3, json=FILM).json()["data"]["video_id"]
            gone = client.get("/v1/video_status.get", params={"video_id": "nobody"})
            assert (gone.status_code, gone.json()["code"]) == (404, 400569)
            assert client.get("/v2/talking_photo").headers["content-type"].startswith("text/html")
