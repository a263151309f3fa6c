"""Virtual time jumps, real work holds it."""

import asyncio
import time

from diagnostics.drive.clock import RealClock, VirtualClock, run


def test_five_virtual_minutes_cost_no_real_time() -> None:
    clock = VirtualClock(1_000.0)
    before = time.perf_counter()
    run(clock.sleep(300.0), clock)
    assert clock.now() == 1_300.0
    assert time.perf_counter() - before < 5.0


def test_sleepers_wake_in_the_order_of_virtual_time() -> None:
    clock = VirtualClock(0.0)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, round(clock.now(), 6)))

    async def both() -> None:
        await asyncio.gather(sleeper("late", 20.0), sleeper("early", 3.0), sleeper("mid", 7.5))

    run(both(), clock)
    assert woken == [("early", 3.0), ("mid", 7.5), ("late", 20.0)]


def test_a_timeout_in_virtual_time_ends_a_wait_without_end() -> None:
    clock = VirtualClock(0.0)

    async def hang() -> bool:
        try:
            async with asyncio.timeout(60.0):
                await asyncio.sleep(1e9)
        except TimeoutError:
            return True
        return False

    assert run(hang(), clock)
    assert round(clock.now(), 6) == 60.0


def test_real_work_on_a_thread_is_not_jumped_over() -> None:
    clock = VirtualClock(0.0)

    async def work() -> str:
        async with clock.real(), asyncio.timeout(30.0):
            return await asyncio.to_thread(lambda: "done")

    assert run(work(), clock) == "done"
    assert clock.now() < 30.0


def test_the_real_clock_agrees_with_the_machine() -> None:
    clock = RealClock()
    assert abs(clock.now() - time.time()) < 5.0
    run(clock.sleep(0.0), clock)
    assert clock.monotonic() <= time.perf_counter()
