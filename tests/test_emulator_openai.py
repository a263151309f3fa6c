"""Does the emulated OpenAI answer as OpenAI does: JSON that fits, jobs, streams, limits, errors?"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.contract_load import load
from diagnostics.drive.clock import VirtualClock, run
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.emulator.app import Emulator
from diagnostics.emulator.faults import FaultPlan, load_plan
from diagnostics.film.asking import script_request
from diagnostics.film.order import Film
from diagnostics.film.script import read
from diagnostics.providers.openai import compose, events
from tests.emulating import START_S

OPENAI = load("openai")
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
IDEA = "A fox finds a lamp in the snow"
SCENES: dict[str, Any] = {
    "type": "object",
    "properties": {"scenes": {"type": "array", "items": {"$ref": "#/$defs/Scene"}}},
    "required": ["scenes"],
    "additionalProperties": False,
    "$defs": {
        "Scene": {
            "type": "object",
            "properties": {
                "prompt": {"type": "string", "minLength": 10},
                "title": {"type": "string"},
                "duration_s": {"type": "integer", "minimum": 3, "maximum": 10},
                "mood": {"type": "string", "enum": ["calm", "tense"]},
                "camera": {"anyOf": [{"type": "null"}, {"type": "string"}]},
                "tags": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 2,
                    "maxItems": 2,
                },
                "loud": {"type": ["boolean", "null"]},
                "gain": {"type": "number"},
                "kind": {"const": "shot"},
                "day": {"type": "string", "format": "date"},
            },
            "required": ["prompt", "title", "duration_s", "mood", "camera", "tags", "loud"],
            "additionalProperties": False,
        }
    },
}

Result = TypeVar("Result")
Work = Callable[[httpx.AsyncClient, Emulator], Awaitable[Result]]


def play(work: Work[Result], faults: FaultPlan | str | None = None, **knobs: Any) -> Result:
    """A conversation with a fresh emulator, with its key, in virtual time."""
    clock = VirtualClock(START_S)
    plan = load_plan(faults) if isinstance(faults, str) else faults
    emulator = Emulator(OPENAI, clock=clock, faults=plan, **knobs)
    headers = {"authorization": f"Bearer {emulator.key}"}

    async def talk() -> Result:
        async with httpx.AsyncClient(
            transport=AsgiTransport(emulator), base_url=emulator.base_url, headers=headers
        ) as client:
            return await work(client, emulator)

    return run(talk(), clock)


def asked(path: str, body: Any, faults: FaultPlan | str | None = None) -> httpx.Response:
    """One POST."""

    async def work(client: httpx.AsyncClient, _: Emulator) -> httpx.Response:
        return await client.post(path, json=body)

    return play(work, faults)


def chat(text: str = IDEA, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}


def shaped(schema: Any, text: str = IDEA) -> dict[str, Any]:
    inner = {"name": "film", "schema": schema}
    return chat(text, response_format={"type": "json_schema", "json_schema": inner})


def content(answer: httpx.Response) -> str:
    text: str = answer.json()["choices"][0]["message"]["content"]
    return text


# --- what a model writes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Write exactly 4 scenes about a fox", 4),
        ("two short scenes about a fox", 2),
        ("Разбей на пять сцен: лиса и фонарь", 5),
        ("нужны 2 кадра про лису", 2),
        ("a fox", 3),
        ("99 scenes, please", 50),
    ],
)
def test_there_are_as_many_scenes_as_the_prompt_asks_for(text: str, count: int) -> None:
    told = json.loads(content(asked(CHAT, shaped(SCENES, text))))
    assert jsonschema_rs.is_valid(SCENES, told)
    assert len(told["scenes"]) == count


def test_the_schema_outweighs_the_prompt() -> None:
    schema = {
        "type": "object",
        "properties": {"shots": {"type": "array", "minItems": 2, "maxItems": 2, "items": {}}},
    }
    told = json.loads(content(asked(CHAT, shaped(schema, "Write 7 scenes"))))
    assert len(told["shots"]) == 2


def test_scenes_differ_and_speak_the_language_of_the_prompt() -> None:
    english = json.loads(content(asked(CHAT, shaped(SCENES))))["scenes"]
    assert len({scene["prompt"] for scene in english}) == 3
    assert all(IDEA in scene["prompt"] for scene in english)
    russian = json.loads(content(asked(CHAT, shaped(SCENES, "Лиса находит фонарь"))))["scenes"]
    assert all("Лиса находит фонарь" in scene["prompt"] for scene in russian)
    assert russian[0]["prompt"].startswith("Общий план")
    wanted = "Лиса находит фонарь. Describe it in English."
    assert content(asked(CHAT, chat(wanted))).startswith("Wide establishing shot")


@pytest.mark.parametrize("count", [1, 3, 8])
def test_it_writes_the_script_that_a_film_asks_for(count: int) -> None:
    film = Film(prompt=IDEA, scenes=count)
    body = json.loads(script_request(OPENAI, film).body)
    script = read(asked(CHAT, body).json(), count)
    assert len(script.scenes) == count
    assert not script.flaws


def test_json_without_a_schema_and_plain_text_are_both_written() -> None:
    told = asked(CHAT, chat(response_format={"type": "json_object"}))
    assert len(json.loads(content(told))["scenes"]) == 3
    assert content(asked(CHAT, chat())).startswith("Wide establishing shot")


def test_model_choices_and_usage_are_those_of_the_request() -> None:
    told = asked(CHAT, chat(model="gpt-4.1-mini", n=3)).json()
    assert told["model"] == "gpt-4.1-mini"
    assert [one["index"] for one in told["choices"]] == [0, 1, 2]
    usage = told["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]
    assert usage["completion_tokens"] > 10


def test_few_tokens_cut_the_answer_and_say_so() -> None:
    told = asked(CHAT, {**shaped(SCENES), "max_completion_tokens": 8}).json()
    assert told["choices"][0]["finish_reason"] == "length"
    assert told["usage"]["completion_tokens"] == 8
    assert len(told["choices"][0]["message"]["content"]) == 32
    response = asked(RESPONSES, {"model": "m", "input": IDEA, "max_output_tokens": 8}).json()
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}


def test_a_conversation_may_be_written_in_parts() -> None:
    parts = [{"type": "text", "text": "Write 2 scenes"}, {"type": "image_url", "image_url": {}}]
    body = shaped(SCENES)
    body["messages"] = [{"role": "user", "content": parts}]
    assert len(json.loads(content(asked(CHAT, body)))["scenes"]) == 2


# --- streams ------------------------------------------------------------------------------------


def test_a_stream_tells_the_same_as_the_whole_answer() -> None:
    whole = content(asked(CHAT, chat()))
    told = asked(CHAT, chat(stream=True))
    assert told.headers["content-type"].startswith("text/event-stream")
    lines = [line[6:] for line in told.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line)["choices"][0] for line in lines[:-1]]
    assert "".join(chunk["delta"].get("content", "") for chunk in chunks) == whole
    assert [chunk["finish_reason"] for chunk in chunks][-1] == "stop"


def test_events_of_a_response_are_numbered_and_end_with_it() -> None:
    told = asked(RESPONSES, {"model": "m", "input": IDEA, "stream": True})
    found = [json.loads(part.partition("data: ")[2]) for part in told.text.split("\n\n") if part]
    assert [one["sequence_number"] for one in found] == list(range(len(found)))
    assert found[0]["type"] == "response.created"
    assert found[-1]["response"]["status"] == "completed"


def test_calls_without_a_stream_answer_as_ever() -> None:
    assert events("createModeration", {"stream": True}, {"results": []}) is None
    assert events("createChatCompletion", {"stream": False}, {"choices": [{}]}) is None


# --- responses in the background ------------------------------------------------------------------


async def ended(client: httpx.AsyncClient, job: str) -> tuple[list[str], dict[str, Any]]:
    seen: list[str] = []
    for _ in range(60):
        told: dict[str, Any] = (await client.get(f"{RESPONSES}/{job}")).json()
        if not seen or told["status"] != seen[-1]:
            seen.append(told["status"])
        if told["status"] not in {"queued", "in_progress"}:
            break
        await asyncio.sleep(2)
    return seen, told


def background(**more: Any) -> dict[str, Any]:
    form = {"type": "json_schema", "name": "film", "schema": SCENES}
    return {"model": "m", "input": IDEA, "background": True, "text": {"format": form}, **more}


def test_a_background_response_runs_and_holds_what_was_asked_for() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> tuple[Any, ...]:
        made = (await client.post(RESPONSES, json=background())).json()
        return made, *await ended(client, made["id"])

    made, seen, told = play(work)
    assert (made["status"], made["output"]) == ("queued", [])
    assert seen == ["queued", "in_progress", "completed"]
    assert told["id"] == made["id"]
    assert told["error"] is None
    assert jsonschema_rs.is_valid(SCENES, json.loads(told["output"][0]["content"][0]["text"]))


def test_without_background_the_answer_waits_for_the_end_and_can_be_fetched_again() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> tuple[Any, Any]:
        made = (await client.post(RESPONSES, json=background(background=False))).json()
        return made, (await client.get(f"{RESPONSES}/{made['id']}")).json()

    made, again = play(work)
    assert made["status"] == "completed"
    assert again["output"] == made["output"]


def test_a_quota_that_ends_in_the_background_stands_in_the_response() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> tuple[Any, ...]:
        answer = await client.post(RESPONSES, json=background())
        return answer.status_code, *await ended(client, answer.json()["id"])

    status, seen, told = play(work, "openai-quota-in-response")
    assert status == 200
    assert seen[-1] == "failed"
    assert told["error"]["code"] == "insufficient_quota"
    assert told["output"] == []


def test_a_cancelled_response_stays_cancelled() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> tuple[Any, ...]:
        made = (await client.post(RESPONSES, json=background())).json()
        left = (await client.post(f"{RESPONSES}/{made['id']}/cancel")).json()
        await asyncio.sleep(600)
        return left["status"], (await client.get(f"{RESPONSES}/{made['id']}")).json()["status"]

    assert play(work) == ("cancelled", "cancelled")


# --- errors and limits ------------------------------------------------------------------------


def test_every_error_has_the_four_fields() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> list[tuple[int, Any]]:
        answers = [
            await client.get("/v1/invented"),
            await client.get("/v1/models", headers={"authorization": ""}),
            await client.get("/v1/models", headers={"authorization": "Bearer invented"}),
            await client.get(f"{RESPONSES}/resp_invented"),
            await client.post(CHAT, json={"model": "m"}),
        ]
        return [(one.status_code, one.json()["error"]) for one in answers]

    told = play(work)
    assert [status for status, _ in told] == [404, 401, 401, 404, 400]
    codes = [said["code"] for _, said in told]
    assert codes == ["unknown_url", None, "invalid_api_key", None, None]
    for _, said in told:
        assert set(said) == {"message", "type", "param", "code"}
        assert said["type"] == "invalid_request_error"


def test_answers_count_down_the_limit_and_say_when_it_is_full_again() -> None:
    async def work(client: httpx.AsyncClient, _: Emulator) -> list[httpx.Response]:
        return [await client.post(CHAT, json=chat()) for _ in range(3)]

    first, second, third = play(work, per_minute=2)
    name = "x-ratelimit-remaining-requests"
    assert [one.headers[name] for one in (first, second, third)] == ["1", "0", "0"]
    assert first.headers["x-ratelimit-reset-requests"].endswith("s")
    assert third.status_code == 429
    assert third.json()["error"]["code"] == "rate_limit_exceeded"
    assert 0 < int(third.headers["retry-after"]) <= 60


def test_a_used_up_quota_comes_without_a_time_to_wait() -> None:
    told = asked(CHAT, chat(), "openai-insufficient-quota")
    assert told.status_code == 429
    assert told.json()["error"]["type"] == "insufficient_quota"
    assert "retry-after" not in told.headers


# --- whatever is asked ----------------------------------------------------------------------------

_names = st.sampled_from(
    ["type", "properties", "items", "anyOf", "$ref", "enum", "minItems", "maxItems", "required",
     "minLength", "maxLength", "minimum", "maximum", "format", "const", "scenes", "prompt", "a"]
)  # fmt: skip
_plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_words = st.sampled_from(
    ["object", "array", "string", "number", "integer", "null", "#", "#/properties/a", "date"]
)
_anything = st.recursive(
    _plain | _words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=5),
    max_leaves=25,
)


@given(schema=_anything, text=st.text(max_size=60), most=_plain, turns=_anything)
@settings(max_examples=150, deadline=None)
def test_no_schema_and_no_conversation_makes_the_writer_raise(
    schema: Any, text: str, most: Any, turns: Any
) -> None:
    shown = OPENAI.operations["createChatCompletion"].answer
    body = {**shaped(schema, text), "max_completion_tokens": most, "n": most}
    for given_body in (body, {**body, "messages": turns}, {**body, "response_format": turns}):
        told: Any = compose("createChatCompletion", given_body, shown)
        assert told["choices"][0]["message"]["role"] == "assistant"
        assert json.dumps(told)
    over = OPENAI.operations["createResponse"].answers["completed"]
    form = {"type": "json_schema", "name": "a", "schema": schema}
    reply: Any = compose("createResponse", {"input": turns, "text": {"format": form}}, over)
    assert reply["status"] in {"completed", "incomplete"}


def test_a_schema_that_unfolds_without_end_is_bounded() -> None:
    part = {"type": "array", "minItems": 50, "items": {"$ref": "#"}}
    schema = {"type": "object", "properties": {f"a{index}": part for index in range(50)}}
    told = content(asked(CHAT, shaped(schema)))
    assert len(told) < 1_000_000
