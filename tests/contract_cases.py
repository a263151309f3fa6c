"""What do the contract's tests share? The AKOOL contract, and the names of its parameters."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from diagnostics.contract import Contract
from diagnostics.contract_load import load
from diagnostics.model import Text
from diagnostics.promise import Operation, Source

AKOOL = load("akool")
OPERATIONS = tuple(AKOOL.operations.values())


def properties(schema: Any, path: str = "") -> Iterator[str]:
    """Dotted path of every property of a body schema."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from properties(part, f"{path}{name}.")
    if "items" in schema:
        yield from properties(schema["items"], f"{path.rstrip('.')}[].")


def parameters(op: Operation) -> set[str]:
    """Every parameter of a call, elements of arrays as `name[]` too."""
    named = {p.name for p in op.parameters} | set(properties(op.body_schema or {}))
    return named | {f"{name}[]" for name in named}


def texts(value: object) -> Iterator[Text]:
    """Every sentence anywhere below a value."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from texts(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from texts(getattr(value, part.name))


def sources(contract: Contract) -> Iterator[Source]:
    """Where each fact of a contract stands."""
    yield from (error.source for error in contract.errors.values())
    for op in contract.operations.values():
        yield from (op.source, op.price.source)
        for facts in (op.media.values(), op.aliases, op.pitfalls, op.rules):
            yield from (fact.source for fact in facts)
        if op.job:
            yield op.job.source
