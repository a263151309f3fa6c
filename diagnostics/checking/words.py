"""In what words is a broken parameter told? One violation, its sentences in two languages."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from diagnostics.model import Json, Text

NOTHING = Text(en="", ru="")
_SHOWN_MAX = 80
_LISTED_MAX = 12
_NAME_MAX = 64
_SECRET = re.compile(r"secret|token|passw|api_?-?key|authorization|credential", re.IGNORECASE)
_URL_TAIL = re.compile(r"^(\w+://)(?:[^/@\s]*@)?([^?#]*)([?#].*)?$", re.DOTALL)

Fact = str | Text
"""A value for a place in a sentence, the same in both languages or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One parameter that breaks the contract, in finished sentences.

    `parameter` is a dotted path (`elements[1].voice_id`), empty for the whole body. `place` is
    `body`, `query` or `path`. `code` is what the provider would likely answer, None if unknown.
    """

    parameter: str
    kind: str
    says: Text
    fails: bool = True
    code: str | None = None
    source: str = ""
    remedy: Text = NOTHING
    place: str = "body"
    allowed: str = ""
    """The allowed values where they are listed."""


def sentence(template: Text, facts: Mapping[str, Fact]) -> Text:
    """Both languages of a template, filled."""
    return Text(
        en=template.fill("en", {k: f.en if isinstance(f, Text) else f for k, f in facts.items()}),
        ru=template.fill("ru", {k: f.ru if isinstance(f, Text) else f for k, f in facts.items()}),
    )


def joined(*parts: Text) -> Text:
    """Sentences one after another, empty ones left out."""
    return Text(
        en=" ".join(part.en for part in parts if part.en),
        ru=" ".join(part.ru for part in parts if part.ru),
    )


# --- showing what was given -------------------------------------------------------------------


def path_of(steps: Iterable[str | int]) -> str:
    """`["elements", 1, "voice_id"]` as people write it: `elements[1].voice_id`."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{name_of(step)}" if text else name_of(step)
    return text


def name_of(name: str) -> str:
    """A parameter's name, fit to print: bounded, nothing that moves the cursor."""
    return _printable(name if len(name) <= _NAME_MAX else name[: _NAME_MAX - 1] + "…")


def shown(value: Json, name: str = "") -> str:
    """A value as JSON, bounded; nothing of a secret, of a URL only what is no credential."""
    if is_secret(name):
        return "(…)"
    if isinstance(value, str):
        return json.dumps(_printable(_cut(_public(value[:4096]))), ensure_ascii=False)
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list | tuple):
        return "[…]" if value else "[]"
    if isinstance(value, int) and abs(value) > 10**_SHOWN_MAX:
        return f"{'-' if value < 0 else ''}1e{value.bit_length() * 3 // 10}"
    return _cut(json.dumps(value, default=repr))


def is_secret(name: str) -> bool:
    """Whether a parameter's value is not to be repeated in a sentence."""
    return _SECRET.search(name) is not None


def _public(text: str) -> str:
    found = _URL_TAIL.match(text)
    return text if found is None else f"{found[1]}{found[2]}{'?…' if found[3] else ''}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def listed(values: Sequence[Json]) -> str:
    """Allowed values, at most a dozen of them."""
    text = ", ".join(shown(value) for value in values[:_LISTED_MAX])
    more = len(values) - _LISTED_MAX
    return f"{text}, … (+{more})" if more > 0 else text


def named(names: Iterable[str]) -> str:
    """Parameter names in back quotes."""
    return ", ".join(f"`{name}`" for name in names)


_TYPES = {
    "string": Text(en="a string", ru="строка"),
    "integer": Text(en="a whole number", ru="целое число"),
    "number": Text(en="a number", ru="число"),
    "boolean": Text(en="true or false", ru="true или false"),
    "array": Text(en="an array", ru="массив"),
    "object": Text(en="an object", ru="объект"),
    "null": Text(en="null", ru="null"),
}


def types(names: Sequence[str]) -> Text:
    """What a parameter must be: "a string or an array"."""
    words = [_TYPES.get(name, Text(en=name, ru=name)) for name in names]
    return Text(en=" or ".join(w.en for w in words), ru=" или ".join(w.ru for w in words))


def type_of(value: Json) -> str:
    """The JSON type of a decoded value."""
    known = (name for kind, name in _JSON_TYPES if isinstance(value, kind))
    return "null" if value is None else next(known, type(value).__name__)


_JSON_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "number"),
    (list, "array"),
    (tuple, "array"),
    (dict, "object"),
)


def given(value: Json, name: str = "") -> Text:
    """What was given, with its type: `the number 720`."""
    kind = type_of(value)
    if kind in {"array", "object"}:
        size = len(value)
        return Text(
            en=f"an {kind} of {size}",
            ru=f"{'массив' if kind == 'array' else 'объект'} (элементов: {size})",
        )
    if kind in {"boolean", "null"}:
        return Text(en=shown(value, name), ru=shown(value, name))
    noun = ("string", "строка") if kind == "string" else ("number", "число")
    return Text(en=f"the {noun[0]} {shown(value, name)}", ru=f"{noun[1]} {shown(value, name)}")


# --- what was meant ---------------------------------------------------------------------------


def nearest(wrong: Json, allowed: Sequence[Json]) -> Json:
    """The allowed value that was probably meant; None when none is near."""
    said = str(wrong).strip() if isinstance(wrong, str | int | float) else ""
    if not said or len(said) > _NAME_MAX:
        return None
    for same in (_same_text, _same_number):
        found = [value for value in allowed if same(said, value)]
        if len(found) == 1:
            return found[0]
    words = {str(value).lower(): value for value in allowed if isinstance(value, str)}
    close = get_close_matches(said.lower(), list(words), n=1, cutoff=0.6)
    return words[close[0]] if close else None


def _same_text(said: str, value: Json) -> bool:
    return _plain(said) == _plain(str(value))


def _same_number(said: str, value: Json) -> bool:
    digits = re.sub(r"\D", "", said)
    return bool(digits) and digits == re.sub(r"\D", "", str(value))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def nearest_name(wrong: str, known: Iterable[str]) -> str | None:
    """The parameter that a misspelt name probably stands for."""
    if len(wrong) > _NAME_MAX:
        return None
    names = list(known)
    same = [name for name in names if _plain(name) == _plain(wrong)]
    close = same or get_close_matches(wrong, names, n=1, cutoff=0.75)
    return close[0] if close else None
