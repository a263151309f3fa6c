"""What does one entry of a HAR say: who asked what, and what came of it?

Tools differ: headers as a list or an object, `postData` as text or fields, statuses of 0 and -1 for
what failed, bodies in base64, compressed or left out. Whatever a field lacks is not made up.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from diagnostics.captures._har_failure import answer_for
from diagnostics.captures._packed import unpacked
from diagnostics.model import (
    Answer,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    Json,
    Request,
    Response,
    Text,
    Wire,
)
from diagnostics.vcr.encoded import Unpacker


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What an entry needs of the file that it stands in."""

    attached: Callable[[str], bytes | None]
    """The bytes of a file that an entry names instead of holding them."""
    unpacker: Unpacker


NOT_AN_OBJECT = Text(en="it is not a JSON object", ru="это не объект JSON")
NO_REQUEST = Text(en="it has no request", ru="в ней нет запроса")
NO_URL = Text(en="its request has no address", ru="у запроса нет адреса")
ODD_STATUS = Text(en="its status is not a number", ru="статус ответа не число")
URL_MOST = 100_000


class Unreadable(Exception):  # noqa: N818  # no error of the program: one entry is left out
    """An entry that cannot be understood."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def asked(entry: Mapping[str, Json]) -> tuple[str, str]:
    """Method and address, which decide whether anything else is looked at."""
    request = entry.get("request")
    if not isinstance(request, dict):
        raise Unreadable(NO_REQUEST)
    url = request.get("url")
    if not isinstance(url, str) or not url.strip():
        url = _from_pseudo(headers_of(request.get("headers"), pseudo=True))
    if not url or (len(url) > URL_MOST and not url.startswith("data:")):
        raise Unreadable(NO_URL)
    method = request.get("method")
    verb = method.strip().upper() if isinstance(method, str) and method.strip() else "GET"
    return verb[:40], _with_query(url.strip().partition("#")[0], request.get("queryString"))


def exchange(entry: Mapping[str, Json], source: str, around: Around) -> Exchange:
    """The whole entry; raises `Unreadable`."""
    method, url = asked(entry)
    raw = entry["request"]
    headers = headers_of(raw.get("headers"))
    body, typed = _posted(raw.get("postData"), around)
    if typed and body and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", typed))
    if not body:
        headers = _with_length(headers, raw.get("bodySize"))
    return Exchange(
        request=Request(method=method, url=url, headers=headers, body=body),
        answer=_answer(entry, around),
        started_s=started_s(entry.get("startedDateTime")),
        duration_s=_duration_s(entry),
        wire=_wire(entry),
        source=source,
    )


# --- the request ------------------------------------------------------------------------------


def headers_of(given: Json, *, pseudo: bool = False) -> Headers:
    """Header fields, from a list of pairs or an object; HTTP/2's own (`:path`) left out."""
    pairs = given.items() if isinstance(given, dict) else map(_pair, _listed(given))
    return tuple(
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in pairs
        if isinstance(name, str) and name and value is not None and (pseudo or name[0] != ":")
    )


def _with_length(headers: Headers, size: Json) -> Headers:
    """That there was a body which the tool did not keep is told by its length."""
    number = _number(size)
    if not number or number < 0 or _length(headers):
        return headers
    return (*headers, ("Content-Length", str(int(number))))


def _length(headers: Headers) -> int:
    given = next((value for name, value in headers if name.lower() == "content-length"), "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= _DIGITS else 0


_DIGITS = 15


def _pair(given: Json) -> tuple[Json, Json]:
    return (given.get("name"), given.get("value")) if isinstance(given, dict) else (None, None)


def _listed(given: Json) -> list[Json]:
    return given if isinstance(given, list) else []


def _from_pseudo(headers: Headers) -> str:
    told = {name.lower(): value for name, value in headers}
    host = told.get(":authority") or told.get("host") or ""
    return f"{told.get(':scheme', 'https')}://{host}{told.get(':path', '/')}" if host else ""


def _with_query(url: str, given: Json) -> str:
    """The address with its query, where a tool tells it apart only."""
    pairs = [pair for pair in map(_pair, _listed(given)) if isinstance(pair[0], str)]
    if not pairs or "?" in url or url.startswith("data:"):
        return url
    told = [(name, value if isinstance(value, str) else "") for name, value in pairs]
    return f"{url}?{urlencode(told, errors='replace')}"


def _posted(given: Json, around: Around) -> tuple[bytes, str]:
    """The body as it was sent, and its type."""
    if isinstance(given, str):
        return _raw(given), ""
    if not isinstance(given, dict):
        return b"", ""
    typed = given.get("mimeType")
    kind = typed if isinstance(typed, str) else ""
    text = given.get("text")
    if isinstance(text, str) and text:
        coded = given.get("encoding") or given.get("_encoding")
        return (_unbased(text) if coded == "base64" else _raw(text)), kind
    if isinstance(text, dict | list):  # a tool that parsed it for us
        return json.dumps(text, ensure_ascii=False).encode("utf-8", "backslashreplace"), kind
    filed = given.get("_file")
    if isinstance(filed, str):
        return around.attached(filed) or b"", kind
    pairs = [pair for pair in map(_pair, _listed(given.get("params"))) if isinstance(pair[0], str)]
    return urlencode([(n, v if isinstance(v, str) else "") for n, v in pairs]).encode(), kind


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape" if _escaped(text) else "backslashreplace")


def _escaped(text: str) -> bool:
    """Every lone surrogate stands for a byte that was no UTF-8."""
    return all("\udc80" <= char <= "\udcff" for char in text if "\ud800" <= char <= "\udfff")


def _unbased(text: str) -> bytes:
    """Base64, also in several pieces (Polly) and without its end."""
    if text.startswith("["):
        try:
            parts = json.loads(text)
        except (ValueError, RecursionError):
            parts = []
        return b"".join(_unbased(part) for part in parts if isinstance(part, str))
    try:
        return base64.b64decode(text + "==")
    except (binascii.Error, ValueError):
        return _raw(text)


# --- the answer -------------------------------------------------------------------------------


def _answer(entry: Mapping[str, Json], around: Around) -> Answer:
    raw = entry.get("response")
    given: Mapping[str, Json] = raw if isinstance(raw, dict) else {}
    status = _status(given.get("status"))
    if status <= 0:
        return answer_for(entry, given)
    headers = headers_of(given.get("headers"))
    body, whole, size = _content(given.get("content"), headers, around)
    failed = answer_for(entry, given)
    if isinstance(failed, Fault) and failed.kind is FaultKind.CUT_BODY:
        return Fault(
            kind=failed.kind,
            message=failed.message,
            may_have_arrived=True,
            status=status,
            headers=headers,
            body=body,
        )
    return Response(
        status=status,
        headers=headers,
        body=body,
        reason=_text(given.get("statusText")),
        http_version=_text(given.get("httpVersion")) or "HTTP/1.1",
        size_bytes=size,
        truncated=not whole,
    )


def _status(given: Json) -> int:
    if given is None or given == "":
        return 0
    number = _number(given)
    if number is None or not -1 <= number < 1000:  # noqa: PLR2004  # HTTP: three digits
        raise Unreadable(ODD_STATUS)
    return int(number)


def _text(given: Json) -> str:
    return given if isinstance(given, str) else ""


_BODILESS = frozenset({101, 204, 205, 304})


def _content(given: Json, headers: Headers, around: Around) -> tuple[bytes, bool, int]:
    """The body, whether it is all of it, and how many bytes there were."""
    held: Mapping[str, Json] = given if isinstance(given, dict) else {}
    size = max(0, int(_number(held.get("size")) or 0))
    body = _held(held, around)
    if not body:
        size = max(size, _length(headers))
        known = body is not None or "size" in held
        return b"", size == 0 and known, size
    packing = next((v for n, v in headers if n.lower() == "content-encoding"), "")
    body, whole = unpacked(body, packing, around.unpacker)
    return body, whole, max(size, len(body))


def _held(held: Mapping[str, Json], around: Around) -> bytes | None:
    text = held.get("text")
    if isinstance(text, dict | list):
        return json.dumps(text, ensure_ascii=False).encode("utf-8", "backslashreplace")
    if isinstance(text, str):
        return _unbased(text) if held.get("encoding") == "base64" else _raw(text)
    filed = held.get("_file")
    return around.attached(filed) if isinstance(filed, str) else None


# --- times ------------------------------------------------------------------------------------


def started_s(given: Json) -> float:
    """Seconds since the epoch; 0.0 when nobody can tell."""
    number = _number(given) if not isinstance(given, str) or given.strip()[:1].isdigit() else None
    if number is not None and not (isinstance(given, str) and "-" in given):
        return _epoch_s(number)
    if not isinstance(given, str):
        return 0.0
    try:
        moment = datetime.fromisoformat(given.strip()[:40])
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return 0.0


_MILLISECONDS_FROM = 1e11
_SECONDS_MOST = 1e11


def _epoch_s(number: float) -> float:
    """A number is seconds, or milliseconds where seconds would be far away."""
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return seconds if 0 < seconds < _SECONDS_MOST else 0.0


def _number(given: Json) -> float | None:
    """A finite number, also one written as text."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


_PHASES = ("blocked", "dns", "connect", "send", "wait", "receive")
_MS_MOST = 1e9


def _ms(given: Json) -> float | None:
    """Milliseconds; -1 means "did not happen"."""
    number = _number(given)
    return number if number is not None and 0 <= number <= _MS_MOST else None


def _timings(entry: Mapping[str, Json]) -> Mapping[str, float]:
    given = entry.get("timings")
    told = given.items() if isinstance(given, dict) else ()
    return {name: ms for name, value in told if (ms := _ms(value)) is not None}


def _duration_s(entry: Mapping[str, Json]) -> float:
    whole = _ms(entry.get("time"))
    if whole:
        return whole / 1000
    timings = _timings(entry)
    return sum(timings.get(phase, 0.0) for phase in _PHASES) / 1000


def _wire(entry: Mapping[str, Json]) -> Wire | None:
    timings = _timings(entry)
    address = _text(entry.get("serverIPAddress")).strip("[]") or None
    if not timings and address is None:
        return None
    seconds = {name: ms / 1000 for name, ms in timings.items()}
    tls_s = seconds.get("ssl") or None
    connect_s = seconds.get("connect")
    return Wire(
        dns_s=seconds.get("dns"),
        connect_s=None if connect_s is None else max(0.0, connect_s - (tls_s or 0.0)),
        tls_s=tls_s,
        first_byte_s=seconds.get("wait"),
        body_s=seconds.get("receive"),
        address=address,
        reused=connect_s is None,
    )
