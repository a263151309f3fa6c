"""Do a master and three workers carry one load, and does the death of one cost nothing unsaid?"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from diagnostics import contract_load
from diagnostics.emulator.overload import Pressure
from diagnostics.emulator.pressing.spread import spread
from diagnostics.emulator.serve import Served, bound
from diagnostics.loading.arrivals import Schedule
from diagnostics.loading.profile import Arrival, Stage
from diagnostics.loading.reading import load
from diagnostics.loading.sharing import STREAMS, Desk, Order, shares
from diagnostics.model import RetryPolicy, Target, TargetKind

ROOT = Path(__file__).parent.parent
RATE, HOLD_S = 30, 10
DIED = r"died (\S+) s into .*, (\d+) asks under way.* (\d+) arrivals since then are not sent again"
PROFILE = f"""
title: shared out
model: open
stages:
  - {{rate: {RATE} /s, hold: {HOLD_S} s}}
mix:
  - {{scenario: job, poll: {{every: 100 ms, most: 60}}}}
objectives: ['duplicates = 0']
"""


class Locust:
    """One process of a load."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", "locustfile.py", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.told = ""

    def until(self, words: str) -> re.Match[str]:
        """Read on until it says that."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told += line
            found = re.search(words, line)
            if found:
                return found
        raise AssertionError(f"never said {words!r}:\n{self.told}")

    def pause(self) -> None:
        """A moment, in which it must not end."""
        with suppress(subprocess.TimeoutExpired):
            code = self.process.wait(timeout=0.05)
            raise AssertionError(f"it ended with {code}")

    def end(self) -> str:
        """What it wrote on standard output until it ended by itself."""
        out, told = self.process.communicate(timeout=60)
        self.told += told
        return out


def free_port() -> int:
    listener = bound("127.0.0.1", 0)
    with listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(*commands: tuple[str, ...]) -> Iterator[list[Locust]]:
    started = [Locust(*command) for command in commands]
    try:
        yield started
    finally:
        for one in started:
            one.process.kill()
            one.process.communicate()


def test_a_worker_that_is_killed_is_named_its_share_goes_on_and_nothing_is_sent_twice(
    tmp_path: Path,
) -> None:
    profile = tmp_path / "shared.yaml"
    profile.write_text(PROFILE)
    port = str(free_port())
    pressure = Pressure(queue_s=spread(0.05), render_s=spread(0.2))
    worker = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
    with Served(contract_load.load("akool"), credits=1e6, pressure=pressure) as served:
        master = (
            "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port,
            "--expect-workers", "3", "--headless", "--only-summary", "--json",
            "--host", served.base_url, "--profile", str(profile),
        )  # fmt: skip
        with running(master, worker, worker, worker) as (leads, *workers):
            while len(served.emulator.account.charged) < 2 * RATE:
                leads.pause()
            os.kill(workers[1].process.pid, signal.SIGKILL)
            died = leads.until(DIED)
            out = leads.end()
        created = len(served.emulator.account.charged)
    lost_s, under_way, left_out = float(died[1]), int(died[2]), int(died[3])
    assert 5.0 < lost_s < 9.0
    found = {row["name"]: row for row in json.loads(out)}
    told = found["createTalkingPhoto"]["num_requests"]
    assert "WORKER worker" in leads.told
    assert "Traceback" not in leads.told
    assert leads.process.returncode == 1
    # every arrival was begun once, or was the dead worker's: begun or not, it is told as unknown
    assert told <= created <= RATE * HOLD_S
    assert RATE * HOLD_S - left_out <= created
    assert RATE * HOLD_S - left_out - under_way <= told
    assert 0 < left_out <= RATE / 3 * (lost_s - 2) + 10


def test_three_processes_of_locusts_own_making_share_the_rate(tmp_path: Path) -> None:
    profile = tmp_path / "shared.yaml"
    profile.write_text(PROFILE.replace(f"hold: {HOLD_S} s", "hold: 3 s"))
    port = str(free_port())
    pressure = Pressure(queue_s=spread(0.05), render_s=spread(0.2))
    with Served(contract_load.load("akool"), credits=1e6, pressure=pressure) as served:
        command = (
            "--processes", "3", "--master-bind-port", port, "--master-port", port,
            "--headless", "--only-summary", "--json",
            "--host", served.base_url, "--profile", str(profile),
        )  # fmt: skip
        with running(command) as (leads,):
            out = leads.end().replace("[]", "")  # each worker prints an empty list
    assert leads.process.returncode == 0, leads.told
    found = {row["name"]: row for row in json.loads(out)}
    assert found["createTalkingPhoto"]["num_requests"] == RATE * 3
    assert found["job.total"]["num_requests"] == RATE * 3


def test_an_order_comes_out_of_a_message_as_it_went_in_and_holds_no_key() -> None:
    order = Order(
        profile=load("stress"),
        main="akool",
        targets={
            "akool": Target(
                kind=TargetKind.EMULATOR,
                provider="akool",
                base_url="http://127.0.0.1:1",
                media_base="http://127.0.0.1:1/_media",
            )
        },
        budget=12.5,
        seed=7,
        retry=RetryPolicy(max_retries=2, base_delay_s=0.5),
        stock=True,
        allowed=("load.example.test",),
        start_at=1.5,
        shaped=False,
    )
    told = json.loads(json.dumps(order.to_data()))
    back = Order.from_data(told)
    assert back.to_data() == order.to_data()
    assert back.profile.stages == order.profile.stages
    assert back.targets == order.targets
    assert "key" not in json.dumps(told)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["want", "back", "die"]), st.integers(1, 40)
        ),
        max_size=40,
    )
)
def test_no_stream_is_ever_held_by_two(steps: list[tuple[str, str, int]]) -> None:
    desk = Desk()
    for at_s, (name, what, count) in enumerate(steps):
        held = sorted(desk.known(name).streams)[:count]
        if what == "want":
            desk.give(name, count)
        elif what == "back":
            desk.take_back(name, dict.fromkeys(held, float(at_s)))
            desk.take_back(name, dict.fromkeys(held, 0.0))  # told twice: the second is nobody's
        else:
            desk.lose(name, float(at_s))
        every = [index for worker in desk.workers.values() for index in worker.streams]
        assert len(every) == len(set(every))
    free = desk.give("rest", STREAMS)
    every = [index for worker in desk.workers.values() for index in worker.streams]
    assert sorted(every) == list(range(STREAMS))
    assert all(0 <= from_s < max(1, len(steps)) for from_s in free.values())


def test_who_takes_a_stream_over_begins_where_it_was_given_back() -> None:
    stages = (Stage(duration_s=0.0, level=50.0), Stage(duration_s=10.0, level=50.0))
    whole = Schedule(stages, arrival=Arrival.POISSON, seed=3, index=4, count=STREAMS).due(10.0)
    first = Schedule(stages, arrival=Arrival.POISSON, seed=3, index=4, count=STREAMS)
    begun = first.due(4.0)
    desk = Desk()
    desk.give("one", STREAMS)
    desk.take_back("one", {4: first.next_s or 0.0})
    ((index, from_s),) = desk.give("two", 1).items()
    second = Schedule(stages, arrival=Arrival.POISSON, seed=3, index=index, count=STREAMS)
    assert second.skip(from_s) == len(begun)
    assert begun + second.due(10.0) == whole


def test_the_parts_of_a_budget_are_never_more_than_the_whole() -> None:
    parts = shares(100.0, ["a", "b", "c"])
    assert sum(part or 0.0 for part in parts.values()) <= 100.0
    assert set(shares(None, ["a"]).values()) == {None}
