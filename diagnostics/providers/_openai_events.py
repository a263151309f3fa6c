"""How does an answer of a language model look as a stream of server-sent events?"""

import json
from collections.abc import Iterator

from diagnostics.model import Json

_PIECE, _PIECES_MAX = 24, 400


def events(operation_id: str, body: Json, answer: Json) -> bytes | None:
    """The events of a whole answer; None: this call does not stream, or not this answer."""
    if not isinstance(body, dict) or body.get("stream") is not True or not isinstance(answer, dict):
        return None
    if operation_id == "createChatCompletion" and answer.get("choices"):
        return b"".join(_chat(body, answer)) + b"data: [DONE]\n\n"
    if operation_id == "createResponse" and answer.get("output"):
        return b"".join(_response(answer))
    return None


def _pieces(text: str) -> list[str]:
    size = max(_PIECE, len(text) // _PIECES_MAX + 1)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _line(told: Json, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(told, separators=(',', ':'))}\n\n".encode()


# --- chat completions -------------------------------------------------------------------------


def _chat(body: dict[str, Json], answer: dict[str, Json]) -> Iterator[bytes]:
    shared = {name: answer.get(name) for name in ("id", "created", "model", "service_tier")}
    shared |= {"object": "chat.completion.chunk"}
    for choice in answer["choices"]:
        for delta, reason in _deltas(choice):
            one = {"index": choice["index"], "delta": delta, "finish_reason": reason}
            yield _line({**shared, "choices": [{**one, "logprobs": None}]})
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage") is True:
        yield _line({**shared, "choices": [], "usage": answer.get("usage")})


def _deltas(choice: dict[str, Json]) -> Iterator[tuple[dict[str, Json], str | None]]:
    yield {"role": "assistant", "content": "", "refusal": None}, None
    for piece in _pieces(choice["message"].get("content") or ""):
        yield {"content": piece}, None
    yield {}, choice["finish_reason"]


# --- responses --------------------------------------------------------------------------------


def _response(answer: dict[str, Json]) -> Iterator[bytes]:
    for number, told in enumerate(_told(answer)):
        yield _line({**told, "sequence_number": number}, told["type"])


def _told(answer: dict[str, Json]) -> Iterator[dict[str, Json]]:
    item = answer["output"][0]
    part = item["content"][0]
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    empty = {**item, "status": "in_progress", "content": []}
    yield {"type": "response.output_item.added", "output_index": 0, "item": empty}
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
    for piece in _pieces(part["text"]):
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    ended = "completed" if answer["status"] == "completed" else "incomplete"
    yield {"type": f"response.{ended}", "response": answer}
