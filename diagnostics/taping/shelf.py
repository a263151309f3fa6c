"""What does a replay take from, and what did it leave? One tape, played once."""

from collections.abc import Callable, Iterable, Iterator

from diagnostics.drive.key import request_key, tolerant_key
from diagnostics.model import Exchange, Request
from diagnostics.taping.entries import entries, shape_of
from diagnostics.taping.finder import Finder
from diagnostics.taping.miss import Miss, nearest
from diagnostics.taping.table import Table, number

LOOKED_AT_MOST = 48
"""Recordings that a miss is held against: a long tape costs no more than a short one."""
_DRAWN_MOST = 4 * LOOKED_AT_MOST
"""So many are drawn, of which those that were not played yet come first."""


class Shelf:
    """Finds rows, remembers which were given.

    `exchange` gives the exchange of a row; `slim` the same without what stands beside the tape:
    many may be looked at.
    """

    def __init__(
        self,
        table: Table,
        finder: Finder,
        exchange: Callable[[int], Exchange],
        slim: Callable[[int], Exchange] | None = None,
    ) -> None:
        self._table, self._finder, self._exchange = table, finder, exchange
        self._slim = slim or exchange

    def pick(self, method: str, url: str, body: bytes, flow: str) -> int | None:
        """The row to play next; None: nothing (more) was recorded."""
        row = self.pick_key(request_key(method, url, body), url, flow)
        if row is not None:
            return row
        return self._finder.alike(tolerant_key(method, url, body), url, flow)

    def pick_key(self, key: bytes, url: str, flow: str, alike: bytes = b"") -> int | None:
        """As `pick`, of a body that does not stand in memory."""
        row = self._finder.exact(key, url, flow)
        return self._finder.alike(alike, url, flow) if row is None and alike else row

    def give(self, method: str, url: str, body: bytes, flow: str) -> Exchange | None:
        """The exchange to play next."""
        row = self.pick(method, url, body, flow)
        return None if row is None else self._exchange(row)

    def unplayed(self) -> Iterator[Exchange]:
        """What was never given, in the order of the tape; large bodies are left out."""
        rows = sorted(self._finder.left(), key=self._table.position.__getitem__)
        return map(self._slim, rows)

    def miss(self, request: Request) -> Miss:
        """Why nothing answers it."""
        key = tolerant_key(request.method, request.url, request.body)
        played = sum(map(self._finder.plays, self._table.some_alike(key, LOOKED_AT_MOST)))
        if played:
            every = self._table.count_alike(key)
            return Miss(request=request, played=played if every <= LOOKED_AT_MOST else every)
        near = {row: self._slim(row) for row in self._near(request)}
        best = nearest(request, near.values())
        row = next((row for row, one in near.items() if one.position == best.nearest), None)
        return best if row is None else nearest(request, [self._exchange(row)])

    def _near(self, request: Request) -> list[int]:
        rows = self._table.shaped(number(shape_of(request.method, request.url)), _DRAWN_MOST)
        rows = rows or self._table.shapes(LOOKED_AT_MOST)
        rows = [row for row in rows if self._finder.plays(row)]
        free = [row for row in rows if not self._finder.is_taken(row)] or rows
        return free[:: max(1, len(free) // LOOKED_AT_MOST)][:LOOKED_AT_MOST]


def shelf_of(recorded: Iterable[Exchange], *, repeat_last: bool = False) -> Shelf:
    """Of a tape in memory."""
    kept = list(recorded)
    table = Table.build(entries(kept))
    finder = Finder(table, repeat_last=repeat_last)
    return Shelf(table, finder, lambda row: kept[table.position[row]])
