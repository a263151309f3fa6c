"""How does a job stand? Follows it to its end, or checks once; the button of seed 003."""

import asyncio
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Generator
from dataclasses import replace
from random import Random
from typing import Any

from diagnostics import answers
from diagnostics.cli import poll_words as words
from diagnostics.cli.address import called
from diagnostics.cli.order import decide
from diagnostics.cli.poll_watch import Watch, history
from diagnostics.cli.run import driver
from diagnostics.cli.screen import Screen
from diagnostics.cli.which import owners
from diagnostics.contract import Contract
from diagnostics.contract_load import load, providers
from diagnostics.drive.clock import Clock, RealClock, VirtualClock, run
from diagnostics.drive.conversation import Conversations
from diagnostics.drive.live import Live
from diagnostics.drive.policy import Policy
from diagnostics.errors import Exit, UsageError
from diagnostics.following.record import shown
from diagnostics.following.words import GOES_ON, Status
from diagnostics.jobs import cancel_request, follow, poll_of, read_request
from diagnostics.model import Exchange, Json, PollPolicy, Request, Severity, Tape, TargetKind
from diagnostics.promise import Job, Operation
from scenarios.job import SCENARIO

_PATIENCE_S = 3600.0
"""How long a job is followed where nobody says how long one may take."""
_MARGIN = 1.2
_JOB_LENGTH_MAX = 512
_UNREACHED = frozenset({Status.TIMEOUT, Status.CONNECTION_ERROR})


def arguments(parser: ArgumentParser) -> None:
    """Whose job, for how long, and what else to do with it."""
    parser.add_argument("name", nargs="?", metavar="PROVIDER", help="whose job it is")
    parser.add_argument("job", metavar="JOB", help="the id that its create answered with")
    parser.add_argument("--operation", metavar="ID", help="the call that made it, if several could")
    parser.add_argument("--once", action="store_true", help="check once, and follow no further")
    parser.add_argument("--cancel", action="store_true", help="cancel it first, where that can be")
    parser.add_argument(
        "--interval", type=_amount, metavar="S", help="(the provider's advice, or 5)"
    )
    parser.add_argument("--max-polls", type=_count, metavar="N", help="(as a job may take)")
    parser.add_argument("--deadline", type=_amount, metavar="S", help="stop looking after S")
    parser.add_argument("--target", help="emulator, live, or a base URL")


def _amount(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 10_000:  # noqa: PLR2004  # as many as one conversation may have
        raise ValueError(text)
    return value


def main(options: Namespace, screen: Screen) -> Exit:
    """Ask until it is over, or once; say what its state means and what to do."""
    watch = _watch(options, screen)
    screen.say(words.family(watch.contract, watch.operation, watch.job, watch.id, screen.language))
    clock = VirtualClock() if watch.order.case.virtual_time else RealClock()
    with screen.live(words.LIVE_HEADS.in_language(screen.language).split()) as live:
        watch.live = live
        try:
            run(_carry_out(watch, clock), clock)
        except KeyboardInterrupt:
            watch.interrupted = True
    return _present(watch, screen)


# --- what is to be done -----------------------------------------------------------------------


def _watch(options: Namespace, screen: Screen) -> Watch:
    job_id = _id(options.job)
    order = decide(_as_run(options), screen)
    if order.recorded is not None:
        raise UsageError("a recording cannot be polled", place=options.target, hint="see: run")
    operation, job = _family(order.contract, options.operation)
    interval_s = options.interval or job.advised_interval_s or 5.0
    patience = math.ceil(_MARGIN * (job.most_s or _PATIENCE_S) / interval_s)
    most = options.max_polls or max(10, min(patience, 10_000))
    return Watch(
        order=order,
        operation=operation,
        job=job,
        id=job_id,
        policy=PollPolicy(interval_s=interval_s, max_polls=most),
        once=options.once,
        cancel=options.cancel,
        deadline_s=options.deadline,
        screen=screen,
        resume=words.resume(order.contract.name, job_id, operation.id, options.target),
    )


def _as_run(options: Namespace) -> Namespace:
    """The target, keys and provider are found as `run` finds them."""
    if options.name and options.provider not in {None, options.name}:
        raise UsageError(
            f"both {options.name} and --provider {options.provider} are named", hint="drop one"
        )
    provider = options.name or options.provider
    if provider is not None:
        load(provider)  # a name that nobody has is told with the nearest
    if provider is None and options.operation is not None:
        fits = owners(options.operation)
        provider = fits[0] if len(fits) == 1 else None
    asked: dict[str, Any] = {
        "scenario": [SCENARIO.name],
        "fault": None,
        "operation": None,
        "request": None,
        "resume": None,
        "max_age": None,
        "budget": None,
        "max_retries": 5,
        "put_back": 0,
        "base_delay": 2.0,
        "poll_interval": 5.0,
        "max_polls": 1,
        "fail_fast": False,
        "seed": 0,
        "out": "out",
        "format": "json",
    }
    return Namespace(**{**vars(options), **asked, "provider": provider})


def _family(contract: Contract, wanted: str | None) -> tuple[Operation, Job]:
    """The create whose jobs it is one of: as told, else the one of the example."""
    followed = [one for one in contract.operations.values() if one.job is not None and one.job.read]
    if wanted is not None:
        meant, _ = called(contract, wanted)
        followed = [
            one for one in followed if meant.id in {one.id, one.job.read if one.job else ""}
        ]
    usual = {contract.roles.get("clip"), contract.roles.get("example")}
    first = next((one for one in followed if one.id in usual), next(iter(followed), None))
    if first is None or first.job is None:
        names = ", ".join(one.id for one in contract.operations.values() if one.job)
        raise UsageError(
            f"{wanted or contract.title} makes no job that can be polled",
            hint=f"these do: {names}" if names else "see: diagnostics list operations",
        )
    return first, first.job


def _id(text: str) -> str:
    job_id = text.strip()
    if not job_id or len(job_id) > _JOB_LENGTH_MAX or any(ch.isspace() for ch in job_id):
        raise UsageError("that is no job id", place=text[:80], hint="give the id of the create")
    if job_id in providers():
        raise UsageError("which job?", hint=f"diagnostics poll {job_id} JOB")
    return job_id


# --- asking -----------------------------------------------------------------------------------


def asking(watch: Watch) -> Generator[Request, Exchange, None]:
    """Cancel if asked to, look at once, then follow."""
    if watch.cancel and watch.job.cancel:
        yield cancel_request(watch.contract, watch.job, watch.id)
    first = yield read_request(watch.contract, watch.job, watch.id, wait_s=0.0)
    poll = poll_of(watch.contract, watch.job, first)
    if watch.once or watch.cancel or poll is None or poll.settled or watch.policy.max_polls == 1:
        return
    rest = replace(watch.policy, max_polls=watch.policy.max_polls - 1)
    yield from follow(watch.contract, watch.operation, watch.id, rest)


async def _carry_out(watch: Watch, clock: Clock) -> None:
    sender = driver(watch.order, watch, clock, watch.screen)
    conversations = Conversations(
        driver=sender,
        policy=Policy(contract=watch.contract, retry=watch.order.case.retry, random=Random(0)),
        clock=clock,
        recorder=watch,
        scenario=SCENARIO.name,
    )
    try:
        async with asyncio.timeout(watch.deadline_s):
            await conversations.run(asking(watch))
    except TimeoutError:
        watch.screen.detail("the deadline is over")
    finally:
        if isinstance(sender, Live):
            await sender.aclose()


# --- saying -----------------------------------------------------------------------------------


def _present(watch: Watch, screen: Screen) -> Exit:
    language, told = screen.language, watch.last
    found = _findings(watch, language)
    if screen.as_json:
        screen.emit("poll", _plain(watch, found))
    else:
        if told is not None:
            rows = list(shown(told).items())
            screen.table(words.HEADS.in_language(language).split(), rows)
        for line in _lines(watch, found, language):
            screen.show(line)
    return _exit(watch)


def _lines(watch: Watch, found: list[dict[str, str]], language: str) -> list[str]:
    told, facts = watch.last, {"job": watch.id, "command": watch.resume}
    lines: list[str] = [_of_cancel(watch, language)]
    if told is not None:
        lines.append(words.means(told, language))
        lines += [words.expiry(watch.job, language)] if told.download_url else []
    lines += words.verdict(found, language)
    if told is not None and told.status in {Status.NOT_FOUND, Status.API_ERROR}:
        lines.append(words.others(watch.contract, watch.job, language))
        if watch.order.case.virtual_time:
            lines.append(words.FRESH.fill(language, {"name": watch.contract.name}))
    if _goes_on(watch):
        lines.append(words.RESUME.fill(language, facts))
    return [line for line in lines if line]


def _of_cancel(watch: Watch, language: str) -> str:
    if not watch.cancel:
        return ""
    if not watch.job.cancel:
        return words.NO_CANCEL.fill(language, {"title": watch.contract.title})
    if watch.canceled:
        return words.CANCELED.in_language(language)
    tried = [e for e in watch.tape if e.request.operation == watch.job.cancel]
    why = [one.message(language) for one in answers.findings(watch.contract, tried[-1])]
    return words.NOT_CANCELED.fill(language, {"why": why[0] if why else "?"})


def _goes_on(watch: Watch) -> bool:
    return watch.last is None or watch.last.status in GOES_ON | _UNREACHED


def _findings(watch: Watch, language: str) -> list[dict[str, str]]:
    """What the judge of jobs says; while a job goes on, being unfinished is no fault."""
    reads = [exchange for exchange, _ in watch.reads]
    if watch.last is None or watch.last.status in GOES_ON:
        return []
    tape = Tape(case=watch.order.case, exchanges=reads)
    return [
        {
            "rule": one.rule.code,
            "severity": one.severity.value,
            "blame": one.blame.value,
            "code": one.code or "",
            "message": one.message(language),
            "remedy": one.remedy(language),
        }
        for one in SCENARIO.judge(watch.contract, tape)
        if one.severity is not Severity.INFO
    ]


def _plain(watch: Watch, found: list[dict[str, str]]) -> dict[str, Json]:
    told, target = watch.last, watch.order.case.target
    return {
        "provider": watch.contract.name,
        "target": {"kind": target.kind.value, "base_url": target.base_url},
        "operation": watch.operation.id,
        "record": told.fields() if told else None,
        "final": told is not None and told.status not in GOES_ON | _UNREACHED,
        "means": words.means(told, watch.screen.language) if told else None,
        "history": [{"at_s": row[4], "state": row[1], "means": row[2]} for row in history(watch)],
        "polls": len(watch.reads),
        "elapsed_s": round(watch.elapsed_s, 3),
        "expected_s": watch.job.expected_s,
        "remaining_s": words.remaining_s(watch.job, told, watch.elapsed_s) if told else None,
        "interval_s": watch.policy.interval_s,
        "lifetime_days": watch.job.lifetime_days,
        "cancel": {"asked": watch.cancel, "can": bool(watch.job.cancel), "done": watch.canceled},
        "findings": [dict(one) for one in found],
        "interrupted": watch.interrupted,
        "virtual_time": watch.order.case.virtual_time,
        "emulated": target.kind is TargetKind.EMULATOR,
        "resume": watch.resume if _goes_on(watch) else None,
    }


def _exit(watch: Watch) -> Exit:
    """0: done, with its result; 1: over without one; 3: how it ends is not known."""
    told = watch.last
    if watch.interrupted:
        return Exit.INTERRUPTED
    if told is None or told.status in GOES_ON | _UNREACHED:
        return Exit.INCONCLUSIVE
    if watch.cancel:
        return Exit.OK if watch.canceled else Exit.FINDINGS
    there = told.download_url is not None or not watch.job.output
    return Exit.OK if told.status is Status.COMPLETED and there else Exit.FINDINGS
