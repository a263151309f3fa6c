"""Each named fault gives its verdict, blame and code: in this process, and over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from diagnostics import contract_load
from diagnostics.cli import discover
from diagnostics.cli.main import main
from diagnostics.contract import Contract
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.live import Live
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import load_plan, names
from diagnostics.emulator.serve import base_url, bound, server
from diagnostics.finding import Report
from diagnostics.judge import judge
from diagnostics.model import (
    Blame,
    Case,
    KeyFacts,
    Target,
    TargetKind,
    Verdict,
)
from diagnostics.prepare import plan
from diagnostics.redact import Gate
from diagnostics.scenario import Scenario
from diagnostics.suite import Recording, Suite
from diagnostics.tape import TapeFile

Row = tuple[str, str, str, str | None]
"""A fault (with its provider, where that is not AKOOL: `replicate/job-aborted`), and what is
concluded from it."""

ISSUE: tuple[Row, ...] = (
    ("overload-1015", "warn", "provider", "1015"),
    ("outage-1015", "fail", "provider", "1015"),
    ("unreachable-media", "fail", "media", "1015"),
    ("wrong-media-type", "fail", "media", "1015"),
    ("bad-key", "fail", "credentials", "1101"),
    ("empty-key", "fail", "credentials", "1102"),
    ("banned", "fail", "account", "1200"),
    ("unpaid", "fail", "account", "1103"),
    ("quota-exhausted", "fail", "quota", "1006"),
    ("throttled", "fail", "rate-limit", "1005"),
    ("rejected-parameters", "fail", "parameters", "1003"),
    ("moved-endpoints", "fail", "endpoint", "404"),
    ("status-404", "fail", "endpoint", "404"),
    ("job-fails", "fail", "provider", "4"),
    ("job-stuck", "fail", "provider", None),
    ("job-backwards", "warn", "provider", None),
    ("unknown-state", "inconclusive", "undecided", None),
    ("done-without-url", "fail", "delivery", None),
    ("expired-output", "fail", "delivery", "403"),
    ("html-502", "fail", "provider", "502"),
    ("connection-reset", "fail", "network", None),
    ("lost-answer", "fail", "network", None),
    ("truncated-json", "fail", "provider", "200"),
    ("slow", "warn", "provider", None),
    ("hang", "fail", "network", None),
    ("clock-skew", "warn", "client", None),
    ("account-not-found-1109", "fail", "account", "1109"),
)
"""The named faults of issue 2, and what each must come to."""

SCENES = "scenes-"
"""Plans of a film, which no suite makes: `tests/test_scenes*.py` play them."""
OTHERS = tuple(
    (f"{provider}/{name}", str(expect["verdict"]), str(expect["blame"]), expect.get("code"))
    for name in names()
    if name not in {row[0] for row in ISSUE} and not name.startswith(SCENES)
    for plan in [load_plan(name)]
    for provider in plan.providers or ("akool",)
    for expect in [plan.expect]
)
"""Every further plan that ships, by each provider it is made for, and what it says of itself."""

EXITS = {"pass": 0, "warn": 0, "fail": 1, "inconclusive": 3}
ROWS = [*ISSUE, *OTHERS]
TABLE = pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])


@TABLE
def test_in_this_process_each_fault_gets_its_blame(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, verdict, blame, code = row
    provider, fault = _split(wanted)
    options = ["--json", "--out", str(tmp_path), "--format", "json"]
    exit_code = main(["run", "--provider", provider, "--fault", fault, *options])
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["blame"]) == (verdict, blame)
    assert code is None or told["code"] == code
    assert exit_code == EXITS[verdict]


@TABLE
def test_over_a_socket_each_fault_gets_the_same_blame(row: Row) -> None:
    wanted, verdict, blame, code = row
    provider, fault = _split(wanted)
    report = over_a_socket(fault, provider)
    found = report.judgement
    assert (found.verdict, found.blame) == (verdict, blame)
    assert code is None or found.code == code


ANY_CALL = ("connection-reset", "html-502", "unavailable-503", "clock-skew", "hang")
"""Plans that need nothing of a provider but a call."""
ANY_JOB = (
    "cut-body",
    "cut-download",
    "done-without-url",
    "expired-output",
    "job-backwards",
    "job-stuck",
    "late-output",
    "lost-answer",
    "malformed-json",
    "slow",
    "status-404",
    "truncated-json",
    "unknown-state",
)
"""Plans that need a job with a result file; one slow answer of a language model is its pace."""


def _makes_files(provider: str) -> bool:
    contract = contract_load.load(provider)
    job = contract.operations[contract.roles["example"]].job
    return job is not None and bool(job.output)


ELSEWHERE = [
    (provider, fault)
    for provider in contract_load.providers()
    if provider != "akool"
    for fault in (*ANY_CALL, *(ANY_JOB if _makes_files(provider) else ()))
]


@pytest.mark.parametrize(("provider", "fault"), ELSEWHERE)
def test_a_mechanism_gets_the_same_blame_whoever_the_provider_is(
    provider: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--json", "--out", str(tmp_path), "--format", "json"]
    main(["run", "--provider", provider, "--fault", fault, *options])
    told = json.loads(capsys.readouterr().out)
    expected = load_plan(fault).expect
    assert (told["verdict"], told["blame"]) == (expected["verdict"], expected["blame"])


def _split(wanted: str) -> tuple[str, str]:
    provider, _, fault = wanted.rpartition("/")
    return provider or "akool", fault


def test_every_plan_says_what_a_run_has_to_conclude() -> None:
    silent = [name for name in names() if not load_plan(name).expect or not load_plan(name).story]
    assert silent == []


PROVIDERS = pytest.mark.parametrize("provider", contract_load.providers())


@PROVIDERS
def test_a_healthy_emulator_passes_and_blames_nobody(
    provider: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--json", "--out", str(tmp_path), "--format", "json"]
    assert main(["run", "--provider", provider, *options]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["blame"]) == ("pass", "none")
    assert told["target"]["kind"] == "emulator"
    assert told["virtual_time"] is True
    idle = [s["name"] for s in told["scenarios"] if s["note"]]
    assert [s["name"] for s in told["scenarios"] if s["verdict"] != "pass"] == idle
    assert provider != "akool" or idle == []


@PROVIDERS
def test_a_healthy_emulator_on_a_socket_passes_too(provider: str) -> None:
    found = over_a_socket(None, provider).judgement
    assert (found.verdict, found.blame) == (Verdict.PASS, Blame.NONE)


def test_a_lost_answer_sends_the_create_once_and_calls_it_ambiguous() -> None:
    report = over_a_socket("lost-answer")
    creates = [e for e in report.tape if e.request.operation == "createTalkingPhoto"]
    sent = [e for e in creates if e.scenario == "job"]
    assert len(sent) == 1
    assert [one.operation for one in report.ambiguous] == ["createTalkingPhoto"]
    assert report.spending.credits_spent == 10
    assert "fell by 10" in report.ambiguous[0].looked_up


def test_unfit_inputs_are_not_hammered_with_retries() -> None:
    report = over_a_socket("unreachable-media")
    creates = [
        e
        for e in report.tape
        if e.request.operation == "createTalkingPhoto" and e.scenario == "job"
    ]
    assert len(creates) == 1


def test_an_outage_is_tried_as_often_as_seed_000_says() -> None:
    report = over_a_socket("outage-1015")
    creates = [
        e
        for e in report.tape
        if e.request.operation == "createTalkingPhoto" and e.scenario == "job"
    ]
    assert [e.attempt for e in creates] == [1, 2, 3, 4, 5]


# --- the emulator on a socket, in virtual time ------------------------------------------------


class LoopbackClock(VirtualClock):
    """Virtual although sockets are real: both ends live in one loop, so no byte is ever waited
    for, and jumping over it is impossible.
    """

    @asynccontextmanager
    async def real(self) -> AsyncIterator[None]:
        yield


def over_a_socket(fault: str | None, provider: str = "akool") -> Report:
    """What the whole suite finds in an emulator that listens on 127.0.0.1."""
    clock = LoopbackClock()
    return run(_examined(fault, contract_load.load(provider), clock), clock)


async def _examined(fault: str | None, contract: Contract, clock: VirtualClock) -> Report:
    listener = bound("127.0.0.1", 0)
    base = base_url(listener)
    emulator = Emulator(
        contract, clock=clock, faults=load_plan(fault) if fault else None, base_url=base
    )
    listening = asyncio.Event()
    serving = server(emulator, listening.set)
    task = asyncio.create_task(serving.serve(sockets=[listener]))
    await listening.wait()
    try:
        return await _suite(contract_case(contract, base, emulator), contract, emulator, clock)
    finally:
        serving.should_exit = True
        await task


def contract_case(contract: Contract, base: str, emulator: Emulator) -> Case:
    target = Target(
        kind=TargetKind.EMULATOR,
        provider=contract.name,
        base_url=base,
        media_base=emulator.media_base,
    )
    scheme = contract.schemes[0]
    return Case(
        run_id="test",
        target=target,
        plan=plan(contract.operations[_called(contract, emulator)], target, None),
        keys=(
            KeyFacts(
                name=scheme.variables[0],
                present=True,
                length=len(emulator.key),
                origin="emulator",
            ),
        ),
        auth_headers=(scheme.header,),
    )


def _called(contract: Contract, emulator: Emulator) -> str:
    """The call of which the plan tells, else the provider's example."""
    told = emulator.plan.operation if emulator.plan else ""
    return told or contract.roles["example"]


async def _suite(case: Case, contract: Contract, emulator: Emulator, clock: VirtualClock) -> Report:
    gate = Gate()
    recording = Recording(TapeFile(Path("unused"), gate))
    driver = Live(
        contract=contract,
        target=case.target,
        authority=Authority(
            contract=contract,
            values={contract.schemes[0].variables[0]: emulator.key},
            register=gate.register,
            hosts=frozenset({"127.0.0.1"}),
        ),
        budget=Budget(kind=TargetKind.EMULATOR),
        clock=clock,
        recorder=recording,
    )
    scenarios: Sequence[Scenario] = tuple(
        one for one in discover.scenarios().values() if not one.on_request
    )
    suite = Suite(
        contract=contract,
        case=case,
        scenarios=scenarios,
        driver=driver,
        clock=clock,
        recording=recording,
    )
    try:
        await suite.run()
    finally:
        await driver.aclose()
    return judge(contract, suite.tape, scenarios)
