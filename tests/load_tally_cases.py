"""What do tests of the tally share? Answers at given times, as the engine tells of them."""

import json
from dataclasses import dataclass

from diagnostics.contract import Contract
from diagnostics.jobs import output_request, read_request
from diagnostics.loading.tally import Tally
from diagnostics.model import (
    Answer,
    Exchange,
    Fault,
    FaultKind,
    Request,
    Response,
    Unsent,
    UnsentReason,
)
from diagnostics.promise import Job, Operation
from tests.drive_cases import akool
from tests.job_cases import laid

FINE = Response(status=200, body=json.dumps({"code": 1000, "data": {"credit": 100}}).encode())
BUSY = Response(status=200, body=json.dumps({"code": 1015, "msg": "create video error"}).encode())
BROKEN = Response(status=503, body=b"upstream")
RESET = Fault(kind=FaultKind.RESET, message="reset", may_have_arrived=True)
REFUSED = Fault(kind=FaultKind.REFUSED, message="refused")
AKOOL = akool()
KEPT = Unsent(reason=UnsentReason.OVER_BUDGET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer: of what, when it was due, how long it took, how late it was sent."""

    answer: Answer = FINE
    due_s: float = 0.0
    took_s: float = 0.25
    late_s: float = 0.0
    name: str = "getCredit"
    request: Request | None = None
    conversation: int = 0
    attempt: int = 1


def read(contract: Contract | None = None) -> Request:
    return next((contract or AKOOL).probing())


def tell(tally: Tally, told: Told, contract: Contract | None = None) -> None:
    """As the engine does."""
    known = contract or AKOOL
    request = told.request or read(known)
    exchange = Exchange(
        request=request,
        answer=told.answer,
        started_s=told.due_s,
        duration_s=told.took_s,
        attempt=told.attempt,
        conversation=told.conversation,
    )
    response = exchange.response
    said = known.read(response, request.operation) if response is not None else None
    tally.answered(
        exchange,
        due_s=told.due_s,
        sent_s=told.due_s + told.late_s,
        name=request.operation or told.name if told.request else told.name,
        code=said.code if said else None,
        ok=bool(said and said.ok),
    )


def tallied(*all_told: Told) -> Tally:
    """A tally that heard all that."""
    made = Tally(AKOOL)
    for told in all_told:
        tell(made, told)
    return made


class Provider:
    """One kind of job, its exchanges told to a tally one after the other; time is given."""

    def __init__(
        self, contract: Contract, operation: Operation, tally: Tally | None = None
    ) -> None:
        assert operation.job is not None
        self.contract, self.operation = contract, operation
        self.tally = tally or Tally(contract)
        self.job: Job = operation.job

    def says(self, state: str, job_id: str = "j1", **more: object) -> Response:
        """An answer of the provider's own: a success, the state, the id."""
        envelope = self.contract.envelopes[self.operation.envelope]
        typed = int(state) if state.isdigit() else state
        body = laid(self.job.id[0], job_id)
        body = laid(self.job.status[0], typed, body)
        if envelope.success:
            body = laid(envelope.codes[0], envelope.success[0], body)
        for path, value in more.items():
            body = laid(path, value, body)
        if envelope.data and envelope.data not in body:
            body[envelope.data] = {}
        return Response(status=200, body=json.dumps(body).encode())

    def creates(  # noqa: PLR0913  # what a test may set
        self,
        answer: Answer,
        *,
        at_s: float,
        took_s: float = 0.5,
        conversation: int = 0,
        attempt: int = 1,
        body: object = "a wish",
    ) -> None:
        request = self.contract.request(self.operation.id, body={"prompt": body})
        self._tell(answer, request, at_s, took_s, conversation, attempt)

    def polls(
        self,
        answer: Answer,
        *,
        at_s: float,
        job_id: str = "j1",
        took_s: float = 0.5,
        conversation: int = 0,
    ) -> None:
        request = read_request(self.contract, self.job, job_id, wait_s=5.0)
        self._tell(answer, request, at_s, took_s, conversation)

    def fetches(
        self, answer: Answer, url: str, *, at_s: float, took_s: float = 0.5, conversation: int = 0
    ) -> None:
        self._tell(answer, output_request(url), at_s, took_s, conversation)

    def _tell(  # noqa: PLR0913, PLR0917  # as above
        self,
        answer: Answer,
        request: Request,
        at_s: float,
        took_s: float,
        conversation: int,
        attempt: int = 1,
    ) -> None:
        told = Told(
            answer=answer,
            due_s=at_s,
            took_s=took_s,
            request=request,
            conversation=conversation,
            attempt=attempt,
            name="GET results.test/*",
        )
        tell(self.tally, told, self.contract)
