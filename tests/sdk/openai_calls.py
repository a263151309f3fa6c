"""What does OpenAI's own client make of a server? Each call here gives what a user would see.

Imported for the version in the venv; run as a program for the one beside it: a list of calls with
their addresses and keys comes in as JSON, a list of results goes out.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import openai
from openai import OpenAI
from pydantic import BaseModel

IDEA = "Split into exactly 3 scenes: a fox finds a lamp in the snow."
POLLS_MAX = 2000


class Scene(BaseModel):
    prompt: str


class Script(BaseModel):
    scenes: list[Scene]


FORMAT: Any = {
    "name": "script",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {
            "scenes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"prompt": {"type": "string"}},
                    "required": ["prompt"],
                    "additionalProperties": False,
                },
                "minItems": 3,
                "maxItems": 3,
            }
        },
        "required": ["scenes"],
        "additionalProperties": False,
    },
}
TURNS: Any = [{"role": "user", "content": IDEA}]
MODEL = "gpt-4o-mini"


def chat(client: OpenAI) -> Any:
    told = client.chat.completions.create(
        model=MODEL,
        messages=TURNS,
        response_format={"type": "json_schema", "json_schema": FORMAT},
    )
    scenes = json.loads(told.choices[0].message.content or "")["scenes"]
    return [told.model, told.choices[0].finish_reason, len(scenes)]


def chat_parsed(client: OpenAI) -> Any:
    told = client.chat.completions.parse(model=MODEL, messages=TURNS, response_format=Script)
    parsed = told.choices[0].message.parsed
    return len(parsed.scenes) if parsed else told.choices[0].message.refusal


def chat_cut(client: OpenAI) -> Any:
    told = client.chat.completions.parse(
        model=MODEL, messages=TURNS, response_format=Script, max_completion_tokens=5
    )
    return told.choices[0].finish_reason


def chat_streamed(client: OpenAI) -> Any:
    with client.chat.completions.create(
        model=MODEL, messages=TURNS, stream=True, stream_options={"include_usage": True}
    ) as events:
        chunks = list(events)
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    return [said, chunks[-2].choices[0].finish_reason, chunks[-1].usage is not None]


def response(client: OpenAI) -> Any:
    told = client.responses.create(model=MODEL, input=IDEA)
    return [told.status, told.output_text, client.responses.retrieve(told.id).output_text]


def response_parsed(client: OpenAI) -> Any:
    told = client.responses.parse(model=MODEL, input=IDEA, text_format=Script)
    return len(told.output_parsed.scenes) if told.output_parsed else None


def response_streamed(client: OpenAI) -> Any:
    with client.responses.stream(model=MODEL, input=IDEA) as events:
        kinds = [event.type for event in events]
        last = events.get_final_response()
    return [kinds[0], kinds[-1], last.output_text]


def background(client: OpenAI) -> Any:
    made = client.responses.create(model=MODEL, input=IDEA, background=True)
    seen = [made.status]
    for _ in range(POLLS_MAX):
        told = client.responses.retrieve(made.id)
        if told.status != seen[-1]:
            seen.append(told.status)
        if told.status not in {"queued", "in_progress"}:
            return [*seen, told.error.code if told.error else None, bool(told.output_text)]
    return seen


def cancelled(client: OpenAI) -> Any:
    made = client.responses.create(model=MODEL, input=IDEA, background=True)
    left = client.responses.cancel(made.id)
    return [made.status, left.status, client.responses.retrieve(made.id).status]


def deleted(client: OpenAI) -> Any:
    made = client.responses.create(model=MODEL, input=IDEA)
    client.responses.delete(made.id)
    return client.responses.retrieve(made.id).status


def models(client: OpenAI) -> Any:
    return [[one.id for one in client.models.list()], client.models.retrieve(MODEL).id]


def model_missing(client: OpenAI) -> Any:
    return client.models.retrieve("invented-model").id


def nowhere(client: OpenAI) -> Any:
    return client.get("/invented", cast_to=object)


def limits(client: OpenAI) -> Any:
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=TURNS)
    left = raw.headers.get("x-ratelimit-remaining-requests") or "-1"
    known = "x-request-id" in raw.headers
    return [raw.headers.get("x-ratelimit-limit-requests"), 0 <= int(left) < 15000, known]


def moderation(client: OpenAI) -> Any:
    return client.moderations.create(input=IDEA).results[0].flagged


def batch(client: OpenAI) -> Any:
    made = client.batches.create(
        input_file_id="file-invented0000000000000001",
        endpoint="/v1/chat/completions",
        completion_window="24h",
    )
    return [made.status, [one.object for one in client.batches.list()]]


CALLS: dict[str, Callable[[OpenAI], Any]] = {
    call.__name__: call
    for call in (
        chat, chat_parsed, chat_cut, chat_streamed, response, response_parsed, response_streamed,
        background, cancelled, deleted, models, model_missing, nowhere, limits, moderation, batch,
    )
}  # fmt: skip


def made(name: str, base_url: str, key: str, retries: int = 0) -> Any:
    """What a call gives; of an error its class, status, code and how long it asks to wait."""
    with OpenAI(api_key=key, base_url=base_url, max_retries=retries, timeout=20) as client:
        try:
            return CALLS[name](client)
        except openai.APIStatusError as error:
            wait = error.response.headers.get("retry-after")
            return [type(error).__name__, error.status_code, error.code, wait is not None]
        except openai.OpenAIError as error:
            return [type(error).__name__]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(
        {"version": openai.__version__, "results": [made(**one) for one in asked]}, sys.stdout
    )
