"""Which provider is meant? What the user typed says it, else their keys, else the default."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from diagnostics import contract_load
from diagnostics.cli.address import called
from diagnostics.contract_load import Known
from diagnostics.credentials import read_dotenv
from diagnostics.errors import ContractError, UsageError

ALL = "all"
DOTENV = Path(".env")
_REMEDY = "name it: --provider NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What was typed. Whatever is empty says nothing; the earlier outweighs the later."""

    provider: str | None = None
    operation: str | None = None
    address: str | None = None
    """Of a request file: a URL, perhaps with its method before it."""
    fault: tuple[str, ...] = ()
    """Who can play the fault plan."""
    target: tuple[str, ...] = ()
    """Whose emulators answer at the target, or whose host it is."""
    emulated: bool = False
    """An emulator answers: keys decide nothing there."""


def provider(clues: Clues, environ: Mapping[str, str] | None = None) -> str:
    """The one that is meant; an error where several could be."""
    known = {one.name: one for one in contract_load.index()}
    candidates: tuple[str, ...] = contract_load.providers()
    if clues.provider and clues.provider not in candidates:
        contract_load.load(clues.provider)  # says so, and which names there are
    told = ""
    for what, names in _said(clues, known.values()):
        fits = tuple(name for name in candidates if name in names)
        if not fits:
            raise UsageError(
                f"{what} belongs to {' or '.join(names)}, but {told or 'no contract'} says "
                f"{' or '.join(candidates)}",
                hint="drop one of the two, or mend it",
            )
        candidates, told = fits, what
    if len(candidates) == 1:
        return candidates[0]
    possible = [known[name] for name in candidates if name in known]
    return _by_keys(possible, os.environ if environ is None else environ, clues)


def _said(clues: Clues, known: Iterable[Known]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each clue that says something, with the providers for which it speaks."""
    if clues.provider:
        yield f"--provider {clues.provider}", (clues.provider,)
    if clues.operation and not clues.provider:
        yield f"operation {clues.operation}", owners(clues.operation)
    hosts = of_host(host_of(clues.address or ""), known)
    if hosts:
        yield f"the address {host_of(clues.address or '')}", hosts
    if clues.fault:
        yield "the fault plan", clues.fault
    if clues.target:
        yield "the target", clues.target


def owners(operation: str) -> tuple[str, ...]:
    """Providers that have an operation of that name or address; an error names the nearest."""
    found: list[str] = []
    names: dict[str, str] = {}
    broken: ContractError | None = None
    for name in contract_load.providers():
        try:
            contract = contract_load.load(name)
        except ContractError as error:  # somebody else's, unless nobody has the operation
            broken = error
            continue
        try:
            called(contract, operation)
            found.append(name)
        except UsageError:
            for one in contract.operations.values():
                names |= {one.id: name, f"{one.method} {one.path}": name}
    if not found and broken is not None:
        raise broken
    if not found:
        near = [f"{one} ({names[one]})" for one in get_close_matches(operation, names, 3, 0.3)]
        raise UsageError(
            f"there is no operation {operation!r}",
            hint=f"nearest: {', '.join(near)}" if near else "see: diagnostics list operations",
        )
    return tuple(found)


def of_host(host: str, known: Iterable[Known]) -> tuple[str, ...]:
    """Whose host that is."""
    return tuple(one.name for one in known if host in one.hosts)


def host_of(address: str) -> str:
    """The host of `https://h/p` or `"POST https://h/p"`; empty where there is none."""
    try:
        return urlsplit(address.rpartition(" ")[2]).hostname or ""
    except ValueError:
        return ""


# --- keys, and the default ----------------------------------------------------------------------


def _by_keys(possible: Collection[Known], environ: Mapping[str, str], clues: Clues) -> str:
    keyed = with_keys(possible, environ)
    if len(keyed) == 1 and not clues.target:
        return next(iter(keyed))
    if len(keyed) > 1 and not clues.emulated:
        told = "; ".join(f"{name} ({variable})" for name, variable in keyed.items())
        raise UsageError(
            f"keys of several providers are set: {told}",
            hint="say which is meant: --provider NAME, or run --provider all",
        )
    default = next((one.name for one in possible if one.default), None)
    if default is None:
        names = ", ".join(one.name for one in possible)
        raise UsageError(f"this could be meant for several providers: {names}", hint=_REMEDY)
    return default


def with_keys(known: Iterable[Known], environ: Mapping[str, str]) -> dict[str, str]:
    """Providers of whose variables one is set, in the environment or in `.env`, and which one."""
    filed = read_dotenv(DOTENV)
    found = {
        one.name: name
        for one in known
        for scheme in one.variables
        for name in scheme
        if name in environ or name in filed
    }
    return dict(sorted(found.items()))
