"""Which recorded exchange answers this request? Found by hash, in the order of the recording."""

import json
import os
from contextlib import suppress
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Self
from weakref import finalize

from diagnostics.drive.key import request_key
from diagnostics.errors import DiagnosticsError, UsageError
from diagnostics.garbage import seldom
from diagnostics.model import Exchange, Json, Request
from diagnostics.redaction.disk import write_whole
from diagnostics.tape_values import body_from, exchange_from
from diagnostics.taping.blobs import open_plain
from diagnostics.taping.entries import entries_on
from diagnostics.taping.finder import Finder
from diagnostics.taping.lines import UNREADABLE
from diagnostics.taping.miss import Miss
from diagnostics.taping.reading import Bodies, tape_path
from diagnostics.taping.recorded import Recorded, recorded_from
from diagnostics.taping.shelf import Shelf
from diagnostics.taping.table import Stamp, Table

KEPT_LEAST = 500
"""Exchanges; the index of a shorter tape is built anew each time, in milliseconds."""
TAIL_BYTES = 4096

_decoded = json.JSONDecoder().raw_decode
"""Three quarters of the cost of `json.loads`, which looks for more than a line of ours can be."""

_UNFIT = (*UNREADABLE, IndexError, OSError)


class TapeIndex:
    """A tape of any size, opened at once; exchanges are read when they are asked for.

    `take` never gives the same recording twice (unless `repeat_last`), may be called from several
    threads, and takes: of the caller's own flow first, then unlabelled ones, then others; among
    them those of the same host first, in order of start.
    """

    def __init__(self, path: Path, table: Table, *, repeat_last: bool = False) -> None:
        self._path, self._home, self._table = path, path.parent, table
        self._shelf = self.shelf(repeat_last=repeat_last, sent_only=True)
        with open_plain(path, links=True) as file:
            self._handle = os.dup(file.fileno())
        self._closed = finalize(self, os.close, self._handle)

    @classmethod
    def open(cls, folder: Path, *, repeat_last: bool = False) -> Self:
        """Of a run folder or a `tape.jsonl`. The index is built where none fits the tape."""
        path = tape_path(folder)
        try:
            return cls(path, table_of(path), repeat_last=repeat_last)
        except OSError as error:
            raise UsageError(
                f"cannot read the tape: {error.strerror}",
                place=str(path),
                hint="give the folder of a run, as `diagnostics run` prints it",
            ) from error

    def __len__(self) -> int:
        return len(self._table)

    def shelf(self, *, repeat_last: bool = False, sent_only: bool = False) -> Shelf:
        """Another replay of the same tape."""
        finder = Finder(self._table, repeat_last=repeat_last, sent_only=sent_only)
        return Shelf(self._table, finder, self._exchange, self._slim)

    def take(self, method: str, url: str, body: bytes, *, flow: str = "") -> Recorded | None:
        """The answer to play next to this request; None: nothing (more) was recorded for it."""
        row = self._shelf.pick(method, url, body, flow)
        return None if row is None else self._recorded(row)

    def take_key(
        self, key: bytes, url: str, *, flow: str = "", alike: bytes = b""
    ) -> Recorded | None:
        """As `take`, by `drive.key.KeyInParts` of a body that does not stand in memory."""
        row = self._shelf.pick_key(key, url, flow, alike)
        return None if row is None else self._recorded(row)

    def exchange(self, position: int) -> Exchange:
        """A whole exchange of the tape."""
        if not 0 <= position < len(self._table):
            raise IndexError(position)
        return self._exchange(self._table.row_of[position])

    def unplayed(self) -> list[Exchange]:
        """What was never taken; bodies that stand beside the tape are left out."""
        return list(self._shelf.unplayed())

    def miss(self, method: str, url: str, body: bytes) -> Miss:
        """Why `take` gave nothing: the nearest recording, and the difference. Bounded in time."""
        return self._shelf.miss(Request(method=method, url=url, body=body))

    def close(self) -> None:
        """Nothing more will be asked."""
        self._closed()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _exchange(self, row: int) -> Exchange:
        try:
            bodies = Bodies(self._home)  # bounded for each: whoever asks keeps as he likes
            return bodies.put_back(self._line(row), self._table.position[row])
        except _UNFIT as error:
            raise self._changed() from error

    def _slim(self, row: int) -> Exchange:
        try:
            return exchange_from(self._line(row), self._table.position[row])
        except _UNFIT as error:
            raise self._changed() from error

    def _recorded(self, row: int) -> Recorded:
        try:
            line = self._line(row)
            if not self._fits(row, line["request"]):
                raise self._changed()
            return recorded_from(line, self._table.position[row], self._home)
        except _UNFIT as error:
            raise self._changed() from error

    def _fits(self, row: int, request: dict[str, Json]) -> bool:
        """Is it the request that the index says it is? A large body is taken on trust."""
        if "blob" in request:
            return True
        key = request_key(request["method"], request["url"], body_from(request))
        return self._table.is_of(row, key)

    def _line(self, row: int) -> dict[str, Json]:
        raw = os.pread(self._handle, self._table.length[row], self._table.offset[row])
        line: dict[str, Json] = _decoded(str(raw, "utf-8", "surrogatepass"))[0]
        return line.get("intent", line)  # type: ignore[no-any-return]  # see `Json`

    def _changed(self) -> DiagnosticsError:
        return UsageError(
            "the tape was changed while it was played, or its index is not its own",
            place=str(self._path),
            hint=f"delete {index_path(self._path).name} beside it, and play it again",
        )


def index_path(tape: Path) -> Path:
    """Where the index of a tape stands."""
    return tape.with_suffix(".idx")


def table_of(tape: Path) -> Table:
    """The index beside a tape, if it is of this very tape; else built anew, and kept."""
    stamp = _stamp(tape)
    kept = _kept(index_path(tape))
    if kept is not None and _same(kept[1], stamp, tape):
        return kept[0]
    with seldom():
        table = Table.build(entries_on(tape))
    if len(table) >= KEPT_LEAST:
        _keep(table, stamp, tape)
    return table


def _kept(path: Path) -> tuple[Table, Stamp] | None:
    try:
        with open_plain(path) as file:
            return Table.from_bytes(file.read())
    except OSError:
        return None


def _same(kept: Stamp, now: Stamp, tape: Path) -> bool:
    """A copied tape has another date: then all of it is compared, which a new index would cost."""
    if (kept.size, kept.tail) != (now.size, now.tail):
        return False
    return kept.modified_ns == now.modified_ns or kept.whole == _digest(tape)


def _keep(table: Table, stamp: Stamp, tape: Path) -> None:
    whole = Stamp(
        size=stamp.size, modified_ns=stamp.modified_ns, tail=stamp.tail, whole=_digest(tape)
    )
    with suppress(DiagnosticsError):  # a read-only folder: it stays in memory
        write_whole(index_path(tape), table.to_bytes(whole))


def _stamp(tape: Path) -> Stamp:
    with open_plain(tape, links=True) as file:
        about = os.fstat(file.fileno())
        file.seek(max(0, about.st_size - TAIL_BYTES))
        tail = blake2b(file.read(TAIL_BYTES), digest_size=16).digest()
    return Stamp(size=about.st_size, modified_ns=about.st_mtime_ns, tail=tail, whole=b"")


def _digest(tape: Path) -> bytes:
    with open_plain(tape, links=True) as file:
        return file_digest(file, lambda: blake2b(digest_size=16)).digest()
