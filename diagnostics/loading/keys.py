"""With whose key does a load speak? The emulator's own, which it tells; a provider's, the user's.

Keys go to the hosts of the contract, and to the target that stands for them, as the live driver's
do. A token is bought before anything is due, so that no call waits for the first one.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from diagnostics import credentials
from diagnostics.contract import Contract
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.live import Bounds
from diagnostics.drive.policy import Policy
from diagnostics.errors import TargetError, UsageError
from diagnostics.loading.engine import Engine
from diagnostics.loading.keyring import Keyring, buyer
from diagnostics.model import Exchange, Fault, Headers, Request, RetryPolicy, Target, TargetKind
from diagnostics.prepare import emulator_keys
from diagnostics.redact import Gate

_BOUNDS = Bounds(connect_s=5.0, read_s=15.0)
"""Of buying a token: the load stands still meanwhile."""
_CODE_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How requests to one provider are signed, and whether a refused token is bought anew."""

    headers: Callable[[Request], Headers | None]
    renews: Callable[[Exchange, Headers], bool] | None = None


Keys = Callable[[Contract, Target], Access]


def emulated(contract: Contract, target: Target) -> Access:
    """The key that an emulator on a port tells whoever asks; no real credential is read."""
    key = emulator_keys(target.base_url).get("key", "")
    scheme = next((s for s in contract.schemes if not s.token_operation), None)
    if scheme is None or not key:
        return Access(headers=lambda _request: ())
    return Access(headers=only_for(contract, ((scheme.header, f"{scheme.prefix}{key}"),)))


def only_for(contract: Contract, headers: Headers) -> Callable[[Request], Headers]:
    """Those headers for the provider's own hosts, and for nobody else."""
    hosts = frozenset(contract.hosts)

    def choose(request: Request) -> Headers:
        own = request.authenticated and (urlsplit(request.url).hostname or "") in hosts
        return headers if own else ()

    return choose


def users(gate: Gate, environ: Mapping[str, str] = os.environ, dotenv: Path = Path(".env")) -> Keys:
    """The user's own keys, unless an emulator answers. The gate learns every one of them."""

    def keys(contract: Contract, target: Target) -> Access:
        if target.kind is TargetKind.EMULATOR:
            return emulated(contract, target)
        held = credentials.read(contract, environ, dotenv)
        held.register(gate)
        return _access(contract, target, held.values, gate)

    return keys


def _access(contract: Contract, target: Target, values: Mapping[str, str], gate: Gate) -> Access:
    authority = Authority(
        contract=contract,
        values=values,
        register=gate.register,
        hosts=frozenset({*contract.hosts, urlsplit(target.base_url).hostname or ""}),
    )
    if not authority.schemes:
        raise _keyless(contract)
    bought: list[Exchange] = []

    def record(exchange: Exchange) -> Exchange:
        gate.exchange(exchange)  # whatever secret stands in it is known from now on
        bought.append(exchange)
        return exchange

    ring = Keyring(authority, buyer(lambda: _carrier(contract, target), record))
    if ring.renews is not None and ring.headers(_first(contract)) is None:
        raise _tokenless(contract, target, bought, gate)
    return Access(headers=ring.headers, renews=ring.renews)


def _first(contract: Contract) -> Request:
    return Request(method="GET", url=contract.host)


def _carrier(contract: Contract, target: Target) -> Engine:
    """An engine that nobody listens to: no figure of the load holds what a token took."""
    return Engine(
        contract=contract,
        base_url=target.base_url,
        budget=Budget(kind=target.kind),
        policy=Policy(contract=contract, retry=RetryPolicy(max_retries=1), random=Random(0)),
        listener=_Nobody(),
        bounds=_BOUNDS,
    )


class _Nobody:
    def answered(self, exchange: Exchange, **_told: object) -> None:
        """Nothing is counted."""


def _keyless(contract: Contract) -> UsageError:
    ways = [" with ".join(scheme.variables) for scheme in contract.schemes if scheme.variables]
    variable = next(scheme.variables[0] for scheme in contract.schemes if scheme.variables)
    return UsageError(
        f"a load of {contract.title} needs a key: {' or '.join(ways)}",
        hint=f"export {variable}=…, or write it to .env",
    )


def _tokenless(
    contract: Contract, target: Target, bought: list[Exchange], gate: Gate
) -> TargetError:
    why = gate.text(_why(contract, bought[-1])) if bought else "nobody was asked"
    return TargetError(
        f"no token could be had for a load of {contract.title} at {target.base_url}: {why}",
        hint="diagnostics run credentials says what is wrong with the keys",
    )


def _why(contract: Contract, exchange: Exchange) -> str:
    answer = exchange.answer
    if isinstance(answer, Fault):
        return f"{answer.kind.value}: {answer.message}"
    if exchange.response is None:
        return "the request could not be sent"
    code = contract.read(exchange.response, exchange.request.operation).code
    told = f", code {code[:_CODE_LENGTH_MAX]}" if code else ""
    return f"HTTP {exchange.response.status}{told}"
