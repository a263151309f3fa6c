"""How is a figure shown? What was measured, what it came to, what it should reach."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table."""

    what: str
    measured: str
    reach: str
    reached: bool | None = None
    """None: shown for comparison, nothing was promised."""


def best(work: Callable[[], float], rounds: int = 5) -> float:
    """The smallest of several runs: the one that was disturbed least."""
    return min(work() for _ in range(rounds))
