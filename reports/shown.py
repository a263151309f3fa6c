"""How are a request and its answer laid before a reader, whole enough and never endless?"""

import json
from collections.abc import Mapping
from typing import Any

from diagnostics.contract import Contract
from diagnostics.model import Case, Exchange, Fault, Headers, Json, Response
from reports.line import Line
from reports.words import moment

BODY_LENGTH_MAX = 16_000
PRETTY_BYTES_MAX = 64_000
HEADERS_MAX = 60
HEADER_LENGTH_MAX = 1_000
HEX_BYTES = 64


def request(line: Line, case: Case, contract: Contract) -> Mapping[str, Any]:
    """What was asked. Credential headers are named, since support wants to know which were sent."""
    asked = line.exchange.request
    added = case.auth_headers if asked.authenticated and asked.purpose == "call" else ()
    operation = contract.operations.get(asked.operation or "")
    return {
        "position": line.exchange.position,
        "kind": line.kind,
        "method": asked.method,
        "url": asked.url[:2_000],
        "operation": asked.operation,
        "documented": operation.source.page if operation else None,
        "attempt": line.exchange.attempt,
        "started": moment(line.exchange.started_s),
        "duration_s": line.exchange.duration_s,
        "headers": _headers(asked.headers),
        "credential_headers": list(added),
        "body": body(asked.body),
        "spends": asked.spends,
        "credits": asked.credits,
    }


def answer(line: Line) -> Mapping[str, Any]:
    """What came back."""
    came = line.exchange.answer
    said: dict[str, Any] = {
        "kind": "unsent",
        "status": line.status,
        "reason": "",
        "http_version": None,
        "code": line.code,
        "message": line.message,
        "state": line.state,
        "state_name": line.state_name,
        "fault": line.fault,
        "may_have_arrived": False,
        "headers": [],
        "body": body(b""),
        "received": moment(line.ended_s),
    }
    if isinstance(came, Response):
        said |= {"kind": "response", "reason": came.reason[:200], "http_version": came.http_version}
        said |= {"headers": _headers(came.headers)}
        said |= {"body": body(came.body, size_bytes=came.size_bytes, cut=came.truncated)}
    elif isinstance(came, Fault):
        said |= {"kind": "fault", "may_have_arrived": came.may_have_arrived}
        said |= {"headers": _headers(came.headers), "body": body(came.body, cut=bool(came.body))}
    else:
        said |= {"message": came.message[:HEADER_LENGTH_MAX]}
    return said


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [
        {"name": name[:200], "value": value[:HEADER_LENGTH_MAX]}
        for name, value in headers[:HEADERS_MAX]
    ]


def body(data: bytes, *, size_bytes: int = 0, cut: bool = False) -> Mapping[str, Any]:
    """`text` as it travelled, `pretty` indented where it is JSON; both bounded, the size said."""
    size = max(size_bytes, len(data))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        whole = error.start >= len(data) - 4 and cut
        text = data[: error.start].decode() if whole else data[:HEX_BYTES].hex(" ")
        binary = not whole
    else:
        binary = False
    shown = text[:BODY_LENGTH_MAX]
    return {
        "text": shown,
        "pretty": None if binary else _pretty(data),
        "size_bytes": size,
        "binary": binary,
        "truncated": cut or len(shown) < len(text) or (binary and size > HEX_BYTES),
    }


def _pretty(data: bytes) -> str | None:
    if not 0 < len(data) <= PRETTY_BYTES_MAX:
        return None
    try:
        value: Json = json.loads(data)
        text = json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None
    return text if len(text) <= BODY_LENGTH_MAX else None


def wire(exchange: Exchange, host: str) -> Mapping[str, Any]:
    """Seconds per phase of one exchange, and who was at the other end."""
    names = exchange.wire.__slots__ if exchange.wire else ()
    phases = {name: getattr(exchange.wire, name) for name in names}
    return {"host": host, "position": exchange.position, **phases}
