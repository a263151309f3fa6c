"""What do the answers on a tape say about each address of the contract, and only about that?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from diagnostics.contract import Contract, decode
from diagnostics.model import Blame, Exchange, Purpose, Request, Response, Tape, Unsent
from diagnostics.promise import Alias, Operation

NAME = "endpoints"
CONTROL = "control"
"""Label of the probe of an address that cannot exist: what it answers, nothing answers."""
DOCUMENTED = "documentation"
_EVIDENCE_MAX = 10


class State(StrEnum):
    """What one answer says about its address."""

    ALIVE = "alive"
    METHOD = "other-method"
    MISSING = "missing"
    GUARDED = "guarded"
    """Whatever is asked without a key is answered alike: that tells nothing of the address."""
    UNKNOWN = "unknown"
    UNTOUCHED = "untouched"


def label_of(alias: Alias) -> str:
    return f"{DOCUMENTED}, elsewhere" if alias.set == DOCUMENTED else alias.set


def absolute(contract: Contract, alias: Alias) -> str:
    return alias.url if "://" in alias.url else f"{contract.host}/{alias.url.lstrip('/')}"


@dataclass(slots=True, kw_only=True)
class Address:
    """One address and the clearest answer it gave."""

    set: str
    operation: Operation
    method: str
    url: str
    state: State = State.UNKNOWN
    status: int | None = None
    code: str | None = None
    called: bool = False
    """By the caller's own program or a planned call, not only by a probe of ours."""
    evidence: list[int] = field(default_factory=list)

    def row(self) -> Mapping[str, object]:
        """A line of the table."""
        return {
            "set": self.set,
            "method": self.method,
            "path": self.url,
            "state": self.state.value,
            "status": self.status,
            "code": self.code,
            "operation": self.operation.id,
        }


_CLEAREST = (State.ALIVE, State.METHOD, State.MISSING, State.GUARDED, State.UNKNOWN)


_GONE = frozenset({404, 410})


def state_of(contract: Contract, exchange: Exchange, control: Exchange | None = None) -> State:
    """What the answer says about the address, and only about the address."""
    response = exchange.response
    if response is None:
        return State.UNKNOWN
    if control is not None and _shape_of(contract, exchange) == _shape_of(contract, control):
        return State.MISSING if response.status in _GONE else State.GUARDED
    if response.status in _GONE:
        return _gone(contract, exchange, response, apart=_answers_gone(control))
    code = contract.read(response, exchange.request.operation).code
    if code is not None:
        return State.ALIVE
    if response.status == 405:  # noqa: PLR2004  # RFC 9110: the path exists
        return State.METHOD
    return State.ALIVE if _is_json(response) and response.status < 500 else State.UNKNOWN  # noqa: PLR2004  # RFC 9110


def _is_json(response: Response) -> bool:
    return isinstance(decode(response.body), dict | list)


def _answers_gone(control: Exchange | None) -> bool:
    """Whether nothing is answered with a 404: then another 404 in JSON is something."""
    answered = control.response if control else None
    return answered is not None and answered.status in _GONE


def _gone(contract: Contract, exchange: Exchange, response: Response, *, apart: bool) -> State:
    """A page: nothing stands there. JSON: the provider's code says what is not there.

    `apart`: it is known how nothing answers here, and this is another answer.
    """
    code = contract.read(response, exchange.request.operation).code
    if code is None and not _is_json(response):
        return State.MISSING
    known = contract.errors.get(code or "")
    nowhere = contract.unknown_path == code
    if known and known.blame is Blame.ENDPOINT and not (known.alternatives or nowhere):
        return State.MISSING
    if apart or (known and not nowhere):
        return State.ALIVE
    operation = contract.operations.get(exchange.request.operation or "")
    if known is None or operation is None or "{" in operation.path:
        return State.UNKNOWN  # a gateway's own JSON, or an id that nobody knows
    return State.MISSING


def _shape_of(contract: Contract, exchange: Exchange) -> tuple[object, ...] | None:
    """An answer without the address that it quotes."""
    response = exchange.response
    if response is None:
        return None
    reading = contract.read(response, exchange.request.operation)
    said = reading.message
    for part in (exchange.request.url, _path_of(exchange.request.url), exchange.request.method):
        said = said.replace(part, "") if part else said
    return response.status, reading.code, said.strip()


def _path_of(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]


def control_of(tape: Tape) -> Exchange | None:
    """The answer to the address that cannot exist, if it was asked for."""
    found = (e for e in tape if e.scenario == NAME and e.request.label == CONTROL)
    return next((e for e in found if e.response is not None), None)


def addresses_of(contract: Contract, tape: Tape) -> list[Address]:
    found: dict[tuple[str, str], Address] = {}
    known, control = _Known(contract), control_of(tape)
    for exchange in tape:
        address = None if isinstance(exchange.answer, Unsent) else known.address(exchange)
        if address is None:
            continue
        kept = found.setdefault((address.method, address.url), address)
        kept.called = kept.called or address.called
        if len(kept.evidence) < _EVIDENCE_MAX:
            kept.evidence.append(exchange.position)
        if kept.state is not State.ALIVE:
            _note(contract, kept, exchange, control)
    return list(found.values())


def twins_of(contract: Contract, addresses: list[Address]) -> list[Address]:
    """The documented addresses that another set names as well: what holds for one holds for all."""
    return [
        replace(address, set=alias.set)
        for address in addresses
        if address.set == DOCUMENTED
        for alias in address.operation.aliases
        if alias.set != DOCUMENTED
        and (alias.method, absolute(contract, alias)) == (address.method, address.operation.url)
    ]


def _note(contract: Contract, kept: Address, exchange: Exchange, control: Exchange | None) -> None:
    probed = exchange.request.purpose is Purpose.PROBE
    state = state_of(contract, exchange, control if probed else None)
    if kept.status is not None and _CLEAREST.index(state) >= _CLEAREST.index(kept.state):
        return
    kept.state = state
    if isinstance(exchange.answer, Response):
        kept.status = exchange.answer.status
        kept.code = contract.read(exchange.answer, exchange.request.operation).code


class _Known:
    """Finds the address of the contract to which an exchange went."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._aliases = [
            (alias, re.compile(_shape(absolute(contract, alias)))) for alias in contract.aliases
        ]

    def address(self, exchange: Exchange) -> Address | None:
        """None: a media fetch, another scenario's probe, or an address nobody knows."""
        request = exchange.request
        called = request.purpose is Purpose.CALL
        if request.label == CONTROL and exchange.scenario == NAME:
            return None
        if request.purpose is Purpose.MEDIA or not (called or exchange.scenario in {NAME, ""}):
            return None
        operation = self._contract.operations.get(request.operation or "")
        ours = exchange.scenario == NAME and not called
        if not ours or request.label == DOCUMENTED:
            alias = None if self._is_documented(request, operation) else self._alias(request)
            operation = operation or self._contract.match(request.method, request.url)
        else:
            alias = self._alias(request, request.label)
        if alias is not None:
            operation = self._contract.operations.get(alias.operation)
        if operation is None:
            return None
        label, url = (label_of(alias), alias.url) if alias else (DOCUMENTED, operation.path)
        return Address(
            set=label, operation=operation, method=request.method, url=url, called=called
        )

    def _is_documented(self, request: Request, operation: Operation | None) -> bool:
        """It went to a documented address, perhaps behind a prefix of the target's own."""
        if operation is None or self._contract.match(request.method, request.url) is not None:
            return self._contract.match(request.method, request.url) is not None
        path = request.url.partition("?")[0]
        return re.search(_shape(f"x://x{operation.path}"), path) is not None

    def _alias(self, request: Request, label: str | None = None) -> Alias | None:
        path = request.url.partition("?")[0]
        return next(
            (
                alias
                for alias, shape in self._aliases
                if alias.method == request.method
                and label in {None, label_of(alias)}
                and shape.search(path)
            ),
            None,
        )


def _shape(url: str) -> str:
    """The end of an address as a pattern: the target's own prefix may stand before it."""
    path = "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]
    parts = path.replace("}", "{").split("{")
    return "".join("[^/]+" if i % 2 else re.escape(part) for i, part in enumerate(parts)) + "$"
