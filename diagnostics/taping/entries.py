"""What does the index say of an exchange? Hashes of what stands gated on the tape."""

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from diagnostics.drive.key import (
    CANONICAL_MOST,
    KeyInParts,
    address,
    host,
    request_key,
    tolerant_key,
)
from diagnostics.model import Exchange, Json, Unsent, UnsentReason
from diagnostics.tape_values import exchange_from
from diagnostics.taping.blobs import blob_path, head_of, parts_of
from diagnostics.taping.lines import UNREADABLE, Kind, Line, lines
from diagnostics.taping.reading import pending, slot
from diagnostics.taping.table import BUILT, UNSENT, Entry, number

_VERSION = re.compile(r"v\d{1,3}")
_VARIES = re.compile(r"\d|%|.{33}")
_named = lru_cache(maxsize=4096)(number)


def flow_of(exchange: Exchange) -> str:
    """The name of its conversation: the caller's own, or the scenario's and its number."""
    return exchange.flow or flow_name(exchange.scenario, exchange.conversation)


def flow_name(scenario: str, conversation: int) -> str:
    """How a conversation of a scenario is called among flows; empty where nothing is known."""
    return f"{scenario}#{conversation}" if scenario or conversation else ""


def shape_of(method: str, url: str) -> str:
    """Method and path with everything left open that looks like an id."""
    path = address(url).partition("?")[0]
    return (
        method.upper() + " " + "/".join("*" if _is_id(part) else part for part in path.split("/"))
    )


@lru_cache(maxsize=4096)
def _is_id(part: str) -> bool:
    return bool(_VARIES.search(part)) and not _VERSION.fullmatch(part)


def entry_of(exchange: Exchange, keys: tuple[bytes, bytes], line: Line | None = None) -> Entry:
    """Of an exchange whose keys are known, and where it stands."""
    request = exchange.request
    return Entry(
        key=keys[0],
        tolerant=keys[1],
        shape=_named(shape_of(request.method, request.url)),
        flow=_named(flow_of(exchange)),
        host=_named(host(request.url)),
        started_s=exchange.started_s if math.isfinite(exchange.started_s) else 0.0,
        position=exchange.position,
        flags=_flags(exchange),
        offset=line.offset if line else 0,
        length=line.length if line else 0,
    )


def _flags(exchange: Exchange) -> int:
    answer = exchange.answer
    if not isinstance(answer, Unsent):
        return 0
    return BUILT if answer.reason is UnsentReason.DRY else UNSENT


def keys_of(method: str, url: str, body: bytes) -> tuple[bytes, bytes]:
    """Exact and tolerant."""
    return request_key(method, url, body), tolerant_key(method, url, body)


def entries(exchanges: Iterable[Exchange]) -> list[Entry]:
    """Of a tape in memory; positions are counted anew."""
    found = (replace(exchange, position=n) for n, exchange in enumerate(exchanges))
    return [entry_of(e, keys_of(e.request.method, e.request.url, e.request.body)) for e in found]


def entries_on(path: Path) -> list[Entry]:
    """Of a tape on disk, with the announcements that nobody answered."""
    found: list[Entry] = []
    intents: list[tuple[Exchange, Line]] = []
    answered: Counter[Hashable] = Counter()
    for line in lines(path):
        try:
            if line.kind is Kind.EXCHANGE:
                exchange = exchange_from(line.value, len(found))
                found.append(_entry(exchange, line.value, line, path.parent))
                answered[slot(exchange)] += 1
            elif line.kind is Kind.INTENT:
                intents.append((exchange_from(line.value["intent"]), line))
        except UNREADABLE:
            continue
    for which in pending([intent for intent, _ in intents], answered):
        intent, line = intents[which]
        left = replace(intent, position=len(found))
        found.append(_entry(left, line.value["intent"], line, path.parent))
    return found


def _entry(exchange: Exchange, value: dict[str, Json], line: Line, home: Path) -> Entry:
    return entry_of(exchange, _keys_on(exchange, value, home), line)


def _keys_on(exchange: Exchange, value: dict[str, Json], home: Path) -> tuple[bytes, bytes]:
    request = exchange.request
    if "blob" not in value["request"]:
        return keys_of(request.method, request.url, request.body)
    path = blob_path(home, value["request"]["blob"])
    body = head_of(path, CANONICAL_MOST + 1) or b""
    if len(body) <= CANONICAL_MOST:
        return keys_of(request.method, request.url, body)
    made = KeyInParts(request.method, request.url)
    for part in parts_of(path):
        made.update(part)
    return made.exact(), made.alike()
