"""Which contracts are there, and what does one say? Reads a provider's file into values."""

import os
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from diagnostics import contract_cache
from diagnostics.contract import Contract
from diagnostics.contract_values import contract
from diagnostics.errors import UsageError

FOLDER = Path(__file__).parent / "contracts"
META_SCHEMA = FOLDER / "extensions.schema.yaml"


@cache
def providers() -> tuple[str, ...]:
    """Names of the providers that have a contract: the YAML files beside the meta-schema."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml") if path != META_SCHEMA))


@cache
def load(name: str) -> Contract:
    """The contract of that provider, read once a process."""
    if name not in providers():
        near = get_close_matches(name, providers(), n=1, cutoff=0.4)
        known = f"there are: {', '.join(providers())}"
        raise UsageError(
            f"no provider is called {name!r}",
            hint=f"nearest: {near[0]}; {known}" if near else known,
        )
    return read(FOLDER / f"{name}.yaml")


def read(path: Path, *, cache_folder: Path | None = None) -> Contract:
    """Any contract file. A broken one is a `ContractError` that names file, line and column."""
    folder = cache_folder or contract_cache.default_folder(os.environ)
    key = contract_cache.key_of(path, META_SCHEMA)
    compiled = contract_cache.fetch(folder, path.stem, key)
    if compiled is None:
        from diagnostics.contract_document import compiled_document  # noqa: PLC0415  # YAML is slow

        compiled = compiled_document(path, META_SCHEMA)
        contract_cache.keep(folder, path.stem, key, compiled)
    return contract(compiled, file=str(path))
