"""How is a tape kept on disk? One JSON line an exchange, appended as it happens.

`tape.jsonl` opens with the case. Before a paid call leaves, a line says that it is about to: if
the process dies before the answer is written, the tape still tells that credits may be spent.
Bodies beyond 64 KiB stand beside it under their hash. A torn last line is survived and reported.
"""

import base64
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics.drive.driver import Slot
from diagnostics.errors import UsageError
from diagnostics.garbage import seldom
from diagnostics.model import (
    Case,
    Exchange,
    Fault,
    FaultKind,
    Json,
    Request,
    Tape,
)
from diagnostics.redact import Gate
from diagnostics.tape_values import case_from, case_to, exchange_from, exchange_to

SCHEMA = "diagnostics.tape/1"
NAME = "tape.jsonl"
BLOB_BYTES = 64 * 1024

_DIED = Fault(
    kind=FaultKind.RESET,
    message="the run ended before an answer was recorded",
    may_have_arrived=True,
)


class TapeFile:
    """Appends to the tape of one run folder. Everything passes the gate first."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        self._folder, self._gate = folder, gate
        self._handle: int | None = None

    def begin(self, case: Case) -> None:
        """Make the folder and write the first line."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._handle = os.open(self._folder / NAME, flags, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot write the run folder: {error.strerror}",
                place=str(self._folder),
                hint="give another folder with --out",
            ) from error
        self._line({"schema": SCHEMA, "case": case_to(self._gate.case(case))})

    def intend(self, request: Request, slot: Slot, started_s: float) -> None:
        """Say that a paid call is about to leave."""
        about = slot.exchange(request, _DIED, started_s=started_s)
        self._line({"intent": exchange_to(self._gate.exchange(about))})

    def append(self, exchange: Exchange) -> Exchange:
        """One whole line in one write, so that several writers never mix; gives what was kept."""
        gated = self._gate.exchange(exchange)
        if self._handle is not None:
            self._line(self._outsource(exchange_to(gated)))
        return gated

    def close(self) -> None:
        """Nothing more will come."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _line(self, value: Json) -> None:
        if self._handle is None:
            return
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
        try:
            os.write(self._handle, line.encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise UsageError(
                f"cannot go on writing the tape: {error.strerror}",
                place=str(self._folder / NAME),
                hint="free some space; what was written can be read with: diagnostics report",
            ) from error

    def _outsource(self, line: dict[str, Json]) -> dict[str, Json]:
        for part in (line["request"], line["answer"]):
            body = part.get("body")
            if isinstance(body, str) and len(body) > BLOB_BYTES:
                part["blob"] = self._blob(part.pop("body").encode("utf-8", "surrogateescape"))
            elif len(part.get("body64", "")) > BLOB_BYTES:
                part["blob"] = self._blob(base64.b64decode(part.pop("body64")))
        return line

    def _blob(self, body: bytes) -> str:
        name = hashlib.sha256(body).hexdigest()
        self._gate.write(self._folder / "blobs" / name, body)
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A tape as it stands on disk, and how many of its lines could not be read."""

    tape: Tape
    torn: int = 0
    pending: int = 0
    """Paid calls that were announced and never answered."""


def read(folder: Path) -> Tape:
    """The tape of a run folder (or of a `tape.jsonl`)."""
    return read_whole(folder).tape


def read_whole(folder: Path) -> Reading:
    """The tape with what was wrong with the file."""
    with seldom():
        return _read_whole(folder if folder.is_file() else folder / NAME)


def _read_whole(path: Path) -> Reading:
    case: Case | None = None
    exchanges: list[Exchange] = []
    intents: list[Exchange] = []
    torn = 0
    home = path.parent
    for line in _lines(path):
        try:
            value = json.loads(line)
            if "case" in value:
                case = case_from(value["case"])
            elif "intent" in value:
                intents.append(exchange_from(value["intent"]))
            else:
                exchanges.append(exchange_from(_insource(value, home)))
        except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
            torn += 1
    if case is None:
        raise UsageError(
            "not a tape: its first line does not tell the case",
            place=f"{path}:1",
            hint="give the folder of a run, as `diagnostics run` prints it",
        )
    pending = _pending(intents, exchanges)
    exchanges += [replace(e, position=len(exchanges) + n) for n, e in enumerate(pending)]
    tape = Tape(case=case, exchanges=exchanges)
    return Reading(tape=tape, torn=torn, pending=len(pending))


def _lines(path: Path) -> Iterator[bytes]:
    """One after another: a long tape never stands in memory as text."""
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise UsageError(
            f"cannot read the tape: {error.strerror}",
            place=str(path),
            hint="give the folder of a run, as `diagnostics run` prints it",
        ) from error


def _pending(intents: list[Exchange], exchanges: list[Exchange]) -> list[Exchange]:
    answered = Counter(_slot(exchange) for exchange in exchanges)
    pending = []
    for intent in intents:
        if answered[_slot(intent)]:
            answered[_slot(intent)] -= 1
        else:
            pending.append(intent)
    return pending


def _slot(exchange: Exchange) -> tuple[str, int, int, str]:
    request = exchange.request
    name = request.operation or request.url
    return exchange.scenario, exchange.conversation, exchange.attempt, name


def _insource(line: dict[str, Json], folder: Path) -> dict[str, Json]:
    for part in (line["request"], line["answer"]):
        name = part.get("blob")
        if name and str(name).isalnum():
            path = folder / "blobs" / str(name)
            body = path.read_bytes() if path.is_file() else b""
            part["body64"] = base64.b64encode(body).decode()
    return line
