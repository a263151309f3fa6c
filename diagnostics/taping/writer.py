"""How does a tape grow? One whole line a write, whoever else writes to it; gated before."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from diagnostics.drive.driver import Slot
from diagnostics.errors import UsageError
from diagnostics.model import Case, Exchange, Fault, FaultKind, Json, Request, Unsent
from diagnostics.redact import Gate
from diagnostics.tape_values import case_to, exchange_to
from diagnostics.taping.blobs import BLOB_BYTES, Blob, BlobWriter

try:
    import fcntl
except ImportError:  # pragma: no cover  # Windows has none; one append is whole there as well
    fcntl = None  # type: ignore[assignment]  # asked for wherever it is used

SCHEMA = "diagnostics.tape/1"
NAME = "tape.jsonl"
TRIES_MOST = 2000
"""Then a line goes without the lock: whoever holds it so long has been stopped."""

DIED = Fault(
    kind=FaultKind.RESET,
    message="the run ended before an answer was recorded",
    may_have_arrived=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Bodies of one exchange that stand beside the tape already (`TapeFile.blob_writer`)."""

    request: Blob | None = None
    answer: Blob | None = None


NO_BODIES = Bodies()


class TapeFile:
    """Appends to the tape of one run folder. Everything passes the gate first."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        self._folder, self._gate = folder, gate
        self._handle: int | None = None
        self._end = -1  # of the file, when we wrote last
        self._turn = Lock()  # a file's own lock keeps processes apart, not threads

    def begin(self, case: Case, *, tells_end: bool = False) -> None:
        """Make the folder and write the first line; join a tape that others have begun.

        `tells_end`: whoever writes promises to call `end`; without it, the run was killed.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            self._handle = os.open(self._folder / NAME, flags, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot write the run folder: {error.strerror}",
                place=str(self._folder),
                hint="give another folder with --out",
            ) from error
        opening: dict[str, Json] = {"schema": SCHEMA}
        opening |= {"tells_end": True} if tells_end else {}
        opening["case"] = case_to(self._gate.case(case))
        with _alone(self._handle):
            if not _begun(self._handle):
                self._write(self._handle, _encoded(opening))

    def intend(self, request: Request, slot: Slot, started_s: float, flow: str = "") -> None:
        """Say that a paid call is about to leave."""
        about = replace(slot.exchange(request, DIED, started_s=started_s), flow=flow)
        self._line({"intent": exchange_to(self._gate.exchange(about))})

    def append(
        self,
        exchange: Exchange,
        *,
        bodies: Bodies = NO_BODIES,
        notes: Mapping[str, Json] | None = None,
    ) -> Exchange:
        """Put it on the tape; gives what was kept. `notes`: what a replay wants to know besides."""
        gated = self._gate.exchange(exchange)
        if self._handle is None:
            return gated
        slim, bodies = self._outsourced(gated, bodies)
        line = exchange_to(slim)
        for part, blob in ((line["request"], bodies.request), (line["answer"], bodies.answer)):
            if blob is not None:
                part.pop("body", None)
                part |= {"blob": blob.name, "blob_bytes": blob.size_bytes}
        if notes:
            line["notes"] = self._gate.json(dict(notes))
        self._line(line)
        return gated

    def blob_writer(self) -> BlobWriter:
        """For a body that need not stand in memory at once. Its parts must be gated already."""
        return BlobWriter(self._folder)

    def end(self, *, interrupted: bool = False, deadline: bool = False) -> None:
        """Say how the run ended."""
        self._line({"ended": {"interrupted": interrupted, "deadline": deadline}})

    def close(self) -> None:
        """Nothing more will come."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _line(self, value: Json) -> None:
        if self._handle is None:
            return
        line = _encoded(value)
        with self._turn, _alone(self._handle):
            self._write(self._handle, line)

    def _write(self, handle: int, line: bytes) -> None:
        """A line that does not go in whole is taken back: a torn one would swallow the next."""
        try:
            before = os.fstat(handle).st_size
            if before != self._end and before and os.pread(handle, 1, before - 1) != b"\n":
                line = b"\n" + line  # somebody was killed here: begin afresh
            _whole(handle, line, before)
            self._end = before + len(line)
        except OSError as error:
            raise UsageError(
                f"cannot go on writing the tape: {error.strerror}",
                place=str(self._folder / NAME),
                hint="free some space; what was written can be read with: diagnostics report",
            ) from error

    def _outsourced(self, gated: Exchange, bodies: Bodies) -> tuple[Exchange, Bodies]:
        """Large bodies to files of their own, before anything makes text of them."""
        request, answer = gated.request, gated.answer
        if len(request.body) > BLOB_BYTES:
            bodies = replace(bodies, request=self._blob(request.body))
            gated = replace(gated, request=replace(request, body=b""))
        if not isinstance(answer, Unsent) and len(answer.body) > BLOB_BYTES:
            bodies = replace(bodies, answer=self._blob(answer.body))
            gated = replace(gated, answer=replace(answer, body=b""))
        return gated, bodies

    def _blob(self, body: bytes) -> Blob:
        self._gate.scan(body, "body")
        with self.blob_writer() as file:
            file.write(body)
            return file.finish()


def _encoded(value: Json) -> bytes:
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
    return line.encode("utf-8", "surrogatepass")


def _begun(handle: int) -> bool:
    """Does it open with a case? A first line that is torn opens nothing."""
    head = os.pread(handle, 256, 0)
    return head.startswith(b'{"schema":') and b'"case":' in head and _has_line(handle)


def _has_line(handle: int) -> bool:
    at = 0
    while part := os.pread(handle, 65_536, at):
        if b"\n" in part:
            return True
        at += len(part)
    return False


def _whole(handle: int, line: bytes, before: int) -> None:
    """One `write` does it but for a disk that is full or a call that was interrupted."""
    done = os.write(handle, line)
    if done == len(line):
        return
    try:
        while done < len(line):
            done += os.write(handle, line[done:])
    except OSError:
        if os.fstat(handle).st_size == before + done:
            with suppress(OSError):
                os.ftruncate(handle, before)
        raise


@contextmanager
def _alone(handle: int) -> Iterator[None]:
    """Hold the tape's lock, where there are locks. An append is one write, lock or no lock."""
    locks: Any = fcntl
    held = locks is not None and _locked(locks, handle)
    try:
        yield
    finally:
        if held:
            locks.flock(handle, locks.LOCK_UN)


def _locked(locks: Any, handle: int) -> bool:
    for _ in range(TRIES_MOST):
        try:
            locks.flock(handle, locks.LOCK_EX | locks.LOCK_NB)
        except BlockingIOError:
            os.sched_yield()
        except OSError:  # a file system without locks
            return False
        else:
            return True
    return False
