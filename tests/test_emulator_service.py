"""Does the emulator do what the provider's contract says?"""

import asyncio
import json
import math
from email.utils import parsedate_to_datetime

import httpx
import pytest

from diagnostics.contract import dig
from diagnostics.contract_load import load
from tests.emulating import BALANCE, CREATE, START_S, STATUS, TOKEN, Talk, play

CONTRACT = load("akool")


# --- addresses --------------------------------------------------------------------------------


def test_an_unknown_address_gives_an_html_404_and_a_wrong_method_an_html_405() -> None:
    async def work(talk: Talk) -> list[httpx.Response]:
        return [
            await talk.get("/photo/talking"),
            await talk.client.put(CREATE),
            await talk.client.post(BALANCE),
        ]

    unknown, wrong, posted = play(work)
    assert unknown.status_code == 404
    assert wrong.status_code == posted.status_code == 405
    assert (wrong.headers["allow"], posted.headers["allow"]) == ("POST", "GET")
    assert all(a.headers["content-type"].startswith("text/html") for a in (unknown, wrong, posted))


def test_every_operation_of_the_contract_answers_json_at_its_documented_address() -> None:
    async def work(talk: Talk) -> dict[str, httpx.Response]:
        found = {}
        for op in CONTRACT.operations.values():
            path = op.path.replace("{_id}", "0" * 24)
            example: object = next(iter(op.examples.values()), {})
            body = _reachable(example, op.media, talk.emulator.media_base)
            found[op.id] = await talk.client.request(op.method, path, json=body, headers=talk.key)
        return found

    answers = play(work, credits=1e6)
    assert set(answers) == set(CONTRACT.operations)
    for name, answer in answers.items():
        assert answer.status_code == 200, name
        reading = CONTRACT.envelopes[CONTRACT.operations[name].envelope]
        assert reading.code in answer.json(), name
        assert "cloudfront" not in answer.text, name


def test_every_answer_says_when_by_whom_and_under_which_id() -> None:
    async def work(talk: Talk) -> tuple[httpx.Response, httpx.Response]:
        first = await talk.get(BALANCE)
        await asyncio.sleep(90)
        return first, await talk.get("/nowhere")

    first, later = play(work)
    for answer in (first, later):
        assert answer.headers["server"] == "diagnostics-emulator"
        assert answer.headers["x-diagnostics-emulator"] == "1"
    assert first.headers["x-request-id"] != later.headers["x-request-id"]
    assert parsedate_to_datetime(first.headers["date"]).timestamp() == START_S
    assert parsedate_to_datetime(later.headers["date"]).timestamp() == START_S + 90


def test_two_emulators_of_one_seed_say_the_same_and_of_two_seeds_do_not() -> None:
    async def work(talk: Talk) -> tuple[str, str]:
        answer = await talk.post(CREATE, talk.body())
        return answer.text, answer.headers["x-request-id"]

    assert play(work, seed=7) == play(work, seed=7)
    assert play(work, seed=7) != play(work, seed=8)


def test_the_control_address_tells_the_invented_account() -> None:
    async def work(talk: Talk) -> None:
        about = (await talk.client.get("/_emulator")).json()
        assert about == {
            "schema": "diagnostics.emulator/1",
            "provider": "akool",
            "key": talk.emulator.key,
            "client_id": talk.emulator.client_id,
            "client_secret": talk.emulator.client_secret,
            "webhook_secret": talk.emulator.client_secret,
            "media_base": talk.emulator.media_base,
            "base_url": talk.emulator.base_url,
            "fault": None,
        }
        assert all("invented" in about[name] for name in ("key", "client_id", "client_secret"))

    play(work)


# --- credentials ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 1102),
        ({"x-api-key": ""}, 1102),
        ({"Authorization": "Bearer "}, 1102),
        ({"x-api-key": "invented-stranger"}, 1101),
        ({"Authorization": "Bearer invented-stranger"}, 1101),
        ({"Authorization": "invented-akool-key-0001"}, 1101),
    ],
)
def test_a_missing_key_is_1102_and_a_wrong_one_1101_inside_http_200(
    headers: dict[str, str], code: int
) -> None:
    async def work(talk: Talk) -> httpx.Response:
        return await talk.client.get(BALANCE, headers=headers)

    answer = play(work)
    assert (answer.status_code, answer.json()["code"]) == (200, code)


def test_a_token_is_sold_for_id_and_secret_and_wins_over_the_key() -> None:
    async def work(talk: Talk) -> list[int]:
        emulator = talk.emulator
        account = {"clientId": emulator.client_id, "clientSecret": emulator.client_secret}
        token = (await talk.client.post(TOKEN, json=account)).json()["token"]
        good, bad = {"Authorization": f"Bearer {token}"}, {"Authorization": "Bearer invented"}
        tried = (good, {**good, "x-api-key": "wrong"}, {**bad, **talk.key})
        return [(await talk.client.get(BALANCE, headers=h)).json()["code"] for h in tried]

    assert play(work) == [1000, 1000, 1101]


def test_a_wrong_secret_buys_no_token() -> None:
    async def work(talk: Talk) -> httpx.Response:
        wrong = {"clientId": talk.emulator.client_id, "clientSecret": "invented-wrong"}
        return await talk.client.post(TOKEN, json=wrong)

    answer = play(work).json()
    assert answer["code"] == 1101
    assert "token" not in answer


# --- requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"resolution": "720p"}, "resolution"),
        ({"audio_url": None}, "audio_url"),
        ({"talking_photo_url": 5}, "talking_photo_url"),
    ],
)
def test_a_broken_parameter_is_1003_and_named(changed: dict[str, object], named: str) -> None:
    async def work(talk: Talk) -> dict[str, object]:
        return await talk.create(**changed)

    answer = play(work)
    assert answer["code"] == 1003
    assert named in str(answer["msg"])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1, 2", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 900, b"[]", b"7"],
)
def test_a_body_that_is_no_object_is_1003(body: bytes) -> None:
    async def work(talk: Talk) -> httpx.Response:
        return await talk.client.post(CREATE, content=body, headers=talk.key)

    assert play(work).json()["code"] == 1003


def test_a_body_over_ten_megabytes_is_413() -> None:
    async def work(talk: Talk) -> httpx.Response:
        return await talk.client.post(CREATE, content=b" " * (10 * 2**20 + 1), headers=talk.key)

    assert play(work).status_code == 413


# --- money ------------------------------------------------------------------------------------


def test_an_accepted_create_is_charged_and_a_refused_one_costs_nothing() -> None:
    async def work(talk: Talk) -> list[float]:
        seen = [await talk.balance()]
        for changed in ({}, {"resolution": "9"}, {"audio_url": "https://nowhere.invalid/a.mp3"}):
            await talk.create(**changed)
            seen.append(await talk.balance())
        assert list(talk.emulator.charged) == [("createTalkingPhoto", 10.0)]
        return seen

    assert play(work) == [1000, 990, 990, 990]


def test_without_credits_a_create_is_1006_and_a_read_still_works() -> None:
    async def work(talk: Talk) -> tuple[int, int, float]:
        codes = [(await talk.create())["code"] for _ in range(3)]
        return codes[1], codes[2], await talk.balance()

    assert play(work, credits=20) == (1000, 1006, 0)


def test_a_documented_price_is_what_a_create_costs() -> None:
    async def work(talk: Talk) -> float:
        base = talk.emulator.media_base
        body = {
            "image_url": f"{base}/face.png",
            "prompt": "p",
            "negative_prompt": "n",
            "resolution": "4k",
            "video_length": 10,
            "extend_prompt": False,
            "audio_type": 3,
        }
        made = await talk.post("/api/open/v4/image2Video/createBySourcePrompt", body)
        assert made.json()["code"] == 1000, made.text
        return await talk.balance()

    assert play(work) == 1000 - 60


def test_more_paid_calls_than_the_limit_are_1005_until_the_minute_is_over() -> None:
    async def work(talk: Talk) -> list[int]:
        codes = [(await talk.create())["code"] for _ in range(3)]
        await asyncio.sleep(61)
        return [*codes, (await talk.create())["code"]]

    assert play(work, per_minute=2) == [1000, 1000, 1005, 1000]
    assert play(work, per_minute=math.inf) == [1000] * 4


# --- jobs -------------------------------------------------------------------------------------


def test_a_job_is_queued_runs_and_ends_with_an_output_that_can_be_fetched() -> None:
    async def work(talk: Talk) -> None:
        job = await talk.started()
        states, seen_s = [], []
        for _ in range(16):
            data = (await talk.status(job))["data"]
            assert data["_id"] == job
            states.append(data["video_status"])
            seen_s.append(talk.emulator.clock.now() - START_S)
            if data["video"]:
                break
            await asyncio.sleep(5)
        assert states == sorted(states)
        assert set(states) == {1, 2, 3}
        assert 45 <= seen_s[-1] <= 75
        assert data["video"] == f"{talk.emulator.media_base}/out/{job}.mp4"
        media = await talk.client.get(data["video"])
        assert (media.status_code, media.headers["content-type"]) == (200, "video/mp4")
        assert media.content[4:8] == b"ftyp"

    play(work)


def test_the_output_of_a_job_that_runs_is_not_there() -> None:
    async def work(talk: Talk) -> int:
        job = await talk.started()
        return (await talk.client.get(f"{talk.emulator.media_base}/out/{job}.mp4")).status_code

    assert play(work) == 404


def test_speed_makes_jobs_shorter() -> None:
    async def work(talk: Talk) -> int:
        job = await talk.started()
        await asyncio.sleep(1)
        return int((await talk.status(job))["data"]["video_status"])

    assert play(work, speed=100) == 3
    assert play(work) == 1


def test_a_job_nobody_started_is_1008_and_a_status_call_without_id_1003() -> None:
    async def work(talk: Talk) -> tuple[int, int]:
        missing = (await talk.get(STATUS)).json()
        assert "video_model_id" in missing["msg"]
        return (await talk.status("0" * 24))["code"], missing["code"]

    assert play(work) == (1008, 1003)


_LIVES = [op for op in CONTRACT.operations.values() if op.job and op.examples]


@pytest.mark.parametrize("name", [op.id for op in _LIVES])
def test_a_create_of_every_family_can_be_followed_to_its_end(name: str) -> None:
    """The ids, states and outputs stand where the contract says they stand."""
    op = CONTRACT.operations[name]
    job = op.job
    assert job

    async def work(talk: Talk) -> None:
        body = _reachable(next(iter(op.examples.values())), op.media, talk.emulator.media_base)
        made = (await talk.client.request(op.method, op.path, json=body, headers=talk.key)).json()
        ids = [found for path in job.id for found in dig(made, path)]
        assert len(ids) >= 1, made
        for expected in ({"pending"}, {"done", "ready"}):
            read = await _read(talk, job, str(ids[0]))
            assert any(str(ids[0]) in str(read) for _ in "x")
            seen = [str(found) for path in job.status for found in dig(read, path)]
            assert seen, read
            assert job.states[seen[0]].kind.value in expected
            await asyncio.sleep(80)

    play(work, credits=1e6)


def _reachable(body: object, media: object, base: str) -> object:
    """The example with media of ours in place of the documentation's."""
    samples = {"image": "face.jpg", "video": "clip.mp4", "audio": "speech.mp3"}
    text = json.loads(json.dumps(body))
    for path, limits in getattr(media, "items", dict)():
        for holder in dig(text, path.rpartition(".")[0]) if "." in path else [text]:
            key = path.rpartition(".")[2]
            if isinstance(holder, dict) and holder.get(key):
                role = limits.role.partition("-")[0]
                holder[key] = f"{base}/{samples.get(role, 'face.jpg')}"
    return text


async def _read(talk: Talk, job: object, named: str) -> object:
    read = CONTRACT.operations[job.read]  # type: ignore[attr-defined]  # a Job
    place, name = job.read_in, job.read_name  # type: ignore[attr-defined]  # a Job
    path = read.path.replace("{" + name + "}", named) if place == "path" else read.path
    answer = await talk.client.request(
        read.method,
        path,
        params={name: named} if place == "query" else None,
        json={name: named} if place == "body" else None,
        headers=talk.key,
    )
    return answer.json()
