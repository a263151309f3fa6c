"""Who answers the two requests of a film that no provider answers: a download, and the join?

A driver like the others, in front of them: so both land on the tape as exchanges, and the judge
needs nothing else. Files go into the run's folder; whatever this machine cannot do is a fault of
kind `local`.
"""

import asyncio
import errno
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.contract import decode
from diagnostics.drive.clock import Clock
from diagnostics.drive.driver import Driver, Slot
from diagnostics.errors import UsageError
from diagnostics.film.asking import DOWNLOAD, FINAL, JOIN, clip_name
from diagnostics.film.fetch import Fetcher, LocalError, facts_of
from diagnostics.film.order import Film
from diagnostics.model import Answer, Exchange, Fault, FaultKind, Request, Response

Joined = Callable[[list[Path], Path, Film, Callable[[], bool]], None]


@dataclass(slots=True, kw_only=True)
class Studio:
    """Downloads and joins; everything else goes on to `driver`."""

    driver: Driver
    fetcher: Fetcher
    folder: Path
    film: Film
    clock: Clock
    joined: Joined | None = None
    """What joins: a test's own, else PyAV."""
    _stop: threading.Event = field(default_factory=threading.Event)

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """One attempt."""
        if request.method != JOIN and not request.label.startswith(DOWNLOAD):
            return await self.driver.exchange(request, slot)
        started_s, before = self.clock.now(), self.clock.monotonic()
        if request.method == JOIN:
            answer, worked_s = await self._join(request)
        else:
            name = clip_name(int(request.label.removeprefix(DOWNLOAD)))
            answer, worked_s = await self.fetcher.fetch(request.url, name), 0.0
        taken_s = max(worked_s, self.clock.monotonic() - before)
        return slot.exchange(request, answer, started_s=started_s, duration_s=taken_s)

    async def _join(self, request: Request) -> tuple[Answer, float]:
        body = decode(request.body)
        names = [name for name in body.get("clips", ()) if isinstance(name, str)]
        before = time.perf_counter()
        async with self.clock.real():
            try:
                answer = await asyncio.to_thread(self._made, names)
            except asyncio.CancelledError:
                self._stop.set()  # a thread cannot be cancelled, only told
                raise
        return answer, time.perf_counter() - before

    def _made(self, names: list[str]) -> Answer:
        """Join into a draft; only a whole film gets its name."""
        draft, to = self.folder / f"{FINAL}.part", self.folder / FINAL
        clips = [self.folder / Path(name).name for name in names]
        try:
            (self.joined or _joined)(clips, draft, self.film, self._stop.is_set)
            draft.replace(to)
            return Response(status=200, media=facts_of(to), size_bytes=to.stat().st_size)
        except UsageError as error:
            return Fault(kind=FaultKind.PROTOCOL, message=error.message)
        except (OSError, MemoryError) as error:
            return _failed(error)
        except Exception as error:  # noqa: BLE001  # FFmpeg's errors are many; none may end the run
            return Fault(kind=FaultKind.PROTOCOL, message=f"{type(error).__name__}: {error}"[:300])
        finally:
            draft.unlink(missing_ok=True)


_OURS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EROFS, errno.EACCES, errno.EIO})


def _failed(error: OSError | MemoryError) -> Fault:
    """FFmpeg's errors are `OSError`s too: only those of this machine are its fault."""
    if isinstance(error, MemoryError) or error.errno in _OURS:
        return LocalError(error, FINAL).fault
    return Fault(kind=FaultKind.PROTOCOL, message=f"the clips cannot be joined: {error.strerror}")


def _joined(clips: list[Path], to: Path, film: Film, stopped: Callable[[], bool]) -> None:
    from diagnostics.film.join import Wanted, join  # noqa: PLC0415  # PyAV, and only for a film

    wanted = Wanted(
        fps=film.fps, width=film.width, height=film.height, cross_fade_s=film.cross_fade_s
    )
    join(clips, to, wanted, stopped=stopped)
