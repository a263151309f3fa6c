"""What is known of a job after one status answer? The eleven fields of seed 003, and who said so.

Nothing is filled in that the answer does not say: an unknown progress is not 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from diagnostics.contract import Contract, dig, first
from diagnostics.following.answer import REASON_LENGTH_MAX, Poll, poll_of
from diagnostics.following.words import Status, status_of
from diagnostics.model import Exchange, Fault, FaultKind, Json, Response
from diagnostics.promise import Job

_TIMEOUTS = frozenset({FaultKind.READ_TIMEOUT, FaultKind.CONNECT_TIMEOUT})
Scalar = str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRecord:
    """One status answer in the words of seed 003. `word` is what the provider itself called it."""

    video_id: str
    status: Status
    progress: Scalar = None
    download_url: str | None = None
    error: str | None = None
    error_code: str | None = None
    error_details: str | None = None
    duration: Scalar = None
    file_size: Scalar = None
    created_at: Scalar = None
    estimated_time: Scalar = None
    word: str | None = None

    def fields(self) -> dict[str, Json]:
        """As plain JSON, in the order of the seed."""
        told = {part.name: getattr(self, part.name) for part in fields(self)}
        return {**told, "status": self.status.value}


def record(contract: Contract, job: Job, exchange: Exchange, job_id: str = "") -> StatusRecord:
    """What an exchange tells of a job; one that failed tells so in the same words."""
    named = job_id or exchange.request.label
    poll = poll_of(contract, job, exchange)
    if poll is not None:
        return of_poll(contract, job, poll, named)
    answer = exchange.answer
    if isinstance(answer, Response):
        return _refused(contract, job, answer, named)
    if isinstance(answer, Fault):
        lost = Status.TIMEOUT if answer.kind in _TIMEOUTS else Status.CONNECTION_ERROR
        return StatusRecord(
            video_id=named, status=lost, error=_short(answer.message), error_code=answer.kind.value
        )
    return StatusRecord(video_id=named, status=Status.UNKNOWN, error=_short(answer.message))


def of_poll(contract: Contract, job: Job, poll: Poll, job_id: str) -> StatusRecord:
    """The record of an answer that has been read already."""
    response = poll.exchange.response
    body = contract.read(response, job.read).body if response is not None else None
    told = {name: _told(job, name, body) for name in _MEASURED}
    return StatusRecord(
        video_id=job_id,
        status=status_of(poll.state),
        download_url=poll.output,
        error=poll.reason,
        error_code=poll.code,
        error_details=poll.details,
        word=poll.value,
        **told,
    )


_MEASURED = ("progress", "duration", "file_size", "created_at", "estimated_time")


def _told(job: Job, name: str, body: Json) -> Scalar:
    """Where the contract says, else a field of that very name."""
    for path in (*job.record.get(name, ()), name, f"data.{name}"):
        for found in dig(body, path):
            if isinstance(found, int | float) and not isinstance(found, bool):
                return found if abs(found) <= _NUMBER_MAX else None  # nor is NaN
            if isinstance(found, str) and found:
                return found[:REASON_LENGTH_MAX]
    return None


def _refused(contract: Contract, job: Job, answer: Response, named: str) -> StatusRecord:
    """An error answer that tells nothing of the job."""
    reading = contract.read(answer, job.read)
    readable = reading.body is not None
    return StatusRecord(
        video_id=named,
        status=Status.API_ERROR if readable or answer.status >= _FAILS else Status.UNKNOWN_ERROR,
        error=_short(reading.message) or f"HTTP {answer.status} {answer.reason}".strip(),
        error_code=reading.code or str(answer.status),
        error_details=_short(first(reading.body, job.details)) if readable else None,
    )


_NUMBER_MAX = 1e15
_FAILS = 400
"""HTTP's own border of failure."""


def _short(value: Json) -> str | None:
    return str(value)[:REASON_LENGTH_MAX] if value not in (None, "") else None


def shown(record: StatusRecord) -> Mapping[str, Json]:
    """Only what is known."""
    return {name: value for name, value in record.fields().items() if value is not None}
