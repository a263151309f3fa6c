"""Does the emulator serve media as a host does, and look at inputs as a provider would?"""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics.emulator.hosting import NAMES, sample
from diagnostics.emulator.inputs import nowhere
from tests.emulating import START_S, Talk, plan_of, play
from tests.wire import HANG, RESET, Script, http, serving

JPEG_START = b"\xff\xd8\xff"
PAGE = http(b"<!DOCTYPE html><html><body>Sign in</body></html>")


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_served_with_its_type_and_head_says_the_same(name: str) -> None:
    async def work(talk: Talk) -> None:
        url = f"{talk.emulator.media_base}/{name}"
        whole, head = await talk.client.get(url), await talk.client.head(url)
        assert whole.status_code == head.status_code == 200
        assert whole.headers["content-type"].partition("/")[0] in {"image", "audio", "video"}
        assert head.headers["content-length"] == str(len(whole.content)) != "0"
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert head.headers["accept-ranges"] == "bytes"
        assert head.content == b""

    play(work)


@pytest.mark.parametrize(
    ("wanted", "status", "low", "high"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=5-", 206, 5, -1),
        ("bytes=-4", 206, -4, -1),
        ("bytes=0-99999999", 206, 0, -1),
        ("bytes=-99999999", 206, 0, -1),
        ("bytes=99999999-", 416, 0, 0),
        ("bytes=9-2", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=-", 200, 0, -1),
        ("bytes=a-b", 200, 0, -1),
        ("bytes=0-1,4-5", 200, 0, -1),
        ("lines=0-1", 200, 0, -1),
        ("bytes=" + "9" * 5000 + "-", 200, 0, -1),
    ],
)
def test_a_range_gives_that_part(wanted: str, status: int, low: int, high: int) -> None:
    async def work(talk: Talk) -> None:
        url = f"{talk.emulator.media_base}/face.jpg"
        whole = (await talk.client.get(url)).content
        part = await talk.client.get(url, headers={"range": wanted})
        assert part.status_code == status
        size = len(whole)
        if status == 416:
            assert part.headers["content-range"] == f"bytes */{size}"
            return
        first, last = low % size, high % size
        assert part.content == whole[first : last + 1]
        if status == 206:
            assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"

    play(work)


@pytest.mark.parametrize("name", ["", "nothing.jpg", "../app.py", "%2e%2e/app.py", "out/", "out/x"])
def test_a_file_that_is_none_is_an_html_404(name: str) -> None:
    async def work(talk: Talk) -> httpx.Response:
        return await talk.client.get(f"{talk.emulator.media_base}/{name}")

    answer = play(work)
    assert (answer.status_code, answer.headers["content-type"][:9]) == (404, "text/html")


# --- inputs -----------------------------------------------------------------------------------


async def codes(talk: Talk, *urls: str, parameter: str = "talking_photo_url") -> list[int]:
    return [(await talk.create(**{parameter: url}))["code"] for url in urls]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/test_photo.jpg",
        "https://cdn.example.org/a.jpg",
        "http://nowhere.invalid/a.jpg",
        "http://other.emulator.test/_media/face.jpg",
        "http://10.0.0.7/a.jpg",
        "http://192.168.1.4/a.jpg",
        "http://[fd00::1]/a.jpg",
        "http://169.254.1.1/a.jpg",
        "http://akool.emulator.test/_media/nothing.jpg",
        "http://akool.emulator.test/api/open/v3/faceswap/quota/info",
        "http://127.0.0.1:9/a.jpg",
    ],
)
def test_an_input_that_nobody_can_fetch_is_1015_and_costs_nothing(url: str) -> None:
    async def work(talk: Talk) -> tuple[list[int], int]:
        return await codes(talk, url), len(talk.emulator.charged)

    assert play(work) == ([1015], 0)


def test_an_input_elsewhere_on_the_internet_is_accepted_without_a_look() -> None:
    async def work(talk: Talk) -> list[int]:
        return await codes(talk, "https://media.akool.com/a.jpg", "https://93.184.216.34/a.png")

    assert play(work) == [1000, 1000]


def test_an_input_of_the_wrong_kind_gets_the_code_of_its_parameter() -> None:
    async def work(talk: Talk) -> tuple[list[int], list[int]]:
        base = talk.emulator.media_base
        pictures = await codes(talk, f"{base}/face.png", f"{base}/speech.mp3")
        sounds = await codes(talk, f"{base}/speech.wav", f"{base}/face.jpg", parameter="audio_url")
        return pictures, sounds

    assert play(work) == ([1000, 1015], [1000, 1201])


def on_this_machine(script: Script, **knobs: Any) -> list[int]:
    """The code of a create whose picture a server of this machine serves."""

    async def work(talk: Talk) -> list[int]:
        async with serving(script) as wire:
            found = await codes(talk, f"{wire.base_url}/a.jpg")
            assert wire.heard
            assert not any(talk.emulator.key.encode() in heard for heard in wire.heard)
            return found

    return play(work, **knobs)


def test_an_input_on_this_machine_is_really_fetched() -> None:
    assert on_this_machine(lambda _heard: [http(sample("face.jpg"))]) == [1000]


@pytest.mark.parametrize(
    "script",
    [
        lambda _heard: [PAGE],
        lambda _heard: [http(b"", status="404 Not Found")],
        lambda _heard: [http(b"")],
        lambda _heard: [http(b"\x00" * 300)],
        lambda _heard: [http(JPEG_START + b"cut")],
        lambda _heard: [b"not http at all\r\n\r\n", RESET],
        lambda _heard: [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort", RESET],
        lambda _heard: [http(b"", status="302 Found", extra="Location: http://example.com/a\r\n")],
        lambda _heard: [http(b"", status="302 Found", extra="Location: /again\r\n")],
        lambda _heard: [http(b"", status="302 Found", extra="Location: http://[bad\r\n")],
    ],
    ids=["page", "404", "empty", "zeros", "cut", "no-http", "short", "away", "loop", "bad"],
)
def test_an_input_that_is_no_picture_is_1015(script: Script) -> None:
    assert on_this_machine(script) == [1015]


def test_who_cannot_pay_is_told_so_before_anybody_looks_at_the_inputs() -> None:
    assert play(lambda talk: codes(talk, "https://example.com/a.jpg"), credits=1) == [1006]


def test_two_creates_at_once_cannot_spend_the_same_credits() -> None:
    async def work(talk: Talk) -> tuple[list[int], float]:
        async with serving(lambda _heard: [http(sample("face.jpg"))]) as wire:
            urls = [f"{wire.base_url}/{name}.jpg" for name in "abc"]
            found = await asyncio.gather(*(codes(talk, url) for url in urls))
            return sorted(code for one in found for code in one), await talk.balance()

    assert play(work, credits=15) == ([1000, 1006, 1006], 5)


def test_a_redirect_on_this_machine_is_followed() -> None:
    def script(heard: bytes) -> list[bytes]:
        if b"GET /new" in heard:
            return [http(sample("face.jpg"))]
        return [http(b"", status="302 Found", extra="Location: /new.jpg\r\n")]

    assert on_this_machine(script) == [1000]


def test_an_input_that_never_comes_is_given_up() -> None:
    assert on_this_machine(lambda _heard: [HANG], input_wait_s=0.2) == [1015]


def test_many_inputs_are_looked_at_and_the_first_unfit_one_decides() -> None:
    async def work(talk: Talk) -> dict[str, Any]:
        base = talk.emulator.media_base
        body = {
            "sourceImage": [{"path": f"{base}/face.jpg", "opts": "1,1:2,2:3,3:4,4"}],
            "targetImage": [{"path": f"{base}/nothing.jpg", "opts": "1,1:2,2:3,3:4,4"}],
            "face_enhance": 0,
            "modifyImage": f"{base}/face.jpg",
        }
        made = await talk.post("/api/open/v3/faceswap/highquality/specifyimage", body)
        answer: dict[str, Any] = made.json()
        return answer

    assert play(work)["code"] == 1016


def test_where_the_documents_name_no_code_an_unfit_input_is_1015() -> None:
    async def work(talk: Talk) -> int:
        body = {
            "image_url": "https://example.com/a.png",
            "prompt": "p",
            "negative_prompt": "n",
            "resolution": "4k",
            "video_length": 10,
            "extend_prompt": False,
            "audio_type": 3,
        }
        made = await talk.post("/api/open/v4/image2Video/createBySourcePrompt", body)
        return int(made.json()["code"])

    assert play(work) == 1015


def test_a_fault_on_the_media_is_what_the_create_meets(tmp_path: Path) -> None:
    for do in ({"status": 403}, {"html": "sign in"}, {"reset": "before"}, {"cut": 0.2}):
        plan = plan_of(tmp_path, {"target": "/_media/face.jpg", "do": do})
        assert play(lambda talk: codes(talk, f"{talk.emulator.media_base}/face.jpg"), plan) == [
            1015
        ]


@pytest.mark.parametrize(
    ("host", "gone"),
    [
        ("example.com", True),
        ("a.example.net", True),
        ("notexample.com", False),
        ("printer.local", True),
        ("0.0.0.0", True),
        ("8.8.8.8", False),
        ("akool.com", False),
    ],
)
def test_placeholders_and_private_addresses_lead_nowhere(host: str, *, gone: bool) -> None:
    assert nowhere(host) is gone


def test_virtual_time_does_not_run_away_while_an_input_is_fetched() -> None:
    async def work(talk: Talk) -> float:
        async with serving(lambda _heard: [http(sample("face.jpg"))]) as wire:
            ticking = asyncio.create_task(asyncio.sleep(3600))
            await codes(talk, f"{wire.base_url}/a.jpg")
            passed_s = talk.emulator.clock.now()
            ticking.cancel()
            return passed_s

    assert play(work) < START_S + 60
