"""When may the next job be started? Keeps starts apart as far as a provider's limits ask."""

import threading
import time
from collections.abc import Callable
from typing import Self

from diagnostics.contract import Contract
from diagnostics.model import Json

MINUTE_S = 60.0


def interval_s(contract: Contract) -> float:
    """Seconds between two starts under the provider's published limit; 0 where there is none."""
    rate = contract.limits.get("rate")
    per_minute: Json = rate.get("per_minute") if isinstance(rate, dict) else None
    known = isinstance(per_minute, int | float) and not isinstance(per_minute, bool)
    return MINUTE_S / per_minute if known and per_minute > 0 else 0.0


class Spacing:
    """Hands out the moments at which jobs may start. Knows no clock: it is told the time."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._next_s = 0.0
        self._held_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """How long the next start has to wait; its place is taken."""
        start_s = max(now_s, self._next_s)
        self._next_s = start_s + self._interval_s
        return start_s - now_s

    def hold(self, until_s: float) -> None:
        """Nothing starts before that moment: the provider has said so."""
        self._held_s = max(self._held_s, until_s)
        self._next_s = max(self._next_s, until_s)

    def held(self, now_s: float) -> bool:
        """Whether a start whose turn has come must queue again."""
        return now_s < self._held_s


class Starts:
    """The same for a program with threads: `with starts: create()`.

        starts = Starts(per_minute=6)
        with starts:
            prediction = replicate.predictions.create(...)

    `hold(seconds)` after a 429 keeps all of them back for that long.
    """

    def __init__(
        self,
        per_minute: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._spacing = Spacing(MINUTE_S / per_minute)
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        while True:
            with self._lock:
                wait_s = self._spacing.wait_s(self._now())
            if wait_s > 0:
                self._sleep(wait_s)
            if not self._spacing.held(self._now()):
                return self

    def __exit__(self, *_failure: object) -> None:
        """Nothing to give back: a start that failed was one all the same."""

    def hold(self, seconds: float) -> None:
        """The provider asked to be left alone for that long."""
        with self._lock:
            self._spacing.hold(self._now() + seconds)
