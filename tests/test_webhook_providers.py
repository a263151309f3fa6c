"""Does every provider's emulator call a listener on a real port, and does the listener trust it?"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnostics.contract import Contract
from diagnostics.contract_load import load, providers
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import load_plan, names
from diagnostics.emulator.serve import Served
from diagnostics.errors import Exit
from diagnostics.model import Target, TargetKind
from diagnostics.prepare import plan
from diagnostics.promise import Operation
from diagnostics.webhooks.dump import parse
from diagnostics.webhooks.inspector import Inspector
from diagnostics.webhooks.judge import Checked
from diagnostics.webhooks.signing import signing
from tests.emulating import START_S
from tests.test_webhook_command import hearing
from tests.wire import http, serving

TELLING = [name for name in providers() if signing(load(name)) is not None]


def telling(contract: Contract) -> tuple[Operation, dict[str, Any]]:
    """A call after which the provider calls back, and what its body needs for that."""
    immediate = contract.webhook.get("immediate") or {}
    for name, asking in immediate.items():
        return contract.operations[name], {asking: True} if asking else {}
    example = contract.operations[contract.roles["example"]]
    jobs = (op for op in contract.operations.values() if op.job and not op.destructive)
    if example.job:
        return example, {}
    op = next(jobs)
    can_wait = "background" in (op.body_schema or {}).get("properties", {})
    return op, {"background": True} if can_wait else {}


def call(emulator: Emulator, hook: str, **given: Any) -> httpx.Request:
    """The documented example, with the callback where the contract says it stands."""
    contract = emulator.contract
    op, more = telling(contract)
    where = Target(
        kind=TargetKind.EMULATOR,
        provider=contract.name,
        base_url=emulator.base_url,
        media_base=emulator.media_base,
    )
    planned = plan(op, where, None)
    places = (contract.webhook.get("parameters") or {}).items()
    names = [name for name, ops in places if not isinstance(ops, list) or op.id in ops]
    emulator.callbacks.registered = None if names else hook
    body = {**(planned.body or {}), **dict.fromkeys(names, hook), **more, **given}
    request = contract.request(op.id, body=body, query=planned.query, path=planned.path)
    scheme = next(s for s in contract.schemes if not s.token_operation)
    headers = dict(request.headers) | {scheme.header: f"{scheme.prefix}{emulator.key}"}
    url = request.url.replace(op.host, emulator.base_url)
    return httpx.Request(op.method, url, content=request.body, headers=headers)


def asked(server: Served, hook: str) -> None:
    with httpx.Client(trust_env=False) as client:
        answer = client.send(call(server.emulator, hook))
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


PLANS = {
    "webhook-doubled": "webhook-doubled",
    "webhook-future": "webhook-future",
    "webhook-heygen-variant-2": "webhook-variant",
    "webhook-heygen-variant-3": "webhook-variant",
    "webhook-late": None,
    "webhook-lost": None,
    "webhook-milliseconds": "webhook-timestamp-unit",
    "webhook-mis-signed": "webhook-wrong-signature",
    "webhook-other-secret": "webhook-other-secret",
    "webhook-out-of-order": "webhook-out-of-order",
    "webhook-reserialised": "webhook-reserialised",
    "webhook-stale": "webhook-late",
    "webhook-unsigned": "webhook-unsigned",
}
"""What a receiver that allows 300 s finds, beside what it finds of any callback."""
USUAL = {"webhook-verified", "webhook-untimed", "webhook-variant"}


def test_every_plan_for_callbacks_has_its_finding() -> None:
    assert [name for name in names() if name.startswith("webhook-")] == sorted(PLANS)


def heard_in(name: str, provider: str, **given: Any) -> list[Checked]:
    """What is made of the callbacks of one job under a plan, in virtual time."""
    clock = VirtualClock(START_S)
    emulator = Emulator(load(provider), clock=clock, faults=load_plan(name))
    values = {**emulator.callbacks.secrets, "HERE_API_KEY": emulator.key}
    known = {**values, **dict.fromkeys(load(provider).schemes[0].variables[:1], emulator.key)}
    inspector = Inspector([load(provider)], known, provider=provider, tolerance_s=300)

    async def work() -> list[Checked]:
        async with (
            httpx.AsyncClient(transport=AsgiTransport(emulator)) as client,
            serving(lambda _heard: [http(b"ok")]) as wire,
        ):
            await client.send(call(emulator, f"{wire.base_url}/hook", **given))
            await asyncio.sleep(600)
            await client.get(f"{emulator.base_url}/_emulator")
            heard = [parse(one, f"#{n}") for n, one in enumerate(wire.heard, 1)]
            return [inspector.inspect(replace(d, received_s=START_S + 60), 0) for d in heard]

    return run(work(), clock)


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        (name, provider)
        for name in PLANS
        for provider in load_plan(name).providers or ("akool", "heygen", "replicate")
    ],
)
def test_each_plan_for_callbacks_comes_to_its_finding(name: str, provider: str) -> None:
    found = heard_in(name, provider)
    rules = {finding.rule.code for one in found for finding in one.findings}
    expected = PLANS[name]
    assert bool(found) is (name != "webhook-lost")
    if name == "webhook-out-of-order" and provider == "heygen":
        expected = None  # it calls back at the end only: there is nothing to come after it
    if name == "webhook-unsigned":
        rules -= {"webhook-untimed"}
    assert rules - USUAL <= {expected, "webhook-undecryptable"}
    assert expected is None or expected in rules


@pytest.mark.parametrize(
    ("wanted", "states"),
    [
        (["completed"], ["succeeded"]),
        (["start", "completed"], ["processing", "succeeded"]),
        (None, ["processing", "succeeded"]),
    ],
)
def test_a_create_may_choose_what_it_is_told(wanted: list[str] | None, states: list[str]) -> None:
    given = {} if wanted is None else {"webhook_events_filter": wanted}
    found = heard_in("webhook-future", "replicate", **given)
    assert [one.state for one in found] == states
