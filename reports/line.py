"""What does one exchange come to, in one line of a timeline?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from diagnostics.contract import Contract, first
from diagnostics.following.words import word
from diagnostics.model import Exchange, Fault, Json, Purpose, Response, Unsent
from diagnostics.promise import Job, StateKind

MESSAGE_LENGTH_MAX = 300
GOOD_STATUS_END = 400
BROKEN_STATUS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One exchange, understood. `ok` None: it was never sent, so it went neither well nor badly."""

    exchange: Exchange
    kind: str
    """create, retry, poll, call, probe, media, unsent."""
    ok: bool | None
    status: int | None = None
    code: str | None = None
    message: str = ""
    fault: str | None = None
    state: str | None = None
    state_name: str | None = None
    state_kind: str | None = None
    garbled: bool = False
    """An operation answered something that is not JSON."""
    body: Json = None

    @property
    def ended_s(self) -> float:
        """When the answer was whole, or given up."""
        return self.exchange.started_s + self.exchange.duration_s


class LineReader:
    """Reads exchanges by a contract: which operation follows which job, what its states mean."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        operations = contract.operations.values()
        self.creates: dict[str, Job] = {op.id: op.job for op in operations if op.job}
        self.reads: dict[str, list[Job]] = {}
        for job in self.creates.values():
            self.reads.setdefault(job.read, []).append(job)

    def read(self, exchange: Exchange) -> Line:
        """The line of one exchange."""
        answer, kind = exchange.answer, self._kind(exchange)
        if isinstance(answer, Unsent):
            return Line(exchange=exchange, kind="unsent", ok=None, fault=answer.reason)
        if isinstance(answer, Fault):
            return Line(
                exchange=exchange,
                kind=kind,
                ok=False,
                status=answer.status,
                message=answer.message[:MESSAGE_LENGTH_MAX],
                fault=answer.kind,
            )
        return self._answered(exchange, answer, kind)

    def _kind(self, exchange: Exchange) -> str:
        request = exchange.request
        if request.purpose is not Purpose.CALL:
            return str(request.purpose)
        if request.operation in self.reads and request.operation not in self.creates:
            return "poll"
        if exchange.attempt > 1:
            return "retry"
        return "create" if request.operation in self.creates else "call"

    def _answered(self, exchange: Exchange, answer: Response, kind: str) -> Line:
        operation = exchange.request.operation
        if kind == Purpose.MEDIA:
            problem = answer.media.problem if answer.media else None
            ok = answer.status < GOOD_STATUS_END and problem is None
            return Line(
                exchange=exchange, kind=kind, ok=ok, status=answer.status, message=problem or ""
            )
        reading = self.contract.of(exchange.request.provider).read(answer, operation)
        said = reading.code is not None
        garbled = kind != Purpose.PROBE and reading.body is None
        refused = reading.code is not None and not reading.ok
        state = {} if refused else self._state(operation, reading.body)
        failed = state.get("state_kind") == StateKind.FAILED
        return Line(
            exchange=exchange,
            kind=kind,
            ok=not failed and not garbled and self._well(kind, answer, said=said, ok=reading.ok),
            garbled=garbled,
            status=answer.status,
            code=reading.code,
            message=reading.message[:MESSAGE_LENGTH_MAX],
            body=reading.body,
            **state,
        )

    def _well(self, kind: str, answer: Response, *, said: bool, ok: bool) -> bool:
        if kind == Purpose.PROBE:  # "not here" is an answer: whether it matters, findings say
            return said or answer.status < BROKEN_STATUS
        return ok if said else answer.status < GOOD_STATUS_END

    def _state(self, operation: str | None, body: Json) -> dict[str, Any]:
        for job in self._jobs(operation):
            value = first(body, job.status)
            if value is not None and not isinstance(value, dict | list):
                known = job.states.get(str(value))
                return {
                    "state": str(value)[:80],
                    "state_name": word(known) if known else None,
                    "state_kind": str(known.kind) if known else None,
                }
        return {}

    def _jobs(self, operation: str | None) -> list[Job]:
        job = self.creates.get(operation or "")
        return [job] if job else self.reads.get(operation or "", [])


def called(exchange: Exchange) -> str:
    """The call in short; where an answer was quoted without it, the place where it stands."""
    request = exchange.request
    if not request.url:
        return request.method or exchange.source or "?"
    return f"{request.method} {place(request.url)[:200]}".strip()


def place(url: str) -> str:
    """Path and query of an address: what differs between the lines of one run."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def as_json(line: Line, began_s: float) -> Mapping[str, Json]:
    """The line as plain data."""
    exchange = line.exchange
    request = exchange.request
    stands = {"source": exchange.source} if exchange.source else {}
    return {
        "position": exchange.position,
        **stands,
        "kind": line.kind,
        "scenario": exchange.scenario,
        "conversation": exchange.conversation,
        "attempt": exchange.attempt,
        "operation": request.operation,
        "label": request.label[:200],
        "method": request.method[:20],
        "url": request.url[:500],
        "path": place(request.url[:500]) if request.url else "",
        "started_s": exchange.started_s,
        "offset_s": exchange.started_s - began_s,
        "wait_s": request.wait_s,
        "duration_s": exchange.duration_s,
        "ok": line.ok,
        "status": line.status,
        "code": line.code,
        "message": line.message,
        "fault": line.fault,
        "garbled": line.garbled,
        "state": line.state,
        "state_name": line.state_name,
        "state_kind": line.state_kind,
        "spends": request.spends,
    }
