"""When does a conditional rule apply? Says the `if` beside a broken `then` or `else`."""

from collections.abc import Sequence
from typing import Any

from diagnostics.checking.words import NOTHING, listed
from diagnostics.model import Text

_CLAUSES_MAX = 4


def at(schema: Any, steps: Sequence[str | int]) -> Any:
    """The part of a schema at a path; None where it has no such part."""
    for step in steps:
        in_object = isinstance(schema, dict) and step in schema
        in_list = isinstance(schema, list) and isinstance(step, int) and step < len(schema)
        if not (in_object or in_list):
            return None
        schema = schema[step]
    return schema


def because(schema: Any, where: Sequence[str | int]) -> Text:
    """What the `if` beside a broken `then` or `else` says."""
    for index in reversed(range(len(where))):
        parent = at(schema, where[:index])
        if where[index] in {"then", "else"} and isinstance(parent, dict) and "if" in parent:
            return _condition(parent["if"], holds=where[index] == "then")
        if where[index] == "dependentRequired" and isinstance(parent, dict):
            return NOTHING
    return NOTHING


def _condition(schema: Any, *, holds: bool) -> Text:
    clauses = _clauses(schema, "", holds=holds)[:_CLAUSES_MAX]
    glue = (" and ", " и ") if holds else (" or ", " или ")
    return Text(
        en=glue[0].join(clause.en for clause in clauses),
        ru=glue[1].join(clause.ru for clause in clauses),
    )


def _clauses(schema: Any, prefix: str, *, holds: bool) -> list[Text]:
    if not isinstance(schema, dict):
        return []
    found: list[Text] = []
    properties = schema.get("properties", {})
    for name, inner in properties.items():
        path = f"{prefix}.{name}" if prefix else name
        found += _clause(path, inner, holds=holds) or _clauses(inner, path, holds=holds)
    for name in schema.get("required", ()):
        if name not in properties:
            found.append(_presence(f"{prefix}.{name}" if prefix else name, given=holds))
    if isinstance(schema.get("not"), dict):
        found += _clauses(schema["not"], prefix, holds=not holds)
    return found


def _clause(path: str, schema: Any, *, holds: bool) -> list[Text]:
    if not isinstance(schema, dict):
        return []
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if not values:
        return []
    text = listed(values)
    if holds:
        return [Text(en=f"`{path}` is {text}", ru=f"`{path}` = {text}")]
    return [Text(en=f"`{path}` is not {text}", ru=f"`{path}` ≠ {text}")]


def _presence(path: str, *, given: bool) -> Text:
    if given:
        return Text(en=f"`{path}` is given", ru=f"передан `{path}`")
    return Text(en=f"`{path}` is not given", ru=f"не передан `{path}`")
