"""Does `compare` tell a difference from noise, and say when nothing can be concluded?"""

import io
import json
import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.cli import compare as command
from diagnostics.cli import main
from diagnostics.cli.screen import Screen
from diagnostics.errors import DiagnosticsError, Exit, UsageError
from diagnostics.loading import resampling, result
from diagnostics.loading.comparing import Comparison, Difference, Effect, Kind, compare
from diagnostics.loading.counts import Counts
from diagnostics.loading.histogram import Histogram
from diagnostics.loading.resampling import Ranked
from diagnostics.loading.result import Ending, Load
from diagnostics.model import Json, Target, TargetKind, Verdict
from tests import sample_load as sample
from tests.load_json_cases import mutated

BEFORE = sample.load(sample.Shape(seed=2))
AFTER = sample.load(sample.Shape(seed=4))
SLOWER = sample.load(sample.Shape(seed=4, slower=1.25, failing=0.25))


@cache
def slower() -> Comparison:
    """The pair that most tests look at."""
    return compare(BEFORE, SLOWER)


def by_subject(found: Comparison) -> Mapping[str, Difference]:
    return {one.subject: one for one in found.differences}


# --- noise is noise, and a difference is one ------------------------------------------------------


def test_two_loads_alike_differ_by_noise_only() -> None:
    found = compare(BEFORE, AFTER)

    assert {one.effect for one in found.differences} <= {Effect.NOISE, Effect.SAME}
    assert found.verdict is Verdict.PASS
    assert not found.remarks


def test_chance_is_seldom_called_a_difference() -> None:
    told: Counter[Effect] = Counter()
    for seed in range(10, 20, 2):
        pair = [sample.load(sample.Shape(seed=seed + more, slower=1.1)) for more in (0, 1)]
        told.update(one.effect for one in compare(*pair).differences)

    assert told.total() > 120
    assert told[Effect.WORSE] + told[Effect.BETTER] <= 2


def test_a_load_that_is_slower_by_a_quarter_and_fails_more_is_worse_in_all_that() -> None:
    found = by_subject(slower())

    for subject in (
        *("p50 of request", "p99 of request", "failed requests", "code 1015"),
        *("p50 of job.total", "p50 of getVideo", "p50 of createTalkingPhoto"),
    ):
        assert found[subject].effect is Effect.WORSE, subject
    assert found["rate"].effect is Effect.NOISE
    assert found["p50 of job.fetch"].effect is Effect.SAME
    assert found["duplicates"].effect is Effect.SAME


def test_the_bounds_hold_the_truth() -> None:
    found = by_subject(slower())
    for subject in ("p50 of request", "p90 of request", "p50 of job.total", "p50 of job.queue"):
        one = found[subject]

        assert one.low is not None
        assert one.high is not None
        assert one.low < 0.25 < one.high
        assert one.high - one.low < 0.5


def test_the_other_way_round_it_is_better() -> None:
    found = compare(SLOWER, BEFORE)

    assert by_subject(found)["p99 of request"].effect is Effect.BETTER
    assert found.verdict is Verdict.PASS


def test_what_is_surely_different_and_too_small_to_matter_is_the_same() -> None:
    long = [
        sample.load(sample.Shape(seed=n, slower=slower, seconds=60, requests_a_second=20.0))
        for n, slower in ((2, 1.0), (2, 1.02))
    ]
    one = by_subject(compare(*long))["p50 of request"]

    assert one.change is not None
    assert 0 < one.change < 0.05
    assert one.effect is Effect.SAME


def test_the_same_run_twice_is_the_same_throughout() -> None:
    found = compare(BEFORE, BEFORE)

    assert {one.effect for one in found.differences} == {Effect.SAME}
    assert [remark.en for remark in found.remarks] == ["both are the same run"]


def test_the_same_pair_gives_the_same_comparison() -> None:
    assert compare(BEFORE, SLOWER) == slower()


def test_fewer_answers_a_second_are_worse_and_more_are_better() -> None:
    half = sample.load(sample.Shape(seed=8, requests_a_second=2.0))

    assert by_subject(compare(BEFORE, half))["rate"].effect is Effect.WORSE
    assert by_subject(compare(half, BEFORE))["rate"].effect is Effect.BETTER


def test_too_short_a_load_tells_nothing() -> None:
    short = [sample.load(sample.Shape(seed=seed, seconds=5)) for seed in (2, 4)]
    found = compare(*short)
    told = {one.effect for one in found.differences if one.before != one.after}

    assert told == {Effect.UNKNOWN}
    assert by_subject(found)["p50 of request"].before is not None


def test_a_percentile_that_rests_on_a_few_values_is_unknown() -> None:
    few = [sample.load(sample.Shape(seed=seed, level=0.05)) for seed in (2, 4)]

    assert by_subject(compare(*few))["p99 of getVideo"].effect is Effect.UNKNOWN


# --- rare events ----------------------------------------------------------------------------------


def with_jobs(load: Load, **counts: int) -> Load:
    tally = Counts.from_json(load.tally)
    for name, number in counts.items():
        setattr(tally.jobs, name, number)
    return replace(load, tally=tally.to_json())


@pytest.mark.parametrize(
    ("name", "subject", "before", "after", "effect"),
    [
        ("doubled", "duplicates", 0, 1, Effect.WORSE),
        ("doubled", "duplicates", 4, 5, Effect.NOISE),
        ("lost", "lost jobs", 0, 3, Effect.NOISE),
        ("lost", "lost jobs", 0, 12, Effect.WORSE),
        ("stuck", "stuck jobs", 40, 12, Effect.BETTER),
        ("ambiguous", "ambiguous creates", 3000, 3020, Effect.NOISE),
        ("ambiguous", "ambiguous creates", 3000, 3500, Effect.WORSE),
    ],
)
def test_a_few_rare_events_more_are_chance_but_one_job_paid_twice_is_not(
    name: str, subject: str, before: int, after: int, effect: Effect
) -> None:
    pair = with_jobs(BEFORE, **{name: before}), with_jobs(AFTER, **{name: after})

    assert by_subject(compare(*pair))[subject].effect is effect


def test_jobs_that_fail_more_often_are_worse() -> None:
    pair = with_jobs(BEFORE, failed=3), with_jobs(AFTER, failed=220)

    assert by_subject(compare(*pair))["failed jobs"].effect is Effect.WORSE


def test_counts_that_contradict_each_other_tell_nothing() -> None:
    pair = with_jobs(BEFORE, done=0, failed=-5), with_jobs(AFTER, done=10, failed=-5)

    assert by_subject(compare(*pair))["failed jobs"].effect is Effect.UNKNOWN


def test_without_jobs_nothing_is_said_of_them() -> None:
    pair = with_jobs(BEFORE, created=0), with_jobs(AFTER, created=0)

    assert not [one for one in by_subject(compare(*pair)) if "job" in one]


# --- may they be compared? ------------------------------------------------------------------------


def remarks(before: Load, after: Load) -> str:
    found = compare(before, after)
    return " / ".join(f"{one.en} / {one.ru}" for one in found.remarks)


def test_loads_of_different_profiles_conclude_nothing_and_say_why() -> None:
    other = replace(AFTER, profile={**AFTER.profile, "arrival": "constant"}, name="mine")
    found = compare(BEFORE, other)

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "(spike, mine: arrival)" in remarks(BEFORE, other)
    assert by_subject(found)["p50 of request"].after is not None


def test_other_objectives_make_no_other_load() -> None:
    assert compare(BEFORE, replace(AFTER, profile={**AFTER.profile, "objectives": []})).comparable


def test_another_target_is_said_and_compared() -> None:
    other = replace(
        AFTER, target=Target(kind=TargetKind.LIVE, provider="akool", base_url="http://127.0.0.1:1")
    )

    assert "different targets" in remarks(BEFORE, other)
    assert compare(BEFORE, other).comparable


def test_another_client_and_an_early_end_are_said() -> None:
    other = replace(AFTER, client="stock", ending=Ending.INTERRUPTED)

    assert "different clients: engine, stock" in remarks(BEFORE, other)
    assert "did not run to its end: interrupted" in remarks(BEFORE, other)


def test_a_generator_that_was_the_bottleneck_lets_nothing_be_concluded() -> None:
    tally = Counts.from_json(SLOWER.tally)
    tally.lateness.due = 2 * tally.lateness.begun
    found = compare(BEFORE, replace(SLOWER, tally=tally.to_json()))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "50.0%" in found.remarks[0].en


def test_a_load_without_an_answer_is_no_improvement() -> None:
    found = compare(BEFORE, sample.silent())

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.remarks[0].en.endswith("sent no request")


def test_loads_of_different_length_are_compared_without_pairing() -> None:
    half = replace(sample.load(sample.Shape(seed=4, seconds=34)), duration_s=34.0)
    found = by_subject(compare(BEFORE, half))

    assert found["p50 of request"].low is not None
    assert found["p50 of request"].high is not None


@given(mutated(result.to_json(sample.load(sample.Shape(seed=2, seconds=9, level=0.2)))))
def test_no_file_breaks_the_comparison(document: Json) -> None:
    try:
        load = result.from_json(json.loads(json.dumps(document)))
        found = compare(BEFORE_SHORT, load)
        back = compare(load, BEFORE_SHORT)
    except DiagnosticsError:
        return

    assert command.as_json(found, "ru")["verdict"] in set(Verdict)
    assert len(back.differences) == len(found.differences)


BEFORE_SHORT = sample.load(sample.Shape(seed=6, seconds=9, level=0.2))


# --- resampling -----------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.lists(st.floats(0.001, 10.0), min_size=200, max_size=200), st.sampled_from([0.5, 0.9]))
def test_a_percentile_drawn_anew_scatters_around_itself(values: list[float], share: float) -> None:
    histogram = Histogram()
    histogram.extend(values)
    drawn = Ranked(histogram).draws(share, seed=1, spread=1.0)
    middle = histogram.percentile(share)

    assert middle is not None
    assert len(drawn) == resampling.DRAWS
    assert min(drawn) <= middle * 1.002
    assert max(drawn) >= middle * 0.998


def test_neighbours_that_are_alike_widen_the_bounds() -> None:
    """Sixty seconds of which each ten are alike know less than sixty that are independent."""
    drawn = random.Random(5)
    alone = [round(drawn.gauss(10_000, 2_000)) for _ in range(60)]
    together = [value for value in alone[:6] for _ in range(10)]
    apart = []
    for vectors in (alone, together):
        sums = [float(one) for one, _ in resampling.draws(vectors, vectors, paired=True, seed=1)]
        apart.append(resampling.deviation(sums))

    assert apart[1] > 1.5 * apart[0]


def test_paired_draws_take_the_same_stretches_of_both() -> None:
    vectors = list(range(20))
    paired = list(resampling.draws(vectors, vectors, paired=True, seed=1))
    alone = list(resampling.draws(vectors, vectors, paired=False, seed=1))

    assert all(one == other for one, other in paired)
    assert not all(one == other for one, other in alone)


# --- the command ----------------------------------------------------------------------------------


@dataclass
class Desk:
    """A working folder with runs, and what the command said there."""

    folder: Path
    out: io.StringIO = field(default_factory=io.StringIO)

    def run(self, *words: str, language: str = "en", as_json: bool = False) -> Exit:
        options = main.command_parser("compare", command).parse_args(words)
        streams = (self.out, io.StringIO())
        return command.main(options, Screen(language=language, as_json=as_json, streams=streams))

    def keep(self, name: str, load: Load) -> Path:
        folder = self.folder / "out" / name
        folder.mkdir(parents=True)
        (folder / result.NAME).write_text(json.dumps(result.to_json(load)))
        return folder


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    here = Path.cwd()
    os.chdir(tmp_path)
    made = Desk(tmp_path)
    for name, load in (("before", BEFORE), ("after", AFTER), ("slower", SLOWER)):
        made.keep(name, load)
    yield made
    os.chdir(here)


def test_a_worse_load_ends_with_one_and_names_what_got_worse(desk: Desk) -> None:
    assert desk.run("before", "slower") is Exit.FINDINGS

    said = desk.out.getvalue()
    assert "Worse: p50 of request, p90 of request" in said
    assert "not shown: " in said
    row = next(line for line in said.splitlines() if line.startswith("p50 of request"))
    assert row.split()[4:6] == ["129", "ms"] or "129 ms" in row
    assert row.endswith("worse")


def test_noise_ends_with_nought_and_is_named_as_noise(desk: Desk) -> None:
    assert desk.run("before", "after", "--all") is Exit.OK

    said = desk.out.getvalue()
    assert "No difference that chance does not explain" in said
    assert "not shown" not in said
    assert sum(line.endswith(" noise") for line in said.splitlines()) > 5


def test_a_better_load_is_praised(desk: Desk) -> None:
    assert desk.run("slower", "before") is Exit.OK
    assert "Better: p50 of request" in desk.out.getvalue()


def test_what_cannot_be_compared_ends_with_three(desk: Desk) -> None:
    desk.keep("other", replace(AFTER, profile={**AFTER.profile, "model": "closed"}))

    assert desk.run("before", "other", language="ru") is Exit.INCONCLUSIVE
    assert "Сделать вывод нельзя" in desk.out.getvalue()
    assert "Внимание: различаются сами нагрузки" in desk.out.getvalue()


def test_in_russian_it_is_russian(desk: Desk) -> None:
    desk.run("before", "slower", "--all", language="ru")

    said = desk.out.getvalue()
    assert "показатель" in said
    assert "Стало хуже: p50 of request" in said
    assert "п. п." in said
    assert "шум" in said


def test_the_json_holds_every_figure_and_the_rule_it_was_judged_by(desk: Desk) -> None:
    desk.run("before", "slower", as_json=True)
    told = json.loads(desk.out.getvalue())

    assert told["schema"] == "diagnostics.compare/1"
    assert told["verdict"] == "fail"
    assert told["sure"] == 0.99
    assert len(told["differences"]) > 20
    assert {one["effect"] for one in told["differences"]} <= set(Effect)
    assert told["after"]["run_id"] == SLOWER.run_id


def test_a_run_is_found_by_id_folder_and_file(desk: Desk) -> None:
    folder = desk.folder / "out" / "slower"

    assert desk.run("before", str(folder)) is Exit.FINDINGS
    assert desk.run("out/before", str(folder / "load.json")) is Exit.FINDINGS


def test_a_run_that_is_none_is_refused_with_a_hint(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no run 'never'") as error:
        desk.run("before", "never")

    assert error.value.hint


def test_a_run_that_was_no_load_is_refused(desk: Desk) -> None:
    plain = desk.folder / "out" / "plain"
    plain.mkdir()
    (plain / "tape.jsonl").write_text("{}\n")

    with pytest.raises(UsageError, match="no load was recorded there") as error:
        desk.run("before", "plain")
    assert "diagnostics load" in (error.value.hint or "")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema": "diagnostics.load/1"}', b"\xff"]
)
def test_a_file_that_is_no_load_is_refused(desk: Desk, content: bytes) -> None:
    (desk.folder / "out" / "after" / "load.json").write_bytes(content)

    with pytest.raises(UsageError) as error:
        desk.run("before", "after")
    assert "load.json" in (error.value.place or "")


@pytest.mark.parametrize("kind", [Kind.TIME, Kind.SHARE, Kind.COUNT])
def test_what_was_not_measured_is_a_dash(kind: Kind) -> None:
    from reports.words import words  # noqa: PLC0415  # only here

    one = Difference(subject="x", kind=kind, before=None, after=None, effect=Effect.UNKNOWN)

    assert command._row(one, words("en")) == ["x", "–", "–", "", "", "too little data"]  # noqa: SLF001  # a row that no table of real loads shows
