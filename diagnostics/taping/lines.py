"""What stands on each line of a tape file? Read one after another, whatever the bytes are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from io import BufferedReader
from pathlib import Path

from diagnostics.errors import UsageError
from diagnostics.model import Json
from diagnostics.taping.blobs import open_plain

LINE_MOST = 32 * 2**20
"""Bytes of one line; large bodies stand elsewhere, so a longer one is none of ours."""

UNREADABLE = (ValueError, KeyError, TypeError, RecursionError, AttributeError, OverflowError)
"""What a wrong line may raise while it is taken apart."""


class Kind(Enum):
    """What a line tells."""

    CASE = "case"
    INTENT = "intent"
    ENDED = "ended"
    EXCHANGE = "request"
    TORN = "torn"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it stands in the file, and what it holds."""

    kind: Kind
    offset: int
    length: int
    value: dict[str, Json]


def lines(path: Path) -> Iterator[Line]:
    """Every line that is not blank. A long tape never stands in memory as text."""
    try:
        with open_plain(path, links=True) as file:
            offset = 0
            while line := file.readline(LINE_MOST):
                whole = line.endswith(b"\n") or len(line) < LINE_MOST
                length = len(line) if whole else len(line) + _skip(file)
                if line.strip():
                    yield _line(line if whole else b"", offset, length)
                offset += length
    except OSError as error:
        raise UsageError(
            f"cannot read the tape: {error.strerror}",
            place=str(path),
            hint="give the folder of a run, as `diagnostics run` prints it",
        ) from error


def _skip(file: BufferedReader) -> int:
    """Past the rest of a line that is longer than any of ours."""
    passed = 0
    while part := file.readline(LINE_MOST):
        passed += len(part)
        if part.endswith(b"\n"):
            break
    return passed


def _line(line: bytes, offset: int, length: int) -> Line:
    try:
        value = json.loads(str(line, "utf-8", "surrogatepass"))
        kind = _kind(value)
    except UNREADABLE:
        value, kind = {}, Kind.TORN
    return Line(kind, offset, length, value)


def _kind(value: Json) -> Kind:
    if not isinstance(value, dict):
        return Kind.TORN
    for kind in (Kind.EXCHANGE, Kind.INTENT, Kind.CASE, Kind.ENDED):
        if kind.value in value:
            return kind
    return Kind.TORN
