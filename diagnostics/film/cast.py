"""Which providers make a film together? One makes clips, and one writes the script."""

from dataclasses import replace

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.errors import UsageError


def cast(wanted: str | None) -> Contract:
    """The provider of clips with the writers as its partners; by name, else the only one."""
    every = {name: contract_load.load(name) for name in contract_load.providers()}
    able = {name: one for name, one in every.items() if one.roles.get("clip") in one.operations}
    name = wanted or (next(iter(able)) if len(able) == 1 else None)
    if name is None or name not in able:
        known = ", ".join(able) or "none yet"
        raise UsageError(
            f"{wanted} makes no clips" if wanted else "several providers make clips",
            hint=f"--provider, one of: {known}",
        )
    return with_writers(able[name], every)


def with_writers(contract: Contract, every: dict[str, Contract] | None = None) -> Contract:
    """That provider and whoever can write its scripts."""
    known = every or {name: contract_load.load(name) for name in contract_load.providers()}
    writers = {
        name: one
        for name, one in known.items()
        if name != contract.name and one.roles.get("write") in one.operations
    }
    return replace(contract, partners=writers)
