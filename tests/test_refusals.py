"""Does a plan that refuses by kind get the same blame from every provider, in its own code?"""

import json
from pathlib import Path

import pytest

from diagnostics import contract_load
from diagnostics.cli.main import main

REFUSALS = {
    "bad-key": "credentials",
    "empty-key": "credentials",
    "quota-exhausted": "quota",
    "throttled": "rate-limit",
    "rejected-parameters": "parameters",
}
EVERY = [(name, fault) for name in contract_load.providers() for fault in REFUSALS]


@pytest.mark.parametrize(("provider", "fault"), EVERY)
def test_each_refusal_is_blamed_alike_whoever_refuses(
    provider: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--json", "--out", str(tmp_path), "--format", "json"]
    assert main(["run", "--provider", provider, "--fault", fault, *options]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["blame"] == REFUSALS[fault], told["because"]
    assert told["code"] in contract_load.load(provider).errors
