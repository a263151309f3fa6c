"""Whom is a captured exchange about? Host, path, key, answer: the surest that there is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.contract import Contract, first
from diagnostics.model import Exchange, Request
from diagnostics.triaging.addresses import Addresses, Place, host_of
from diagnostics.triaging.keys import marked
from diagnostics.triaging.voices import Voice, one_voice

_NEAR = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104  # told apart, never bound
_TELLING = 4
"""So many literal parts of a path are nobody else's; `/v1/chat/completions` is copied widely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The provider of an exchange, and the operation if one is meant."""

    provider: str
    operation: str | None = None
    job: str = ""
    home: bool = True


@dataclass(slots=True, kw_only=True)
class Whose:
    """Answers for one story; `wanted` is the provider that the user named."""

    known: Addresses
    wanted: str = ""
    _contracts: Mapping[str, Contract] = field(init=False)

    def __post_init__(self) -> None:
        every = self.known.contracts
        self._contracts = {self.wanted: every[self.wanted]} if self.wanted in every else every

    def owner(self, exchange: Exchange) -> Owner | None:
        """None: nobody that we know, or nothing that is a call and its answer."""
        request = exchange.request
        if _no_call(exchange):
            return None
        if not request.url:
            return self._by_voice(exchange)
        for place in self.known.places(request.method, request.url):
            if place.provider in self._contracts and self._sure(place, exchange):
                operation = place.operation if place.method else None
                return Owner(provider=place.provider, operation=operation, home=place.home)
        return None

    def _sure(self, place: Place, exchange: Exchange) -> bool:
        """At home always; elsewhere when the path, the key or the answer is the provider's own."""
        near = host_of(exchange.request.url) in _NEAR
        telling = place.literal >= _TELLING
        if place.home or self.wanted or (near and place.method) or telling:
            return True
        if place.provider in marked(self._contracts.values(), exchange.request):
            return True
        return _speaks(self._contracts[place.provider], place, exchange)

    def _by_voice(self, exchange: Exchange) -> Owner | None:
        response = exchange.response
        if response is None:
            return self._by_key(exchange.request)
        found = one_voice(self._contracts.values(), response)
        if found is None and self.wanted:
            found = Voice(provider=self.wanted, score=0.0)
        if found is None:
            return self._by_key(exchange.request)
        return Owner(provider=found.provider, operation=found.operation, job=found.job)

    def _by_key(self, request: Request) -> Owner | None:
        owners = marked(self._contracts.values(), request)
        return Owner(provider=owners.pop()) if len(owners) == 1 else None


def _no_call(exchange: Exchange) -> bool:
    """A browser's question whether it may ask, its own cache, the opening of a socket."""
    request, response = exchange.request, exchange.response
    aside = response is not None and response.status in {101, 304}
    return aside or request.method == "OPTIONS" or request.url.startswith(("ws:", "wss:"))


def _speaks(contract: Contract, place: Place, exchange: Exchange) -> bool:
    """The answer names a code of the provider, or a job where its jobs are named."""
    response = exchange.response
    if response is None:
        return False
    reading = contract.read(response, place.operation)
    if not reading.ok:
        return reading.code in contract.errors and reading.code != str(response.status)
    operation = contract.operations.get(place.operation or "")
    job = operation.job if operation else None
    named = job is not None and first(reading.body, job.id) is not None
    state = first(reading.body, job.status) if job else None
    return reading.code is not None or (named and (state is None or str(state) in job.states))  # type: ignore[union-attr]  # `named` says that there is a job
