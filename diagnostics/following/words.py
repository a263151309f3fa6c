"""What does the state of a job mean, whatever it is called?

A contract lists a provider's own words. Every provider has another word for "done", and back ends
in between add words of their own (seed 003: `not_found`, `api_error`); those are known here.
"""

from collections.abc import Mapping
from enum import StrEnum

from diagnostics.promise import Job, State, StateKind


class Status(StrEnum):
    """What any provider's state amounts to."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    NOT_FOUND = "not_found"
    TIMEOUT = "timeout"
    CONNECTION_ERROR = "connection_error"
    API_ERROR = "api_error"
    UNKNOWN_ERROR = "unknown_error"
    CANCELED = "canceled"
    WAITING_FOR_INPUT = "waiting_for_input"
    UNKNOWN = "unknown"


GOES_ON = frozenset({Status.PENDING, Status.PROCESSING, Status.UNKNOWN})
"""Worth another look; everything else ends."""

_WORDS: Mapping[Status, str] = {
    Status.PENDING: "pending queued starting submitted created accepted scheduled throttled "
    "waiting not_started in_queue enqueued preparing",
    Status.PROCESSING: "processing running in_progress generating rendering working started "
    "executing thinking reviewing uploading",
    Status.COMPLETED: "completed complete done success succeeded successful finished ready",
    Status.FAILED: "failed failure fail error errored rejected aborted expired incomplete crashed",
    Status.NOT_FOUND: "not_found notfound missing",
    Status.TIMEOUT: "timeout timed_out timedout",
    Status.CONNECTION_ERROR: "connection_error network_error",
    Status.API_ERROR: "api_error server_error internal_error",
    Status.UNKNOWN_ERROR: "unknown_error",
    Status.CANCELED: "canceled cancelled stopped",
    Status.WAITING_FOR_INPUT: "waiting_for_input requires_action needs_input pending_consent",
}
_BY_WORD = {word: status for status, words in _WORDS.items() for word in words.split()}

_KINDS = {
    Status.PENDING: StateKind.PENDING,
    Status.PROCESSING: StateKind.RUNNING,
    Status.COMPLETED: StateKind.DONE,
    Status.CANCELED: StateKind.CLOSED,
    Status.WAITING_FOR_INPUT: StateKind.WAITING,
}
_STATUSES = {
    StateKind.PENDING: Status.PENDING,
    StateKind.RUNNING: Status.PROCESSING,
    StateKind.DONE: Status.COMPLETED,
    StateKind.READY: Status.COMPLETED,
    StateKind.FAILED: Status.FAILED,
    StateKind.CLOSED: Status.CANCELED,
    StateKind.WAITING: Status.WAITING_FOR_INPUT,
}
_FAILURES = frozenset(
    {
        Status.NOT_FOUND,
        Status.TIMEOUT,
        Status.CONNECTION_ERROR,
        Status.API_ERROR,
        Status.UNKNOWN_ERROR,
    }
)


def read_as(job: Job, value: str | None) -> State | None:
    """The state of that name: the provider's own, else what other APIs mean by the word."""
    if value is None:
        return None
    listed = job.states.get(value)
    if listed is not None:
        return listed
    status = _status(value)
    if status is None:
        return None
    return State(value=value, name=value, kind=_KINDS.get(status, StateKind.FAILED))


def word(state: State) -> str:
    """What to call a state: the provider's own word; what its pages say where that is a number."""
    return state.name if state.value.isdigit() else state.value


def failure(value: str, name: str = "") -> State:
    """A failed state that no contract lists."""
    return State(value=value, name=name or value.replace("_", " "), kind=StateKind.FAILED)


def ends(value: object) -> bool:
    """A word by which some back end says that the job failed (seed 003 lists six)."""
    status = _status(value) if isinstance(value, str) else None
    return status is Status.FAILED or status in _FAILURES


def status_of(state: State | None) -> Status:
    """What a state amounts to; a failure with a word of its own keeps it."""
    if state is None:
        return Status.UNKNOWN
    word = _status(state.value)
    if state.kind is StateKind.FAILED and word in _FAILURES:
        return word or Status.FAILED
    return _STATUSES[state.kind]


def _status(value: str) -> Status | None:
    return _BY_WORD.get(value[:40].strip().lower().replace("-", "_").replace(" ", "_"))
