"""Is a provider really one contract file? A made-up one gets every scenario and command for it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics import contract_load
from diagnostics.cli.main import main
from diagnostics.emulator.serve import ServedTown
from diagnostics.errors import ContractError, UsageError
from tests.test_run import provider as stranger

FOLDER = Path(__file__).parent / "fifth"
SCENARIOS = ("parameters", "network", "credentials", "endpoints", "quota", "media", "job")
AWAY = ("--target", "http://127.0.0.1:1", "--max-retries", "1")
"""Nobody answers there."""
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


def test_the_run_tells_its_purse_its_limits_and_its_addresses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, report = told(capsys, "run", "quota", "endpoints", "--provider", "lumora", "--lang", "ru")
    quota = findings(report, "quota")
    assert "осталось 1000 MINUTES" in quota["quota-enough"]["message"]
    assert "x-lumora-left: " in quota["quota-rate-headers"]["message"]
    assert "rate 30/min; concurrent Free 1, Studio 8" in quota["quota-limits"]["message"]
    addresses = findings(report, "endpoints")["endpoint-set"]["message"]
    assert "3 из 3" in addresses
    assert "✓ GET /v7/films/film-000001 who_are_you" in addresses or "✓ GET /v7/films" in addresses


def test_a_key_of_its_shape_is_known_wherever_it_is_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", PASS)
    town = [contract_load.load("heygen")]
    with ServedTown(town) as served:
        _, report = told(capsys, "run", "credentials", "--target", f"{served.base_url}/")
        assert report["target"]["provider"] == "heygen"
    monkeypatch.setenv("LUMORA_PASS", PASS)
    _, report = told(capsys, "run", "credentials", "--provider", "lumora", *AWAY)
    assert "unusual" not in " ".join(findings(report, "credentials"))
    _, report = told(capsys, "run", "credentials", "--provider", "heygen", *AWAY)
    strange = findings(report, "credentials")["credentials-key-other-provider"]
    assert "lumora" in strange["message"]


def test_its_requests_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    code, checked = told(capsys, "validate", "shootFilm")
    assert (code, checked["verdict"]) == (0, "pass"), checked
    Path("call.json").write_text(json.dumps({"script": "ab", "takes": 9}))
    code, checked = told(capsys, "validate", "POST /v7/films", "call.json")
    assert code == 1
    subjects = {found["subject"] for found in checked["findings"]}
    assert {"script", "star", "takes"} <= subjects
    assert {found["code"] for found in checked["findings"]} == {"bad_script"}


def test_its_codes_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code, explained = told(capsys, "explain", "empty_purse")
    assert code == 0
    assert "Lumora" in {entry["provider"] for entry in explained["entries"]}


def test_it_stands_in_the_lists(capsys: pytest.CaptureFixture[str]) -> None:
    _, lists = told(capsys, "list")
    assert "lumora" in {row["name"] for row in lists["providers"]}
    assert "shootFilm" in {row["id"] for row in lists["operations"]}
    assert "lamp_broke" in {row["code"] for row in lists["codes"]}


def test_a_picture_is_held_to_its_limits(capsys: pytest.CaptureFixture[str]) -> None:
    Path("star.gif").write_bytes(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")
    code, looked = told(capsys, "media", "star.gif", "--for", "shootFilm:star")
    assert code == 1
    assert looked["blame"] == "media"


def test_its_emulator_serves_anybodys_client() -> None:
    contract = contract_load.load("lumora")
    with ServedTown([contract, contract_load.load("akool")], speed=1000) as town:
        emulator = town.emulators["lumora"]
        base = f"{town.base_url}/api.lumora.test/v7"
        with httpx.Client(headers={"X-Lumora-Pass": emulator.key}, trust_env=False) as client:
            refused = client.get(f"{base}/purse", headers={"X-Lumora-Pass": "wrong"})
            assert refused.status_code == 200
            assert refused.json()["ok"] is False
            assert refused.json()["why"]["kind"] == "who_are_you"
            star = f"{emulator.media_base}/face.jpg"
            begun = client.post(f"{base}/films", json={"script": "A bay", "star": star}).json()
            assert begun["ok"] is True, begun
            assert client.get(f"{base}/purse").json()["purse"]["left"] == 997
            number = begun["film"]["number"]
            seen = client.get(f"{base}/films/{number}").json()["film"]
            assert seen["number"] == number
            assert seen["stage"] in {"rehearsing", "shooting", "premiered"}
            assert "<html" in client.get(f"{base}/nothing").text.lower()


def test_a_live_key_that_is_refused_is_blamed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"ok": False, "why": {"kind": "who_are_you", "text": "no such pass"}}
    monkeypatch.setenv("LUMORA_PASS", PASS)
    with stranger({"/v7/purse": refusal}) as (url, _):
        code, report = told(capsys, "run", "credentials", "--provider", "lumora", "--target", url)
    assert (code, report["blame"], report["code"]) == (1, "credentials", "who_are_you")


# --- folders of contracts ---------------------------------------------------------------------


def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> Path:
    made = tmp_path / "contracts"
    made.mkdir()
    for name, text in texts.items():
        (made / f"{name}.yaml").write_text(text)
    monkeypatch.setenv("DIAGNOSTICS_CONTRACTS", str(made))
    return made


def test_a_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGNOSTICS_CONTRACTS", "/nowhere/at/all")
    with pytest.raises(UsageError, match="DIAGNOSTICS_CONTRACTS") as caught:
        contract_load.providers()
    assert caught.value.place == "/nowhere/at/all"


def test_a_contract_may_not_take_the_name_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path, monkeypatch, akool="{}")
    with pytest.raises(ContractError, match="two contracts are called akool"):
        contract_load.providers()


def test_a_file_has_the_name_of_its_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path, monkeypatch, other=(FOLDER / "lumora.yaml").read_text())
    with pytest.raises(ContractError, match="contract of 'lumora'"):
        contract_load.load("other")


def test_a_broken_contract_stops_only_those_who_mean_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder(tmp_path, monkeypatch, broken="openapi: [")
    code, report = told(capsys, "run", "parameters", "--provider", "akool")
    assert (code, report["verdict"]) == (0, "pass")
    code, shown = told(capsys, "run", "--provider", "broken")
    assert code == 2
    assert "broken.yaml:2" in shown["place"]
