"""Do the official packages record and replay through the transports, and stop at a miss?"""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from replicate.client import Client as Replicate

from diagnostics.contract_load import load
from diagnostics.emulator.faults import load_plan
from diagnostics.emulator.serve import Served
from diagnostics.recording import Recorder, Replayer, UnrecordedRequestError
from diagnostics.tape import read

OPENAI = load("openai")
TURNS: Any = [{"role": "user", "content": "Split into 3 scenes: a fox finds a lamp."}]


def story(client: OpenAI) -> list[Any]:
    """Two calls, one of them a stream."""
    whole = client.chat.completions.create(model="gpt-4o-mini", messages=TURNS)
    parts = client.chat.completions.create(model="gpt-4o-mini", messages=TURNS, stream=True)
    said = [part.choices[0].delta.content for part in parts if part.choices]
    return [whole.choices[0].message.content, said, client.models.list().data[0].id]


LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])


@LIBRARIES
def test_openai_records_and_replays_without_network_or_key(library: Any, tmp_path: Path) -> None:
    with Served(OPENAI) as served, Recorder(tmp_path / "run", provider="openai") as tape:
        base, key = f"{served.base_url}/v1", served.emulator.key
        client = library.Client(transport=tape.transport())
        with OpenAI(base_url=base, api_key=key, http_client=client) as api:
            live = story(api)
    with Replayer(tmp_path / "run") as played:
        client = library.Client(transport=played.transport())
        with OpenAI(base_url=base, api_key="invented-other-key", http_client=client) as api:
            assert story(api) == live
        assert (played.unplayed(), played.misses) == ([], [])
    exchanges = read(tmp_path / "run").exchanges
    assert [e.request.operation for e in exchanges] == [
        "createChatCompletion",
        "createChatCompletion",
        "listModels",
    ]
    assert len(live[1]) > 3
    assert exchanges[1].response
    assert exchanges[1].response.body.endswith(b"data: [DONE]\n\n")
    assert key.encode() not in (tmp_path / "run" / "tape.jsonl").read_bytes()


@LIBRARIES
def test_the_async_client_of_openai_does_too(library: Any, tmp_path: Path) -> None:
    async def said(api: AsyncOpenAI) -> list[Any]:
        parts = await api.chat.completions.create(model="gpt-4o-mini", messages=TURNS, stream=True)
        return [part.choices[0].delta.content async for part in parts if part.choices]

    async def both() -> None:
        with Served(OPENAI) as served, Recorder(tmp_path / "run") as tape:
            base, key = f"{served.base_url}/v1", served.emulator.key
            inner = library.AsyncClient(transport=tape.async_transport())
            async with AsyncOpenAI(base_url=base, api_key=key, http_client=inner) as api:
                live = await said(api)
        with Replayer(tmp_path / "run") as played:
            inner = library.AsyncClient(transport=played.async_transport())
            async with AsyncOpenAI(base_url=base, api_key="k", http_client=inner) as api:
                assert await said(api) == live

    asyncio.run(both())


@LIBRARIES
def test_what_the_client_repeated_comes_back_attempt_by_attempt(
    library: Any, tmp_path: Path
) -> None:
    with Served(OPENAI, faults=load_plan("openai-overloaded-503")) as served:
        base, key = f"{served.base_url}/v1", served.emulator.key
        with Recorder(tmp_path / "run") as tape:
            client = library.Client(transport=tape.transport())
            api = OpenAI(base_url=base, api_key=key, http_client=client, max_retries=1)
            with api, pytest.raises(openai.InternalServerError) as live:
                story(api)
    with Replayer(tmp_path / "run") as played:
        client = library.Client(transport=played.transport())
        api = OpenAI(base_url=base, api_key=key, http_client=client, max_retries=1)
        with api, pytest.raises(openai.InternalServerError) as again:
            story(api)
        assert played.unplayed() == []
    assert again.value.status_code == live.value.status_code == 503
    assert [exchange.attempt for exchange in read(tmp_path / "run")] == [1, 2]


@LIBRARIES
def test_a_miss_ends_the_call_at_once_however_patient_the_client_is(
    library: Any, tmp_path: Path
) -> None:
    with Recorder(tmp_path / "run", provider="openai"):
        pass
    with Replayer(tmp_path / "run") as played:
        client = library.Client(transport=played.transport())
        api = OpenAI(base_url="http://x.test/v1", api_key="k", http_client=client, max_retries=9)
        with api, pytest.raises(UnrecordedRequestError, match="holds nothing"):
            api.models.list()
        assert len(played.misses) == 1


def test_replicate_records_and_replays(tmp_path: Path) -> None:
    def predictions(transport: httpx.BaseTransport, key: str) -> list[Any]:
        with transport:
            api = Replicate(api_token=key, transport=transport, base_url=base)
            return list(api.predictions.list().results)

    with Served(load("replicate")) as served, Recorder(tmp_path / "run") as tape:
        base, key = served.base_url, served.emulator.key
        live = predictions(tape.transport(), key)
    with Replayer(tmp_path / "run") as played:
        assert predictions(played.transport(), "invented-other-token") == live
    assert [e.request.provider for e in read(tmp_path / "run")] == ["replicate"]
    assert key.encode() not in (tmp_path / "run" / "tape.jsonl").read_bytes()
