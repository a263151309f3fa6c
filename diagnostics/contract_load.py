"""Which contracts are there, and what does one say? Reads a provider's file into values.

Ours stand beside their meta-schema. Whoever has a provider of their own puts its file into a folder
and names that in `DIAGNOSTICS_CONTRACTS` (several: as in PATH); nothing else has to be edited.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from diagnostics import contract_cache
from diagnostics.contract import Contract
from diagnostics.contract_values import contract
from diagnostics.errors import ContractError, DiagnosticsError, UsageError

FOLDER = Path(__file__).parent / "contracts"
META_SCHEMA = FOLDER / "extensions.schema.yaml"
FOLDERS = "DIAGNOSTICS_CONTRACTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a provider before its contract is asked: enough to tell who is meant."""

    name: str
    title: str
    default: bool = False
    hosts: tuple[str, ...] = ()
    variables: tuple[tuple[str, ...], ...] = ()
    """By scheme: the variables that hold its credentials."""
    marks: tuple[str, ...] = ()
    """By these its keys betray themselves."""


def files(environ: Mapping[str, str] | None = None) -> Mapping[str, Path]:
    """The contract file of each provider: ours first, then those of the user's own folders."""
    named = (os.environ if environ is None else environ).get(FOLDERS, "")
    return _files(tuple(part for part in named.split(os.pathsep) if part))


@cache
def _files(folders: tuple[str, ...]) -> Mapping[str, Path]:
    found = {path.stem: path for path in sorted(FOLDER.glob("*.yaml")) if path != META_SCHEMA}
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise UsageError(
                f"{FOLDERS} names no folder", place=str(folder), hint="mend or unset the variable"
            )
        for path in sorted(folder.glob("*.yaml")):
            if path.stem in found:
                raise ContractError(
                    f"two contracts are called {path.stem}: {found[path.stem]} is the other",
                    place=str(path),
                    hint="rename the file, and the name under x-provider with it",
                )
            found[path.stem] = path.resolve()
    return dict(sorted(found.items()))


def providers() -> tuple[str, ...]:
    """Names of the providers that have a contract."""
    return tuple(files())


def load(name: str) -> Contract:
    """The contract of that provider, read once a process."""
    known = files()
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.4)
        there = f"there are: {', '.join(known)}"
        raise UsageError(
            f"no provider is called {name!r}",
            hint=f"nearest: {near[0]}; {there}" if near else there,
        )
    return _loaded(known[name])


@cache
def _loaded(path: Path) -> Contract:
    found = read(path)
    if found.name != path.stem:
        raise ContractError(
            f"the file {path.name} says that it is the contract of {found.name!r}",
            place=str(path),
            hint=f"call the file {found.name}.yaml, or mend the name under x-provider",
        )
    return found


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


# --- all of them, in short --------------------------------------------------------------------


def index() -> tuple[Known, ...]:
    """Every provider in short. A broken contract is left out: it speaks up when it is meant."""
    return _index(tuple(files().values()))


@cache
def _index(paths: tuple[Path, ...]) -> tuple[Known, ...]:
    folder = contract_cache.default_folder(os.environ)
    key = contract_cache.key_of(META_SCHEMA, *paths, Path(__file__))
    rows = contract_cache.fetch(folder, _INDEX, key)
    if rows is None:
        found = [_in_short(path) for path in paths]
        rows = [asdict(one) for one in found if one is not None]
        if None not in found:
            contract_cache.keep(folder, _INDEX, key, rows)
    return tuple(_known(row) for row in rows)


_INDEX = "index of contracts"
"""No contract can be called so: a provider's name has no spaces."""


def _in_short(path: Path) -> Known | None:
    try:
        whole = _loaded(path)
    except DiagnosticsError:
        return None
    return Known(
        name=whole.name,
        title=whole.title,
        default=whole.default,
        hosts=whole.hosts,
        variables=tuple(scheme.variables for scheme in whole.schemes),
        marks=tuple(scheme.mark for scheme in whole.schemes if scheme.mark),
    )


def _known(row: Mapping[str, object]) -> Known:
    """From the cache, where a tuple was written as a list."""
    return Known(**{name: _frozen(value) for name, value in row.items()})  # type: ignore[arg-type]  # as `asdict` wrote them


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
