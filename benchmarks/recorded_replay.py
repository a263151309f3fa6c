"""What does a replayed request cost above `httpx`'s own work, at any size of the recording?

Clients take turns, some requests each: one whose transport says the same every time, and one that
plays a recording, in any order. Stock vcrpy plays the same in turn; its cost grows with the
recording, so it is measured at 100 and 1,000 only (10,000 of its requests take 731 s).
"""

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import vcr

from benchmarks.table import Row
from diagnostics.model import Case, Exchange, Request, Response, Target, TargetKind
from diagnostics.recording import Replayer
from diagnostics.redact import Gate
from diagnostics.tape import NAME, TapeFile
from diagnostics.tape_values import exchange_to

WHAT = "replay of {count:,}, per request above httpx's own"
WHOLE = "10,000 replayed, in any order"
SIZES = (100, 10_000, 100_000)
THEIRS = (100, 1_000)
WHOLE_COUNT = 10_000
TURN = 50
_BODY = b'{"code":1000,"msg":"OK","data":{"video_status":2,"_id":"invented-%d"}}'
_HEAD = (("content-type", "application/json"), ("x-request-id", "invented-request"))
_URL = "http://emulator.test/api/open/v3/content/video/infobymodelid?video_model_id={}"
Ask = Callable[[int], float]
"""Sends the request of that number and gives the seconds it took."""


def rows(
    sizes: tuple[int, ...] = SIZES,
    theirs: tuple[int, ...] = THEIRS,
    whole: int = WHOLE_COUNT,
    requests: int = 3000,
) -> Iterator[Row]:
    """Every size of ours beside the next of vcrpy's, then a whole recording."""
    with tempfile.TemporaryDirectory() as place:
        baselines = [_vcrpy(Path(place), count, min(requests, 100)) for count in theirs]
        tapes = {count: _tape(Path(place) / str(count), count) for count in {*sizes, whole}}
        for row, count in enumerate(sizes):
            above_us, own_us = _above(tapes[count], count, requests)
            known = f"vcrpy {baselines[row]} at {theirs[row]:,}" if row < len(theirs) else ""
            yield Row(
                what=WHAT.format(count=count),
                measured=f"{above_us:.1f} µs",
                baseline=known,
                ratio=f"httpx {own_us:.0f} µs",
                reach="≤ 25 µs",
                reached=above_us <= 25,
            )
        yield _whole(tapes[whole], whole)


def _whole(tape: Path, count: int) -> Row:
    taken_s, own_s = min((_played(tape, count), _own(count)) for _ in range(3))
    return Row(
        what=WHOLE,
        measured=f"{taken_s:.2f} s",
        baseline="vcrpy 731 s (measured once)",
        ratio=f"httpx {own_s:.2f} s",
        reach="≤ 1 s",
        reached=taken_s <= 1,
    )


def _own(count: int) -> float:
    """What `httpx` alone needs for as many requests."""
    with httpx.Client(transport=_Constant()) as client:
        return _asked(client, list(range(count))) * count


def _played(tape: Path, count: int) -> float:
    order = random.Random(0).sample(range(count), count)
    with Replayer(tape) as played, httpx.Client(transport=played.transport()) as client:
        before = time.perf_counter()
        for number in order:
            client.get(_URL.format(number))
        return time.perf_counter() - before


class _Constant(httpx.BaseTransport):
    """Says the same every time."""

    def handle_request(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=_HEAD, content=_BODY)


def _above(tape: Path, count: int, requests: int) -> tuple[float, float]:
    """Microseconds above the constant transport, and its own: medians of turns side by side."""
    own: list[float] = []
    above: list[float] = []
    with httpx.Client(transport=_Constant()) as constant:
        for order in _turns(count, requests):
            with Replayer(tape) as played, httpx.Client(transport=played.transport()) as client:
                client.get(_URL.format(order.pop()))
                for at in range(0, len(order), TURN):
                    turn = order[at : at + TURN]
                    own.append(_asked(constant, turn))
                    above.append(_asked(client, turn) - own[-1])
    return median(above) * 1e6, median(own) * 1e6


def _turns(count: int, requests: int) -> Iterator[list[int]]:
    """Each plays a recording anew: a small one is soon used up."""
    left = requests
    while left > 0:
        order = random.Random(left).sample(range(count), min(count, left + 1))
        left -= len(order)
        yield order


def _asked(client: httpx.Client, numbers: list[int]) -> float:
    before = time.perf_counter()
    for number in numbers:
        client.get(_URL.format(number))
    return (time.perf_counter() - before) / max(len(numbers), 1)


def _tape(folder: Path, count: int) -> Path:
    target = Target(kind=TargetKind.EMULATOR, provider="akool", base_url="http://emulator.test")
    tape = TapeFile(folder, Gate(("invented", "invented")))
    tape.begin(Case(run_id="invented", target=target))
    tape.close()
    with (folder / NAME).open("a", encoding="utf-8") as file:  # ten times as fast as the writer
        file.writelines(json.dumps(exchange_to(_exchange(n))) + "\n" for n in range(count))
    return folder


def _exchange(number: int) -> Exchange:
    answer = Response(status=200, headers=_HEAD, body=_BODY % number)
    request = Request(method="GET", url=_URL.format(number))
    return Exchange(request=request, answer=answer, started_s=float(number), position=number)


def _vcrpy(place: Path, count: int, requests: int) -> str:
    """Milliseconds a request of stock vcrpy, above the same transport."""
    path = place / f"{count}.json"
    path.write_text(json.dumps({"version": 1, "interactions": [_theirs(n) for n in range(count)]}))
    order = random.Random(0).sample(range(count), min(count, requests))
    with httpx.Client(transport=_Constant()) as constant:
        own_s = _asked(constant, order)
    options: dict[str, Any] = {"serializer": "json", "record_mode": "none"}
    with vcr.use_cassette(str(path), **options), httpx.Client(trust_env=False) as client:
        taken_s = _asked(client, order)
    return f"{(taken_s - own_s) * 1e3:.1f} ms"


def _theirs(number: int) -> dict[str, Any]:
    body = (_BODY % number).decode()
    return {
        "request": {"method": "GET", "uri": _URL.format(number), "body": "", "headers": {}},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {name: [value] for name, value in _HEAD},
            "body": {"string": body},
        },
    }
