"""Where in a decoded JSON value do secrets stand? Under names, in pairs, within strings."""

import json
from typing import Any

from diagnostics.model import Json
from diagnostics.redaction.fields import hide_content, promised
from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import Place, Strength, Suspicion, is_content, suspect, words
from diagnostics.redaction.values import is_placeholder, is_secret

_PAIR_NAMES = ("name", "key", "header", "field", "Name", "Key", "k", "variable")
_PAIR_VALUES = ("value", "Value", "v", "val", "values", "content")
_PLACES = {
    "headers": Place.HEADER, "request_headers": Place.HEADER, "response_headers": Place.HEADER,
    "requestHeaders": Place.HEADER, "responseHeaders": Place.HEADER, "trailers": Place.HEADER,
    "queryString": Place.QUERY, "query": Place.QUERY, "query_params": Place.QUERY,
    "cookies": Place.COOKIE, "Cookies": Place.COOKIE,
}  # fmt: skip
_TELLS = frozenset(
    [
        "id",
        "uid",
        "type",
        "name",
        "expires",
        "expiry",
        "at",
        "url",
        "host",
        "region",
        "scheme",
        "channel",
        "scope",
        "in",
        "valid",
        "domain",
        "path",
        "secure",
        "httponly",
        "samesite",
        "method",
        "issued",
        "status",
        "code",
        "message",
        "expire",
        "created",
    ]
)
"""Last words of names whose values tell something and open nothing."""
_OPEN_CONTAINERS = frozenset({"credential", "credentials", "auth", "authorization", "session"})


class NotPlainError(ValueError):
    """JSON that would not survive being decoded and written again (a key twice, a huge number)."""


def decode(text: str) -> Json:
    """Decode JSON that can be written again unharmed; raises `ValueError` for anything else."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise NotPlainError("too deep") from error


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotPlainError("a key stands twice")
    return made


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise NotPlainError("a number that JSON cannot hold")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_float, parse_constant=_float)


def encode(value: Json, like: str) -> str:
    """Write JSON in the style of the text it came from: compact, spaced or indented."""
    start = like.lstrip()[:2000]
    indent = _indent(start)
    tight = '":"' in start or '":{' in start or '":[' in start or '": ' not in start
    separators = (",", ": ") if indent is not None else (",", ":") if tight else (", ", ": ")
    text = json.dumps(value, ensure_ascii=like.isascii(), indent=indent, separators=separators)
    if not like.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        text = json.dumps(value, indent=indent, separators=separators)
    return text


def _indent(start: str) -> int | None:
    lines = start.split("\n", 2)
    return len(lines[1]) - len(lines[1].lstrip(" ")) or None if len(lines) > 1 else None


def clean_tree(clean: Clean, value: Json, depth: int = 0, place: Place = Place.JSON) -> Json:
    """The value with its secrets hidden; the same object when there were none.

    `depth` counts strings within strings. JSON nested too deeply raises `NotPlainError`.
    """
    try:
        return _tree(clean, value, depth, place)
    except RecursionError as error:
        raise NotPlainError("too deep") from error


def _tree(clean: Clean, value: Json, depth: int, place: Place) -> Json:
    if isinstance(value, str):
        return clean.text(value, place, depth + 1) if value else value
    if isinstance(value, dict):
        return _mapping(clean, value, depth, place)
    if isinstance(value, (list, tuple)):
        cleaned = [_tree(clean, one, depth, place) for one in value]
        return cleaned if any(a is not b for a, b in zip(cleaned, value, strict=True)) else value
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and clean.ledger.knows(str(value))
    ):
        return clean.ledger.hide(str(value), kind="secret", rule="exact", place=place)
    return value


def _mapping(clean: Clean, value: dict[Any, Any], depth: int, place: Place) -> dict[Any, Any]:
    paired = _pair_name(value)
    decoded = _encoded_body(clean, value, depth)
    changed, cleaned = False, {}
    for key, held in value.items():
        name = key if isinstance(key, str) else str(key)
        shown = clean.ledger.exact(key, place) if isinstance(key, str) else key
        if decoded is not None and key == "text":
            new = decoded
        elif paired is not None and key in _PAIR_VALUES:
            new = _under(clean, paired, held, depth, place)
        elif paired is not None and key in _PAIR_NAMES:
            new = _tree(clean, held, depth, place)
        else:
            new = _under(clean, name, held, depth, place)
        changed = changed or new is not held or shown is not key
        cleaned[shown] = new
    return cleaned if changed else value


def _pair_name(value: dict[Any, Any]) -> str | None:
    if not any(key in value for key in _PAIR_VALUES):
        return None
    return next((value[k] for k in _PAIR_NAMES if isinstance(value.get(k), str)), None)


def _encoded_body(clean: Clean, value: dict[Any, Any], depth: int) -> str | None:
    """The text of HAR's `{"encoding": "base64", "text": ...}`, cleaned as the body that it is."""
    text = value.get("text")
    if value.get("encoding") != "base64" or not isinstance(text, str):
        return None
    import base64  # noqa: PLC0415  # only captures need it
    import binascii  # noqa: PLC0415  # only captures need it

    try:
        raw = base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return None
    kind = value.get("mimeType")
    shown = clean.body(raw, kind if isinstance(kind, str) else None, depth + 1)
    return text if shown == raw else base64.b64encode(shown).decode()


def _under(clean: Clean, name: str, held: Json, depth: int, place: Place) -> Json:
    inner = _PLACES.get(name, place if place is Place.COOKIE else Place.JSON)
    if isinstance(held, str):
        return _string(clean, name, held, depth, place)
    suspicion = promised(clean, name, place) if place is not Place.COOKIE else None
    if clean.hides_content and isinstance(held, (list, tuple)) and is_content(name):
        return [_content(clean, one, depth) for one in held]
    if isinstance(held, (dict, list, tuple)):
        if inner is Place.JSON and suspicion is not None and suspicion.strength is Strength.SURE:
            return _closed(clean, name, held, suspicion, depth)
        return _open(clean, name, held, depth, inner)
    is_number = isinstance(held, (int, float)) and not isinstance(held, bool)
    sure = suspicion is not None and suspicion.strength is Strength.SURE
    if is_number and suspicion is not None and sure and is_secret(str(held), suspicion):
        return clean.ledger.hide(
            str(held), kind=suspicion.kind, rule=f"named-{suspicion.kind}", place=place
        )
    return _tree(clean, held, depth, place)


def _content(clean: Clean, one: Json, depth: int) -> Json:
    return (
        hide_content(clean, one, Place.JSON)
        if isinstance(one, str)
        else _tree(clean, one, depth, Place.JSON)
    )


def _open(clean: Clean, name: str, held: Json, depth: int, inner: Place) -> Json:
    """A container that is not secret as such; strings of a list still stand under its name."""
    if isinstance(held, dict):
        return _tree(clean, held, depth, inner)
    cleaned = [_under(clean, name, one, depth, inner) for one in held]
    return cleaned if any(a is not b for a, b in zip(cleaned, held, strict=True)) else held


def _string(clean: Clean, name: str, held: str, depth: int, place: Place) -> str:
    if place is Place.COOKIE and (words(name) or ("",))[-1] not in _TELLS:
        if not held or is_placeholder(held):
            return held
        return clean.ledger.hide(held, kind="cookie", rule="named-cookie", place=place)
    shown = clean.field(name, held, place, depth)
    return held if shown == held else shown


def _closed(clean: Clean, name: str, held: Json, suspicion: Suspicion, depth: int) -> Json:
    """A container under a secret's name: each value in it goes, unless its own name tells."""
    if isinstance(held, dict):
        shown: Json = {
            key: _leaf(clean, str(key), one, suspicion, depth, opened=_is_open(name))
            for key, one in held.items()
        }
    else:
        shown = [_leaf(clean, name, one, suspicion, depth, opened=False) for one in held]
    return held if shown == held else shown


def _is_open(name: str) -> bool:
    return words(name)[-1] in _OPEN_CONTAINERS


def _leaf(  # noqa: PLR0913  # what, where, and under what name
    clean: Clean, name: str, one: Json, suspicion: Suspicion, depth: int, *, opened: bool
) -> Json:
    if isinstance(one, (dict, list, tuple)):
        return _closed(clean, name, one, suspicion, depth)
    if one is None or isinstance(one, bool) or one == "":
        return one
    own = suspect(name, Place.JSON)
    if own is None and (opened and (words(name) or ("",))[-1] in _TELLS):
        return _tree(clean, one, depth, Place.JSON)
    if isinstance(one, str):
        return clean.field("secret" if own is None else name, one, Place.JSON, depth)
    return clean.ledger.hide(
        str(one), kind=suspicion.kind, rule=f"named-{suspicion.kind}", place=Place.JSON
    )
