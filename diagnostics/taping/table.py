"""How does an index look, on disk and in memory? Columns of whole numbers, sorted by key.

It holds hashes of what stands gated on the tape, and places in it: nothing that could be read.
Rows of one key stand together, in the order in which their exchanges started.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from typing import Self
from zlib import crc32

MAGIC = b"gvdindex"
VERSION = 1
UNSENT, BUILT = 1, 2
"""Flags of a row whose request never left, or was never meant to (the same call, sent later, has
the answer)."""

_HEADER = struct.Struct("<8s4s4I2Q16s16s")
_PAIR = struct.Struct("<QQ")
_ORDER = struct.pack("=I", 1)  # of the bytes of a number: another machine's index is built anew
_WIDE = ("key_a", "key_b", "offset", "flow", "host", "tolerant", "shape")
_NARROW = (
    *("length", "count", "position", "order", "flags", "row_of", "tolerant_row", "shape_row"),
    "starts",
)
_BITS_MOST = 24


def number(text: str | bytes) -> int:
    """A whole number that stands for a text; 0 for an empty one only."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "little") or 1 if raw else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One exchange as the index knows it."""

    key: bytes
    tolerant: bytes
    shape: int
    flow: int
    host: int
    started_s: float
    position: int
    offset: int = 0
    length: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Which tape an index belongs to."""

    size: int
    modified_ns: int
    tail: bytes
    whole: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The columns. `starts` is where in them the keys of each bucket begin."""

    bits: int
    key_a: Sequence[int]
    key_b: Sequence[int]
    offset: Sequence[int]
    flow: Sequence[int]
    host: Sequence[int]
    tolerant: Sequence[int]
    shape: Sequence[int]
    length: Sequence[int]
    count: Sequence[int]  # rows from here on that have the same key
    position: Sequence[int]
    order: Sequence[int]  # of start
    flags: Sequence[int]
    row_of: Sequence[int]  # by position
    tolerant_row: Sequence[int]
    shape_row: Sequence[int]
    starts: Sequence[int]

    def __len__(self) -> int:
        return len(self.key_a)

    def rows(self, key: bytes) -> range:
        """The rows of that key."""
        first, second = _PAIR.unpack(key)
        bucket = first >> (64 - self.bits)
        row, end = self.starts[bucket], min(self.starts[bucket + 1], len(self))
        while row < end:
            count = self.count[row] or 1
            if self.key_a[row] == first and self.key_b[row] == second:
                return range(row, min(row + count, len(self)))
            row += count
        return range(0)

    def is_of(self, row: int, key: bytes) -> bool:
        """Does that row stand for a request of that key?"""
        return (self.key_a[row], self.key_b[row]) == _PAIR.unpack(key)

    def alike(self, key: bytes) -> list[int]:
        """Rows of that tolerant key, in order of start."""
        return sorted(self.some_alike(key, len(self)), key=self.order.__getitem__)

    def some_alike(self, key: bytes, most: int) -> list[int]:
        """So many of them at most, in any order."""
        return _some(self.tolerant, self.tolerant_row, _PAIR.unpack(key)[0], most)

    def count_alike(self, key: bytes) -> int:
        """How many they are."""
        wanted = _PAIR.unpack(key)[0]
        return bisect_left(self.tolerant, wanted + 1) - bisect_left(self.tolerant, wanted)

    def shaped(self, shape: int, most: int) -> list[int]:
        """Rows whose requests go to addresses of that shape: so many at most, from all over."""
        return _some(self.shape, self.shape_row, shape, most)

    def shapes(self, most: int) -> list[int]:
        """One row of each shape of address, up to so many."""
        found: list[int] = []
        at = 0
        while at < len(self) and len(found) < most:
            found.append(min(self.shape_row[at], len(self) - 1))
            at = max(bisect_left(self.shape, self.shape[at] + 1, lo=at), at + 1)
        return found

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> Self:
        """Put the entries in order."""
        started = sorted(entries, key=attrgetter("started_s", "position"))
        ranks = sorted(range(len(started)), key=lambda rank: _PAIR.unpack(started[rank].key))
        rows = [started[rank] for rank in ranks]
        bits = max(1, min(_BITS_MOST, len(rows).bit_length()))
        wide = {
            name: array("Q", map(attrgetter(name), rows)) for name in ("offset", "flow", "host")
        }
        narrow = {n: array("I", map(attrgetter(n), rows)) for n in ("length", "position", "flags")}
        keys = [_PAIR.unpack(entry.key) for entry in rows]
        tolerant, tolerant_row = _sorted([_PAIR.unpack(entry.tolerant)[0] for entry in rows])
        shape, shape_row = _sorted([entry.shape for entry in rows])
        return cls(
            bits=bits,
            key_a=array("Q", (first for first, _ in keys)),
            key_b=array("Q", (second for _, second in keys)),
            tolerant=tolerant,
            tolerant_row=tolerant_row,
            shape=shape,
            shape_row=shape_row,
            count=_counts(keys),
            order=array("I", ranks),
            row_of=_inverse(narrow["position"]),
            starts=_starts([first for first, _ in keys], bits),
            **wide,
            **narrow,
        )

    def to_bytes(self, stamp: Stamp) -> bytes:
        """As a file."""
        columns = [getattr(self, name) for name in (*_WIDE, *_NARROW)]
        body = b"".join(column.tobytes() for column in columns)
        numbers = (VERSION, len(self), self.bits, crc32(body))
        times = (stamp.size, stamp.modified_ns, stamp.tail, stamp.whole)
        return _HEADER.pack(MAGIC, _ORDER, *numbers, *times) + body

    @classmethod
    def from_bytes(cls, raw: bytes) -> tuple[Self, Stamp] | None:
        """None for anything but a whole index that this machine wrote."""
        if len(raw) < _HEADER.size:
            return None
        magic, order, version, rows, bits, check, *times = _HEADER.unpack_from(raw)
        body = memoryview(raw)[_HEADER.size :]
        known = (magic, order, version) == (MAGIC, _ORDER, VERSION) and 1 <= bits <= _BITS_MOST
        if not known or len(body) != _size(rows, bits) or crc32(body) != check:
            return None
        return cls(bits=bits, **_columns(body, rows, bits)), Stamp(
            **dict(zip(_TIMES, times, strict=True))
        )


_TIMES = ("size", "modified_ns", "tail", "whole")


def _size(rows: int, bits: int) -> int:
    return rows * (8 * len(_WIDE) + 4 * (len(_NARROW) - 1)) + 4 * ((1 << bits) + 1)


def _columns(body: memoryview, rows: int, bits: int) -> dict[str, Sequence[int]]:
    found: dict[str, Sequence[int]] = {}
    at = 0
    for name in (*_WIDE, *_NARROW):
        count = (1 << bits) + 1 if name == "starts" else rows
        end = at + count * (8 if name in _WIDE else 4)
        found[name] = body[at:end].cast("Q") if name in _WIDE else body[at:end].cast("I")
        at = end
    return found


def _some(column: Sequence[int], rows: Sequence[int], wanted: int, most: int) -> list[int]:
    first = bisect_left(column, wanted)
    last = bisect_left(column, wanted + 1, lo=first)
    step = max(1, -(-(last - first) // max(1, most)))
    return [row for row in rows[first:last:step] if row < len(column)]


def _sorted(values: list[int]) -> tuple[Sequence[int], Sequence[int]]:
    rows = sorted(range(len(values)), key=values.__getitem__)
    return array("Q", (values[row] for row in rows)), array("I", rows)


def _counts(keys: list[tuple[int, ...]]) -> Sequence[int]:
    counts = array("I")
    for _, same in groupby(keys):
        counts.extend(range(sum(1 for _ in same), 0, -1))
    return counts


def _inverse(positions: Sequence[int]) -> Sequence[int]:
    rows = array("I", bytes(4 * len(positions)))
    for row, position in enumerate(positions):
        rows[position] = row
    return rows


def _starts(firsts: list[int], bits: int) -> Sequence[int]:
    wanted = ((bucket << (64 - bits)) for bucket in range((1 << bits) + 1))
    starts, row = array("I"), 0
    for least in wanted:
        while row < len(firsts) and firsts[row] < least:
            row += 1
        starts.append(row)
    return starts
