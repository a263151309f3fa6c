"""Whose address is that: which provider's, which operation's, at home or behind a gateway?

Paths are matched from their end, for a proxy may have put a prefix before them. A browser's capture
holds thousands of addresses that are nobody's: each costs one walk down a tree.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import urlsplit

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.errors import DiagnosticsError

SEGMENTS_MOST = 30
"""No documented path has a third as many."""
_TELLING = 2
"""So many literal parts of a path must agree where the host is a stranger's: `/` is everybody's."""
_UNHEARD = frozenset({"", "favicon.ico", "robots.txt"})
"""Asked of any host by a browser itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One way to understand an address."""

    provider: str
    operation: str | None
    """None: the provider's own host, and no address that we know."""
    home: bool
    """The host is the provider's own."""
    stale: bool = False
    documented: bool = True
    method: bool = True
    """The method fits as well."""
    literal: int = 0
    """So many parts of the path agree to the letter."""

    @property
    def weight(self) -> tuple[bool, bool, int, bool, bool]:
        """The greater, the likelier this is meant."""
        known = self.operation is not None
        return known and self.home, self.method, self.literal, self.documented, known


@dataclass(slots=True)
class _Node:
    """A part of a path, read from its end."""

    below: "dict[str, _Node]" = field(default_factory=dict)
    ends: list[tuple[str, Place]] = field(default_factory=list)
    """(method, what it is) of paths that begin here."""


_ANY = "{}"


class Addresses:
    """Every address of some contracts."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self.contracts: Mapping[str, Contract] = {one.name: one for one in contracts}
        self._root = _Node()
        self._hosts: dict[str, set[str]] = {}
        for contract in contracts:
            self._learn(contract)

    def _learn(self, contract: Contract) -> None:
        for host in contract.hosts:
            self._hosts.setdefault(host, set()).add(contract.name)
        for op in contract.operations.values():
            self._own(op.host, contract)
            known = Place(provider=contract.name, operation=op.id, home=False)
            self._put(op.method, op.path, known)
            for alias in op.aliases:
                self._own(alias.url, contract)
                other = replace(known, stale=alias.stale, documented=False)
                self._put(alias.method, alias.url, other)

    def _own(self, url: str, contract: Contract) -> None:
        host = host_of(url)
        if host:
            self._hosts.setdefault(host, set()).add(contract.name)

    def _put(self, method: str, url: str, place: Place) -> None:
        node, literal = self._root, 0
        for part in reversed(parts_of(url)):
            wild = "{" in part
            literal += not wild
            node = node.below.setdefault(_ANY if wild else part, _Node())
        if all(one.operation != place.operation for verb, one in node.ends if verb == method):
            node.ends.append((method, replace(place, literal=literal)))

    def places(self, method: str, url: str) -> list[Place]:
        """All ways to understand an address, the likeliest first; nobody's: none."""
        host, parts = host_of(url), parts_of(url)
        owners = self._hosts.get(host, set())
        found = [
            replace(place, home=place.provider in owners, method=verb == method)
            for verb, place in self._ends(parts)
            if place.provider in owners or (verb == method and place.literal >= _TELLING)
        ]
        if owners and not any(one.home and one.method for one in found):
            unknown = not parts or parts[-1] not in _UNHEARD
            found += [Place(provider=name, operation=None, home=True) for name in owners if unknown]
        return sorted(found, key=lambda one: one.weight, reverse=True)

    def _ends(self, parts: Sequence[str]) -> Iterator[tuple[str, Place]]:
        """Whatever the end of that path could be."""
        nodes = [self._root]
        for part in reversed(parts[-SEGMENTS_MOST:]):
            names = (part, _ANY) if part else (part,)
            nodes = [node.below[name] for node in nodes for name in names if name in node.below]
            for node in nodes:
                yield from node.ends
            if not nodes:
                return


def parts_of(url: str) -> list[str]:
    """The parts of an address's path."""
    path = url.partition("?")[0].partition("#")[0]
    if "://" in path:
        path = path.partition("://")[2].partition("/")[2]
    return path.strip("/").split("/") if path.strip("/") else []


def host_of(url: str) -> str:
    """The host of an address, in small letters; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _readable(names: Iterable[str]) -> Iterator[Contract]:
    for name in names:
        try:
            yield contract_load.load(name)
        except DiagnosticsError:
            continue


def addresses() -> Addresses:
    """Those of every provider there is."""
    return _of(tuple(contract_load.files().items()))


@lru_cache(maxsize=4)
def _of(files: tuple[tuple[str, object], ...]) -> Addresses:
    return Addresses(tuple(_readable(name for name, _ in files)))
