"""Which operation stands at this address? Exact addresses first, then shapes, aliases and media."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from diagnostics.contract import Contract
from diagnostics.emulator.misbehave import Misbehaviour
from diagnostics.promise import Operation

MEDIA, OUTPUT, CONTROL = "/_media/", "/_media/out/", "/_emulator"
_PLACE = re.compile(r"\\\{([^}]+)\\\}")
_ANY = frozenset({"*"})
_BODILESS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a request arrived. `aimed` are the fault rules that may concern it."""

    kind: str
    """operation, media, output, control, unknown, or wrong-method (`allow` says which)."""
    operation: Operation | None = None
    words: frozenset[str] = _ANY
    aimed: tuple[int, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Path parameters."""
    alias: bool = False
    allow: str = ""

    @property
    def reads_body(self) -> bool:
        """Whether the body matters; a GET's never does."""
        return self.operation is not None and self.operation.method not in _BODILESS


class Routes:
    """The addresses that answer. Stale aliases answer only where a fault plan says so."""

    def __init__(self, contract: Contract, misbehaviour: Misbehaviour | None) -> None:
        self._misbehaviour = misbehaviour
        self._exact: dict[tuple[str, str], Route] = {}
        self._shaped: list[tuple[str, re.Pattern[str], tuple[str, ...], Route]] = []
        alive = misbehaviour.plan.aliases if misbehaviour else ()
        for method, path, route in _addresses(contract, alive):
            self._add(method, path, route)

    def _add(self, method: str, path: str, route: Route) -> None:
        shape = _PLACE.sub("([^/]+)", re.escape(path))
        if "{" in path:
            names = tuple(re.findall(r"\{([^}]+)\}", path))
            self._shaped.append((method, re.compile(shape), names, route))
        else:
            self._exact.setdefault((method, path), self._aimed(route, path))

    def _aimed(self, route: Route, path: str) -> Route:
        if self._misbehaviour is None:
            return route
        return replace(route, aimed=self._misbehaviour.aimed(route.words, path))

    def find(self, method: str, path: str) -> Route:
        """The route of a request; never None."""
        found = self._exact.get((method, path))
        if found is not None:
            return found
        if path == CONTROL:
            return Route(kind="control")
        return self._aimed(self._found(method, path), path)

    def _found(self, method: str, path: str) -> Route:
        if path.startswith(MEDIA):
            return self._file(method, path)
        route = self._shape(method, path)
        if route is None and method == "HEAD":
            route = self._exact.get(("GET", path)) or self._shape("GET", path)
        if route is not None:
            return route
        allowed = sorted({*self._allowed(path)})
        if allowed:
            return Route(kind="wrong-method", allow=", ".join(allowed))
        return Route(kind="unknown")

    def _file(self, method: str, path: str) -> Route:
        if method not in _BODILESS:
            return Route(kind="wrong-method", allow="GET, HEAD")
        kind = "output" if path.startswith(OUTPUT) else "media"
        return Route(kind=kind, words=frozenset({kind, "*"}))

    def _shape(self, method: str, path: str) -> Route | None:
        for verb, shape, names, route in self._shaped:
            found = shape.fullmatch(path) if verb == method else None
            if found:
                return replace(route, arguments=dict(zip(names, found.groups(), strict=True)))
        return None

    def _allowed(self, path: str) -> Iterator[str]:
        yield from (verb for verb, known in self._exact if known == path)
        yield from (verb for verb, shape, *_ in self._shaped if shape.fullmatch(path))


def _addresses(contract: Contract, alive: Iterable[str]) -> Iterator[tuple[str, str, Route]]:
    reads = {op.job.read for op in contract.operations.values() if op.job}
    named = {contract.roles.get(role): role for role in ("balance", "token")}
    routes = {}
    for op in contract.operations.values():
        words = {"*", "operations", op.id, contract.wider(op.id)}
        makes = op.job or op.id == contract.roles.get("example")
        words |= {"create"} if makes and not op.destructive else set()
        words |= {"read"} if op.id in reads else set()
        words |= {named[op.id]} if op.id in named else set()
        routes[op.id] = Route(kind="operation", operation=op, words=frozenset(words))
        yield op.method, op.path, routes[op.id]
    for alias in contract.aliases:
        path = unquote(urlsplit(alias.url).path)
        if (alias.set in alive or not alias.stale) and alias.operation in routes:
            yield alias.method, path, replace(routes[alias.operation], alias=True)
