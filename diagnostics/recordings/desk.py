"""Who writes the tape of a recording? One desk for all its clients, threads and tasks.

What goes wrong here (a full disk) never costs the client its answer: a paid one may be among them.
It is kept, the recording ends there, and `close` tells.
"""

import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from diagnostics import prepare
from diagnostics.contract_load import load
from diagnostics.drive.driver import Slot
from diagnostics.errors import DiagnosticsError, UsageError
from diagnostics.model import Case, Exchange, Json, Origin, Request, Target, TargetKind
from diagnostics.recordings.about import About, Story, request_about
from diagnostics.recordings.keys import Keys
from diagnostics.redact import Gate
from diagnostics.tape import NAME, BlobWriter, Bodies, TapeFile

if TYPE_CHECKING:
    from diagnostics.recordings.note import Note

Mode = Literal["new", "again", "join"]
"""`new`: there must be no recording yet; `again`: it is replaced; `join`: others write it too."""

_LOCAL = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|.*\.test|testserver")


class Desk:
    """Gates and writes; lazily, for the first request tells whom the recording is about."""

    def __init__(
        self, folder: Path, gate: Gate, *, provider: str, mode: Mode, clock: Callable[[], float]
    ) -> None:
        self.gate, self.clock = gate, clock
        self.problem: DiagnosticsError | None = None
        self.count = 0
        self._folder, self._provider = folder, provider
        self._lock = RLock()
        self._tape: TapeFile | None = None
        self._over = False
        self._under_way: set[Note] = set()
        self._keys = Keys(gate)
        if provider:
            load(provider)
        self._story = Story(provider=provider)
        _made_ready(folder, mode)

    def label(self, flow: str) -> str:
        """The caller's name of a conversation, as it may be written."""
        return self.gate.text(flow) if flow else ""

    # --- what a note asks ---------------------------------------------------------------------

    def asked(self, request: Request, flow: str) -> tuple[About, Request]:
        """What the request is for; its keys become known to the gate before anything is kept."""
        return self.safely(self._asked, request, flow) or (About(), request)

    def begun(
        self, note: "Note", about: About, request: Request, flow: str, started_s: float
    ) -> None:
        """An exchange is under way; before a paid call leaves, the tape says so."""
        with self._lock:
            self._under_way.add(note)
            if request.spends:
                self.safely(self._announce, about, request, flow, started_s)

    def over(self, note: "Note") -> None:
        """It came to its end."""
        with self._lock:
            self._under_way.discard(note)

    def write(
        self, about: About, exchange: Exchange, bodies: Bodies, notes: Mapping[str, Json]
    ) -> None:
        """One more line."""
        with self._lock:
            self._story.answered(about, exchange)
            if self._tape is not None:
                placed = replace(exchange, position=self.count)
                self._tape.append(placed, bodies=bodies, notes=notes)
                self.count += 1

    def blob_writer(self) -> BlobWriter:
        """For a body that is too large to hold."""
        if self._tape is None:
            raise UsageError("the recording is over", place=str(self._folder))
        return self._tape.blob_writer()

    def safely(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Do it; if it cannot be done, end the recording there and keep the reason."""
        with self._lock:
            if self.problem is not None or self._over:
                return None
            try:
                return work(*given, **named)
            except DiagnosticsError as error:
                self.problem = error
            except Exception as error:  # noqa: BLE001  # the client's answer is worth more than its recording
                self.problem = UsageError(
                    f"the recording broke: {self.gate.error(error)}",
                    place=str(self._folder),
                    hint="what was written until then can be read; please report this",
                )
            return None

    def close(self, *, interrupted: bool = False) -> None:
        """Nothing more will come."""
        with self._lock:
            for note in list(self._under_way):
                note.leave()
            if not self._over and self._tape is None:
                self.safely(self._begin, About(), "")
            if self._tape is not None and not self._over:
                self.safely(self._end, interrupted=interrupted)
                with suppress(OSError):
                    self._tape.close()
            self._over = True

    # --- how it does it -----------------------------------------------------------------------

    def _asked(self, request: Request, flow: str) -> tuple[About, Request]:
        about = self._story.asked(request.method, request.url, request.body, flow)
        schemes = about.contract.schemes if about.contract else ()
        self._keys.learn(request.headers, about.provider, [one.header for one in schemes])
        if self._tape is None:
            self._begin(about, request.url)
        return about, request_about(about, request)

    def _begin(self, about: About, url: str) -> None:
        tape = TapeFile(self._folder, self.gate)
        now_s = self.clock()
        tape.begin(
            Case(
                run_id=prepare.run_id(now_s),
                target=_target(about, url, self._provider),
                environment=prepare.environment({}),
                started_s=now_s,
            )
        )
        self._tape = tape

    def _announce(self, about: About, request: Request, flow: str, started_s: float) -> None:
        if self._tape is not None:
            slot = Slot(conversation=about.conversation, attempt=about.attempt)
            self._tape.intend(request, slot, started_s, flow)

    def _end(self, *, interrupted: bool) -> None:
        if self._tape is not None:
            self._tape.end(interrupted=interrupted)


def _target(about: About, url: str, provider: str) -> Target:
    """What answers, as far as an address tells."""
    parts = urlsplit(url)
    local = _LOCAL.fullmatch(parts.hostname or "") is not None
    contract = about.contract or (load(provider) if provider else None)
    return Target(
        kind=TargetKind.EMULATOR if local else TargetKind.LIVE,
        provider=contract.name if contract else "",
        base_url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "",
        origin=Origin.EMULATED if local else Origin.LIVE,
        version=contract.version if contract else "",
    )


def _made_ready(folder: Path, mode: Mode) -> None:
    tape = folder / NAME
    if mode == "join" or not tape.exists():
        return
    if mode == "new":
        raise UsageError(
            "there is a recording already",
            place=str(tape),
            hint='replay it, give another folder, or say mode="again" to replace it',
        )
    try:
        tape.unlink()
        tape.with_suffix(".idx").unlink(missing_ok=True)
        shutil.rmtree(folder / "blobs", ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"the old recording cannot be removed: {error.strerror}",
            place=str(tape),
            hint="remove it by hand",
        ) from error


def now_s() -> float:
    """Seconds since the epoch."""
    return time.time()
