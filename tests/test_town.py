"""Do several emulators share one port, each at its own address, and none answering for another?"""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from diagnostics.contract_load import load
from diagnostics.emulator.serve import ServedTown

AKOOL = load("akool")
TWIN = replace(AKOOL, name="twin", host="https://api.twin.test", hosts=("api.twin.test",))
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
