"""What happened on the tape? Everything that a report counts or shows, taken in one pass."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from diagnostics.contract import Contract
from diagnostics.finding import Report
from diagnostics.model import Exchange, Fault, Purpose, Response, Unsent, UnsentReason
from reports.identify import Identifiers
from reports.line import Line, LineReader, as_json

ROWS_FIRST, ROWS_NOTABLE, ROWS_LAST = 90, 60, 60
LIST_MAX = 20
STATES_MAX = 60
OPERATIONS_MAX = 500


@dataclass(slots=True, kw_only=True)
class Span:
    """The first and the last time something was seen."""

    first_s: float | None = None
    last_s: float | None = None

    def note(self, at_s: float) -> None:
        """Widen by one instant; the tape is in order of start."""
        if self.first_s is None:
            self.first_s = at_s
        self.last_s = at_s


@dataclass(slots=True, kw_only=True)
class Tally:
    """How often an operation was called, how often it went wrong, and the last of either."""

    sent: int = 0
    failed: int = 0
    failures: Span = field(default_factory=Span)
    last_failed: Line | None = None
    last_well: Line | None = None
    kept_back: Line | None = None


Numbered = tuple[int, Line]
"""A line and its number among all lines, so that gaps between kept ones can be counted."""


@dataclass(slots=True, kw_only=True)
class Rows:
    """Keeps the first and last lines, and between them those that went wrong or are evidence."""

    wanted: frozenset[int]
    first: list[Numbered] = field(default_factory=list)
    notable: list[Numbered] = field(default_factory=list)
    last: deque[Numbered] = field(default_factory=deque)
    total: int = 0

    def add(self, line: Line) -> None:
        """Take one line; bounded whatever the length of the tape."""
        self.total += 1
        if len(self.first) < ROWS_FIRST:
            self.first.append((self.total, line))
            return
        self.last.append((self.total, line))
        if len(self.last) > ROWS_LAST:
            number, left = self.last.popleft()
            wanted = left.ok is False or left.exchange.position in self.wanted
            if wanted and len(self.notable) < ROWS_NOTABLE:
                self.notable.append((number, left))

    def kept(self) -> list[Numbered]:
        """What was kept, in order."""
        return [*self.first, *self.notable, *self.last]


@dataclass(slots=True, kw_only=True)
class Digest:
    """The running totals of one pass over a tape."""

    contract: Contract
    reader: LineReader
    identifiers: Identifiers
    rows: Rows
    began_s: float
    ended_s: float
    failures: Span = field(default_factory=Span)
    successes: Span = field(default_factory=Span)
    operations: dict[str, Tally] = field(default_factory=dict)
    """By operation; "" for what belongs to none. Bounded by `OPERATIONS_MAX`."""
    unsent: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    media: list[dict[str, Any]] = field(default_factory=list)
    wire: dict[str, Exchange] = field(default_factory=dict)
    states: list[dict[str, Any]] = field(default_factory=list)
    polls: int = 0
    clock_offset_s: float | None = None

    def take(self, exchange: Exchange) -> None:
        """Account for one exchange."""
        line = self.reader.read(exchange)
        if isinstance(exchange.answer, Unsent):
            self.unsent[str(exchange.answer.reason)] += 1
            self._tally(line).kept_back = line
            dry = exchange.answer.reason is UnsentReason.DRY
            if not dry or exchange.position in self.rows.wanted:
                self.rows.add(line)
            return
        self.ended_s = max(self.ended_s, line.ended_s)
        self._count(line)
        self._media(line)
        self._wire(exchange)
        self._state(line)
        self._clock(exchange)
        self.identifiers.look(line)
        self.rows.add(line)

    def _count(self, line: Line) -> None:
        at_s = line.exchange.started_s
        tally = self._tally(line)
        tally.sent += 1
        if line.ok:
            tally.last_well = line
            if line.exchange.request.purpose is Purpose.CALL:
                self.successes.note(at_s)
            return
        self.failed += 1
        self.failures.note(at_s)
        tally.failed += 1
        tally.failures.note(at_s)
        tally.last_failed = line

    def _tally(self, line: Line) -> Tally:
        request = line.exchange.request
        name = request.operation if request.purpose is Purpose.CALL else None
        full = len(self.operations) >= OPERATIONS_MAX and name not in self.operations
        return self.operations.setdefault("" if full else name or "", Tally())

    def _media(self, line: Line) -> None:
        exchange = line.exchange
        if exchange.request.purpose is not Purpose.MEDIA or len(self.media) >= LIST_MAX:
            return
        answer = exchange.answer
        facts = answer.media if isinstance(answer, Response) else None
        names = () if facts is None else facts.__slots__
        self.media.append(
            {
                "position": exchange.position,
                "subject": exchange.request.label[:200],
                "url": exchange.request.url[:500],
                "status": line.status,
                "fault": line.fault,
                "ok": line.ok,
                "facts": {name: getattr(facts, name) for name in names} or None,
            }
        )

    def _wire(self, exchange: Exchange) -> None:
        if exchange.wire is None or exchange.wire.reused or len(self.wire) >= LIST_MAX:
            return
        self.wire.setdefault(host_of(exchange.request.url), exchange)

    def _state(self, line: Line) -> None:
        self.polls += line.kind == "poll"
        if line.state is None:
            return
        job = line.exchange.conversation
        at_s = line.exchange.started_s
        last = next((one for one in reversed(self.states) if one["conversation"] == job), None)
        if last is not None and last["state"] == line.state:
            last["last_s"], last["seen"] = at_s, last["seen"] + 1
        elif len(self.states) < STATES_MAX:
            self.states.append(
                {
                    "conversation": job,
                    "state": line.state,
                    "name": line.state_name,
                    "kind": line.state_kind,
                    "first_s": at_s,
                    "last_s": at_s,
                    "seen": 1,
                    "position": line.exchange.position,
                }
            )

    def _clock(self, exchange: Exchange) -> None:
        if self.clock_offset_s is not None or exchange.request.purpose is Purpose.MEDIA:
            return
        answer = exchange.answer
        dates = answer.headers if isinstance(answer, Response | Fault) else ()
        value = next((value for name, value in dates if name.lower() == "date"), None)
        if value:
            said_s = seconds_of(value)
            if said_s is not None:
                self.clock_offset_s = said_s - exchange.started_s - exchange.duration_s


def digest(report: Report, contract: Contract) -> Digest:
    """Read the tape of a report once."""
    case = report.tape.case
    seen = Digest(
        contract=contract,
        reader=LineReader(contract),
        identifiers=Identifiers(contract=contract),
        rows=Rows(wanted=frozenset(_evidence(report))),
        began_s=case.started_s,
        ended_s=case.started_s,
    )
    for exchange in report.tape.exchanges:
        seen.take(exchange)
    return seen


def _evidence(report: Report) -> Iterable[int]:
    for finding in (*report.judgement.because, *report.findings[:200]):
        yield from finding.evidence[:LIST_MAX]
    for excluded in report.judgement.excluded:
        yield from excluded.evidence[:LIST_MAX]
    for ambiguous in report.ambiguous:
        yield ambiguous.position


def timeline(seen: Digest) -> list[Mapping[str, Any]]:
    """The kept lines with the gaps between them: `elided` says how many lines a gap stands for."""
    rows: list[Mapping[str, Any]] = []
    before = 0
    for number, line in seen.rows.kept():
        if number > before + 1:
            rows.append({"elided": number - before - 1})
        rows.append({"elided": 0, **as_json(line, seen.began_s)})
        before = number
    return rows


def host_of(url: str) -> str:
    """Host and port of an address; empty when it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def seconds_of(date: str) -> float | None:
    """An HTTP date as seconds since the epoch."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
