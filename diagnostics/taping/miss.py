"""In what does a request differ from the recording that is nearest to it?"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import parse_qsl

from diagnostics.drive.key import address
from diagnostics.model import Exchange, Json, Request, Text

DIFFERENCES_MOST = 12
SHOWN_MOST = 60
COMPARED_MOST = 256 * 1024
"""Bytes of a JSON body that is compared member by member; a longer one is compared as text."""
DEPTH_MOST = 40
_OTHER_ADDRESS = 100
"""A difference of method or path weighs more than any in query or body."""

NOTHING = "—"
"""Stands where one side has nothing at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place, as it was recorded and as it was asked now."""

    place: str  # method, path, query.page, body.elements[1].voice_id
    recorded: str
    asked: str

    def __str__(self) -> str:
        return f"{self.place}: {self.recorded} / {self.asked}"


_PLAYED = Text(
    en="recorded {count} times, and none is left for this conversation",
    ru="записано раз: {count}, но для этого диалога ответов больше нет",
)
_EMPTY = Text(en="the tape holds nothing to play", ru="на записи нечего воспроизводить")
_NEAREST = Text(
    en="the nearest recording is exchange {position}, {name}; recorded / asked: {differences}",
    ru="ближайшая запись — обмен {position}, {name}; записано / запрошено: {differences}",
)
_MORE = Text(en="and more", ru="и другие отличия")


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A request that nothing answers: how near the tape comes to it.

    The texts quote the request as it was asked: whoever shows them passes them through the gate.
    """

    request: Request
    nearest: int | None = None  # position on the tape
    name: str = ""  # method and address of the nearest
    played: int = 0  # so many recordings of this very request have been given already
    differences: tuple[Difference, ...] = ()

    def told(self, language: str = "en") -> str:
        """In one sentence."""
        return f"{self.request.method} {address(self.request.url)}: {self._why(language)}"

    def _why(self, language: str) -> str:
        if self.played:
            return _PLAYED.fill(language, {"count": self.played})
        if self.nearest is None:
            return _EMPTY.in_language(language)
        shown = [str(difference) for difference in self.differences[:DIFFERENCES_MOST]]
        if len(self.differences) > DIFFERENCES_MOST:
            shown.append(_MORE.in_language(language))
        facts = {"position": self.nearest, "name": self.name, "differences": "; ".join(shown)}
        return _NEAREST.fill(language, facts)


def nearest(request: Request, candidates: Iterable[Exchange]) -> Miss:
    """The candidate with the fewest differences."""
    best: tuple[int, int] | None = None
    miss = Miss(request=request)
    for candidate in candidates:
        found = differences(candidate.request, request)
        weight = sum(_weight(difference) for difference in found), candidate.position
        if best is None or weight < best:
            best = weight
            name = f"{candidate.request.method} {address(candidate.request.url)}"
            miss = Miss(
                request=request, nearest=candidate.position, name=name, differences=tuple(found)
            )
    return miss


def _weight(difference: Difference) -> int:
    return _OTHER_ADDRESS if difference.place in {"method", "path"} else 1


def differences(recorded: Request, asked: Request) -> list[Difference]:
    """One more at most than are shown."""
    try:
        return list(islice(_differences(recorded, asked), DIFFERENCES_MOST + 1))
    except RecursionError:  # two bodies too deep to compare
        return [_difference("body", _text(recorded.body), _text(asked.body))]


def _differences(recorded: Request, asked: Request) -> Iterator[Difference]:
    if recorded.method != asked.method:
        yield _difference("method", recorded.method, asked.method)
    old, _, old_query = address(recorded.url).partition("?")
    new, _, new_query = address(asked.url).partition("?")
    if old != new:
        yield _difference("path", old, new)
    if old_query != new_query:
        yield from _in_mapping("query", _pairs(old_query), _pairs(new_query), 0)
    if recorded.body != asked.body:
        yield from _in_bodies(recorded.body, asked.body)


def _pairs(query: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    try:
        for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=1000):
            found[name] = f"{found[name]}, {value}" if name in found else value
    except ValueError:
        return {"": query}
    return found


def _in_bodies(recorded: bytes, asked: bytes) -> Iterator[Difference]:
    old, new = _decoded(recorded), _decoded(asked)
    if old is not None and new is not None:
        yield from _in_values("body", old, new, 0)
    elif recorded and asked:
        at = _first_difference(recorded, asked)
        place = f"body (from byte {at}; {len(recorded)} / {len(asked)} bytes)"
        yield _difference(place, _text(recorded[at:]), _text(asked[at:]))
    else:
        yield _difference("body", _text(recorded), _text(asked))


def _decoded(body: bytes) -> Json:
    if len(body) > COMPARED_MOST or body.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _first_difference(one: bytes, other: bytes) -> int:
    """By halves: a comparison of slices is fast, a loop over bytes is not."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _in_values(place: str, old: Json, new: Json, depth: int) -> Iterator[Difference]:
    if depth < DEPTH_MOST and isinstance(old, dict) and isinstance(new, dict):
        yield from _in_mapping(place, old, new, depth)
    elif depth < DEPTH_MOST and isinstance(old, list) and isinstance(new, list):
        for n in range(max(len(old), len(new))):
            at = f"{place}[{n}]"
            yield from _in_values(at, _at(old, n), _at(new, n), depth + 1)
    elif old is not new and (type(old) is not type(new) or old != new):
        yield _difference(place, old, new)


def _in_mapping(
    place: str, old: dict[str, Json], new: dict[str, Json], depth: int
) -> Iterator[Difference]:
    for name in dict.fromkeys((*old, *new)):
        at = f"{place}.{name[:SHOWN_MOST]}"
        yield from _in_values(at, old.get(name, _ABSENT), new.get(name, _ABSENT), depth + 1)


class _Absent:
    """Where one side has no such member."""


_ABSENT = _Absent()


def _at(values: list[Json], n: int) -> Json:
    return values[n] if n < len(values) else _ABSENT


def _difference(place: str, recorded: Json, asked: Json) -> Difference:
    return Difference(place=place, recorded=_shown(recorded), asked=_shown(asked))


def _text(body: bytes) -> Json:
    return body[: 4 * SHOWN_MOST].decode("utf-8", "replace") if body else _ABSENT


def _shown(value: Json) -> str:
    if isinstance(value, _Absent):
        return NOTHING
    if isinstance(value, dict | list):
        return f"{'object' if isinstance(value, dict) else 'list'} of {len(value)}"
    shown = repr(value) if isinstance(value, str) else json.dumps(value)
    return shown if len(shown) <= SHOWN_MOST else f"{shown[:SHOWN_MOST]}…"
