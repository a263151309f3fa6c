"""How much sooner are three clips here when fetched together, where each connection is slow?

From a server in a process of its own that gives every connection one megabyte a second.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.servers import PACED_BYTES, server
from benchmarks.table import Row, interleaved, ratio_of
from diagnostics.drive.clock import RealClock
from diagnostics.drive.wire import SocketTransport
from diagnostics.film.fetch import Fetcher
from diagnostics.model import Response

CLIPS = 3


def rows(rounds: int = 3) -> Iterator[Row]:
    """Both ways in turn, from the same server."""
    with server("paced") as where:
        works = {
            "together": lambda: fetched(where.base_url, together=True),
            "in turn": lambda: fetched(where.base_url, together=False),
        }
        taken = interleaved(works, rounds)
    ratio = ratio_of(taken["in turn"], taken["together"])
    yield Row(
        what="three downloads together, limited per connection",
        measured=f"{min(taken['together']):.2f} s",
        baseline=f"one after the other {min(taken['in turn']):.2f} s",
        ratio=f"{ratio:.2f} ×",
        reach="≥ 2.8 × faster",
        reached=ratio >= 2.8,
    )


def fetched(base_url: str, *, together: bool) -> float:
    """Seconds until all are on disk."""
    before = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_all(base_url, Path(folder), together=together))
    return time.perf_counter() - before


async def _all(base_url: str, folder: Path, *, together: bool) -> None:
    sockets = SocketTransport(proxies=False)
    fetcher = Fetcher(folder=folder, clock=RealClock(), sockets=sockets)
    clips = [fetcher.fetch(f"{base_url}/{n}.mp4", f"scene_{n}.mp4") for n in range(1, CLIPS + 1)]
    got = await asyncio.gather(*clips) if together else [await clip for clip in clips]
    await sockets.aclose()
    for answer in got:
        assert isinstance(answer, Response), answer
        assert answer.size_bytes == PACED_BYTES
