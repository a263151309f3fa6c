"""With whose key does a load speak? The emulator's own, which it tells; a provider's, from outside.

Keys go to the hosts of the contract only, as the live driver's do.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from diagnostics.contract import Contract
from diagnostics.model import Headers, Request, Target
from diagnostics.prepare import emulator_keys

Keys = Callable[[Contract, Target], Callable[[Request], Headers]]


def emulated(contract: Contract, target: Target) -> Callable[[Request], Headers]:
    """The key that an emulator on a port tells whoever asks; no real credential is read."""
    key = emulator_keys(target.base_url).get("key", "")
    scheme = next((s for s in contract.schemes if not s.token_operation), None)
    if scheme is None or not key:
        return lambda _request: ()
    return only_for(contract, ((scheme.header, f"{scheme.prefix}{key}"),))


def only_for(contract: Contract, headers: Headers) -> Callable[[Request], Headers]:
    """Those headers for the provider's own hosts, and for nobody else."""
    hosts = frozenset(contract.hosts)

    def choose(request: Request) -> Headers:
        own = request.authenticated and (urlsplit(request.url).hostname or "") in hosts
        return headers if own else ()

    return choose
