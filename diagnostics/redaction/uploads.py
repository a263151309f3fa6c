"""How is an upload cleaned that holds a film beside its fields? Part by part."""

import re

from diagnostics.redaction.ledger import Clean
from diagnostics.redaction.names import Place

_EDGE = re.compile(rb"--[^\r\n]{1,200}")
_PARTS_MOST = 1000
_HEAD_MOST = 16_384
_KIND = re.compile(rb"(?im)^content-type:[ \t]{0,8}([^\r\n]{1,200})")


def clean_upload(clean: Clean, body: bytes, depth: int) -> bytes | None:
    """The body with each part gated as what it is; None: it has no parts."""
    edge = _EDGE.match(body)
    if edge is None:
        return None
    parts = body.split(b"\n" + edge[0])
    if len(parts) > _PARTS_MOST or not any(b"form-data" in one[:_HEAD_MOST] for one in parts):
        return None
    parts[0] = parts[0][len(edge[0]) :]
    shown = [_part(clean, one, depth) for one in parts]
    return edge[0] + (b"\n" + edge[0]).join(shown)


def _part(clean: Clean, part: bytes, depth: int) -> bytes:
    """Its head is text, and so is what stands in it unless its bytes say otherwise."""
    for mark in (b"\r\n\r\n", b"\n\n"):
        head, gap, value = part.partition(mark)
        if gap and len(head) <= _HEAD_MOST:
            break
    else:
        return _text(clean, part, depth)
    if b"\0" not in value and _is_text(value):
        return _text(clean, part, depth)
    end = b"\r" if value.endswith(b"\r") else b""
    value = value.removesuffix(end)
    kind = _KIND.search(head)
    told = kind[1].decode("latin-1") if kind else None
    return _text(clean, head, depth) + gap + clean.body(value, told, depth + 1) + end


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(clean: Clean, part: bytes, depth: int) -> bytes:
    text = part.decode("utf-8", "surrogateescape")
    shown = clean.text(text, Place.TEXT, depth + 1)
    return part if shown == text else shown.encode("utf-8", "surrogateescape")
