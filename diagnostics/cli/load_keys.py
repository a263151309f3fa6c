"""With whose key does a load speak? The emulator's, or the user's to the provider's hosts only."""

import os
from collections.abc import Callable
from pathlib import Path

from diagnostics import credentials
from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.loading.keys import emulated, only_for
from diagnostics.model import Headers, Request, Target, TargetKind
from diagnostics.redact import Gate


def keyed(contract: Contract, target: Target, gate: Gate) -> Callable[[Request], Headers]:
    """The headers for each request; the gate learns every key."""
    if target.kind is TargetKind.EMULATOR:
        return emulated(contract, target)
    keys = credentials.read(contract, os.environ, Path(".env"))
    keys.register(gate)
    headers = tuple(
        (scheme.header, f"{scheme.prefix}{keys.values[scheme.variables[0]]}")
        for scheme in contract.schemes
        if not scheme.token_operation and scheme.variables and scheme.variables[0] in keys.values
    )
    if not headers:
        names = [s.variables[0] for s in contract.schemes if not s.token_operation and s.variables]
        raise UsageError(
            f"a load of {contract.title} needs a key: {' or '.join(names)}",
            hint=f"export {names[0]}=…, or write it to .env; tokens are not bought under load",
        )
    return only_for(contract, headers)
