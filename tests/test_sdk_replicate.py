"""Does the official client, unmodified, work against the emulated Replicate on a real port?

replicate 1.0.7, once with the emulator at the root of a port of its own, once below the prefix
`/api.replicate.com` of a town. Its own retries and poll interval are real time: kept short.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic.v1 import ValidationError
from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError
from replicate.helpers import FileOutput
from replicate.pagination import paginate

from diagnostics.contract_load import load
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, load_plan
from diagnostics.emulator.serve import Served, ServedTown
from tests.emulating import plan_of

MODEL = "kwaivgi/kling-v2.5-turbo-pro"
FOX = {"prompt": "A fox in the snow.", "duration": 5}
VERSION = "0" * 64
SPEED = 400.0
"""A prediction of a minute takes a seventh of a second."""
PLACES = pytest.mark.parametrize("place", ["port", "town"])


@contextmanager
def emulated(
    place: str = "port", faults: FaultPlan | str | None = None, **knobs: Any
) -> Iterator[tuple[Emulator, str]]:
    """The emulator on a real port, and the address an SDK is given."""
    plan = load_plan(faults) if isinstance(faults, str) else faults
    knobs = {"speed": SPEED, "faults": plan, **knobs}
    if place == "town":
        with ServedTown([load("akool"), load("replicate")], **knobs) as town:
            yield town.emulators["replicate"], town.url("replicate")
    else:
        with Served(load("replicate"), **knobs) as served:
            yield served.emulator, served.base_url


@contextmanager
def client_of(base_url: str, token: str) -> Iterator[Client]:
    """The official client. It never closes its connections, so its transport is ours to close."""
    with httpx.HTTPTransport() as transport:
        client = Client(api_token=token, base_url=base_url, transport=transport, trust_env=False)
        client.poll_interval = 0.02
        yield client


@contextmanager
def talking(
    place: str = "port", faults: FaultPlan | str | None = None, **knobs: Any
) -> Iterator[Client]:
    with (
        emulated(place, faults, **knobs) as (emulator, base_url),
        client_of(base_url, emulator.key) as client,
    ):
        yield client


@pytest.fixture(scope="module", params=["port", "town"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """The client of a healthy emulator that many tests share."""
    with talking(request.param) as found:
        yield found


# --- what works -------------------------------------------------------------------------------


def test_a_prediction_is_created_awaited_and_fetched(client: Client) -> None:
    made = client.models.predictions.create(model=MODEL, input=FOX)
    assert made.status == "starting"
    assert made.input == FOX
    made.wait()
    last = client.predictions.get(made.id)
    assert last.status == "succeeded"
    assert isinstance(last.output, str)
    assert last.output == made.output


def test_run_waits_and_gives_the_file(client: Client) -> None:
    url = client.run(MODEL, input=FOX)  # a file object only where the address is https
    assert FileOutput(str(url), client).read()[4:8] == b"ftyp"


def test_run_without_the_header_polls_to_the_end(client: Client) -> None:
    url = client.run(MODEL, input=FOX, wait=False, use_file_output=False)
    assert str(url).endswith(".mp4")


def test_run_by_version_asks_for_the_version_and_its_schema(client: Client) -> None:
    version = client.models.get(MODEL).latest_version
    assert version is not None
    assert client.run(f"{MODEL}:{version.id}", input=FOX, use_file_output=False)


@PLACES
def test_a_prediction_is_canceled(place: str) -> None:
    with talking(place, speed=1.0) as client:
        made = client.predictions.create(version=VERSION, input={"text": "Alice"})
        made.cancel()
        assert made.status == "canceled"
        made.wait()
        assert client.predictions.get(made.id).status == "canceled"


@PLACES
def test_predictions_are_listed_page_by_page(place: str) -> None:
    with talking(place) as client:
        made = [client.predictions.create(version=VERSION, input={}).id for _ in range(101)]
        pages = list(paginate(client.predictions.list))
        assert [len(page) for page in pages] == [100, 1]
        assert [one.id for page in pages for one in page] == made[::-1]


def test_account_models_hardware_and_the_secret_are_read(client: Client) -> None:
    assert client.accounts.current().username == "acme"
    model = client.models.get(MODEL)
    assert (model.owner, model.name) == tuple(MODEL.split("/"))
    assert model.latest_version is not None
    inputs = model.latest_version.openapi_schema["components"]["schemas"]["Input"]
    assert inputs["properties"]["duration"]["enum"] == [5, 10]
    assert "gpu-t4" in {one.sku for one in client.hardware.list()}
    assert client.webhooks.default.secret().key.startswith("whsec_")
    assert len(client.models.list().results) == 1


def test_a_deployment_runs_and_a_file_is_uploaded(client: Client, tmp_path: Path) -> None:
    picture = tmp_path / "fox.png"
    picture.write_bytes(b"\x89PNG")
    made = client.deployments.predictions.create(deployment="acme/my-app-clips", input=FOX)
    assert made.status == "starting"
    file = client.files.create(picture)
    assert client.files.get(file.id).id == file.id
    client.files.delete(file.id)


def test_a_create_that_waits_is_answered_when_it_is_over(client: Client) -> None:
    made = client.predictions.create(version=VERSION, input={}, wait=5)
    assert made.status == "succeeded"


# --- what fails -------------------------------------------------------------------------------


@PLACES
def test_a_bad_key_is_unauthenticated(place: str) -> None:
    with (
        emulated(place) as (_, base_url),
        client_of(base_url, "invented-wrong-key-0001") as client,
        pytest.raises(ReplicateError) as caught,
    ):
        client.models.predictions.create(model=MODEL, input=FOX)
    assert (caught.value.status, caught.value.title) == (401, "Unauthenticated")


@PLACES
def test_a_429_comes_with_the_time_in_its_text(place: str) -> None:
    with talking(place, per_minute=1) as client:
        client.models.predictions.create(model=MODEL, input=FOX)
        with pytest.raises(ReplicateError) as caught:
            client.models.predictions.create(model=MODEL, input=FOX)
    assert caught.value.status == 429
    assert "resets in ~" in str(caught.value.detail)


def test_the_client_repeats_a_throttled_read_and_no_create(tmp_path: Path) -> None:
    once = plan_of(tmp_path, {"target": "operations", "calls": [1, 3], "do": {"code": "429"}})
    with (
        emulated(faults=once) as (emulator, base_url),
        client_of(base_url, emulator.key) as client,
    ):
        assert client.accounts.current().username == "acme"
        with pytest.raises(ReplicateError):
            client.predictions.create(version=VERSION, input={})
        assert [seen.status for seen in emulator.seen] == [429, 200, 429]


def test_a_wrong_input_is_422_and_names_it(client: Client) -> None:
    with pytest.raises(ReplicateError) as caught:
        client.run(MODEL, input={**FOX, "seed": 4})
    assert caught.value.status == 422
    assert "input.seed" in str(caught.value.detail)


def test_an_unknown_prediction_is_404(client: Client) -> None:
    with pytest.raises(ReplicateError) as caught:
        client.predictions.get("nobody")
    assert (caught.value.status, caught.value.title) == (404, "Not Found")


def test_a_failed_prediction_raises_with_its_code(tmp_path: Path) -> None:
    reason = "the container was killed (E1001)"
    plan = plan_of(
        tmp_path, {"target": "create", "do": {"job": {"ends": "failed", "reason": reason}}}
    )
    with talking(faults=plan) as client, pytest.raises(ModelError) as caught:
        client.run(MODEL, input=FOX)
    assert caught.value.prediction.error == reason


def test_the_client_breaks_on_the_state_it_does_not_know(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"target": "create", "do": {"job": {"stuck": "aborted"}}})
    with talking(faults=plan) as client:
        made = client.models.predictions.create(model=MODEL, input=FOX)
        with pytest.raises(ValidationError):
            made.wait()


def test_the_client_takes_an_unfinished_create_for_a_result_of_none() -> None:
    with talking(faults="replicate-wait-unfinished", speed=1.0) as client:
        assert client.run(MODEL, input=FOX, wait=1) is None
