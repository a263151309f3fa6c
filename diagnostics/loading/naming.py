"""Under which name is a request counted that is no operation? `GET host/path` without its ids."""

import re
from urllib.parse import urlsplit

from diagnostics.contract import Contract
from diagnostics.model import Request

_NAMES_MOST = 200
"""A tally keeps figures for each name, so that there must be an end of them."""
_KNOWN_MOST = 4096
_ID = re.compile(r"(?=.*\d)[\w.~%-]{6,}|.{33,}")
"""A part of a path that looks made up: six characters or more with a digit, or very long."""
_SUFFIX = re.compile(r"\.[A-Za-z]{2,4}\d?$")


class Names:
    """Remembers what it said, since the same addresses come again."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known: dict[tuple[str, str], str] = {}
        self._said: set[str] = set()

    def of(self, request: Request) -> str:
        """The name of a request that names no operation."""
        key = (request.method, request.url)
        if key not in self._known:
            if len(self._known) >= _KNOWN_MOST:
                self._known.clear()
            self._known[key] = self._bounded(request)
        return self._known[key]

    def _bounded(self, request: Request) -> str:
        name = self._name(request.method, request.url)
        if name not in self._said and len(self._said) >= _NAMES_MOST:
            return f"{request.method} elsewhere"
        self._said.add(name)
        return name

    def _name(self, method: str, url: str) -> str:
        try:
            parts = urlsplit(url)
        except ValueError:
            return f"{method} no address"
        known = (
            self._contract.match(method, url) if parts.hostname in self._contract.hosts else None
        )
        if known is not None:
            return known.id
        path = "/".join(_shown(part) for part in parts.path.split("/"))
        return f"{method} {parts.hostname or ''}{path}"


def _shown(part: str) -> str:
    found = _SUFFIX.search(part)
    suffix = found[0] if found else ""
    return f"*{suffix}" if _ID.fullmatch(part.removesuffix(suffix)) else part
