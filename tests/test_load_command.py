"""Does each profile run, and come to the verdict that its emulator's settings deserve?"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from diagnostics import contract_load
from diagnostics.drive.clock import RealClock
from diagnostics.emulator.app import Emulator
from diagnostics.loading import reading, result
from diagnostics.loading.objectives import judge
from diagnostics.loading.tally import Tally
from diagnostics.tape import read as read_tape
from tests.load_command_cases import Ran, all_of, small

SECONDS = "3s"
HEALTHY = ("smoke", "average", "stress", "spike", "soak")
"""Profiles whose emulator is well as they ship; the other two have something to find."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ran]:
    """Each profile once, small."""
    into = tmp_path_factory.mktemp("load")
    bad = into / "bad"
    bad.mkdir()
    jobs: list[tuple[str, Sequence[str]]] = [
        (name, (small(name, into), "--duration", SECONDS)) for name in HEALTHY
    ]
    breaking = small("breakpoint", into, emulator="", poll="50 ms")
    text = Path(breaking).read_text().replace("overload_jobs: 60", "overload_jobs: 6")
    Path(breaking).write_text(text)
    jobs.append(("breakpoint", (breaking, "--duration", "12s")))
    jobs.append(("quota", (small("quota", into), "--duration", "6s")))
    overloaded = small("stress", bad, emulator="overload_jobs: 2, ")
    text = Path(overloaded).read_text().replace("failed jobs < 2 %", "failed requests < 2 %")
    Path(overloaded).write_text(text)
    jobs.append(("overloaded", (overloaded, "--duration", SECONDS)))
    unlimited = small("quota", bad)
    Path(unlimited).write_text(Path(unlimited).read_text().replace("per_second: 40, ", ""))
    jobs.append(("unlimited", (unlimited, "--duration", SECONDS)))
    slow = small("spike", bad, emulator="answer_s: 2.5, ")
    text = Path(slow).read_text().replace("p99 of job.total < 30 s", "p99 of job.total < 2 s")
    Path(slow).write_text(text)
    jobs.append(("slow", (slow, "--duration", SECONDS)))
    jobs.append(("stock", (jobs[0][1][0], "--duration", SECONDS, "--client", "stock")))
    return all_of(jobs, into / "out")


def test_every_shipped_profile_is_tried_here() -> None:
    assert {*HEALTHY, "breakpoint", "quota"} == set(reading.names())


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_emulator_passes(name: str, ran: Mapping[str, Ran]) -> None:
    found = ran[name]

    assert found.told["verdict"] == "pass", found.because
    assert found.code == 0
    assert found.told["ending"] == "completed"
    assert found.failed == []


def test_the_same_profile_runs_on_locusts_own_client(ran: Mapping[str, Ran]) -> None:
    found = ran["stock"].told

    assert found["client"] == "stock"
    assert found["tally"]["jobs"]["done"] > 0
    assert ran["stock"].failed == []


def test_breakpoint_names_the_load_at_which_it_breaks_and_stops_there(
    ran: Mapping[str, Ran],
) -> None:
    found = ran["breakpoint"]
    breaking = found.told["breaking"]

    assert found.code == 1
    assert found.told["ending"] == "objective"
    assert 15 < breaking["level"] < 38
    assert breaking["objective"] in found.failed
    assert "it broke at" in found.because
    assert found.told["duration_s"] < 12


def test_quota_finds_the_limit_within_five_percent_and_says_how_it_answers(
    ran: Mapping[str, Ran],
) -> None:
    found = ran["quota"]
    limit = found.told["limit"]

    assert found.code == 0
    assert found.told["ending"] == "limit"
    assert limit["rate_per_s"] == pytest.approx(40, rel=0.05)
    assert (limit["name"], limit["code"]) == ("createTalkingPhoto", "1005")
    assert "lets 40 calls a second through" in found.because


def test_a_quota_without_a_limit_decides_nothing(ran: Mapping[str, Ran]) -> None:
    found = ran["unlimited"]

    assert found.code == 3
    assert "no answer told of a limit, up to 60 arrivals a second" in found.because


def test_an_overloaded_emulator_fails_on_its_objective_and_the_load_is_named(
    ran: Mapping[str, Ran],
) -> None:
    found = ran["overloaded"]

    assert found.code == 1
    assert found.failed == ["failed requests < 2 %"]
    assert "it broke at" in found.because
    assert "failed requests < 2 %: it was" in found.because


def test_a_slow_emulator_fails_on_its_percentile_and_on_nothing_else(
    ran: Mapping[str, Ran],
) -> None:
    assert ran["slow"].code == 1
    assert ran["slow"].failed == ["p99 of job.total < 2 s"]


def test_what_is_told_stands_in_the_run_folder_and_is_read_back(ran: Mapping[str, Ran]) -> None:
    found = ran["overloaded"]
    kept = result.read(found.folder)

    assert kept.run_id == found.told["run_id"]
    assert kept.verdict == "fail"
    assert kept.tally == found.told["tally"]
    assert json.loads((found.folder / "load.json").read_text())["schema"] == "diagnostics.load/1"


def test_samples_stand_on_the_tape_with_their_reasons(ran: Mapping[str, Ran]) -> None:
    found = ran["overloaded"]
    tape = read_tape(found.folder)
    samples = result.read(found.folder).samples
    why = {one.why for one in samples}

    assert any(reason.startswith("code 1015") for reason in why)
    assert {"slow", "healthy"} <= why
    for one in samples:
        assert {tape.exchanges[n].conversation for n in one.positions} == {one.conversation}
    assert sum(len(one.positions) for one in samples) == len(tape)


def test_no_key_stands_in_the_run_folder_nor_on_the_screen(ran: Mapping[str, Ran]) -> None:
    found = ran["average"]
    key = Emulator(contract_load.load("akool"), clock=RealClock()).key

    assert key not in found.stderr
    assert key not in json.dumps(found.told)
    for path in found.folder.iterdir():
        assert key.encode() not in path.read_bytes()


def test_every_figure_of_the_verdict_comes_from_the_tally(ran: Mapping[str, Ran]) -> None:
    kept = result.read(ran["average"].folder)
    tally = Tally.from_json(kept.tally)

    assert [judge(one.objective, tally) for one in kept.objectives] == list(kept.objectives)
