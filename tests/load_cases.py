"""Small pieces that tests of the load engine share: a server in a thread, and an ear."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from diagnostics.drive.budget import Budget
from diagnostics.drive.live import Bounds
from diagnostics.loading.engine import Engine
from diagnostics.model import Exchange, Request, TargetKind
from tests.drive_cases import akool, policy
from tests.wire import Script, Wire, serving

QUICK = Bounds(connect_s=2.0, read_s=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the engine told of one attempt."""

    exchange: Exchange
    due_s: float
    sent_s: float
    name: str
    code: str | None
    ok: bool


@dataclass(slots=True)
class Ear:
    """A listener that keeps everything."""

    heard: list[Heard] = field(default_factory=list)

    def answered(  # noqa: PLR0913  # as `Listener` has it
        self,
        exchange: Exchange,
        *,
        due_s: float,
        sent_s: float,
        name: str,
        code: str | None,
        ok: bool,
    ) -> None:
        self.heard.append(
            Heard(exchange=exchange, due_s=due_s, sent_s=sent_s, name=name, code=code, ok=ok)
        )


def engine(base_url: str, ear: Ear, **options: Any) -> Engine:
    """An engine for tests; nothing is repeated unless a policy is given."""
    given = {
        "contract": akool(),
        "headers": lambda _request: (),
        "budget": Budget(kind=TargetKind.LIVE),
        "policy": policy(max_retries=1),
        "bounds": QUICK,
    }
    return Engine(base_url=base_url, listener=ear, **{**given, **options})


def one(request: Request) -> Generator[Request, Exchange, Exchange]:
    """Asks once, and returns what it got."""
    return (yield request)


def until(turning: Engine, done: Callable[[], bool], most_s: float = 10.0) -> None:
    """Turn until it is done; a test that waits in vain fails."""
    end_s = time.perf_counter() + most_s
    while not done():
        assert time.perf_counter() < end_s, "the engine did not come to an end"
        turning.turn(0.05)


def run(turning: Engine, *asks: Any) -> list[Any]:
    """What the asks returned, in the order in which they ended."""
    results: list[Any] = []
    for number, ask in enumerate(asks):
        turning.begin(
            ask, due_s=turning.now(), scenario="test", conversation=number, ended=results.append
        )
    until(turning, lambda: len(results) == len(asks))
    turning.close()
    return results


async def _rounds() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@contextmanager
def answering(script: Script, secure: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """`tests.wire.serving` in a thread of its own: the engine blocks the one it turns in."""
    ready, found, loops = threading.Event(), list[Wire](), list[asyncio.AbstractEventLoop]()
    done = asyncio.Event()

    async def work() -> None:
        async with serving(script, secure) as wire:
            found.append(wire)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await done.wait()
            await _rounds()  # whoever connected and left is let in, and out again
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await _rounds()  # a transport is gone a round after it was closed

    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    assert ready.wait(5.0)
    try:
        yield found[0]
    finally:
        loops[0].call_soon_threadsafe(done.set)
        thread.join(5.0)
