"""Who renders, and how full is the house? Jobs in flight, renderers that are busy, and too many."""

import heapq
import random

from diagnostics.emulator.overload import Pressure

_FOREVER_S = 1e15


class Floor:
    """Where jobs wait and are rendered. Everything is known when a job comes: nothing is tended.

    A renderer stays busy for the length it was given, even if its job is cancelled.
    """

    def __init__(self, pressure: Pressure, *, seed: int, speed: float) -> None:
        self.pressure = pressure
        self._speed = speed
        self._dice = random.Random(f"floor:{seed}")
        self._ends: list[float] = []
        self._ended: list[float] = []
        self._free: list[float] = [0.0] * int(pressure.renderers or 0)
        self._starts: list[float] = []

    def in_flight(self, now_s: float) -> int:
        """Jobs that are accepted and not over."""
        return len(_after(self._ends, now_s)) - len(_after(self._ended, now_s))

    def waiting(self, now_s: float) -> int:
        """Jobs that no renderer has begun."""
        return len(_after(self._starts, now_s))

    def turns_away(self, now_s: float) -> str:
        """Why one more job is refused: `concurrent`, `overload`, or empty."""
        asked = self.pressure
        if asked.jobs_at_once is not None and self.in_flight(now_s) >= asked.jobs_at_once:
            return "concurrent"
        if asked.queue_jobs is not None and self.waiting(now_s) >= asked.queue_jobs:
            return "overload"
        return "overload" if asked.overload == "refuse" and self._over(now_s) else ""

    def _over(self, now_s: float) -> bool:
        most = self.pressure.overload_jobs
        return most is not None and self.in_flight(now_s) >= most

    def length(self, queue_s: float, run_s: float, now_s: float) -> tuple[float, float]:
        """How long this job queues and runs, if the house had otherwise given it that long."""
        asked = self.pressure
        if asked.queue_s is not None:
            queue_s = asked.queue_s.draw(self._dice) / self._speed
        if asked.render_s is not None:
            run_s = asked.render_s.draw(self._dice) / self._speed
        if asked.overload == "slow" and self._over(now_s):
            run_s *= asked.overload_factor
        if self._free:
            begins_s = max(now_s + queue_s, self._free[0])
            heapq.heapreplace(self._free, begins_s + run_s)
            queue_s = begins_s - now_s
        return queue_s, run_s

    def take(self, now_s: float, begins_s: float, ends_s: float | None) -> None:
        """A job was accepted; `ends_s` None: it never ends."""
        heapq.heappush(_after(self._ends, now_s), _FOREVER_S if ends_s is None else ends_s)
        if self.pressure.queue_jobs is not None:
            heapq.heappush(_after(self._starts, now_s), begins_s)

    def leave(self, now_s: float, ends_s: float | None) -> None:
        """A job of that end was cancelled or deleted, if it was still in flight."""
        ends_s = _FOREVER_S if ends_s is None else ends_s
        if ends_s > now_s:
            heapq.heappush(_after(self._ended, now_s), ends_s)

    def answer_s(self, now_s: float) -> float:
        """How long the next answer takes to write."""
        asked = self.pressure
        if asked.answer_s is None:
            return 0.0
        slower = asked.overload_factor if asked.overload == "slow" and self._over(now_s) else 1.0
        return asked.answer_s.draw(self._dice) * slower


def _after(moments: list[float], now_s: float) -> list[float]:
    """The heap without what is past."""
    while moments and moments[0] <= now_s:
        heapq.heappop(moments)
    return moments
