"""Who answers the benchmarks? The emulator, or a bare application, in a process of its own.

`python -m benchmarks.servers emulator|plain|paced` listens on a free port of 127.0.0.1, prints one
JSON line that says where, and ends with its standard input or after five minutes.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.children import ROOT, BrokenError, environment
from benchmarks.wiring import Server

LIFE_S = 300.0
_START_S = 20.0
PACED_BYTES, PACE_BYTES_S = 1_000_000, 1_000_000
_PART_BYTES = 50_000
_BODY = b'{"code":1000,"msg":"OK","data":{"credit":1000}}'


@contextmanager
def server(kind: str) -> Iterator[Server]:
    """A server in another process, gone when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.servers", kind],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    timer = threading.Timer(_START_S, child.kill)
    timer.start()
    try:
        line = child.stdout.readline() if child.stdout else ""
        timer.cancel()
        if not line:
            raise BrokenError(f"the {kind} server did not start")
        yield Server(**json.loads(line))
    finally:
        timer.cancel()
        child.kill()
        child.communicate()


async def plain(scope: Any, _receive: Any, send: Any) -> None:
    """The least that an application can do: one small JSON answer."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


async def paced(scope: Any, _receive: Any, send: Any) -> None:
    """A file host that gives each connection a megabyte a second."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"video/mp4"), (b"content-length", b"%d" % PACED_BYTES)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    loop = asyncio.get_running_loop()
    begun_s, sent = loop.time(), 0
    while sent < PACED_BYTES:
        part = min(_PART_BYTES, PACED_BYTES - sent)
        await send({"type": "http.response.body", "body": bytes(part), "more_body": True})
        sent += part
        await asyncio.sleep(max(0.0, begun_s + sent / PACE_BYTES_S - loop.time()))
    await send({"type": "http.response.body", "body": b""})


def main(kind: str) -> None:
    """Serve until standard input ends."""
    from diagnostics.emulator.serve import base_url, bound  # noqa: PLC0415  # brings uvicorn

    end_some_time()
    listener = bound("127.0.0.1", 0)
    key, application = "invented-plain-key", plain
    if kind == "emulator":
        key, application = _emulator(base_url(listener))
    elif kind == "paced":
        application = paced
    elif kind != "plain":
        sys.exit(f"no server {kind!r}")
    print(json.dumps({"base_url": base_url(listener), "key": key}), flush=True)
    import uvicorn  # noqa: PLC0415  # see above

    config = uvicorn.Config(
        application, http="httptools", lifespan="off", log_config=None, access_log=False
    )
    asyncio.run(uvicorn.Server(config).serve([listener]))


def _emulator(base_url: str) -> tuple[str, Any]:
    from diagnostics.contract_load import load  # noqa: PLC0415  # see main
    from diagnostics.drive.clock import RealClock  # noqa: PLC0415  # see main
    from diagnostics.emulator.app import Emulator  # noqa: PLC0415  # see main

    made = Emulator(load("akool"), clock=RealClock(), base_url=base_url)
    return made.key, made


def end_some_time() -> None:
    """No server outlives its parent, nor `LIFE_S`."""
    timer = threading.Timer(LIFE_S, os._exit, (0,))
    timer.daemon = True
    timer.start()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
