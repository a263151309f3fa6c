"""Are the ways to spoil a key told apart for every provider, and never shown?

Keys of a real shape are put together here at run time: none stands in a file.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics import contract_load
from diagnostics.cli.main import main
from diagnostics.contract import Contract
from diagnostics.credentials import inspect_key
from diagnostics.promise import Scheme
from tests.test_run import provider as stranger

SHAPED: Mapping[str, str] = {
    "akool": "Invented" * 4,
    "heygen": "sk_V2_" + "hgu_k" + "Invented01" + "_" + "Invented" * 4,
    "replicate": "r8" + "_" + "Invented0" * 4 + "1",
    "openai": "-".join(
        ("sk", "proj", "Invented" * 9 + "In" + "T3Blbk" + "FJ" + "Invented" * 9 + "Iv")
    ),
}
PROVIDERS = contract_load.providers()
CYRILLIC_A = "\u0430"


def scheme_of(contract: Contract) -> Scheme:
    return next(one for one in contract.schemes if not one.token_operation)


def problems(name: str, value: str) -> tuple[str, ...]:
    contract = contract_load.load(name)
    variable = scheme_of(contract).variables[0]
    return inspect_key(value, name=variable, contract=contract, others={}).problems


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_key_of_the_usual_shape_has_nothing_wrong(name: str) -> None:
    assert problems(name, SHAPED[name]) == ()


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda _key: "", "blank"),
        (lambda _key: " \n", "blank"),
        (lambda key: f"{key}\n", "newline"),
        (lambda key: f'"{key}"', "quotes"),
        (lambda key: f"{key} ", "edge-space"),
        (lambda key: f"{key[:9]} {key[9:]}", "inner-space"),
        (lambda key: f"{key[:9]}{CYRILLIC_A}{key[10:]}", "look-alike"),
        (lambda key: f"{key[:9]}\u200b{key[9:]}", "look-alike"),
        (lambda key: f"Bearer {key}", "bearer-prefix"),
        (lambda key: f"{key[:6]}...{key[-4:]}", "cut"),
        (lambda _key: "your-api-key-here", "placeholder"),
    ],
)
def test_each_way_to_spoil_a_key_is_told_by_its_name(name: str, spoil: Any, problem: str) -> None:
    assert problem in problems(name, spoil(SHAPED[name]))


@pytest.mark.parametrize("name", [n for n in PROVIDERS if scheme_of(contract_load.load(n)).length])
def test_a_key_that_lost_its_end_is_told_by_its_length(name: str) -> None:
    found = problems(name, SHAPED[name][:-7])
    assert any(problem.startswith("unusual-length:") for problem in found)


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("other", [k.name for k in contract_load.index() if k.marks])
def test_another_providers_key_is_named_after_its_owner(name: str, other: str) -> None:
    expected = set() if name == other else {f"other-provider:{other}"}
    found = {one for one in problems(name, SHAPED[other]) if one.startswith("other-provider")}
    assert found == expected


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("dirt", ["\n", " ", CYRILLIC_A, "\u200b"])
def test_a_dirty_key_that_never_leaves_is_blamed_on_the_key_and_shown_nowhere(
    name: str,
    dirt: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    scheme = scheme_of(contract_load.load(name))
    monkeypatch.setenv(scheme.variables[0], SHAPED[name] + dirt)
    with stranger({}) as (url, heard):
        asked = ("run", "network", "credentials", "quota", "--provider", name)
        main([*asked, "--target", url, "--json", "--max-retries", "1"])
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert (report["verdict"], report["blame"]) == ("fail", "credentials"), report["because"]
    assert {one for one in heard if "_emulator" not in one} == {"GET /"}  # the keyless look
    written = b"".join(path.read_bytes() for path in Path("out").rglob("*.*") if path.is_file())
    assert SHAPED[name].encode() not in written + shown.out.encode() + shown.err.encode()


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_empty_variable_is_no_missing_one(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    scheme = scheme_of(contract_load.load(name))
    monkeypatch.setenv(scheme.variables[0], "")
    with stranger({}) as (url, _):
        main(["run", "credentials", "--provider", name, "--target", url, "--json"])
    report = json.loads(capsys.readouterr().out)
    assert "credentials-key-blank" in {found["rule"] for found in report["findings"]}
