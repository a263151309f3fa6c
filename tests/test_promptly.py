"""Is a wait bounded, though its limit is set up only once there is a wait?"""

import asyncio

import pytest

from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.promptly import bounded


async def waited(*seconds: float) -> str:
    for one in seconds:
        await asyncio.sleep(one)
    return "done"


def test_work_that_never_waits_gives_its_result() -> None:
    assert run(bounded(waited(), 1.0), VirtualClock()) == "done"


def test_work_that_waits_less_than_its_limit_gives_its_result() -> None:
    clock = VirtualClock()
    assert run(bounded(waited(0.0, 2.0, 3.0), 6.0), clock) == "done"
    assert clock.monotonic() == pytest.approx(5.0)


def test_work_that_waits_too_long_is_stopped_at_its_limit() -> None:
    clock = VirtualClock()
    with pytest.raises(TimeoutError):
        run(bounded(waited(2.0, 60.0), 5.0), clock)
    assert clock.monotonic() == pytest.approx(5.0)


@pytest.mark.parametrize("waits", [(), (1.0,)])
def test_what_the_work_raises_comes_out(waits: tuple[float, ...]) -> None:
    async def broken() -> None:
        await waited(*waits)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        run(bounded(broken(), 5.0), VirtualClock())


def test_a_cancelled_wait_lets_the_work_tidy_up_first() -> None:
    tidied = []

    async def careful() -> None:
        try:
            await asyncio.sleep(60.0)
        finally:
            await asyncio.sleep(1.0)
            tidied.append("tidied")

    async def impatient() -> None:
        task = asyncio.create_task(bounded(careful(), 100.0))
        await asyncio.sleep(2.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(impatient(), VirtualClock())
    assert tidied == ["tidied"]


def test_work_that_is_given_up_is_closed() -> None:
    closed = []

    async def held() -> None:
        try:
            await asyncio.sleep(60.0)
        finally:
            closed.append("closed")

    async def begin() -> None:
        outer = bounded(held(), 100.0)
        outer.send(None)
        outer.close()

    run(begin(), VirtualClock())
    assert closed == ["closed"]
