"""Which names of a body does the operation not know, and which needed values are blank?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.checking.sentences import violation
from diagnostics.checking.words import Fact, Violation, name_of, nearest_name, path_of
from diagnostics.model import Json

_DEPTH_MAX = 12
_UNKNOWN_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names a schema knows at one level. `is_open`: it lets any name pass."""

    known: "Mapping[str, Names]" = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: "Names | None" = None
    is_open: bool = True


def names(schema: Mapping[str, Any]) -> Names:
    """Read once per operation, so that a call is held against plain sets."""
    return _names([schema], schema, _DEPTH_MAX)


def _names(schemas: list[Any], root: Mapping[str, Any], depth: int) -> Names:
    parts = [part for schema in schemas for part in _parts(schema, root, depth)]
    properties: dict[str, list[Any]] = {}
    for part in parts:
        for name, inner in part.get("properties", {}).items():
            properties.setdefault(name, []).append(inner)
    items = [part["items"] for part in parts if isinstance(part.get("items"), dict)]
    always = schemas[0] if schemas and isinstance(schemas[0], dict) else {}
    may_go_on = depth > 0
    return Names(
        known={
            name: _names(inner, root, depth - 1) if may_go_on else Names()
            for name, inner in properties.items()
        },
        required=frozenset(_resolved(always, root).get("required", ())),
        items=_names(items, root, depth - 1) if items and may_go_on else None,
        is_open=not properties or any(_lets_pass(part) for part in parts),
    )


def _lets_pass(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("patternProperties")) or bool(schema.get("additionalProperties"))


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(schema, dict):
        return {}
    found: Any = schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found = root
        for step in reference[2:].split("/"):
            found = found.get(step, {}) if isinstance(found, dict) else {}
        return {**found, **schema} if isinstance(found, dict) else schema
    return schema


def _parts(schema: Any, root: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """The schema and everything that speaks of the same value: its branches and conditions."""
    here = _resolved(schema, root)
    if not here or depth < 0:
        return
    yield here
    inner = [here.get(word) for word in ("if", "then", "else")]
    inner += [one for word in ("allOf", "anyOf", "oneOf") for one in here.get(word, ())]
    for one in inner:
        yield from _parts(one, root, depth - 1)


# --- walking a body ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A name the operation does not know; `right` is the known one it may stand for."""

    path: str
    seen: str
    right: str | None


def strangers(known: Names, body: Json) -> list[Unknown]:
    """Unknown names, anywhere in the body."""
    found: list[Unknown] = []
    _walk(known, body, "", found)
    return found


def _walk(known: Names, value: Json, path: str, found: list[Unknown]) -> None:
    if isinstance(value, dict):
        _walk_object(known, value, path, found)
    elif isinstance(value, list) and known.items is not None:
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                _walk(known.items, item, f"{path}[{index}]", found)


def _walk_object(known: Names, value: Mapping[str, Json], path: str, found: list[Unknown]) -> None:
    for name, inner in value.items():
        below = known.known.get(name)
        if below is not None:
            if isinstance(inner, dict | list):
                _walk(below, inner, f"{path}.{name}" if path else name, found)
        elif not known.is_open and len(found) < _UNKNOWN_MAX:
            found.append(_stranger(known, value, path, name))


def _stranger(known: Names, value: Mapping[str, Json], path: str, name: str) -> Unknown:
    printed = name_of(name)
    right = nearest_name(name, (other for other in known.known if other not in value))
    before = f"{path}." if path else ""
    return Unknown(
        path=before + printed,
        seen=before + printed,
        right=None if right is None else before + right,
    )


def unknown(stranger: Unknown, operation: str, *, place: str = "body") -> Violation:
    """The warning about an unknown name."""
    facts: dict[str, Fact] = {"operation": operation}
    if stranger.right is not None:
        facts["right"] = stranger.right
    return violation("unknown", stranger.path, facts, fails=False, place=place)


def misspelt(stranger: Unknown, *, place: str = "body") -> Violation:
    """The failure of a required parameter that stands there under another name."""
    right = stranger.right or ""
    return violation("misspelt", right, {"seen": stranger.seen, "right": right}, place=place)


def blanks(known: Names, body: Json, path: str = "") -> Iterator[str]:
    """Paths of required texts that hold nothing."""
    if isinstance(body, dict):
        for name, below in known.known.items():
            inner = body.get(name)
            here = f"{path}.{name}" if path else name
            if isinstance(inner, str):
                if name in known.required and (not inner or inner.isspace()):
                    yield here
            elif isinstance(inner, dict | list):
                yield from blanks(below, inner, here)
    elif isinstance(body, list) and known.items is not None:
        for index, item in enumerate(body):
            if isinstance(item, dict | list):
                yield from blanks(known.items, item, f"{path}[{index}]")


_HALF = re.compile(r"[\ud800-\udfff]")


def half_character(body: Json) -> str | None:
    """The path of the first text that UTF-8 cannot carry (a lone surrogate); None if all can."""
    todo: list[tuple[Json, tuple[str | int, ...]]] = [(body, ())]
    while todo:
        value, steps = todo.pop()
        if isinstance(value, str):
            if not value.isascii() and _HALF.search(value):
                return path_of(steps)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(name, str) and not name.isascii() and _HALF.search(name):
                    return path_of((*steps, name))
                todo.append((inner, (*steps, str(name))))
        elif isinstance(value, list):
            todo.extend((inner, (*steps, index)) for index, inner in enumerate(value))
    return None
