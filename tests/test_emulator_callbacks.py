"""Are ended jobs told to a URL of this machine, signed, and only as often as the plan says?"""

import asyncio
import json
from typing import Any

import pytest

from diagnostics.emulator.callbacks import is_local
from diagnostics.webhooks import verify
from tests.emulating import START_S, Talk, play
from tests.wire import RESET, http, serving


def told(fault: str | None = None, *, answers: tuple[bytes, ...] = (), wait_s: float = 90) -> Any:
    """The callbacks that a server of this machine hears about one job, opened."""

    async def work(talk: Talk) -> list[dict[str, Any]]:
        left = list(answers)
        async with serving(lambda _heard: [left.pop(0) if left else http(b"ok")]) as wire:
            job = await talk.started(webhookUrl=f"{wire.base_url}/hook")
            await asyncio.sleep(wait_s)
            await talk.status(job)
            heard = [opened(heard, talk, job) for heard in wire.heard]
            assert [url for url, _ in talk.emulator.callbacks.delivered] == [
                f"{wire.base_url}/hook"
            ] * len(heard)
            return heard

    return play(work, fault)


def opened(heard: bytes, talk: Talk, job: str) -> dict[str, Any]:
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook HTTP/1.1")
    assert b"content-type: application/json" in head.lower()
    assert talk.emulator.key.encode() not in heard
    sealed = json.loads(body)
    emulator = talk.emulator
    assert emulator.callbacks.secrets == {
        "AKOOL_CLIENT_ID": emulator.client_id,
        "AKOOL_CLIENT_SECRET": emulator.client_secret,
    }
    checked = verify("akool", {}, body, emulator.callbacks.secrets, now_s=emulator.clock.now())
    plain: dict[str, Any] = checked.payload
    assert plain["_id"] == job
    url = f"{emulator.media_base}/out/{job}.mp4"
    assert plain.get("url", url) == url
    return {
        "status": plain["status"],
        "type": plain["type"],
        "signed": checked.verified,
        "after_s": sealed["timestamp"] / 1000 - START_S,
        "has_url": "url" in plain,
    }


def test_the_end_of_a_job_is_told_once_signed_and_encrypted() -> None:
    (heard,) = told()
    assert 45 <= heard.pop("after_s") <= 71
    assert heard == {"status": 3, "type": "talking photo", "signed": True, "has_url": True}


def test_a_failed_job_is_told_as_failed_and_without_a_result() -> None:
    (heard,) = told("job-fails")
    assert (heard["status"], heard["has_url"]) == (4, False)


def test_a_stuck_job_is_never_told() -> None:
    assert told("job-stuck", wait_s=3600) == []


@pytest.mark.parametrize(
    "answer", [http(b"no", status="500 Oops"), RESET, http(b"", status="204 No")]
)
def test_anything_but_a_200_is_tried_again(answer: bytes) -> None:
    heard = told(answers=(answer,))
    assert [one["status"] for one in heard] == [3, 3]


def test_three_tries_are_all() -> None:
    assert len(told(answers=(http(b"", status="500 Oops"),) * 9, wait_s=600)) == 3


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [("webhook-lost", []), ("webhook-doubled", [3, 3]), ("webhook-out-of-order", [3, 2])],
)
def test_callbacks_go_wrong_as_the_plan_says(fault: str, statuses: list[int]) -> None:
    heard = told(fault)
    assert [one["status"] for one in heard] == statuses
    assert all(one["signed"] for one in heard)


def test_a_mis_signed_callback_does_not_verify() -> None:
    (heard,) = told("webhook-mis-signed")
    assert not heard["signed"]


def test_a_late_callback_comes_two_minutes_late() -> None:
    assert told("webhook-late") == []
    (heard,) = told("webhook-late", wait_s=300)
    assert 165 <= heard["after_s"] <= 191


@pytest.mark.parametrize(
    "url",
    ["https://example.com/hook", "http://10.0.0.1/hook", "", "ftp://127.0.0.1/x", "http://[bad"],
)
def test_nobody_outside_this_machine_is_ever_called(url: str) -> None:
    async def work(talk: Talk) -> list[Any]:
        await talk.create(webhookUrl=url)
        await asyncio.sleep(600)
        await talk.balance()
        return list(talk.emulator.callbacks.delivered)

    assert play(work) == []
    assert not is_local(url)


def test_a_callback_that_is_due_is_sent_on_shutdown() -> None:
    async def work(talk: Talk) -> int:
        async with serving(lambda _heard: [http(b"ok")]) as wire:
            await talk.started(webhookUrl=f"{wire.base_url}/hook")
            talk.emulator.clock.advance(100)  # type: ignore[attr-defined]  # a VirtualClock
            messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
            said: list[str] = []

            async def receive() -> dict[str, str]:
                return messages.pop(0)

            async def send(message: Any) -> None:
                said.append(message["type"])

            await talk.emulator({"type": "lifespan"}, receive, send)
            assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
            return len(wire.heard)

    assert play(work) == 1
