"""How is a load carried out beside the command that asked for it, and what is heard of it?

Generator and emulator are processes of their own: Locust replaces half of the standard library,
drawing must not cost the generator its time, and Ctrl-C must reach the command alone. They speak
in lines of JSON, and end when the line to them is closed, so that none outlives the command.
"""

import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Queue
from time import monotonic
from types import TracebackType
from typing import Any, Self

from diagnostics.errors import DiagnosticsError, Exit, TargetError
from diagnostics.loading.counts import Counts
from diagnostics.loading.profile import Profile
from diagnostics.loading.result import Ending, Limit, Worker
from diagnostics.loading.seeking import Breaking
from diagnostics.loading.tally import Tally
from diagnostics.model import FaultKind, Json

END_S = 5.0
"""So long a process may take to end when it was told to."""
SILENT_S = 20.0
"""A generator that says nothing for so long hangs."""
_LINE_BYTES_MAX = 64 * 1024 * 1024
_LAST_WORDS = 20
_GONE = frozenset(
    kind.value
    for kind in (
        FaultKind.REFUSED,
        FaultKind.DNS,
        FaultKind.CONNECT,
        FaultKind.CONNECT_TIMEOUT,
        FaultKind.TLS,
    )
)
GONE_S = 5
"""Seconds in a row without a single connection: nobody is there any more."""


class Child:
    """A process that speaks lines of JSON, and ends when its standard input does."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str] = {}) -> None:
        self.said: Queue[Mapping[str, Json] | None] = Queue()
        """What it tells, line by line; None: it has ended."""
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        try:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        except OSError as error:
            raise TargetError(f"cannot start a process: {error.strerror}") from error
        for work in (self._listen, self._overhear):
            threading.Thread(target=work, name="child", daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # a pipe, as asked for
        held = b""
        for line in iter(lambda: self._line(self._process.stdout), b""):
            held = held + line if held or line.startswith(b"{") else b""
            with suppress(ValueError, RecursionError):  # an object may be written on several lines
                self.said.put(json.loads(held))
                held = b""
        self.said.put(None)

    @staticmethod
    def _line(stream: Any) -> bytes:
        found: bytes = stream.readline(_LINE_BYTES_MAX)
        return found

    def _overhear(self) -> None:
        assert self._process.stderr is not None  # noqa: S101  # a pipe, as asked for
        for line in self._process.stderr:
            self._last_words.append(line.decode("utf-8", "replace").rstrip())

    def document(self, wait_s: float) -> Mapping[str, Json] | None:
        """The next it tells; None: it has ended, or is silent."""
        try:
            return self.said.get(timeout=wait_s)
        except Empty:
            return None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The last it wrote to standard error."""
        return next((line for line in reversed(self._last_words) if line.strip()), "")

    def tell(self, **words: Json) -> None:
        """A line to it; one that has gone hears nothing."""
        stream = self._process.stdin
        assert stream is not None  # noqa: S101  # a pipe, as asked for
        with suppress(OSError, ValueError):
            stream.write(json.dumps(words).encode() + b"\n")
            stream.flush()

    def close(self) -> int:
        """End it, and give its exit code."""
        with suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            return self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(slots=True, kw_only=True)
class Running:
    """A load under way, as far as it was heard of."""

    profile: Profile
    breaking: Breaking
    tally: Tally = field(default_factory=Tally)
    began_at: float | None = None
    """By the wall clock."""
    elapsed_s: float = 0.0
    flows: int = 0
    """Asks under way."""
    workers: tuple[Worker, ...] = ()
    limit: Limit | None = None
    ending: Ending | None = None


Heard = Callable[[Mapping[str, Json]], None]
Look = Callable[[Running], None]


def carry_out(child: Child, running: Running, *, kept: Heard, look: Look) -> None:
    """Listen until the load is over; Ctrl-C ends it at once, and what there is stays."""
    try:
        _listen(child, running, kept, look)
    except KeyboardInterrupt:
        running.ending = Ending.INTERRUPTED
        _farewell(child, running, kept)


def _listen(child: Child, running: Running, kept: Heard, look: Look) -> None:
    for told in _lines(child):
        _hear(told, running, kept)
        if told.get("kind") == "ended":
            running.ending = running.ending or Ending(told["why"])
            return
        if running.ending is None:
            running.ending = _reason(running)
            if running.ending is not None:
                waits = running.ending is not Ending.UNREACHABLE  # else nobody will answer
                child.tell(do="halt" if waits else "stop", why=running.ending.value)
        look(running)


def _farewell(child: Child, running: Running, kept: Heard) -> None:
    """It was told to stop: what it still says is the rest of the figures."""
    child.tell(do="stop", why="interrupted")
    until_s = monotonic() + END_S
    with suppress(KeyboardInterrupt, DiagnosticsError):
        while (left_s := until_s - monotonic()) > 0:
            told = _next(child, left_s)
            if told is None or told.get("kind") == "ended":
                return
            _hear(told, running, kept)


def _lines(child: Child) -> Iterator[Mapping[str, Json]]:
    while True:
        told = _next(child, SILENT_S)
        if told is None:
            raise TargetError(
                f"the generator ended unexpectedly: {child.last_words or 'without a word'}",
                hint="what was sent until then stands in the run folder",
            )
        yield told


def _next(child: Child, wait_s: float) -> Mapping[str, Json] | None:
    try:
        return child.said.get(timeout=wait_s)
    except Empty:
        raise TargetError(
            f"the generator has said nothing for {wait_s:g} s",
            hint="is the machine very busy? Lower the load with --scale",
        ) from None


def _hear(told: Mapping[str, Json], running: Running, kept: Heard) -> None:
    kind = told.get("kind")
    if kind == "error":
        raise _error(told)
    if kind == "counts":
        _count(told, running)
    elif kind == "kept":
        kept(told)
    elif kind == "limit":
        running.limit = _limit(told["limit"])


def _count(told: Mapping[str, Json], running: Running) -> None:
    counts = Counts.from_json(told["counts"])
    running.tally.apply(told["counts"])
    running.elapsed_s = float(told["elapsed_s"])
    running.began_at = told.get("began_at") or running.began_at
    running.flows = int(told.get("flows", 0))
    running.workers = tuple(Worker(**one) for one in told.get("workers", ()))
    running.breaking.hear(counts, running.elapsed_s)


def _limit(told: Mapping[str, Json]) -> Limit:
    headers = tuple((str(name), str(value)) for name, value in told.get("headers", ()))
    return Limit(**{**told, "headers": headers})


def _error(told: Mapping[str, Json]) -> DiagnosticsError:
    error = DiagnosticsError(
        str(told.get("message")), place=told.get("place"), hint=told.get("hint")
    )
    error.exit = Exit(told.get("exit", Exit.INCONCLUSIVE))
    return error


def _reason(running: Running) -> Ending | None:
    """Why nothing more is to be begun."""
    if running.limit is not None and running.profile.seeks_limit:
        return Ending.LIMIT
    if running.breaking.found is not None and running.profile.until_failure:
        return Ending.OBJECTIVE
    return Ending.UNREACHABLE if gone(running.tally) else None


def gone(tally: Tally) -> bool:
    """Nobody took a connection for the last seconds."""
    rows = tally.timeline.rows
    latest = [rows[second] for second in sorted(rows)[-GONE_S - 1 : -1]]
    if len(latest) < GONE_S:
        return False
    return all(row.requests and _none_connected(row.codes, row.requests) for row in latest)


def _none_connected(codes: Mapping[str, int], requests: int) -> bool:
    return sum(number for code, number in codes.items() if code in _GONE) >= requests
