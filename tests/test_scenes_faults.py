"""Does each way in which a film goes wrong come to its own finding, and to the right blame?"""

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.contract import Contract
from diagnostics.emulator.faults import load_plan, names
from diagnostics.film.cast import cast
from diagnostics.model import Blame, Verdict
from tests.film_cases import pen, play

PLANS = {
    "scenes-fenced-json": "scenes-script-fenced",
    "scenes-prose-json": "scenes-script-prose",
    "scenes-truncated-json": "scenes-script-truncated",
    "scenes-refused": "scenes-script-refused",
    "scenes-filtered": "scenes-script-filtered",
    "scenes-two-of-three": "scenes-script-too-few",
    "scenes-not-json": "scenes-script-not-json",
    "scenes-throttled-starts": "scenes-starts-throttled",
    "scenes-throttled-out": "scenes-start-throttled-out",
    "scenes-out-of-memory": "scenes-clip-out-of-memory",
    "scenes-flagged": "scenes-clip-moderated",
    "scenes-one-scene-fails": "scenes-clip-failed",
    "scenes-expired-output": "scenes-download-expired",
    "scenes-cut-download": "scenes-download-resumed",
    "scenes-mixed-clips": "scenes-clips-differ",
}
LOSES_SCENES = {
    "scenes-throttled-out",
    "scenes-out-of-memory",
    "scenes-flagged",
    "scenes-one-scene-fails",
}


def real(plan: str) -> Contract:
    """Replicate's own contract, with OpenAI's where the script is at fault."""
    maker = cast("replicate")
    theirs = {name: maker.partners[name] for name in maker.partners if name == "openai"}
    at_fault = "openai" in load_plan(plan).providers
    return replace(maker, partners=theirs if at_fault and theirs else {"pen": pen()})


def test_every_plan_for_films_is_played_here() -> None:
    assert set(PLANS) == {name for name in names() if name.startswith("scenes-")}


@pytest.mark.parametrize("name", PLANS)
def test_each_fault_has_its_own_finding_and_the_blame_its_plan_states(
    name: str, tmp_path: Path
) -> None:
    played = play(tmp_path, name, contract=real(name))
    expect = load_plan(name).expect
    judgement = played.report.judgement
    assert PLANS[name] in played.codes()
    assert not (set(PLANS.values()) - {PLANS[name]}) & played.codes()
    assert (judgement.verdict, judgement.blame) == (expect["verdict"], expect["blame"])
    assert judgement.code == expect["code"] or expect["code"] is None


@pytest.mark.parametrize("name", sorted(LOSES_SCENES))
def test_a_failed_scene_does_not_lose_the_others(name: str, tmp_path: Path) -> None:
    played = play(tmp_path, name)
    assert "scenes-film-partial" in played.codes()
    assert (tmp_path / "final.mp4").exists()
    assert played.stages["scene:1"].verdict is Verdict.PASS
    assert played.stages["scene:2"].verdict is Verdict.FAIL
    assert played.stages["film"].blame is Blame.NONE
