"""Where does each entry of a HAR begin and end? Found in the bytes, one entry in memory at a time.

A whole HAR as Python values takes ten times its size, and a torn one is no JSON at all. Brackets
are counted instead: what stands before the cut, and after a broken entry, can still be read.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.model import Json

_STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_FLAT = rb'[\[{](?:[^"{}\[\]]++|' + _STRING + rb")*+[\]}]"
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb"|" + _FLAT + rb")*+([{}\[\]])", re.DOTALL)
"""The next bracket that is not within a string, nor one of a pair with nothing nested in it."""
_GAP = re.compile(
    rb'[\s,]*+(?:([{\[])|(\])|("(?:[^"\\]++|\\.)*+(?:"|\Z)|[^,\]\s{\["]++)|\Z)', re.DOTALL
)
_ENTRIES = re.compile(rb'"entries"\s*:\s*\[')
_AGAIN = re.compile(
    rb'[,\[]\s*(?=\{\s*"(?:startedDateTime|pageref|connection|time|request|cache|_\w{1,30})"\s*:)'
)
"""Where a new entry may begin, when the one before it is broken."""
_AGAIN_MOST = 100
"""So often reading is taken up again; a file with more broken places is no HAR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One entry as it stands in the file. `value` None: it cannot be read."""

    number: int
    """From 1, as a person counts."""
    start: int
    end: int
    value: Json = None
    torn: bool = False
    """The file ends in the middle of it."""


def has_entries(data: bytes) -> bool:
    """Is there a list of entries at all?"""
    return _ENTRIES.search(data) is not None


def pieces(data: bytes) -> Iterator[Piece]:
    """Every entry in order; whatever cannot be read has no value."""
    found = _ENTRIES.search(data)
    at, number, again = found.end() if found else len(data), 0, 0
    while at < len(data):
        gap = _GAP.match(data, at)
        if gap is None or gap.end() == at or gap[2] or (gap.end() == len(data) and not gap[1]):
            if gap is not None and gap[3]:
                yield Piece(number=number + 1, start=gap.start(3), end=len(data), torn=True)
            return
        number += 1
        if gap[3]:
            yield Piece(number=number, start=gap.start(3), end=gap.end())
            at = gap.end()
            continue
        start = gap.start(1)
        end = _end(data, start)
        one = _piece(data, number, start, end)
        at = one.end
        if one.value is None and again < _AGAIN_MOST:
            later = _AGAIN.search(data, start + 1, one.end)
            again += 1
            at = later.end() if later else at
            one = Piece(number=number, start=start, end=at, torn=one.torn and not later)
        yield one


def _end(data: bytes, start: int) -> int | None:
    """Where the bracket that opens at `start` is closed; None: nowhere."""
    depth, at = 1, start + 1
    while True:
        found = _BRACKET.match(data, at)
        if found is None:
            return None
        at = found.end()
        depth += 1 if found[1] in b"{[" else -1
        if not depth:
            return at


def _piece(data: bytes, number: int, start: int, end: int | None) -> Piece:
    if end is None:
        return Piece(number=number, start=start, end=len(data), torn=True)
    return Piece(number=number, start=start, end=end, value=value_of(data, start, end))


def value_of(data: bytes, start: int, end: int) -> Json:
    """The JSON of a part of the file; None when it is none."""
    text = data[start:end].decode("utf-8", "surrogateescape")
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


_HEAD = re.compile(rb'"creator"\s*:\s*(\{[^{}]{0,2000}\})')


def creator(data: bytes) -> str:
    """The tool that wrote it, as it calls itself."""
    found = _HEAD.search(data[:65536]) or _HEAD.search(data[-65536:])
    value = value_of(data, found.start(1), found.end(1)) if found else None
    if not value:
        return ""
    words = (value.get("name"), value.get("version"))
    return " ".join(word for word in words if isinstance(word, str) and word)[:120]
