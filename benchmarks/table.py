"""How is a figure shown? What was measured, against what, the ratio, what it should reach."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from statistics import median

WIDTHS = (50, 34, 46, 9, 20, 7)
HEADS = ("what", "measured", "baseline", "ratio", "reach", "reached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of the table. `reached` None: shown for comparison, nothing was promised."""

    what: str
    measured: str
    baseline: str = ""
    ratio: str = ""
    reach: str = ""
    reached: bool | None = None


Work = Callable[[], float]
"""Does something once and gives the seconds it took."""


def interleaved(works: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Seconds of every round, taken in turn (A B A B …): a busy moment hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(work())
    return taken


def ratio_of(one: list[float], other: list[float]) -> float:
    """The median of the rounds' ratios: each compares neighbours in time."""
    return median(a / b for a, b in zip(one, other, strict=True))


def heading() -> str:
    """The table's first two lines."""
    return f"{_line(HEADS)}\n{_line(['-' * width for width in WIDTHS])}"


def shown(row: Row) -> str:
    """One line of the table."""
    *texts, reached = astuple(row)
    return _line([*texts, {None: "", True: "yes", False: "NO"}[reached]])


def _line(cells: Iterable[str]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
