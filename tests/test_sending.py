"""What goes over the wire, and what is spared: headers as httpx has them, connections kept."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.drive.driver import Slot
from diagnostics.drive.live import Live
from diagnostics.model import Exchange, Request
from tests.drive_cases import akool
from tests.test_live import heard, live
from tests.wire import RESET, http, serving

OWN = st.sampled_from(
    [
        (("Content-Type", "application/json"),),
        (("X-One", "1"), ("x-one", "2")),
        (("Host", "elsewhere.example.org"),),
        (("content-length", "3"),),
        (),
    ]
)


def sent(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Headers as the server read them."""
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = (line.partition(b": ") for line in lines)
    return [(name.lower(), value) for name, _, value in pairs]


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), OWN, st.sampled_from([b"", b"{ }"]))
def test_headers_are_completed_as_httpx_completes_them(
    method: str, own: tuple[tuple[str, str], ...], body: bytes
) -> None:
    if ("content-length", "3") in own and not body:
        body = b"abc"  # a length that is wrong never leaves: see test_live
    request = replace(
        akool().request("getCredit"), method=method, headers=own, body=body, authenticated=False
    )
    _, seen = heard(lambda _: [http()], request)
    found = sent(seen[0])
    host = dict(found)[b"host"].decode()
    theirs = httpx.Request(method, f"http://{host}/", headers=own, content=body or None)
    added = {b"user-agent", b"accept", b"accept-encoding"}
    assert [pair for pair in found if pair[0] not in added] == sorted_like(theirs, found)


def sorted_like(
    theirs: httpx.Request, found: list[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """httpx's own headers, in the order in which ours came."""
    named = [(name.lower(), value) for name, value in theirs.headers.raw]
    assert sorted(named) == sorted(pair for pair in found if pair in named)
    return [pair for pair in found if pair in named]


def test_the_host_comes_first() -> None:
    _, seen = heard(lambda _: [http()], akool().request("getCredit"))
    assert sent(seen[0])[0][0] == b"host"


async def in_turn(driver: Live, request: Request) -> list[Exchange]:
    first = await driver.exchange(request, Slot())
    for _ in range(20):  # let the server, which lives on this loop, do what it does next
        await asyncio.sleep(0)
    return [first, await driver.exchange(request, Slot())]


@pytest.mark.parametrize(("after", "reused"), [((), True), ((RESET,), False)])
def test_a_connection_is_used_again_unless_the_other_side_has_dropped_it(
    after: tuple[bytes, ...], reused: object
) -> None:
    async def work() -> list[Exchange]:
        async with serving(lambda _: [http(), *after]) as wire:
            driver = live(wire.base_url)
            try:
                return await in_turn(driver, akool().request("getCredit"))
            finally:
                await driver.aclose()

    exchanges = asyncio.run(work())
    assert [e.response is not None for e in exchanges] == [True, True]
    assert [e.wire is not None and e.wire.reused for e in exchanges] == [False, reused]


def test_sending_brings_neither_a_command_line_nor_a_hunt_for_sniffio() -> None:
    code = (
        "import sys, diagnostics.drive.live;"
        "print(sorted({'click', 'pygments', 'rich', 'httpx._main', 'trio'}"
        " & {name for name, module in sys.modules.items() if module}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
