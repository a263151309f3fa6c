"""What does the live driver add to an exchange, against a bare `httpx.AsyncClient`?"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from statistics import median
from urllib.parse import urlsplit

import httpx

from benchmarks.servers import server
from benchmarks.table import Row, ratio_of
from benchmarks.wiring import Server, free_read, live
from diagnostics.drive.driver import Slot
from diagnostics.model import Response

WHAT = "live driver, one exchange over keep-alive"
_ONE = Callable[[], Awaitable[None]]


def rows(rounds: int = 15, exchanges: int = 200) -> Iterator[Row]:
    """Both against the same bare server, in turn."""
    with server("plain") as where:
        bare, ours = asyncio.run(_both(where, rounds, exchanges))
    ratio = ratio_of(ours, bare)
    yield Row(
        what=WHAT,
        measured=f"{median(ours) / exchanges * 1e6:.0f} µs",
        baseline=f"httpx.AsyncClient {median(bare) / exchanges * 1e6:.0f} µs",
        ratio=f"{ratio:.2f} ×",
        reach="≤ 1.3 ×",
        reached=ratio <= 1.3,
    )


async def _both(where: Server, rounds: int, exchanges: int) -> tuple[list[float], list[float]]:
    contract, driver, _ = live(where)
    request, slot = free_read(contract, 0), Slot(scenario="benchmark")
    address = where.base_url + urlsplit(request.url).path

    async with httpx.AsyncClient(trust_env=False) as client:

        async def bare() -> None:
            answer = await client.get(address, headers={"x-api-key": where.key})
            assert answer.content

        async def ours() -> None:
            exchange = await driver.exchange(request, slot)
            assert isinstance(exchange.answer, Response), exchange.answer

        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 1):  # the first opens the connections and is left out
            for one, kept in zip((bare, ours), taken, strict=True):
                seconds = await _timed(one, exchanges)
                kept.extend([seconds] if number else [])
    await driver.aclose()
    return taken


async def _timed(one: _ONE, times: int) -> float:
    before = time.perf_counter()
    for _ in range(times):
        await one()
    return time.perf_counter() - before
