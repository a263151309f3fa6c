"""Does what the emulator sends come to the finding that its fault plan is named for?"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, FaultRule
from diagnostics.webhooks.dump import parse
from diagnostics.webhooks.inspector import Inspector
from diagnostics.webhooks.judge import Checked
from tests.emulating import START_S, Talk
from tests.webhook_cases import codes
from tests.wire import http, serving

ENDED_S = START_S + 60
"""Jobs of the emulator take some 45 to 71 s."""
HEADERS = {"signature": "X-Signed", "timestamp": "X-Time", "id": "X-Id"}
WORDS: Mapping[str, Mapping[str, Any]] = {
    "akool": load("akool").webhook,
    "standard": {
        "scheme": "standard",
        "secret": {"variables": ["AKOOL_WEBHOOK_SECRET"]},
        "tolerance_s": 300,
        "parameters": {"webhookUrl": "all"},
        "job": ["data._id"],
        "state": ["data.video_status"],
        "payload": "answer",
    },
    "body-hmac": {
        "scheme": "body-hmac",
        "secret": {"variables": ["AKOOL_WEBHOOK_SECRET"]},
        "tolerance_s": 300,
        "variants": [
            {"name": "variant-1", **HEADERS},
            {"name": "variant-2", "signature": "X-Old-Signed"},
        ],
        "parameters": {"webhookUrl": "all"},
        "job": ["said.job"],
        "state": ["event"],
        "states": {"made.done": "done", "made.failed": "failed"},
        "payload": {
            "done": {
                "event": "made.done",
                "said": {"job": "{id}", "url": "{url}", "msg": "{reason}"},
            },
            "failed": {"event": "made.failed", "said": {"job": "{id}", "msg": "{reason}"}},
        },
    },
}


def contract(scheme: str, **words: Any) -> Contract:
    return replace(load("akool"), webhook={**WORDS[scheme], **words})


def told(given: Contract, *webhook: str, job: Mapping[str, Any] | None = None) -> list[Checked]:
    """What a receiver makes of the callbacks of one job, bent as a plan bends them."""
    clock = VirtualClock(START_S)
    do: dict[str, Any] = {"webhook": list(webhook)} if webhook else {"delay_s": 0}
    rule = FaultRule(target=("create",), do={**do, **({"job": job} if job else {})})
    emulator = Emulator(given, clock=clock, faults=FaultPlan(name="bent", rules=(rule,)))
    values = {**emulator.callbacks.secrets, "AKOOL_API_KEY": emulator.key}
    inspector = Inspector([given], values, provider="akool")

    async def work() -> list[Checked]:
        transport = AsgiTransport(emulator)
        async with (
            httpx.AsyncClient(transport=transport, base_url=emulator.base_url) as client,
            serving(lambda _heard: [http(b"ok")]) as wire,
        ):
            talk = Talk(client, emulator)
            await talk.started(webhookUrl=f"{wire.base_url}/hook")
            await asyncio.sleep(300)
            await talk.balance()
            heard = [parse(one, f"#{n}") for n, one in enumerate(wire.heard, 1)]
            return [inspector.inspect(replace(d, received_s=ENDED_S), ENDED_S) for d in heard]

    return run(work(), clock)


QUIET = {"webhook-untimed", "webhook-variant"}


@pytest.mark.parametrize("scheme", WORDS)
def test_a_callback_of_each_scheme_verifies(scheme: str) -> None:
    (checked,) = told(contract(scheme))
    assert checked.ok
    assert set(codes(checked)) <= QUIET
    assert len(checked.job) == 24
    assert checked.state in {"3", "made.done"}


def test_a_payload_holds_what_is_known_and_nothing_else() -> None:
    (done,) = told(contract("body-hmac"))
    assert set(done.payload["said"]) == {"job", "url"}
    (failed,) = told(contract("body-hmac"), job={"ends": "failed", "reason": "no face"})
    assert failed.payload == {
        "event": "made.failed",
        "said": {"job": failed.job, "msg": "no face"},
    }


@pytest.mark.parametrize("scheme", WORDS)
@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("mis-signed", "webhook-wrong-signature"),
        ("unsigned", "webhook-unsigned"),
        ("other-secret", "webhook-other-secret"),
        ("milliseconds", "webhook-timestamp-unit"),
    ],
)
def test_each_fault_comes_to_its_own_finding(scheme: str, word: str, code: str) -> None:
    (checked,) = told(contract(scheme), word)
    assert code in codes(checked)


@pytest.mark.parametrize("scheme", ["standard", "body-hmac"])
@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("reserialised", "webhook-reserialised"),
        ("stale", "webhook-late"),
        ("future", "webhook-future"),
    ],
)
def test_each_fault_of_body_and_time_comes_to_its_own_finding(
    scheme: str, word: str, code: str
) -> None:
    (checked,) = told(contract(scheme), word)
    assert set(codes(checked)) - QUIET == {code}


@pytest.mark.parametrize("scheme", WORDS)
def test_doubled_late_lost_and_out_of_order_are_delivered_so(scheme: str) -> None:
    given = contract(scheme)
    first, second = told(given, "doubled")
    assert "webhook-doubled" in codes(second)
    assert "webhook-doubled" not in codes(first)
    assert second.seal.id == first.seal.id
    assert told(given, "lost") == []
    assert len(told(given, "late")) == 1


def test_a_state_after_the_end_is_out_of_order() -> None:
    first, second = told(contract("standard"), "out-of-order")
    assert "webhook-out-of-order" not in codes(first)
    assert "webhook-out-of-order" in codes(second)


def test_the_variant_that_a_plan_names_is_sent() -> None:
    (checked,) = told(contract("body-hmac"), "variant-2")
    assert checked.ok
    assert checked.seal.variant == "variant-2"
    assert not checked.seal.timestamp


def test_what_is_told_before_the_end_is_told() -> None:
    given = contract("standard", tells={"running": "start"}, filter="webhook_events_filter")
    assert [checked.state for checked in told(given)] == ["2", "3"]


def test_a_secret_handed_out_is_the_one_that_signs() -> None:
    secret = {"variables": ["AKOOL_WEBHOOK_SECRET"], "operation": "getQuota", "field": "data.key"}
    operation = load("akool").roles["balance"]
    given = contract("standard", secret={**secret, "operation": operation})
    given = replace(given, roles={k: v for k, v in given.roles.items() if k != "balance"})
    clock = VirtualClock(START_S)
    emulator = Emulator(given, clock=clock)

    async def work() -> Any:
        transport = AsgiTransport(emulator)
        async with httpx.AsyncClient(transport=transport, base_url=emulator.base_url) as client:
            path = given.operations[operation].path
            answer = await client.get(path, headers={"x-api-key": emulator.key})
            about = (await client.get("/_emulator")).json()
            return answer.json()["data"]["key"], about["webhook_secret"]

    key, told_secret = run(work(), clock)
    assert key == told_secret == emulator.callbacks.secrets["AKOOL_WEBHOOK_SECRET"]
    assert key.startswith("whsec_")


def test_an_account_that_registered_a_url_is_told_of_calls_that_are_over_at_once() -> None:
    operation = load("akool").roles["balance"]
    given = contract(
        "body-hmac",
        immediate={operation: ""},
        payload={"done": {"event": "made.done", "said": {"job": "{event}"}, "at": "{at_s}"}},
    )
    clock = VirtualClock(START_S)
    emulator = Emulator(given, clock=clock)

    async def work() -> list[bytes]:
        transport = AsgiTransport(emulator)
        async with (
            httpx.AsyncClient(transport=transport, base_url=emulator.base_url) as client,
            serving(lambda _heard: [http(b"ok")]) as wire,
        ):
            emulator.callbacks.registered = f"{wire.base_url}/hook"
            await Talk(client, emulator).balance()
            await asyncio.sleep(1)
            return wire.heard

    (heard,) = run(work(), clock)
    inspector = Inspector([given], emulator.callbacks.secrets)
    checked = inspector.inspect(parse(heard, "#1"), clock.now())
    assert checked.verified
    assert checked.job.startswith("evt_")
    assert checked.payload["at"] == int(START_S)


def test_of_two_who_sign_alike_the_one_whose_secret_fits_is_the_sender() -> None:
    one = contract("standard")
    other = replace(
        contract("standard", secret={"variables": ["OTHER_WEBHOOK_SECRET"]}), name="other"
    )
    (checked,) = told(one)
    values = Emulator(one, clock=VirtualClock(START_S)).callbacks.secrets
    known = {**values, "OTHER_WEBHOOK_SECRET": "invented-other-secret-0001"}
    for order in ([one, other], [other, one]):
        found = Inspector(order, known).inspect(checked.delivery, START_S)
        assert (found.provider, found.verified) == ("akool", True)


def test_a_job_that_was_ended_early_is_told_as_it_ended() -> None:
    given = contract("akool")
    clock = VirtualClock(START_S)
    emulator = Emulator(given, clock=clock)

    async def work() -> list[bytes]:
        transport = AsgiTransport(emulator)
        async with (
            httpx.AsyncClient(transport=transport, base_url=emulator.base_url) as client,
            serving(lambda _heard: [http(b"ok")]) as wire,
        ):
            talk = Talk(client, emulator)
            await talk.started(webhookUrl=f"{wire.base_url}/hook")
            for work in emulator.jobs:
                work.closed = True
            await asyncio.sleep(300)
            return wire.heard

    (heard,) = run(work(), clock)
    inspector = Inspector([given], emulator.callbacks.secrets, provider="akool")
    assert inspector.inspect(parse(heard, "#1"), clock.now()).state == "4"


def test_whoever_sent_it_is_found_by_how_it_is_signed() -> None:
    one, other = contract("standard"), replace(contract("body-hmac"), name="other")
    (checked,) = told(one)
    values = Emulator(one, clock=VirtualClock(START_S)).callbacks.secrets
    inspector = Inspector([one, other], values)
    assert inspector.inspect(checked.delivery, START_S).provider == "akool"
    nobody = inspector.inspect(replace(checked.delivery, headers=()), START_S)
    assert codes(nobody) == ["webhook-unrecognised"]
