"""How soon is the failure of a job noticed, and how often is it asked about then?

Every final state but success of every provider's usual job, and its answer for a job that is gone,
is played by the emulator from the third status answer on: the first that tells of it must be the
last that is asked for.
"""

from collections.abc import Iterator

from benchmarks.table import Row
from benchmarks.wiring import Server, conversations, live
from diagnostics.contract import Contract
from diagnostics.contract_load import load, providers
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, FaultRule
from diagnostics.jobs import follow, identity
from diagnostics.model import Ask, PollPolicy, Target, TargetKind
from diagnostics.prepare import emulator_host, plan
from diagnostics.promise import Operation, StateKind

WHAT = "a job's failure is noticed"
FIRST = 3
"""The status answer that first tells of it."""


def rows() -> Iterator[Row]:
    """One row: the worst of all states of all providers."""
    reads = [asked(*one) for one in ends()]
    assert min(reads) >= FIRST, "a job ended before its end was told"
    after = max(reads) - FIRST
    yield Row(
        what=WHAT,
        measured=f"at its first poll, {after} polls after it",
        baseline=f"{len(reads)} ends of {len(providers())} providers",
        reach="0 after it",
        reached=after == 0,
    )


def ends() -> Iterator[tuple[Contract, Operation, FaultRule]]:
    """Each provider's usual job with each way in which it can end badly."""
    for contract in map(load, providers()):
        operation = _usual(contract)
        assert operation.job is not None
        bad = (StateKind.FAILED, StateKind.CLOSED, StateKind.WAITING)
        early = next(s.value for s in operation.job.states.values() if not s.final)
        for state in operation.job.states.values():
            if state.kind in bad:
                polls = [early] * (FIRST - 1) + [state.value] * 100
                yield (
                    contract,
                    operation,
                    FaultRule(target=("create",), do={"job": {"polls": polls}}),
                )
        gone = (code.code for code in contract.errors.values() if code.state == "not_found")
        for code in gone:
            later = ((FIRST, float("inf")),)
            yield contract, operation, FaultRule(target=("read",), calls=later, do={"code": code})


def _usual(contract: Contract) -> Operation:
    """The create of the example, else the first whose job can be followed."""
    named = contract.operations[contract.roles["example"]]
    jobs = (one for one in contract.operations.values() if one.job is not None and one.examples)
    return named if named.job is not None else next(jobs)


def asked(contract: Contract, operation: Operation, rule: FaultRule) -> int:
    """How many status reads a job is given that ends so."""
    base, clock = f"http://{emulator_host(contract.name)}", VirtualClock()
    faults = FaultPlan(name="end", rules=(rule,))
    emulator = Emulator(contract, clock=clock, faults=faults, base_url=base, credits=1e9)
    where = Server(base_url=base, key=emulator.key)
    _, driver, recording = live(
        where, clock=clock, local=AsgiTransport(emulator), provider=contract.name
    )
    voices = conversations(contract, driver, recording, clock)
    run(voices.run(_job(contract, operation, base)), clock)
    assert operation.job is not None
    return sum(one.request.operation == operation.job.read for one in recording.exchanges)


def _job(contract: Contract, operation: Operation, base: str) -> Ask:
    target = Target(
        kind=TargetKind.EMULATOR,
        provider=contract.name,
        base_url=base,
        media_base=f"{base}/_media",
    )
    known = plan(operation, target, None)
    made = yield contract.request(operation.id, body=known.body, query=known.query, path=known.path)
    job_id = identity(contract, operation, made)
    assert job_id is not None, made.answer
    yield from follow(contract, operation, job_id, PollPolicy(max_polls=20))
