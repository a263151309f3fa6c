"""What was answered last time? Plays a tape, in the order of the recording, to whoever asks."""

from collections.abc import Iterable
from dataclasses import replace

from diagnostics.drive.clock import Clock
from diagnostics.drive.driver import Slot
from diagnostics.model import Exchange, Request, Unsent, UnsentReason
from diagnostics.tape import Miss, Shelf, TapeIndex, flow_name, shelf_of


class Replay:
    """Answers from a recording: each answer once, of the same conversation first.

    With a `clock` it is paced: an answer takes as long as it took then (no time at all under a
    virtual clock). What comes back has the recorded start, duration, attempt and position, so that
    `played` is, once more, the tape it was played from.
    """

    def __init__(
        self,
        recorded: Iterable[Exchange] | TapeIndex,
        *,
        clock: Clock | None = None,
        repeat_last: bool = False,
    ) -> None:
        self._shelf = _shelf(recorded, repeat_last=repeat_last)
        self._clock = clock
        self._played: list[Exchange] = []
        self.misses: list[Miss] = []

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """The recorded answer, its times kept; a request never recorded names the nearest."""
        flow = flow_name(slot.scenario, slot.conversation)
        found = self._shelf.give(request.method, request.url, request.body, flow)
        if found is None:
            return self._missed(request, slot)
        if self._clock is not None and found.duration_s > 0:
            await self._clock.sleep(found.duration_s)
        played = replace(
            found,
            request=replace(request, url=found.request.url),
            scenario=slot.scenario,
            conversation=slot.conversation,
        )
        self._played.append(played)
        return played

    def played(self) -> list[Exchange]:
        """What was given so far, in the order of the recording."""
        return sorted(self._played, key=lambda exchange: exchange.position)

    def unplayed(self) -> list[Exchange]:
        """What nobody asked for."""
        return list(self._shelf.unplayed())

    def _missed(self, request: Request, slot: Slot) -> Exchange:
        miss = self._shelf.miss(request)
        self.misses.append(miss)
        unsent = Unsent(reason=UnsentReason.NOT_RECORDED, message=miss.told())
        return slot.exchange(request, unsent, started_s=0.0)


def _shelf(recorded: Iterable[Exchange] | TapeIndex, *, repeat_last: bool) -> Shelf:
    if isinstance(recorded, TapeIndex):
        return recorded.shelf(repeat_last=repeat_last)
    return shelf_of(recorded, repeat_last=repeat_last)
