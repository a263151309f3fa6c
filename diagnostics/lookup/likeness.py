"""How much of a query stands in each of many texts? Rare words weigh more than common ones."""

import re
from collections.abc import Mapping, Sequence
from math import log

_WORD = re.compile(r"[^\W_]+")
_STEM = 5
_COMMON = frozenset(
    _WORD.findall(
        "a an and are at be by for from in is it its no not of on or that the this to was with "
        "и в на не из для от по что это как или при за до же"
    )
)

Parts = Sequence[tuple[str, float]]
"""The texts of one thing, and how far a likeness to each counts."""


def scores(things: Sequence[Parts], text: str) -> list[float]:
    """For each thing, from 0 to 1, how much of the query its best text holds."""
    query = _stems(text)
    held = [[(_stems(part), trust) for part, trust in parts] for parts in things]
    weights = {stem: _weight(stem, held) for stem in query}
    if not weights:
        return [0.0] * len(things)
    return [
        max((_share(part, weights) * trust for part, trust in parts), default=0.0) for parts in held
    ]


def _stems(text: str) -> frozenset[str]:
    words = (word for word in _WORD.findall(text.lower()) if word not in _COMMON)
    return frozenset(word[:_STEM] for word in words)


def _weight(stem: str, held: Sequence[Sequence[tuple[frozenset[str], float]]]) -> float:
    having = sum(any(stem in part for part, _ in parts) for parts in held)
    return log(1 + len(held) / (1 + having))


def _share(part: frozenset[str], weights: Mapping[str, float]) -> float:
    """How much of the query stands in the text; of two alike the shorter text is the nearer."""
    common = part & weights.keys()
    if not common:
        return 0.0
    weight = sum(weights[stem] for stem in common) / sum(weights.values())
    return weight * (0.9 + 0.1 * len(common) / len(part))
