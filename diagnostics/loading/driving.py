"""Who begins the next ask, and when? One process's users and arrivals, around the engine.

Closed model: a `Slot` is a user; when its ask has ended and its think time is over it begins the
next. Open model: a `Stream` is one share of the arrivals. Nothing here knows Locust or gevent:
`round` is called again and again by whoever has the time.
"""

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from math import inf
from random import Random
from typing import Any, Protocol

from diagnostics.loading.arrivals import Mixer, Schedule
from diagnostics.loading.asking import Turn
from diagnostics.model import Ask

HORIZON_S = 0.02
"""Arrivals are handed to the engine that long before they are due: its timers are exact."""
_INSTANT_S = 20e-6
_PAUSE_S = 0.25
"""An ask that ended without a single round trip (budget used up) must not spin."""


class Sender(Protocol):
    """What an engine offers."""

    @property
    def in_flight(self) -> int:
        """Requests whose answer is due."""
        ...

    @property
    def flows(self) -> int:
        """Asks under way."""
        ...

    def begin(
        self,
        ask: Ask,
        *,
        due_s: float,
        scenario: str = "",
        conversation: int = 0,
        ended: Callable[[Any], None] | None = None,
    ) -> Any:
        """Start an ask that is due then."""
        ...

    def turn(self, most_s: float) -> None:
        """One round; returns within that time."""
        ...

    def close(self) -> None:
        """Drop everything."""
        ...


class Slot:
    """A user of the closed model."""

    __slots__ = ("_driving", "_left", "began_s", "busy", "gone", "random", "turn")

    def __init__(self, driving: "Driving", random: Random) -> None:
        self._driving, self.random = driving, random
        self.gone = self.busy = False
        self.began_s = 0.0
        self.turn: Turn | None = None
        self._left: Callable[[], None] | None = None

    def leave(self, left: Callable[[], None] | None = None) -> None:
        """No further ask; `left` is told when the one under way has ended."""
        self.gone, self._left = True, left
        if not self.busy and left is not None:
            left()

    def ended(self, _value: Any) -> None:
        """The ask is over."""
        self.busy = False
        if self.gone:
            if self._left is not None:
                self._left()
        else:
            self._driving.again(self)


class Stream:
    """One share of the arrivals of the open model."""

    __slots__ = ("gone", "index", "schedule")

    def __init__(self, index: int, schedule: Schedule) -> None:
        self.index, self.schedule = index, schedule
        self.gone = False

    @property
    def until_s(self) -> float:
        """Everything before was begun."""
        return inf if self.schedule.next_s is None else self.schedule.next_s


class Driving:
    """The users and arrivals of one process.

    `may` says whether anything new may begin now; `over` is told the number of each ask that ended.
    """

    def __init__(  # noqa: PLR0913  # each a value made elsewhere
        self,
        *,
        engines: Mapping[str, Sender],
        turns: Sequence[Turn],
        mixer: Mixer,
        now: Callable[[], float],
        seed: str = "",
        may: Callable[[], bool] = lambda: True,
        first: int = 0,
        over: Callable[[int], None] = lambda _conversation: None,
    ) -> None:
        self.engines, self._now, self._may, self._seed = engines, now, may, seed
        self._over = over
        self._turns = {id(turn.share): turn for turn in turns}
        self._mixer = mixer
        self._ready: deque[Slot] = deque()
        self._later: list[tuple[float, int, Slot]] = []
        self._streams: list[tuple[float, int, Stream]] = []
        self._order, self._conversations = count(), count(first)
        self._slots = count()
        self.start_s = now()
        """When the first stage begins, on the engine's clock."""
        self.begun = self.arrived = self._told = 0
        """Asks in all; those that a stream began."""
        self.closed = False

    @property
    def flows(self) -> int:
        """Asks under way."""
        return sum(engine.flows for engine in self.engines.values())

    @property
    def in_flight(self) -> int:
        """Requests whose answer is due."""
        return sum(engine.in_flight for engine in self.engines.values())

    # --- who asks -----------------------------------------------------------------------------

    def enter(self) -> Slot:
        """A user more."""
        slot = Slot(self, Random(f"{self._seed}/{next(self._slots)}"))
        self._ready.append(slot)
        return slot

    def again(self, slot: Slot) -> None:
        """A user has its answer: think, then ask the next."""
        now = self._now()
        wait_s = slot.turn.think_s(slot.random) if slot.turn else 0.0
        if now - slot.began_s < _INSTANT_S:
            wait_s = max(wait_s, _PAUSE_S)
        if wait_s > 0:
            heapq.heappush(self._later, (now + wait_s, next(self._order), slot))
        else:
            self._ready.append(slot)

    def take(self, stream: Stream, from_s: float = 0.0) -> None:
        """Go on with a stream; what was due before `from_s` is left out."""
        stream.schedule.skip(from_s)
        if stream.schedule.next_s is not None:
            heapq.heappush(self._streams, (stream.schedule.next_s, next(self._order), stream))

    # --- one round ----------------------------------------------------------------------------

    def round(self, most_s: float) -> None:
        """Begin what is due, then let the engines work; returns within `most_s`."""
        if self._may():
            self._begin_due()
        engines = self.engines.values()
        for engine in engines:
            engine.turn(0.0 if self._ready else most_s / len(engines))

    def _begin_due(self) -> None:
        now = self._now()
        while self._later and self._later[0][0] <= now + HORIZON_S:
            due_s, _, slot = heapq.heappop(self._later)
            self._ask(slot, due_s)
        for _ in range(len(self._ready)):
            self._ask(self._ready.popleft(), now)
        horizon_s = now - self.start_s + HORIZON_S
        while self._streams and self._streams[0][0] <= horizon_s:
            _, _, stream = heapq.heappop(self._streams)
            self._arrive(stream, horizon_s)

    def _ask(self, slot: Slot, due_s: float) -> None:
        if slot.gone:
            slot.ended(None)
            return
        slot.turn = self._turns[id(self._mixer.next())]
        slot.busy, slot.began_s = True, self._now()
        self._begin(slot.turn, due_s, slot.ended)

    def _arrive(self, stream: Stream, horizon_s: float) -> None:
        if stream.gone:
            return
        for at_s in stream.schedule.due(horizon_s):
            self.arrived += 1
            self._begin(self._turns[id(self._mixer.next())], self.start_s + at_s, None)
        if stream.schedule.next_s is not None:
            heapq.heappush(self._streams, (stream.schedule.next_s, next(self._order), stream))

    def _begin(self, turn: Turn, due_s: float, ended: Callable[[Any], None] | None) -> None:
        self.begun += 1
        conversation = next(self._conversations)
        self.engines[turn.provider].begin(
            turn.make(),
            due_s=due_s,
            scenario=turn.share.scenario,
            conversation=conversation,
            ended=partial(self._ended, conversation, ended),
        )

    def _ended(self, conversation: int, ended: Callable[[Any], None] | None, value: Any) -> None:
        if not self.closed:  # what we cut off ourselves says nothing
            self._over(conversation)
        if ended is not None:
            ended(value)

    def news(self) -> int:
        """Arrivals that were begun since this was last asked."""
        found, self._told = self.arrived - self._told, self.arrived
        return found

    def close(self) -> None:
        """Drop everything that is under way."""
        self.closed = True
        for engine in self.engines.values():
            engine.close()
