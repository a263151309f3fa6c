"""What belongs together in a stranger's capture? Creates with their polls, attempts, files.

A job is known by its id. The same call after one that failed is another attempt. What an answer
names as its result, or a call as its input, is a file wherever it was fetched from.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from diagnostics.contract import Contract, decode, dig
from diagnostics.inspection.link import inputs
from diagnostics.jobs import OUTPUT, asked_id, identity
from diagnostics.model import (
    Exchange,
    Fault,
    Purpose,
    Request,
    Response,
    Unsent,
    UnsentReason,
)
from diagnostics.promise import Job, Operation
from diagnostics.triaging.files import with_facts

_NO_BODY = "HTTP {status}, and the capture holds no body of it"
_Key = tuple[str, str, bytes]


@dataclass(slots=True, kw_only=True)
class _File:
    """An address that an answer or a call names."""

    label: str
    conversation: int


@dataclass(slots=True, kw_only=True)
class Threads:
    """The exchanges of one provider, in order, as its judges want them."""

    contract: Contract
    _last: dict[_Key, Exchange] = field(default_factory=dict)
    _jobs: dict[str, int] = field(default_factory=dict)
    _conversations: int = 0
    _files: dict[str, _File] = field(default_factory=dict)
    _readers: dict[str, Operation] = field(init=False)
    _read_jobs: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._readers = {}
        for operation in self.contract.operations.values():
            if operation.job is not None:
                self._readers.setdefault(operation.job.read, operation)

    # --- calls --------------------------------------------------------------------------------

    def call(self, exchange: Exchange, operation: str | None, job: str) -> Exchange:
        """A call of the provider with everything that follows from which one it is."""
        known = self.contract.operations.get(operation or "")
        asked = self._asked(exchange.request, known)
        one = replace(exchange, request=replace(asked, label=job), answer=_known(exchange.answer))
        key = (asked.method, asked.url, asked.body)
        one = self._placed(one, known, self._last.get(key))
        self._last[key] = one
        self._remember(one, known)
        return one

    def _asked(self, request: Request, known: Operation | None) -> Request:
        if known is None:
            return request
        return replace(
            request,
            operation=known.id,
            authenticated=known.authenticated,
            spends=known.spends,
            credits=known.price.of(decode(request.body)),
        )

    def _placed(self, one: Exchange, known: Operation | None, before: Exchange | None) -> Exchange:
        """In its conversation, and as which attempt."""
        if known is not None and known.id in self._readers:
            name = one.request.label or asked_id(self._readers[known.id], one)
            return replace(one, conversation=self._of_job(name))
        if before is not None and one.request.method and self._failed(before):
            return replace(one, conversation=before.conversation, attempt=before.attempt + 1)
        if known is None or known.job is None:
            return one
        self._conversations += 1
        return replace(one, conversation=self._conversations)

    def _of_job(self, name: str) -> int:
        if name not in self._jobs:
            self._conversations += 1
            self._jobs[name] = self._conversations
        return self._jobs[name]

    def _failed(self, before: Exchange) -> bool:
        if before.response is None:
            return True
        return not self.contract.read(before.response, before.request.operation).ok

    # --- what they name -----------------------------------------------------------------------

    def _remember(self, one: Exchange, known: Operation | None) -> None:
        if known is None:
            return
        name = identity(self.contract, known, one)
        if name:
            self._jobs.setdefault(name, one.conversation)
        for item in inputs(known, decode(one.request.body)):
            self._name(item.url, item.parameter, one)
        job = known.job or (self._readers[known.id].job if known.id in self._readers else None)
        for url in _results(job, one):
            self._name(url, OUTPUT, one)

    def _name(self, url: str, label: str, one: Exchange) -> None:
        if url.startswith(("http://", "https://")):
            found = _File(label=label, conversation=one.conversation)
            self._files.setdefault(url.partition("#")[0], found)

    # --- files --------------------------------------------------------------------------------

    def file(self, exchange: Exchange) -> Exchange | None:
        """The fetch of an input or a result, with the facts of its bytes; None: of neither."""
        found = self._files.get(exchange.request.url)
        if found is None or exchange.request.method != "GET":
            return None
        self._follow(exchange, found)
        made = with_facts(exchange)
        if made is None:
            return None
        request = replace(
            made.request, purpose=Purpose.MEDIA, authenticated=False, label=found.label
        )
        return replace(made, request=request, conversation=found.conversation)

    def _follow(self, exchange: Exchange, found: _File) -> None:
        location = exchange.response.header("location") if exchange.response else None
        if not location:
            return
        try:
            self._files.setdefault(urljoin(exchange.request.url, location), found)
        except ValueError:
            return


def _known(answer: "Response | Fault | Unsent") -> "Response | Fault | Unsent":
    """A success whose body was not kept says nothing of what the provider said."""
    blind = isinstance(answer, Response) and answer.truncated and not answer.body
    if not blind or not isinstance(answer, Response) or answer.status >= 300:  # noqa: PLR2004  # HTTP
        return answer
    message = _NO_BODY.format(status=answer.status)
    return Unsent(reason=UnsentReason.NOT_RECORDED, message=message)


def _results(job: Job | None, one: Exchange) -> Iterator[str]:
    """Every address at which a job's answer says its result stands."""
    body = decode(one.response.body) if job is not None and one.response is not None else None
    for path in job.output if job is not None else ():
        yield from (value for value in _flat(dig(body, path)) if isinstance(value, str))


def _flat(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def blind_reads(contract: Contract, exchanges: Sequence[Exchange]) -> set[int]:
    """Positions of reads without a body, of jobs of which another read tells more."""
    readers = {op.job.read for op in contract.operations.values() if op.job}
    reads = [e for e in exchanges if e.request.operation in readers]
    seen = {e.conversation for e in reads if e.response is not None}
    return {e.position for e in reads if isinstance(e.answer, Unsent) and e.conversation in seen}
