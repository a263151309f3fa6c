"""Who may speak for the user, and to whom? Adds credentials after a request is built.

Keys go only to the provider's own hosts, never to media or result hosts, never to a probe that
did not ask. A token is bought when it is needed, kept as long as it lives, and bought anew when one
that worked is refused.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

from diagnostics.contract import Contract, first
from diagnostics.model import Blame, Exchange, Headers, Request
from diagnostics.promise import Scheme
from diagnostics.tokens import EARLY_S, ends_s

Send = Callable[[Request, bytes], Awaitable[Exchange]]
"""Sends a request with another body than the tape shows, and records it."""
Register = Callable[[str, str], None]
"""Tells the gate a secret and its kind."""


@dataclass(kw_only=True)
class Authority:
    """The credentials of one run. `values` maps environment variables to what they hold."""

    contract: Contract
    values: Mapping[str, str]
    register: Register
    hosts: frozenset[str]
    now: Callable[[], float] = time.time
    _tokens: dict[str, tuple[str | None, float]] = field(default_factory=dict)
    _proved: set[str] = field(default_factory=set)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __repr__(self) -> str:
        return f"Authority({', '.join(sorted(self.values)) or 'no credentials'})"

    @cached_property
    def schemes(self) -> tuple[Scheme, ...]:
        """The ways to authenticate for which every variable is set."""
        return tuple(
            scheme
            for scheme in self.contract.schemes
            if scheme.variables and all(name in self.values for name in scheme.variables)
        )

    @cached_property
    def _fixed(self) -> Headers | None:
        """The same headers for every request, where no token has to be bought."""
        if not self.schemes or any(scheme.token_operation for scheme in self.schemes):
            return None
        return tuple((s.header, f"{s.prefix}{self.values[s.variables[0]]}") for s in self.schemes)

    async def headers(self, request: Request, host: str, send: Send) -> Headers | None:
        """The credential headers for a request to that host; None: a token cannot be had."""
        if not request.authenticated or host not in self.hosts:
            return ()
        if self._fixed is not None:
            return self._fixed
        found = []
        for scheme in self.schemes:
            value = await self._value(scheme, send)
            if value is not None:
                found.append((scheme.header, f"{scheme.prefix}{value}"))
        return tuple(found) if found or not self.schemes else None

    async def _value(self, scheme: Scheme, send: Send) -> str | None:
        if not scheme.token_operation:
            return self.values[scheme.variables[0]]
        async with self._lock:
            held = self._tokens.get(scheme.name)
            if held is None or self.now() >= held[1] - EARLY_S:
                token = await self._fetch(scheme, send)
                until_s = ends_s(token, self.now(), scheme.token_life_s) if token else inf
                held = self._tokens[scheme.name] = (token, until_s)
            return held[0]

    def renews(self, exchange: Exchange, sent: Headers) -> bool:
        """Whether a token that worked before is refused now: it is given up, another may be bought.

        The call may then be made again; it was refused and so not carried out, even a paid one. A
        token that never worked is left alone: another one would be refused as well.
        """
        if self._fixed is not None or not sent:
            return False
        kept = {s.name for s in self.schemes if s.token_operation and self._sent(s, sent)}
        if not self._refuses(exchange):
            self._proved |= kept
            return False
        worn = kept & self._proved
        for name in worn:
            del self._tokens[name]
        self._proved -= worn
        return bool(worn)

    def _refuses(self, exchange: Exchange) -> bool:
        response = exchange.response
        if response is None:
            return False
        reading = self.contract.read(response, exchange.request.operation)
        known = self.contract.errors.get(reading.code or "")
        by_code = known is not None and known.blame is Blame.CREDENTIALS
        return not reading.ok and (by_code or response.status == 401)  # noqa: PLR2004  # HTTP: unauthorized

    def _sent(self, scheme: Scheme, sent: Headers) -> bool:
        """Whether these headers carry the token that is kept now."""
        held = self._tokens.get(scheme.name)
        return held is not None and (scheme.header, f"{scheme.prefix}{held[0]}") in sent

    async def _fetch(self, scheme: Scheme, send: Send) -> str | None:
        shown = {name: f"${{{variable}}}" for name, variable in scheme.token_fields.items()}
        meant = {name: self.values[variable] for name, variable in scheme.token_fields.items()}
        request = self.contract.request(scheme.token_operation, body=shown)
        exchange = await send(request, json.dumps(meant).encode())
        if exchange.response is None:
            return None
        reading = self.contract.read(exchange.response, scheme.token_operation)
        token = first(reading.body, (scheme.token,)) if reading.ok else None
        return token if isinstance(token, str) else None
