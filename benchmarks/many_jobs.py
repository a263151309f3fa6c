"""What do a thousand jobs of ten virtual minutes cost, each polled every 5 s, through httpx?

The fault plan `job-stuck` never ends a job, so 120 polls of 5 s are exactly ten minutes. Every
exchange is an `httpx` request through an `httpx` transport, gated and kept on a tape.
"""

import asyncio
import copy
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.table import Row
from benchmarks.wiring import Server, conversations, live
from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import load_plan
from diagnostics.jobs import follow, identity
from diagnostics.model import Ask, PollPolicy
from diagnostics.prepare import with_samples

JOBS = "1,000 jobs of ten virtual minutes"
GROWTH = "cost per job, 1,000 against 10"
BASE_URL = "http://akool.emulator.test"
POLLS = 120
FEW, MANY = 10, 1_000


def rows(few: int = FEW, many: int = MANY, rounds: int = 9) -> Iterator[Row]:
    """Few, many, few again: the median of the few before and after stands against the many."""
    jobs(1)
    before = [jobs(few)[0] for _ in range(rounds)]
    many_s, exchanges = jobs(many)
    few_s = median([*before, *(jobs(few)[0] for _ in range(rounds))])
    growth = (many_s / many) / (few_s / few)
    yield Row(
        what=JOBS,
        measured=f"{many_s:.1f} s ({many_s / exchanges * 1e6:.0f} µs an exchange)",
        baseline=f"{exchanges:,} exchanges",
        reach="≤ 15 s",
        reached=many_s <= 15,
    )
    yield Row(
        what=GROWTH,
        measured=f"{many_s / many * 1e3:.1f} ms a job",
        baseline=f"{few_s / few * 1e3:.1f} ms a job at {few}",
        ratio=f"{growth:.2f} ×",
        reach="≤ 1.2 ×",
        reached=growth <= 1.2,
    )


def jobs(count: int, polls: int = POLLS) -> tuple[float, int]:
    """Seconds and exchanges of that many jobs at once."""
    contract, clock = load("akool"), VirtualClock()
    emulator = Emulator(
        contract, clock=clock, faults=load_plan("job-stuck"), base_url=BASE_URL, credits=1e9
    )
    where = Server(base_url=BASE_URL, key=emulator.key)
    _, driver, recording = live(where, clock=clock, local=AsgiTransport(emulator))
    voices = conversations(contract, driver, recording, clock)

    async def all_of_them() -> None:
        await asyncio.gather(*(voices.run(_job(contract, polls)) for _ in range(count)))

    before = time.perf_counter()
    run(all_of_them(), clock)
    return time.perf_counter() - before, len(recording.exchanges)


def _job(contract: Contract, polls: int) -> Ask:
    operation = contract.operations[contract.roles["example"]]
    body = copy.deepcopy(next(iter(operation.examples.values())))
    made = yield contract.request(
        operation.id, body=with_samples(body, operation, f"{BASE_URL}/_media")
    )
    job_id = identity(contract, operation, made)
    assert job_id is not None, made.answer
    yield from follow(contract, operation, job_id, PollPolicy(max_polls=polls))
