"""What do the contract's tests share? The AKOOL contract, and the names of its parameters."""

from collections.abc import Iterator
from typing import Any

from diagnostics.contract_load import load
from diagnostics.promise import Operation

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
