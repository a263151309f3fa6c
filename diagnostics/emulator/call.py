"""What did the caller send? One request, decoded only as far as somebody asks."""

import json
from collections.abc import Coroutine, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from diagnostics.contract import dig
from diagnostics.emulator.routes import Route
from diagnostics.model import Json

Result = TypeVar("Result")

BODY_BYTES_MAX = 10 * 2**20
_FIELDS_MAX = 1000


Fields = list[tuple[bytes, bytes]]
"""Header fields, their names in lower case."""


MET = "diagnostics.met"
"""The extension of a scope that holds what a plan does to its request, where that is known."""


class Prompt(NamedTuple):
    """A whole request, before anybody knows whether it can be answered at once."""

    method: str
    path: str
    query_string: bytes
    headers: Fields
    body: bytes
    port: int | None
    """On which it came."""


class TooLarge(Exception):  # noqa: N818  # not an error of ours: it becomes a 413
    """A body over `BODY_BYTES_MAX`."""


class Gone(Exception):  # noqa: N818  # not an error of ours: nobody is there to be answered
    """The caller hung up before the body was whole."""


class Call:
    """A request as it arrived. `read_s` is when."""

    __slots__ = ("_json", "body", "headers", "method", "path", "query_string", "route")

    def __init__(self, asked: Prompt, route: Route, body: bytes) -> None:
        self.method, self.path, self.query_string, self.headers, _, _ = asked
        self.route, self.body = route, body
        self._json: tuple[Json] | None = None

    @property
    def json(self) -> Json:
        """The decoded body; `...` when it is not JSON."""
        if self._json is None:
            self._json = (parsed(self.body),)
        return self._json[0]

    @property
    def query(self) -> Mapping[str, Json]:
        """Query parameters; a repeated or bracketed one is a list."""
        return parsed_query(self.query_string)

    def header(self, name: bytes) -> bytes | None:
        """A header by its lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    def find(self, at: str) -> list[Json]:
        """What a fault plan's predicate looks at."""
        place, _, rest = at.partition(".")
        if place == "header":
            value = self.header(rest.lower().encode())
            return [] if value is None else [value.decode("latin-1")]
        if place == "query":
            return [self.query[rest]] if rest in self.query else []
        if place == "body":
            return dig(self.json, rest) if rest else [self.json]
        return [self.method if place == "method" else self.path]


def _refuse(constant: str) -> Json:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def parsed(body: bytes) -> Json:
    """Strict JSON in UTF-8, or `...`."""
    try:
        return _DECODER.decode(body.decode())
    except (ValueError, RecursionError):
        return ...


@lru_cache(maxsize=4096)
def parsed_query(query_string: bytes) -> Mapping[str, Json]:
    """The parameters of a query string; polls repeat theirs, hence the cache."""
    try:
        pairs = parse_qsl(
            query_string.decode("utf-8", "replace"),
            keep_blank_values=True,
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:  # more fields than any call has
        return {}
    found: dict[str, Json] = {}
    for name, value in pairs:
        if name in found:
            earlier = found[name]
            found[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[name] = [value] if name.endswith("[]") else value
    return found


def at_once(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine comes to that waits for nothing; raises if it did wait."""
    try:
        work.send(None)
    except StopIteration as done:
        found: Result = done.value
        return found
    work.close()
    raise RuntimeError("it waits")


def in_scope(scope: Mapping[str, Any]) -> Prompt:
    """What an ASGI scope says of a request whose body is still to come."""
    query: bytes = scope.get("query_string", b"")
    return Prompt(scope["method"], scope["path"], query, scope["headers"], b"", None)


async def read_body(receive: Any) -> bytes:
    """The whole body, within bounds."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge
        return body
    parts, size = [], 0
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            raise TooLarge
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise Gone
