"""What do tests of jobs share? Each provider's own status answers, built from its contract."""

import json
from collections.abc import Iterator

from diagnostics.contract import Contract, dig
from diagnostics.contract_load import load, providers
from diagnostics.jobs import read_request
from diagnostics.model import Answer, Exchange, Json, Response
from diagnostics.promise import Job, Operation, StateKind

OVER = (StateKind.FAILED, StateKind.CLOSED, StateKind.WAITING, StateKind.READY)


def families() -> Iterator[tuple[Contract, Operation, Job]]:
    """One create of every kind of job of every provider."""
    for contract in map(load, providers()):
        seen = set()
        for operation in contract.operations.values():
            if operation.job is not None and operation.job.read not in seen:
                seen.add(operation.job.read)
                yield contract, operation, operation.job


def heygen() -> tuple[Contract, Operation, Job]:
    """The provider of seed 003, by its old calls."""
    contract = load("heygen")
    operation = contract.operations["generateVideoV2"]
    assert operation.job is not None
    return contract, operation, operation.job


def laid(path: str, value: Json, into: Json = None) -> Json:
    """A body that holds a value at a dotted path."""
    name, _, rest = path.partition(".")
    body = into if isinstance(into, dict) else {}
    key = name.removesuffix("[]")
    if key != name:
        inner = body.get(key)
        held: Json = inner[0] if isinstance(inner, list) and inner else None
        return {**body, key: [laid(rest, value, held) if rest else value]}
    return {**body, key: laid(rest, value, body.get(key)) if rest else value}


def told(contract: Contract, job: Job, value: str, **more: Json) -> Response:
    """A status answer of a job in that state, as the read call's envelope writes a success."""
    envelope = contract.envelopes[contract.operations[job.read].envelope]
    known = contract.operations[job.read].answer
    typed: Json = int(value) if value.isdigit() else value
    body = laid(job.status[0], typed, known if isinstance(known, dict) else None)
    for path in (*job.output, *job.reason, *job.code):
        body = laid(path, None, body) if dig(body, path) else body
    if envelope.success:
        body = laid(envelope.codes[0], envelope.success[0], body)
    for path, given in more.items():
        body = laid(path, given, body)
    return Response(status=200, body=json.dumps(body).encode())


def read(contract: Contract, job: Job, answer: Answer, n: int = 0, at_s: float = 0.0) -> Exchange:
    """A status read of job `j1`."""
    request = read_request(contract, job, "j1", wait_s=5.0)
    return Exchange(
        request=request, answer=answer, started_s=at_s, duration_s=0.1, position=n, scenario="job"
    )


def reply(body: Json, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status=status, body=json.dumps(body).encode(), headers=named)
