"""Can this prompt be made into a film, and if not, at which stage and through whose fault?"""

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diagnostics import credentials, prepare
from diagnostics.check import check
from diagnostics.cli import discover
from diagnostics.cli.numbers import amount, count
from diagnostics.cli.run import EXITS, bundled
from diagnostics.cli.scenes_cast import Company, affordable, company
from diagnostics.cli.scenes_words import Shown, film_lines, headline
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.drive.clock import Clock, RealClock, VirtualClock, run
from diagnostics.errors import Exit, UsageError
from diagnostics.film.asking import FILM, FINAL, clip_body, clip_path
from diagnostics.film.cast import cast
from diagnostics.film.order import SCENES_MAX, Film, film_of, written
from diagnostics.film.stages import Stage, stages
from diagnostics.finding import Report
from diagnostics.judge import judge, with_running_jobs
from diagnostics.model import Case, Json, MediaFacts, Plan, PollPolicy, RetryPolicy, Tape
from diagnostics.suite import Recording, Suite
from diagnostics.tape import NAME as TAPE
from diagnostics.tape import TapeFile

MODEL = "kling-v2.5-turbo-pro"
NAME = "scenes"


def arguments(parser: ArgumentParser) -> None:
    """The film, who answers, and how patient to be."""
    parser.add_argument("prompt", metavar="PROMPT", help="what the film shows")
    film = parser.add_argument_group("the film")
    film.add_argument("--scenes", type=int, default=3, metavar="N", help="how many (3)")
    film.add_argument("--duration", type=float, default=5.0, metavar="S", help="of each, s (5)")
    film.add_argument("--model", default=MODEL, metavar="NAME", help=f"({MODEL})")
    film.add_argument("--writer", default="", metavar="NAME", help="language model of the script")
    film.add_argument("--fps", type=int, default=30, metavar="N", help="of the film (30)")
    film.add_argument("--size", default="1280x720", metavar="WxH", help="of the film (1280x720)")
    where = parser.add_argument_group("who answers")
    where.add_argument("--target", help="emulator, live, or a base URL")
    where.add_argument("--fault", metavar="NAME|FILE", help="what the emulator plays")
    money = parser.add_argument_group("money and patience")
    money.add_argument(
        "--budget",
        type=amount,
        metavar="N",
        help="what a live run may spend in all, script and clips, in one unit",
    )
    money.add_argument(
        "--clip-price",
        type=amount,
        default=0.0,
        metavar="N",
        help="what a clip costs you, where no contract knows",
    )
    money.add_argument(
        "--script-price",
        type=amount,
        default=0.0,
        metavar="N",
        help="what the script costs you, where no contract knows",
    )
    money.add_argument("--max-retries", type=count, default=5, metavar="N", help="attempts (5)")
    money.add_argument("--base-delay", type=amount, default=2.0, metavar="S", help="seconds (2)")
    money.add_argument("--poll-interval", type=amount, default=5.0, metavar="S", help="(5)")
    money.add_argument("--max-polls", type=count, default=120, metavar="N", help="(120)")
    money.add_argument("--deadline", type=amount, metavar="S", help="stop the whole run after S")
    money.add_argument("--seed", type=int, default=0, metavar="N", help="of jitter and emulator")
    out = parser.add_argument_group("report")
    out.add_argument("--out", default="out", metavar="DIR", help="run folders (out/)")
    out.add_argument(
        "--format", default="txt,html,json", metavar="LIST", help="txt,md,html,json,zip"
    )


def main(options: Namespace, screen: Screen) -> Exit:
    """Write, generate, fetch, join; then say stage by stage what it came to."""
    film = ordered(options)
    formats = tuple(name.strip() for name in options.format.split(",") if name.strip())
    for name in formats:
        discover.known(name, discover.formats(), "report format")
    contract = cast(options.provider)
    makeable(contract, film)
    if options.fault is not None and options.target is not None:
        prepare.target(options.target, contract, options.fault)  # a port plays its own faults
    known = {one.name: credentials.read(one, os.environ, Path(".env")) for one in _all(contract)}
    for keys in known.values():
        keys.register(screen.gate)
    clock = _clock(options, known)
    who = company(contract, options, known, clock, screen)
    affordable(contract, film, who)
    case = _case(options, contract, film, who)
    order = Order(
        case=case,
        film=film,
        who=who,
        folder=Path(options.out) / case.run_id,
        formats=formats,
        deadline_s=options.deadline,
    )
    screen.say(headline(case, contract, who.fault, screen.language))
    report = bundled(_carry_out(order, clock, screen), order.folder, order.formats)
    _present(report, order, screen)
    return Exit.INTERRUPTED if report.interrupted else EXITS[report.judgement.verdict]


def ordered(options: Namespace) -> Film:
    """The film of the options; an error names the one that makes no sense."""
    width, _, height = options.size.lower().partition("x")
    sides = [int(side) if side.isascii() and side.isdigit() else 0 for side in (width, height)]
    known: dict[str, Json] = {
        "prompt": options.prompt,
        "scenes": options.scenes,
        "duration_s": options.duration,
        "fps": options.fps,
        "width": sides[0],
        "height": sides[1],
        "model": options.model,
        "writer": options.writer,
        "clip_price": options.clip_price,
        "script_price": options.script_price,
    }
    if not options.prompt.strip():
        raise UsageError("the prompt is blank", hint='diagnostics scenes "A sunset over the sea"')
    if sides[0] % 2 or sides[1] % 2:
        raise UsageError("--size needs even numbers", hint="for example --size 1280x720")
    film = film_of(known)
    if film is None:
        raise UsageError(
            "no such film can be made",
            hint=f"--scenes 1 to {SCENES_MAX}, --duration from 1 s, --fps 1 to 120, --size WxH "
            "with sides of 16 to 4096",
        )
    return film


def makeable(contract: Contract, film: Film) -> None:
    """What the model's own schema refuses is said before the script is paid for."""
    operation = contract.operations[contract.roles["clip"]]
    body, path = clip_body(operation, film, film.prompt), clip_path(operation, film)
    for one in check(contract, operation, body=body, path=path):
        if one.fails:
            raise UsageError(
                f"{film.model} would refuse such a scene: {one.says.en}", hint=one.remedy.en
            )


def _all(contract: Contract) -> tuple[Contract, ...]:
    return (contract, *contract.partners.values())


def _clock(options: Namespace, known: Mapping[str, credentials.Credentials]) -> Clock:
    """Virtual where the embedded emulators answer."""
    keyless = options.target is None and not all(keys.values for keys in known.values())
    embedded = options.target == "emulator" or options.fault is not None or keyless
    return VirtualClock() if embedded else RealClock()


def _case(options: Namespace, contract: Contract, film: Film, who: Company) -> Case:
    operation = contract.operations[contract.roles["clip"]]
    plan = Plan(
        operation=operation.id,
        body=clip_body(operation, film, film.prompt),
        path=clip_path(operation, film),
    )
    return Case(
        run_id=prepare.run_id(time.time()),
        target=replace(who.target, fault=who.fault),
        plan=plan,
        keys=who.facts,
        poll=PollPolicy(interval_s=options.poll_interval, max_polls=options.max_polls),
        retry=RetryPolicy(max_retries=options.max_retries, base_delay_s=options.base_delay),
        environment=prepare.environment(os.environ),
        started_s=time.time(),
        virtual_time=who.embedded,
        budget=options.budget,
        seed=options.seed,
        scenarios=(NAME,),
        film=written(film),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A film, decided: nothing is left to look up but the answers."""

    case: Case
    film: Film
    who: Company
    folder: Path
    formats: tuple[str, ...]
    deadline_s: float | None


def _carry_out(order: Order, clock: Clock, screen: Screen) -> Report:
    who, case = order.who, order.case
    file = TapeFile(order.folder, screen.gate)
    file.begin(case, tells_end=True)
    scenario = discover.scenario(NAME)
    interrupted = False
    with screen.live() as live:
        shown = Shown(who.contract, order.film, live, screen.language)
        recording = Recording(file, shown.heard)

        async def whole() -> bool:
            driver = who.studio(recording, order.film, order.folder, shown.downloading)
            suite = Suite(
                contract=who.contract,
                case=case,
                scenarios=[scenario],
                driver=driver,
                clock=clock,
                recording=recording,
                deadline_s=order.deadline_s,
            )
            try:
                return await suite.run()
            finally:
                await who.aclose()

        try:
            file.end(deadline=not run(whole(), clock))
        except KeyboardInterrupt:
            interrupted = True
            file.end(interrupted=True)
        finally:
            file.close()
    report = judge(who.contract, Tape(case=case, exchanges=recording.exchanges), [scenario])
    return with_running_jobs(who.contract, report) if interrupted else report


# --- saying -----------------------------------------------------------------------------------


def _present(report: Report, order: Order, screen: Screen) -> None:
    from reports import files  # noqa: PLC0415  # brings Jinja and the report's words

    told = files.write(
        report,
        order.who.contract,
        files=files.paths(order.folder, tuple(dict.fromkeys((*order.formats, "json")))),
        language=screen.language,
        gate=screen.gate,
        tape=order.folder / TAPE,
    )
    passed = stages(order.who.contract, report.tape, order.film, report.findings)
    made = film_facts(report, order.folder)
    if screen.as_json:
        screen.emit("run", {**told, "film": made, "stages": [as_json(one) for one in passed]})
        return
    for line in film_lines(told, passed, made, screen.language):
        screen.show(line)


def film_facts(report: Report, folder: Path) -> dict[str, Json] | None:
    """The film as it was checked; None: there is none."""
    joins = [e for e in report.tape if e.request.label == FILM]
    response = joins[-1].response if joins else None
    media: MediaFacts | None = response.media if response else None
    if media is None:
        return None
    facts: dict[str, Any] = {"path": str(folder / FINAL), "size_bytes": media.size_bytes}
    for name in ("duration_s", "fps", "width", "height", "has_audio"):
        facts[name] = getattr(media, name)
    return facts


def as_json(stage: Stage) -> dict[str, Json]:
    """A stage for machines."""
    seconds = None if stage.seconds is None else round(stage.seconds, 3)
    return {
        "name": stage.name,
        "verdict": stage.verdict.value,
        "blame": stage.blame.value,
        "seconds": seconds,
    }
