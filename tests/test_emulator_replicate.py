"""Does the emulated Replicate behave as Replicate does: problems, holds, deadlines, lifetimes?"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, load_plan
from tests.emulating import START_S, plan_of

REPLICATE = load("replicate")
CREATE = "/v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions"
FOX = {"input": {"prompt": "A fox.", "duration": 5, "aspect_ratio": "16:9"}}
VERSION = {"version": "0" * 64, "input": {"text": "Alice"}}

Result = TypeVar("Result")
Work = Callable[[httpx.AsyncClient, Emulator], Awaitable[Result]]


def play(work: Work[Result], faults: FaultPlan | str | None = None, **knobs: Any) -> Result:
    """A conversation with a fresh emulator, with its key, in virtual time."""
    clock = VirtualClock(START_S)
    plan = load_plan(faults) if isinstance(faults, str) else faults
    emulator = Emulator(REPLICATE, clock=clock, faults=plan, **knobs)
    headers = {"authorization": f"Bearer {emulator.key}"}

    async def talk() -> Result:
        async with httpx.AsyncClient(
            transport=AsgiTransport(emulator), base_url=emulator.base_url, headers=headers
        ) as client:
            return await work(client, emulator)

    return run(talk(), clock)


async def ended(client: httpx.AsyncClient, job: str) -> dict[str, Any]:
    """Poll to the end."""
    for _ in range(100):
        told: dict[str, Any] = (await client.get(f"/v1/predictions/{job}")).json()
        if told["status"] not in {"starting", "processing"}:
            return told
        await asyncio.sleep(5)
    return told


# --- a prediction's life ------------------------------------------------------------------------


def test_a_prediction_is_made_followed_and_fetched() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        made = await client.post(CREATE, json=FOX)
        assert made.status_code == 201
        first = made.json()
        assert (first["status"], first["output"], first["error"]) == ("starting", None, None)
        assert re.fullmatch("[a-z0-9]{26}", first["id"])
        assert first["input"] == FOX["input"]
        last = await ended(client, first["id"])
        assert last["status"] == "succeeded"
        assert isinstance(last["output"], str)
        assert last["completed_at"] > last["started_at"] > last["created_at"]
        assert (await client.get(last["output"])).headers["content-type"] == "video/mp4"
        assert (await client.get(last["urls"]["get"])).json()["id"] == first["id"]

    play(work)


def test_keys_that_may_be_missing_are_missing_until_they_are_known() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        first = (await client.post(CREATE, json=FOX)).json()
        assert {"started_at", "completed_at", "metrics"}.isdisjoint(first)

    play(work)


def test_a_model_is_called_what_the_caller_called_it() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        made = await client.post("/v1/models/black-forest-labs/flux/predictions", json=FOX)
        assert made.json()["model"] == "black-forest-labs/flux"
        read = (await client.get(f"/v1/predictions/{made.json()['id']}")).json()
        assert read["model"] == "black-forest-labs/flux"
        model = (await client.get("/v1/models/black-forest-labs/flux")).json()
        assert (model["owner"], model["name"]) == ("black-forest-labs", "flux")
        assert "prompt" in model["latest_version"]["openapi_schema"]["components"]["schemas"]["Input"]["properties"]  # fmt: skip  # noqa: E501  # the path every caller digs

    play(work)


def test_only_one_models_input_is_held_against_a_schema() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        seeded = {"input": {"prompt": "A fox.", "seed": 4}}
        refused = await client.post(CREATE, json=seeded)
        assert (refused.status_code, "input.seed" in refused.json()["detail"]) == (422, True)
        taken = await client.post("/v1/models/acme/clips/predictions", json=seeded)
        assert taken.status_code == 201

    play(work)


def test_cancel_shows_the_prediction_canceled_and_leaves_what_is_over() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        job = (await client.post("/v1/predictions", json=VERSION)).json()["id"]
        stopped = await client.post(f"/v1/predictions/{job}/cancel")
        assert (stopped.status_code, stopped.json()["status"]) == (200, "canceled")
        other = (await client.post("/v1/predictions", json=VERSION)).json()["id"]
        assert (await ended(client, other))["status"] == "succeeded"
        late = await client.post(f"/v1/predictions/{other}/cancel")
        assert late.json()["status"] == "succeeded"
        nobody = await client.post("/v1/predictions/nobody/cancel")
        assert nobody.status_code == 404

    play(work)


# --- waiting and deadlines ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefer", "run_s", "status", "state"),
    [
        ("wait", 30, 201, "succeeded"),
        ("wait", 300, 202, "processing"),
        ("wait=3", 30, 202, "processing"),
        ("wait=600", 100, 202, "processing"),
    ],
)
def test_a_create_that_waits_is_held_a_minute_at_most(
    prefer: str, run_s: float, status: int, state: str, tmp_path: Path
) -> None:
    slow = plan_of(tmp_path, {"target": "create", "do": {"job": {"queue_s": 1, "run_s": run_s}}})

    async def work(client: httpx.AsyncClient, emulator: Emulator) -> None:
        before_s = emulator.clock.now()
        made = await client.post(CREATE, json=FOX, headers={"prefer": prefer}, timeout=100)
        assert emulator.clock.now() - before_s <= 60.1
        assert (made.status_code, made.json()["status"]) == (status, state)
        assert (made.json()["output"] is None) == (state == "processing")

    play(work, slow)


@pytest.mark.parametrize(
    ("given", "queue_s", "state", "after_s"),
    [
        ("20s", 100, "aborted", 20),
        ("1m30s", 10, "canceled", 90),
        ("10m", 10, "succeeded", 210),
    ],
)
def test_a_deadline_ends_a_prediction(
    given: str, queue_s: float, state: str, after_s: float, tmp_path: Path
) -> None:
    plan = plan_of(
        tmp_path, {"target": "create", "do": {"job": {"queue_s": queue_s, "run_s": 200}}}
    )

    async def work(client: httpx.AsyncClient, emulator: Emulator) -> None:
        before_s = emulator.clock.now()
        made = await client.post(CREATE, json=FOX, headers={"cancel-after": given})
        assert made.json()["deadline"] > made.json()["created_at"]
        last = await ended(client, made.json()["id"])
        assert last["status"] == state
        assert (last["output"] is None) == (state != "succeeded")
        assert emulator.clock.now() - before_s == pytest.approx(after_s, abs=5.1)

    play(work, plan)


def test_a_deadline_ends_what_is_stuck(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "create", "do": {"job": {"stuck": "running"}}})

    async def work(client: httpx.AsyncClient, _: Emulator) -> str:
        made = await client.post(CREATE, json=FOX, headers={"cancel-after": "1m"})
        return str((await ended(client, made.json()["id"]))["status"])

    assert play(work, plan) == "canceled"


@pytest.mark.parametrize("given", ["4s", "soon", "", "-5s", "1h" * 30, "999999999h"])
def test_a_deadline_that_is_none_is_refused(given: str) -> None:
    async def work(client: httpx.AsyncClient, emulator: Emulator) -> None:
        made = await client.post(CREATE, json=FOX, headers={"cancel-after": given})
        assert (made.status_code, "Cancel-After" in made.json()["detail"]) == (422, True)
        assert not emulator.charged

    play(work)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60))
def test_no_header_of_a_create_breaks_it(value: str) -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        raw = value.encode("latin-1")
        made = await client.post(
            CREATE, json=FOX, headers=[(b"cancel-after", raw), (b"prefer", raw)]
        )
        assert made.status_code in {201, 202, 422}
        assert made.json()["status"]

    play(work)


# --- outputs ------------------------------------------------------------------------------------


def test_after_an_hour_the_output_is_gone_and_the_answer_says_so() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        job = (await client.post(CREATE, json=FOX)).json()["id"]
        there = await ended(client, job)
        await asyncio.sleep(3500)
        assert (await client.get(there["output"])).status_code == 200
        await asyncio.sleep(200)
        gone = (await client.get(f"/v1/predictions/{job}")).json()
        assert (gone["status"], gone["output"], gone["data_removed"]) == ("succeeded", None, True)
        assert (gone["input"], gone["logs"]) == ({}, "")
        assert (await client.get(there["output"])).status_code == 404

    play(work)


def test_a_picture_nobody_can_fetch_fails_the_prediction_not_the_create() -> None:
    async def work(client: httpx.AsyncClient, emulator: Emulator) -> None:
        lost = f"{emulator.media_base}/lost.png"
        made = await client.post(CREATE, json={"input": {"prompt": "x", "start_image": lost}})
        assert made.status_code == 201
        last = await ended(client, made.json()["id"])
        assert last["status"] == "failed"
        assert "input.start_image" in last["error"]
        assert last["error"].endswith("(E006)")

    play(work)


# --- lists --------------------------------------------------------------------------------------


def test_a_list_goes_on_page_by_page_and_back() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        empty = (await client.get("/v1/predictions")).json()
        assert empty == {"previous": None, "next": None, "results": []}
        made = [(await client.post(CREATE, json=FOX)).json()["id"] for _ in range(201)]
        url, seen, pages = "/v1/predictions", [], []
        while url:
            page = (await client.get(url)).json()
            pages.append(len(page["results"]))
            seen += [one["id"] for one in page["results"]]
            url = page["next"]
        assert pages == [100, 100, 1]
        assert seen == made[::-1]
        assert urlsplit(page["previous"]).query == "cursor=100"
        assert page["results"][0]["status"] == "starting"

    play(work)


@pytest.mark.parametrize("cursor", ["-1", "x", "9" * 40, "1.5", "²"])
def test_a_cursor_that_is_none_begins_at_the_beginning(cursor: str) -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> int:
        await client.post(CREATE, json=FOX)
        answer = await client.get("/v1/predictions", params={"cursor": cursor})
        return len(answer.json()["results"])

    assert play(work) == 1


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/v1/nothing/here", 404, "Not Found"),
        ("GET", "/v1/predictions/nobody", 404, "Not Found"),
        ("POST", "/v1/predictions", 422, "Invalid version or not permitted"),
    ],
)
def test_a_refusal_is_a_problem_document(method: str, path: str, status: int, title: str) -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        answer = await client.request(method, path, json={} if method == "POST" else None)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert (told["status"], told["title"]) == (status, title)
        assert told["detail"]

    play(work)


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer wrong", "Token {key}", "{key}"])
def test_a_token_nobody_issued_is_unauthenticated(key: str) -> None:
    async def work(client: httpx.AsyncClient, emulator: Emulator) -> None:
        headers = {"authorization": key.format(key=emulator.key)}
        answer = await client.get("/v1/account", headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (401, "Unauthenticated")

    play(work)


def test_credit_runs_out() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        assert (await client.post(CREATE, json=FOX)).status_code == 201
        poor = await client.post(CREATE, json=FOX)
        assert (poor.status_code, poor.json()["title"]) == (402, "Insufficient credit")

    play(work, credits=0.5)


def test_the_seventh_start_in_a_minute_is_throttled_and_told_when_in_words_only() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        answers = [await client.post(CREATE, json=FOX) for _ in range(6)]
        assert [a.headers["ratelimit-remaining"] for a in answers] == list("543210")
        await asyncio.sleep(20)
        late = await client.post(CREATE, json=FOX)
        assert late.status_code == 429
        assert "retry-after" not in late.headers
        assert late.json()["detail"].endswith("resets in ~40s")
        await asyncio.sleep(41)
        assert (await client.post(CREATE, json=FOX)).status_code == 201

    play(work, per_minute=6)


def test_reads_tell_a_limit_of_their_own() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> tuple[str, str]:
        headers = (await client.get("/v1/account")).headers
        return headers["ratelimit-remaining"], headers["ratelimit-reset"]

    assert play(work) == ("2999", "1")


# --- files and callbacks ------------------------------------------------------------------------


def test_a_file_is_taken_and_shown_and_deleted() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        made = await client.post("/v1/files", files={"content": ("fox.png", b"\x89PNG")})
        assert made.status_code == 201
        assert made.json()["expires_at"] > made.json()["created_at"]
        shown = await client.get(made.json()["urls"]["get"])
        assert shown.json()["id"] == made.json()["id"]
        gone = await client.delete(f"/v1/files/{made.json()['id']}")
        assert (gone.status_code, gone.content) == (204, b"")

    play(work)


def test_the_webhook_secret_is_handed_out() -> None:
    async def work(client: httpx.AsyncClient, emulator: Emulator) -> None:
        told = (await client.get("/v1/webhooks/default/secret")).json()
        assert told == {"key": emulator.callbacks.secret}
        assert told["key"].startswith("whsec_")

    play(work)


def test_no_address_in_an_answer_leaves_this_machine() -> None:
    reads = [op for op in REPLICATE.operations.values() if op.method == "GET"]

    async def work(client: httpx.AsyncClient, emulator: Emulator) -> None:
        mine = urlsplit(emulator.base_url).hostname
        for op in reads:
            path = op.path.replace("{", "").replace("}", "")
            text = (await client.get(path, params={"query": "x"} if "search" in path else {})).text
            found = {urlsplit(part).hostname for part in text.split('"') if part.startswith("http")}
            assert found <= {mine}, (op.id, found)

    play(work)


def test_any_bytes_at_a_create_get_a_problem_document() -> None:
    bodies = [b"", b"{", b"[]", b"null", b'{"input": 1}', b"\xff\xfe", b'{"input":' * 500]

    async def work(client: httpx.AsyncClient, _: Emulator) -> None:
        for body in bodies:
            answer = await client.post(CREATE, content=body)
            assert answer.status_code == 422, body[:20]
            assert json.loads(answer.content)["status"] == 422

    play(work)
