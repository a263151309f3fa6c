"""Would the scenarios still ask what was recorded? They ask again, and the recording answers.

No socket, no key and, unless paced, no time. What the driver of the run did by itself (buying a
token, calling again with a new one) nobody asks for; it is counted apart.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.cli.judged import scenarios
from diagnostics.contract import Contract
from diagnostics.drive.clock import Clock, RealClock, VirtualClock, run
from diagnostics.drive.key import request_key
from diagnostics.drive.replay import Replay
from diagnostics.model import Blame, Exchange, Request, Tape, Unsent, UnsentReason
from diagnostics.redact import Gate
from diagnostics.suite import Recording, Suite
from diagnostics.tape import Miss, TapeFile

Voice = tuple[str, int]
"""A conversation of a scenario."""


LATEST_S = 1e11
"""Past the year 5000: no run was ever made then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """What became of asking again."""

    asked: int = 0
    answered: int = 0
    misses: tuple[Miss, ...] = ()
    """Asked now, and never recorded."""
    unplayed: tuple[Exchange, ...] = ()
    """Recorded, and not asked for any more."""
    by_driver: int = 0

    @property
    def alike(self) -> bool:
        """Everything was asked again, and nothing else."""
        return not self.misses and not self.unplayed


def redrive(contract: Contract, tape: Tape, gate: Gate, *, paced: bool = False) -> Redriven:
    """Ask again, of the tape; nothing is written."""
    hidden = renewed(contract, tape.exchanges)
    recorded = [one for one in tape if one.position not in hidden]
    clock: Clock = RealClock() if paced else VirtualClock(_start_s(tape.case.started_s))
    replay = Replay(recorded, clock=clock if paced else None)
    recording = Recording(TapeFile(Path(), gate))  # never begun: it only gates
    run(_ask(contract, tape, replay, clock, recording), clock)
    made = [one for one in recording.exchanges if not _kept_back(one)]
    left = [one for one in replay.unplayed() if not isinstance(one.answer, Unsent)]
    tokens = _token_operations(contract)
    unplayed = [one for one in left if one.request.operation not in tokens]
    return Redriven(
        asked=len(made),
        answered=len(made) - len(replay.misses),
        misses=tuple(replay.misses),
        unplayed=tuple(unplayed),
        by_driver=len(hidden) + len(left) - len(unplayed),
    )


def _start_s(told_s: float) -> float:
    """A clock that starts in the year 1e300 never moves on: a second more is the same float."""
    return told_s if 0.0 <= told_s <= LATEST_S else 0.0


async def _ask(
    contract: Contract, tape: Tape, replay: Replay, clock: Clock, recording: Recording
) -> None:
    heard = {one.scenario for one in tape}
    suite = Suite(
        contract=contract,
        case=tape.case,
        scenarios=[one for one in scenarios(tape.case.scenarios) if one.name in heard],
        driver=replay,
        clock=clock,
        recording=recording,
    )
    await suite.run()


def _kept_back(exchange: Exchange) -> bool:
    """It did not leave then, and does not now."""
    answer = exchange.answer
    return isinstance(answer, Unsent) and answer.reason is not UnsentReason.NOT_RECORDED


# --- what the driver did by itself --------------------------------------------------------------


def _token_operations(contract: Contract) -> frozenset[str | None]:
    every = (contract, *contract.partners.values())
    return frozenset(s.token_operation for one in every for s in one.schemes if s.token_operation)


def renewed(contract: Contract, exchanges: Sequence[Exchange]) -> frozenset[int]:
    """Calls that met a worn token and were made again by the driver: no `ask` ever saw them."""
    tokens = _token_operations(contract)
    bought = {(_voice(e), e.attempt) for e in exchanges if e.request.operation in tokens}
    if not bought:
        return frozenset()
    calls = Counter((_voice(e), e.attempt, _key(e.request)) for e in exchanges)
    return frozenset(
        e.position
        for e in exchanges
        if (_voice(e), e.attempt + 1) in bought
        and calls[_voice(e), e.attempt + 1, _key(e.request)]
        and _refused(contract, e)
    )


def _voice(exchange: Exchange) -> Voice:
    return exchange.scenario, exchange.conversation


def _key(request: Request) -> bytes:
    return request_key(request.method, request.url, request.body)


def _refused(contract: Contract, exchange: Exchange) -> bool:
    """The provider's word against the credential: as `drive/authority.py` reads it."""
    if exchange.response is None:
        return False
    known = contract.of(exchange.request.provider)
    reading = known.read(exchange.response, exchange.request.operation)
    meant = known.errors.get(reading.code or "")
    by_code = meant is not None and meant.blame is Blame.CREDENTIALS
    return not reading.ok and (by_code or exchange.response.status == 401)  # noqa: PLR2004  # HTTP: unauthorized
