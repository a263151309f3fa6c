"""Which `Fault` is an exception of `httpx`, and which exception was that fault?

Classes are told by their names, so that `httpx` and `httpx2` (the openai package has its own) are
read alike and neither has to be imported.
"""

import ssl
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from diagnostics.model import Fault, FaultKind, Headers, Json

RAISED, SAID = "raised", "said"
"""Notes on the tape: the exception's class and its words."""
_WORDS_MOST = 300

_Row = tuple[FaultKind, str, bool]
KINDS: Mapping[str, _Row] = {
    "ConnectTimeout": (FaultKind.CONNECT_TIMEOUT, "no connection in time", False),
    "PoolTimeout": (FaultKind.CONNECT_TIMEOUT, "no free connection in time", False),
    "ReadTimeout": (FaultKind.READ_TIMEOUT, "no answer in time", True),
    "WriteTimeout": (FaultKind.WRITE, "could not send in time", True),
    "TimeoutException": (FaultKind.READ_TIMEOUT, "no answer in time", True),
    "ConnectError": (FaultKind.CONNECT, "", False),
    "ReadError": (FaultKind.RESET, "connection reset", True),
    "WriteError": (FaultKind.WRITE, "connection broke while sending", True),
    "CloseError": (FaultKind.RESET, "connection broke while it was closed", True),
    "NetworkError": (FaultKind.RESET, "connection broke", True),
    "ProxyError": (FaultKind.PROXY, "", False),
    "UnsupportedProtocol": (FaultKind.BAD_REQUEST, "unsupported scheme", False),
    "LocalProtocolError": (FaultKind.BAD_REQUEST, "illegal header or address", False),
    "RemoteProtocolError": (FaultKind.PROTOCOL, "", True),
    "ProtocolError": (FaultKind.PROTOCOL, "", True),
    "DecodingError": (FaultKind.PROTOCOL, "the content encoding is broken", True),
    "TooManyRedirects": (FaultKind.REDIRECTS, "too many redirects", True),
    "TransportError": (FaultKind.PROTOCOL, "", True),
    "RequestError": (FaultKind.PROTOCOL, "", True),
}
"""By the exception's class, the nearest in its ancestry: kind, our words, may have arrived.

Words that are empty are the exception's own: judges read the cause of a TLS failure from them.
"""

_CLASSES: Mapping[FaultKind, str] = {
    FaultKind.BAD_REQUEST: "LocalProtocolError",
    FaultKind.DNS: "ConnectError",
    FaultKind.REFUSED: "ConnectError",
    FaultKind.CONNECT_TIMEOUT: "ConnectTimeout",
    FaultKind.CONNECT: "ConnectError",
    FaultKind.TLS: "ConnectError",
    FaultKind.PROXY: "ProxyError",
    FaultKind.WRITE: "WriteError",
    FaultKind.READ_TIMEOUT: "ReadTimeout",
    FaultKind.RESET: "ReadError",
    FaultKind.CUT_BODY: "RemoteProtocolError",
    FaultKind.PROTOCOL: "RemoteProtocolError",
    FaultKind.REDIRECTS: "TooManyRedirects",
    FaultKind.LOCAL: "CloseError",
}
"""The exception of a fault that was not recorded here and names none."""

_CUT = {FaultKind.RESET, FaultKind.PROTOCOL}
"""What ends a body before it is whole."""


def fault_of(
    error: BaseException, status: int | None = None, headers: Headers = (), body: bytes = b""
) -> Fault:
    """The fault that the live driver would have noted; `status` when the head had come."""
    name = class_of(error)
    kind, message, arrived = KINDS.get(name, (FaultKind.READ_TIMEOUT, "", True))
    message = message or _words(error)
    if name not in KINDS:
        message = f"the caller stopped waiting ({type(error).__name__})"
    if status is None:
        kind = _before_the_head(error, kind)
    elif kind in _CUT and name != "DecodingError":
        kind, message = FaultKind.CUT_BODY, "the body ended before it was whole"
    return Fault(
        kind=kind,
        message=message,
        may_have_arrived=arrived or status is not None,
        status=status,
        headers=headers,
        body=body,
    )


def notes_of(error: BaseException) -> dict[str, Json]:
    """What a replay needs besides, to raise the same."""
    known = class_of(error)
    return {RAISED: known, SAID: _words(error)} if known else {}


def error_of(fault: Fault, notes: Mapping[str, Json], library: ModuleType) -> Exception:
    """The exception that the recorded client met, of the library that asks now."""
    name = notes.get(RAISED)
    name = name if isinstance(name, str) and name in KINDS else _CLASSES[fault.kind]
    said = notes.get(SAID)
    made: Exception = _class(library, name)(said if isinstance(said, str) else fault.message)
    return made


def class_of(error: BaseException) -> str:
    """The name of the nearest ancestor that we know; empty: none of an HTTP client's."""
    return next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in KINDS), "")


def _class(library: ModuleType, name: str) -> Any:
    return getattr(library, name)


def _words(error: BaseException) -> str:
    return str(error)[:_WORDS_MOST]


def _before_the_head(error: BaseException, kind: FaultKind) -> FaultKind:
    text = str(error)
    if kind is FaultKind.PROTOCOL and "disconnected without" in text:
        return FaultKind.RESET
    if kind is not FaultKind.CONNECT:
        return kind
    names = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        return FaultKind.TLS
    if "gaierror" in names or any(sign in text for sign in _UNRESOLVED):
        return FaultKind.DNS
    refused = "ConnectionRefusedError" in names or "refused" in text.lower()
    return FaultKind.REFUSED if refused else kind


_UNRESOLVED = (
    "Name or service not known",
    "nodename nor servname",
    "getaddrinfo failed",
    "No address associated",
    "Temporary failure in name resolution",
)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
