"""Which call is that, of which conversation, and is it another attempt at the same?

Found out while the client works, request by request. A label of the caller's own (`flow`) makes
a conversation; else the id of a job does, from the create that gave it to the polls that name it.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from urllib.parse import unquote

from diagnostics.contract import Contract, decode
from diagnostics.jobs import identity
from diagnostics.model import Exchange, Fault, Request, Response
from diagnostics.promise import Operation
from diagnostics.triaging.addresses import Addresses, Place, addresses

_READ_MOST = 64 * 1024
"""Bytes of an answer that is asked what it says; those of jobs are short."""
_ASK_AGAIN = frozenset({408, 409, 425, 429})
_PARTS = re.compile(r"[/?&=#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a request is for."""

    contract: Contract | None = None
    operation: Operation | None = None
    conversation: int = 0
    attempt: int = 1
    key: Hashable = None

    @property
    def provider(self) -> str:
        """Empty: nobody that we know."""
        return self.contract.name if self.contract else ""


@dataclass(frozen=True, slots=True)
class _Failed:
    """The last attempt at a call, which came to nothing."""

    attempt: int
    conversation: int


@dataclass(slots=True, kw_only=True)
class Story:
    """The conversations of one recording so far. `provider`: whom the caller says it is about."""

    provider: str = ""
    known: Addresses = field(default_factory=addresses)
    _failed: dict[Hashable, _Failed] = field(default_factory=dict)
    _jobs: dict[str, int] = field(default_factory=dict)
    _flows: dict[str, int] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def asked(self, method: str, url: str, body: bytes, flow: str) -> About:
        """A request that is about to leave."""
        place = self._place(method, url)
        contract = self.known.contracts.get(place.provider) if place else None
        known = place.operation if place and place.method else None
        operation = contract.operations.get(known) if contract and known else None
        key = (flow, method, url, blake2b(body, digest_size=16).digest())
        before = self._failed.get(key)
        if before is None:
            conversation = self._conversation(operation, url, body, flow)
        else:
            conversation = before.conversation
        return About(
            contract=contract,
            operation=operation,
            conversation=conversation,
            attempt=before.attempt + 1 if before else 1,
            key=key,
        )

    def answered(self, about: About, exchange: Exchange) -> None:
        """What came of it."""
        if _failed(about, exchange):
            self._failed[about.key] = _Failed(about.attempt, about.conversation)
            return
        self._failed.pop(about.key, None)
        operation, contract = about.operation, about.contract
        if contract and operation and operation.job and about.conversation:
            job_id = identity(contract, operation, exchange)
            if job_id:
                self._jobs[job_id] = about.conversation

    def _place(self, method: str, url: str) -> Place | None:
        found = self.known.places(method, url)
        ours = (place for place in found if place.provider == self.provider)
        return next(ours, None) or (found[0] if found else None)

    def _conversation(self, operation: Operation | None, url: str, body: bytes, flow: str) -> int:
        if flow:
            if flow not in self._flows:
                self._flows[flow] = next(self._numbers)
            return self._flows[flow]
        named = (self._jobs[part] for part in _named(url, body) if part in self._jobs)
        found = next(named, 0) if self._jobs else 0
        return found or (next(self._numbers) if operation and operation.job else 0)


def request_about(about: About, request: Request) -> Request:
    """The request with what its operation says of it."""
    operation = about.operation
    return Request(
        method=request.method,
        url=request.url,
        headers=request.headers,
        body=request.body,
        authenticated=request.authenticated,
        operation=operation.id if operation else None,
        spends=bool(operation and operation.spends),
        credits=operation.price.of(decode(request.body)) if operation else None,
        provider=about.provider,
    )


def _named(url: str, body: bytes) -> list[str]:
    """Whatever could be the id of a job."""
    parts = [unquote(part) for part in _PARTS.split(url)]
    value = decode(body) if body[:1] == b"{" and len(body) <= _READ_MOST else None
    if isinstance(value, dict):
        parts += [part for part in value.values() if isinstance(part, str)]
    return parts


def _failed(about: About, exchange: Exchange) -> bool:
    answer = exchange.answer
    if isinstance(answer, Fault):
        return True
    if not isinstance(answer, Response):
        return False
    if answer.status in _ASK_AGAIN or answer.status >= 500:  # noqa: PLR2004  # the provider's side
        return True
    if about.contract is None or about.operation is None or len(answer.body) > _READ_MOST:
        return False
    return not about.contract.read(answer, about.operation.id).ok
