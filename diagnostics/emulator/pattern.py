"""How is a documented answer shown again and again, each time with other facts? Taken apart once.

A copy is read from ready JSON, and only the places that may differ are visited: the values that a
request gave (`named`) and the values that are times (`timed`).
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from diagnostics.model import Json

DEPTH_MAX = 40
Steps = tuple[str | int, ...]


class Place(NamedTuple):
    """One field of the answer: the way to what holds it, its name, and what the documents show."""

    way: Steps
    name: str
    shown: Json


class Pattern:
    """One documented answer. `own` puts a text of ours in place of a documented one."""

    __slots__ = ("_dumped", "_named", "_timed", "answer")

    def __init__(
        self,
        answer: Json,
        *,
        own: Callable[[str], str],
        is_time: Callable[[Json], bool],
        silent: frozenset[str],
    ) -> None:
        self.answer = answer
        """Held, so that nobody else gets its identity."""
        places: list[Place] = []
        self._dumped = json.dumps(_copied(answer, (), own, silent, places))
        self._timed = tuple(one for one in places if one.name not in silent and is_time(one.shown))
        self._named: dict[str, list[Place]] = {}
        for one in places:
            self._named.setdefault(one.name, []).append(one)

    def filled(
        self,
        given: Mapping[str, Json],
        time: Callable[[str, Json], Json] | None,
        echo: Callable[[Json, Json], Json],
    ) -> Json:
        """A copy with the times of a job and the values of a request."""
        copied = json.loads(self._dumped)
        if time is not None:
            for way, name, shown in self._timed:
                _holder(copied, way)[name] = time(name, shown)
        places = [one for name in given if name in self._named for one in self._named[name]]
        if len(places) > 1:  # what holds others comes last: it replaces them
            places.sort(key=lambda one: len(one.way), reverse=True)
        for way, name, shown in places:
            value = given[name]
            if not isinstance(shown, dict | list):
                said = echo(shown, value)
                if said is not shown:
                    _holder(copied, way)[name] = said
            elif isinstance(shown, dict) and isinstance(value, dict):
                _holder(copied, way)[name] = deepcopy(value)
        return copied


def _holder(copied: Json, way: Steps) -> Any:
    for step in way:
        copied = copied[step]
    return copied


def _copied(
    shown: Json, way: Steps, own: Callable[[str], str], silent: frozenset[str], found: list[Place]
) -> Json:
    """The answer with our own texts; notes every field that a request or a time may change."""
    if len(way) < DEPTH_MAX and isinstance(shown, dict):
        copied = {}
        for name, value in shown.items():
            found.append(Place(way, str(name), value))
            mute = name in silent and isinstance(value, str)
            copied[name] = "" if mute else _copied(value, (*way, str(name)), own, silent, found)
        return copied
    if len(way) < DEPTH_MAX and isinstance(shown, list):
        return [_copied(one, (*way, at), own, silent, found) for at, one in enumerate(shown)]
    return own(shown) if isinstance(shown, str) else shown
