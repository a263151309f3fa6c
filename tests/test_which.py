"""Is the provider that somebody means found from what they typed, and asked for where it is not?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics import contract_load
from diagnostics.cli.main import main
from diagnostics.cli.which import Clues, owners, provider
from diagnostics.emulator.serve import Served, ServedTown
from diagnostics.errors import UsageError

KEY = "invented-heygen-key-0001"
NOBODY: Mapping[str, str] = {}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out) if shown.out else {"error": shown.err}


# --- one clue after the other -----------------------------------------------------------------


def test_nothing_said_and_no_key_means_the_default() -> None:
    default = next(one.name for one in contract_load.index() if one.default)
    assert provider(Clues(), NOBODY) == default


@pytest.mark.parametrize(
    ("clues", "meant"),
    [
        (Clues(provider="heygen"), "heygen"),
        (Clues(operation="createTalkingPhoto"), "akool"),
        (Clues(operation="createModelPrediction"), "replicate"),
        (Clues(operation="GET /v1/video_status.get"), "heygen"),
        (Clues(address="https://api.heygen.com/v3/anything"), "heygen"),
        (Clues(address="POST https://api.replicate.com/v1/x"), "replicate"),
        (Clues(fault=("replicate",)), "replicate"),
        (Clues(target=("heygen",), emulated=True), "heygen"),
    ],
)
def test_each_clue_is_enough_and_outweighs_a_key(clues: Clues, meant: str) -> None:
    assert provider(clues, NOBODY) == meant
    assert provider(clues, {"AKOOL_API_KEY": KEY, "HEYGEN_API_KEY": KEY}) == meant


def test_the_only_key_that_is_set_decides() -> None:
    assert provider(Clues(), {"HEYGEN_API_KEY": KEY}) == "heygen"


def test_a_key_in_the_env_file_counts_as_one() -> None:
    Path(".env").write_text(f"REPLICATE_API_TOKEN={KEY}\n")
    assert provider(Clues(), NOBODY) == "replicate"


def test_several_keys_and_nothing_else_is_an_error_that_names_them() -> None:
    keys = {"HEYGEN_API_KEY": KEY, "REPLICATE_API_TOKEN": KEY}
    with pytest.raises(UsageError) as caught:
        provider(Clues(), keys)
    assert "HEYGEN_API_KEY" in caught.value.message
    assert "REPLICATE_API_TOKEN" in caught.value.message
    assert KEY not in caught.value.message
    assert "--provider all" in (caught.value.hint or "")


def test_several_keys_are_no_matter_where_an_emulator_answers() -> None:
    keys = {"HEYGEN_API_KEY": KEY, "REPLICATE_API_TOKEN": KEY}
    assert provider(Clues(emulated=True), {**keys, "AKOOL_API_KEY": KEY}) == "akool"


def test_clues_that_contradict_each_other_are_named() -> None:
    with pytest.raises(UsageError, match=r"--provider akool says akool") as caught:
        provider(Clues(provider="akool", fault=("heygen",)), NOBODY)
    assert "fault plan belongs to heygen" in caught.value.message


def test_several_possible_ones_without_the_default_are_asked_about() -> None:
    with pytest.raises(UsageError, match="heygen, replicate") as caught:
        provider(Clues(target=("heygen", "replicate")), NOBODY)
    assert "--provider" in (caught.value.hint or "")


def test_an_operation_nobody_has_names_the_nearest_of_all() -> None:
    with pytest.raises(UsageError) as caught:
        owners("createModelPredicton")
    assert "createModelPrediction (replicate)" in (caught.value.hint or "")


# --- as it is typed ---------------------------------------------------------------------------


def test_a_run_finds_the_provider_by_its_operation(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = told(capsys, "run", "parameters", "--operation", "createModelPrediction")
    assert (code, report["target"]["provider"]) == (0, "replicate")


def test_a_run_finds_the_provider_by_the_address_in_the_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = "https://api.heygen.com/v3/videos"
    Path("call.json").write_text(json.dumps({"method": "POST", "url": address, "body": {}}))
    code, report = told(capsys, "run", "parameters", "--request", "call.json")
    assert (code, report["target"]["provider"]) == (1, "heygen")


def test_a_plan_of_another_provider_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"provider": "heygen", "rules": [{"target": "create", "do": {"status": 500}}]}
    Path("own.json").write_text(json.dumps(plan))
    code, shown = told(capsys, "run", "--provider", "akool", "--fault", "own.json")
    assert code == 2
    assert "heygen" in shown["error"]
    code, report = told(capsys, "run", "--fault", "own.json")
    assert (code, report["target"]["provider"]) == (1, "heygen")


def test_an_emulator_on_a_port_says_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Served(contract_load.load("heygen")) as served:
        code, report = told(capsys, "run", "credentials", "--target", served.base_url)
        assert (code, report["target"]["provider"]) == (0, "heygen")
        code, shown = told(capsys, "run", "--provider", "akool", "--target", served.base_url)
    assert code == 2
    assert "heygen" in shown["error"]


def test_in_a_town_the_named_provider_is_spoken_to_under_its_prefix(
    capsys: pytest.CaptureFixture[str],
) -> None:
    contracts = [contract_load.load(name) for name in ("akool", "heygen", "replicate")]
    with ServedTown(contracts) as town:
        arguments = ("run", "credentials", "quota", "--target", town.base_url)
        code, report = told(capsys, *arguments, "--provider", "replicate")
        assert (code, report["target"]["base_url"]) == (0, town.url("replicate"))
        assert town.emulators["replicate"].answered >= 2
        assert town.emulators["akool"].answered == 0
        code, report = told(capsys, *arguments)
        assert (code, report["target"]["provider"]) == (0, "akool")
        code, report = told(capsys, "run", "credentials", "--target", town.url("heygen"))
        assert (code, report["target"]["provider"]) == (0, "heygen")


def test_a_recording_is_judged_by_its_own_provider(capsys: pytest.CaptureFixture[str]) -> None:
    _, made = told(capsys, "run", "credentials", "--provider", "replicate")
    folder = str(Path(made["report"]["json"]).parent)
    code, again = told(capsys, "run", "credentials", "--target", folder)
    assert (code, again["target"]["provider"]) == (0, "replicate")
    code, shown = told(capsys, "run", "--provider", "akool", "--target", folder)
    assert code == 2
    assert "replicate" in shown["error"]


def test_all_providers_are_run_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = told(capsys, "run", "credentials", "network", "--provider", "all")
    assert code == 0
    assert report["schema"] == "diagnostics.runs/1"
    assert [one["target"]["provider"] for one in report["runs"]] == list(contract_load.providers())
    assert {one["schema"] for one in report["runs"]} == {"diagnostics.run/1"}


def test_the_exit_code_of_all_is_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"provider": ["akool", "replicate"], "rules": [{"target": "*", "do": {"status": 500}}]}
    Path("own.json").write_text(json.dumps(plan))
    code, report = told(capsys, "run", "credentials", "--provider", "all", "--fault", "own.json")
    assert [one["target"]["provider"] for one in report["runs"]] == ["akool", "replicate"]
    assert code == 1


def test_all_takes_no_call_of_one_provider(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = told(capsys, "run", "--provider", "all", "--operation", "createVideo")
    assert code == 2
    assert "own example" in shown["error"]


def test_only_run_takes_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = told(capsys, "validate", "createVideo", "--provider", "all")
    assert code == 2
    assert "no provider 'all'" in shown["error"]


def test_a_fault_is_played_by_an_emulator_so_that_several_keys_are_no_matter(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    monkeypatch.setenv("REPLICATE_API_TOKEN", KEY)
    code, report = told(capsys, "run", "credentials", "--fault", "bad-key")
    assert (code, report["target"]["provider"]) == (1, "akool")
