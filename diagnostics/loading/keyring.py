"""Who may speak for the user while a load runs? `Authority`, asked without waiting.

The same credentials, tokens and renewals as the live driver's. A token is bought over an engine of
its own that ends when it is there: before the load begins, and when one is worn out. The load
stands still for that long, and says so itself: what was due meanwhile is late.
"""

from collections.abc import Callable, Coroutine, Generator
from dataclasses import replace
from typing import Any, TypeVar

from diagnostics.drive.authority import Authority
from diagnostics.loading.engine import Engine
from diagnostics.model import Exchange, Headers, Request

Result = TypeVar("Result")

Buy = Callable[[Request, bytes], Exchange]
"""Sends a request with that body, and gives (and records) it as it may be shown."""


class Keyring:
    """The credential headers of each request of a load."""

    def __init__(self, authority: Authority, buy: Buy) -> None:
        self._authority, self._buy = authority, buy
        self._host = next(iter(authority.hosts), "")
        self._bought = any(scheme.token_operation for scheme in authority.schemes)
        self._known: Headers | None = None

    def headers(self, request: Request) -> Headers | None:
        """For a request to one of the provider's own hosts; None: no token can be had."""
        if self._known is not None and request.authenticated:
            return self._known
        asked = self._authority.headers(request, self._host, self._send)
        found = _at_once(asked)
        if not self._bought and request.authenticated:
            self._known = found
        return found

    @property
    def renews(self) -> Callable[[Exchange, Headers], bool] | None:
        """For the engine: whether a token is worn; None where none is ever bought."""
        return self._authority.renews if self._bought else None

    async def _send(self, request: Request, body: bytes) -> Exchange:
        return self._buy(request, body)


def _at_once(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine gives that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    work.close()
    raise RuntimeError("credentials that have to be waited for")


def buyer(engine: Callable[[], Engine], record: Callable[[Exchange], Exchange]) -> Buy:
    """Buys over an engine made for it. What is recorded shows the variables, not their values."""

    def buy(request: Request, body: bytes) -> Exchange:
        carrying, found = engine(), list[Exchange]()
        meant = replace(request, body=body)
        carrying.begin(_once(meant), due_s=carrying.now(), ended=found.append)
        while not found:
            carrying.turn(1.0)
        carrying.close()
        return record(replace(found[0], request=request))

    return buy


def _once(request: Request) -> Generator[Request, Exchange, Exchange]:
    return (yield request)
