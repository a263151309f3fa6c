"""Is an objective read as it was meant, and judged on what was measured?"""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.errors import UsageError
from diagnostics.loading import objectives
from diagnostics.loading.objectives import PLAIN, SERIES, STATISTICS, judge, parse, shown, verdict
from diagnostics.model import Verdict


@dataclass
class Told:
    """A tally that answers what it is told to, and notes what it is asked."""

    value: float | None
    asked: list[str] = field(default_factory=list)

    def metric(self, subject: str) -> float | None:
        self.asked.append(subject)
        return self.value


READ = {
    "p99 of job.total < 90 s": ("p99 of job.total", "<", 90.0, "s"),
    "P99.9 OF  Request <= 250ms": ("p99.9 of request", "<=", 0.25, "ms"),
    "mean of job.queue<2 min": ("mean of job.queue", "<", 120.0, "min"),
    "failed jobs < 1 %": ("failed jobs", "<", 0.01, "%"),
    "failed requests = 0": ("failed requests", "=", 0.0, "%"),
    "code 1005 < 5 %": ("code 1005", "<", 0.05, "%"),
    "code rate_limit_exceeded == 0": ("code rate_limit_exceeded", "=", 0.0, "%"),
    "faults ≤ 0.1%": ("faults", "<=", 0.001, "%"),
    "cost per finished job <= 25 credits": ("cost per finished job", "<=", 25.0, "credits"),
    "duplicates = 0": ("duplicates", "=", 0.0, ""),
    "stuck jobs != 3": ("stuck jobs", "!=", 3.0, ""),
    "rate >= 600 /min": ("rate", ">=", 10.0, "/min"),
    "jobs per minute > 30": ("jobs per minute", ">", 30.0, "/min"),
    "lateness < 10 ms": ("lateness", "<", 0.01, "ms"),
    "max of createTalkingPhoto < 2 s": ("max of createTalkingPhoto", "<", 2.0, "s"),
    'p95 of "GET cdn.example.test/{x}" < 1 s': ("p95 of GET cdn.example.test/{x}", "<", 1.0, "s"),
    'p95 of "a < b" < 1 s': ("p95 of a < b", "<", 1.0, "s"),
}


@pytest.mark.parametrize("text", READ)
def test_an_objective_is_read_into_base_units(text: str) -> None:
    found = parse(text)
    subject, relation, bound, unit = READ[text]
    assert found.text == text
    assert (found.subject, found.relation, found.unit) == (subject, relation, unit)
    assert math.isclose(found.bound, bound)


WRONG = {
    "p99 of job.totl < 90 s": (8, "'job.totl'", "job.total"),
    "p98 of request < 1 s": (1, "'p98'", "p99"),
    "p99 of createTalkingPhotos < 1 s": (8, "'createTalkingPhotos'", "createTalkingPhoto"),
    "failed job < 1 %": (1, "'failed job'", "failed jobs"),
    "failed jobs < 5": (15, "no unit", "p99 of job.total"),
    "failed jobs < 5 s": (15, "'s' is none of the units %", ""),
    "duplicates < 1 %": (14, "bare number", ""),
    "p99 of request < 90": (18, "no unit; write for example 90 s", ""),
    "p99 of request < soon": (18, "no amount", ""),
    "p99 of request < -1 s": (18, "no amount", ""),
    "p99 of request < nan s": (18, "no amount", ""),
    "p99 of request < 0 km": (18, "'km'", ""),
    "p99 of request": (15, "no < <= > >= = or != stands in it", ""),
    "p99 of request 90 s": (20, "no < <=", ""),
    "code < 1 %": (5, "followed by one code", "code 1005"),
    "code 1005 of jobs < 1 %": (6, "followed by one code", "code 1005"),
    "< 1 %": (1, "there is no metric ''", "failed requests"),
    "": (1, "no < <=", ""),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_objective_is_told_by_its_character_with_the_nearest_metric(text: str) -> None:
    character, says, near = WRONG[text]
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert f"character {character}:" in caught.value.message
    assert says in caught.value.message
    assert near in (caught.value.hint or "")


def test_operations_may_be_given_by_whoever_knows_them() -> None:
    assert parse("p50 of paint < 1 s", operations=["paint"]).subject == "p50 of paint"
    with pytest.raises(UsageError, match="no operation 'createTalkingPhoto'"):
        parse("p50 of createTalkingPhoto < 1 s", operations=["paint"])


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_raise_anything_else(text: str) -> None:
    told = "it was read"
    try:
        parse(text, operations=())
    except UsageError as error:
        told = error.hint or ""
    assert told, "every mistake has its remedy"


metrics = st.sampled_from(
    [*PLAIN, "code 1005", *(f"{name} of {series}" for name in STATISTICS for series in SERIES)]
)
relations = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])


@given(metrics, relations, st.integers(0, 9999), st.data())
def test_every_metric_is_read_with_every_unit_of_its_own(
    metric: str, relation: str, number: int, data: st.DataObject
) -> None:
    units = objectives.units(metric)
    unit = data.draw(st.sampled_from(sorted(units)))
    found = parse(f"{metric} {relation} {number} {unit}", operations=())
    assert (found.subject, found.relation) == (metric, relation)
    assert math.isclose(found.bound, number * units[unit])
    assert shown(found, found.bound).startswith(f"{number:.4g}")


# --- judging ----------------------------------------------------------------------------------

JUDGED = [
    ("p99 of job.total < 90 s", 89.9, True),
    ("p99 of job.total < 90 s", 90.0, False),
    ("p99 of job.total <= 90 s", 90.0, True),
    ("rate >= 10 /s", 9.99, False),
    ("rate > 10 /s", 10.1, True),
    ("duplicates = 0", 0.0, True),
    ("duplicates = 0", 1.0, False),
    ("stuck jobs != 2", 2.0, False),
    ("failed jobs <= 0.3 %", 3 / 1000, True),
    ("code 1005 < 5 %", 0.06, False),
]


@pytest.mark.parametrize(("text", "value", "ok"), JUDGED)
def test_an_objective_holds_or_fails_by_its_relation(text: str, value: float, ok: object) -> None:
    tally = Told(value)
    found = judge(parse(text), tally)
    assert (found.ok, found.value) == (ok, value)
    assert tally.asked == [found.objective.subject]


def test_a_quotient_may_miss_its_bound_by_the_last_bit() -> None:
    assert judge(parse("failed jobs = 30 %"), Told(0.1 + 0.2)).ok
    assert not judge(parse("failed jobs < 30 %"), Told(0.3 - 1e-17)).ok


@pytest.mark.parametrize("value", [None, math.nan])
def test_where_nothing_was_measured_nothing_is_known(value: float | None) -> None:
    found = judge(parse("p99 of job.total < 90 s"), Told(value))
    assert (found.ok, found.value) == (None, None)
    assert verdict([found], requests=10) is Verdict.INCONCLUSIVE


def test_one_objective_that_fails_decides_whatever_is_unknown_beside_it() -> None:
    good, bad = (judge(parse("duplicates = 0"), Told(n)) for n in (0.0, 2.0))
    unknown = judge(parse("failed jobs = 0"), Told(None))
    assert verdict([good], requests=1) is Verdict.PASS
    assert verdict([good, unknown], requests=1) is Verdict.INCONCLUSIVE
    assert verdict([good, unknown, bad], requests=1) is Verdict.FAIL


def test_silence_is_no_success() -> None:
    good = judge(parse("duplicates = 0"), Told(0.0))
    assert verdict([good], requests=0) is Verdict.FAIL, "no request was made"
    assert verdict([], requests=5) is Verdict.FAIL, "no objective was judged"


SHOWN = [
    ("p99 of request < 250 ms", 0.12345, "123.5 ms"),
    ("p99 of job.total < 2 min", 90.0, "1.5 min"),
    ("p99 of request < 1 s", 0.00326, "3.26 ms"),
    ("p99 of request < 50 us", 0.0000002, "0.2 us"),
    ("p99 of request = 0", 0.5, "0.5 s"),
    ("p99 of request < 1 s", 0.0, "0 s"),
    ("failed jobs < 1 %", 0.0123, "1.23 %"),
    ("failed jobs = 0", 0.5, "50 %"),
    ("cost per finished job <= 25 credits", 25.5, "25.5 credits"),
    ("duplicates = 0", 12345.0, "12345"),
    ("rate > 60 /min", 2.0, "120 /min"),
    ("duplicates = 0", None, "–"),
]


@pytest.mark.parametrize(("text", "value", "said"), SHOWN)
def test_a_value_is_shown_in_the_unit_of_its_objective(
    text: str, value: float | None, said: str
) -> None:
    assert shown(parse(text), value) == said
