"""What does a saved callback hold? Reads an HTTP dump, header lines, or JSON; keeps every byte.

Three shapes are read: `POST /hook HTTP/1.1` with headers, a blank line and the body; the same
without its first line; JSON `{"headers": {…}, "body": "…"}` (with `"encoding": "base64"` or
`"body_base64"` where the body is not text, and `"received_at"` in unix seconds). Anything else that
is JSON is taken for a bare body: AKOOL's callbacks need nothing more.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from diagnostics.contract import decode
from diagnostics.errors import UsageError
from diagnostics.model import Json
from diagnostics.request_files.bytes import of_path, of_stream
from diagnostics.webhooks.delivery import BODY_BYTES_MAX, HEADERS_MAX, Delivery

HINT = (
    "save it as header lines, a blank line and the raw body, "
    'or as JSON: {"headers": {…}, "body": "…"}'
)
_BOM = b"\xef\xbb\xbf"
_REQUEST_LINE = re.compile(rb"[A-Z]{3,10} (\S{1,8000}) HTTP/[0-9.]{1,3}")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200})[ \t]*:[ \t]*(.*?)[ \t]*", re.DOTALL)
_BLANK = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,200}\r\n")
_FILE_BYTES_MAX = 2 * BODY_BYTES_MAX


def read(name: str, stdin: BinaryIO | None = None) -> Delivery:
    """The callback of a file; `-` is standard input."""
    if name == "-" and stdin is not None:
        return parse(of_stream(stdin, "standard input"), "standard input")
    return parse(of_path(name), name)


def parse(data: bytes, place: str) -> Delivery:
    """The callback that these bytes hold; any others are a `UsageError` with its place."""
    if len(data) > _FILE_BYTES_MAX:
        raise UsageError(f"larger than {_FILE_BYTES_MAX} bytes: no callback", place=place)
    if not data.strip():
        raise UsageError("the file is empty", place=place, hint=HINT)
    bare = data.removeprefix(_BOM)
    if bare.lstrip()[:1] in {b"{", b"["}:
        return _of_json(data, decode(bare), place)
    return _of_text(bare, place)


# --- header lines -----------------------------------------------------------------------------


def _of_text(data: bytes, place: str) -> Delivery:
    data = data.lstrip(b"\r\n")
    gap = _BLANK.search(data)
    head, body = (data[: gap.start()], data[gap.end() :]) if gap else (data.rstrip(b"\r\n"), b"")
    lines = [line.removesuffix(b"\r") for line in head.split(b"\n")]
    asked = _REQUEST_LINE.fullmatch(lines[0])
    if len(lines) > HEADERS_MAX:
        raise UsageError(f"more than {HEADERS_MAX} header lines", place=place, hint=HINT)
    headers = tuple(_fields(lines[1:] if asked else lines, place, 2 if asked else 1))
    delivery = Delivery(
        headers=headers, body=body, path=asked[1].decode("latin-1") if asked else "", place=place
    )
    if "chunked" in (delivery.header("transfer-encoding") or "").lower():
        body = _joined(body)
    return Delivery(headers=headers, body=body, path=delivery.path, place=place)


def _fields(lines: list[bytes], place: str, first: int) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, first):
        found = _HEADER.fullmatch(line)
        if found is None:
            raise UsageError(
                "this line is not `Name: value`, and no blank line stands before it",
                place=f"{place}:{number}",
                hint=HINT,
            )
        yield found[1].decode("latin-1"), found[2].decode("latin-1")


def _joined(body: bytes) -> bytes:
    """The body of chunks; as it stands when they do not add up (a tool has joined them already)."""
    at = 0
    parts: list[bytes] = []
    while (found := _CHUNK.match(body, at)) is not None:
        size = int(found[1], 16)
        if not size:
            return b"".join(parts)
        parts.append(body[found.end() : found.end() + size])
        at = found.end() + size + 2
    return body


# --- JSON -------------------------------------------------------------------------------------


def _of_json(data: bytes, value: Json, place: str) -> Delivery:
    body_names = ("body", "body_base64", "rawBody", "raw_body")
    if not isinstance(value, dict) or not any(name in value for name in body_names):
        if isinstance(value, dict) and isinstance(value.get("headers"), dict | list):
            raise UsageError("the JSON has headers and no body", place=place, hint=HINT)
        return Delivery(body=data, place=place)  # a bare body, its BOM included
    headers = tuple(_json_headers(value.get("headers"), place))
    body, parsed = _json_body(value, place)
    at = value.get("received_at")
    is_time = isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at < _TIME_MAX
    return Delivery(
        headers=headers,
        body=body,
        path=str(value.get("path", "")),
        place=place,
        received_s=float(at or 0) if is_time else None,
        parsed=parsed,
    )


_TIME_MAX = 1e11


def _json_headers(given: Json, place: str) -> Iterator[tuple[str, str]]:
    pairs = given.items() if isinstance(given, Mapping) else given or ()
    if not isinstance(given, Mapping | list | None):
        raise UsageError("headers is neither an object nor a list", place=place, hint=HINT)
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:  # noqa: PLR2004  # name and value
            raise UsageError("a header is no pair of name and value", place=place, hint=HINT)
        values = pair[1] if isinstance(pair[1], list) else [pair[1]]
        yield from ((str(pair[0]), str(value)) for value in values)


def _json_body(value: Mapping[str, Json], place: str) -> tuple[bytes, bool]:
    """The bytes, and whether they are only our guess because somebody had parsed them."""
    if "body_base64" in value:
        return _unbased(value["body_base64"], place), False
    body = next((value[name] for name in ("body", "rawBody", "raw_body") if name in value), None)
    based = value.get("encoding") == "base64" or value.get("isBase64Encoded") is True
    if isinstance(body, str):
        if based:
            return _unbased(body, place), False
        return _told_base64(body) or body.encode("utf-8", "surrogatepass"), False
    if body is None:
        return b"", False
    from diagnostics.webhooks.nearly import compact  # noqa: PLC0415  # only for a parsed body

    return compact(body), True


def _told_base64(text: str) -> bytes | None:
    """A body that is base64 of JSON though nothing says so."""
    if text.lstrip()[:1] in {"{", "["} or not text:
        return None
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if found.lstrip()[:1] in {b"{", b"["} else None


def _unbased(text: Json, place: str) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "*", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("the body is not base64", place=place, hint=HINT) from error
