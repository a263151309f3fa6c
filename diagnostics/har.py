"""How does a tape look as an HTTP archive (HAR 1.2) that browsers and other tools open?

What HAR has no word for (which attempt, how a connection failed, what a media file was) stands in
one `_diagnostics` object an entry; readers ignore names that begin with an underscore. A failure
is written as Chrome writes it: `status` 0 and `_error`.
"""

import base64
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from diagnostics import __version__
from diagnostics.model import (
    Exchange,
    Fault,
    FaultKind,
    Headers,
    Json,
    Origin,
    Request,
    Response,
    Tape,
    Unsent,
    Wire,
)
from diagnostics.redact import Gate
from diagnostics.tape_values import case_to, exchange_to, plain

CREATOR = "genvideo-diagnostics"
SCHEMA = "diagnostics.har/1"
BODY_BYTES_MOST = 8 * 1024 * 1024
"""A larger body is told by its size alone: viewers choke on it, and the tape holds it."""

LONGEST_S = 1e9
"""Of one phase, as far as a sum of phases can still be told."""

ERRORS: Mapping[FaultKind, str] = {
    FaultKind.BAD_REQUEST: "net::ERR_INVALID_ARGUMENT",
    FaultKind.DNS: "net::ERR_NAME_NOT_RESOLVED",
    FaultKind.REFUSED: "net::ERR_CONNECTION_REFUSED",
    FaultKind.CONNECT_TIMEOUT: "net::ERR_CONNECTION_TIMED_OUT",
    FaultKind.CONNECT: "net::ERR_CONNECTION_FAILED",
    FaultKind.TLS: "net::ERR_SSL_PROTOCOL_ERROR",
    FaultKind.PROXY: "net::ERR_PROXY_CONNECTION_FAILED",
    FaultKind.WRITE: "net::ERR_CONNECTION_ABORTED",
    FaultKind.READ_TIMEOUT: "net::ERR_TIMED_OUT",
    FaultKind.RESET: "net::ERR_CONNECTION_RESET",
    FaultKind.CUT_BODY: "net::ERR_CONTENT_LENGTH_MISMATCH",
    FaultKind.PROTOCOL: "net::ERR_INVALID_HTTP_RESPONSE",
    FaultKind.REDIRECTS: "net::ERR_TOO_MANY_REDIRECTS",
    FaultKind.LOCAL: "net::ERR_FAILED",
}
"""As Chrome names what went wrong."""


def text_of(tape: Tape, gate: Gate) -> str:
    """The archive as a file holds it. The same tape gives the same text."""
    log = document(tape, gate)["log"]
    entries = ",\n".join(map(_line, log.pop("entries")))  # indenting takes the slow encoder
    return f'{{"log": {_line(log)[:-1]}, "entries": [\n{entries}\n]}}}}\n'


def _line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def document(tape: Tape, gate: Gate) -> dict[str, Json]:
    """A tape as HAR 1.2; everything in it has passed the gate."""
    gated = [_gated(exchange, gate) for exchange in tape]
    sent = [one for one in gated if not isinstance(one.answer, Unsent)]
    built = [one for one in gated if isinstance(one.answer, Unsent)]
    unsent = Counter(one.answer.reason.value for one in built if isinstance(one.answer, Unsent))
    case = gate.case(tape.case)
    target = case.target
    about = {
        "schema": SCHEMA,
        "run_id": case.run_id,
        "provider": target.provider,
        "target": target.kind.value,
        "origin": (target.origin or (Origin.EMULATED if target.emulated else Origin.LIVE)).value,
        "base_url": target.base_url,
        "fault": target.fault,
        "virtual_time": case.virtual_time,
        "unsent": dict(sorted(unsent.items())),
        "case": case_to(case),
        "built": [exchange_to(one) for one in built],
    }
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": CREATOR, "version": __version__},
            "pages": [],
            "entries": [_entry(one) for one in sorted(sent, key=_start)],
            "_diagnostics": _strict(about),
        }
    }


def _gated(exchange: Exchange, gate: Gate) -> Exchange:
    clean = gate.exchange(exchange)
    if not clean.flow and not clean.source:
        return clean
    return replace(clean, flow=gate.text(clean.flow), source=gate.text(clean.source))


def _start(exchange: Exchange) -> tuple[float, int]:
    """Entries stand in the order in which their requests left."""
    started_s = exchange.started_s
    return (started_s if math.isfinite(started_s) else 0.0), exchange.position


def _entry(exchange: Exchange) -> dict[str, Json]:
    timings = _timings(exchange)
    answer = exchange.answer
    made: dict[str, Json] = {
        "startedDateTime": _moment(exchange.started_s),
        "time": round(sum(v for k, v in timings.items() if v > 0 and k != "ssl"), 6),
        "request": _request(exchange),
        "response": _fault(answer) if isinstance(answer, Fault) else _response(exchange.response),
        "cache": {},
        "timings": timings,
    }
    if exchange.wire is not None and exchange.wire.address:
        made["serverIPAddress"] = exchange.wire.address
    return {**made, "_diagnostics": _ours(exchange)}


# --- the request --------------------------------------------------------------------------------


def _request(exchange: Exchange) -> dict[str, Json]:
    request, response = exchange.request, exchange.response
    made: dict[str, Json] = {
        "method": _text(request.method),
        "url": _text(request.url),
        "httpVersion": _text(response.http_version) if response else "HTTP/1.1",
        "cookies": _sent_cookies(request.headers),
        "headers": _fields(request.headers),
        "queryString": _named(_query(request.url)),
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        made["postData"] = _post(request)
    return made


def _query(url: str) -> list[tuple[str, str]]:
    try:
        query = urlsplit(url).query
        return parse_qsl(query, keep_blank_values=True)
    except ValueError:  # no address at all: `url` shows it as it was
        return []


def _post(request: Request) -> dict[str, Json]:
    kind = _header(request.headers, "content-type") or "application/octet-stream"
    made: dict[str, Json] = {"mimeType": kind, "params": []}
    if len(request.body) > BODY_BYTES_MOST:
        return {**made, "text": "", "comment": _too_large(len(request.body))}
    try:
        text = request.body.decode()
    except UnicodeDecodeError:  # HAR offers base64 for answers only
        return {**made, "text": base64.b64encode(request.body).decode(), "_encoding": "base64"}
    if kind.lower().startswith("application/x-www-form-urlencoded"):
        made["params"] = _named(_form(text))
    return {**made, "text": text}


def _form(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True)
    except ValueError:
        return []


# --- the answer ---------------------------------------------------------------------------------


def _response(response: Response | None) -> dict[str, Json]:
    if response is None:  # kept back: `document` leaves such exchanges out
        response = Response(status=0)
    media = response.media
    content = _content(response.body, response.headers)
    if media is not None:
        content = {
            "size": media.size_bytes,
            "mimeType": _header(response.headers, "content-type") or "x-unknown",
            "comment": "the file was looked at and not kept: see _diagnostics.media",
        }
    return {
        "status": response.status,
        "statusText": _text(response.reason),
        "httpVersion": _text(response.http_version),
        "cookies": _set_cookies(response.headers),
        "headers": _fields(response.headers),
        "content": content,
        "redirectURL": _text(response.header("location") or ""),
        "headersSize": -1,
        "bodySize": -1,
    }


def _fault(fault: Fault) -> dict[str, Json]:
    """No answer, or the head of one whose body was cut."""
    head = Response(status=fault.status or 0, headers=fault.headers, body=fault.body)
    made = _response(head)
    if fault.status is None:
        made["httpVersion"] = ""
    return {**made, "_error": ERRORS[fault.kind]}


def _content(body: bytes, headers: Headers) -> dict[str, Json]:
    kind = _header(headers, "content-type") or "x-unknown"
    made: dict[str, Json] = {"size": len(body), "mimeType": kind}
    if len(body) > BODY_BYTES_MOST:
        return {**made, "comment": _too_large(len(body))}
    if not body:
        return made
    try:
        return {**made, "text": body.decode()}
    except UnicodeDecodeError:
        return {**made, "text": base64.b64encode(body).decode(), "encoding": "base64"}


def _too_large(size: int) -> str:
    return f"{size} bytes are left out here; the tape holds them"


# --- cookies ------------------------------------------------------------------------------------


def _sent_cookies(headers: Headers) -> list[Json]:
    pairs = (pair.split("=", 1) for v in _all(headers, "cookie") for pair in v.split(";"))
    return _named((pair[0].strip(), pair[1].strip()) for pair in pairs if len(pair) > 1)


def _set_cookies(headers: Headers) -> list[Json]:
    found = (_set_cookie(value) for value in _all(headers, "set-cookie"))
    return [one for one in found if one is not None]


def _set_cookie(value: str) -> dict[str, Json] | None:
    """One `Set-Cookie`; HAR wants the expiry as an ISO date."""
    first, *attributes = value.split(";")
    name, equals, content = first.partition("=")
    if not equals:
        return None
    made: dict[str, Json] = {"name": _text(name.strip()), "value": _text(content.strip())}
    for attribute in attributes:
        word, _, said = attribute.partition("=")
        word, said = word.strip().lower(), said.strip()
        if word in {"path", "domain"}:
            made[word] = _text(said)
        elif word == "expires" and (when := _date(said)):
            made["expires"] = when
        elif word in {"httponly", "secure"}:
            made["httpOnly" if word == "httponly" else "secure"] = True
        elif word == "samesite":
            made["sameSite"] = _text(said)
    return made


def _date(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


# --- time ---------------------------------------------------------------------------------------


def _timings(exchange: Exchange) -> dict[str, float]:
    """Milliseconds by phase; -1 where a phase was not measured, as HAR has it."""
    wire, whole_s = exchange.wire or Wire(), exchange.duration_s
    connect_s = _sum(wire.connect_s, wire.tls_s)
    before_s = sum(part for part in (wire.dns_s, connect_s) if part is not None)
    wait_s, receive_s = wire.first_byte_s, wire.body_s
    if wait_s is None:
        wait_s = whole_s - before_s - (receive_s or 0.0)
    if receive_s is None:
        receive_s = whole_s - before_s - wait_s if wire.first_byte_s is not None else 0.0
    return {
        "blocked": -1,
        "dns": _ms(wire.dns_s),
        "connect": _ms(connect_s),
        "ssl": _ms(wire.tls_s),
        "send": 0,
        "wait": max(0.0, _ms(wait_s)),
        "receive": max(0.0, _ms(receive_s)),
    }


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None else first + (second or 0.0)


def _ms(value_s: float | None) -> float:
    if value_s is None or not math.isfinite(value_s) or value_s < 0:
        return -1
    return round(min(value_s, LONGEST_S) * 1000, 3)


def _moment(value_s: float) -> str:
    try:
        at = datetime.fromtimestamp(value_s, UTC)
    except (OverflowError, OSError, ValueError):
        at = datetime.fromtimestamp(0, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- what HAR has no word for -------------------------------------------------------------------


def _ours(exchange: Exchange) -> dict[str, Json]:
    request, answer = exchange.request, exchange.answer
    known: dict[str, Any] = {
        "position": exchange.position,
        "scenario": exchange.scenario,
        "conversation": exchange.conversation,
        "attempt": exchange.attempt,
        "flow": exchange.flow,
        "source": exchange.source,
        "operation": request.operation,
        "purpose": request.purpose.value,
        "provider": request.provider,
        "label": request.label,
        "authenticated": None if request.authenticated else False,
        "spends": request.spends or None,
        "credits": request.credits,
        "started_s": exchange.started_s,
        "duration_ms": _ms(exchange.duration_s),
        "wire": plain(exchange.wire) if exchange.wire is not None else None,
    }
    if isinstance(answer, Fault):
        known["fault"] = {
            "kind": answer.kind.value,
            "message": answer.message,
            "may_have_arrived": answer.may_have_arrived,
        }
    elif isinstance(answer, Response):
        known["media"] = plain(answer.media) if answer.media is not None else None
        known["truncated"] = answer.truncated or None
        known["chunks"] = [list(chunk) for chunk in answer.chunks] or None
    return {name: _strict(value) for name, value in known.items() if value not in (None, "")}


def _strict(value: Json) -> Json:
    """JSON knows no infinity, and UTF-8 no half of a character."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    return [_strict(item) for item in value] if isinstance(value, list) else value


# --- small things -------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Lone surrogates cannot be written as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _fields(headers: Headers) -> list[Json]:
    return _named(headers)


def _named(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": _text(name), "value": _text(value)} for name, value in pairs]


def _all(headers: Headers, wanted: str) -> Iterator[str]:
    return (value for name, value in headers if name.lower() == wanted)


def _header(headers: Headers, wanted: str) -> str | None:
    found = next(_all(headers, wanted), None)
    return None if found is None else _text(found)
