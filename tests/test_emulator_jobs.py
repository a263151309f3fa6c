"""Can jobs be listed, deleted, cancelled and closed, and do rarer faults bend them as told?"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from diagnostics.contract_load import load
from diagnostics.emulator import jobs
from tests.emulating import BALANCE, START_S, TOKEN, Talk, plan_of, play

CONTRACT = load("akool")
SWAP = "/api/open/v3/faceswap/highquality/specifyimage"
SWAPS = "/api/open/v3/faceswap/result/listbyids"


def swap(base: str) -> dict[str, Any]:
    face = [{"path": f"{base}/face.jpg", "opts": "1,1:2,2:3,3:4,4"}]
    return {
        "sourceImage": face,
        "targetImage": face,
        "face_enhance": 0,
        "modifyImage": f"{base}/face.jpg",
    }


async def swapped(talk: Talk) -> dict[str, Any]:
    made = (await talk.post(SWAP, swap(talk.emulator.media_base))).json()
    assert made["code"] == 1000, made
    data: dict[str, Any] = made["data"]
    return data


async def swaps(talk: Talk, *ids: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await talk.get(SWAPS, params={"_ids": ",".join(ids)})).json()
    return answer


def test_several_jobs_are_told_in_one_answer() -> None:
    async def work(talk: Talk) -> None:
        first, second = await swapped(talk), await swapped(talk)
        told = (await swaps(talk, first["_id"], "unknown", second["_id"]))["data"]["result"]
        assert [one["_id"] for one in told] == [first["_id"], second["_id"]]
        await asyncio.sleep(80)
        told = (await swaps(talk, first["_id"], second["_id"]))["data"]["result"]
        assert [one["faceswap_status"] for one in told] == [3, 3]
        for one in told:
            assert one["url"].startswith(f"{talk.emulator.media_base}/out/{one['_id']}.")
            assert (await talk.client.get(one["url"])).status_code == 200

    play(work)


def test_a_deleted_job_is_gone() -> None:
    async def work(talk: Talk) -> tuple[int, int]:
        one, other = (await swapped(talk))["_id"], (await swapped(talk))["_id"]
        deleted = await talk.post("/api/open/v3/faceswap/result/delbyids", {"_ids": one})
        assert deleted.json()["code"] == 1000
        return (await swaps(talk, one))["code"], (await swaps(talk, other))["code"]

    assert play(work) == (1008, 1000)


def test_a_cancelled_job_ends_without_a_result() -> None:
    async def work(talk: Talk) -> dict[str, Any]:
        made = await swapped(talk)
        assert made["job_id"] != made["_id"]
        cancel = {"job_ids": made["job_id"]}
        cancelled = await talk.post("/api/open/v3/faceswap/job/del", cancel)
        assert cancelled.json()["code"] == 1000
        await asyncio.sleep(100)
        told: dict[str, Any] = (await swaps(talk, made["_id"]))["data"]["result"][0]
        return told

    told = play(work)
    assert told["faceswap_status"] == 4
    assert not told["url"]


def test_a_closed_session_says_so() -> None:
    async def work(talk: Talk) -> list[int]:
        body = {"avatar_id": "invented_avatar"}
        made = (await talk.post("/api/open/v4/liveAvatar/session/create", body)).json()
        session = made["data"]["_id"]
        detail = "/api/open/v4/liveAvatar/session/detail"
        states = []
        for wait_s in (20, 5):
            await asyncio.sleep(wait_s)
            answer = await talk.get(detail, params={"id": session})
            states.append(answer.json()["data"]["status"])
            ids = {"session_id": session, "id": session}
            await talk.post("/api/open/v4/liveAvatar/session/close", ids)
        return states

    assert play(work) == [2, 3]


def test_a_create_whose_answer_was_lost_is_found_in_the_list(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "createSpeech", "do": {"reset": "after"}})

    async def work(talk: Talk) -> None:
        example = next(iter(CONTRACT.operations["createSpeech"].examples.values()))
        with pytest.raises(Exception, match="reset"):
            await talk.post("/api/open/v4/voice/tts", example)
        (lost,) = talk.emulator.jobs
        listed = (await talk.get("/api/open/v4/voice/resource/list", params={"type": "1"})).json()
        assert [one["_id"] for one in listed["data"]["result"]] == [lost.id]
        assert listed["data"]["result"][0]["status"] == 1

    play(work, plan)


def test_the_oldest_job_makes_room_when_there_are_too_many() -> None:
    kept = jobs.Jobs(CONTRACT, seed=0, speed=1, limit=3)
    op = CONTRACT.operations["createTalkingPhoto"]
    made = [kept.accept(op, {}, START_S).id for _ in range(5)]
    assert [work.id for work in kept] == made[2:]
    assert kept.get(made[0]) is None


# --- rarer faults -----------------------------------------------------------------------------


def test_values_of_a_status_answer_can_be_overwritten(tmp_path: Path) -> None:
    do = {"set": {"data._id": 7, "data.video_status": "three", "new.place": [1]}}
    plan = plan_of(tmp_path, {"target": "read", "do": do})

    async def work(talk: Talk) -> dict[str, Any]:
        return await talk.status(await talk.started())

    told = play(work, plan)
    assert (told["data"]["_id"], told["data"]["video_status"]) == (7, "three")
    assert told["new"] == {"place": [1]}


def test_a_token_that_expires_is_wrong_and_a_new_one_is_right(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "balance", "calls": 2, "do": {"tokens": "expired"}})

    async def work(talk: Talk) -> list[int]:
        account = {
            "clientId": talk.emulator.client_id,
            "clientSecret": talk.emulator.client_secret,
        }

        async def bought() -> dict[str, str]:
            token = (await talk.client.post(TOKEN, json=account)).json()["token"]
            return {"Authorization": f"Bearer {token}"}

        first = await bought()
        codes = [(await talk.get(BALANCE, headers=first)).json()["code"] for _ in range(3)]
        return [*codes, (await talk.get(BALANCE, headers=await bought())).json()["code"]]

    assert play(work, plan) == [1000, 1101, 1101, 1000]


def test_a_job_can_take_as_long_as_a_plan_wants(tmp_path: Path) -> None:
    do = {"job": {"queue_s": 0, "run_s": 600}}
    plan = plan_of(tmp_path, {"target": "create", "do": do})

    async def work(talk: Talk) -> list[int]:
        job, states = await talk.started(), []
        for wait_s in (0, 599, 2):
            await asyncio.sleep(wait_s)
            states.append((await talk.status(job))["data"]["video_status"])
        return states

    assert play(work, plan) == [2, 2, 3]


def test_a_clock_beyond_the_calendar_still_gives_a_date(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "*", "do": {"clock_s": -1_000_000_000}})
    answer = play(lambda talk: talk.get(BALANCE), plan)
    assert answer.headers["date"].endswith("GMT")
    assert "1995" in answer.headers["date"]


def test_headers_and_an_empty_answer_of_a_plan_arrive(tmp_path: Path) -> None:
    do = {"status": 204, "headers": {"X-Mine": "1", "Content-Length": "99"}}
    plan = plan_of(tmp_path, {"target": "balance", "do": do})
    answer = play(lambda talk: talk.get(BALANCE), plan)
    assert (answer.status_code, answer.headers["x-mine"], answer.content) == (204, "1", b"")
    assert "content-length" not in answer.headers
