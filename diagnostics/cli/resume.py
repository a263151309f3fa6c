"""`diagnostics run --resume RUN`: how does a run that was killed or stopped go on?

It asks the same target the same things under a new run id. What was paid for is not paid again.
"""

import re
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics import prepare, tape
from diagnostics.cli.report import OUT, found
from diagnostics.contract_load import load
from diagnostics.drive.resume import paid
from diagnostics.errors import UsageError
from diagnostics.model import Case, Exchange, TargetKind
from diagnostics.tape_values import case_to

_FIXED = ("target", "fault", "operation", "request", "provider")
_HIDDEN = re.compile(r"(?i)(?:secret|withheld|pii)(?::|%(?:25)*3A)[a-z-]+(?:#|%(?:25)*23)\d")
"""What the gate left in its place, however often it was escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The run that goes on, and what it paid for."""

    case: Case
    paid: Sequence[Exchange]


def earlier(options: Namespace) -> Earlier | None:
    """The run that `--resume` names; None: this one is new."""
    if options.resume is None:
        return None
    for name in _FIXED:
        if getattr(options, name, None) is not None:
            raise UsageError(
                f"a resumed run goes on as it began: --{name} cannot be given again",
                hint=f"drop --{name}, or start a new run",
            )
    place = found(options.resume, OUT)
    recorded = tape.read(place)
    _guard(recorded.case, place)
    return Earlier(case=recorded.case, paid=paid(recorded))


def options_of(known: Earlier, options: Namespace) -> Namespace:
    """The options that the earlier run was started with, as far as they decide who answers."""
    target, ran = known.case.target, list(known.case.scenarios)
    live = target.base_url == load(target.provider).host
    where = "live" if live and target.kind is TargetKind.LIVE else target.base_url
    budget = known.case.budget if options.budget is None else options.budget
    again = {"target": where, "provider": target.provider, "budget": budget}
    return Namespace(**{**vars(options), **again, "scenario": options.scenario or ran})


def continued(case: Case, known: Earlier) -> Case:
    """The new case with what the earlier run was about."""
    then = known.case
    return replace(case, plan=then.plan, poll=then.poll, retry=then.retry, seed=then.seed)


def _guard(case: Case, place: Path) -> None:
    """What cannot go on is told before anything is sent."""
    local = case.target.base_url == f"http://{prepare.emulator_host(case.target.provider)}"
    why = ""
    if case.target.kind not in {TargetKind.LIVE, TargetKind.EMULATOR}:
        why = "that run only played a recording"
    elif case.virtual_time or local:
        why = "the emulator of that run ended with it, and its jobs with the emulator"
    elif case.film:
        why = "a film cannot be resumed yet"
    elif _HIDDEN.search(str(case_to(case).get("plan", ""))):
        why = "its request held a secret, which no tape keeps"
    if why:
        raise UsageError(f"this run cannot go on: {why}", place=str(place), hint="start a new run")
