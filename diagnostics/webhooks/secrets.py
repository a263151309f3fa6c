"""Which secrets can callbacks be verified with? From the environment, then from `.env`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from diagnostics.contract import Contract
from diagnostics.credentials import Credentials, read_dotenv
from diagnostics.webhooks.judge import Secrets
from diagnostics.webhooks.signing import Signing, signing


def variables(contract: Contract) -> tuple[str, ...]:
    """Every variable of a provider, those of its callbacks first."""
    told = signing(contract)
    own = told.variables if told else ()
    return tuple(dict.fromkeys((*own, *(v for s in contract.schemes for v in s.variables))))


def read(
    contracts: Iterable[Contract], environ: Mapping[str, str], dotenv: Path | None
) -> Credentials:
    """The values that are set, ready to be registered at the gate."""
    names = tuple(dict.fromkeys(name for one in contracts for name in variables(one)))
    missing = [name for name in names if name not in environ]
    filed = read_dotenv(dotenv) if dotenv is not None and missing else {}
    values = {name: environ.get(name, filed.get(name)) for name in names}
    return Credentials(values={name: value for name, value in values.items() if value is not None})


def secrets_for(told: Signing, values: Mapping[str, str]) -> Secrets:
    """The scheme's own values in its order; the rest is what it may have been mixed up with."""
    return Secrets(
        own=tuple(values.get(name) for name in told.variables),
        others={name: value for name, value in values.items() if name != told.variables[0]},
    )
