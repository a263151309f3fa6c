"""Is a provider really one contract file? A made-up one gets every scenario and command for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics import contract_load
from diagnostics.cli.main import main
from diagnostics.emulator.serve import ServedTown
from diagnostics.errors import ContractError, UsageError

FOLDER = Path(__file__).parent / "fifth"
SCENARIOS = ("parameters", "network", "credentials", "endpoints", "quota", "media", "job")
PASS = "lmr_invented-for-the-tests-0001"


@pytest.fixture(autouse=True)
def _a_folder_of_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGNOSTICS_CONTRACTS", str(FOLDER))
    monkeypatch.chdir(tmp_path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code of a command and the object that it says."""
    code = main([*arguments, "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out) if shown.out else {"error": shown.err}


def findings(report: dict[str, Any], scenario: str) -> dict[str, dict[str, Any]]:
    return {f["rule"]: f for f in report["findings"] if f["scenario"] == scenario}


def test_a_whole_run_against_its_emulator_is_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = told(capsys, "run", "--provider", "lumora", "--target", "emulator")
    assert (code, report["verdict"], report["blame"]) == (0, "pass", "none"), report["because"]
    ran = {one["name"]: one["verdict"] for one in report["scenarios"]}
    assert {ran[name] for name in SCENARIOS} == {"pass"}
    assert report["target"]["base_url"] == "http://lumora.emulator.test"


@pytest.mark.parametrize(
    ("fault", "blame"),
    [
        ("bad-key", "credentials"),
        ("quota-exhausted", "quota"),
        ("unreachable-media", "media"),
        ("status-404", "endpoint"),
        ("html-502", "provider"),
        ("job-stuck", "provider"),
        ("job-fails", "provider"),
        ("connection-reset", "network"),
    ],
)
def test_generic_faults_come_to_the_same_blame(
    fault: str, blame: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = told(capsys, "run", "--provider", "lumora", "--fault", fault)
    assert (code, report["blame"]) == (1, blame), report["because"]
