"""How long does a thing take, when it does not always take as long? Seconds drawn from a law."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SECONDS_MAX = 1e6
"""Nobody waits eleven days; a long tail is cut there."""
_TAIL_MAX = 100.0
"""Of a lognormal: more would overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A law of chance and its figures, as in `FORMS`."""

    law: str
    figures: tuple[float, ...]

    def draw(self, dice: random.Random) -> float:
        """Seconds; never negative, never beyond `SECONDS_MAX`."""
        return min(SECONDS_MAX, _DRAWS[self.law](dice, *self.figures))

    def __str__(self) -> str:
        return " ".join((self.law, *(f"{figure:g}" for figure in self.figures)))


def _constant(_dice: random.Random, seconds: float) -> float:
    return seconds


def _uniform(dice: random.Random, least_s: float, most_s: float) -> float:
    return dice.uniform(least_s, most_s)


def _exponential(dice: random.Random, mean_s: float) -> float:
    return dice.expovariate(1.0) * mean_s


def _lognormal(dice: random.Random, median_s: float, sigma: float) -> float:
    return median_s * math.exp(min(_TAIL_MAX, sigma * dice.gauss(0.0, 1.0)))


_DRAWS: Final[dict[str, Callable[..., float]]] = {
    "constant": _constant, "uniform": _uniform, "exponential": _exponential,
    "lognormal": _lognormal,
}  # fmt: skip
_FIGURES: Final = {"constant": 1, "uniform": 2, "exponential": 1, "lognormal": 2}
_SIGMA_MAX = 10.0
FORMS = "5, constant 5, uniform 40 60, exponential 50 (mean) or lognormal 50 0.6 (median, sigma)"


def spread(written: float | str) -> Spread:
    """Read what a person wrote; raises `ValueError` when it is none of `FORMS`."""
    if not isinstance(written, str):
        return Spread(law="constant", figures=(_seconds(written),))
    law, *rest = written.split()[:4] or [""]
    if law not in _FIGURES:
        law, rest = "constant", written.split()[:2]
    figures = tuple(map(_seconds, rest))
    if len(figures) != _FIGURES[law]:
        raise ValueError(written[:80])
    if law == "uniform" and figures[0] > figures[1]:
        raise ValueError(written[:80])
    if law == "lognormal" and figures[1] > _SIGMA_MAX:
        raise ValueError(written[:80])
    return Spread(law=law, figures=figures)


def _seconds(written: float | str) -> float:
    value = float(written)
    if isinstance(written, bool) or not 0 <= value <= SECONDS_MAX:
        raise ValueError(str(written)[:80])
    return value
