"""Which of the recordings of one request comes next? Each once, in the right order.

Order of start, not of end: of twenty polls in flight together the first asked is the first
answered. The caller's own conversation comes first, then what bears no label, then others; but a
conversation that has used up what was recorded for it takes nobody else's.
"""

from collections import deque
from collections.abc import Hashable, Sequence
from functools import lru_cache
from threading import Lock

from diagnostics.drive.key import host
from diagnostics.taping.table import BUILT, UNSENT, Table, number

_ANY = -1
_named = lru_cache(maxsize=4096)(number)


class Finder:
    """Hands out the rows of a table. Safe for several threads.

    `sent_only` passes over requests that never left: no transport can play them. `repeat_last`
    gives the last answer of a request again when there are no more.
    """

    def __init__(self, table: Table, *, repeat_last: bool = False, sent_only: bool = False) -> None:
        self._table, self._repeat_last = table, repeat_last
        self._passed_over = BUILT | UNSENT if sent_only else BUILT
        self._taken = bytearray(len(table))
        self._groups: dict[Hashable, _Group] = {}
        self._lock = Lock()

    def exact(self, key: bytes, url: str, flow: str) -> int | None:
        """The next row of that very request."""
        rows = self._table.rows(key)
        if not rows:
            return None
        if len(rows) == 1:
            return self._single(rows[0])
        with self._lock:
            group = self._groups.get(rows[0])
            return self._next(group or self._grouped(rows[0], rows), url, flow)

    def alike(self, key: bytes, url: str, flow: str) -> int | None:
        """The next row of a request that means the same."""
        with self._lock:
            group = self._groups.get(key)
            return self._next(group or self._grouped(key, self._table.alike(key)), url, flow)

    def left(self) -> list[int]:
        """Rows that were never handed out."""
        return [row for row, taken in enumerate(self._taken) if not taken and self.plays(row)]

    def is_taken(self, row: int) -> bool:
        """It was handed out."""
        return bool(self._taken[row])

    def _single(self, row: int) -> int | None:
        if not self.plays(row):
            return None
        with self._lock:
            if self._taken[row] and not self._repeat_last:
                return None
            self._taken[row] = 1
            return row

    def plays(self, row: int) -> bool:
        """It is one of those that are handed out at all."""
        return not self._table.flags[row] & self._passed_over

    def _grouped(self, name: Hashable, rows: Sequence[int]) -> "_Group":
        playing = [row for row in rows if self.plays(row)]
        group = _Group(playing, self._table, self._taken)
        if rows:  # a request that nobody recorded leaves no trace
            self._groups[name] = group
        return group

    def _next(self, group: "_Group", url: str, flow: str) -> int | None:
        whose = _named(flow)
        row = group.next(whose, _named(host(url)))
        if row is None:
            return group.repeated(whose) if self._repeat_last else None
        self._taken[row] = 1
        group.last[self._table.flow[row]] = group.last[_ANY] = row
        return row


class _Group:
    """The recordings of one request, by whom they were asked and where."""

    def __init__(self, rows: Sequence[int], table: Table, taken: bytearray) -> None:
        self._taken = taken
        self._queues: dict[tuple[int, int], deque[int]] = {}
        self.flows: set[int] = set()
        self.last: dict[int, int] = {}
        for row in rows:
            flow, host = table.flow[row], table.host[row]
            self.flows.add(flow)
            for scope in ((flow, host), (flow, _ANY), (_ANY, host), (_ANY, _ANY)):
                self._queues.setdefault(scope, deque()).append(row)

    def next(self, flow: int, host: int) -> int | None:
        """The first that nobody has, of the nearest kind that has any."""
        for whose in self._order(flow):
            for where in (host, _ANY):
                row = self._first(self._queues.get((whose, where)))
                if row is not None:
                    return row
        return None

    def repeated(self, flow: int) -> int | None:
        """What was given last to that conversation, or at all."""
        return self.last.get(flow if flow in self.flows else _ANY)

    def _order(self, flow: int) -> tuple[int, ...]:
        if not flow:
            return (0, _ANY)
        return (flow, 0) if flow in self.flows else (0, _ANY)

    def _first(self, queue: deque[int] | None) -> int | None:
        while queue:
            row = queue.popleft()
            if not self._taken[row]:
                return row
        return None
