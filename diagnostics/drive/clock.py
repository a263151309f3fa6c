"""What time is it, and who waits? The one place that knows; virtual time costs no time.

Under a `VirtualClock` the whole event loop lives in virtual time: when nothing is ready to run,
the loop's selector jumps to the next timer instead of waiting for it. So drivers and the emulator
use plain `asyncio.sleep` and `asyncio.timeout`, and a job of five minutes costs milliseconds.
"""

import asyncio
import selectors
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

from diagnostics.garbage import seldom

Result = TypeVar("Result")


class Clock(Protocol):
    """Seconds, and a way to wait for them."""

    virtual: bool

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def real(self) -> AbstractAsyncContextManager[None]:
        """Inside, waiting is real: wrap what meets a real socket or a thread."""
        ...


class RealClock:
    """The machine's own clock."""

    virtual = False

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.perf_counter()

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(seconds)

    @asynccontextmanager
    async def real(self) -> AsyncIterator[None]:
        """Waiting is always real here."""
        yield


class VirtualClock:
    """Time that passes only when everybody waits. Starts at the real date unless told."""

    virtual = True

    def __init__(self, start_s: float | None = None) -> None:
        self._start_s = time.time() if start_s is None else start_s
        self._passed_s = 0.0
        self._real_work = 0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._start_s + self._passed_s

    def monotonic(self) -> float:
        """Seconds since this clock was made: small, so that floats stay exact."""
        return self._passed_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time (the loop of `run` jumps)."""
        await asyncio.sleep(seconds)

    @asynccontextmanager
    async def real(self) -> AsyncIterator[None]:
        """Real time passes while anybody is inside."""
        self._real_work += 1
        try:
            yield
        finally:
            self._real_work -= 1

    def stop(self) -> None:
        """No more jumping: from Python 3.12 on the loop waits for its threads before it closes."""
        self._real_work += 1

    @property
    def held(self) -> bool:
        """Somebody does real work: no jumping now."""
        return self._real_work > 0


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for sockets in real time only while real work is going on."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self._clock.held:
            before = time.perf_counter()
            ready = super().select(timeout)
            self._clock.advance(time.perf_counter() - before)
            return ready
        ready = super().select(0)
        if not ready:
            self._clock.advance(timeout)
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers follow a virtual clock."""

    def __init__(self, clock: VirtualClock) -> None:
        self._virtual = clock
        super().__init__(_JumpingSelector(clock))

    def time(self) -> float:
        return self._virtual.monotonic()


def run(work: Coroutine[Any, Any, Result], clock: Clock) -> Result:
    """Run to the end on an event loop of that clock. Ctrl-C cancels the work and is re-raised."""
    factory = (lambda: _VirtualLoop(clock)) if isinstance(clock, VirtualClock) else None
    with seldom(), asyncio.Runner(loop_factory=factory) as runner:
        try:
            return runner.run(work)
        finally:
            if isinstance(clock, VirtualClock):
                clock.stop()
