"""What goes back to a caller? One answer before it is put on the wire, and the ready-made ones."""

from dataclasses import dataclass, replace
from functools import cache
from html import escape
from http import HTTPStatus

from diagnostics.contract import decode
from diagnostics.emulator.call import Fields
from diagnostics.emulator.codes import dump
from diagnostics.emulator.faults import Effects
from diagnostics.emulator.laying import lay

JSON, HTML = b"application/json; charset=utf-8", b"text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. `code` is its business code, for the record of what was seen."""

    status: int = 200
    body: bytes = b""
    media_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    code: str | None = None
    length: int | None = None
    """Of a body that is not sent (HEAD)."""


def page(status: int, says: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    """An HTML page, as a web server answers what no program behind it knows."""
    text = escape(says.encode("ascii", "backslashreplace").decode())
    body = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{status}</title>'
        f"</head><body><h1>{status}</h1><pre>{text}</pre></body></html>\n"
    )
    return Reply(status=status, body=body.encode(), media_type=HTML, headers=headers)


def spoiled(reply: Reply, effects: Effects) -> Reply:
    """An answer after a fault plan had its way with status, headers and bytes."""
    reply = _replaced(reply, effects)
    if effects.set:
        reply = replace(reply, body=_rewritten(reply.body, effects))
    if effects.malformed:
        reply = replace(reply, body=reply.body.replace(b'"', b"'").replace(b":", b"=", 1))
    if effects.truncate is not None:
        reply = replace(reply, body=reply.body[: int(len(reply.body) * effects.truncate)])
    return _headed(reply, effects)


def _rewritten(body: bytes, effects: Effects) -> bytes:
    """A JSON body with values put in place of ours; another body stays as it is."""
    decoded = decode(body)
    for path, value in effects.set.items():
        lay(decoded, path, value)
    return body if decoded is None else dump(decoded)


def _replaced(reply: Reply, effects: Effects) -> Reply:
    """The body and status that a plan puts in place of ours."""
    if effects.html is not None:
        reply = replace(page(effects.status or 200, effects.html), headers=reply.headers)
    elif effects.body is not None:
        reply = replace(reply, body=effects.body.encode("utf-8", "backslashreplace"))
    if effects.status is not None and effects.status != reply.status:
        if effects.html is None and effects.body is None:
            return replace(page(effects.status, "Emulated status"), headers=reply.headers)
        reply = replace(reply, status=effects.status)
    return reply


def _headed(reply: Reply, effects: Effects) -> Reply:
    if not effects.headers:
        return reply
    given = {name.lower().encode(): value.encode() for name, value in effects.headers.items()}
    media_type = given.pop(b"content-type", reply.media_type)
    given.pop(b"content-length", None)
    given.pop(b"transfer-encoding", None)
    kept = tuple((name, value) for name, value in reply.headers if name not in given)
    return replace(reply, media_type=media_type, headers=(*kept, *given.items()))


def put(status: int, headers: Fields, body: bytes) -> bytes:
    """An answer as the bytes of HTTP/1.1: one write instead of two."""
    fields = b"".join([b"%b: %b\r\n" % field for field in headers])
    return b"%b%b\r\n%b" % (_line(status), fields, body)


@cache
def _line(status: int) -> bytes:
    known = status in HTTPStatus.__members__.values()
    return b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode() if known else b"")
