"""How do I record what my own `httpx` client does, and play it back without network or key?

    with Recorder("out/my-run", provider="akool") as tape:
        client = httpx.Client(transport=tape.transport())
        with tape.flow("scene 1"):
            client.post(...)

    with Replayer("out/my-run") as tape:
        client = httpx.Client(transport=tape.transport())
        ...
        tape.unplayed(), tape.misses

`AsyncClient` takes `async_transport()`. The openai and replicate packages take such a client (as
`http_client=`) or transport; clients of `httpx2` are served alike. The recording is a tape, as
`diagnostics run` writes one: every command that reads a run reads it too. Keys never reach it.

What the client gets while recording is what it would get anyway, part by part as it comes. A replay
sends bodies decoded of their content encoding (without that header, their length set right), parts
as they were cut then, failures as the same exception at the same place.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from diagnostics.model import Exchange
from diagnostics.recordings.desk import Desk, Mode
from diagnostics.recordings.flows import flow
from diagnostics.recordings.play import AsyncReplayTransport, Pace, ReplayTransport
from diagnostics.recordings.record import AsyncRecordingTransport, RecordingTransport
from diagnostics.recordings.source import Source, UnrecordedRequestError
from diagnostics.redact import Gate
from diagnostics.tape import Miss, TapeIndex

__all__ = [
    "AsyncRecordingTransport",
    "AsyncReplayTransport",
    "Miss",
    "Pace",
    "Recorder",
    "RecordingTransport",
    "ReplayTransport",
    "Replayer",
    "UnrecordedRequestError",
    "flow",
]


class Recorder:
    """Writes one tape, for however many clients, threads and tasks.

    `provider`: whose contract reads it; without one, each call's host or path tells. `mode`: `new`
    (there must be no recording yet), `again` (it is replaced), `join` (several processes write
    one). What goes wrong with the recording is raised when it is closed, never in the client.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        provider: str = "",
        mode: Mode = "new",
        gate: Gate | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = Path(folder)
        self.gate = gate or Gate()
        self._desk = Desk(self.folder, self.gate, provider=provider, mode=mode, clock=clock)

    def transport(self, inner: Any = None) -> RecordingTransport:
        """For a client that waits. `inner`: what really sends (proxies, certificates, HTTP/2)."""
        return RecordingTransport(self._desk, inner)

    def async_transport(self, inner: Any = None) -> AsyncRecordingTransport:
        """For a client that awaits."""
        return AsyncRecordingTransport(self._desk, inner)

    def flow(self, name: str) -> AbstractContextManager[None]:
        """Everything sent inside belongs to the conversation of that name."""
        return flow(name)

    def __len__(self) -> int:
        """Exchanges written so far."""
        return self._desk.count

    def close(self, *, interrupted: bool = False) -> None:
        """End the tape; raises what kept it from being whole."""
        self._desk.close(interrupted=interrupted)
        if self._desk.problem is not None:
            raise self._desk.problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:  # what the caller met is worth more than what befell the recording
            self._desk.close(interrupted=isinstance(error, KeyboardInterrupt))


class Replayer:
    """Plays one tape, each answer once (`repeat_last`: the last poll again, for ever).

    At once, or with `pace=Pace(kept=True)` as it went then. Tell keys that stand in addresses or
    bodies to the `gate`, as they were told when it was recorded; those in headers it finds itself.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        pace: Pace | None = None,
        repeat_last: bool = False,
        gate: Gate | None = None,
    ) -> None:
        self._index = TapeIndex.open(Path(folder), repeat_last=repeat_last)
        self._source = Source(self._index, gate or Gate())
        self._pace = pace or Pace()

    def transport(self) -> ReplayTransport:
        """For a client that waits."""
        return ReplayTransport(self._source, self._pace)

    def async_transport(self) -> AsyncReplayTransport:
        """For a client that awaits."""
        return AsyncReplayTransport(self._source, self._pace)

    def flow(self, name: str) -> AbstractContextManager[None]:
        """As `Recorder.flow`: the conversation whose answers are meant."""
        return flow(name)

    @property
    def misses(self) -> list[Miss]:
        """What was asked for and never recorded."""
        return self._source.misses

    def unplayed(self) -> list[Exchange]:
        """What was recorded and never asked for."""
        return self._index.unplayed()

    def close(self) -> None:
        """Let go of the tape."""
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
