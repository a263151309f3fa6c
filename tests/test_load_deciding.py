"""Does a load come to the verdict that its figures deserve, with the reason that decides first?"""

from dataclasses import replace

import pytest

from diagnostics.loading.counts import Counts
from diagnostics.loading.deciding import Decided, Ended, decide, level_told, limit_told
from diagnostics.loading.objectives import Judged, parse
from diagnostics.loading.profile import Model, Profile, Share, Stage
from diagnostics.loading.result import Break, Ending, Limit, Worker
from diagnostics.loading.runner import gone
from diagnostics.loading.tally import Tally
from diagnostics.model import Text, Verdict

PROFILE = Profile(
    name="p",
    title=Text(en="p", ru="p"),
    model=Model.OPEN,
    stages=(Stage(duration_s=10, level=20),),
    mix=(Share(scenario="job"),),
    objectives=(parse("failed requests < 2 %"), parse("p99 of request < 1 s")),
)
SEEKING = Profile(
    name="q",
    title=Text(en="q", ru="q"),
    model=Model.OPEN,
    stages=PROFILE.stages,
    mix=PROFILE.mix,
    objectives=(parse("failed requests < 2 %"),),
    seeks_limit=True,
)
LIMIT = Limit(name="create", status=429, code="1005", rate_per_s=40.0, accepted=120)


def tally(
    *, requests: int = 100, failures: int = 0, took_s: float = 0.1, late_s: float = 0
) -> Tally:
    counts = Counts()
    named = counts.named("create")
    named.requests, named.failures = requests, failures
    named.latency.extend([took_s] * requests)
    named.service.extend([took_s - late_s] * requests)
    counts.lateness.late.extend([late_s] * requests)
    return Tally.from_json(counts.to_json())


def decided(found: Tally, *, ending: Ending = Ending.COMPLETED, **more: object) -> Decided:
    return decide(Ended(**{"profile": PROFILE, "tally": found, "ending": ending, **more}))  # type: ignore[arg-type]  # each test names its own


def test_what_holds_passes() -> None:
    found = decided(tally())

    assert found.verdict is Verdict.PASS
    assert [one.ok for one in found.objectives] == [True, True]


def test_silence_fails() -> None:
    found = decided(Tally())

    assert found.verdict is Verdict.FAIL
    assert "no request was made" in found.because[0].en


def test_one_objective_that_fails_decides_and_is_told_with_its_value() -> None:
    found = decided(tally(failures=10))

    assert found.verdict is Verdict.FAIL
    assert found.because[0].en == "failed requests < 2 %: it was 10 %"


def test_a_generator_that_was_late_decides_nothing_whatever_failed() -> None:
    found = decided(tally(failures=10, late_s=0.5, took_s=0.6))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "The generator itself" in found.because[0].en


@pytest.mark.parametrize("ending", [Ending.INTERRUPTED, Ending.WORKERS, Ending.BUDGET])
def test_what_was_cut_short_does_not_pass(ending: Ending) -> None:
    assert decided(tally(), ending=ending).verdict is Verdict.INCONCLUSIVE


def test_a_failure_before_an_interrupt_stays_a_failure() -> None:
    assert decided(tally(failures=10), ending=Ending.INTERRUPTED).verdict is Verdict.FAIL


def test_an_objective_without_a_measurement_decides_nothing() -> None:
    counts = Counts()
    counts.named("create").requests = 5
    found = decided(Tally.from_json(counts.to_json()))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "nothing was measured" in found.because[0].en


def test_a_lost_worker_is_a_warning_that_names_it() -> None:
    lost = Worker(name="worker 1", requests=7, lost_after_s=3.0)
    found = decided(tally(), workers=(lost,))

    assert found.verdict is Verdict.WARN
    assert found.because[0].en.startswith("worker 1 was lost after 3 s")


def test_a_share_that_is_missing_since_a_worker_was_lost_is_told_after_that() -> None:
    short = tally()
    short.arrivals(due=100, begun=50)
    lost = Worker(name="worker 1", requests=7, lost_after_s=3.0)
    found = decided(short, workers=(lost,))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.because[0].en.startswith("worker 1 was lost after 3 s")
    assert "50 of 100 are missing" in found.because[1].en


def test_the_load_that_broke_it_is_named_first() -> None:
    breaking = Break(
        level=26.1, unit="/s", at_s=7.0, objective="failed requests < 2 %", held_level=23.9
    )
    found = decided(tally(failures=10), breaking=breaking)

    assert found.because[0].en.startswith("it broke at 26.1 arrivals a second, 7 s after")
    assert "at 23.9 arrivals a second everything still held" in found.because[0].en


def test_what_broke_in_a_stretch_counts_as_broken_though_the_whole_holds() -> None:
    objective = PROFILE.objectives[0]
    profile = Profile(
        name="b",
        title=PROFILE.title,
        model=Model.OPEN,
        stages=PROFILE.stages,
        mix=PROFILE.mix,
        objectives=PROFILE.objectives,
        until_failure=True,
    )
    broke = Judged(objective=objective, value=0.4, ok=False)
    found = decided(tally(failures=1), profile=profile, broke=broke, ending=Ending.OBJECTIVE)

    assert found.verdict is Verdict.FAIL
    assert found.objectives[0] is broke
    assert found.because[0].en.endswith("it was 40 % in the seconds when it broke")


def test_a_limit_that_was_sought_and_found_passes_and_is_told() -> None:
    found = decided(tally(), profile=SEEKING, limit=LIMIT, ending=Ending.LIMIT)

    assert found.verdict is Verdict.PASS
    assert "lets 40 calls a second through" in found.because[0].en


def test_a_limit_that_was_sought_and_not_found_decides_nothing() -> None:
    assert decided(tally(), profile=SEEKING).verdict is Verdict.INCONCLUSIVE


def test_a_limit_that_lets_nothing_more_through_is_told_by_what_it_accepted() -> None:
    told = limit_told(
        Limit(name="create", status=200, code="1005", accepted=600, window_s=30, reset_s=12)
    )

    assert "after 600 calls in 30 s create let nothing more through" in told.en
    assert "it asks to wait 12 s" in told.en
    assert "600" in told.ru


# --- is anybody there? ------------------------------------------------------------------------


def seconds(*codes: dict[str, int]) -> Tally:
    counts = Counts()
    for second, found in enumerate(codes):
        row = counts.timeline.row(1_000 + second)
        row.requests = 10
        row.codes.update(found)
    return Tally.from_json(counts.to_json())


def test_nobody_is_there_when_no_connection_was_taken_for_seconds() -> None:
    assert gone(seconds({}, *[{"refused": 10}] * 7))


@pytest.mark.parametrize(
    "codes",
    [
        [{"refused": 10}] * 3,
        [{"refused": 9}] * 9,
        [{"1015": 10}] * 9,
        [*[{"refused": 10}] * 5, {}, {"refused": 10}],
    ],
)
def test_somebody_is_there_as_long_as_anything_is_answered(codes: list[dict[str, int]]) -> None:
    assert not gone(seconds(*codes))


def test_a_hiccup_of_a_short_load_is_no_bottleneck() -> None:
    counts = Counts()
    named = counts.named("create")
    named.requests = 60
    named.latency.extend([0.1] * 60)
    counts.lateness.late.extend([0.0] * 58 + [0.08] * 2)

    assert decided(Tally.from_json(counts.to_json())).verdict is Verdict.PASS


def with_one_late(late_s: float) -> Tally:
    """A hundred answers of 0.95 s; two of them were due that long before they were sent."""
    counts = Counts()
    named = counts.named("create")
    named.requests = 100
    named.service.extend([0.95] * 100)
    named.latency.extend([0.95] * 98 + [0.95 + late_s] * 2)
    counts.lateness.late.extend([0.0] * 98 + [late_s] * 2)
    return Tally.from_json(counts.to_json())


def test_an_objective_that_only_the_generators_lateness_breaks_is_left_open() -> None:
    found = decided(with_one_late(0.1))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert [one.ok for one in found.objectives] == [True, None]
    assert "it was 1.05" in found.because[0].en
    assert "0.95" in found.because[0].en.split("but")[1]
    assert "опоздания самого генератора" in found.because[0].ru


def test_lateness_that_turns_no_objective_changes_nothing() -> None:
    assert decided(with_one_late(0.01)).verdict is Verdict.PASS


def test_what_fails_without_the_lateness_as_well_has_failed() -> None:
    objective = parse("p99 of request < 900 ms")
    found = decided(with_one_late(0.1), profile=replace(PROFILE, objectives=(objective,)))

    assert found.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("level", "told"), [(0.0, "0 users"), (0.4, "1 user"), (1.0, "1 user"), (2.6, "3 users")]
)
def test_a_load_of_less_than_a_user_has_one(level: float, told: str) -> None:
    assert level_told(level, "users").en == told
