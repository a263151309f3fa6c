"""How does well-behaved Python code call these providers? Short calls for your own program.

They work with any HTTP client, for they send nothing themselves: they read what came back by the
provider's contract, as the judges of `diagnostics run` do.

    advice = advise("akool", "createTalkingPhoto", response, attempt=1)
    if advice.retry_in_s is not None: ...   # send it again after that many seconds
    raise RuntimeError(advice.says)         # what is wrong; `blame`, `code` and `remedy` tell more

`TokenCache` keeps a token for its life, `Starts` spaces creates, `wait_for` follows a job to its
end, and `diagnostics.webhooks` verifies callbacks.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from diagnostics import answers, contract_load
from diagnostics.contract import Contract
from diagnostics.drive.policy import Policy, ambiguous
from diagnostics.errors import UsageError
from diagnostics.finding import Finding
from diagnostics.following.record import StatusRecord, record
from diagnostics.jobs import follow
from diagnostics.model import (
    Answer,
    Blame,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    PollPolicy,
    Purpose,
    Request,
    Response,
    RetryPolicy,
)
from diagnostics.spacing import Starts
from diagnostics.tokens import TokenCache

__all__ = ["Advice", "Starts", "StatusRecord", "TokenCache", "advise", "wait_for"]


MOST_S = 1800.0
"""Half an hour: longer than any of these providers lets a job run (Replicate's limit)."""


class Answered(Protocol):
    """What `httpx.Response` and `requests.Response` have in common."""

    @property
    def status_code(self) -> int:
        """Of HTTP."""
        ...

    @property
    def content(self) -> bytes:
        """The whole body."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields by name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What an answer means for the code that got it.

    `ok`: a success in the provider's own terms. `retry_in_s`: send the same call again after that
    many seconds; None: do not. `ambiguous`: a paid call may have been carried out although no
    answer says so: look it up, never repeat it.
    """

    ok: bool
    retry_in_s: float | None
    ambiguous: bool
    blame: Blame
    code: str | None
    says: str
    remedy: str


def advise(  # noqa: PLR0913  # an answer, what was asked, and how patient the caller is
    provider: str,
    operation: str,
    answer: Answered | BaseException,
    *,
    attempt: int = 1,
    retry: RetryPolicy | None = None,
    language: str = "en",
) -> Advice:
    """What to do about the answer to a call, or about the exception that came instead of one.

    `operation` is an operationId or `"POST /path"`. `attempt` counts from 1. A `UsageError` names
    a provider or operation that nobody knows.
    """
    contract = contract_load.load(provider)
    exchange = exchange_of(contract, operation, answer, attempt)
    policy = Policy(contract=contract, retry=retry or RetryPolicy(), random=random.Random())
    found = answers.findings(contract, exchange)
    worst = found[0] if found else None
    return Advice(
        ok=answers.succeeded(contract, exchange),
        retry_in_s=policy.delay_s(exchange, time.time()),
        ambiguous=ambiguous(contract, exchange),
        blame=worst.blame if worst else Blame.NONE,
        code=worst.code if worst else None,
        says=worst.message(language) if worst else "",
        remedy=_remedy(contract, worst, language),
    )


def _remedy(contract: Contract, found: Finding | None, language: str) -> str:
    if found is None:
        return ""
    known = contract.errors.get(found.code or "")
    return known.remedy.in_language(language) if known else found.remedy(language)


Send = Callable[[str, str, bytes], Answered]
"""Sends method, URL and body with your own credentials, as `client.request` does."""


def wait_for(  # noqa: PLR0913  # a job, how to ask for it, and how patient the caller is
    provider: str,
    operation: str,
    job_id: str,
    send: Send,
    *,
    interval_s: float | None = None,
    most_s: float = MOST_S,
    sleep: Callable[[float], None] = time.sleep,
) -> StatusRecord:
    """Follow the job that a create started, until it is over or `most_s` have passed.

    Always comes back: with `status` "completed" and a `download_url`, with the word of its failure
    and `error`, `error_code`, `error_details`, or with the last state that was seen when the time
    is up (the job runs on: ask again later, do not start it anew). Polls as often as the provider
    advises; an answer that says the end is never followed by another poll. A poll that fails (no
    connection, 429, 502) is made again a few times, for it costs nothing; then the word is
    "connection_error", "timeout" or "api_error", and the job may well run on.
    """
    contract = contract_load.load(provider)
    create = contract.operation(operation)
    job = create.job
    if job is None:
        raise UsageError(
            f"{create.id} starts no job", hint="name the create that answered with the id"
        )
    every_s = interval_s or job.advised_interval_s or PollPolicy().interval_s
    polls = PollPolicy(interval_s=every_s, max_polls=max(1, int(most_s / every_s)))
    asking = follow(contract, create, job_id, polls)
    exchange: Exchange | None = None
    try:
        request = next(asking)
        while True:
            sleep(request.wait_s)
            exchange = _attempts(contract, request, send, sleep)
            request = asking.send(exchange)
    except StopIteration:
        pass
    assert exchange is not None  # noqa: S101  # `follow` asks at least once
    return record(contract, job, exchange, job_id)


def _attempts(
    contract: Contract, request: Request, send: Send, sleep: Callable[[float], None]
) -> Exchange:
    policy = Policy(contract=contract, retry=RetryPolicy(), random=random.Random())
    for attempt in count(1):
        exchange = replace(_sent(request, send), attempt=attempt)
        delay_s = policy.delay_s(exchange, time.time())
        if delay_s is None:
            break
        sleep(delay_s)
    return exchange


def _sent(request: Request, send: Send) -> Exchange:
    try:
        answer: Answered | Exception = send(request.method, request.url, request.body)
    except Exception as error:  # noqa: BLE001  # whatever HTTP client it is, its exceptions are its own
        answer = error
    told = _fault(answer) if isinstance(answer, Exception) else _response(answer)
    return Exchange(request=request, answer=told, started_s=time.time())


def exchange_of(
    contract: Contract, operation: str, answer: Answered | BaseException, attempt: int = 1
) -> Exchange:
    """An exchange as our judges read it, made of somebody else's answer."""
    op = contract.operation(operation)
    request = Request(
        method=op.method, url=op.url, operation=op.id, purpose=Purpose.CALL, spends=op.spends
    )
    told = _fault(answer) if isinstance(answer, BaseException) else _response(answer)
    return Exchange(request=request, answer=told, started_s=time.time(), attempt=attempt)


def _response(answer: Answered) -> Answer:
    try:
        headers: Headers = tuple((str(n), str(v)) for n, v in answer.headers.items())
        return Response(status=answer.status_code, headers=headers, body=bytes(answer.content))
    except (AttributeError, TypeError) as error:
        raise UsageError(
            f"not an HTTP answer: {type(answer).__name__}",
            hint="give a response with status_code, headers and content (httpx, requests)",
        ) from error


_BEFORE = (
    "ConnectError", "ConnectTimeout", "ConnectionRefusedError", "NewConnectionError",
    "NameResolutionError", "ClientConnectorError", "PoolTimeout", "gaierror",
)  # fmt: skip
"""Exceptions of httpx, requests, aiohttp and the standard library that say: nothing was sent."""
_ILLEGAL = (
    "LocalProtocolError",
    "InvalidHeader",
    "InvalidURL",
    "UnicodeEncodeError",
    "MissingSchema",
)


def _fault(error: BaseException) -> Fault:
    """By the names of the exception's classes, so that no HTTP client has to be imported."""
    names = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    if names & set(_ILLEGAL):
        return Fault(kind=FaultKind.BAD_REQUEST, message="illegal header or address")
    if names & set(_BEFORE):
        late = any("Timeout" in name for name in names)
        kind = FaultKind.CONNECT_TIMEOUT if late else FaultKind.CONNECT
        return Fault(kind=kind, message="no connection")
    if any("Timeout" in name for name in names):
        return Fault(
            kind=FaultKind.READ_TIMEOUT, message="no answer in time", may_have_arrived=True
        )
    return Fault(kind=FaultKind.RESET, message=type(error).__name__, may_have_arrived=True)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
