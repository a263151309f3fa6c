"""Where in a text would something go, and what would stand there instead? Never the value."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from diagnostics.model import Json
from diagnostics.redaction.outcome import Hit
from diagnostics.redaction.tree import decode
from diagnostics.redaction.values import PLACEHOLDER

HITS_MOST = 500
"""Of one file: whoever has more reads the copy."""
_AROUND = 32
_DEEPEST = 60
_NAME = re.compile(r"[A-Za-z_][\w-]*")


def hits(before: str, after: str, format: str) -> Sequence[Hit]:  # noqa: A002  # it is the format's name
    """The places that differ, by JSON path where it is one document, else by line."""
    if before == after:
        return ()
    if format in {"json", "har"}:
        try:
            found = _paths(decode(before.removeprefix("\ufeff")), decode(after), "", 0)
            return tuple(islice(found, HITS_MOST))
        except (ValueError, RecursionError):
            pass
    return tuple(islice(_lines(before, after), HITS_MOST))


def _paths(before: Json, after: Json, path: str, depth: int) -> Iterator[Hit]:
    """Both are of one build: cleaning changes strings and names, and takes nothing away."""
    if before == after or depth > _DEEPEST:
        return
    if isinstance(before, dict) and isinstance(after, dict) and len(before) == len(after):
        for old, (name, new) in zip(before.values(), after.items(), strict=True):
            yield from _paths(old, new, _under(path, str(name)), depth + 1)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _paths(old, new, f"{path}[{number}]", depth + 1)
    else:
        yield from (Hit(where=path or ".", shown=piece) for piece in _around(str(after)))


def _under(path: str, name: str) -> str:
    if _NAME.fullmatch(name):
        return f"{path}.{name}" if path else name
    return f"{path}[{name!r}]"


def _lines(before: str, after: str) -> Iterator[Hit]:
    """Line by line; where lines went (a key over many of them), they are those of the copy."""
    old, new = before.splitlines(), after.splitlines()
    where = "line {}" if len(old) == len(new) else "line {} of the copy"
    known = set(old) if len(old) != len(new) else set()
    for number, line in enumerate(new):
        if line in known or (not known and line == old[number]):
            continue
        for piece in _around(line):
            yield Hit(where=where.format(number + 1), shown=piece)


def _around(text: str) -> Iterator[str]:
    """Each placeholder with what stands around it; the text's start where there is none."""
    end, found = 0, False
    for match in PLACEHOLDER.finditer(text):
        found = True
        if match.start() < end:  # was shown with the one before
            continue
        begin, end = max(0, match.start() - _AROUND), match.end() + _AROUND
        while (more := PLACEHOLDER.search(text, match.end(), end + _AROUND)) and more.end() > end:
            end, match = more.end() + _AROUND, more  # noqa: PLW2901  # the last one that is shown
        yield _cut(text, begin, end)
    if not found:
        yield _cut(text, 0, 2 * _AROUND)


def _cut(text: str, begin: int, end: int) -> str:
    """A piece of a text that was cleaned as a whole: what is cut is cut afterwards."""
    shown = " ".join(text[begin:end].split())
    return f"{'…' if begin else ''}{shown}{'…' if end < len(text) else ''}"
