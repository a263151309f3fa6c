"""Does every provider's emulator call a listener on a real port, and does the listener trust it?"""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics.contract import Contract
from diagnostics.contract_load import load, providers
from diagnostics.emulator.serve import Served
from diagnostics.errors import Exit
from diagnostics.model import Target, TargetKind
from diagnostics.prepare import plan
from diagnostics.promise import Operation
from diagnostics.webhooks.signing import signing
from tests.test_webhook_command import hearing

TELLING = [name for name in providers() if signing(load(name)) is not None]


def telling(contract: Contract) -> tuple[Operation, dict[str, Any]]:
    """A call after which the provider calls back, and what its body needs for that."""
    immediate = contract.webhook.get("immediate") or {}
    for name, asking in immediate.items():
        return contract.operations[name], {asking: True} if asking else {}
    return contract.operations[contract.roles["example"]], {}


def asked(server: Served, hook: str) -> None:
    """The documented example, with the callback where the contract says it stands."""
    emulator = server.emulator
    contract = emulator.contract
    op, more = telling(contract)
    where = Target(
        kind=TargetKind.EMULATOR,
        provider=contract.name,
        base_url=server.base_url,
        media_base=emulator.media_base,
    )
    planned = plan(op, where, None)
    places = (contract.webhook.get("parameters") or {}).items()
    names = [name for name, ops in places if not isinstance(ops, list) or op.id in ops]
    emulator.callbacks.registered = None if names else hook
    body = {**(planned.body or {}), **dict.fromkeys(names, hook), **more}
    request = contract.request(op.id, body=body, query=planned.query, path=planned.path)
    scheme = next(s for s in contract.schemes if not s.token_operation)
    headers = dict(request.headers) | {scheme.header: f"{scheme.prefix}{emulator.key}"}
    url = request.url.replace(op.host, server.base_url)
    with httpx.Client(trust_env=False) as client:
        answer = client.request(op.method, url, content=request.body, headers=headers)
    assert answer.status_code in {200, 201, 202}, answer.text


@pytest.mark.parametrize("name", TELLING)
def test_the_emulators_callbacks_are_trusted_over_a_real_socket(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contract = load(name)
    count = str(1 + len(contract.webhook.get("tells") or {}))
    with Served(contract, speed=1000) as server:
        values = server.emulator.callbacks.secrets
        for variable, value in values.items():
            monkeypatch.setenv(variable, value)
        with hearing(name, "--count", count, "--json") as (ear, url):
            asked(server, f"{url}/hook")
            told = json.loads(ear.ended())
    assert ear.code is Exit.OK, told
    assert {one["provider"] for one in told["callbacks"]} == {name}
    assert all(one["verified"] and one["job"] for one in told["callbacks"])
    assert not any(value in json.dumps(told) for value in values.values())


@pytest.mark.parametrize("name", TELLING)
def test_the_sender_is_found_where_no_provider_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Served(load(name), speed=1000) as server:
        for variable, value in server.emulator.callbacks.secrets.items():
            monkeypatch.setenv(variable, value)
        with hearing("--once", "--json") as (ear, url):
            asked(server, f"{url}/hook")
            told = json.loads(ear.ended())
    assert ear.code is Exit.OK, told
    assert [one["provider"] for one in told["callbacks"]] == [name]
