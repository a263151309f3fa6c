"""What does a contract say of its callbacks? Its `webhook` words as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from diagnostics.contract import Contract
from diagnostics.errors import ContractError
from diagnostics.model import Json
from diagnostics.promise import StateKind

if TYPE_CHECKING:
    from diagnostics.webhooks.scheme import Scheme

_SCHEMES = "diagnostics.webhooks.schemes"
MILLISECONDS = "ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One set of headers that a callback was seen with."""

    name: str
    signature: str
    timestamp: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How one provider signs, and where its payload names job and state.

    `states` are the states (or event types) that mean something, by kind; `events` says that they
    are event types, of which there are more than anybody lists.
    """

    provider: str
    title: str
    scheme: str
    variables: tuple[str, ...]
    secret_operation: str = ""
    unit: str = "s"
    tolerance_s: float | None = None
    variants: tuple[Variant, ...] = ()
    job: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    states: Mapping[str, StateKind] = field(default_factory=dict)
    events: bool = False
    sample: str = ""
    """The signature of the documentation's own sample, where no key fits it."""
    page: str = ""


def signing(contract: Contract) -> Signing | None:
    """The contract's words; None when it knows no callbacks."""
    if "scheme" not in contract.webhook:
        return None
    words = contract.webhook
    secret: Mapping[str, Json] = words.get("secret") or {}
    return Signing(
        provider=contract.name,
        title=contract.title,
        scheme=words["scheme"],
        variables=tuple(secret.get("variables", ())),
        secret_operation=secret.get("operation", ""),
        unit=words.get("timestamp_unit", "s"),
        tolerance_s=words.get("tolerance_s"),
        variants=tuple(_variant(one) for one in words.get("variants", ())),
        job=tuple(words.get("job", ())),
        state=tuple(words.get("state", ())),
        states=_states(contract, words.get("states")),
        events=bool(words.get("events")),
        sample=(words.get("sample") or {}).get("signature", ""),
        page=_page(words.get("x-source")),
    )


def _variant(words: Mapping[str, str]) -> Variant:
    return Variant(
        name=words["name"],
        signature=words["signature"],
        timestamp=words.get("timestamp", ""),
        id=words.get("id", ""),
    )


def _states(contract: Contract, given: Mapping[str, str] | None) -> dict[str, StateKind]:
    """As the words say; without any, the states of the contract's jobs."""
    if given is not None:
        return {value: StateKind(kind) for value, kind in given.items()}
    jobs = [op.job for op in contract.operations.values() if op.job]
    return {state.value: state.kind for job in jobs for state in job.states.values()}


def _page(source: Json) -> str:
    return str(source.get("page", "")) if isinstance(source, dict) else str(source or "")


@lru_cache(maxsize=32)
def scheme(name: str) -> "Scheme":
    """The scheme of that name; an error when no module binds it."""
    module = f"{_SCHEMES}.{name.replace('-', '_')}"
    if not name.replace("-", "").isalnum() or find_spec(module) is None:
        raise ContractError(
            f"no scheme of signing is called {name!r}",
            hint="webhook.scheme names a module of diagnostics/webhooks/schemes",
        )
    return cast("Scheme", import_module(module).SCHEME)
