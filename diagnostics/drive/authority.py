"""Who may speak for the user, and to whom? Adds credentials after a request is built.

Keys go only to the provider's own hosts, never to media or result hosts, never to a probe that
did not ask. A token is fetched once per run and kept.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from diagnostics.contract import Contract, first
from diagnostics.model import Exchange, Headers, Request
from diagnostics.promise import Scheme

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
    _tokens: dict[str, str | None] = field(default_factory=dict)
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
            if scheme.name not in self._tokens:
                self._tokens[scheme.name] = await self._fetch(scheme, send)
            return self._tokens[scheme.name]

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
