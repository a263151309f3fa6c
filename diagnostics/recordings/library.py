"""Which HTTP client asks: `httpx`, or `httpx2` that the openai package brings along?

Both have the same classes under the same names; a stream must be an instance of the asker's own.
"""

import sys
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from diagnostics.model import Headers

_LIBRARIES = ("httpx", "httpx2")


def library_of(request: Any) -> ModuleType:
    """The package whose request that is."""
    return _library(type(request))  # type: ignore[arg-type]  # a class is hashable


@cache
def _library(kind: type) -> ModuleType:
    for one in kind.__mro__:
        name = one.__module__.partition(".")[0]
        if name in _LIBRARIES and name in sys.modules:
            return sys.modules[name]
    return import_module("httpx")


@cache
def stream_class(plain: type, library: ModuleType) -> Any:
    """The stream as that library knows it, for clients that wait and those that await."""
    parents = (plain, library.SyncByteStream, library.AsyncByteStream)
    return type(plain.__name__, parents, {})


def texts(headers: list[tuple[bytes, bytes]]) -> Headers:
    """Header fields in the order and case in which they travel."""
    return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])


def loaded_body(request: Any) -> bytes | None:
    """The request's body, when it stands in memory; None: it is a stream."""
    try:
        body: bytes = request.content
    except RuntimeError:  # `RequestNotRead` of either library
        return None
    return body
