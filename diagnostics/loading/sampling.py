"""Which conversations of a load are worth keeping? A few of millions, whole, for tape and judges.

The first of every failing code, every create whose outcome nobody knows, the slowest, and the first
that went well. A conversation can only be kept if its exchanges were, so the latest of each that is
under way are held: bounded for each and in all, whatever the other side answers.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from diagnostics.contract import Contract
from diagnostics.drive.policy import ambiguous
from diagnostics.loading.result import Sample
from diagnostics.loading.statistics import fault_of
from diagnostics.model import Exchange, Unsent

EACH_CODE = 3
"""Conversations kept of every name and code that fails."""
KINDS_MOST = 64
"""A server that fails with a new code each time must not fill the disk."""
AMBIGUOUS_MOST = 50
SLOWEST = 10
HEALTHY = 2
UNFINISHED_MOST = 50
"""Whoever interrupts a load wants to know which jobs go on without it."""
HEAD, TAIL = 16, 32
"""Of a long conversation the first and the latest exchanges."""
HELD_MOST = 20_000
"""Exchanges in memory, of all conversations under way: some 30 MB."""
BODY_BYTES_MOST = 65_536
"""What is larger is not held: a load of large bodies must not fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A conversation that was kept, its exchanges in the order in which they ended."""

    sample: Sample
    exchanges: tuple[Exchange, ...]


class Talk:
    """One conversation under way."""

    __slots__ = ("began_s", "code", "ended_s", "head", "name", "scenario", "tail", "why")

    def __init__(self, scenario: str, began_s: float) -> None:
        self.scenario, self.began_s, self.ended_s = scenario, began_s, began_s
        self.head: list[Exchange] = []
        self.tail: deque[Exchange] = deque(maxlen=TAIL)
        self.why, self.name, self.code = "", "", None  # type: str, str, str | None

    def hold(self, exchange: Exchange) -> int:
        """Keep an exchange; how many more are held now than before."""
        if len(self.head) < HEAD:
            self.head.append(exchange)
            return 1
        full = len(self.tail) == TAIL
        self.tail.append(exchange)
        return 0 if full else 1

    @property
    def spends(self) -> bool:
        """It has asked for something paid."""
        return any(one.request.spends for one in self.head)

    @property
    def held(self) -> int:
        """Exchanges in memory."""
        return len(self.head) + len(self.tail)


@dataclass(slots=True, kw_only=True)
class Sampling:
    """A listener of the engine. `ended` is told of every ask that has ended.

    `keep` is handed each conversation as soon as it is known that it stays; the slowest only at
    the end (`finish`), since a slower one may still come.
    """

    contract: Contract
    keep: Callable[[Kept], None]
    start_s: float = 0.0
    """Of the load, on the engine's clock."""
    _talks: dict[int, Talk] = field(default_factory=dict)
    _kinds: dict[tuple[str, str], int] = field(default_factory=dict)
    _slowest: list[tuple[float, int, int, Talk]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _held: int = 0
    _ambiguous: int = 0
    _healthy: int = 0

    @property
    def held(self) -> int:
        """Exchanges in memory."""
        return self._held

    def answered(  # noqa: PLR0913  # the engine's listener
        self,
        exchange: Exchange,
        *,
        due_s: float,
        sent_s: float,  # noqa: ARG002  # as above
        name: str,
        code: str | None,
        ok: bool,
    ) -> None:
        """Hold one attempt, and note why its conversation may be worth keeping."""
        talk = self._talks.get(exchange.conversation)
        if talk is None:
            if ok and self._held >= HELD_MOST:
                return
            talk = self._talks[exchange.conversation] = Talk(exchange.scenario, due_s)
        talk.ended_s = due_s + exchange.duration_s
        if self._held < HELD_MOST or talk.held < HEAD:
            self._hold(talk, exchange)
        if not ok:
            self._failed(talk, exchange, name, code)

    def _hold(self, talk: Talk, exchange: Exchange) -> None:
        answer = exchange.answer
        if len(exchange.request.body) > BODY_BYTES_MOST:
            return
        if not isinstance(answer, Unsent) and len(answer.body) > BODY_BYTES_MOST:
            return
        self._held += talk.hold(exchange)

    def _failed(self, talk: Talk, exchange: Exchange, name: str, code: str | None) -> None:
        if talk.why.startswith(_AMBIGUOUS):
            return
        if self._ambiguous < AMBIGUOUS_MOST and ambiguous(self.contract, exchange):
            self._ambiguous += 1
            talk.why, talk.name, talk.code = _AMBIGUOUS, name, code
            return
        why = fault_of(exchange, code)
        kind = (name, why)
        seen = self._kinds.get(kind, 0)
        if talk.why or seen >= EACH_CODE or (not seen and len(self._kinds) >= KINDS_MOST):
            return
        self._kinds[kind] = seen + 1
        talk.why, talk.name, talk.code = why, name, code

    # --- when an ask has ended ----------------------------------------------------------------

    def ended(self, conversation: int) -> None:
        """No more will come of it."""
        talk = self._talks.pop(conversation, None)
        if talk is None:
            return
        if talk.why:
            self._emit(conversation, talk)
        elif self._healthy < HEALTHY and talk.head:
            self._healthy += 1
            talk.why = _HEALTHY
            self._emit(conversation, talk)
        elif not self._among_slowest(conversation, talk):
            self._held -= talk.held

    def _among_slowest(self, conversation: int, talk: Talk) -> bool:
        took_s = talk.ended_s - talk.began_s
        if len(self._slowest) == SLOWEST and took_s <= self._slowest[0][0]:
            return False
        entry = (took_s, next(self._order), conversation, talk)
        if len(self._slowest) < SLOWEST:
            heapq.heappush(self._slowest, entry)
        else:
            *_, dropped = heapq.heapreplace(self._slowest, entry)
            self._held -= dropped.held
        return True

    def _emit(self, conversation: int, talk: Talk) -> None:
        self._held -= talk.held
        if not talk.held:
            return
        sample = Sample(
            why=talk.why,
            conversation=conversation,
            scenario=talk.scenario,
            name=talk.name,
            code=talk.code,
            started_s=talk.began_s - self.start_s,
            duration_s=talk.ended_s - talk.began_s,
        )
        self.keep(Kept(sample=sample, exchanges=(*talk.head, *talk.tail)))

    def finish(self) -> None:
        """The load is over: the slowest, what had failed and has not ended, jobs under way."""
        for _, _, conversation, talk in sorted(self._slowest, reverse=True):
            talk.why = _SLOW
            self._emit(conversation, talk)
        self._slowest.clear()
        unfinished = 0
        for conversation, talk in self._talks.items():
            if not talk.why and unfinished < UNFINISHED_MOST and talk.spends:
                talk.why = _UNFINISHED
                unfinished += 1
            if talk.why:
                self._emit(conversation, talk)
        self._talks.clear()
        self._held = 0


_AMBIGUOUS, _SLOW, _HEALTHY, _UNFINISHED = "ambiguous", "slow", "healthy", "unfinished"
