"""How is an `ask` carried out? Sends what it yields, repeats what may be repeated, tells the tape.

The only place that knows both generators and `await`. An `ask` never sees an attempt that was
repeated, only the last; the tape keeps all.
"""

import asyncio
from dataclasses import replace
from itertools import count
from typing import Any, Protocol

from diagnostics.drive.clock import Clock
from diagnostics.drive.driver import Driver, Slot
from diagnostics.drive.policy import Policy
from diagnostics.model import Ask, Exchange, Fault, FaultKind, Request, Together

MOST_REQUESTS = 10_000
"""Of one conversation. No answer makes an `ask` run for ever."""

_INTERRUPTED = Fault(
    kind=FaultKind.RESET,
    message="cut off while under way: the run was stopped",
    may_have_arrived=True,
)


class Recorder(Protocol):
    """The tape of a run, as it grows."""

    def record(self, exchange: Exchange) -> Exchange:
        """Put an exchange on the tape; gives it back with its position."""
        ...

    def intend(self, request: Request, slot: Slot, started_s: float) -> None:
        """A paid call is about to leave: should we die now, the tape must tell."""
        ...


class Conversations:
    """Carries out the asks of one scenario; each `ask` is a conversation with its own number."""

    def __init__(
        self, *, driver: Driver, policy: Policy, clock: Clock, recorder: Recorder, scenario: str
    ) -> None:
        self._driver, self._policy, self._clock = driver, policy, clock
        self._recorder, self._scenario = recorder, scenario
        self._numbers = count()

    async def run(self, ask: Ask) -> Any:
        """Drive one `ask` to its end and give what it returned."""
        slot = Slot(scenario=self._scenario, conversation=next(self._numbers))
        result: Any = None
        try:
            for _ in range(MOST_REQUESTS):
                wanted = ask.send(result)
                result = await self._answer(wanted, slot)
        except StopIteration as end:
            return end.value
        finally:
            ask.close()
        return None

    async def _answer(self, wanted: Request | Together, slot: Slot) -> Any:
        if isinstance(wanted, Together):
            return await asyncio.gather(*(self.run(ask) for ask in wanted.asks))
        if wanted.wait_s > 0:
            await self._clock.sleep(wanted.wait_s)
        return await self._attempts(wanted, slot)

    async def _attempts(self, request: Request, slot: Slot) -> Exchange:
        while True:
            exchange = await self._one(request, slot)
            delay_s = self._policy.delay_s(exchange, self._clock.now())
            if delay_s is None:
                return exchange
            await self._clock.sleep(delay_s)
            slot = replace(slot, attempt=slot.attempt + 1)

    async def _one(self, request: Request, slot: Slot) -> Exchange:
        started_s = self._clock.now()
        if request.spends:
            self._recorder.intend(request, slot, started_s)
        try:
            return self._recorder.record(await self._driver.exchange(request, slot))
        except asyncio.CancelledError:
            if request.spends:  # it may be under way: the report must be able to say so
                self._recorder.record(slot.exchange(request, _INTERRUPTED, started_s=started_s))
            raise
