"""What did a run leave? Its tape, what of the file could not be read, and how the run ended."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from diagnostics.errors import UsageError
from diagnostics.garbage import seldom
from diagnostics.model import Case, Exchange, Fault, Json, Response, Tape, Unsent
from diagnostics.tape_values import case_from, exchange_from
from diagnostics.taping.blobs import blob_path, head_of
from diagnostics.taping.lines import UNREADABLE, Kind, Line, lines
from diagnostics.taping.writer import NAME

BODY_MOST = 16 * 2**20
"""Bytes of one body that judges are given; as much as the live driver keeps."""
BODIES_MOST = 256 * 2**20
"""Bytes of all bodies that stand beside the tape; what comes later is cut short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended, in its own words."""

    interrupted: bool = False
    deadline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A tape as it stands on disk, and how many of its lines could not be read."""

    tape: Tape
    torn: int = 0
    pending: int = 0
    """Paid calls that were announced and never answered."""
    missing: int = 0
    """Bodies that should stand beside the tape and do not."""
    ended: Ended | None = None
    """None: its last line does not tell how the run ended."""
    killed: bool = False
    """It was to tell and did not: the run was killed, or is still going on."""

    @property
    def interrupted(self) -> bool:
        """It was stopped by hand."""
        return self.ended is not None and self.ended.interrupted


def read(folder: Path) -> Tape:
    """The tape of a run folder (or of a `tape.jsonl`)."""
    return read_whole(folder).tape


def read_whole(folder: Path) -> Reading:
    """The tape with what was wrong with the file."""
    with seldom():
        return _Reader(tape_path(folder)).read()


def tape_path(folder: Path) -> Path:
    """The file of a tape, whether its folder is named or the file itself."""
    return folder if folder.is_file() else folder / NAME


@dataclass(slots=True)
class _Reader:
    """Takes a tape file apart."""

    path: Path
    case: Case | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    intents: list[Exchange] = field(default_factory=list)
    torn: int = 0
    ended: Ended | None = None
    tells_end: bool = False
    bodies: "Bodies | None" = None

    def read(self) -> Reading:
        self.bodies = Bodies(self.path.parent)
        for line in lines(self.path):
            try:
                self._note(line, self.bodies)
            except UNREADABLE:
                self.torn += 1
        if self.case is None:
            raise UsageError(
                "not a tape: its first line does not tell the case",
                place=f"{self.path}:1",
                hint="give the folder of a run, as `diagnostics run` prints it",
            )
        return self._reading(self.case, self.bodies.missing)

    def _note(self, line: Line, bodies: "Bodies") -> None:
        self.ended = None  # whatever comes after an end, the run went on
        if line.kind is Kind.CASE:
            self.case = case_from(line.value["case"])
            self.tells_end = line.value.get("tells_end") is True
        elif line.kind is Kind.INTENT:
            self.intents.append(exchange_from(line.value["intent"]))
        elif line.kind is Kind.ENDED:
            self.ended = ended_from(line.value["ended"])
        elif line.kind is Kind.EXCHANGE:
            found = bodies.put_back(line.value, len(self.exchanges))
            self.exchanges.append(found)
        else:
            self.torn += 1

    def _reading(self, case: Case, missing: int) -> Reading:
        left = pending(self.intents, Counter(slot(e) for e in self.exchanges))
        for which in left:
            self.exchanges.append(replace(self.intents[which], position=len(self.exchanges)))
        return Reading(
            tape=Tape(case=case, exchanges=self.exchanges),
            torn=self.torn,
            pending=len(left),
            missing=missing,
            ended=self.ended,
            killed=self.tells_end and self.ended is None,
        )


class Bodies:
    """Puts back, within bounds, the bodies that stand beside a tape."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._left = BODIES_MOST
        self._known: dict[str, bytes | None] = {}
        self.missing = 0

    def put_back(self, line: dict[str, Json], position: int) -> Exchange:
        """The exchange of a line. Positions are places in the file: writers number for themselves.

        Raises what `UNREADABLE` names.
        """
        found = exchange_from(line, position)
        request, answer = line["request"], line["answer"]
        if "blob" in request:
            body = self._body(request["blob"])
            found = replace(found, request=replace(found.request, body=body))
        if "blob" in answer and not isinstance(found.answer, Unsent):
            found = replace(found, answer=self._answered(found.answer, answer))
        return found

    def _answered(self, answer: Response | Fault, line: dict[str, Json]) -> Response | Fault:
        body = self._body(line["blob"])
        if isinstance(answer, Fault):
            return replace(answer, body=body)
        size = line.get("blob_bytes")
        cut = answer.truncated or (isinstance(size, int) and len(body) < size)
        return replace(answer, body=body, truncated=cut)

    def _body(self, name: Json) -> bytes:
        path = blob_path(self._home, name)
        if path.name not in self._known:
            body = head_of(path, max(0, min(BODY_MOST, self._left)))
            self._left -= len(body or b"")
            self._known[path.name] = body
        body = self._known[path.name]
        self.missing += body is None
        return body or b""


def ended_from(value: Json) -> Ended:
    """Raises what `UNREADABLE` names."""
    return Ended(interrupted=bool(value["interrupted"]), deadline=bool(value.get("deadline")))


def pending(intents: Iterable[Exchange], answered: Counter[Hashable]) -> list[int]:
    """Which announcements no exchange answered; `answered` counts the slots of exchanges."""
    left = []
    for which, intent in enumerate(intents):
        if answered[slot(intent)]:
            answered[slot(intent)] -= 1
        else:
            left.append(which)
    return left


def slot(exchange: Exchange) -> Hashable:
    """What an announcement and its answer have in common."""
    request = exchange.request
    name = request.operation or request.url
    return exchange.scenario, exchange.conversation, exchange.flow, exchange.attempt, name
