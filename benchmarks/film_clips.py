"""How much sooner are three scenes generated together than one after the other?

In virtual time against the emulator: every job takes 8 s in the queue and 50 s to run, is polled
every 5 s, and generation ends with the poll that says so.
"""

import random
from collections.abc import Iterator

from benchmarks.table import Row
from diagnostics.contract import Contract
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.conversation import Conversations
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.drive.policy import Policy
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, FaultRule
from diagnostics.film.asking import clip_request
from diagnostics.film.cast import cast
from diagnostics.film.order import Film
from diagnostics.jobs import follow, identity
from diagnostics.model import Ask, PollPolicy, RetryPolicy, Target, TargetKind, Together
from diagnostics.redact import Gate
from diagnostics.suite import Recording
from diagnostics.tape import TapeFile

SCENES = 3
_JOB = {"queue_s": 8.0, "run_s": 50.0}


def rows(contract: Contract | None = None) -> Iterator[Row]:
    """Virtual seconds of both ways, each with an emulator of its own."""
    maker = contract or cast(None)
    together_s, after_s = generated(maker, together=True), generated(maker, together=False)
    ratio = after_s / together_s
    yield Row(
        what="three scenes generated together",
        measured=f"{together_s:.1f} s (virtual)",
        baseline=f"one after the other {after_s:.1f} s",
        ratio=f"{ratio:.2f} ×",
        reach="≥ 2.9 × faster",
        reached=ratio >= 2.9,
    )


def generated(contract: Contract, *, together: bool) -> float:
    """Seconds until the last clip is there."""
    clock, gate = VirtualClock(), Gate()
    rule = FaultRule(target=("create",), do={"job": _JOB})
    emulator = Emulator(contract, clock=clock, faults=FaultPlan(name="alike", rules=(rule,)))
    host = f"{contract.name}.emulator.test"
    recording = Recording(TapeFile(None, gate))  # type: ignore[arg-type]  # never begun: memory only
    where = Target(kind=TargetKind.EMULATOR, provider=contract.name, base_url=emulator.base_url)
    driver = Live(
        contract=contract,
        target=where,
        authority=Authority(
            contract=contract,
            values={contract.schemes[0].variables[0]: emulator.key},
            register=gate.register,
            hosts=frozenset({*contract.hosts, host}),
        ),
        budget=Budget(kind=TargetKind.EMULATOR),
        clock=clock,
        recorder=recording,
        local={host: AsgiTransport(emulator)},
    )
    voices = Conversations(
        driver=driver,
        policy=Policy(contract=contract, retry=RetryPolicy(), random=random.Random(0)),
        clock=clock,
        recorder=recording,
        scenario="benchmark",
    )
    clips = [_clip(contract, number) for number in range(1, SCENES + 1)]
    made = run(voices.run(_at_once(clips) if together else _in_turn(clips)), clock)
    assert all(made), "every scene has its clip"
    return clock.monotonic()


def _clip(contract: Contract, number: int) -> Ask:
    operation = contract.operations[contract.roles["clip"]]
    made = yield clip_request(contract, Film(prompt="a fox"), number, f"a fox, shot {number}")
    job_id = identity(contract, operation, made)
    assert job_id is not None, made.answer
    return (yield from follow(contract, operation, job_id, PollPolicy()))


def _at_once(clips: list[Ask]) -> Ask:
    return (yield Together(asks=tuple(clips)))


def _in_turn(clips: list[Ask]) -> Ask:
    made = []
    for clip in clips:
        made.append((yield from clip))  # noqa: PERF401  # a comprehension cannot `yield from`
    return made
