"""What is a delivery? One callback as it was received: its headers and its body, byte for byte."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diagnostics.errors import UsageError
from diagnostics.model import Headers

BODY_BYTES_MAX = 10_000_000
HEADERS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A callback as received. `body` is never re-encoded: the signature stands on its bytes."""

    headers: Headers = ()
    body: bytes = b""
    path: str = ""
    place: str = ""
    """The file it was read from, or its number in a session."""
    received_s: float | None = None
    """When it was received, unix time; None: nobody wrote it down."""
    parsed: bool = False
    """Whoever saved it had parsed the body already: its bytes are lost, `body` is our guess."""

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; several are joined as HTTP joins them."""
        wanted = name.lower()
        found = [value for known, value in self.headers if known.lower() == wanted]
        return ", ".join(found) if found else None


def of_server(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: object,
    *,
    received_s: float | None = None,
) -> Delivery:
    """What a web framework hands over: any mapping of headers, or pairs, and the raw body."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    fields = tuple((_text(name), _text(value)) for name, value in pairs)
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogateescape")
    if not isinstance(body, bytes | bytearray | memoryview):
        raise UsageError(
            f"the body is {type(body).__name__}, not the bytes that were received",
            hint="hand over the raw body, before any JSON parser has touched it",
        )
    return Delivery(headers=fields, body=bytes(body), received_s=received_s)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def raw(text: str) -> bytes:
    """A header's text as the bytes that travelled (they are read as Latin-1)."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
