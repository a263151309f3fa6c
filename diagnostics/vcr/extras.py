"""What does vcrpy not say of an exchange? Whatever differs from what its interaction tells."""

from collections.abc import Mapping
from typing import Any

from diagnostics.model import Exchange, Json
from diagnostics.tape_values import exchange_to, strange

_PARTS = ("request", "answer")
_PLACE = "n"
"""The place on the tape is the place in the file."""


def beyond(exchange: Exchange, told: Exchange) -> dict[str, Json]:
    """What must be laid over `told` to get `exchange`. Absent in it: null."""
    whole, known = exchange_to(exchange), exchange_to(told)
    more = _difference(whole, known)
    for part in _PARTS:
        inner = _difference(whole[part], known[part])
        more.pop(part, None)
        if inner:
            more[part] = inner
    more.pop(_PLACE, None)
    return more


def _difference(whole: Mapping[str, Json], known: Mapping[str, Json]) -> dict[str, Json]:
    found = {name: value for name, value in whole.items() if known.get(name, known) != value}
    return found | {name: None for name in known if name not in whole}


def laid_over(told: Exchange, more: Mapping[str, Json]) -> Exchange:
    """The exchange, whole again. Raises KeyError, TypeError, ValueError, AttributeError."""
    line = exchange_to(told)
    for part in _PARTS:
        line[part] = _overlaid(line[part], more.get(part, {}))
    rest = {name: value for name, value in more.items() if name not in _PARTS}
    return strange(_overlaid(line, rest))


def _overlaid(known: Mapping[str, Json], more: Mapping[str, Json]) -> dict[str, Json]:
    whole = {**known, **more}
    return {name: value for name, value in whole.items() if value is not None}


def kept(exchange: Exchange) -> dict[str, Any]:
    """An exchange that vcrpy cannot hold, whole."""
    line = exchange_to(exchange)
    del line[_PLACE]
    return line
