"""Is a stalled server told? One stall of 2 s at 200 requests a second, and what p99 comes to.

The truth is worked out from the arrivals: whoever was due during the stall waited until its end.
The server, a process of its own, tells when it stalled, on the clock that both share.
"""

import http.client
import math
import queue
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import IO

from benchmarks.table import Row
from diagnostics import contract_load
from diagnostics.drive.budget import Budget
from diagnostics.drive.policy import Policy
from diagnostics.loading.engine import Engine
from diagnostics.loading.histogram import Histogram
from diagnostics.loading.tally import Tally
from diagnostics.model import Ask, Request, RetryPolicy, TargetKind

WHAT = "p99 of a server that stalls once, 200 a second"
RATE_PER_S = 200
LASTS_S = 10.0
STALL_AT_S = 4.0
STALL_S = 2.0
_ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"code":1000}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """When the server answered nobody."""

    began_s: float
    ended_s: float


# --- the server, a process of its own -----------------------------------------------------------


class Answering:
    """Answers whatever asks, in one loop: what it costs after a stall must not blur the figure."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listening.setblocking(False)  # noqa: FBT003  # the standard library's own signature
        self.port: int = self._listening.getsockname()[1]
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._listening, selectors.EVENT_READ, self._accept)

    def turn(self, most_s: float) -> None:
        """Answer those who have asked."""
        for key, _ in self._ready.select(most_s):
            key.data(key.fileobj)

    def _accept(self, listening: socket.socket) -> None:
        try:
            while True:
                line, _ = listening.accept()
                self._ready.register(line, selectors.EVENT_READ, self._answer)
                self._answer(line)
        except BlockingIOError:
            return

    def _answer(self, line: socket.socket) -> None:
        try:
            data = line.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            line.send(_ANSWER * data.count(b"\r\n\r\n"))
        else:
            self._ready.unregister(line)
            line.close()


def _listen(words: "queue.SimpleQueue[str]") -> None:
    for word in sys.stdin:
        words.put(word)


def serve() -> None:
    """Tell the port; some time after the word `go` stall once, and tell when."""
    answering, words = Answering(), queue.SimpleQueue[str]()
    threading.Thread(target=_listen, args=(words,), daemon=True).start()
    print(answering.port, flush=True)
    stall_at_s = math.inf
    while True:
        answering.turn(0.01)
        if not words.empty() and words.get():
            stall_at_s = time.perf_counter() + STALL_AT_S
        if time.perf_counter() >= stall_at_s:
            began_s, stall_at_s = time.perf_counter(), math.inf
            time.sleep(STALL_S)
            print(began_s, time.perf_counter(), flush=True)


class Server:
    """The process, and what it tells."""

    def __init__(self, told: IO[str], asked: IO[str]) -> None:
        self._told, self._asked = told, asked
        self.port = int(told.readline())

    def go(self) -> None:
        """From now on `STALL_AT_S` until it stalls."""
        self._asked.write("go\n")
        self._asked.flush()

    def stall(self) -> Stall:
        """When it did."""
        began_s, ended_s = map(float, self._told.readline().split())
        return Stall(began_s=began_s, ended_s=ended_s)


@contextmanager
def server() -> Iterator[Server]:
    """One that is ended afterwards."""
    command = [sys.executable, "-m", "benchmarks.load_stall"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield Server(child.stdout, child.stdin)
        finally:
            child.terminate()


# --- who asks -----------------------------------------------------------------------------------


def ours(port: int) -> tuple[Tally, list[float]]:
    """The engine and the tally in the open model, and when each request was due."""
    contract = contract_load.load("akool")
    start_s = time.perf_counter() + 0.05
    tally = Tally(contract, started_s=start_s, began_at=time.time())
    engine = Engine(
        contract=contract,
        base_url=f"http://127.0.0.1:{port}",
        budget=Budget(kind=TargetKind.EMULATOR),
        policy=Policy(contract=contract, retry=RetryPolicy(max_retries=1), random=Random(0)),
        listener=tally,
    )
    request = next(contract.probing())
    due_s = [start_s + n / RATE_PER_S for n in range(int(RATE_PER_S * LASTS_S))]
    waiting = iter([*due_s, float("inf")])
    after_s = next(waiting)
    while after_s < float("inf") or engine.flows:
        while after_s <= time.perf_counter() + 0.02:
            engine.begin(_one(request), due_s=after_s)
            after_s = next(waiting)
        engine.turn(0.01)
    engine.close()
    return tally, due_s


def _one(request: Request) -> Ask:
    yield request


def closed(port: int) -> Histogram:
    """What a tool tells whose one user waits for each answer before it asks again."""
    told, line = Histogram(), http.client.HTTPConnection("127.0.0.1", port)
    end_s = time.perf_counter() + LASTS_S
    while (began_s := time.perf_counter()) < end_s:
        line.request("GET", "/")
        line.getresponse().read()
        took_s = time.perf_counter() - began_s
        told.record(took_s)
        time.sleep(max(0.0, 1 / RATE_PER_S - took_s))
    line.close()
    return told


def truth(due_s: Sequence[float], stall: Stall, usual_s: float) -> float:
    """The p99 of waiting times, worked out from when each was due."""
    waited = sorted(
        usual_s + (stall.ended_s - due if stall.began_s <= due < stall.ended_s else 0.0)
        for due in due_s
    )
    return waited[-(-len(waited) * 99 // 100) - 1]


def rows(rounds: int = 2) -> Iterator[Row]:
    """Several rounds: the worst error counts."""
    errors, told_s, true_s = [], 0.0, 0.0
    hidden = Histogram()
    for number in range(rounds):
        with server() as there:
            there.go()
            tally, due_s = ours(there.port)
            stall = there.stall()
            told_s = tally.metric("p99 of request") or 0.0
            usual_s = tally.served("p50 of request") or 0.0
            true_s = truth(due_s, stall, usual_s)
            errors.append(abs(told_s / true_s - 1))
            if number == 0:
                there.go()
                hidden = closed(there.port)
    worst, hidden_ms = max(errors), (hidden.percentile(0.99) or 0.0) * 1e3
    yield Row(
        what=WHAT,
        measured=f"{told_s * 1e3:.0f} ms, {worst:.2%} off at worst ({median(errors):.2%})",
        baseline=f"truth {true_s * 1e3:.0f} ms; a closed user {hidden_ms:.1f} ms",
        reach="≤ 2 % off",
        reached=worst <= 0.02,
    )


if __name__ == "__main__":
    serve()
