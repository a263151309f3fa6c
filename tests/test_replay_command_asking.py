"""Asked again: gated addresses, tokens that nobody asked for, retries, films, cut recordings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import contract_load
from diagnostics.captures.tape import origin_of
from diagnostics.cli import discover
from diagnostics.cli.main import main
from diagnostics.cli.redrive import Redriven, redrive
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, load_plan
from diagnostics.model import (
    Case,
    Exchange,
    Origin,
    Purpose,
    Request,
    Response,
    Tape,
    Target,
    TargetKind,
    Unsent,
)
from diagnostics.prepare import plan
from diagnostics.redact import Gate
from diagnostics.suite import Recording, Suite
from diagnostics.tape import TapeFile
from tests.emulating import plan_of

AKOOL = contract_load.load("akool")
START_S = 1_795_000_000.0
SIGNED = (
    "https://results.example.com/video.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Date=20261121T070000Z&X-Amz-Expires=3600&X-Amz-Signature=" + "5eed" * 16
)


def recorded(
    fault: str | FaultPlan | None = None,
    *,
    tokens: bool = False,
    kind: TargetKind = TargetKind.EMULATOR,
) -> Tape:
    """A whole run against the emulator in this process, gated as it is on disk."""
    clock = VirtualClock(START_S)
    emulator = Emulator(AKOOL, clock=clock, faults=_plan(fault))
    target = Target(
        kind=kind,
        provider="akool",
        base_url=emulator.base_url,
        media_base=emulator.media_base,
    )
    case = Case(
        run_id="test",
        target=target,
        plan=plan(AKOOL.operations["createTalkingPhoto"], target, None),
        started_s=START_S,
        virtual_time=True,
        scenarios=tuple(name for name, one in discover.scenarios().items() if not one.on_request),
    )
    values = {"AKOOL_API_KEY": emulator.key}
    if tokens:
        values = {
            "AKOOL_CLIENT_ID": emulator.client_id,
            "AKOOL_CLIENT_SECRET": emulator.client_secret,
        }
    return run(_suite(case, emulator, clock, values), clock)


def _plan(fault: str | FaultPlan | None) -> FaultPlan | None:
    return load_plan(fault) if isinstance(fault, str) else fault


async def _suite(
    case: Case, emulator: Emulator, clock: VirtualClock, values: dict[str, str]
) -> Tape:
    gate = Gate()
    for value in values.values():
        gate.register(value, "akool-key")
    recording = Recording(TapeFile(Path("unused"), gate))
    host = emulator.base_url.partition("://")[2]
    driver = Live(
        contract=AKOOL,
        target=case.target,
        authority=Authority(
            contract=AKOOL,
            values=values,
            register=gate.register,
            hosts=frozenset({*AKOOL.hosts, host}),
            now=clock.now,
        ),
        budget=Budget(kind=case.target.kind),
        clock=clock,
        recorder=recording,
        local={host: AsgiTransport(emulator)},
    )
    every = discover.scenarios()
    suite = Suite(
        contract=AKOOL,
        case=case,
        scenarios=[every[name] for name in case.scenarios],
        driver=driver,
        clock=clock,
        recording=recording,
    )
    try:
        await suite.run()
    finally:
        await driver.aclose()
    return suite.tape


def again(tape: Tape) -> Redriven:
    return redrive(AKOOL, tape, Gate())


def tokens_of(tape: Tape) -> list[Exchange]:
    """Those bought; the addresses of that call are probed as well."""
    return [
        e for e in tape if e.request.operation == "getToken" and e.request.purpose is Purpose.CALL
    ]


def sent(tape: Tape) -> int:
    return sum(1 for one in tape if not isinstance(one.answer, Unsent))


# --- what the run knew and the tape does not ----------------------------------------------------


def test_a_signed_result_address_is_asked_for_by_its_placeholder() -> None:
    tape = _with_signed_results(recorded())
    text = repr(list(tape))
    assert "5eed" * 16 not in text
    assert "X-Amz-Expires" in text
    found = again(tape)
    assert found.alike
    assert found.answered == sent(tape)


def _with_signed_results(tape: Tape) -> Tape:
    """As a provider answers who signs his results: the gate hides the signature on the tape."""
    job = next(e for e in tape if e.request.purpose.value == "media" and e.scenario == "job")
    plain = job.request.url.encode()
    gate = Gate()
    return Tape(case=tape.case, exchanges=[gate.exchange(_signed(e, plain)) for e in tape])


def _signed(exchange: Exchange, plain: bytes) -> Exchange:
    request, answer = exchange.request, exchange.answer
    if request.url.encode() == plain:
        request = replace(request, url=SIGNED)
    if isinstance(answer, Response):
        answer = replace(answer, body=answer.body.replace(plain, SIGNED.encode()))
    return replace(exchange, request=request, answer=answer)


def test_tokens_are_bought_by_the_driver_and_asked_for_by_nobody() -> None:
    tape = recorded(tokens=True)
    bought = tokens_of(tape)
    assert bought
    found = again(tape)
    assert found.alike
    assert found.by_driver == len(bought)
    assert found.answered == sent(tape) - len(bought)


def test_a_call_made_again_with_a_new_token_is_asked_once(tmp_path: Path) -> None:
    worn = {"target": "read", "calls": 2, "do": {"tokens": "expired", "code": 1101}}
    tape = recorded(plan_of(tmp_path, worn), tokens=True)
    bought = tokens_of(tape)
    assert len(bought) == 2
    found = again(tape)
    assert found.alike
    assert found.by_driver == len(bought) + 1
    assert found.answered == sent(tape) - found.by_driver


def test_attempts_of_one_call_come_in_their_order_whatever_the_jitter() -> None:
    tape = recorded("overload-1015")
    retried = [e for e in tape if e.attempt > 1]
    assert retried
    reseeded = Tape(case=replace(tape.case, seed=99), exchanges=tape.exchanges)
    assert again(reseeded).alike


@pytest.mark.parametrize("fault", [None, "unreachable-media"])
def test_what_a_live_run_kept_back_is_kept_back_again(fault: str | None) -> None:
    """No budget was given; or the inputs could not work, and the paid call was spared."""
    tape = recorded(fault, kind=TargetKind.LIVE)
    spared = [e for e in tape if e.request.spends and isinstance(e.answer, Unsent)]
    assert spared
    found = again(tape)
    assert found.alike
    assert found.answered == sent(tape)


# --- what is asked and not recorded, and the other way round ------------------------------------


def test_a_missing_recording_is_named_with_the_nearest() -> None:
    tape = recorded()
    lost = next(e for e in tape if e.scenario == "job" and e.request.spends)
    rest = [e for e in tape if e.position != lost.position]
    found = again(Tape(case=tape.case, exchanges=rest))
    assert not found.alike
    told = [one.told() for one in found.misses]
    assert any("createbytalkingphoto" in one for one in told)


def test_a_recording_nobody_asks_for_is_counted() -> None:
    tape = recorded()
    stranger = replace(
        tape.exchanges[-1],
        request=Request(method="GET", url="https://openapi.akool.com/api/none/of/ours"),
        answer=Response(status=200),
        position=len(tape),
    )
    found = again(Tape(case=tape.case, exchanges=[*tape, stranger]))
    assert [one.position for one in found.unplayed] == [len(tape)]
    assert found.misses == ()


def test_a_scenario_that_never_began_is_not_asked_now() -> None:
    """The run was killed, or stopped at its deadline: what it did ask is judged."""
    tape = recorded()
    begun = [e for e in tape if e.scenario in {"parameters", "network", "credentials"}]
    found = again(Tape(case=tape.case, exchanges=begun))
    assert found.alike
    assert found.asked == sent(Tape(case=tape.case, exchanges=begun))


@pytest.mark.parametrize("started_s", [float("nan"), float("inf"), -1e300, 1e300])
def test_a_run_that_began_at_no_time_is_asked_again_all_the_same(started_s: float) -> None:
    tape = recorded("overload-1015")
    assert again(Tape(case=replace(tape.case, started_s=started_s), exchanges=tape.exchanges)).alike


def test_asking_again_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    again(recorded())
    assert list(tmp_path.iterdir()) == []


def test_a_film_is_asked_again_stage_by_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--scenes", "2", "--duration", "5", "--size", "64x36", "--fps", "5"]
    main(["scenes", "A sunset", *options, "--out", str(tmp_path), "--json", "--format", "zip"])
    made = json.loads(capsys.readouterr().out)
    assert main(["replay", made["report"]["zip"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["replay"]["bundle"]["same"]
    assert told["replay"]["alike"]


def test_the_origin_is_told_by_the_target(tmp_path: Path) -> None:
    tape = recorded()
    live = replace(tape.case, target=replace(tape.case.target, kind=TargetKind.LIVE))
    assert origin_of(tape.case) is Origin.EMULATED
    assert origin_of(replace(live, target=replace(live.target, media_base=None))) is Origin.LIVE
