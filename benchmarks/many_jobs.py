"""What do a thousand jobs of ten virtual minutes cost, each polled every 5 s, through httpx?"""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.table import Row
from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.conversation import Conversations
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.drive.policy import Policy
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import load_plan
from diagnostics.jobs import follow, identity
from diagnostics.model import Ask, PollPolicy, RetryPolicy, Target, TargetKind
from diagnostics.prepare import with_samples
from diagnostics.redact import Gate
from diagnostics.suite import Recording
from diagnostics.tape import TapeFile

TEN_MINUTES_S = 600.0
"""`job-stuck` never ends, so 120 polls of 5 s are exactly ten minutes."""


def jobs(count: int) -> tuple[float, int]:
    """Seconds and exchanges of `count` jobs at once."""
    contract, clock = load("akool"), VirtualClock()
    base = "http://akool.emulator.test"
    emulator = Emulator(
        contract, clock=clock, faults=load_plan("job-stuck"), base_url=base, credits=1e9
    )
    gate, recording = Gate(), None
    gate.register(emulator.key, "akool-api-key")
    recording = Recording(TapeFile(None, gate))  # type: ignore[arg-type]  # never begun: memory only
    target = Target(kind=TargetKind.EMULATOR, provider="akool", base_url=base)
    authority = Authority(
        contract=contract,
        values={contract.schemes[0].variables[0]: emulator.key},
        register=gate.register,
        hosts=frozenset({*contract.hosts, "akool.emulator.test"}),
    )
    driver = Live(
        contract=contract,
        target=target,
        authority=authority,
        budget=Budget(kind=TargetKind.EMULATOR),
        clock=clock,
        recorder=recording,
        local={"akool.emulator.test": AsgiTransport(emulator)},
    )
    import random  # noqa: PLC0415  # beside its use

    conversations = Conversations(
        driver=driver,
        policy=Policy(contract=contract, retry=RetryPolicy(), random=random.Random(0)),
        clock=clock,
        recorder=recording,
        scenario="job",
    )

    async def all_of_them() -> None:
        await asyncio.gather(*(conversations.run(_job(contract, base)) for _ in range(count)))

    before = time.perf_counter()
    run(all_of_them(), clock)
    return time.perf_counter() - before, len(recording.exchanges)


def _job(contract: Contract, base: str) -> Ask:
    operation = contract.operations["createTalkingPhoto"]
    body = dict(next(iter(operation.examples.values())))
    made = yield contract.request(
        operation.id, body=with_samples(body, operation, f"{base}/_media")
    )
    job_id = identity(contract, operation, made)
    assert job_id is not None
    yield from follow(contract, operation, job_id, PollPolicy(max_polls=120))


def rows() -> Sequence[Row]:
    """The table's rows."""
    few_s, _ = jobs(10)
    many_s, exchanges = jobs(1_000)
    growth = (many_s / 1_000) / (few_s / 10)
    return (
        Row("1,000 jobs of ten virtual minutes", f"{many_s:.1f} s, {exchanges:,} exchanges", "≤ 15 s", many_s <= 15),
        Row("cost per job, 1,000 against 10", f"{growth:.2f} ×", "≤ 1.2 ×", growth <= 1.2),
    )
