"""How many requests a second does the emulator answer, beside an application that does nothing?

Nine polls to one paid create, over 100 kept connections; creates are held against the contract,
charged, and become jobs. Requests a second of the server's own processor time, so that a busy
machine does not lower the figure; both servers take turns.
"""

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any, NamedTuple

from benchmarks.children import ROOT, BrokenError, environment
from benchmarks.servers import end_some_time
from benchmarks.table import Row

WHAT = "emulator under load, 9 polls : 1 create"
REACH_PER_S = 20_000
CONNECTIONS, POLLS = 100, 9
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_CREATE = "/api/open/v3/content/video/createbytalkingphoto"
_STATUS = "/api/open/v3/content/video/infobymodelid?video_model_id="
_BALANCE = "/api/open/v3/faceswap/quota/info"
_CREDITS, _PRICE = 1_000_000_000, 10
_PLAIN_BODY = b'{"code":1000,"msg":"OK","data":{"_id":"0123456789abcdef01234567"}}'


_BARE_KEY = "invented-bare-key"


class Place(NamedTuple):
    """Where a server stands, and what it accepts."""

    pid: int
    port: int
    key: str


def rows(requests: int = 60_000, rounds: int = 3) -> Iterator[Row]:
    """Both in turn; the best of each, since whatever disturbs only slows."""
    ours: list[float] = []
    bare: list[float] = []
    with serving("ours") as emulator, serving("bare") as plain:
        for _ in range(rounds):
            bare.append(measured(plain, requests))
            ours.append(measured(emulator, requests))
        held = kept(emulator)
    if held[0] != held[1]:
        raise BrokenError(f"the ledger lacks {held[0]} credits where it should {held[1]}")
    yield Row(
        what=WHAT,
        measured=f"{max(ours):,.0f}/s of one core",
        baseline=f"bare ASGI app on uvicorn {max(bare):,.0f}/s",
        ratio=f"{max(ours) / max(bare):.2f} ×",
        reach=f"≥ {REACH_PER_S:,}/s",
        reached=max(ours) >= REACH_PER_S,
    )


def measured(place: Place, requests: int) -> float:
    """Answers for each second of the server's processor time."""
    clients = [_Client(place) for _ in range(CONNECTIONS)]
    before_s = spent_s(place.pid)
    _drive(clients, requests)
    took_s = spent_s(place.pid) - before_s
    for client in clients:
        client.sock.close()
    return requests / took_s


def spent_s(pid: int) -> float:
    """Processor time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123  # /proc
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


class _Client:
    """One connection that creates a job and polls it, again and again."""

    created = 0
    """By all of them, at the emulator."""

    def __init__(self, place: Place) -> None:
        self.sock = socket.create_connection(("127.0.0.1", place.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        media = f"http://127.0.0.1:{place.port}/_media"
        body = json.dumps(
            {
                "talking_photo_url": f"{media}/face.jpg",
                "audio_url": f"{media}/speech.mp3",
                "prompt": "the narrator greets and turns to the window",
                "resolution": "720",
            }
        ).encode()
        fields = f"Host: 127.0.0.1:{place.port}\r\nx-api-key: {place.key}\r\nAccept: */*\r\n"
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._create = f"POST {_CREATE} HTTP/1.1\r\n{fields}{length}\r\n".encode() + body
        self._poll = f"GET {_STATUS}", f" HTTP/1.1\r\n{fields}\r\n"
        self._next, self._polls = self._create, 0
        self._emulated = place.key != _BARE_KEY
        self._held = b""

    def ask(self) -> None:
        """Send the next request."""
        self.sock.send(self._next)

    def heard(self) -> bool:
        """Whether the answer is whole now; then the next request is known."""
        self._held += self.sock.recv(65_536)
        head, end, body = self._held.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]):
            return False
        if b'"code":1000' not in body:
            raise BrokenError(f"a refusal: {body[:200]!r}")
        if self._next is self._create:
            named = body.partition(b'"_id":"')[2].partition(b'"')[0].decode()
            _Client.created += self._emulated
            self._next, self._polls = f"{self._poll[0]}{named}{self._poll[1]}".encode(), POLLS
        else:
            self._polls -= 1
            self._next = self._next if self._polls else self._create
        self._held = b""
        return True


def _drive(clients: list[_Client], requests: int) -> None:
    by_number = {client.sock.fileno(): client for client in clients}
    with select.epoll() as poll:
        for number, client in by_number.items():
            poll.register(number, select.EPOLLIN)
            client.ask()
        asked, heard = len(clients), 0
        while heard < requests:
            for number, _ in poll.poll(5.0):
                client = by_number[number]
                if client.heard():
                    heard += 1
                    if asked < requests:
                        asked += 1
                        client.ask()


def kept(place: Place) -> tuple[int, int]:
    """How many credits are gone, and how many the answered creates cost: the ledger is whole."""
    with closing(HTTPConnection("127.0.0.1", place.port, timeout=5.0)) as connection:
        connection.request("GET", _BALANCE, headers={"x-api-key": place.key})
        left = json.loads(connection.getresponse().read())["data"]["credit"]
    return int(_CREDITS - left), _Client.created * _PRICE


@contextmanager
def serving(kind: str) -> Iterator[Place]:
    """A server in a process of its own, on the last core."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load_emulator", kind],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = child.stdout.readline() if child.stdout else ""
        if not line:
            raise BrokenError(f"the {kind} server did not start")
        yield Place(child.pid, *json.loads(line))
    finally:
        child.kill()
        child.communicate()


async def bare(scope: Any, _receive: Any, send: Any) -> None:
    """The least that an application can do."""
    if scope["type"] == "http":
        length = b"%d" % len(_PLAIN_BODY)
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _PLAIN_BODY})


def main(kind: str) -> None:
    """Serve until somebody kills us, or our parent is gone."""
    from diagnostics.emulator import serve  # noqa: PLC0415  # brings uvicorn

    end_some_time()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    listener = serve.bound("127.0.0.1", 0)
    if kind == "ours":
        key, application = _emulator(serve.base_url(listener))
        serve.serve(application, [listener], lambda: _tell(listener, key))
    else:
        _bare(listener)


def _tell(listener: socket.socket, key: str) -> None:
    print(json.dumps([listener.getsockname()[1], key]), flush=True)


def _bare(listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415  # only the server needs it

    _tell(listener, _BARE_KEY)
    config = uvicorn.Config(
        bare, http="httptools", lifespan="off", log_config=None, access_log=False
    )
    asyncio.run(uvicorn.Server(config).serve([listener]))


def _emulator(base_url: str) -> tuple[str, Any]:
    from diagnostics.contract_load import load  # noqa: PLC0415  # only the server needs it
    from diagnostics.drive.clock import RealClock  # noqa: PLC0415  # as above
    from diagnostics.emulator.app import Emulator  # noqa: PLC0415  # as above
    from diagnostics.emulator.town import Town  # noqa: PLC0415  # as above

    made = Emulator(
        load("akool"), clock=RealClock(), base_url=base_url, credits=_CREDITS, per_minute=1e9
    )
    return made.key, Town([made])


if __name__ == "__main__":
    main(sys.argv[1])
