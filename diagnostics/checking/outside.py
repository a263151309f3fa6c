"""What is wrong with the query and the path of a call, where every value is text?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from diagnostics.checking.names import Unknown, misspelt, unknown
from diagnostics.checking.ready import Ready, Single, bare, is_valid, listed
from diagnostics.checking.schema import ERRORS_MAX, broken
from diagnostics.checking.sentences import violation
from diagnostics.checking.words import Violation, name_of, nearest_name, sentence
from diagnostics.model import Json, Text

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)


def outside(ready: Ready, place: str, values: Mapping[str, Json]) -> list[Violation]:
    """Missing, unfit and unknown parameters of `query` or `path`."""
    wanted = ready.query if place == "query" else ready.path
    strays = islice((name for name in values if name not in wanted), ERRORS_MAX)
    odd = [_stray(ready, str(name), wanted, values) for name in strays]
    spelt = {said.parameter for said in odd if said.kind == "misspelt"}
    found = [said for one in wanted.values() for said in _single(one, values)]
    return [said for said in found if said.parameter not in spelt] + odd


def named(given: Mapping[str, Json]) -> dict[str, Json]:
    """Values by name, `types[]` as `types`."""
    return {bare(str(name)): value for name, value in given.items()}


def _single(single: Single, values: Mapping[str, Json]) -> Iterator[Violation]:
    name, place = single.name, single.asked.place
    needed = single.parameter.required or place == "path"
    value = values.get(name)
    if name not in values:
        if needed:
            yield _lacking("required", name, place)
    elif value in ("", None):
        if needed:
            yield _lacking("empty", name, place)
    else:
        said = _cast(value, single.parameter.schema)
        if not is_valid(single.validator, said):
            yield from broken(single.validator, said, single.asked)


def _lacking(kind: str, name: str, place: str) -> Violation:
    """With the option that gives it: such a value stands in no body."""
    said = violation(kind, name, {}, place=place)
    return replace(said, remedy=sentence(_GIVE, {"place": place, "name": name}))


_GIVE = Text(
    en="Give it a value; to `diagnostics validate` with --{place} {name}=VALUE.",
    ru="Укажите значение; в `diagnostics validate` — так: --{place} {name}=ЗНАЧЕНИЕ.",
)


def _cast(value: Json, schema: Mapping[str, Any]) -> Json:
    """Query values arrive as text: read them as the type that the schema asks for."""
    wanted = listed(schema.get("type", "string"))
    if "array" in wanted:
        parts = value if isinstance(value, list | tuple) else [value]
        return [_cast(part, schema.get("items", {})) for part in parts]
    if isinstance(value, str):
        return _from_text(value, wanted)
    if "string" in wanted and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return value


def _from_text(value: str, wanted: Sequence[str]) -> Json:
    if "boolean" in wanted and value in {"true", "false"}:
        return value == "true"
    if "integer" in wanted and _INTEGER.fullmatch(value):
        return int(value)
    if "number" in wanted and _NUMBER.fullmatch(value):
        return float(value)
    return value


def _stray(
    ready: Ready, name: str, wanted: Mapping[str, Single], values: Mapping[str, Json]
) -> Violation:
    place = "query" if wanted is ready.query else "path"
    right = nearest_name(name, (other for other in wanted if other not in values))
    odd = Unknown(path=name_of(name), seen=name_of(name), right=right)
    if right is not None and (wanted[right].parameter.required or place == "path"):
        return misspelt(odd, place=place)
    return unknown(odd, ready.operation.id, place=place)
