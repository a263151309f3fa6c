"""What scenes does a language model's answer hold, and what is wrong with how it says them?

Pure: the decoded body of a chat completion or of a response, and how many scenes were asked for.
Checked in the order in which an answer can be wrong: error object, why the model stopped, refusal,
one full-width fence, JSON, shape, exact count. A truncated answer is never repaired: a lenient
reader would close the list and pass two scenes off as all.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise

from diagnostics.contract import decode, dig
from diagnostics.model import Json

TEXT_MAX = 1_000_000
"""Characters of an answer that are looked at; no script of some scenes is longer."""
_STARTS_MAX = 200
"""Places in prose at which JSON may begin."""
_SHOWN = 160


class Flaw(StrEnum):
    """How an answer can be wrong. The first two are read all the same."""

    FENCED = "fenced"
    PROSE = "prose"
    ERROR = "error"
    TRUNCATED = "truncated"
    FILTERED = "filtered"
    REFUSED = "refused"
    NO_TEXT = "no-text"
    NOT_JSON = "not-json"
    WRONG_SHAPE = "wrong-shape"
    EMPTY_PROMPT = "empty-prompt"
    TOO_FEW = "too-few"
    TOO_MANY = "too-many"


READABLE = frozenset({Flaw.FENCED, Flaw.PROSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The scenes' prompts (empty: unusable), what was wrong, and the words that show it."""

    scenes: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    shown: str = ""
    found: int = 0
    """How many scenes the answer held."""


def read(body: Json, count: int) -> Script:
    """The script in an answer; never raises, whatever stands there."""
    stopped = _stopped(body)
    if stopped is not None:
        return stopped
    text = _text(body)
    if not text.strip():
        return Script(flaws=(Flaw.NO_TEXT,))
    value, flaws = _value(text[:TEXT_MAX].strip("\ufeff \t\r\n"))
    if value is None:
        return Script(flaws=(Flaw.NOT_JSON,), shown=_short(text))
    return _checked(value, count, flaws, text)


def _stopped(body: Json) -> Script | None:
    """What ended the answer before it could be one."""
    error = _first_text(body, "error.message") or _first_text(body, "error")
    if error:
        return Script(flaws=(Flaw.ERROR,), shown=_short(error))
    reasons = {*_texts(body, "choices[].finish_reason"), *_texts(body, "incomplete_details.reason")}
    if reasons & {"length", "max_output_tokens"}:
        return Script(flaws=(Flaw.TRUNCATED,), shown=_short(_text(body)[-_SHOWN:]))
    if "content_filter" in reasons:
        return Script(flaws=(Flaw.FILTERED,))
    refusal = _first_text(body, "choices[].message.refusal") or _first_text(
        body, "output[].content[].refusal"
    )
    return Script(flaws=(Flaw.REFUSED,), shown=_short(refusal)) if refusal else None


def _texts(body: Json, path: str) -> Iterator[str]:
    return (found for found in dig(body, path) if isinstance(found, str))


def _first_text(body: Json, path: str) -> str:
    return next((found for found in _texts(body, path) if found.strip()), "")


def _text(body: Json) -> str:
    """What the model said: of the first choice, or of every part of a response."""
    said = _first_text(body, "choices[].message.content")
    return said or "".join(_texts(body, "output[].content[].text"))


def _short(text: str) -> str:
    flat = " ".join(text[: _SHOWN * 2].split())
    return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 1]}…"


# --- from text to JSON ------------------------------------------------------------------------


def _value(text: str) -> tuple[Json, tuple[Flaw, ...]]:
    """The JSON of a text, and in what it was wrapped; None: there is none."""
    plain = decode(text.encode("utf-8", "surrogatepass"))
    if plain is not None:
        return plain, ()
    inner = _unfenced(text)
    if inner is not None:
        fenced = decode(inner.encode("utf-8", "surrogatepass"))
        if fenced is not None:
            return fenced, (Flaw.FENCED,)
    within = _within(text)
    return within, () if within is None else (Flaw.PROSE,)


_OPENING = re.compile(r"```[\w+.-]*[ \t]*\r?\n?")


def _unfenced(text: str) -> str | None:
    """The inside of a fence that spans the whole text. Fences further in belong to the text."""
    opening = _OPENING.match(text)
    if opening is None or not text.endswith("```") or len(text) < opening.end() + 3:
        return None
    return text[opening.end() : -3].strip()


def _within(text: str) -> Json:
    """The first object or list in the text that looks like a script."""
    decoder = json.JSONDecoder()
    for found in islice(re.finditer(r"[{\[]", text), _STARTS_MAX):
        try:
            value, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if _entries(value):
            return value
    return None


# --- from JSON to scenes ----------------------------------------------------------------------


def _entries(value: Json) -> list[Json]:
    """The list of scenes: under `scenes`, or the answer itself when that is a list of objects."""
    held = value.get("scenes") if isinstance(value, dict) else value
    if not isinstance(held, list):
        return []
    return held if isinstance(value, dict) or all(isinstance(one, dict) for one in held) else []


def _checked(value: Json, count: int, flaws: tuple[Flaw, ...], text: str) -> Script:
    entries = _entries(value)
    prompts = [one.get("prompt") if isinstance(one, dict) else one for one in entries]
    flaw = _flaw(prompts, count)
    if flaw is not None:
        return Script(flaws=(*flaws, flaw), shown=_short(text), found=len(prompts))
    scenes = tuple(str(prompt).strip() for prompt in prompts)
    return Script(scenes=scenes, flaws=flaws, found=len(scenes))


def _flaw(prompts: list[Json], count: int) -> Flaw | None:
    if not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        return Flaw.WRONG_SHAPE
    if not all(prompt.strip() for prompt in prompts):
        return Flaw.EMPTY_PROMPT
    if len(prompts) != count:
        return Flaw.TOO_FEW if len(prompts) < count else Flaw.TOO_MANY
    return None


# --- when there is no script ------------------------------------------------------------------


def split(prompt: str, count: int) -> tuple[str, ...]:
    """The fallback: the prompt itself in `count` parts, at sentences where there are enough."""
    parts = [part for part in re.split(r"(?<=[.!?…。！？])\s+|\n+", prompt) if part.strip()]
    if len(parts) < count:
        parts = prompt.split()
    if len(parts) < count:
        return tuple(f"{prompt.strip()} ({number}/{count})" for number in range(1, count + 1))
    edges = [len(parts) * number // count for number in range(count + 1)]
    return tuple(
        " ".join(part.strip() for part in parts[low:high]) for low, high in pairwise(edges)
    )
