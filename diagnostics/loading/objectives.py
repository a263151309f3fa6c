"""Does the load hold what was asked of it? Reads `p99 of job.total < 90 s`, and judges it.

    OBJECTIVE  = METRIC RELATION BOUND
    METRIC     = STATISTIC "of" SERIES | "failed requests" | "failed jobs" | "code" CODE | "faults"
               | "cost per finished job" | "duplicates" | "lost jobs" | "stuck jobs"
               | "ambiguous creates" | "rate" | "jobs per minute" | "lateness"
    STATISTIC  = "p50" | "p90" | "p95" | "p99" | "p99.9" | "mean" | "max"
    SERIES     = "request" | "job.total" | "job.submit" | "job.queue" | "job.run" | "job.fetch"
               | an operation id | "any name that Locust groups by, in quotes"
    RELATION   = "<" | "<=" | ">" | ">=" | "=" | "!="
    BOUND      = a number with its unit: `90 s`, `1 %`, `25 credits`, `100 /s`; counts have none

`lateness` is the 99th percentile of how late the generator itself was. Shares (`failed …`,
`code …`, `faults`) are of all requests, or of all jobs; their unit is `%`.
"""

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from diagnostics.errors import UsageError
from diagnostics.loading import quantity
from diagnostics.loading.profile import Objective
from diagnostics.model import Verdict

STATISTICS = ("p50", "p90", "p95", "p99", "p99.9", "mean", "max")
SERIES = ("request", "job.total", "job.submit", "job.queue", "job.run", "job.fetch")
_COUNT = {"": 1.0}
_CREDITS = {"credits": 1.0, "credit": 1.0, "": 1.0}
_JOBS_RATE = {"/min": 1.0, "/s": 60.0, "/h": 1 / 60, "": 1.0}
PLAIN: Mapping[str, Mapping[str, float]] = {
    "failed requests": quantity.SHARES,
    "failed jobs": quantity.SHARES,
    "faults": quantity.SHARES,
    "cost per finished job": _CREDITS,
    "duplicates": _COUNT,
    "lost jobs": _COUNT,
    "stuck jobs": _COUNT,
    "ambiguous creates": _COUNT,
    "rate": quantity.RATES,
    "jobs per minute": _JOBS_RATE,
    "lateness": quantity.DURATIONS,
}
"""Metrics of one word or a fixed phrase, with the units of their bounds."""

_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_SPELLINGS = {"==": "=", "≤": "<=", "≥": ">=", "≠": "!="}
_SIGN = re.compile(r"<=|>=|==|!=|[<>=≤≥≠]")
_LENGTH_MAX = 200
_NAME = re.compile(r"[A-Za-z_][\w-]{0,99}|\"[^\"]{1,120}\"")
_CODE = re.compile(r"[\w./-]{1,64}")
_EQUAL = 1e-9
_BRIEF_S = 0.1


class Measured(Protocol):
    """What an objective is judged on: a tally, or the part of it that a stretch of time adds."""

    def metric(self, subject: str) -> float | None:
        """The value in its base unit; None: nothing was measured."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An objective and how it fared. `ok` None: nothing was measured, so nothing is known."""

    objective: Objective
    value: float | None
    ok: bool | None


def judge(objective: Objective, tally: Measured) -> Judged:
    """Whether it holds."""
    value = tally.metric(objective.subject)
    if value is None or value != value:  # noqa: PLR0124  # not a number
        return Judged(objective=objective, value=None, ok=None)
    held = _RELATIONS[objective.relation](_snapped(value, objective.bound), objective.bound)
    return Judged(objective=objective, value=value, ok=held)


def verdict(judged: Sequence[Judged], requests: int) -> Verdict:
    """What they come to: silence fails, one that fails decides, one unknown leaves it open."""
    if not requests or not judged or any(one.ok is False for one in judged):
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if any(one.ok is None for one in judged) else Verdict.PASS


def shown(objective: Objective, value: float | None) -> str:
    """A measured value in the unit that the objective is written in; 3 ms are no 0.003 s."""
    if value is None:
        return "–"
    known = units(objective.subject)
    long = known is quantity.DURATIONS and known.get(objective.unit, 1.0) >= 1.0
    brief = long and 0 < value < _BRIEF_S
    return quantity.written(value, "ms" if brief else objective.unit, known)


def _snapped(value: float, bound: float) -> float:
    """`= 0.05` must not fail on the last bit of a quotient."""
    return bound if abs(value - bound) <= _EQUAL * max(abs(value), abs(bound)) else value


def units(subject: str) -> Mapping[str, float]:
    """The units that a bound of that metric may have, each in the base unit."""
    if subject in PLAIN:
        return PLAIN[subject]
    return quantity.SHARES if subject.startswith("code ") else quantity.DURATIONS


# --- reading ----------------------------------------------------------------------------------


def parse(text: str, *, operations: Collection[str] | None = None) -> Objective:
    """Read one objective. `operations`: ids that a series may name; None: of every contract."""
    written = str(text).strip()
    if len(written) > _LENGTH_MAX:
        raise UsageError(f"an objective of {len(written)} characters", hint=_EXAMPLE)
    sign = _sign(written)
    subject = _subject(written, written[: sign.start()].strip(), operations)
    bound, unit = _bound(written, subject, sign.end())
    relation = _SPELLINGS.get(sign[0], sign[0])
    return Objective(text=written, subject=subject, relation=relation, bound=bound, unit=unit)


_EXAMPLE = "an objective reads: p99 of job.total < 90 s"


def _sign(written: str) -> re.Match[str]:
    outside = re.sub(r'"[^"]*"', lambda name: "." * len(name[0]), written)
    found = _SIGN.search(outside)
    if found is None:
        raise _wrong(written, len(written), "no < <= > >= = or != stands in it", _EXAMPLE)
    return found


def _subject(written: str, left: str, operations: Collection[str] | None) -> str:
    words = left.split()
    phrase = " ".join(words).lower()
    if phrase in PLAIN:
        return phrase
    if words and words[0].lower() == "code":
        return _code(written, words)
    if len(words) >= 3 and words[1].lower() == "of":  # noqa: PLR2004  # statistic, of, series
        return f"{_statistic(written, words[0])} of {_series(written, words, operations)}"
    raise _wrong(written, 0, f"there is no metric {phrase!r}", _nearest(phrase, _metrics()))


def _code(written: str, words: Sequence[str]) -> str:
    if len(words) == 2 and _CODE.fullmatch(words[1]):  # noqa: PLR2004  # `code`, and the code
        return f"code {words[1]}"
    place = written.find(words[1]) if words[1:] else len("code")
    raise _wrong(written, place, "`code` is followed by one code", "for example: code 1005 < 5 %")


def _statistic(written: str, word: str) -> str:
    name = word.lower()
    if name in STATISTICS:
        return name
    raise _wrong(written, 0, f"there is no statistic {word!r}", _nearest(name, STATISTICS))


def _series(written: str, words: Sequence[str], operations: Collection[str] | None) -> str:
    name = " ".join(words[2:])
    if name.lower() in SERIES:
        return name.lower()
    if name.startswith('"') and _NAME.fullmatch(name):
        return name.strip('"')
    known = _operations() if operations is None else operations
    if name in known:
        return name
    place = written.find(words[2], written.lower().find(" of ") + 3)
    why = f"there is no series and no operation {name!r}"
    raise _wrong(written, place, why, _nearest(name, [*SERIES, *known]))


def _bound(written: str, subject: str, start: int) -> tuple[float, str]:
    known = units(subject)
    right = written[start:]
    place = start + len(right) - len(right.lstrip())
    try:
        value, unit = quantity.read(right, known, example=_examples(known))
    except quantity.QuantityError as error:
        raise _wrong(written, place, f"the bound {right.strip()!r}: {error}", _EXAMPLE) from error
    return value, unit or next(iter(known))


def _examples(units: Mapping[str, float]) -> str:
    return "90 s" if "ms" in units else f"5 {next(iter(units), '')}".strip()


def _operations() -> Iterable[str]:
    from diagnostics import contract_load  # noqa: PLC0415  # only for a name that is none of ours

    return [op for name in contract_load.providers() for op in contract_load.load(name).operations]


def _metrics() -> list[str]:
    return [*PLAIN, "code 1005", *(f"p99 of {name}" for name in SERIES)]


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    return f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names[:20])}"


def _wrong(written: str, place: int, why: str, hint: str) -> UsageError:
    return UsageError(f"objective {written!r}, character {place + 1}: {why}", hint=hint)
