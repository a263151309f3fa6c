"""How much is `90 s`, `5 min`, `20 /s`, `1 %`? Reads amounts with their units, and writes them."""

import math
import re
from collections.abc import Mapping

DURATIONS: Mapping[str, float] = {
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "min": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
}
RATES: Mapping[str, float] = {"/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600}
SHARES: Mapping[str, float] = {"%": 0.01}

_LENGTH_MAX = 64
_PLAIN = 10_000
"""From here on four digits would need an exponent."""
_AMOUNT = re.compile(r"\s*(\d{1,15}(?:\.\d{0,20})?(?:e[+-]?\d{1,3})?)\s*(\S{0,16})\s*")


class QuantityError(ValueError):
    """It is no amount of that kind; says what would be."""


def read(text: object, units: Mapping[str, float], *, example: str) -> tuple[float, str]:
    """The amount in the base unit (seconds, per second, share), and its unit; a bare 0 needs none.

    A unit `""` in `units` allows a bare number.
    """
    found = _AMOUNT.fullmatch(str(text)[:_LENGTH_MAX])
    if found is None:
        raise QuantityError(f"that is no amount; write for example {example}")
    number, unit = float(found[1]), found[2]
    if unit in units or not (unit or number):
        return number * units.get(unit, 1.0), unit
    known = ", ".join(filter(None, units))
    if not unit:
        raise QuantityError(f"it has no unit; write for example {example}")
    told = f"none of the units {known}" if known else "no unit here: it is a bare number"
    raise QuantityError(f"{unit!r} is {told}")


def duration(text: object) -> float:
    """Seconds."""
    return read(text, DURATIONS, example="90 s or 5 min")[0]


def rate(text: object) -> float:
    """A second."""
    return read(text, RATES, example="20 /s or 300 /min")[0]


def written(value: float, unit: str, units: Mapping[str, float]) -> str:
    """An amount of the base unit in that unit: `0.012` in `%` is `1.2 %`."""
    amount = value / units.get(unit, 1.0)
    shown = f"{amount:.0f}" if _PLAIN <= abs(amount) < math.inf else f"{amount:.4g}"
    return f"{shown} {unit}".rstrip()
