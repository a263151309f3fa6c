"""How are the parts of a run put together for a benchmark? As the command line does it."""

import random
from dataclasses import dataclass

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import Clock, RealClock
from diagnostics.drive.conversation import Conversations
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.drive.policy import Policy
from diagnostics.model import Request, RetryPolicy, Target, TargetKind
from diagnostics.redact import Gate
from diagnostics.suite import Recording
from diagnostics.tape import TapeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens, and the invented key it accepts."""

    base_url: str
    key: str


def live(
    where: Server,
    *,
    clock: Clock | None = None,
    local: AsgiTransport | None = None,
    provider: str = "akool",
) -> tuple[Contract, Live, Recording]:
    """A driver towards that server, and the tape (in memory, gated) that its callers fill."""
    contract, gate = load(provider), Gate()
    gate.register(where.key, f"{provider}-api-key")
    recording = Recording(TapeFile(None, gate))  # type: ignore[arg-type]  # never begun: memory only
    host = where.base_url.partition("://")[2].partition(":")[0]
    driver = Live(
        contract=contract,
        target=Target(kind=TargetKind.EMULATOR, provider=provider, base_url=where.base_url),
        authority=Authority(
            contract=contract,
            values={contract.schemes[0].variables[0]: where.key},
            register=gate.register,
            hosts=frozenset({*contract.hosts, host}),
        ),
        budget=Budget(kind=TargetKind.EMULATOR),
        clock=clock or RealClock(),
        recorder=recording,
        local={host: local} if local else {},
    )
    return contract, driver, recording


def conversations(
    contract: Contract, driver: Live, recording: Recording, clock: Clock | None = None
) -> Conversations:
    """What carries out asks with that driver and writes that tape."""
    return Conversations(
        driver=driver,
        policy=Policy(contract=contract, retry=RetryPolicy(), random=random.Random(0)),
        clock=clock or RealClock(),
        recorder=recording,
        scenario="benchmark",
    )


def free_read(contract: Contract, number: int) -> Request:
    """An authenticated read that costs nothing."""
    return contract.request(contract.roles["balance"], label=f"check {number}")
