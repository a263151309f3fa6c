"""Is the emulator driven by the contract alone? It plays a provider that nobody ever heard of."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from diagnostics.contract import Contract
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.model import Blame, Json, Retry, Text
from diagnostics.promise import (
    Envelope,
    ErrorCode,
    Job,
    Meaning,
    Operation,
    Parameter,
    Price,
    Scheme,
    Source,
    State,
    StateKind,
)

SOURCE = Source(page="invented")
STATES = {
    value: State(value=value, name=value, kind=kind)
    for value, kind in (
        ("waiting", StateKind.PENDING),
        ("drawing", StateKind.RUNNING),
        ("finished", StateKind.DONE),
        ("broken", StateKind.FAILED),
    )
}


def error(code: str, blame: Blame, text: str) -> ErrorCode:
    return ErrorCode(
        code=code,
        meanings=(Meaning(text=text),),
        blame=blame,
        retry=Retry.NEVER,
        remedy=Text(en="", ru=""),
        source=SOURCE,
    )


def operation(name: str, method: str, path: str, **more: Any) -> Operation:
    return Operation(
        id=name,
        method=method,
        host="https://api.acme.test",
        path=path,
        title=name,
        source=SOURCE,
        **more,
    )


def acme() -> Contract:
    job = Job(
        family="drawing",
        id=("id",),
        read="getDrawing",
        read_in="path",
        read_name="id",
        status=("status",),
        states=STATES,
        output=("assets[].url",),
        reason=("failure",),
    )
    made: Json = {"id": "d-1", "status": "waiting", "error": None}
    read: Json = {
        "id": "d-1",
        "status": "finished",
        "error": None,
        "assets": [{"url": "https://cdn.acme.test/a.png"}],
    }
    known = (
        operation(
            "createDrawing", "POST", "/v1/drawings", job=job, price=Price(amount=2), answer=made
        ),
        operation(
            "getDrawing",
            "GET",
            "/v1/drawings/{id}",
            price=Price(free=True),
            answer=read,
            parameters=(
                Parameter(name="id", place="path", required=True, schema={"type": "string"}),
            ),
        ),
        operation(
            "getWallet",
            "GET",
            "/v1/wallet",
            price=Price(free=True),
            answer={"left": 0, "error": None},
        ),
    )
    errors = (
        error("no-key", Blame.CREDENTIALS, "The key is missing"),
        error("bad-key", Blame.CREDENTIALS, "Who are you?"),
        error("poor", Blame.QUOTA, "Buy more"),
        error("gone", Blame.PARAMETERS, "Drawing not found"),
    )
    return Contract(
        name="acme",
        title="Acme",
        host="https://api.acme.test",
        hosts=("api.acme.test",),
        support={},
        envelopes={
            "default": Envelope(name="default", code="error", success=(None,), message="detail")
        },
        schemes=(
            Scheme(name="key", header="Authorization", variables=("ACME_KEY",), prefix="Bearer "),
        ),
        operations={op.id: op for op in known},
        errors={one.code: one for one in errors},
        limits={},
        roles={"balance": "getWallet", "balance_field": "left", "example": "createDrawing"},
        identifiers={},
    )


def test_another_provider_works_from_its_contract_alone() -> None:
    clock = VirtualClock(1_795_000_000.0)
    emulator = Emulator(acme(), clock=clock, credits=3)
    key = {"Authorization": f"Bearer {emulator.key}"}

    async def work() -> None:
        async with httpx.AsyncClient(
            transport=AsgiTransport(emulator), base_url=emulator.base_url, headers=key
        ) as client:
            assert emulator.base_url == "http://acme.emulator.test"
            made = (await client.post("/v1/drawings", json={})).json()
            assert (made["status"], made["error"]) == ("waiting", None)
            states = []
            for _ in range(3):
                told = (await client.get(f"/v1/drawings/{made['id']}")).json()
                states.append(told["status"])
                await asyncio.sleep(35)
            assert states == ["waiting", "drawing", "finished"]
            (asset,) = told["assets"]
            assert asset["url"] == f"{emulator.media_base}/out/{made['id']}.png"
            assert (await client.get(asset["url"])).content[1:4] == b"PNG"
            assert (await client.get("/v1/wallet")).json()["left"] == 1
            assert (await client.post("/v1/drawings", json={})).json()["error"] == "poor"
            assert (await client.get("/v1/drawings/none")).json() == {
                "error": "gone",
                "detail": "Drawing not found",
            }
            for headers, code in (
                ({"Authorization": ""}, "no-key"),
                ({"Authorization": "x"}, "bad-key"),
            ):
                answer = await client.get("/v1/wallet", headers=headers)
                assert answer.json()["error"] == code

    run(work(), clock)


@pytest.mark.parametrize("name", ["acme", "a-very-long-provider-name"])
def test_invented_credentials_look_invented(name: str) -> None:
    emulator = Emulator(replace(acme(), name=name), clock=VirtualClock(0))
    for credential in (emulator.key, emulator.client_id, emulator.client_secret):
        assert credential.startswith(f"invented-{name}-")
