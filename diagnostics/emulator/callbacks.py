"""Who is told that a job ended? Callback URLs on this machine, signed as the provider signs.

What is sent, and how it is sealed, stands under `webhook` in the contract. The words a fault plan
may say: `lost`, `doubled` (the same id again), `late`, `out-of-order`, `mis-signed`, `unsigned`,
`other-secret`, `stale` and `future` (signed ten minutes off), `milliseconds` (the other unit),
`reserialised` (parsed and written again after it was signed), or the name of a variant.
"""

import asyncio
import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from diagnostics.contract import Contract, decode, first
from diagnostics.drive.clock import Clock
from diagnostics.emulator.account import Account
from diagnostics.emulator.bodies import Bodies
from diagnostics.emulator.faults import Effects
from diagnostics.emulator.jobs import Work
from diagnostics.emulator.sealing import Sealing
from diagnostics.model import Headers, Json
from diagnostics.promise import Operation, StateKind

TRIES_MAX, WAIT_S, PAUSE_S, PENDING_MAX, LATE_S = 3, 5.0, 1.0, 1000, 120.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OK = 200
_SLACK_S = 1e-3
"""Timers of an event loop may fire this much early."""


@dataclass(order=True, slots=True, kw_only=True)
class Due:
    """A callback that waits for its time. `answer` stands in for a job that was never one."""

    at_s: float
    number: int
    url: str = field(compare=False)
    id: str = field(compare=False)
    state: str = field(compare=False, default="")
    work: Work | None = field(compare=False, default=None)
    answer: Json = field(compare=False, default=None)
    faults: tuple[str, ...] = field(compare=False, default=())


class Callbacks:
    """Delivers in the clock's time: by a task of the running loop, or when somebody touches us."""

    def __init__(  # noqa: PLR0913  # the parts of one emulator
        self,
        contract: Contract,
        account: Account,
        clock: Clock,
        *,
        seed: int,
        media_base: str,
        answers: Bodies | None = None,
    ) -> None:
        words = contract.webhook
        self._names = [n for n in words.get("parameters") or {} if n != "none"]
        self._tells: Mapping[str, str] = words.get("tells") or {}
        self._filter: str = words.get("filter", "")
        self._immediate: Mapping[str, str] = words.get("immediate") or {}
        self._registers: Mapping[str, str] = words.get("registers") or {}
        self._sealing = Sealing(contract, account, answers, media_base)
        self._clock = clock
        self.registered: str | None = None
        """Where the whole account is told, if a call names no URL of its own."""
        self._dice = random.Random(f"callbacks:{seed}")
        self._waiting: list[Due] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0
        self.delivered: list[tuple[str, int | None]] = []
        """URL and HTTP status of each attempt (None: nobody answered); newest last."""

    @property
    def secrets(self) -> dict[str, str]:
        """What a receiver needs to verify them, by variable; invented."""
        return self._sealing.secrets

    @property
    def secret(self) -> str | None:
        """The one that the provider shows as its callbacks' secret."""
        return next(reversed(self.secrets.values()), None)

    @property
    def secret_field(self) -> str:
        """Where it stands in the answer that hands it out."""
        return self._sealing.secret_place[1]

    def hands_out(self, op: Operation) -> bool:
        """Whether an operation answers with the secret."""
        return op.id == self._sealing.secret_place[0]

    def url_in(self, body: Json) -> str | None:
        """The callback URL that a create names, or the account's own, if it is on this machine."""
        given = [body.get(name) for name in self._names] if isinstance(body, dict) else []
        urls = (url for url in (*given, self.registered) if isinstance(url, str))
        return next((url for url in urls if is_local(url)), None)

    def heed(self, op: Operation, asked: Json, answer: bytes, effects: Effects | None) -> None:
        """A call without a job: it may register a URL, or be told of as soon as it is answered."""
        if op.id == self._registers.get("operation"):
            url = first(asked, (self._registers["field"],))
            self.registered = url if isinstance(url, str) and is_local(url) else self.registered
        asking = self._immediate.get(op.id)
        if asking is not None and (not asking or first(asked, (asking,)) is True):
            self._announce(answer, effects)

    def expect(self, work: Work, url: str, effects: Effects | None, asked: Json = None) -> None:
        """Promise the callbacks of the job that a create asked for, as the plan has it."""
        faults = effects.webhook if effects else ()
        if "lost" in faults or len(self._waiting) >= PENDING_MAX or not self._sealing.known:
            return
        self._foretell(work, url, faults, asked)
        at_s = work.ends_s + (LATE_S if "late" in faults else 0.0)
        last = work.state(at_s + _SLACK_S)
        if work.kind(last) in {None, StateKind.PENDING, StateKind.RUNNING}:
            return  # it never ends
        ids = [self._new_id()] * (2 if "doubled" in faults else 1)
        for state, named in [(last, one) for one in ids] + self._stragglers(work, faults):
            self._promise(at_s, url=url, id=named, state=state, work=work, faults=faults)

    def _foretell(self, work: Work, url: str, faults: tuple[str, ...], asked: Json) -> None:
        """What is told before the end, unless the create filters it out."""
        wanted = asked.get(self._filter) if isinstance(asked, dict) else None
        for kind, event in self._tells.items():
            state = next((s.value for s in work.job.states.values() if s.kind == kind), None)
            if state and (not isinstance(wanted, list) or event in wanted):
                at_s = work.created_s + work.queue_s
                self._promise(
                    at_s, url=url, id=self._new_id(), state=state, work=work, faults=faults
                )

    def _stragglers(self, work: Work, faults: tuple[str, ...]) -> list[tuple[str, str]]:
        if "out-of-order" not in faults:
            return []
        running = (s.value for s in work.job.states.values() if s.kind is StateKind.RUNNING)
        return [(state, self._new_id()) for state in list(running)[:1]]

    def _announce(self, answer: bytes, effects: Effects | None) -> None:
        faults = effects.webhook if effects else ()
        if self.registered and "lost" not in faults:
            at_s = self._clock.now() + (LATE_S if "late" in faults else 0.0)
            named = self._new_id()
            for _ in range(2 if "doubled" in faults else 1):
                self._promise(
                    at_s, url=self.registered, id=named, answer=decode(answer), faults=faults
                )

    def _promise(self, at_s: float, **due: Any) -> None:
        work = due.get("work")
        if work is not None and not self._sealing.speaks_of(work.kind(due["state"])):
            return
        self._number += 1
        heapq.heappush(self._waiting, Due(at_s=at_s, number=self._number, **due))
        self._spawn(self._later(at_s))

    def _new_id(self) -> str:
        return f"msg_{self._dice.getrandbits(96):024x}"

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

        headers, body = self._sealed(due)
        for attempt in range(TRIES_MAX):
            if attempt:
                await asyncio.sleep(PAUSE_S)
            status = None
            try:
                async with (
                    self._clock.real(),
                    httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client,
                ):
                    fields = [("content-type", "application/json"), *headers]
                    answer = await client.post(due.url, content=body, headers=fields)
                    status = answer.status_code
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError):
                status = None
            self.delivered.append((due.url, status))
            del self.delivered[:-PENDING_MAX]
            if status == _OK:
                return

    def _sealed(self, due: Due) -> tuple[Headers, bytes]:
        now_s, event = self._clock.now(), due.id.replace("msg_", "evt_")
        if due.work is None:
            payload = self._sealing.about_answer(due.answer, event, now_s)
        else:
            state = due.work.state(now_s) if due.work.closed else due.state
            payload = self._sealing.about_job(due.work, state, event, now_s + _SLACK_S)
        nonce = str(self._dice.randrange(1000, 10000))
        return self._sealing.sealed(payload, due.id, now_s, nonce, due.faults)


def is_local(url: str) -> bool:
    """Whether a URL is on this machine: nobody else is ever called."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in _LOCAL
