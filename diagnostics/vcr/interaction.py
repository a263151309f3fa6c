"""How does an exchange look as an interaction of vcrpy, and back?

Only whole answers that stock vcrpy can give again: what it would give wrongly (a body that is no
text, in JSON; a header that is not ASCII) is kept beside the interaction or instead of it.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from diagnostics.model import Exchange, Headers, Json, Request, Response
from diagnostics.vcr.encoded import Unpacker

_PACKED = frozenset({"content-encoding"})
_MEASURE = "content-length"
_USUAL = "HTTP/1.1"


class WrongInteractionError(ValueError):
    """It is no interaction; says what it lacks."""


# --- writing ----------------------------------------------------------------------------------


def interaction(exchange: Exchange, *, binary: bool) -> dict[str, Json] | None:
    """As stock vcrpy replays it; None where it cannot. `binary`: the format holds bytes."""
    request, answer = exchange.request, exchange.answer
    if not isinstance(answer, Response) or not _is_address(request.url):
        return None
    sent, told = _body(request.body), _body(answer.body)
    if not binary and (isinstance(sent, bytes) or isinstance(told, bytes)):
        return None
    return {
        "request": {
            "method": request.method,
            "uri": request.url,
            "body": sent,
            "headers": _listed(request.headers),
        },
        "response": {
            "status": {"code": answer.status, "message": _ascii(answer.reason)},
            "headers": _listed(_replayable(answer)),
            "body": {"string": told},
        },
    }


def _is_address(url: str) -> bool:
    """One bad address would lose vcrpy the whole cassette; a film's join is nothing to replay."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _body(body: bytes) -> str | bytes:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def _ascii(reason: str) -> str:
    """As vcrpy encodes it; without one, the client's own word for the status is taken."""
    return reason if reason.isascii() else ""


def _listed(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def _replayable(answer: Response) -> Headers:
    """The body here is unpacked, or was not kept: a client must not be told otherwise."""
    length = str(len(answer.body))
    return tuple(
        (name, length if name.lower() == _MEASURE else value)
        for name, value in answer.headers
        if name.lower() not in _PACKED and name.isascii() and value.isascii()
    )


# --- reading ----------------------------------------------------------------------------------


def exchange(value: Json, unpacker: Unpacker) -> Exchange:
    """What an interaction says, whoever wrote it. Raises `WrongInteractionError`."""
    told = _mapping(value, "the interaction")
    asked = _mapping(told.get("request"), "its request")
    answered = _mapping(told.get("response"), "its response")
    answer = response(answered, unpacker)
    date = answer.header("date")
    return Exchange(
        request=Request(
            method=_word(asked.get("method"), "method").upper(),
            url=_word(asked.get("uri"), "uri"),
            headers=headers(asked.get("headers")),
            body=body(asked.get("body")),
        ),
        answer=answer,
        started_s=_moment(date) if date else 0.0,
    )


def response(told: Mapping[str, Json], unpacker: Unpacker) -> Response:
    """The answer of an interaction."""
    status, fields = told.get("status"), headers(told.get("headers"))
    if not isinstance(status, dict):
        status = {"code": status}
    raw = body(told.get("body"))
    encoding = ", ".join(value for name, value in fields if name.lower() in _PACKED)
    return Response(
        status=_status(status.get("code")),
        reason=_text(status.get("message")) or "",
        http_version=_version(told.get("http_version")),
        headers=fields,
        body=unpacker.unpacked(raw, encoding) if encoding else raw,
        size_bytes=len(raw),
    )


def headers(value: Json) -> Headers:
    """A mapping of lists or of words; or, of old, lines and pairs."""
    if not value:
        return ()
    if isinstance(value, dict):
        pairs = [(name, one) for name, many in value.items() for one in _several(many)]
    else:
        pairs = [_pair(one) for one in _several(value)]
    return tuple((_word(name, "header"), _text(one) or "") for name, one in pairs)


def _several(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else (value,)


def _pair(value: Json) -> tuple[str, Json]:
    """`Name: value` with its line break, or a pair."""
    if isinstance(value, str):
        name, _, rest = value.partition(":")
        return name.strip(), rest.strip()
    if isinstance(value, list | tuple) and len(value) == 2:  # noqa: PLR2004  # a pair
        return _word(value[0], "header"), value[1]
    raise WrongInteractionError("its headers are no headers")


def body(value: Json) -> bytes:
    """Text, bytes, or what holds them."""
    if isinstance(value, dict):
        if "base64_string" in value:
            return _unpacked_base64(value["base64_string"])
        if "string" not in value:
            return _json(value)
        value = value["string"]
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return _json(value)


def _unpacked_base64(value: Json) -> bytes:
    try:
        return b64decode("".join(value.split()), validate=True)
    except (ValueError, TypeError, AttributeError) as error:
        raise WrongInteractionError("its body is no base64") from error


def _json(value: Json) -> bytes:
    """A body that was recorded before it was encoded (aiohttp's `json=`)."""
    import json  # noqa: PLC0415  # seldom

    if value == {}:
        return b""
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongInteractionError("its body cannot be read") from error


def _mapping(value: Json, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongInteractionError(f"{what} is missing" if value is None else f"{what} is no map")
    return value


def _word(value: Json, what: str) -> str:
    text = _text(value)
    if not text:
        raise WrongInteractionError(f"it has no {what}")
    return text


def _text(value: Json) -> str | None:
    """A word however it was written; what is none is refused."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    raise WrongInteractionError("a list or map stands where a word belongs")


def _status(value: Json) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:9])
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongInteractionError("it has no status")
    return value


def _version(value: Json) -> str:
    """`HTTP/2`, or bare as Ruby writes it; nobody says: what is usual."""
    text = _text(value) or ""
    if not text:
        return _USUAL
    return text if text.upper().startswith("HTTP/") else f"HTTP/{text}"


@lru_cache(maxsize=1024)
def _moment(date: str) -> float:
    """When an answer was made, by its own `Date`."""
    try:
        told = parsedate_to_datetime(date)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
