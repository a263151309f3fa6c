"""What does a body of 100 MB cost to record, to keep and to replay, above the client's own memory?

Each client is a process of its own that reads the answer part by part and keeps none of it.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from benchmarks.children import LIMIT_S, ROOT, BrokenError, environment
from benchmarks.recorded_stream import served
from benchmarks.table import Row

WHAT = "a body of 100 MB, {way}"
DISK = "a body of 100 MB, on disk"
SIZE = 100 * 10**6
THEIR_SHARE = 4
_PART = b"\0" + bytes(range(256)) * 390 + b"end of the part"
_READ = """
import sys, httpx
def read(client):
    with client.stream("GET", sys.argv[1]) as response:
        assert sum(map(len, response.iter_raw())) == int(sys.argv[2])
"""
_PEAK = """
with open("/proc/self/status") as file:
    print(next(line.split()[1] for line in file if line.startswith("VmHWM")))
"""
BARE = f"""{_READ}
with httpx.Client(trust_env=False) as client:
    read(client)
"""
RECORDS = f"""{_READ}
from diagnostics.recording import Recorder
with Recorder(sys.argv[3]) as tape, httpx.Client(transport=tape.transport()) as client:
    read(client)
"""
REPLAYS = f"""{_READ}
from diagnostics.recording import Replayer
with Replayer(sys.argv[3]) as tape, httpx.Client(transport=tape.transport()) as client:
    read(client)
"""
THEIRS = f"""{_READ}
import vcr
with httpx.Client(trust_env=False) as client, vcr.use_cassette(sys.argv[3]):
    read(client)
"""


def rows(size: int = SIZE, *, with_vcrpy: bool = True) -> Iterator[Row]:
    """Recording, replaying, and what stands on the disk."""
    with served(_Film) as url, tempfile.TemporaryDirectory() as place:
        ours, theirs = Path(place) / "ours", Path(place) / "theirs.yaml"
        bare_mb = _memory(BARE, _of(url, size), size, ours)
        recorded_mb = _memory(RECORDS, _of(url, size), size, ours) - bare_mb
        replayed_mb = _memory(REPLAYS, _of(url, size), size, ours) - bare_mb
        part = size // THEIR_SHARE  # of 100 MB it makes 574, in half a minute
        vcrpy_mb = _memory(THEIRS, _of(url, part), part, theirs) - bare_mb if with_vcrpy else 0.0
        known = f"vcrpy + {vcrpy_mb:.0f} MB for {part / 1e6:.0f} MB" if with_vcrpy else ""
        for way, above_mb in (("while recording", recorded_mb), ("on replay", replayed_mb)):
            yield Row(
                what=WHAT.format(way=way),
                measured=f"+ {above_mb:.0f} MB",
                baseline=known if way == "while recording" else f"client {bare_mb:.0f} MB",
                reach="≤ + 60 MB",
                reached=above_mb <= 60,
            )
        share = sum(p.stat().st_size for p in ours.rglob("*") if p.is_file()) / size
        yield Row(
            what=DISK,
            measured=f"× {share:.3f}",
            baseline=f"vcrpy × {theirs.stat().st_size / part:.2f}" if with_vcrpy else "",
            reach="× 1.0",
            reached=share <= 1.01,
        )


def _of(url: str, size: int) -> str:
    return f"{url}?size={size}"


def _memory(script: str, url: str, size: int, where: Path) -> float:
    """The most that it held, by its own account: a parent's memory counts for none of it."""
    done = subprocess.run(
        [sys.executable, "-c", script + _PEAK, url, str(size), str(where)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise BrokenError(done.stderr[-500:])
    return float(done.stdout) / 1024


class _Film(BaseHTTPRequestHandler):
    """As many bytes as the address asks for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """At once."""
        left = int(self.path.partition("size=")[2])
        self.send_response(200)
        self.send_header("content-type", "video/mp4")
        self.send_header("content-length", str(left))
        self.end_headers()
        while left > 0:
            left -= self.wfile.write(_PART[:left])

    def log_message(self, *_: object) -> None:
        """Say nothing."""
