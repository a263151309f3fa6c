"""Which providers make a film together? One makes clips, and one writes the script."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.errors import ContractError, UsageError


def cast(wanted: str | None) -> Contract:
    """The provider of clips with the writers as its partners; by name, else the only one."""
    if wanted is not None:
        contract_load.load(wanted)  # a broken contract speaks up when it is meant
    every = _every()
    able = [name for name, one in every.items() if one.roles.get("clip") in one.operations]
    name = wanted or (able[0] if len(able) == 1 else None)
    if name is None or name not in able:
        raise UsageError(
            f"{wanted} makes no clips" if wanted else "several providers make clips, or none",
            hint=f"--provider, one of: {', '.join(able) or 'none yet'}",
        )
    return with_writers(every[name], every)


def with_writers(contract: Contract, every: Mapping[str, Contract] | None = None) -> Contract:
    """That provider and whoever can write its scripts."""
    writers = {
        name: one
        for name, one in (every or _every()).items()
        if name != contract.name and one.roles.get("write") in one.operations
    }
    return replace(contract, partners=writers)


def _every() -> dict[str, Contract]:
    found = {}
    for name in contract_load.providers():
        with suppress(ContractError):  # somebody else's, and broken: no reason to make no film
            found[name] = contract_load.load(name)
    return found
