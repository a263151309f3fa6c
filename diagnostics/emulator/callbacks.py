"""Who is told that a job ended? Callback URLs on this machine, signed as the provider signs."""

import asyncio
import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from diagnostics.contract import Contract
from diagnostics.drive.clock import Clock
from diagnostics.emulator.account import Account
from diagnostics.emulator.codes import dump
from diagnostics.emulator.faults import Effects
from diagnostics.emulator.jobs import Work
from diagnostics.model import Json
from diagnostics.promise import StateKind

TRIES_MAX, WAIT_S, PAUSE_S, PENDING_MAX, LATE_S = 3, 5.0, 1.0, 1000, 120.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OK = 200
_SLACK_S = 1e-3
"""Timers of an event loop may fire this much early."""


@dataclass(order=True, slots=True, kw_only=True)
class Due:
    """A callback that waits for its time."""

    at_s: float
    number: int
    work: Work = field(compare=False)
    url: str = field(compare=False)
    state: str = field(compare=False)
    honest: bool = field(compare=False, default=True)


class Callbacks:
    """Delivers in the clock's time: by a task of the running loop, or when somebody touches us."""

    def __init__(
        self, contract: Contract, account: Account, clock: Clock, *, seed: int, media_base: str
    ) -> None:
        self._types: Mapping[str, str] = contract.webhook.get("types") or {}
        self._names = [n for n in contract.webhook.get("parameters") or {} if n != "none"]
        self._module = f"diagnostics.providers.{contract.webhook.get('module', contract.name)}"
        self._account, self._clock = account, clock
        self.media_base = media_base
        self._dice = random.Random(f"callbacks:{seed}")
        self._waiting: list[Due] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0
        self.delivered: list[tuple[str, int | None]] = []
        """URL and HTTP status of each attempt (None: nobody answered); newest last."""

    def url_in(self, body: Json) -> str | None:
        """The callback URL that a create names, if it is on this machine."""
        if not isinstance(body, dict):
            return None
        given = (body.get(name) for name in self._names)
        return next((url for url in given if isinstance(url, str) and is_local(url)), None)

    def expect(self, work: Work, url: str, effects: Effects | None) -> None:
        """Promise the callback of a job, as the plan has it."""
        faults = effects.webhook if effects else ()
        if "lost" in faults or len(self._waiting) >= PENDING_MAX or not self._known:
            return
        at_s = work.ends_s + (LATE_S if "late" in faults else 0.0)
        last = work.state(at_s + _SLACK_S)
        if work.kind(last) in {None, StateKind.PENDING, StateKind.RUNNING}:
            return  # it never ends
        honest = "mis-signed" not in faults
        for state in _states(work, last, faults):
            self._number += 1
            due = Due(
                at_s=at_s, number=self._number, work=work, url=url, state=state, honest=honest
            )
            heapq.heappush(self._waiting, due)
        self._spawn(self._later(at_s))

    def touch(self) -> None:
        """Somebody asked something: send what is due (the loop that promised it may be gone)."""
        if self._waiting and self._waiting[0].at_s <= self._clock.now():
            self._spawn(self.deliver())

    async def _later(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - self._clock.now()))
        await self.deliver()

    async def deliver(self) -> None:
        """Send everything that is due, in order."""
        while self._waiting and self._waiting[0].at_s <= self._clock.now() + _SLACK_S:
            await self._send(heapq.heappop(self._waiting))

    async def close(self) -> None:
        """Send what is due and forget the rest."""
        await self.deliver()
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, due: Due) -> None:
        import httpx  # noqa: PLC0415  # heavy, only when a callback is sent

        body = self._body(due)
        for attempt in range(TRIES_MAX):
            if attempt:
                await asyncio.sleep(PAUSE_S)
            status = None
            try:
                async with (
                    self._clock.real(),
                    httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client,
                ):
                    headers = {"content-type": "application/json"}
                    status = (await client.post(due.url, content=body, headers=headers)).status_code
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError):
                status = None
            self.delivered.append((due.url, status))
            del self.delivered[:-PENDING_MAX]
            if status == _OK:
                return

    @property
    def _known(self) -> bool:
        """Whether we know how this provider signs."""
        return find_spec(self._module) is not None

    @property
    def _signing(self) -> ModuleType:
        return import_module(self._module)

    def _body(self, due: Due) -> bytes:
        work = due.work
        state = int(due.state) if due.state.isdecimal() else due.state
        payload: dict[str, Json] = {"_id": work.id, "status": state}
        if work.operation.id in self._types:
            payload["type"] = self._types[work.operation.id]
        if work.delivers(due.state, self._clock.now() + _SLACK_S):
            payload["url"] = f"{self.media_base}/out/{work.id}.{work.suffix}"
        sealed: dict[str, Json] = self._signing.seal(
            payload,
            client_id=self._account.client_id,
            client_secret=self._account.client_secret,
            timestamp_ms=int(self._clock.now() * 1000),
            nonce=str(self._dice.randrange(1000, 10000)),
        )
        if not due.honest:
            sealed["signature"] = "0" * len(sealed["signature"])
        return dump(sealed)


def is_local(url: str) -> bool:
    """Whether a URL is on this machine: nobody else is ever called."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in _LOCAL


def _states(work: Work, last: str, faults: tuple[str, ...]) -> list[str]:
    """What the callbacks of a job say, in the order in which they are sent."""
    states = [last] * (2 if "doubled" in faults else 1)
    if "out-of-order" in faults:
        running = (s.value for s in work.job.states.values() if s.kind is StateKind.RUNNING)
        states += list(running)[:1]
    return states
