"""Does each asker get its own answer when many ask at once, and each failure come back as it was?

Twenty polls of one job and twenty creates at one address are in flight together, and the last
asked is answered first. Then two flows send the same request. Then calls fail in six ways, one
after another, on a real port. Stock vcrpy records and replays the same.
"""

import asyncio
import json
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.children import ROOT, BrokenError, environment
from benchmarks.table import Row
from diagnostics.recording import Recorder, Replayer, flow

TOGETHER = 20
WHAT = "{count} {what} in flight together, own answer"
FLOWS = "two flows that send the same request"
FAULTS = "failures kept, with class and place"
Client = httpx.AsyncClient
Ask = Callable[[Client, str, int], Awaitable[Any]]
_CUT = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ncut"
_BUSY = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
_FINE = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine"
_SAYS: dict[str, list[bytes]] = {
    "/reset-before": [b"reset"],
    "/reset-after": [_CUT, b"reset"],
    "/cut": [_CUT],
    "/silence": [],
}
_RETRIED = [[b"reset"], [_BUSY], [_FINE]]


def rows() -> Iterator[Row]:
    """Ours beside vcrpy's."""
    theirs = _theirs()
    with tempfile.TemporaryDirectory() as place:
        ours = asyncio.run(told(Path(place), _ours))
    for what, ask in (("identical polls", "polls"), ("creates at one address", "creates")):
        yield _row(WHAT.format(count=TOGETHER, what=what), ours[ask], theirs[ask], TOGETHER)
    yield _row(FLOWS, ours["flows"], theirs["flows"], 2)
    yield _row(FAULTS, ours["faults"], theirs["faults"], len(_SAYS) + 1 + len(_RETRIED))


def _row(what: str, ours: int, theirs: int, all_of_them: int) -> Row:
    return Row(
        what=what,
        measured=f"{ours} of {all_of_them}",
        baseline=f"vcrpy {theirs} of {all_of_them}",
        reach=f"{all_of_them} of {all_of_them}",
        reached=ours == all_of_them,
    )


def _theirs() -> dict[str, int]:
    """In a process of its own: vcrpy patches the client's insides."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recorded_order"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise BrokenError(done.stderr[-500:])
    found: dict[str, int] = json.loads(done.stdout)
    return found


Recorded = Callable[[Path, str, Ask, int], Awaitable[tuple[list[Any], list[Any]]]]
"""Records that many askers at once, replays them, and gives what each got, both times."""


async def told(place: Path, recorded: Recorded) -> dict[str, int]:
    """How many came back right, of each kind."""
    found: dict[str, int] = {}
    asks: dict[str, tuple[Ask, int]] = {
        "polls": (_poll, TOGETHER),
        "creates": (_create, TOGETHER),
        "flows": (_flow, 2),
        "faults": (_fault, 1),
    }
    for name, (ask, count) in asks.items():
        async with _server(count) as url:
            live, played = await recorded(place / name, url, ask, count)
        if name == "faults":
            live, played = live[0], (played[0] if isinstance(played[0], list) else [])
        found[name] = sum(one == other for one, other in zip(live, played, strict=False))
    return found


async def _ours(folder: Path, url: str, ask: Ask, count: int) -> tuple[list[Any], list[Any]]:
    with Recorder(folder) as tape:
        live = await _all(Client(transport=tape.async_transport(), timeout=0.3), url, ask, count)
    with Replayer(folder) as tape:
        return live, await _all(Client(transport=tape.async_transport()), url, ask, count)


async def _vcrpy(folder: Path, url: str, ask: Ask, count: int) -> tuple[list[Any], list[Any]]:
    import vcr  # noqa: PLC0415  # in its own process only

    cassette = str(folder.with_suffix(".yaml"))
    with vcr.use_cassette(cassette, record_mode="all"):
        live = await _all(Client(trust_env=False, timeout=0.3), url, ask, count)
    with vcr.use_cassette(cassette, record_mode="none"):
        return live, await _all(Client(trust_env=False), url, ask, count)


async def _all(client: Client, url: str, ask: Ask, count: int) -> list[Any]:
    async with client:
        asked = (ask(client, url, number) for number in range(count))
        return list(await asyncio.gather(*asked, return_exceptions=True))


async def _poll(client: Client, url: str, _number: int) -> Any:
    return (await client.get(f"{url}/job")).text


async def _create(client: Client, url: str, number: int) -> Any:
    asked = f"scene {number}"
    return (await client.post(f"{url}/create", json={"prompt": asked})).text


async def _flow(client: Client, url: str, number: int) -> Any:
    with flow(f"flow {number}"):
        return (await client.post(f"{url}/create", json={"prompt": "the same"})).text


async def _fault(client: Client, url: str, _number: int) -> list[Any]:
    refused = "http://127.0.0.1:9"  # the discard port: nobody listens
    calls = [refused, *(f"{url}{path}" for path in _SAYS), *[f"{url}/retried"] * len(_RETRIED)]
    return [await _met(client, call) for call in calls]


async def _met(client: Client, url: str) -> Any:
    got = b""
    try:
        async with client.stream("GET", url) as response:
            async for part in response.aiter_raw():
                got += part
            return response.status_code, got
    except Exception as error:  # noqa: BLE001  # whatever comes back is compared
        return type(error).__name__, got


@asynccontextmanager
async def _server(together: int) -> AsyncIterator[str]:
    server = await asyncio.start_server(_Provider(together).talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class _Provider:
    """Answers calls in the opposite order of their arrival, when all have come."""

    def __init__(self, together: int) -> None:
        self._turns = [asyncio.Event() for _ in range(together + 1)]
        self._turns[together].set()
        self._came = 0
        self._retried = iter(_RETRIED)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the connection ends."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ")[1].decode()
                size = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
                await reader.readexactly(int(size or 0))
                if not await self._say(path, writer):
                    break
                if path == "/silence":
                    await reader.read(1)  # until the client has waited long enough
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _say(self, path: str, writer: asyncio.StreamWriter) -> bool:
        """False: the connection is over."""
        if path not in {*_SAYS, "/retried"}:
            writer.write(await self._in_turn())
            return True
        for part in next(self._retried) if path == "/retried" else _SAYS[path]:
            if part == b"reset":
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.write(part)
                await writer.drain()
        return path in {"/retried", "/silence"}

    async def _in_turn(self) -> bytes:
        number, self._came = self._came, self._came + 1
        await self._turns[number + 1].wait()
        self._turns[number].set()
        body = b"answer %d" % number
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def main() -> None:
    """What vcrpy makes of it."""
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(asyncio.run(told(Path(place), _vcrpy))))


if __name__ == "__main__":
    main()
