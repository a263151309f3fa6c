"""Is this request right, before it is sent? Holds one call against its operation's contract."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from diagnostics.check_names import Names, Unknown, blanks, misspelt, names, strangers, unknown
from diagnostics.check_rules import Stumble, broken_rule, places, stumbles
from diagnostics.check_schema import ERRORS_MAX, Asked, broken
from diagnostics.check_sentences import violation
from diagnostics.check_url import REACH, judged
from diagnostics.check_words import Violation, named, nearest_name
from diagnostics.contract import Contract
from diagnostics.model import Blame, Json
from diagnostics.promise import CrossRule, Operation, Parameter, Pitfall

__all__ = ["REACH", "Violation", "check"]

_WEBHOOK = re.compile(r"web_?hook|callback", re.IGNORECASE)
_URL_FORMATS = frozenset({"uri", "url", "iri"})
_DEPTH_MAX = 12


def check(  # noqa: PLR0913  # the parts of a request
    contract: Contract,
    operation: Operation,
    *,
    body: Json,
    query: Mapping[str, Json] | None = None,
    path: Mapping[str, Json] | None = None,
    local: bool = False,
) -> list[Violation]:
    """Every violation, those that fail first; an empty list when all is right.

    `local`: the target stands on this machine (the emulator), so that addresses of this machine
    and of reserved names are within its reach. Never raises, whatever the values are.
    """
    ready = _ready(contract, operation)
    found = [*_body(ready, body, local=local)]
    if ready.query or query:
        found += _outside(ready, "query", query or {})
    if ready.path or path:
        found += _outside(ready, "path", path or {})
    if len(found) > 1:
        found.sort(key=lambda said: not said.fails)
    return found if len(found) <= ERRORS_MAX else _shortened(found)


def _shortened(found: list[Violation]) -> list[Violation]:
    more = violation("too-many", "", {"limit": str(ERRORS_MAX)}, fails=False)
    return [*found[:ERRORS_MAX], more]


# --- what is read once per operation ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Single:
    """A query or path parameter with its own validator."""

    name: str
    parameter: Parameter
    validator: Any
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    path: str
    name: str
    webhook: bool
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    operation: Operation
    validator: Any
    asked: Asked
    names: Names
    addresses: tuple[_Address, ...]
    pitfalls: tuple[tuple[Pitfall, bool], ...]
    """Each with whether it is the provider's own, not this operation's."""
    rules: tuple[CrossRule, ...]
    query: Mapping[str, _Single]
    path: Mapping[str, _Single]
    code: str | None
    source: str


def _ready(contract: Contract, operation: Operation) -> _Ready:
    """Kept on the contract by the operation's identity (which it holds, so no id is reused)."""
    kept: dict[int, _Ready] = vars(contract).setdefault("_checks", {})
    found = kept.get(id(operation))
    if found is None:
        found = kept[id(operation)] = _prepare(contract, operation)
    return found


def _prepare(contract: Contract, operation: Operation) -> _Ready:
    schema = operation.body_schema or {}
    known = names(schema)
    code = _code(contract, operation)
    query = _singles(operation, "query")
    return _Ready(
        operation=operation,
        validator=_validator(schema),
        asked=Asked(schema=schema, examples=tuple(operation.examples.values())),
        names=known,
        addresses=tuple(_addresses(operation, code)),
        pitfalls=tuple(_pitfalls(contract, operation, known, query)),
        rules=operation.rules,
        query=query,
        path=_singles(operation, "path"),
        code=code,
        source=operation.source.page,
    )


def _validator(schema: Mapping[str, Any]) -> Any:
    import jsonschema_rs  # noqa: PLC0415  # heavy: only who checks a call pays for it

    return jsonschema_rs.Draft202012Validator(dict(schema))


def _singles(operation: Operation, place: str) -> dict[str, _Single]:
    return {
        _bare(one.name): _Single(
            name=_bare(one.name),
            parameter=one,
            validator=_validator(one.schema),
            asked=Asked(schema=one.schema, place=place, name=_bare(one.name)),
        )
        for one in operation.parameters
        if one.place == place
    }


def _bare(name: str) -> str:
    """`types[]` and `types` are the same query parameter."""
    return name.removesuffix("[]")


def _code(contract: Contract, operation: Operation) -> str | None:
    """What the provider answers to wrong parameters: its first code that blames them."""
    codes = [code for code, error in contract.errors.items() if error.blame is Blame.PARAMETERS]
    told = [code for code in codes if code in operation.codes]
    if operation.envelope != "default":
        return told[0] if told else None
    return next(iter([*told, *codes]), None)


def _addresses(operation: Operation, code: str | None) -> Iterator[_Address]:
    spoken: set[str] = set()
    for path, limits in operation.media.items():
        spoken.add(path)
        yield _Address(
            path=path, name=path, webhook=False, code=limits.codes.get("unreachable", code)
        )
    for path, format_name in _formats(operation.body_schema or {}, "", _DEPTH_MAX):
        webhook = _WEBHOOK.search(path.rpartition(".")[2]) is not None
        if path not in spoken and (webhook or format_name in _URL_FORMATS):
            spoken.add(path)
            yield _Address(path=path, name=path, webhook=webhook, code=None if webhook else code)


def _formats(schema: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every text parameter of a schema with its format."""
    if not isinstance(schema, dict) or depth == 0:
        return
    if path and "string" in _listed(schema.get("type", "string")):
        yield path, str(schema.get("format", ""))
    for name, inner in schema.get("properties", {}).items():
        yield from _formats(inner, f"{path}.{name}" if path else name, depth - 1)
    yield from _formats(schema.get("items"), f"{path}[]", depth - 1)
    for branch in (one for word in _BRANCHES for one in schema.get(word, ())):
        yield from _formats({**branch, "type": "object"}, path, depth - 1)


_BRANCHES = ("allOf", "anyOf", "oneOf")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pitfalls(
    contract: Contract, operation: Operation, known: Names, query: Mapping[str, _Single]
) -> Iterator[tuple[Pitfall, bool]]:
    own = {(one.kind, one.parameter, one.seen) for one in operation.pitfalls}
    yield from ((one, False) for one in operation.pitfalls)
    for one in contract.pitfalls:
        right, wrong = one.parameter.partition("[")[0], one.seen.partition("[")[0]
        here = {*known.known, *query}
        fits = right.partition(".")[0] in here and (one.kind != "name" or wrong not in here)
        if fits and (one.kind, one.parameter, one.seen) not in own:
            yield one, True


# --- the body ---------------------------------------------------------------------------------


def _body(ready: _Ready, body: Json, *, local: bool) -> Iterable[Violation]:
    if ready.operation.body_schema is None:
        return () if body is None else _unwanted(ready)
    if body is None:
        return _absent(ready)
    schema = [] if _is_valid(ready.validator, body) else broken(ready.validator, body, ready.asked)
    generic = [*_urls(ready, body, local=local), *_blank(ready, body), *schema]
    odd = strangers(ready.names, body)
    met = [hit for one, general in ready.pitfalls for hit in stumbles(one, body, general=general)]
    rules = [said for rule in ready.rules for said in broken_rule(rule, body)]
    if not (generic or odd or met or rules):
        return ()
    generic += [unknown(one, ready.operation.id) for one in odd]
    return _finished(ready, _merged(_spelt(generic, odd), met, rules))


def _is_valid(validator: Any, value: Json) -> bool:
    try:
        return bool(validator.is_valid(value))
    except (ValueError, RecursionError):
        return False


def _unwanted(ready: _Ready) -> Iterable[Violation]:
    said = violation("body-not-wanted", "", {"operation": ready.operation.id}, fails=False)
    return _finished(ready, [said])


def _absent(ready: _Ready) -> Iterable[Violation]:
    """No body at all is told once, not once a parameter; fine where nothing is required."""
    if _is_valid(ready.validator, {}):
        return ()
    needed = named(sorted(ready.names.required)) or "JSON"
    facts = {"operation": ready.operation.id, "names": needed}
    return _finished(ready, [violation("no-body", "", facts)])


def _urls(ready: _Ready, body: Json, *, local: bool) -> list[Violation]:
    found: list[Violation] = []
    for one in ready.addresses:
        for exact, value in islice(places(body, one.path), ERRORS_MAX):
            if isinstance(value, str) and value and not value.isspace():
                told = judged(value, exact, webhook=one.webhook, local=local)
                found += (replace(said, code=one.code) if said.fails else said for said in told)
    return found


def _blank(ready: _Ready, body: Json) -> list[Violation]:
    found = islice(blanks(ready.names, body), ERRORS_MAX)
    return [violation("empty", parameter, {}) for parameter in found]


# --- one message a mistake --------------------------------------------------------------------


def _spelt(generic: list[Violation], odd: Sequence[Any]) -> list[Violation]:
    """A required parameter that stands there misspelt is one mistake, not two."""
    missing = {said.parameter for said in generic if said.kind in {"required", "one-of"}}
    meant = [one for one in odd if one.right in missing]
    if not meant:
        return generic
    gone = {one.path for one in meant} | {one.right for one in meant}
    return [said for said in generic if said.parameter not in gone] + [
        misspelt(one) for one in meant
    ]


def _merged(
    generic: list[Violation], met: list[Stumble], rules: list[Violation]
) -> list[Violation]:
    """A pitfall speaks instead of what it covers, and fails if that did; a rule likewise."""
    told: list[Violation] = []
    for stumble in met:
        replaced = [said for said in generic if said.parameter in stumble.covers]
        if stumble.general and not replaced:
            continue
        told.append(replace(stumble.violation, fails=any(said.fails for said in replaced)))
        generic = [said for said in generic if said.parameter not in stumble.covers]
    ruled = {said.parameter for said in rules}
    failed = {said.parameter for said in rules if said.fails}
    rest = [
        said
        for said in generic
        if said.parameter not in failed and not (said.kind == "unknown" and said.parameter in ruled)
    ]
    return [*told, *rules, *_once(rest)]


def _once(found: list[Violation]) -> list[Violation]:
    """Of several messages about one parameter the first that fails, else the first."""
    best: dict[str, Violation] = {}
    for said in found:
        before = best.get(said.parameter)
        if before is None or (said.fails and not before.fails):
            best[said.parameter] = said
    return list(best.values())


def _finished(ready: _Ready, found: Iterable[Violation]) -> list[Violation]:
    return [
        replace(
            said,
            code=said.code or (ready.code if said.fails and not _silent(said) else None),
            source=said.source or ready.source,
        )
        for said in found
    ]


def _silent(said: Violation) -> bool:
    """A callback address that is wrong is not refused: the callback merely never comes."""
    return said.kind.startswith("webhook")


# --- query and path ---------------------------------------------------------------------------


def _outside(ready: _Ready, place: str, given: Mapping[str, Json]) -> Iterable[Violation]:
    wanted = ready.query if place == "query" else ready.path
    values = {_bare(str(name)): value for name, value in given.items()}
    found: list[Violation] = []
    for single in wanted.values():
        found += _single(single, values)
    for name in islice((name for name in values if name not in wanted), ERRORS_MAX):
        found.append(_stray(ready, name, wanted, values, place))
    met = [hit for one, general in ready.pitfalls for hit in stumbles(one, values, general=general)]
    gone = {said.parameter for said in found if said.kind == "misspelt"}
    found = [said for said in found if said.kind != "required" or said.parameter not in gone]
    return _finished(ready, [replace(one, place=place) for one in _merged(found, met, [])])


def _single(single: _Single, values: Mapping[str, Json]) -> list[Violation]:
    place, name = single.asked.place, single.name
    if name not in values:
        return [violation("required", name, {}, place=place)] if single.parameter.required else []
    value = values[name]
    if value in ("", None) and (single.parameter.required or place == "path"):
        return [violation("empty", name, {}, place=place)]
    said = _cast(value, single.parameter.schema)
    return [] if _is_valid(single.validator, said) else broken(single.validator, said, single.asked)


def _cast(value: Json, schema: Mapping[str, Any]) -> Json:
    """Query values arrive as text: read them as the type that the schema asks for."""
    wanted = _listed(schema.get("type", "string"))
    if "array" in wanted:
        inner = schema.get("items", {})
        parts = value if isinstance(value, list | tuple) else [value]
        return [_cast(part, inner) for part in parts]
    if isinstance(value, str):
        return _from_text(value, wanted)
    if "string" in wanted and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _from_text(value: str, wanted: Sequence[str]) -> Json:
    if "boolean" in wanted and value in {"true", "false"}:
        return value == "true"
    if "integer" in wanted and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if "number" in wanted and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", value):
        return float(value)
    return value


def _stray(
    ready: _Ready,
    name: str,
    wanted: Mapping[str, _Single],
    values: Mapping[str, Json],
    place: str,
) -> Violation:
    right = nearest_name(name, (other for other in wanted if other not in values))
    odd = Unknown(path=name[:64], seen=name[:64], right=right)
    if right is not None and wanted[right].parameter.required:
        return misspelt(odd, place=place)
    return unknown(odd, ready.operation.id, place=place)
