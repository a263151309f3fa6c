"""Which credentials travelled in a capture, and what is wrong with them, unsaid?

Their values go to the gate and nowhere else: a request on a tape never holds a key. Whoever made
the capture may have blotted them out; that is no fault of the key.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from diagnostics.contract import Contract
from diagnostics.credentials import Registry, inspect_key
from diagnostics.model import Exchange, KeyFacts, Request
from diagnostics.promise import Scheme

ORIGIN = "capture"
_CARRIERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})
_WORD = re.compile(r"(?i)(?:bearer|token|basic|key)(?:\s+|$)")
_BLOTTED = re.compile(
    r"(?i).*(?:redact|remov|filter|hidden|mask|censor|scrub|sanitiz|sanitis|secret:|withheld).*"
    r"|[*•x.X_#-]*|.*(?:\*{3}|•{3}|…).*"
)
"""A hand or a tool put this in the key's place."""
_LEAST = 6
_SPOILT = frozenset({"blank", "placeholder", "bearer-prefix", "quotes", "inner-space"})
"""What a token may suffer on its way into a header; its own shape is the provider's affair."""


@dataclass(slots=True, kw_only=True)
class Keys:
    """What was seen of one provider's credentials."""

    contract: Contract
    gate: Registry
    headers: tuple[str, ...] = ()
    """Of the request that carried most of them, the latest of such."""
    facts: dict[str, KeyFacts] = field(default_factory=dict)

    def take(self, exchange: Exchange) -> Exchange:
        """The exchange without credentials, once they were looked at."""
        request = exchange.request
        carried = [(name, value) for name, value in request.headers if self._carries(name)]
        if not carried:
            return exchange
        for name, value in carried:
            self._hide(value, name)
        sent = [one for one in self.contract.schemes if _value(one, request) is not None]
        if len(sent) >= len(self.headers) and sent:
            self.headers = tuple(scheme.header for scheme in sent)
        for scheme in sent:
            self._note(scheme, _value(scheme, request) or "")
        kept = tuple(pair for pair in request.headers if pair not in carried)
        return replace(exchange, request=replace(request, headers=kept))

    def _carries(self, name: str) -> bool:
        ours = {scheme.header.lower() for scheme in self.contract.schemes}
        return name.lower() in ours | _CARRIERS

    def _hide(self, value: str, name: str) -> None:
        for form in dict.fromkeys((value.strip(), _WORD.sub("", value.strip(), count=1))):
            if len(form) >= _LEAST and not _BLOTTED.fullmatch(form):
                self.gate.register(form, name.lower().strip("-"))

    def _note(self, scheme: Scheme, value: str) -> None:
        """Facts about a key; of a token that was bought, that it travelled is all."""
        bought = bool(scheme.token_operation) or not scheme.variables
        name = scheme.header if bought else scheme.variables[0]
        bare = _unprefixed(scheme, value)
        if bare and _BLOTTED.fullmatch(bare):
            found = KeyFacts(name=name, present=True, origin=ORIGIN)
        else:
            found = inspect_key(bare, name=name, contract=self.contract, others={}, origin=ORIGIN)
        if not bought or _SPOILT & set(found.problems):
            self.facts[name] = found


def _value(scheme: Scheme, request: Request) -> str | None:
    """What stands in the scheme's header; two schemes share one where their words differ."""
    wanted = scheme.header.lower()
    return next((value for name, value in request.headers if name.lower() == wanted), None)


def _unprefixed(scheme: Scheme, value: str) -> str:
    """Without the scheme's own word, once: a second one is the caller's mistake."""
    if not scheme.prefix:
        return value
    return _WORD.sub("", value, count=1) if _WORD.match(value) else value


def marked(contracts: Iterable[Contract], request: Request) -> set[str]:
    """Providers whose keys look like the one that travels here."""
    values = [
        _WORD.sub("", value.strip(), count=1)
        for name, value in request.headers
        if name.lower() in _CARRIERS
    ]
    return {
        contract.name
        for contract in contracts
        for scheme in contract.schemes
        if scheme.mark and any(_shaped(scheme.mark, value) for value in values)
    }


def _shaped(mark: str, value: str) -> bool:
    try:
        return re.search(mark, value) is not None
    except re.error:
        return False


def registered(gate: Registry, secrets: Sequence[tuple[str, str]]) -> None:
    """What a reader found in its file, told to the gate before anything else happens."""
    for value, kind in secrets:
        if len(value) >= _LEAST and not _BLOTTED.fullmatch(value):
            gate.register(value, kind)
