"""Does a stream arrive part by part while it is recorded, and is it replayed so?

A server on a port sends ten events, a few hundredths of a second apart. Three clients take turns:
one that is not recorded, one that is, and one under stock vcrpy.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import httpx

from benchmarks.children import ROOT, BrokenError, environment
from benchmarks.table import Row
from diagnostics.recording import Recorder, Replayer

WHAT = "first byte of a stream, while recording"
CHUNKS = "parts of a stream, on replay"
PARTS, APART_S = 10, 0.05
_EVENT = b"data: %d\n\n"
THEIRS = """
import json, sys, time
import httpx, vcr

def ask(client):
    began = time.perf_counter()
    with client.stream("GET", sys.argv[1]) as response:
        parts = response.iter_raw()
        next(parts)
        first_s = time.perf_counter() - began
        return first_s, 1 + sum(1 for _ in parts)

with httpx.Client(trust_env=False) as client:
    bare = min(ask(client)[0] for _ in range(2))
    with vcr.use_cassette(sys.argv[2], record_mode="all"):
        kept = ask(client)[0]
    with vcr.use_cassette(sys.argv[2], record_mode="none"):
        parts = ask(client)[1]
print(json.dumps([kept - bare, parts]))
"""


def rows(rounds: int = 3) -> Iterator[Row]:
    """Both figures, of ours and of vcrpy."""
    with served() as url, tempfile.TemporaryDirectory() as place:
        theirs_s, their_parts = _theirs(url, Path(place) / "theirs.yaml")
        added: list[float] = []
        parts: list[int] = []
        for number in range(rounds):
            folder = Path(place) / str(number)
            bare_s, kept_s = _recorded(url, folder)
            added.append(kept_s - bare_s)
            parts.append(_replayed(url, folder))
    yield Row(
        what=WHAT,
        measured=f"+ {median(added) * 1e3:.2f} ms",
        baseline=f"vcrpy + {theirs_s * 1e3:.0f} ms",
        reach="≤ + 2 ms",
        reached=median(added) <= 0.002,
    )
    yield Row(
        what=CHUNKS,
        measured=f"{min(parts)} of {PARTS}",
        baseline=f"vcrpy {their_parts} of {PARTS}",
        reach=f"{PARTS} of {PARTS}",
        reached=min(parts) == PARTS,
    )


def _recorded(url: str, folder: Path) -> tuple[float, float]:
    with (
        Recorder(folder) as tape,
        httpx.Client(trust_env=False) as bare,
        httpx.Client(transport=tape.transport()) as kept,
    ):
        for client in (bare, kept):  # the connection is open, whoever comes first
            _first(client, url)
        return _first(bare, url)[0], _first(kept, url)[0]


def _replayed(url: str, folder: Path) -> int:
    with Replayer(folder) as played, httpx.Client(transport=played.transport()) as client:
        return _first(client, url)[1]


def _first(client: httpx.Client, url: str) -> tuple[float, int]:
    """Seconds until the first part came, and how many there were."""
    began_s = time.perf_counter()
    with client.stream("GET", url) as response:
        parts = response.iter_raw()
        next(parts)
        taken_s = time.perf_counter() - began_s
        return taken_s, 1 + sum(1 for _ in parts)


def _theirs(url: str, cassette: Path) -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-c", THEIRS, url, str(cassette)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise BrokenError(done.stderr[-500:])
    added_s, parts = json.loads(done.stdout)
    return float(added_s), int(parts)


class _Events(BaseHTTPRequestHandler):
    """Ten events, one after another."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Chunk by chunk."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number in range(PARTS):
            event = _EVENT % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            time.sleep(APART_S)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(handler: Callable[..., BaseHTTPRequestHandler] = _Events) -> Iterator[str]:
    """A server in a thread of its own; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/events"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
