"""What does it cost to open a long recording before the first request is answered?"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.children import LIMIT_S, ROOT, environment
from benchmarks.long_tape import write
from benchmarks.table import Row
from diagnostics.tape import TapeIndex

WHAT = "opening a recording of 100,000 exchanges"
BUILT = "its index, built once"
EXCHANGES = 100_000
THEIRS = 2_000
ROUNDS = 3

RESIDENT = """
import json, os, resource, sys, time

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
"""
OURS = f"""{RESIDENT}
from pathlib import Path
from diagnostics.tape import TapeIndex

before_mb, before_s = resident_mb(), time.perf_counter()
index = TapeIndex.open(Path(sys.argv[1]))
taken_s = time.perf_counter() - before_s
print(json.dumps([taken_s, resident_mb() - before_mb, len(index)]))
"""
VCRPY = f"""{RESIDENT}
from vcr.cassette import Cassette

before_mb, before_s = resident_mb(), time.perf_counter()
cassette = Cassette.load(path=sys.argv[1])
taken_s = time.perf_counter() - before_s
print(json.dumps([taken_s, resident_mb() - before_mb, len(cassette)]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What one opening took."""

    seconds: float
    rss_mb: float
    count: int


def rows(exchanges: int = EXCHANGES, theirs: int = THEIRS) -> Iterator[Row]:
    """Ours and vcrpy's, each in a process of its own; the best of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(place, exchanges)
        cassette = cassette_of(place / "cassette.yaml", theirs)
        before = time.perf_counter()
        TapeIndex.open(place).close()
        built_s = time.perf_counter() - before
        ours = [opened(OURS, place) for _ in range(ROUNDS)]
        vcrpy = opened(VCRPY, cassette)
    best_s, rss_mb = min(one.seconds for one in ours), max(one.rss_mb for one in ours)
    yield Row(
        what=WHAT,
        measured=f"{best_s * 1e3:.1f} ms, {rss_mb:.0f} MB",
        baseline=f"vcrpy, {theirs:,} only: {vcrpy.seconds:.2f} s, {vcrpy.rss_mb:.0f} MB",
        reach="≤ 20 ms and ≤ 20 MB",
        reached=best_s <= 0.020 and rss_mb <= 20 and ours[0].count == exchanges,
    )
    yield Row(what=BUILT, measured=f"{built_s:.1f} s", baseline="at the first opening")


def opened(script: str, place: Path) -> Opened:
    """In a process of its own."""
    seconds, rss_mb, count = json.loads(
        subprocess.check_output(
            [sys.executable, "-c", script, str(place)],
            cwd=ROOT,
            env=environment(),
            timeout=LIMIT_S,
        )
    )
    return Opened(seconds=seconds, rss_mb=rss_mb, count=count)


def cassette_of(path: Path, count: int) -> Path:
    """A cassette as vcrpy writes it, of polls like ours."""
    body = json.dumps({"code": 1000, "data": {"video_status": 2, "resolution": "1080"}})
    with path.open("w", encoding="utf-8") as file:
        polls = [_poll(n, f"{body} {n}") for n in range(count)]
        yaml.dump({"interactions": polls, "version": 1}, file, Dumper=yaml.CDumper)
    return path


def _poll(number: int, body: str) -> dict[str, object]:
    sent = {"uri": f"https://h.test/jobs/{number}", "method": "GET", "body": ""}
    answered = {"status": {"code": 200, "message": "OK"}, "body": {"string": body}}
    return {
        "request": {**sent, "headers": {name: [value] for name, value in _SENT}},
        "response": {**answered, "headers": {name: [value] for name, value in _ANSWERED}},
    }


_SENT = (
    ("accept", "*/*"),
    ("accept-encoding", "gzip, deflate"),
    ("connection", "keep-alive"),
    ("host", "h.test"),
    ("user-agent", "python-httpx/0.28.1"),
)
_ANSWERED = (
    ("content-type", "application/json"),
    ("content-length", "80"),
    ("date", "Sat, 21 Nov 2026 00:00:00 GMT"),
    ("server", "nginx"),
    ("x-request-id", "00c0ffee00c0ffee"),
)
