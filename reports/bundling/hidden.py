"""What stands hidden in a bundle? Counted in its files, so that anybody can count it again.

What the gate removed while the run went on is known to that process alone; the placeholders that it
left are in the files, whoever packs them and whenever.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from diagnostics.model import Json
from diagnostics.redact import Gate
from diagnostics.redaction.certificate import certificate
from diagnostics.redaction.values import PLACEHOLDER

OVERLAP_BYTES = 400
"""More than a placeholder is long."""
_KIND = re.compile(r"(secret|id|pii|withheld)(?::|%3a|%253a)([a-z0-9-]+)", re.IGNORECASE)
_OPENING = (b"<", b"%", b"&lt", b"\\u003")

Parts = Iterable[bytes]


def proof(members: Mapping[str, Parts], gate: Gate, language: str) -> dict[str, Json]:
    """The certificate of a bundle: what was removed, by kind and file; never a value."""
    found: Counter[tuple[str, str, str]] = Counter()
    for name, parts in members.items():
        for text in _overlapping(parts):
            for one in PLACEHOLDER.finditer(text):
                found[(*_kind(one[0]), name)] += 1
    rows = [
        {"class": kept, "kind": kind, "file": name, "count": count}
        for (kept, kind, name), count in sorted(found.items())
    ]
    made = certificate(gate, language=language)
    return {**made, "removed": rows, "removed_total": found.total()}


def _kind(placeholder: str) -> tuple[str, str]:
    found = _KIND.search(placeholder)
    if found is not None:
        return found[1].lower(), found[2].lower()
    return "pii", "host" if "host" in placeholder else "user"


def _overlapping(parts: Parts) -> Iterator[str]:
    """Text by text, cut before a placeholder and not within one."""
    held = b""
    for part in parts:
        held += part
        cut = len(held) if held.endswith(b"\n") else _before(held)
        yield held[:cut].decode("latin-1")
        held = held[cut:]
    yield held.decode("latin-1")


def _before(held: bytes) -> int:
    """Where the last placeholder may begin that is not yet whole."""
    edge = max(0, len(held) - OVERLAP_BYTES)
    begun = [at for mark in _OPENING if (at := held.find(mark, edge)) >= 0]
    return min(begun, default=len(held))
