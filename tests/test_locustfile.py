"""Does the small load go to this machine only, and end by itself?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics import contract_load
from diagnostics.emulator.serve import Served, ServedTown

LOCUSTFILE = Path(__file__).parent.parent / "locustfile.py"


def locust(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: Locust replaces half of the standard library."""
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("https://openapi.akool.com", "is not 127.0.0.1"),
        ("http://127.0.0.1.evil.test:80", "is not 127.0.0.1"),
        ("http://127.0.0.1:1", "no emulator answers"),
    ],
)
def test_any_other_host_is_refused_before_anything_is_sent(host: str, told: str) -> None:
    ended = locust("--host", host)
    assert ended.returncode == 1
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_healthy_emulator_bears_its_readers_without_a_failure() -> None:
    with Served(contract_load.load("akool")) as served:
        ended = locust("--host", served.base_url, "--users", "2", "--run-time", "1s", "--json")
    assert ended.returncode == 0, ended.stderr
    (read,) = json.loads(ended.stdout)
    assert read["num_requests"] > 0
    assert read["num_failures"] == 0


def test_of_several_emulators_on_a_port_one_has_to_be_named_and_is_loaded_under_its_prefix() -> (
    None
):
    contracts = [contract_load.load("akool"), contract_load.load("heygen")]
    with ServedTown(contracts) as town:
        refused = locust("--host", town.base_url)
        ended = locust("--host", town.url("heygen"), "--users", "1", "--run-time", "1s", "--json")
    assert refused.returncode == 1
    assert "name one" in refused.stderr
    (read,) = json.loads(ended.stdout)
    assert read["num_requests"] > 0
    assert read["num_failures"] == 0
