"""Under how much pressure is an emulator? Limits, queue, render times, breaking point.

Settings stand in the `emulator:` mapping of a load profile, and each is an option of `diagnostics
emulate` (`jobs_at_once` is `--jobs-at-once`). None of them says anything of the real provider.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from diagnostics.contract import Contract
from diagnostics.emulator.faults import FaultPlan
from diagnostics.emulator.pressing.spread import FORMS, Spread, spread
from diagnostics.errors import UsageError
from diagnostics.model import Json

_COUNT_MAX = 1e9
WAYS = ("refuse", "slow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How an emulator is pressed. Nothing set: it behaves as its contract says, and no worse."""

    per_minute: float | None = None
    per_second: float | None = None
    reads_per_minute: float | None = None
    reads_per_second: float | None = None
    jobs_at_once: float | None = None
    plan: str = ""
    queue_s: Spread | None = None
    render_s: Spread | None = None
    renderers: float | None = None
    queue_jobs: float | None = None
    answer_s: Spread | None = None
    overload_jobs: float | None = None
    overload: str = "refuse"
    overload_factor: float = 2.0
    fault_probability: float | None = None
    credits: float | None = None
    speed: float | None = None


PLAIN = Pressure()


class Setting(NamedTuple):
    """One setting: how it is read, what may stand there, and what it does."""

    read: Callable[[Any], Any]
    takes: str
    what: str


def _number(written: float | str, least: float = 0.0, most: float = _COUNT_MAX) -> float:
    value = float(written)
    if isinstance(written, bool) or not least <= value <= most:
        raise ValueError(written)
    return value


def _whole(written: float | str) -> float:
    value = _number(written, 1)
    if value != int(value):
        raise ValueError(written)
    return value


def _share(written: float | str) -> float:
    return _number(written, 0, 1)


def _more(written: float | str) -> float:
    return _number(written, 1e-6)


def _way(written: str) -> str:
    if written not in WAYS:
        raise ValueError(written)
    return written


def _word(written: Json) -> str:
    if not isinstance(written, str) or not 0 < len(written) <= 100:  # noqa: PLR2004  # a name's length
        raise ValueError(written)
    return written


SETTINGS: Final[dict[str, Setting]] = {
    "per_minute": Setting(_number, "calls", "paid calls a minute; more are refused"),
    "per_second": Setting(_number, "calls", "paid calls a second; more are refused"),
    "reads_per_minute": Setting(_number, "calls", "free calls a minute; more are refused"),
    "reads_per_second": Setting(_number, "calls", "free calls a second; more are refused"),
    "jobs_at_once": Setting(_whole, "jobs", "jobs in flight; one more is refused"),
    "plan": Setting(_word, "name", "the plan whose documented jobs at once apply"),
    "queue_s": Setting(spread, FORMS, "how long a job queues"),
    "render_s": Setting(spread, FORMS, "how long a job renders"),
    "renderers": Setting(_whole, "renderers", "how many jobs render at a time; the others queue"),
    "queue_jobs": Setting(_whole, "jobs", "how many may queue for a renderer; more are overload"),
    "answer_s": Setting(spread, FORMS, "how long each answer takes"),
    "overload_jobs": Setting(_whole, "jobs", "jobs in flight beyond which it is overloaded"),
    "overload": Setting(_way, " or ".join(WAYS), "what it does when overloaded"),
    "overload_factor": Setting(_more, "factor", "how many times slower it renders when overloaded"),
    "fault_probability": Setting(_share, "0 to 1", "how likely each rule of the fault plan is"),
    "credits": Setting(_number, "credits", "what the account holds to start with"),
    "speed": Setting(_more, "factor", "how many times faster jobs are"),
}
"""Every word of an `emulator:` mapping."""


def pressure(written: Mapping[str, Json], place: str | None = None) -> Pressure:
    """Read settings; a wrong one is a `UsageError` that names it and what may stand there."""
    return Pressure(
        **{str(name): setting(str(name), value, place) for name, value in written.items()}
    )


def told(asked: Pressure) -> dict[str, Json]:
    """The settings that differ from none, as a profile writes them."""
    found: dict[str, Json] = {}
    for name in SETTINGS:
        value = getattr(asked, name)
        if value != getattr(PLAIN, name):
            found[name] = str(value) if isinstance(value, Spread) else value
    return found


def setting(name: str, written: Json, place: str | None = None) -> Any:
    """Read one of them."""
    known = SETTINGS.get(name)
    if known is None:
        near = get_close_matches(name, SETTINGS, n=3, cutoff=0.5)
        raise UsageError(
            f"an emulator has no setting {name[:80]!r}",
            place=place,
            hint=f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(SETTINGS)}",
        )
    try:
        return known.read(written)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(
            f"emulator setting {name}: {str(written)[:80]!r} will not do",
            place=place,
            hint=f"{known.what}; takes: {known.takes}",
        ) from error


# --- what it means for one provider -----------------------------------------------------------


def for_provider(
    asked: Pressure,
    contract: Contract,
    per_minute: float | None,
    credits: float,  # noqa: A002  # the providers' word
    speed: float,
) -> Pressure:
    """The same with what it leaves open, and the documented limit of its plan."""
    return replace(
        asked,
        per_minute=per_minute if asked.per_minute is None else asked.per_minute,
        jobs_at_once=asked.jobs_at_once or _plans(contract).get(asked.plan),
        credits=credits if asked.credits is None else asked.credits,
        speed=asked.speed or speed,
    )


def check_plan(asked: Pressure, contracts: Sequence[Contract]) -> None:
    """Refuse a plan that nobody here documents."""
    known = {plan: one.title for one in contracts for plan in _plans(one)}
    if asked.plan and asked.plan not in known:
        told = ", ".join(f"{plan} ({title})" for plan, title in known.items())
        raise UsageError(
            f"no provider here documents jobs at once of a plan {asked.plan!r}",
            hint=f"there are: {told}" if told else "say the number itself: jobs_at_once",
        )


def _plans(contract: Contract) -> Mapping[str, int]:
    jobs = contract.limits.get("concurrent")
    plans = jobs.get("plans") if isinstance(jobs, dict) else None
    return {name: most for name, most in (plans or {}).items() if isinstance(most, int)}


def as_likely(plan: FaultPlan | None, asked: Pressure) -> FaultPlan | None:
    """A fault plan of which each rule is only that likely."""
    share = asked.fault_probability
    if plan is None or share is None:
        return plan
    rules = tuple(replace(rule, probability=share * rule.probability) for rule in plan.rules)
    return replace(plan, rules=rules)
