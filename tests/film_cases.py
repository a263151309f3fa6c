"""Two made-up providers that make a film together, and how a test plays the whole pipeline.

`clips` makes clips the way Replicate does, `pen` writes scripts the way OpenAI does; neither has a
file: what the scenario needs of a provider is only what a `Contract` says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diagnostics.contract import Contract
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.drive.several import Several
from diagnostics.drive.wire import SocketTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, load_plan
from diagnostics.film.fetch import Fetcher
from diagnostics.film.order import Film, written
from diagnostics.film.stages import Stage, stages
from diagnostics.film.studio import Joined, Studio
from diagnostics.finding import Report
from diagnostics.judge import judge
from diagnostics.model import (
    Blame,
    Case,
    Json,
    Retry,
    RetryPolicy,
    Tape,
    Target,
    TargetKind,
    Text,
)
from diagnostics.promise import (
    Envelope,
    ErrorCode,
    Job,
    Meaning,
    Operation,
    Parameter,
    Price,
    Scheme,
    Source,
    State,
    StateKind,
)
from diagnostics.redact import Gate
from diagnostics.suite import Recording, Suite
from diagnostics.tape import TapeFile
from scenarios.scenes import SCENARIO

START_S = 1_795_000_000.0
HERE = Source(page="made up for the tests")
FILM = Film(
    prompt="A red fox crosses the snow. It finds a lamp. The lamp wakes.", width=320, height=180
)
STATES = {
    "starting": StateKind.PENDING,
    "processing": StateKind.RUNNING,
    "succeeded": StateKind.DONE,
    "failed": StateKind.FAILED,
}


def _error(code: str, says: str, blame: Blame, retry: Retry, **more: Any) -> ErrorCode:
    remedy = Text(en=f"mend {code}", ru=f"исправьте {code}")
    meanings = (Meaning(text=says),)
    return ErrorCode(
        code=code, meanings=meanings, blame=blame, retry=retry, remedy=remedy, source=HERE, **more
    )


def _contract(name: str, operations: tuple[Operation, ...], **more: Any) -> Contract:
    host = operations[0].host
    variable = f"{name.upper()}_API_KEY"
    key = Scheme(name="key", header="Authorization", prefix="Bearer ", variables=(variable,))
    envelope = Envelope(
        name="default",
        failure=("error.message", "detail"),
        codes=("error.code",),
        messages=("error.message", "detail"),
        example={"error": {"message": "", "code": ""}},
    )
    return Contract(
        name=name,
        title=name.title(),
        host=host,
        hosts=(host.partition("://")[2],),
        support={},
        envelopes={"default": envelope},
        schemes=(key,),
        operations={op.id: op for op in operations},
        limits={},
        identifiers={},
        **more,
    )


def clips() -> Contract:
    """Makes clips. One create is followed to its end."""
    host = "https://api.clips.invalid"
    prediction = {"id": "abcdefghij", "status": "starting", "output": None, "error": None}
    job = Job(
        family="prediction",
        id=("id",),
        read="getClip",
        read_in="path",
        read_name="id",
        status=("status",),
        states={name: State(value=name, name=name, kind=kind) for name, kind in STATES.items()},
        output=("output",),
        reason=("error",),
        lifetime_days=1 / 24,
    )
    schema = {"type": "object", "properties": {"input": {"type": "object"}}}
    made = Operation(
        id="createModelPrediction", method="POST", host=host, title="Make a clip",
        path="/v1/models/{owner}/{name}/clips", source=HERE, job=job, body_schema=schema,
        parameters=tuple(
            Parameter(name=part, place="path", required=True, schema={"example": part})
            for part in ("owner", "name")
        ),
        examples={"usual": {"input": {"prompt": "a", "duration": 5, "aspect_ratio": "16:9"}}},
        answer=prediction, success_status=201,
    )  # fmt: skip
    read = Operation(
        id="getClip", method="GET", host=host, path="/v1/clips/{id}", title="Read a clip",
        source=HERE, price=Price(free=True),
        answer={**prediction, "status": "succeeded", "output": "https://files.invalid/out.mp4"},
    )  # fmt: skip
    errors = (
        _error("429", "too many requests", Blame.RATE_LIMIT, Retry.BACKOFF, http=429),
        _error("E1001", "out of memory", Blame.PARAMETERS, Retry.NEVER, pattern=r"\bE1001\b"),
        _error(
            "E005", "flagged as sensitive", Blame.CONTENT_POLICY, Retry.NEVER, pattern=r"\bE005\b"
        ),
    )
    return _contract(
        "clips",
        (made, read),
        roles={"clip": "createModelPrediction", "example": "createModelPrediction"},
        errors={one.code: one for one in errors},
    )


def pen() -> Contract:
    """Writes scripts."""
    write = Operation(
        id="createChatCompletion", method="POST", host="https://api.pen.invalid", title="Write",
        path="/v1/chat/completions", source=HERE,
        body_schema={"type": "object", "properties": {"messages": {"type": "array"}}},
        answer=said(script(3)),
    )  # fmt: skip
    wrong = _error("401", "wrong key", Blame.CREDENTIALS, Retry.NEVER, http=401)
    return _contract(
        "pen", (write,), roles={"write": "createChatCompletion"}, errors={"401": wrong}
    )


def both() -> Contract:
    """The pipeline's two providers."""
    return replace(clips(), partners={"pen": pen()})


def said(content: str | None, reason: str = "stop", **more: Json) -> dict[str, Json]:
    """A chat completion."""
    message = {"role": "assistant", "content": content, **more}
    return {"choices": [{"index": 0, "message": message, "finish_reason": reason}]}


def script(count: int) -> str:
    """What the model ought to answer."""
    scenes = [{"prompt": f"a fox in the snow, shot {n}"} for n in range(1, count + 1)]
    return json.dumps({"scenes": scenes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a whole film."""

    report: Report
    stages: Mapping[str, Stage]
    folder: Path

    def codes(self) -> set[str]:
        """Of every finding."""
        return {finding.rule.code for finding in self.report.findings}


def play(  # noqa: PLR0913  # each is a seam of the pipeline
    folder: Path,
    faults: FaultPlan | str | Mapping[str, FaultPlan] | None = None,
    *,
    film: Film = FILM,
    contract: Contract | None = None,
    joined: Joined | None = None,
    began_s: float = START_S,
    **seams: Any,
) -> Played:
    """The whole pipeline against two emulators in this process."""
    known, clock, gate = contract or both(), VirtualClock(began_s), Gate()
    folder.mkdir(parents=True, exist_ok=True)
    emulators = {
        one.name: Emulator(one, clock=clock, faults=_plan(faults, one.name))
        for one in (known, *known.partners.values())
    }
    case = Case(
        run_id="film",
        target=Target(
            kind=TargetKind.EMULATOR, provider=known.name, base_url=emulators[known.name].base_url
        ),
        retry=RetryPolicy(jitter=0.0),
        virtual_time=True,
        scenarios=("scenes",),
        film=written(film),
    )
    recording = Recording(TapeFile(folder, gate))
    local = {f"{name}.emulator.test": AsgiTransport(one) for name, one in emulators.items()}

    def live(one: Contract) -> Live:
        base = emulators[one.name].base_url
        return Live(
            contract=one,
            target=Target(kind=TargetKind.EMULATOR, provider=one.name, base_url=base),
            authority=Authority(
                contract=one,
                values={one.schemes[0].variables[0]: emulators[one.name].key},
                register=gate.register,
                hosts=frozenset({*one.hosts, f"{one.name}.emulator.test"}),
            ),
            budget=Budget(kind=TargetKind.EMULATOR),
            clock=clock,
            recorder=recording,
            local=local,
        )

    several = Several(
        main=known.name, drivers={one.name: live(one) for one in (known, *known.partners.values())}
    )
    sockets = SocketTransport(proxies=False)
    fetcher = Fetcher(folder=folder, clock=clock, sockets=sockets, local=local, **seams)
    studio = Studio(
        driver=several, fetcher=fetcher, folder=folder, film=film, clock=clock, joined=joined
    )
    suite = Suite(
        contract=known,
        case=case,
        scenarios=[SCENARIO],
        driver=studio,
        clock=clock,
        recording=recording,
    )

    async def whole() -> None:
        await suite.run()
        await several.aclose()
        await sockets.aclose()

    run(whole(), clock)
    tape = Tape(case=case, exchanges=recording.exchanges)
    report = judge(known, tape, [SCENARIO])
    found = stages(known, tape, film, report.findings)
    return Played(report=report, stages={one.name: one for one in found}, folder=folder)


def _plan(faults: FaultPlan | str | Mapping[str, FaultPlan] | None, name: str) -> FaultPlan | None:
    if isinstance(faults, Mapping):
        return faults.get(name)
    plan = load_plan(faults) if isinstance(faults, str) else faults
    played = plan is not None and (not plan.providers or _LIKE.get(name, name) in plan.providers)
    return plan if played else None


_LIKE = {"clips": "replicate", "pen": "openai"}
"""Whose plans our made-up providers can play."""
