"""What does one status answer say of a job: its state, its result, why it failed?"""

import re
from dataclasses import dataclass, replace

from diagnostics.contract import Contract, decode, first
from diagnostics.following.freshness import Newest
from diagnostics.following.words import ends, failure, read_as
from diagnostics.model import Blame, Exchange, Json
from diagnostics.promise import ErrorCode, Job, Operation, Reading, State, StateKind

REASON_LENGTH_MAX = 500
_TRUSTED = frozenset({404, *range(200, 300)})
"""HTTP statuses under which a back end's own word on the job counts: no gateway's, no limit's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one status answer said."""

    exchange: Exchange
    value: str | None
    state: State | None
    """None: a value that neither the contract lists nor any other API uses."""
    output: str | None = None
    reason: str | None = None
    code: str | None = None
    """Of the provider's own, where a failed job names one."""
    details: str | None = None
    listed: bool = True
    """The contract lists this value."""
    older_s: float = 0.0
    """By how much it is older than an answer that had come before it."""
    kept_by: str = ""
    """The header of a cache that had kept it."""
    fetched: bool = True
    """Such a job's result is a file somewhere."""
    removed: bool = False
    """The provider says that the life of the result is over (`data_removed`)."""

    @property
    def final(self) -> bool:
        """No later answer will say anything else, unless somebody acts."""
        return self.state is not None and self.state.final

    @property
    def done(self) -> bool:
        """The job went to its good end, whether or not its result is there yet."""
        return self.state is not None and self.state.kind is StateKind.DONE

    @property
    def settled(self) -> bool:
        """Over, with nothing left to wait for: success without its output is read again."""
        return self.final and (not self.done or self.delivered or self.removed)

    @property
    def delivered(self) -> bool:
        """The result is there, or such a job has none to fetch (a text stands in the answer)."""
        return bool(self.output) or not self.fetched

    @property
    def stale(self) -> bool:
        """Older than what is known already, or from a cache."""
        return self.older_s > 0 or bool(self.kept_by)

    @property
    def news(self) -> bool:
        """Worth believing: an end that a cache kept is still the end."""
        return not self.older_s and (not self.kept_by or self.final)


def poll_of(
    contract: Contract, job: Job, exchange: Exchange, newest: Newest | None = None
) -> Poll | None:
    """What a status answer says; None when it says nothing of the job at all."""
    response = exchange.response
    if response is None:
        return None
    reading = contract.read(response, job.read)
    say = _told if reading.ok else _refused
    told = say(contract, job, exchange, reading)
    if told is None or newest is None:
        return told
    older_s, kept_by = newest.heard(exchange)
    return replace(told, older_s=older_s, kept_by=kept_by) if older_s or kept_by else told


def at_once(contract: Contract, operation: Operation, made: Exchange) -> Poll | None:
    """The end of a job that the answer to its create tells already (`Prefer: wait`)."""
    job, response = operation.job, made.response
    if job is None or response is None:
        return None
    reading = contract.read(response, operation.id)
    if not reading.ok or first(reading.body, job.id) is None:
        return None
    told = _told(contract, job, made, reading)
    return told if told.settled and told.listed else None


def cause(contract: Contract, poll: Poll) -> ErrorCode | None:
    """The contract's word on why it failed: by the code, else by a code that the reason quotes."""
    known = contract.errors.get(poll.code or "")
    if known is None:
        text = f"{poll.code or ''} {poll.reason or ''} {poll.details or ''}"
        known = _quoted(contract, text)
    return None if known is None or known.blame is Blame.NONE else known


def _quoted(contract: Contract, text: str) -> ErrorCode | None:
    """The first code of the contract that free text quotes."""
    if not text.strip():
        return None
    told = (known for known in contract.errors.values() if known.pattern)
    return next((known for known in told if re.search(known.pattern, text)), None)


def _told(contract: Contract, job: Job, exchange: Exchange, reading: Reading) -> Poll:
    """What an answer says that the provider itself calls a success."""
    body = reading.body
    value = _word(first(body, job.status)) or _elsewhere(job, body)
    state, listed = read_as(job, value), value in job.states
    reason, code = _text(first(body, job.reason)), _code(contract, body, job.code)
    if state is None or not state.final:
        error = _error_object(body)
        if error is not None or (code is not None and code in contract.errors):
            state = failure(value or "failed")
            reason = reason or _spoken(error)
            code = code or _word(error.get("code") if error else None)
    if state is not None and state.kind is StateKind.FAILED:
        reason, code = reason or _plainly(body, "error"), code or _plainly(body, "error_code")
    output = first(body, job.output)
    return Poll(
        exchange=exchange,
        value=value,
        state=state,
        output=output if isinstance(output, str) else None,
        reason=reason,
        code=code,
        details=_text(first(body, job.details)) or _plainly(body, "error_details"),
        listed=listed,
        fetched=bool(job.output),
        removed=_removed(job, body),
    )


def _removed(job: Job, body: Json) -> bool:
    """It says all that this provider says once the result is deleted, empty fields apart."""
    told = {path: value for path, value in job.removed.items() if value}
    return bool(told) and all(first(body, (path,)) == value for path, value in told.items())


def _refused(contract: Contract, job: Job, exchange: Exchange, reading: Reading) -> Poll | None:
    """An error answer that amounts to a state: HeyGen's 404 with code 400569 is `not_found`."""
    known = contract.errors.get(reading.code or "")
    if known is not None and known.state:
        state = job.states.get(known.state) or failure(known.state)
        return Poll(
            exchange=exchange,
            value=known.state,
            state=state,
            reason=_text(reading.message),
            code=reading.code,
        )
    response = exchange.response
    if known is not None or response is None or response.status not in _TRUSTED:
        return None
    return _own_word(exchange, decode(response.body), job)


def _own_word(exchange: Exchange, body: Json, job: Job) -> Poll | None:
    """What a back end in between says in words of its own (seed 003): `"status": "not_found"`."""
    for held in _holders(body):
        value = held.get("status")
        if ends(value):
            return Poll(
                exchange=exchange,
                value=value,
                state=read_as(job, value),
                reason=_text(held.get("error")) or _text(held.get("message")),
                code=_word(held.get("error_code")),
                details=_text(held.get("error_details")),
                listed=value in job.states,
            )
    return None


def _holders(body: Json) -> list[dict[str, Json]]:
    """Where plain bodies hold their fields: at the top, or one level down."""
    data = body.get("data") if isinstance(body, dict) else None
    return [held for held in (body, data) if isinstance(held, dict)]


def _elsewhere(job: Job, body: Json) -> str | None:
    """A word for a state where the contract expects none."""
    for held in _holders(body):
        value = _word(held.get("status"))
        if value is not None and not value.isdigit() and read_as(job, value) is not None:
            return value
    return None


def _error_object(body: Json) -> dict[str, Json] | None:
    """`"error": {…}` inside an answer that calls itself a success (symptom 5)."""
    found = (held.get("error") for held in _holders(body))
    objects = (error for error in found if isinstance(error, dict))
    return next((error for error in objects if any(v not in _EMPTY for v in error.values())), None)


_EMPTY: tuple[Json, ...] = (None, "", [], {})
"""An error object of nothing but these is no error: some APIs always send one."""


def _plainly(body: Json, name: str) -> str | None:
    """A plain field of that name, as the back end of seed 003 passes it on."""
    return next(filter(None, (_word(held.get(name)) for held in _holders(body))), None)


def _spoken(error: dict[str, Json] | None) -> str | None:
    told = error or {}
    return next((_text(told[n]) for n in ("detail", "message") if told.get(n)), _text(error))


def _code(contract: Contract, body: Json, paths: tuple[str, ...]) -> str | None:
    """The first that is a code and not the code of success."""
    found = _word(first(body, paths))
    known = contract.errors.get(found or "")
    return None if found == "0" or (known and known.blame is Blame.NONE) else found


def _word(value: Json) -> str | None:
    if value is None or isinstance(value, dict | list | bool) or value == "":
        return None
    return str(value)[:REASON_LENGTH_MAX]


def _text(value: Json) -> str | None:
    return None if value is None or value == "" else str(value)[:REASON_LENGTH_MAX]
