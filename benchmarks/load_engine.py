"""How many requests a second does one core of the generator carry, beside Locust's own client?

A hundred users create a job (a POST of 200 bytes) and read its state three times; every answer is
decoded and judged by its business code, every latency counted. The generator is pinned to one core
and the server to the other. What a core carries is requests by the CPU seconds of the generator's
process: on a shared machine the wall clock tells of the neighbours. Peers that are installed (wrk,
hey, vegeta, autocannon) are run; they decode and judge nothing.
"""

import json
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from random import Random
from statistics import median
from typing import Any

from benchmarks.children import ROOT, BrokenError, environment
from benchmarks.load_servers import bare, pinned
from benchmarks.table import Row

WHAT = "requests a second of one core, 100 users"
USERS = 100
POLLS = 3
LIMIT_S = 120.0
_RSS_UNIT_KB = 1 if sys.platform == "linux" else 1024


def rows(
    rounds: int = 3, requests: int = 200_000, seconds: float = 5.0, jobs: int = 10_000
) -> Iterator[Row]:
    """Ours and Locust's against the same server, in turn."""
    ours, counted, stock = [], [], []
    with bare() as port:
        for _ in range(rounds):
            ours.append(child("ours", port, requests))
            counted.append(child("tallied", port, requests // 2))
            stock.append(child("stock", port, seconds))
        peers = list(_peers(port, seconds))
    yield _row(f"{WHAT}, exact statistics", ours, stock, least=80_000)
    yield _row(f"{WHAT}, whole tally with jobs", counted, stock, least=None)
    rss_mb = _memory()
    yield Row(
        what=f"memory at {5 * USERS} users, without Locust",
        measured=f"{rss_mb:.0f} MB",
        reach="≤ 60 MB",
        reached=rss_mb <= 60,
    )
    yield _waiting(jobs)
    yield from peers


def _waiting(jobs: int) -> Row:
    with bare() as port:
        rss_mb = float(child("jobs", port, jobs)["rss_mb"])
    return Row(
        what=f"{jobs:,} jobs in flight, one worker, without Locust",
        measured=f"{rss_mb:.0f} MB",
        reach="≤ 200 MB",
        reached=rss_mb <= 200,
    )


def _row(
    what: str, ours: list[dict[str, float]], stock: list[dict[str, float]], *, least: float | None
) -> Row:
    best = max(one["per_s"] for one in ours)
    theirs = max(one["per_s"] for one in stock)
    times = median(a["per_s"] / b["per_s"] for a, b in zip(ours, stock, strict=True))
    return Row(
        what=what,
        measured=f"{best:,.0f}/s of CPU, {ours[0]['wall_per_s']:,.0f}/s of wall",
        baseline=f"FastHttpUser {theirs:,.0f}/s of CPU",
        ratio=f"{times:.1f} ×",
        reach="" if least is None else f"≥ {least:,.0f}, 6 ×",
        reached=None if least is None else best >= least and times >= 6,
    )


def _memory() -> float:
    with bare() as port:
        return float(child("ours", port, 20_000, 5 * USERS)["rss_mb"])


def child(way: str, port: int, *much: float) -> dict[str, float]:
    """One generator in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.load_engine", way, str(port), *map(str, much)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise BrokenError(f"{way}: {done.stderr[-400:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


# --- ours -------------------------------------------------------------------------------------


class Exact:
    """The least that is exact: every latency in a histogram by name, every failure by its code."""

    def __init__(self) -> None:
        from diagnostics.loading.histogram import Histogram  # noqa: PLC0415  # not for the parent

        self._made = Histogram
        self.kept: dict[str, tuple[Any, list[float]]] = {}
        self.failed: dict[tuple[str, str | None], int] = {}
        self.count = 0

    def answered(  # noqa: PLR0913  # the engine's `Listener`; gathering what is not read costs
        self,
        exchange: Any,
        *,
        due_s: float,  # noqa: ARG002  # see above
        sent_s: float,  # noqa: ARG002  # see above
        name: str,
        code: str | None,
        ok: bool,
    ) -> None:
        """Count one attempt."""
        self.count += 1
        found = self.kept.get(name)
        if found is None:
            found = self.kept[name] = (self._made(), [])
        found[1].append(exchange.duration_s)
        if len(found[1]) >= 4096:
            found[0].extend(found[1])
            found[1].clear()
        if not ok:
            self.failed[name, code] = self.failed.get((name, code), 0) + 1


def _engine(port: int, listener: Any) -> Any:
    from diagnostics import contract_load  # noqa: PLC0415  # not for the parent
    from diagnostics.drive.budget import Budget  # noqa: PLC0415  # as above
    from diagnostics.drive.policy import Policy  # noqa: PLC0415  # as above
    from diagnostics.loading.engine import Engine  # noqa: PLC0415  # as above
    from diagnostics.model import RetryPolicy, TargetKind  # noqa: PLC0415  # as above

    contract = contract_load.load("akool")
    keys = (("x-api-key", "invented-load-key-0001"),)
    return contract, Engine(
        contract=contract,
        base_url=f"http://127.0.0.1:{port}",
        headers=lambda _request: keys,
        budget=Budget(kind=TargetKind.EMULATOR),
        policy=Policy(contract=contract, retry=RetryPolicy(), random=Random(1)),
        listener=listener,
    )


def asking(contract: Any) -> Callable[[], Generator[Any, Any, None]]:
    """An `ask` that creates, reads the state three times, and begins anew."""
    from diagnostics.model import Request  # noqa: PLC0415  # not for the parent

    body = {
        "talking_photo_url": "https://a.test/" + "f" * 60,
        "audio_url": "https://a.test/" + "s" * 60,
    }
    create = contract.request("createTalkingPhoto", body=body)
    read = contract.operations["getVideo"].url + "?video_model_id="

    def ask() -> Generator[Any, Any, None]:
        while True:
            made = yield create
            told = contract.read(made.answer, "createTalkingPhoto")
            poll = Request(method="GET", url=read + told.body["data"]["_id"], operation="getVideo")
            for _ in range(POLLS):
                seen = yield poll
                assert contract.read(seen.answer, "getVideo").ok

    return ask


def ours(port: int, requests: float, users: float = USERS, *, tallied: bool = False) -> None:
    """Carry so many requests, and tell what they cost."""
    pinned(0)
    listener = Exact()
    contract, engine = _engine(port, _tally(listener) if tallied else listener)
    ask = asking(contract)
    for number in range(int(users)):
        engine.begin(ask(), due_s=engine.now(), scenario="job", conversation=number)
    while listener.count < requests / 10:  # connections are open and heads are known
        engine.turn(0.1)
    first, wall_s, cpu_s = listener.count, time.perf_counter(), time.process_time()
    while listener.count < requests:
        engine.turn(0.1)
    _told(listener.count - first, time.perf_counter() - wall_s, time.process_time() - cpu_s)
    if listener.failed:
        raise BrokenError(f"answers that failed: {listener.failed}")
    engine.close()


def in_flight(port: int, jobs: float) -> None:
    """Create so many jobs, each read every minute, and tell what they take while they wait."""
    from dataclasses import replace  # noqa: PLC0415  # not for the parent

    listener = Exact()
    contract, engine = _engine(port, _tally(listener))

    made = asking(contract)

    def job() -> Generator[Any, Any, None]:
        inner = made()
        wanted = next(inner)
        while True:
            wanted = inner.send((yield wanted))
            wanted = replace(wanted, wait_s=60.0)

    for number in range(int(jobs)):
        engine.begin(job(), due_s=engine.now() + number / 5000, conversation=number)
    while listener.count < jobs:
        engine.turn(0.1)
    _told(listener.count, 1.0, 1.0)
    engine.close()


def _tally(counting: Exact) -> Any:
    """The whole tally of a load, jobs followed; `counting` only says when it is enough."""
    from diagnostics import contract_load  # noqa: PLC0415  # not for the parent
    from diagnostics.loading.tally import Tally  # noqa: PLC0415  # as above

    class Both(Tally):
        def answered(self, exchange: Any, **told: Any) -> None:
            counting.count += 1
            super().answered(exchange, **told)

    return Both(contract_load.load("akool"), started_s=time.perf_counter(), began_at=time.time())


def _told(count: int, wall_s: float, cpu_s: float) -> None:
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _RSS_UNIT_KB / 1024
    print(json.dumps({"per_s": count / cpu_s, "wall_per_s": count / wall_s, "rss_mb": rss_mb}))


# --- the others -------------------------------------------------------------------------------


def stock(port: int, seconds: float) -> None:
    """Locust's FastHttpUser at the same work, its own statistics."""
    from locust import FastHttpUser, task  # noqa: PLC0415  # patches everything it meets
    from locust.env import Environment  # noqa: PLC0415  # as above

    pinned(0)
    body = json.dumps({"talking_photo_url": "f" * 80, "audio_url": "s" * 80})
    head = {"Content-Type": "application/json", "x-api-key": "invented-load-key-0001"}

    class User(FastHttpUser):
        host = f"http://127.0.0.1:{port}"

        def judged(self, method: str, path: str, name: str, data: str | None = None) -> Any:
            with self.client.request(
                method, path, name=name, data=data, headers=head, catch_response=True
            ) as answer:
                told = answer.json()
                if told["code"] != 1000:
                    answer.failure(str(told["code"]))
                return told

        @task
        def job(self) -> None:
            made = self.judged("POST", "/api/open/v3/create", "create", body)
            path = f"/api/open/v3/content/video/infobymodelid?video_model_id={made['data']['_id']}"
            for _ in range(POLLS):
                self.judged("GET", path, "read")

    import gevent  # noqa: PLC0415  # locust brought it

    environment_of = Environment(user_classes=[User])
    runner = environment_of.create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(1.0)
    total = environment_of.stats.total
    first, wall_s, cpu_s = total.num_requests, time.perf_counter(), time.process_time()
    gevent.sleep(seconds)
    _told(total.num_requests - first, time.perf_counter() - wall_s, time.process_time() - cpu_s)
    runner.quit()


PEERS: dict[str, tuple[Callable[[str, int], list[str]], str]] = {
    "wrk": (lambda url, s: ["wrk", "-t1", "-c100", f"-d{s}s", url], r"Requests/sec:\s+([\d.]+)"),
    "hey": (
        lambda url, s: ["hey", "-c", "100", "-cpus", "1", "-z", f"{s}s", url],
        r"Requests/sec:\s+([\d.]+)",
    ),
    "autocannon": (
        lambda url, s: ["autocannon", "-c", "100", "-d", str(s), "--json", url],
        r'"average":\s*([\d.]+),"mean"',
    ),
    "vegeta": (
        lambda url, s: [
            "sh",
            "-c",
            f"echo GET {url} | vegeta attack -rate 0 -max-workers 100 -duration {s}s|vegeta report",
        ],
        r"Requests\s+\[.*\]\s+\d+, ([\d.]+),",
    ),
}
"""How each is run, and where it says its requests a second (of wall, not of CPU)."""


def _peers(port: int, seconds: float) -> Iterator[Row]:
    url = f"http://127.0.0.1:{port}/api/open/v3/content/video/infobymodelid"
    for name, (command, pattern) in PEERS.items():
        told = "not installed: skipped"
        if shutil.which(name):
            pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
            done = subprocess.run(
                [*pin, *command(url, max(1, int(seconds)))],
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            found = re.search(pattern, done.stdout)
            told = f"{float(found[1]):,.0f}/s of wall" if found else "gave no figure"
        yield Row(what=f"{WHAT}: {name}", measured=told)


def main(way: str, port: str, *much: str) -> None:
    """One generator, in this process."""
    numbers = [float(one) for one in much]
    if way == "stock":
        stock(int(port), *numbers)
    elif way == "jobs":
        in_flight(int(port), *numbers)
    else:
        ours(int(port), *numbers, tallied=way == "tallied")


if __name__ == "__main__":
    main(*sys.argv[1:])
