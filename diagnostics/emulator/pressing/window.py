"""How many calls in so much time? Windows that follow each other without a gap."""

import math


class Window:
    """So many calls in each stretch of time. The first call opens the first window.

    The next opens where it ends, so that whoever keeps asking gets the whole limit, window after
    window; after a pause the next call opens one.
    """

    __slots__ = ("_begun_s", "length_s", "limit", "made")

    def __init__(self, limit: float, length_s: float) -> None:
        self.limit, self.length_s = limit, length_s
        self.made = 0
        self._begun_s = -math.inf

    def count(self, now_s: float) -> bool:
        """Count a call; whether it is one too many."""
        self.roll(now_s)
        self.made += 1
        return self.made > self.limit

    def roll(self, now_s: float) -> None:
        """Open the window that holds this moment."""
        passed_s = now_s - self._begun_s
        if 0 <= passed_s < self.length_s:
            return
        adjoins = self.length_s <= passed_s < 2 * self.length_s
        self._begun_s = self._begun_s + self.length_s if adjoins else now_s
        self.made = 0

    @property
    def full(self) -> bool:
        """Whether one more would be too many."""
        return self.made >= self.limit

    def left(self) -> int:
        """How many may still come in it."""
        return max(0, int(min(self.limit, 1e15)) - self.made)

    def until_s(self, now_s: float) -> int:
        """Whole seconds until the next one; one at least."""
        self.roll(now_s)
        left_s = min(self.length_s, self._begun_s + self.length_s - now_s)
        return max(1, math.ceil(left_s))
