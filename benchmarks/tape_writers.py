"""How much is kept when several processes append to one recording at once?"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.children import ROOT, BrokenError, environment
from benchmarks.table import Row
from diagnostics.tape import read_whole

WHAT = "8 processes appending to one tape"
WRITERS = 8
LINES = 100

APPEND = """
import sys
from pathlib import Path
from diagnostics.model import Case, Exchange, Request, Response, Target, TargetKind
from diagnostics.redact import Gate
from diagnostics.tape import TapeFile

folder, writer, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
file = TapeFile(folder, Gate())
target = Target(kind=TargetKind.LIVE, provider="akool", base_url="https://h.test")
file.begin(Case(run_id="writers", target=target))
print("ready", flush=True)
sys.stdin.read()
for n in range(count):
    request = Request(method="GET", url=f"https://h.test/{writer}/{n}")
    answer = Response(status=200, body=f"{writer} {n} ".encode() * 500)
    file.append(Exchange(request=request, answer=answer, started_s=float(n)))
file.close()
"""
VCRPY = """
import sys
from vcr.cassette import Cassette
from vcr.record_mode import RecordMode
from vcr.request import Request

cassette = Cassette.load(path=sys.argv[1], record_mode=RecordMode.NEW_EPISODES)
print("ready", flush=True)
sys.stdin.read()
answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"{}"}}
cassette.append(Request("GET", f"https://h.test/{sys.argv[2]}", b"", {}), answer)
cassette._save()
"""


def rows(lines: int = LINES) -> Iterator[Row]:
    """All start together; every line is looked for afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        taken_s = together(APPEND, place, WRITERS, str(lines))
        reading = read_whole(place)
        kept = len({exchange.request.url for exchange in reading.tape})
        together(VCRPY, place / "cassette.yaml", 2)
        theirs = (place / "cassette.yaml").read_text().count("uri:")
    wanted = WRITERS * lines
    yield Row(
        what=WHAT,
        measured=f"{kept} of {wanted} lines, {taken_s:.1f} s",
        baseline=f"vcrpy: {theirs} of 2 processes",
        reach="every line",
        reached=kept == len(reading.tape) == wanted and not reading.torn,
    )


def together(script: str, place: Path, count: int, *more: str) -> float:
    """Start so many, let them go at once; gives the seconds until the last is done."""
    with ExitStack() as stack:
        made = [stack.enter_context(_child(script, place, n, more)) for n in range(count)]
        for child in made:
            assert child.stdout is not None
            child.stdout.readline()
        before = time.perf_counter()
        for child in made:
            assert child.stdin is not None
            child.stdin.close()
        if any(child.wait(timeout=60) for child in made):
            raise BrokenError("a writer failed")
    return time.perf_counter() - before


def _child(
    script: str, place: Path, number: int, more: tuple[str, ...]
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", script, str(place), f"w{number}", *more]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
