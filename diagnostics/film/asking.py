"""How is a script, and how is a clip, asked for in the words of a contract?

The documented example is the form; prompt, length and picture's shape are laid into it where the
example has such fields. So another provider of clips needs no code, only its contract.
"""

import copy
import json
from collections.abc import Sequence
from dataclasses import replace

from diagnostics.contract import Contract
from diagnostics.film.order import Film
from diagnostics.model import Headers, Json, Purpose, Request
from diagnostics.promise import Operation, Parameter

SCRIPT = "script"
"""The label of the call that asks for the script."""
CLIP = "scene:"
"""Before a scene's number: the label of the call that starts its clip."""

DOWNLOAD = "download:"
"""Before a scene's number: the label of the request for its file."""
JOIN = "JOIN"
FINAL = "final.mp4"
FILM = "film"

_TOKENS, _TOKENS_A_SCENE = 400, 400
_ASKED = (
    "You split an idea for a film into scenes for a text-to-video model. Answer with JSON only: an "
    'object with the list "scenes" of exactly {count} objects, each with one string "prompt". '
    "Each prompt describes one shot of {seconds:g} seconds on its own, in English, and repeats "
    "whatever must look the same in every shot."
)


def writer(contract: Contract) -> Contract | None:
    """Whoever writes scripts: a partner whose contract has the role, or the provider itself."""
    known = (contract, *contract.partners.values())
    return next((one for one in known if one.roles.get("write") in one.operations), None)


def script_request(contract: Contract, film: Film) -> Request:
    """Ask that language model for the scenes, as JSON of a given schema."""
    operation = contract.operations[contract.roles["write"]]
    example = next(iter(operation.examples.values()), None)
    model = film.writer or (example.get("model") if isinstance(example, dict) else None)
    told = _ASKED.format(count=film.scenes, seconds=film.duration_s)
    body: dict[str, Json] = {"model": model or "gpt-4o-mini"}
    turns = [{"role": "system", "content": told}, {"role": "user", "content": film.prompt}]
    tokens = _TOKENS + _TOKENS_A_SCENE * film.scenes
    schema = {"name": "scenes", "strict": True, "schema": _schema(film.scenes)}
    if "messages" in (operation.body_schema or {}).get("properties", {"messages": {}}):
        body |= {"messages": turns, "max_completion_tokens": tokens}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    else:
        body |= {"input": turns, "max_output_tokens": tokens}
        body["text"] = {"format": {"type": "json_schema", **schema}}
    request = contract.request(operation.id, body=body, label=SCRIPT)
    return _priced(replace(request, provider=contract.name), film.script_price)


def _schema(count: int) -> dict[str, Json]:
    scene = {
        "type": "object",
        "properties": {"prompt": {"type": "string"}},
        "required": ["prompt"],
        "additionalProperties": False,
    }
    scenes = {"type": "array", "items": scene, "minItems": count, "maxItems": count}
    return {
        "type": "object",
        "properties": {"scenes": scenes},
        "required": ["scenes"],
        "additionalProperties": False,
    }


def clip_body(operation: Operation, film: Film, prompt: str) -> Json:
    """The documented example with this scene's prompt, length and shape laid over it."""
    body = copy.deepcopy(next(iter(operation.examples.values()), None)) or {}
    whole = int(film.duration_s) if film.duration_s == int(film.duration_s) else film.duration_s
    wanted = {"prompt": prompt, "duration": whole, "aspect_ratio": film.aspect}
    inner = body.get("input") if isinstance(body, dict) else None
    into = inner if isinstance(inner, dict) else body
    if isinstance(into, dict):
        into.update({name: value for name, value in wanted.items() if name in into})
        into["prompt"] = prompt
    if isinstance(body, dict) and film.model and "model" in body:
        body["model"] = film.model
    return body


def clip_path(operation: Operation, film: Film) -> dict[str, Json]:
    """The address's own parts: whose model it is, and its name."""
    owner, _, name = film.model.rpartition("/")
    told = {"owner": owner, "name": name, "model_owner": owner, "model_name": name}
    return {
        parameter.name: told.get(parameter.name) or _usual(parameter)
        for parameter in operation.parameters
        if parameter.place == "path"
    }


def _usual(parameter: Parameter) -> Json:
    schema = parameter.schema
    return schema.get("example", schema.get("default", (schema.get("enum") or [""])[0]))


def clip_request(contract: Contract, film: Film, number: int, prompt: str) -> Request:
    """Start one scene's clip."""
    operation = contract.operations[contract.roles["clip"]]
    body, path = clip_body(operation, film, prompt), clip_path(operation, film)
    request = contract.request(operation.id, body=body, path=path, label=f"{CLIP}{number}")
    return _priced(request, film.clip_price)


def _priced(request: Request, price: float) -> Request:
    """What the contract says it costs, else what the user does."""
    known = request.credits is not None or not price
    return request if known else replace(request, credits=price)


def download_request(number: int, url: str, *, wait_s: float = 0.0) -> Request:
    """Fetch the clip of a scene, whole."""
    return Request(
        method="GET",
        url=url,
        purpose=Purpose.MEDIA,
        authenticated=False,
        label=f"{DOWNLOAD}{number}",
        wait_s=wait_s,
    )


def join_request(film: Film, numbers: Sequence[int]) -> Request:
    """Join the clips of these scenes into the film."""
    told: dict[str, Json] = {
        "clips": [clip_name(number) for number in numbers],
        "fps": film.fps,
        "size": f"{film.width}x{film.height}",
        "cross_fade_s": film.cross_fade_s,
    }
    headers: Headers = (("Content-Type", "application/json"),)
    return Request(
        method=JOIN,
        url=f"film:{FINAL}",
        headers=headers,
        body=json.dumps(told).encode(),
        purpose=Purpose.MEDIA,
        authenticated=False,
        label=FILM,
    )


def clip_name(number: int) -> str:
    """The file of a scene."""
    return f"scene_{number}.mp4"
