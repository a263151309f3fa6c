"""Does `list` know every name that can be typed elsewhere?"""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from diagnostics import contract_load
from diagnostics.cli import discover, main
from diagnostics.cli.list_ import LISTS
from diagnostics.errors import ContractError, Exit, UsageError
from diagnostics.loading import reading

ROOT = Path(__file__).parent.parent
SUITE = [
    "parameters",
    "network",
    "credentials",
    "endpoints",
    "quota",
    "media",
    "formats",
    "job",
]
NAMED = ["scenes", "recording"]
"""Part of no run but that which names them."""


def listed(what: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert main.main(["list", what, "--json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    rows: list[dict[str, Any]] = told[what]
    return rows


def test_scenarios_stand_in_the_order_of_the_suite(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed("scenarios", capsys)
    assert [row["name"] for row in rows if row["runs"] == "always"] == SUITE
    assert [row["name"] for row in rows if row["runs"] != "always"] == NAMED


def test_every_operation_of_the_contract_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed("operations", capsys)
    own = [row["id"] for row in rows if row["provider"] == "akool"]
    assert own == list(contract_load.load("akool").operations)
    assert {"free"} < {row["price"] for row in rows}


def test_every_fault_says_what_a_run_concludes(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["name"]: row for row in listed("faults", capsys)}
    assert rows["unreachable-media"]["blame"] == "media"
    assert all(row["verdict"] and row["blame"] and row["title"] for row in rows.values())


def test_every_code_is_listed_with_its_blame(capsys: pytest.CaptureFixture[str]) -> None:
    found = listed("codes", capsys)
    rows = {row["code"]: row for row in found if row["provider"] == "akool"}
    assert rows["1015"]["blame"] == ["provider", "media"]
    assert rows.keys() == contract_load.load("akool").errors.keys()


def test_report_formats_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    known = {row["name"] for row in listed("formats", capsys)}
    assert known == {"txt", "md", "html", "json", "zip"}


def test_load_profiles_are_listed_with_model_peak_and_length(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {row["name"]: row for row in listed("profiles", capsys)}
    assert rows.keys() == set(reading.names())
    assert rows["smoke"]["peak"] == "2 users"
    assert rows["spike"] | {"title": ""} == {
        "name": "spike",
        "model": "open",
        "peak": "40 /s",
        "duration": "30 s",
        "title": "",
    }


def test_without_a_name_every_list_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["list"]) == Exit.OK
    shown = capsys.readouterr().out
    assert all(f"diagnostics list {name}" in shown for name in LISTS)


def test_titles_follow_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["list", "faults", "--lang", "ru"]) == Exit.OK
    assert "вместо картинки" in capsys.readouterr().out


def test_an_unknown_list_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["list", "scenario"]) == Exit.USAGE
    assert "nearest: scenarios" in capsys.readouterr().err


def test_scenario_names_are_the_files_of_the_folder() -> None:
    files = {path.stem for path in (ROOT / "scenarios").glob("[!_]*.py")}
    assert set(discover.scenario_names()) == files


def test_one_scenario_is_found_by_name_and_a_wrong_one_names_the_nearest() -> None:
    assert discover.scenario("network").name == "network"
    with pytest.raises(UsageError) as caught:
        discover.scenario("netwrk")
    assert caught.value.hint == "nearest: network"


@pytest.mark.parametrize("binds", [None, "a string", discover.scenario("network")])
def test_a_module_that_binds_no_scenario_of_its_name_is_told(binds: object) -> None:
    module = ModuleType("scenarios.invented")
    module.__file__ = "scenarios/invented.py"
    vars(module)["SCENARIO"] = binds
    with pytest.raises(ContractError, match="binds no SCENARIO named 'invented'") as caught:
        discover.bound(module, "invented")
    assert caught.value.place == "scenarios/invented.py"


def test_people_see_every_meaning_and_both_blames_of_a_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["list", "codes"]) == Exit.OK
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("1015 ")]
    assert "Create video error, please try again later, Video processing error" in line
    assert "provider, media" in line


def test_each_price_is_said_as_far_as_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    for row in listed("operations", capsys):
        price = contract_load.load(row["provider"]).operations[row["id"]].price
        assert (row["price"] == "free") is price.free
        assert (row["price"] == f"{price.amount or 0:g} credits") is (price.amount is not None)


def test_providers_are_listed_with_their_variables_and_hosts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {row["name"]: row for row in listed("providers", capsys)}
    assert list(rows) == list(contract_load.providers())
    assert rows["akool"]["variables"][0] == "AKOOL_API_KEY"
    assert "openapi.akool.com" in rows["akool"]["hosts"]
    assert [name for name, row in rows.items() if row["default"]] == ["akool"]


def test_faults_of_one_provider_leave_out_those_of_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["list", "faults", "--provider", "akool", "--json"]) == Exit.OK
    rows = json.loads(capsys.readouterr().out)["faults"]
    assert all(row["provider"] == "any" or "akool" in row["provider"] for row in rows)
    assert "any" in {str(row["provider"]) for row in rows}
