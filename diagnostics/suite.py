"""In what order is a suite run, what stops it, and what goes on the tape?

Scenarios run one after the other; each is judged as soon as it has asked, because what it found
decides what may still be sent (no paid call with inputs that cannot work, nothing at all to a
host that does not answer).
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

from diagnostics.contract import Contract
from diagnostics.drive.clock import Clock
from diagnostics.drive.conversation import Conversations
from diagnostics.drive.driver import Driver, Slot
from diagnostics.drive.dry import Dry
from diagnostics.drive.pace import Paced
from diagnostics.drive.policy import Policy
from diagnostics.finding import Outcome
from diagnostics.judge import outcome
from diagnostics.model import (
    Case,
    Exchange,
    Request,
    Tape,
    TargetKind,
    Unsent,
    UnsentReason,
    Verdict,
)
from diagnostics.scenario import Scenario
from diagnostics.tape import TapeFile

BLOCKING = frozenset({"network"})
"""When these fail, nothing that needs the network is worth sending."""

SPOILING = frozenset({"parameters", "credentials", "media"})
"""When these fail, a paid call to a live provider would only waste credits."""


class Recording:
    """The tape of a run: in memory as it was kept, and in its folder as it grows."""

    def __init__(
        self, file: TapeFile, heard: Callable[[Exchange], None] = lambda _exchange: None
    ) -> None:
        self._file, self._heard = file, heard
        self.exchanges: list[Exchange] = []

    def record(self, exchange: Exchange) -> Exchange:
        """Keep the gated exchange; the conversation goes on with the original."""
        placed = _placed(exchange, len(self.exchanges))
        kept = self._file.append(placed)
        self.exchanges.append(kept)
        self._heard(kept)
        return placed

    def intend(self, request: Request, slot: Slot, started_s: float) -> None:
        """A paid call is about to leave."""
        self._file.intend(request, slot, started_s)


def _placed(exchange: Exchange, position: int) -> Exchange:
    """As `dataclasses.replace` does, in a third of its time: this is done for every exchange."""
    return Exchange(position=position, **{name: getattr(exchange, name) for name in _KEPT})


_KEPT = tuple(part.name for part in fields(Exchange) if part.name != "position")


class Careful:
    """A driver that keeps paid calls back once it is known that they cannot succeed."""

    def __init__(self, driver: Driver, clock: Clock) -> None:
        self._driver, self._clock = driver, clock
        self.spoiled: str | None = None

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """Send, unless it costs credits and an earlier scenario has failed."""
        if not request.spends or self.spoiled is None:
            return await self._driver.exchange(request, slot)
        unsent = Unsent(
            reason=UnsentReason.EARLIER_FAILURE,
            message=f"scenario {self.spoiled} failed: the call would only waste credits",
        )
        return slot.exchange(request, unsent, started_s=self._clock.now())


Progress = Callable[[str, str, Outcome | None], None]
"""Told the scenario, `running`, `skipped` or `done`, and its outcome."""


@dataclass(kw_only=True)
class Suite:
    """One run of some scenarios against one target."""

    contract: Contract
    case: Case
    scenarios: Sequence[Scenario]
    driver: Driver
    clock: Clock
    recording: Recording
    progress: Progress = lambda _name, _state, _outcome: None
    fail_fast: bool = False
    deadline_s: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def tape(self) -> Tape:
        """What is on the tape so far."""
        return Tape(case=self.case, exchanges=self.recording.exchanges)

    async def run(self) -> bool:
        """Run to the end; False when the deadline cut it short."""
        careful = Careful(Paced(self.driver, self.contract, self.clock), self.clock)
        policy = Policy(
            contract=self.contract,
            retry=self.case.retry,
            random=random.Random(self.case.seed),
        )
        try:
            async with asyncio.timeout(self.deadline_s):
                for scenario in self.scenarios:
                    if not await self._step(scenario, careful, policy):
                        break
        except TimeoutError:
            return False
        return True

    async def _step(self, scenario: Scenario, careful: Careful, policy: Policy) -> bool:
        blocked = any(o.scenario in BLOCKING and o.verdict is Verdict.FAIL for o in self.outcomes)
        if scenario.offered(self.contract, self.case) or (blocked and not scenario.dry):
            self._note(scenario, "skipped")
            return True
        self.progress(scenario.name, "running", None)
        await self._converse(scenario, careful, policy)
        found = self._note(scenario, "done")
        failed = found.verdict is Verdict.FAIL
        if failed and scenario.name == "media":
            policy.inputs_unfit = True
        if failed and scenario.name in SPOILING and self.case.target.kind is TargetKind.LIVE:
            careful.spoiled = scenario.name
        return not (failed and self.fail_fast)

    async def _converse(self, scenario: Scenario, careful: Careful, policy: Policy) -> None:
        driver: Driver = Dry(self.clock.now()) if scenario.dry else careful
        conversations = Conversations(
            driver=driver,
            policy=policy,
            clock=self.clock,
            recorder=self.recording,
            scenario=scenario.name,
        )
        await conversations.run(scenario.ask(self.contract, self.case))

    def _note(self, scenario: Scenario, state: str) -> Outcome:
        found = outcome(self.contract, self.tape, scenario)
        self.outcomes.append(found)
        self.progress(scenario.name, state, found)
        return found
