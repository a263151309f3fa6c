"""What became of a call that a HAR gives no status: which failure do the tool's words name?"""

import re
from collections.abc import Mapping

from diagnostics.model import Fault, FaultKind, Json, Unsent, UnsentReason

_KINDS: Mapping[FaultKind, tuple[str, ...]] = {
    FaultKind.PROXY: ("proxy", "tunnel"),
    FaultKind.TLS: ("cert", "ssl", "tls", "sec_error", "mozilla_pkix"),
    FaultKind.DNS: (
        "name_not_resolved", "name_resolution", "unknown_?host", "getaddrinfo", "enotfound",
        "eai_again", "resolve", "nodename", "dns",
    ),
    FaultKind.REFUSED: ("refused", "errno (111|61|10061)", "connect call failed"),
    FaultKind.CUT_BODY: (
        "content_length_mismatch", "incomplete", "partial_transfer", "cut short",
        "peer closed connection without",
    ),
    FaultKind.CONNECT_TIMEOUT: ("connection_timed_out", "connect(ion)?[ _]?time"),
    FaultKind.READ_TIMEOUT: ("timed?[ _-]?out", "net_timeout"),
    FaultKind.REDIRECTS: ("redirect",),
    FaultKind.RESET: (
        "reset", "empty_response", "hang up", "broken pipe", "epipe", "disconnect(ed)? by",
        "closed", "net_interrupt",
    ),
    FaultKind.PROTOCOL: (
        "protocol", "invalid_(response|chunked|http)", "malformed", "unexpected_",
        "content_decoding", "response_headers", "invalid[ _]content",
    ),
    FaultKind.CONNECT: (
        "unreachable", "internet_disconnected", "network_changed", "offline", "address_invalid",
        "connect",
    ),
}  # fmt: skip
"""The first kind of whose words one is found."""
_COMPILED = [(kind, re.compile("|".join(words), re.IGNORECASE)) for kind, words in _KINDS.items()]
_GIVEN_UP = re.compile(r"abort|cancel|blocked_by|binding_aborted|interrupted by", re.IGNORECASE)
_ARRIVED = frozenset(
    {FaultKind.READ_TIMEOUT, FaultKind.RESET, FaultKind.CUT_BODY, FaultKind.PROTOCOL}
)
_WORDS_MOST = 300
_FIELDS = ("_error", "_failureText", "_errorText", "error", "errorText")


def answer_for(entry: Mapping[str, Json], response: Mapping[str, Json]) -> Fault | Unsent:
    """A failure by its kind; where no words tell, nobody knows what became of it."""
    words = _words(entry, response)
    if not words or _GIVEN_UP.search(words):
        return Unsent(reason=UnsentReason.NOT_RECORDED, message=words)
    kind = next((kind for kind, shape in _COMPILED if shape.search(words)), None)
    if kind is None:
        return Unsent(reason=UnsentReason.NOT_RECORDED, message=words)
    return Fault(kind=kind, message=words, may_have_arrived=kind in _ARRIVED)


def _words(entry: Mapping[str, Json], response: Mapping[str, Json]) -> str:
    """Chrome and mitmproxy say `_error`, Playwright `_failureText`, Charles a status of its own."""
    for held in (response, entry):
        for name in _FIELDS:
            found = held.get(name)
            told = found.get("message") if isinstance(found, dict) else found
            if isinstance(told, str) and told.strip():
                return told.strip()[:_WORDS_MOST]
    for found in (response.get("statusText"), entry.get("comment"), response.get("comment")):
        if isinstance(found, str) and any(shape.search(found) for _, shape in _COMPILED):
            return found.strip()[:_WORDS_MOST]
    return ""
