"""How is a job followed, and what does its story on a tape say?

`follow` is the asking half that every scenario with a job shares; `stories` reads the creates and
the polls of a tape back into one story a job, in whatever order they stand there.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from diagnostics.contract import Contract, decode, first
from diagnostics.following.answer import Poll, at_once, poll_of
from diagnostics.following.freshness import Newest
from diagnostics.model import Exchange, Json, PollPolicy, Purpose, Request
from diagnostics.promise import Job, Operation

__all__ = [
    "Poll",
    "Story",
    "asked_id",
    "at_once",
    "cancel_request",
    "follow",
    "identity",
    "output_request",
    "poll_of",
    "read_request",
    "stories",
]

READ_AGAIN_S = 45.0
"""How long success without an output is read again: delivery lags behind the state (symptom 19
tells of 30 s)."""
READ_AGAIN_MOST = 12
UNKNOWN_MOST = 24
"""So many answers in a row with a state that nobody knows, and nothing more is expected of them
(our estimate: some APIs hold a job back for minutes under a word that their pages lack)."""

OUTPUT = "output"
"""The label of a request for a job's result file."""

HEAD_BYTES = 256 * 1024


@dataclass(slots=True, kw_only=True)
class Story:
    """One job: its create attempts, its polls, its result file."""

    operation: Operation
    job: Job
    creates: list[Exchange] = field(default_factory=list)
    id: str | None = None
    polls: list[Poll] = field(default_factory=list)
    failed_reads: list[Exchange] = field(default_factory=list)
    outputs: list[Exchange] = field(default_factory=list)
    newest: Newest = field(default_factory=Newest)

    @property
    def last(self) -> Poll | None:
        """The latest status answer that is news; where none is, the latest."""
        told = (poll for poll in reversed(self.polls) if poll.news)
        return next(told, self.polls[-1] if self.polls else None)


def identity(contract: Contract, operation: Operation, exchange: Exchange) -> str | None:
    """The job id that a create answered with."""
    response = exchange.response
    if response is None or operation.job is None:
        return None
    reading = contract.read(response, operation.id)
    found = first(reading.body, operation.job.id) if reading.ok else None
    return found if isinstance(found, str) else str(found) if isinstance(found, int) else None


def read_request(contract: Contract, job: Job, job_id: str, *, wait_s: float) -> Request:
    """The request that asks for a job's state."""
    return _about(contract, job, job.read, job_id, wait_s)


def cancel_request(contract: Contract, job: Job, job_id: str) -> Request:
    """The request that stops a job, where there is one (`job.cancel`)."""
    return _about(contract, job, job.cancel, job_id, 0.0)


def _about(contract: Contract, job: Job, operation: str, job_id: str, wait_s: float) -> Request:
    place: dict[str, Json] = {job.read_name: job_id}
    wanted: dict[str, Any] = {"body": place if job.read_in == "body" else None}
    wanted["query"] = place if job.read_in == "query" else None
    wanted["path"] = place if job.read_in == "path" else None
    return contract.request(operation, wait_s=wait_s, label=job_id, **wanted)


def follow(
    contract: Contract, operation: Operation, job_id: str, policy: PollPolicy
) -> Generator[Request, Exchange, str | None]:
    """Poll until a final state, an error or the last allowed poll; gives the output's URL."""
    job = operation.job
    if job is None:
        return None
    again = min(READ_AGAIN_MOST, 1 + int(READ_AGAIN_S / max(policy.interval_s, 0.1)))
    unknown, newest = UNKNOWN_MOST, Newest()
    request = read_request(contract, job, job_id, wait_s=policy.interval_s)
    for _ in range(policy.max_polls):
        exchange = yield request
        poll = poll_of(contract, job, exchange, newest)
        if poll is None:
            return None
        unknown = UNKNOWN_MOST if poll.state else unknown - 1
        if not unknown:
            return None
        if not poll.final or not poll.news:
            continue
        if poll.settled or not again:
            return poll.output if poll.done else None
        again -= 1
    return None


def output_request(url: str) -> Request:
    """Fetch the head of a result file: without credentials, a quarter of a megabyte at most."""
    return Request(
        method="GET",
        url=url,
        headers=(("Range", f"bytes=0-{HEAD_BYTES - 1}"),),
        purpose=Purpose.MEDIA,
        authenticated=False,
        label=OUTPUT,
    )


def stories(contract: Contract, exchanges: Iterable[Exchange]) -> list[Story]:
    """Every job of a tape. Polls of a job whose create is not on it form a story of their own."""
    book = _Book(contract)
    for exchange in exchanges:
        book.note(exchange)
    return book.finished()


class _Book:
    """Sorts exchanges into stories in one pass."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._creating: dict[tuple[str, int], Story] = {}
        self._by_id: dict[str, Story] = {}
        self._by_output: dict[str, Story] = {}
        self._all: list[Story] = []
        self._readers = self._reading()

    def _reading(self) -> dict[str, Operation]:
        readers: dict[str, Operation] = {}
        for operation in self._contract.operations.values():
            if operation.job is not None:
                readers.setdefault(operation.job.read, operation)
        return readers

    def note(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.purpose is Purpose.MEDIA:
            if request.label == OUTPUT and self._all:
                self._by_output.get(request.url, self._all[-1]).outputs.append(exchange)
            return
        operation = self._meant(request)
        if operation is None or request.purpose is not Purpose.CALL:
            return
        if request.provider in self._contract.partners:  # its jobs, if any, are not ours to tell
            return
        if operation.job is not None:
            self._create(operation, operation.job, exchange)
        elif operation.id in self._readers:
            self._read(operation.id, exchange)

    def _meant(self, request: Request) -> Operation | None:
        """The operation; by its address where the tape is somebody else's and names none."""
        if request.operation is not None:
            return self._contract.operations.get(request.operation)
        return self._contract.match(request.method, request.url)

    def _create(self, operation: Operation, job: Job, exchange: Exchange) -> None:
        key = (exchange.scenario, exchange.conversation)
        story = self._creating.get(key)
        if exchange.attempt == 1 or story is None or story.operation.id != operation.id:
            story = Story(operation=operation, job=job)
            self._creating[key] = story
            self._all.append(story)
        story.creates.append(exchange)
        story.id = identity(self._contract, operation, exchange)
        if story.id:
            self._by_id[story.id] = story
        over = at_once(self._contract, operation, exchange)
        if over is not None:
            self._said(story, over)

    def _read(self, reader: str, exchange: Exchange) -> None:
        job_id = exchange.request.label or asked_id(self._readers[reader], exchange)
        story = self._by_id.get(job_id) or self._orphan(reader, job_id)
        poll = poll_of(self._contract, story.job, exchange, story.newest)
        if poll is None:
            story.failed_reads.append(exchange)
        else:
            self._said(story, poll)

    def _said(self, story: Story, poll: Poll) -> None:
        story.polls.append(poll)
        if poll.output:
            self._by_output[poll.output] = story

    def _orphan(self, reader: str, job_id: str) -> Story:
        operation = self._readers[reader]
        assert operation.job is not None  # noqa: S101  # readers are made of jobs
        story = Story(operation=operation, job=operation.job, id=job_id)
        self._by_id[job_id] = story
        self._all.append(story)
        return story

    def finished(self) -> list[Story]:
        return self._all


def asked_id(operation: Operation, exchange: Exchange) -> str:
    """Which job a status read asks about, `operation` being its create."""
    job, request = operation.job, exchange.request
    assert job is not None  # noqa: S101  # readers are made of jobs
    if job.read_in == "body":
        body = decode(request.body)
        found = body.get(job.read_name) if isinstance(body, dict) else None
        return str(found)
    _, _, query = request.url.partition("?")
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == job.read_name:
            return value
    return request.url.partition("?")[0].rsplit("/", 1)[-1]
