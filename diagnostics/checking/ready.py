"""What can be read of an operation once, so that a call is checked in microseconds?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.checking.names import Names, names
from diagnostics.checking.schema import Asked
from diagnostics.contract import Contract
from diagnostics.model import Blame, Json
from diagnostics.promise import CrossRule, Operation, Parameter, Pitfall

_WEBHOOK = re.compile(
    r"(?:web_?hook|callback)(?:_?(?:ur[li]|address|endpoint))?(?:\[\])?", re.IGNORECASE
)
"""The whole name: `callback_id` and `webhook_events_filter` are no addresses."""
_URL_FORMATS = frozenset({"uri", "url", "iri"})
_BRANCHES = ("allOf", "anyOf", "oneOf")
_DEPTH_MAX = 12
_SPEAK_OF_ABSENT = frozenset({"required-if"})
"""Kinds of rules that can be broken while none of their parameters is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """A query or path parameter with its own validator."""

    name: str
    parameter: Parameter
    validator: Any
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A parameter that holds a URL. `code` is the likely answer to one nobody can fetch."""

    path: str
    first: str
    webhook: bool
    code: str | None
    data_chars_max: int = 0
    """Length of a `data:` URL that may stand there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pit:
    """A pitfall, and the top-level name without which nobody runs into it.

    `general`: it is the provider's own, not this operation's.
    """

    pitfall: Pitfall
    first: str
    general: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A rule between fields, and the top-level names of which it needs one."""

    rule: CrossRule
    firsts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An operation, ready to be held against calls."""

    operation: Operation
    validator: Any
    asked: Asked
    names: Names
    addresses: tuple[Address, ...]
    pits: tuple[Pit, ...]
    rules: tuple[Ruled, ...]
    query: Mapping[str, Single]
    path: Mapping[str, Single]
    code: str | None
    """What the provider would likely answer to a wrong parameter."""
    source: str


def ready(contract: Contract, operation: Operation) -> Ready:
    """Kept on the contract by the operation's identity (which it holds, so no id is reused)."""
    kept: dict[int, Ready] = vars(contract).setdefault("_checks", {})
    found = kept.get(id(operation))
    if found is None:
        found = kept[id(operation)] = _prepared(contract, operation)
    return found


def _prepared(contract: Contract, operation: Operation) -> Ready:
    schema = operation.body_schema or {}
    known = names(schema)
    code = _code(contract, operation)
    query = _singles(operation, "query")
    return Ready(
        operation=operation,
        validator=_validator(schema),
        asked=Asked(schema=schema, examples=tuple(operation.examples.values())),
        names=known,
        addresses=tuple(_addresses(operation, code)),
        pits=tuple(_pits(contract, operation, {*known.known, *query})),
        rules=tuple(Ruled(rule=rule, firsts=_firsts(rule)) for rule in operation.rules),
        query=query,
        path=_singles(operation, "path"),
        code=code,
        source=operation.source.page,
    )


def _validator(schema: Mapping[str, Any]) -> Any:
    import jsonschema_rs  # noqa: PLC0415  # heavy: only who checks a call pays for it

    return jsonschema_rs.Draft202012Validator(dict(schema))


def is_valid(validator: Any, value: Json) -> bool:
    """Whether a schema accepts the value; what cannot even be read is not valid."""
    try:
        return bool(validator.is_valid(value))
    except (ValueError, RecursionError):
        return False


def _singles(operation: Operation, place: str) -> dict[str, Single]:
    return {
        bare(one.name): Single(
            name=bare(one.name),
            parameter=one,
            validator=_validator(one.schema),
            asked=Asked(schema=one.schema, place=place, name=bare(one.name)),
        )
        for one in operation.parameters
        if one.place == place
    }


def bare(name: str) -> str:
    """`types[]` and `types` are the same query parameter."""
    return name.removesuffix("[]")


def _code(contract: Contract, operation: Operation) -> str | None:
    """Of the codes that blame the parameters one of this page, else the one most pages list.

    Another envelope has codes of its own: nothing is known unless the page says it.
    """
    known = contract.errors.items()  # a code with a state tells of a job that is not there
    codes = [code for code, e in known if e.blame is Blame.PARAMETERS and not e.state]
    told = [code for code in codes if code in operation.codes]
    if operation.envelope != "default":
        return told[0] if told else None
    pages = contract.operations.values()
    usual = max(codes, key=lambda code: sum(code in op.codes for op in pages), default=None)
    return usual if not told or usual in told else told[0]


# --- addresses --------------------------------------------------------------------------------


def _addresses(operation: Operation, code: str | None) -> Iterator[Address]:
    for path, limits in operation.media.items():
        answer = limits.codes.get("unreachable", code)
        yield Address(
            path=path,
            first=first_name(path),
            webhook=False,
            code=answer,
            data_chars_max=_data_chars(limits.data_url_bytes_max),
        )
    for path, shape in _texts(operation.body_schema or {}, "", _DEPTH_MAX):
        webhook = _WEBHOOK.fullmatch(path.rpartition(".")[2]) is not None
        if path not in operation.media and (webhook or shape in _URL_FORMATS):
            answer = None if webhook else code
            yield Address(path=path, first=first_name(path), webhook=webhook, code=answer)


def _data_chars(size_bytes: int | None) -> int:
    """As base64, with room for the media type before it."""
    return 0 if size_bytes is None else size_bytes * 4 // 3 + 200


def first_name(path: str) -> str:
    """The top-level name of a dotted path: `elements` of `elements[].url`."""
    return path.partition(".")[0].partition("[")[0]


def _texts(schema: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every text parameter of a schema with its format."""
    if not isinstance(schema, dict) or depth == 0:
        return
    if path and "string" in listed(schema.get("type", "string")):
        yield path, str(schema.get("format", ""))
    for name, inner in schema.get("properties", {}).items():
        yield from _texts(inner, f"{path}.{name}" if path else name, depth - 1)
    yield from _texts(schema.get("items"), f"{path}[]", depth - 1)
    for branch in (one for word in _BRANCHES for one in schema.get(word, ())):
        if isinstance(branch, dict):
            yield from _texts({**branch, "type": "object"}, path, depth - 1)


def listed(value: Any) -> Sequence[Any]:
    """JSON Schema's `type` is a name or a list of names."""
    return value if isinstance(value, list) else [value]


# --- pitfalls and rules -----------------------------------------------------------------------


def _pits(contract: Contract, operation: Operation, here: set[str]) -> Iterator[Pit]:
    own = {(one.kind, one.parameter, one.seen) for one in operation.pitfalls}
    for one in operation.pitfalls:
        yield Pit(pitfall=one, first=_first_seen(one), general=False)
    for one in contract.pitfalls:
        fits = first_name(one.parameter) in here
        if one.kind == "name" and first_name(one.seen) in here:
            fits = False
        if fits and (one.kind, one.parameter, one.seen) not in own:
            yield Pit(pitfall=one, first=_first_seen(one), general=True)


def _first_seen(pitfall: Pitfall) -> str:
    if pitfall.kind == "name" and "." not in pitfall.parameter:
        return first_name(pitfall.seen)
    return first_name(pitfall.parameter)


def _firsts(rule: CrossRule) -> frozenset[str]:
    paths = rule.when if rule.kind in _SPEAK_OF_ABSENT else rule.parameters
    return frozenset(map(first_name, paths))
