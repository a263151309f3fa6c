"""Do several emulators share one port, each at its own address, and none answering for another?"""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.cli.emulate import sdk
from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock
from diagnostics.emulator.serve import ServedTown
from diagnostics.emulator.town import Town, settled
from diagnostics.errors import ContractError, UsageError
from tests.emulating import plan_of

AKOOL = load("akool")
TWIN = replace(AKOOL, name="twin", host="https://api.twin.test", hosts=("api.twin.test",))
CLOCK = VirtualClock()
BALANCE = "/api/open/v3/faceswap/quota/info"


@pytest.fixture(scope="module")
def town() -> Iterator[ServedTown]:
    with ServedTown([AKOOL, TWIN]) as served:
        yield served


@pytest.fixture
def client(town: ServedTown) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=town.base_url, trust_env=False) as talking:
        yield talking


def key(town: ServedTown, name: str) -> dict[str, str]:
    return {"x-api-key": town.emulators[name].key}


@pytest.mark.parametrize("prefix", ["/openapi.akool.com", "/akool", "/OPENAPI.AKOOL.COM"])
def test_a_provider_answers_under_its_host_and_under_its_name(
    prefix: str, town: ServedTown, client: httpx.Client
) -> None:
    answer = client.get(prefix + BALANCE, headers=key(town, "akool"))
    assert answer.json()["code"] == 1000


def test_a_provider_answers_to_its_own_host_header(town: ServedTown, client: httpx.Client) -> None:
    headers = {**key(town, "twin"), "host": "api.twin.test:443"}
    assert client.get(BALANCE, headers=headers).json()["code"] == 1000


def test_a_key_of_one_opens_nothing_at_the_other(town: ServedTown, client: httpx.Client) -> None:
    answer = client.get(f"/twin{BALANCE}", headers=key(town, "akool"))
    assert answer.json()["code"] != 1000


def test_an_address_without_a_provider_is_nobodys(client: httpx.Client) -> None:
    assert client.get(BALANCE).status_code == 404
    assert client.get("/api.unknown.test/v1").status_code == 404


def test_the_town_names_everybody_and_each_speaks_for_itself(
    town: ServedTown, client: httpx.Client
) -> None:
    told = client.get("/_emulator").json()
    assert told["schema"] == "diagnostics.town/1"
    assert [one["provider"] for one in told["emulators"]] == ["akool", "twin"]
    own = client.get("/api.twin.test/_emulator").json()
    assert own == told["emulators"][1]
    assert own["base_url"] == town.url("twin") == f"{town.base_url}/api.twin.test"


def test_media_of_the_town_are_fetched_under_their_prefix(
    town: ServedTown, client: httpx.Client
) -> None:
    base = town.emulators["twin"].media_base
    assert client.get(f"{base}/face.jpg").headers["content-type"] == "image/jpeg"
    body = {
        "talking_photo_url": f"{base}/face.jpg",
        "audio_url": f"{town.emulators['akool'].media_base}/speech.mp3",
        "resolution": "720",
    }
    created = client.post(
        "/twin/api/open/v3/content/video/createbytalkingphoto",
        json=body,
        headers=key(town, "twin"),
    ).json()
    assert created["code"] == 1000, created


def test_on_ports_of_their_own_nobody_needs_a_prefix() -> None:
    with ServedTown([AKOOL, TWIN], own_ports=True) as town:
        assert len({town.url("akool"), town.url("twin")}) == 2
        for name, emulator in town.emulators.items():
            with httpx.Client(base_url=town.url(name), trust_env=False) as talking:
                assert talking.get(BALANCE, headers=key(town, name)).json()["code"] == 1000
                assert talking.get("/_emulator").json()["provider"] == name
                assert talking.get(f"{emulator.media_base}/face.jpg").status_code == 200


def test_a_port_that_is_taken_gives_the_others_back() -> None:
    before, taken = neighbours()
    port = before.getsockname()[1]
    before.close()
    with taken, pytest.raises(UsageError, match="cannot listen"):
        ServedTown([AKOOL, TWIN], own_ports=True, port=port)
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))


def neighbours() -> tuple[socket.socket, socket.socket]:
    """Two ports side by side, below those that the system hands out to others meanwhile."""
    for port in range(20_000, 30_000, 2):
        pair = socket.socket(), socket.socket()
        try:
            for one, number in zip(pair, (port, port + 1), strict=True):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind(("127.0.0.1", number))
                one.listen()
        except OSError:
            for one in pair:
                one.close()
        else:
            return pair
    raise AssertionError("no two ports side by side are free")


def test_a_town_of_one_needs_no_prefix_and_takes_one_all_the_same() -> None:
    with ServedTown([AKOOL]) as town, httpx.Client(trust_env=False) as talking:
        headers = key(town, "akool")
        assert town.url("akool") == town.base_url
        for base in (town.base_url, f"{town.base_url}/openapi.akool.com"):
            assert talking.get(base + BALANCE, headers=headers).json()["code"] == 1000


def test_a_plan_is_played_by_those_who_can(tmp_path: Path) -> None:
    only_twin = plan_of(tmp_path, {"target": "*", "do": {"status": 503}}, provider="twin")
    with ServedTown([AKOOL, TWIN], faults=only_twin) as town, httpx.Client(trust_env=False) as talk:
        assert talk.get(town.url("twin") + BALANCE).status_code == 503
        healthy = talk.get(town.url("akool") + BALANCE, headers=key(town, "akool"))
        assert healthy.json()["code"] == 1000
    with pytest.raises(UsageError, match="belongs to twin"):
        ServedTown([AKOOL], faults=only_twin)


def test_a_plan_that_aims_at_what_nobody_has_names_the_nearest(tmp_path: Path) -> None:
    lost = plan_of(tmp_path, {"target": "getCredits", "do": {"status": 503}})
    with pytest.raises(ContractError, match="getCredits") as caught:
        ServedTown([AKOOL, TWIN], faults=lost)
    assert "getCredit" in (caught.value.hint or "")


def test_a_broken_connection_is_broken_under_a_prefix_too(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "*", "do": {"reset": "before"}}, provider="twin")
    with ServedTown([AKOOL, TWIN], faults=plan) as town, httpx.Client(trust_env=False) as talking:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            talking.get(town.url("twin") + BALANCE)
        assert talking.get(f"{town.url('akool')}/_emulator").status_code == 200


@given(st.text(st.characters(codec="utf-8"), max_size=80), st.binary(max_size=40))
def test_no_address_and_no_host_upsets_the_town(path: str, host: bytes) -> None:
    town = Town(settled([AKOOL, TWIN], {"akool": "http://h/a", "twin": "http://h/t"}, clock=CLOCK))
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "method": "GET", "path": f"/{path}", "headers": [(b"host", host)]}
    asyncio.run(town(scope, receive, send))
    assert 200 <= said[0]["status"] < 500


def test_official_packages_are_told_their_base_address() -> None:
    words = load("openai").sdk[0]
    told = sdk("http://127.0.0.1:1/api.openai.com", words)
    assert told["variable"] == "OPENAI_BASE_URL"
    assert told["value"] == "http://127.0.0.1:1/api.openai.com/v1"
