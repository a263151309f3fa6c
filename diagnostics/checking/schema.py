"""Which parameter does a JSON Schema error mean, and what should stand there instead?"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from diagnostics.checking.condition import at, because
from diagnostics.checking.sentences import violation
from diagnostics.checking.words import (
    Fact,
    Violation,
    given,
    is_secret,
    listed,
    named,
    nearest,
    path_of,
    shown,
    type_of,
    types,
)
from diagnostics.contract import dig
from diagnostics.model import Json, Text

ERRORS_MAX = 100
"""More violations than this help nobody, and a hostile body may hold a million."""
_BRANCH_KEYWORDS = ("anyOf", "oneOf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the body is held against: the schema, its documented examples, where it travels."""

    schema: Mapping[str, Any]
    examples: tuple[Json, ...] = ()
    place: str = "body"
    name: str = ""
    """Of a query or path parameter whose value is checked alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    error: Any
    asked: Asked
    steps: tuple[str | int, ...]
    where: tuple[str | int, ...]
    when: Text

    @property
    def keyword(self) -> str:
        return str(self.error.kind.name)

    @property
    def parameter(self) -> str:
        return path_of(self.steps)

    @property
    def value(self) -> Json:
        return self.error.instance

    @property
    def schema(self) -> Mapping[str, Any]:
        found = at(self.asked.schema, self.where[:-1])
        return found if isinstance(found, dict) else {}

    def tell(self, kind: str, parameter: str | None = None, /, **facts: Fact) -> Violation:
        name = self.parameter if parameter is None else parameter
        facts.setdefault("given", given(self.value, name))
        return violation(kind, name, facts, place=self.asked.place, when=self.when)


def broken(validator: Any, value: Json, asked: Asked) -> list[Violation]:
    """Each broken parameter once, by the most telling of its errors."""
    found: dict[str, tuple[int, Violation]] = {}
    try:
        errors = islice(validator.iter_errors(value), 4 * ERRORS_MAX)
        for said in (said for error in errors for said in _explain(_read(error, asked))):
            rank = _RANK.get(said.kind, 9)
            if said.parameter not in found or rank < found[said.parameter][0]:
                found[said.parameter] = (rank, said)
    except UnicodeEncodeError:
        return [violation("not-unicode", asked.name, {}, place=asked.place)]
    except (ValueError, RecursionError) as error:
        kind = "too-deep" if "ecursion" in str(error) else "not-json"
        return [violation(kind, asked.name, {}, place=asked.place)]
    return [said for _, said in found.values()]


_RANK = {"empty": 0, "type": 1, "body-type": 1, "enum": 2, "required": 3}


def _read(error: Any, asked: Asked) -> _Broken:
    steps = (*((asked.name,) if asked.name else ()), *error.instance_path)
    where = tuple(error.schema_path)
    return _Broken(
        error=error, asked=asked, steps=steps, where=where, when=because(asked.schema, where)
    )


def _explain(it: _Broken) -> Iterator[Violation]:
    yield from _TELLERS.get(it.keyword, _other)(it)


# --- one teller a keyword ---------------------------------------------------------------------


def _type(it: _Broken) -> Iterator[Violation]:
    wanted = [str(name) for name in it.error.kind.types]
    facts: dict[str, Fact] = {"types": types(wanted)}
    instead = _instead(it.value, wanted, it.schema)
    if instead is not None and not is_secret(it.parameter):
        facts["instead"] = instead
    yield it.tell("type" if it.steps else "body-type", **facts)


def _instead(value: Json, wanted: Sequence[str], schema: Mapping[str, Any]) -> str | None:
    meant = nearest(value, schema.get("enum") or [])
    if meant is not None:
        return shown(meant)
    return next((text for kind in wanted if (text := _recast(value, kind)) is not None), None)


def _recast(value: Json, kind: str) -> str | None:
    """The same thing in another JSON type, as text to be written into the request."""
    is_number = type_of(value) in {"integer", "number"}
    text = value.strip() if isinstance(value, str) else ""
    if kind == "string" and is_number:
        return f'"{shown(value)}"'
    if kind in {"integer", "number"} and re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?", text):
        return text if kind == "number" or "." not in text else None
    if kind == "boolean" and (is_number or text):
        return {"0": "false", "1": "true"}.get(str(value), text if text in _BOOLEANS else None)
    return _reshaped(value, kind)


_BOOLEANS = {"true", "false"}


def _reshaped(value: Json, kind: str) -> str | None:
    """An array for a comma string and the other way round; None when that is no help."""
    if kind == "array" and isinstance(value, str):
        text = json.dumps([part.strip() for part in value.split(",")][:5], ensure_ascii=False)
    elif kind == "string" and isinstance(value, list):
        if not all(isinstance(part, str) for part in value) or not value:
            return None
        text = json.dumps(",".join(value[:5]), ensure_ascii=False)
    else:
        return None
    return text if len(text) <= _RECAST_MAX and text.isprintable() else None


_RECAST_MAX = 200


def _enum(it: _Broken) -> Iterator[Violation]:
    kind = it.error.kind
    allowed = [kind.expected_value] if it.keyword == "const" else list(kind.options)
    yield _one_of(it, allowed)


def _one_of(it: _Broken, allowed: Sequence[Json]) -> Violation:
    facts: dict[str, Fact] = {
        "allowed": listed(allowed),
        "given": shown(it.value, it.parameter)
        if not isinstance(it.value, dict | list)
        else given(it.value),
    }
    meant = allowed[0] if len(allowed) == 1 else nearest(it.value, allowed)
    if meant is not None:
        facts["instead"] = shown(meant)
    return it.tell("enum", **facts)


def _required(it: _Broken) -> Iterator[Violation]:
    name = path_of([*it.steps, it.error.kind.property])
    facts: dict[str, Fact] = {}
    example = _example(it.asked.examples, name)
    if example is not None and not is_secret(name):
        facts["example"] = shown(example)
    yield it.tell("required", name, **facts)


def _example(examples: Sequence[Json], name: str) -> Json:
    path = re.sub(r"\[\d+\]", "[]", name)
    found = (value for example in examples for value in dig(example, path))
    return next((value for value in found if value != "" and type_of(value) != "object"), None)


_LIMITS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
    "multipleOf": "multiple-of",
    "minLength": "min-length",
    "maxLength": "max-length",
    "minItems": "min-items",
    "maxItems": "max-items",
}


def _limit(it: _Broken) -> Iterator[Violation]:
    kind, word = it.error.kind, _LIMITS[it.keyword]
    limit = kind.multiple_of if it.keyword == "multipleOf" else kind.limit
    is_blank = word in {"min-length", "min-items"} and not it.value
    facts: dict[str, Fact] = {"limit": shown(limit)}
    if isinstance(it.value, str | list):
        facts["size"] = str(len(it.value))
    else:
        facts["given"] = shown(it.value, it.parameter)
    yield it.tell("empty" if is_blank and limit == 1 else word, **facts)


def _pattern(it: _Broken) -> Iterator[Violation]:
    shape = str(it.error.kind.pattern)
    yield it.tell(
        "empty" if it.value == "" else "pattern",
        limit=f"/{shape}/",
        given=shown(it.value, it.parameter),
    )


def _not(it: _Broken) -> Iterator[Violation]:
    schema = it.error.kind.schema
    names = schema.get("required") if isinstance(schema, dict) else None
    if not names or not isinstance(it.value, dict):
        yield it.tell("forbidden")
    elif len(names) == 1:
        yield it.tell("forbidden", path_of([*it.steps, names[0]]))
    else:
        paths = [path_of([*it.steps, name]) for name in names]
        yield it.tell("not-together", paths[-1], names=named(paths))


def _unique(it: _Broken) -> Iterator[Violation]:
    yield it.tell("unique-items")


def _forbidden(it: _Broken) -> Iterator[Violation]:
    yield it.tell("forbidden")


def _unknown(_it: _Broken) -> Iterator[Violation]:
    """Unknown names are told by `check_names`, which knows what they may have meant."""
    return iter(())


def _other(it: _Broken) -> Iterator[Violation]:
    yield it.tell("alternatives")


# --- alternatives -----------------------------------------------------------------------------


def _alternatives(it: _Broken) -> Iterator[Violation]:
    """Never "is not valid under any of the given schemas": say which alternative was meant."""
    branches = [[_read(error, it.asked) for error in branch] for branch in it.error.kind.context]
    flat = [said for branch in branches for said in branch]
    here = all(said.steps == it.steps for said in flat)
    if flat and all(said.keyword == "required" for said in flat) and here:
        names = dict.fromkeys(path_of([*it.steps, said.error.kind.property]) for said in flat)
        yield it.tell("one-of", next(iter(names)), names=named(names))
    elif flat and here and all(said.keyword == "type" for said in flat):
        wanted = dict.fromkeys(str(name) for said in flat for name in said.error.kind.types)
        yield it.tell("type" if it.steps else "body-type", types=types(list(wanted)))
    elif flat and here and all(said.keyword in {"enum", "const", "type"} for said in flat):
        yield _one_of(it, [value for said in flat for value in _allowed(said)])
    else:
        yield from _nearest_branch(it, branches)


def _allowed(it: _Broken) -> list[Json]:
    kind = it.error.kind
    if it.keyword == "const":
        return [kind.expected_value]
    return list(kind.options) if it.keyword == "enum" else []


def _nearest_branch(it: _Broken, branches: list[list[_Broken]]) -> Iterator[Violation]:
    picked = min(branches, key=lambda branch: _distance(it, branch))
    choices = _discriminator(it, branches)
    if choices is None:
        for said in picked:
            yield from _explain(said)
    else:
        yield choices


def _distance(it: _Broken, branch: list[_Broken]) -> tuple[int, int, int]:
    """A branch whose `type: image` fits is nearer than one whose errors are merely few."""
    wrong_kind = sum(said.keyword in {"const", "enum"} for said in branch)
    wrong_type = sum(said.keyword == "type" and said.steps == it.steps for said in branch)
    return (wrong_type, wrong_kind, len(branch))


def _discriminator(it: _Broken, branches: list[list[_Broken]]) -> Violation | None:
    """When the value that picks the branch is itself wrong, list the values that it may have."""
    firsts = [
        next((said for said in branch if said.keyword in {"const", "enum"}), None)
        for branch in branches
    ]
    known = [said for said in firsts if said is not None]
    same = {said.steps for said in known}
    if len(known) < len(branches) or len(same) != 1 or len(branches) != len(it.error.kind.context):
        return None
    return _one_of(known[0], [value for said in known for value in _allowed(said)])


def _only_one(it: _Broken) -> Iterator[Violation]:
    forms = at(it.asked.schema, it.where)
    names = [
        name
        for form in (forms if isinstance(forms, list) else [])
        if isinstance(form, dict)
        for name in form.get("required", ())
        if isinstance(it.value, dict) and name in it.value
    ]
    paths = list(dict.fromkeys(path_of([*it.steps, name]) for name in names))
    if paths:
        yield it.tell("only-one-of", paths[-1], names=named(paths))
    else:
        yield it.tell("alternatives")


def _any_or_one(it: _Broken) -> Iterator[Violation]:
    several = type(it.error.kind).__name__.endswith("OneOfMultipleValid")
    yield from (_only_one if several else _alternatives)(it)


_TELLERS: Mapping[str, Callable[[_Broken], Iterator[Violation]]] = {
    "type": _type,
    "enum": _enum,
    "const": _enum,
    "required": _required,
    "dependentRequired": _required,
    "pattern": _pattern,
    "not": _not,
    "uniqueItems": _unique,
    "falseSchema": _forbidden,
    "additionalProperties": _unknown,
    "unevaluatedProperties": _unknown,
    **dict.fromkeys(_LIMITS, _limit),
    **dict.fromkeys(_BRANCH_KEYWORDS, _any_or_one),
}
