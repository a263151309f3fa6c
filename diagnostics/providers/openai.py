"""What does a language model answer, in the emulator? Text or JSON that fits the schema asked for.

Nothing here is clever: scenes are invented from the prompt's own words, in its language, as many as
the schema or the prompt asks for. Hostile schemas are bounded by depth and by the number of values.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from diagnostics.model import Json
from diagnostics.providers._openai_events import events

__all__ = ["compose", "events"]

_CHARS_A_TOKEN = 4
_IDEA_MAX, _TEXT_MAX = 160, 20_000
_DEPTH_MAX, _VALUES_MAX, _COUNT_MAX, _CHOICES_MAX = 12, 5_000, 50, 128
_USUAL_COUNT = 3
_CUT = "max_output_tokens"

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "одну": 1, "одна": 1, "две": 2, "двух": 2, "два": 2, "три": 3, "трёх": 3, "трех": 3,
    "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8,
}  # fmt: skip
_COUNT = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_WORDS)})\s+(?:[\w-]+\s+)?"
    r"(?:scenes?|shots?|objects?|items?|prompts?|elements?|сцен\w*|кадр\w*|план\w*|объект\w*)\b",
    re.IGNORECASE,
)
_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_ENGLISH = re.compile(r"\bin English\b|на английском", re.IGNORECASE)
_SCENES = {
    "en": (
        "Wide establishing shot: {idea}. Pale dawn, drifting mist, a slow dolly forward.",
        "Medium shot: {idea}. Warm side light, shallow focus, the camera circles once.",
        "Close-up: {idea}. The last light catches every detail, then a slow fade out.",
        "Low angle: {idea}. Long shadows, dust in the beams, a handheld camera follows.",
        "Aerial view: {idea}. The land opens below, colours deepen, the camera climbs.",
    ),
    "ru": (
        "Общий план: {idea}. Бледный рассвет, стелется туман, камера медленно едет вперёд.",
        "Средний план: {idea}. Тёплый боковой свет, малая глубина, камера делает круг.",
        "Крупный план: {idea}. Последний свет ложится на каждую деталь, медленное затемнение.",
        "Нижний ракурс: {idea}. Длинные тени, пыль в лучах, за героем идёт ручная камера.",
        "Вид сверху: {idea}. Внизу открывается простор, цвета гуще, камера набирает высоту.",
    ),
}
_TITLES = {"en": "Scene {number}", "ru": "Сцена {number}"}
_FORMATS = {
    "date-time": "2026-11-21T00:00:00Z",
    "date": "2026-11-21",
    "time": "00:00:00Z",
    "duration": "PT5S",
    "email": "invented@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com/invented",
    "uuid": "00000000-0000-4000-8000-000000000001",
}
_LONG = re.compile(r"prompt|descri|visual|text|content|action|camera|narrat", re.IGNORECASE)
_LENGTH = re.compile(r"duration|seconds|length", re.IGNORECASE)


def compose(operation_id: str, body: Json, answer: Json) -> Json | None:
    """The answer to this request; None: what the documents show will do."""
    given = body if isinstance(body, dict) else {}
    if operation_id == "createChatCompletion":
        return _chat(given, answer)
    if operation_id in {"createResponse", "getResponse"} and _is_over(answer):
        return _response(given, answer)
    return None


def _is_over(answer: Json) -> bool:
    return isinstance(answer, dict) and answer.get("status") == "completed"


# --- the two ways to ask ----------------------------------------------------------------------


def _chat(given: Mapping[str, Json], answer: Json) -> Json:
    spoken = _spoken(given.get("messages"))
    wanted = given.get("response_format")
    inner = wanted.get("json_schema") if isinstance(wanted, dict) else None
    said = _said(_kind(wanted), inner, spoken)
    most = given.get("max_completion_tokens") or given.get("max_tokens")
    kept, used, whole = _cut(said, most)
    count = given.get("n")
    count = min(count, _CHOICES_MAX) if isinstance(count, int) and count > 1 else 1
    told: dict[str, Json] = deepcopy(answer) if isinstance(answer, dict) else {}
    told["id"] = f"chatcmpl-{_mark(spoken)}"
    told["model"] = given.get("model") or told.get("model")
    message: dict[str, Json] = {
        "role": "assistant",
        "content": kept,
        "refusal": None,
        "annotations": [],
    }
    told["choices"] = [
        {
            "index": index,
            "message": dict(message),
            "logprobs": None,
            "finish_reason": "stop" if whole else "length",
        }
        for index in range(count)
    ]
    asked = _tokens(" ".join(spoken))
    told["usage"] = {
        "prompt_tokens": asked,
        "completion_tokens": used * count,
        "total_tokens": asked + used * count,
    }
    return told


def _response(given: Mapping[str, Json], answer: Json) -> Json:
    spoken = [*_spoken(given.get("instructions")), *_spoken(given.get("input"))]
    text = given.get("text")
    wanted = text.get("format") if isinstance(text, dict) else None
    kept, used, whole = _cut(_said(_kind(wanted), wanted, spoken), given.get("max_output_tokens"))
    told: dict[str, Json] = deepcopy(answer)
    state = "completed" if whole else "incomplete"
    told["status"] = state
    told["incomplete_details"] = None if whole else {"reason": _CUT}
    part = {"type": "output_text", "text": kept, "annotations": [], "logprobs": []}
    told["output"] = [
        {
            "id": f"msg_{_mark(spoken)}",
            "type": "message",
            "status": state,
            "role": "assistant",
            "content": [part],
        }
    ]
    if isinstance(wanted, dict):
        told["text"] = {"format": wanted}
    asked = _tokens(" ".join(spoken))
    told["usage"] = {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": used,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked + used,
    }
    return told


def _kind(wanted: Json) -> str:
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    return kind if isinstance(kind, str) else "text"


def _mark(spoken: list[str]) -> str:
    """An id that the same conversation gets again."""
    written = "\n".join(spoken).encode("utf-8", "backslashreplace")
    return f"invented{hashlib.sha256(written).hexdigest()[:16]}"


def _tokens(text: str) -> int:
    return max(1, len(text) // _CHARS_A_TOKEN)


def _cut(said: str, most: Json) -> tuple[str, int, bool]:
    """What is left of a text after so many tokens, how many it took, and whether it is whole."""
    used = _tokens(said)
    if not isinstance(most, int) or isinstance(most, bool) or used <= most:
        return said, used, True
    return said[: max(0, most) * _CHARS_A_TOKEN], most, False


# --- what was asked ---------------------------------------------------------------------------


def _spoken(turns: Json) -> list[str]:
    """Every text of a conversation, the newest last."""
    if isinstance(turns, str):
        return [turns[:_TEXT_MAX]]
    found: list[str] = []
    for turn in turns[-50:] if isinstance(turns, list) else []:
        content = turn.get("content") if isinstance(turn, dict) else None
        parts = content if isinstance(content, list) else [content]
        for part in parts[:50]:
            text = part.get("text") if isinstance(part, dict) else part
            if isinstance(text, str):
                found.append(text[:_TEXT_MAX])
    return found


@dataclass(slots=True)
class _Wish:
    """What of the conversation shapes an answer; `left` bounds what a schema may cost."""

    count: int
    language: str
    idea: str
    root: Mapping[str, Any] = field(default_factory=dict)
    left: int = _VALUES_MAX


def _wish(spoken: list[str], root: Mapping[str, Any] | None = None) -> _Wish:
    everything, last = "\n".join(spoken), spoken[-1] if spoken else ""
    found = _COUNT.search(last) or _COUNT.search(everything)
    count = _USUAL_COUNT
    if found:
        count = int(found[1]) if found[1].isdecimal() else _WORDS[found[1].lower()]
    russian = _CYRILLIC.search(last) and not _ENGLISH.search(everything)
    idea = " ".join(last.split())[:_IDEA_MAX].rstrip(" .!?") or "an empty street after rain"
    return _Wish(
        count=max(1, min(count, _COUNT_MAX)),
        language="ru" if russian else "en",
        idea=idea,
        root=root or {},
    )


def _said(kind: str, holder: Json, spoken: list[str]) -> str:
    """The content of the answer."""
    schema = holder.get("schema") if isinstance(holder, dict) else None
    if kind == "json_schema" and isinstance(schema, dict):
        value = _fit(schema, "", 0, _wish(spoken, schema), 0)
        return json.dumps(value, ensure_ascii=False)
    wish = _wish(spoken)
    if kind == "text":
        return _scene(wish, 0)
    scenes = [{"prompt": _scene(wish, index)} for index in range(wish.count)]
    return json.dumps({"scenes": scenes}, ensure_ascii=False)


def _scene(wish: _Wish, index: int) -> str:
    forms = _SCENES[wish.language]
    return forms[index % len(forms)].format(idea=wish.idea)


# --- a value that fits a schema ---------------------------------------------------------------


def _fit(schema: Any, name: str, index: int, wish: _Wish, depth: int) -> Json:
    """A value for one part of a schema; None where it is too deep, too large or says nothing."""
    wish.left -= 1
    schema = _resolved(schema, wish)
    if wish.left < 0 or depth > _DEPTH_MAX or not isinstance(schema, dict):
        return None
    if "const" in schema:
        return schema["const"]
    allowed = schema.get("enum")
    if isinstance(allowed, list) and allowed:
        return allowed[index % len(allowed)]
    kind = _type(schema)
    if kind == "object":
        return _object(schema, index, wish, depth)
    if kind == "array":
        return _array(schema, name, wish, depth)
    return _plain(kind, schema, name, index, wish)


def _resolved(schema: Any, wish: _Wish) -> Any:
    """The schema behind references and alternatives; of these the first that is not null."""
    for _ in range(_DEPTH_MAX):
        if not isinstance(schema, dict):
            return schema
        reference, choices = schema.get("$ref"), schema.get("anyOf") or schema.get("oneOf")
        if isinstance(reference, str):
            schema = _at(wish.root, reference)
        elif isinstance(choices, list) and choices:
            real = (one for one in choices if one != {"type": "null"})
            schema = next(real, choices[0])
        else:
            return schema
    return None


def _at(root: Any, reference: str) -> Any:
    found = root
    for step in reference.removeprefix("#").split("/")[1:_DEPTH_MAX]:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if not isinstance(kind, str):
        return "object" if "properties" in schema else "string"
    return kind


def _object(schema: Mapping[str, Any], index: int, wish: _Wish, depth: int) -> Json:
    parts = schema.get("properties")
    named = parts.items() if isinstance(parts, dict) else ()
    return {name: _fit(part, str(name), index, wish, depth + 1) for name, part in named}


def _array(schema: Mapping[str, Any], name: str, wish: _Wish, depth: int) -> Json:
    least, most = _bound(schema, "minItems", 0), _bound(schema, "maxItems", _COUNT_MAX)
    usual = wish.count if depth <= 1 or "scene" in name.lower() else 1
    count = min(max(usual, least), most, _COUNT_MAX)
    items = schema.get("items", {})
    return [_fit(items, name, index, wish, depth + 1) for index in range(count) if wish.left > 0]


def _plain(kind: str, schema: Mapping[str, Any], name: str, index: int, wish: _Wish) -> Json:
    if kind == "string":
        return _string(schema, name, index, wish)
    if kind in {"integer", "number"}:
        usual = 5 if _LENGTH.search(name) else index + 1
        least = _bound(schema, "minimum", -(10**9))
        return min(max(usual, least), _bound(schema, "maximum", 10**9))
    return kind == "boolean" or None


def _string(schema: Mapping[str, Any], name: str, index: int, wish: _Wish) -> str:
    shaped = schema.get("format")
    if isinstance(shaped, str) and shaped in _FORMATS:
        return _FORMATS[shaped]
    if not name or _LONG.search(name) or name.lower().rstrip("s") in {"scene", "shot"}:
        text = _scene(wish, index)
    else:
        text = _TITLES[wish.language].format(number=index + 1)
    least = min(_bound(schema, "minLength", 0), _TEXT_MAX)
    most = _bound(schema, "maxLength", _TEXT_MAX)
    return text.ljust(least, ".")[: max(0, most)]


def _bound(schema: Mapping[str, Any], name: str, otherwise: int) -> int:
    found = schema.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return otherwise
    return int(found) if abs(found) <= 10**9 else otherwise
