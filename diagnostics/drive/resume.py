"""How does a run that was killed go on without paying twice? Paid calls are answered from its tape.

Only those: what is free is asked again, since it costs nothing, and its answers are fresh (a tape
keeps no signed link). A paid call that was announced and never answered stays ambiguous.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

from diagnostics.drive.budget import Budget
from diagnostics.drive.driver import Slot
from diagnostics.drive.live import Live
from diagnostics.model import Exchange, Purpose, Request, Unsent, UnsentReason
from diagnostics.suite import Recording
from diagnostics.tape import TapeFile, slot_of

_NOT_YET = Unsent(reason=UnsentReason.DRY)


class Resumed:
    """A driver that sends no paid call whose turn the earlier tape knows already.

    A turn is scenario, conversation, attempt and operation, not the body: a body that differs in
    some trifle must not be paid for again.
    """

    def __init__(self, earlier: Iterable[Exchange], beyond: Live, budget: Budget) -> None:
        self._beyond = beyond
        self._turns: defaultdict[Hashable, deque[Exchange]] = defaultdict(deque)
        for exchange in earlier:
            budget.count(exchange.request)
            self._turns[slot_of(exchange)].append(exchange)

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """What was answered then, or what is answered now."""
        asked = slot.exchange(request, _NOT_YET, started_s=0.0)
        turns = self._turns[slot_of(asked)] if _is_paid(asked) else None
        if not turns:
            return await self._beyond.exchange(request, slot)
        then = turns.popleft()
        return replace(
            asked,
            answer=then.answer,
            started_s=then.started_s,
            duration_s=then.duration_s,
            wire=then.wire,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._beyond.aclose()

    def left(self) -> list[Exchange]:
        """Paid calls of the earlier run that nobody asks for any more."""
        return [exchange for turns in self._turns.values() for exchange in turns]


class Resuming(Recording):
    """A tape that goes on where another ended: its paid calls are announced before all else.

    So whoever reads this one, and nothing of the earlier, knows of them from the first moment.
    """

    def __init__(
        self, file: TapeFile, heard: Callable[[Exchange], None], earlier: Iterable[Exchange]
    ) -> None:
        super().__init__(file, heard)
        self._announced: Counter[Hashable] = Counter()
        for exchange in earlier:
            slot = Slot(
                scenario=exchange.scenario,
                conversation=exchange.conversation,
                attempt=exchange.attempt,
            )
            super().intend(exchange.request, slot, exchange.started_s)
            self._announced[slot_of(exchange)] += 1

    def intend(self, request: Request, slot: Slot, started_s: float) -> None:
        """Unless it was announced at the beginning."""
        turn = slot_of(slot.exchange(request, _NOT_YET, started_s=started_s))
        if self._announced[turn]:
            self._announced[turn] -= 1
        else:
            super().intend(request, slot, started_s)


def paid(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """The paid calls that left, or may have left."""
    return [e for e in exchanges if _is_paid(e) and not isinstance(e.answer, Unsent)]


def _is_paid(exchange: Exchange) -> bool:
    return exchange.request.spends and exchange.request.purpose is Purpose.CALL
