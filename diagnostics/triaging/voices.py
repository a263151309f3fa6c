"""Whose answer is that, when nobody says where it came from? Told by its envelope and its words.

A support ticket often quotes nothing but `{"code": 1015, "msg": …}`. Where two providers could
have said it equally well, nobody is named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diagnostics.contract import Contract, dig, first
from diagnostics.model import Json, Response
from diagnostics.promise import Envelope, Operation, Reading

_CODE, _WORDS, _FIELD, _JOB = 4.0, 3.0, 1.0, 3.0
"""What speaks for a provider: a code of its list, the very words, its own fields, a job's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One provider that may have said it."""

    provider: str
    score: float
    operation: str | None = None
    """The read of a job's state, where the answer tells one."""
    job: str = ""


def voices(contracts: Iterable[Contract], response: Response) -> list[Voice]:
    """Who may have said it, the likeliest first. Nobody that we know: none."""
    found = [_voice(contract, response) for contract in contracts]
    return sorted((one for one in found if one.score > 0), key=lambda one: -one.score)


def one_voice(contracts: Iterable[Contract], response: Response) -> Voice | None:
    """The one that said it; None where nobody or more than one could have."""
    found = voices(contracts, response)
    alone = len(found) == 1 or (len(found) > 1 and found[0].score > found[1].score)
    return found[0] if alone else None


def _voice(contract: Contract, response: Response) -> Voice:
    reading = contract.read(response, None)
    if reading.code is None and not reading.ok:
        return Voice(provider=contract.name, score=0.0)
    if not reading.ok:
        return Voice(provider=contract.name, score=_refusal(contract, response, reading))
    coded = _likeness(contract, reading.body) if reading.code is not None else 0.0
    told = max(_states(contract, reading), key=lambda one: one.score, default=None)
    return told or Voice(provider=contract.name, score=coded)


def _refusal(contract: Contract, response: Response, reading: Reading) -> float:
    known = contract.errors.get(reading.code or "")
    score = _likeness(contract, reading.body)
    if known is None:
        return score if score and reading.message else 0.0
    named = reading.code != str(response.status) or response.status == known.http
    said = reading.message.strip(" .").casefold()
    words = any(said and said in meaning.text.casefold() for meaning in known.meanings)
    return score + _CODE * named + _WORDS * words


def _likeness(contract: Contract, body: Json) -> float:
    """How much it looks like what that provider's answers look like."""
    return max(
        _fits(one, body) + _FIELD * _shared(_shape(one), _paths(body))
        for one in contract.envelopes.values()
    )


def _fits(envelope: Envelope, body: Json) -> float:
    """How much of that envelope is there: its code, its message in the usual place."""
    named = any(dig(body, path) for path in envelope.codes[:1])
    said = any(dig(body, path) for path in envelope.messages[:1])
    return _FIELD * named + _FIELD * said


def _shape(envelope: Envelope) -> set[str]:
    """The fields of its failures: of an example, else those that it names itself."""
    named = (*envelope.codes[:1], *envelope.messages[:1], envelope.data)
    return _paths(envelope.example) or {path for path in named if path}


def _paths(value: Json) -> set[str]:
    """The fields of a body and of the objects in it, by dotted path."""
    if not isinstance(value, dict):
        return set()
    names = [str(name) for name in list(value)[:_FIELDS_MOST]]
    deeper = (
        f"{name}.{below}"
        for name in names
        if isinstance(value.get(name), dict)
        for below in list(value[name])[:_FIELDS_MOST]
    )
    return {*names, *deeper}


_FIELDS_MOST = 50


def _shared(usual: set[str], seen: set[str]) -> float:
    return len(usual & seen) / max(1, len(usual | seen))


def _states(contract: Contract, reading: Reading) -> Iterator[Voice]:
    """The jobs of whose state this could be an answer."""
    tried: set[tuple[object, ...]] = set()
    for operation in contract.operations.values():
        job = operation.job
        alike = (job.read, job.id, job.status, job.output, *job.states) if job is not None else ()
        if alike in tried:
            continue
        tried.add(alike)
        found = _state(contract, operation, reading)
        if found is not None:
            yield found


def _state(contract: Contract, operation: Operation, reading: Reading) -> Voice | None:
    job = operation.job
    if job is None or not job.read:
        return None
    state, name = first(reading.body, job.status), first(reading.body, job.id)
    if isinstance(state, dict | list) or state is None or str(state) not in job.states:
        return None
    coded = _FIELD if reading.code is not None else 0.0
    score = coded + (_JOB if name is not None else _JOB / 2) + _keyed(job.output, reading.body)
    known = name if isinstance(name, str | int) else ""
    return Voice(provider=contract.name, score=score, operation=job.read, job=str(known))


def _keyed(paths: Iterable[str], body: Json) -> float:
    return _FIELD if any(dig(body, path) for path in paths) else 0.0
