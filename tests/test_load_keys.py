"""With whose key does a load speak: the user's to a provider, bought where it has to be?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.errors import DiagnosticsError, TargetError, UsageError
from diagnostics.loading.keys import users
from diagnostics.model import Request, Target, TargetKind
from diagnostics.redact import Gate
from tests.drive_cases import akool
from tests.load_cases import answering
from tests.wire import http

ROOT = Path(__file__).parent.parent
CREDIT = akool().request("getCredit")
KEY = "invented-akool-key-0001"
TOKENS = {"AKOOL_CLIENT_ID": "invented-client-id-01", "AKOOL_CLIENT_SECRET": KEY}
TOKEN = "invented.token.0001"
PROFILE = """
title: only reads
model: closed
stages:
  - {users: 2, hold: 1 s}
mix:
  - {scenario: read, think: 100 ms}
objectives: ['failed requests = 0']
"""


def live(base_url: str = "http://127.0.0.1:9") -> Target:
    return Target(kind=TargetKind.LIVE, provider="akool", base_url=base_url)


def refused(base_url: str, environ: dict[str, str]) -> DiagnosticsError:
    with pytest.raises(DiagnosticsError) as found:
        users(Gate(), environ, Path("nowhere"))(akool(), live(base_url))
    return found.value


def script(raw: bytes) -> list[bytes]:
    if b"getToken" in raw:
        return [http(json.dumps({"code": 1000, "token": TOKEN}).encode())]
    if f"Bearer {TOKEN}".encode() in raw:
        return [http(b'{"code":1000,"data":{"credit":5}}')]
    return [http(b'{"code":1101,"msg":"no"}', status="401 Unauthorized")]


def test_the_users_own_key_is_sent_and_the_gate_knows_it() -> None:
    gate = Gate()
    access = users(gate, {"AKOOL_API_KEY": KEY}, Path("nowhere"))(akool(), live())
    assert access.headers(CREDIT) == (("x-api-key", KEY),)
    assert access.renews is None
    assert KEY not in gate.text(f"it was {KEY}")


def test_without_a_key_the_load_says_which_variable_to_set() -> None:
    error = refused("http://127.0.0.1:9", {})
    assert isinstance(error, UsageError)
    assert "AKOOL_API_KEY" in str(error)
    assert "AKOOL_CLIENT_ID with AKOOL_CLIENT_SECRET" in str(error)


def test_a_token_is_bought_before_anything_is_due_and_the_gate_knows_it() -> None:
    gate = Gate()
    with answering(script) as wire:
        access = users(gate, TOKENS, Path("nowhere"))(akool(), live(wire.base_url))
        assert sum(b"getToken" in raw for raw in wire.heard) == 1
        assert access.headers(CREDIT) == (("Authorization", f"Bearer {TOKEN}"),)
        assert access.headers(Request(method="GET", url=CREDIT.url, authenticated=False)) == ()
        assert access.renews is not None
        assert len(wire.heard) == 1
    assert TOKEN not in gate.text(json.dumps({"token": TOKEN}))


def test_a_token_that_cannot_be_had_ends_the_load_before_it_begins_and_says_why() -> None:
    with answering(lambda _: [http(b'{"code":1101,"msg":"no"}')]) as wire:
        error = refused(wire.base_url, TOKENS)
    assert isinstance(error, TargetError)
    assert "HTTP 200, code 1101" in str(error)
    assert "refused" in str(refused("http://127.0.0.1:9", TOKENS))
    assert KEY not in str(error)


@pytest.mark.parametrize("client", ["engine", "stock"])
def test_the_locustfile_buys_a_token_with_the_users_own_credentials(
    client: str, tmp_path: Path
) -> None:
    profile = tmp_path / "reads.yaml"
    profile.write_text(PROFILE)
    with answering(script) as wire:
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", "locustfile.py", "--headless", "--json"),
                *("--host", wire.base_url, "--provider", "akool", "--client", client),
                *("--profile", str(profile)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("AKOOL_")} | TOKENS,
        )
        bought = sum(b"getToken" in raw for raw in wire.heard)
    assert ended.returncode == 0, ended.stderr
    row = next(row for row in json.loads(ended.stdout) if row["name"] == "getCredit")
    assert row["num_requests"] > 5
    assert row["num_failures"] == 0
    assert bought == 1
    assert KEY not in ended.stderr + ended.stdout
    assert TOKEN not in ended.stderr + ended.stdout
