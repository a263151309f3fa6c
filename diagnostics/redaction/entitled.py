"""What may a copy be called? Names tell secrets too, and must be names on every system."""

import re
from pathlib import PurePosixPath

from diagnostics.redact import Gate
from diagnostics.redaction.values import PLACEHOLDER

_UNFIT = re.compile(r"[^\w.…-]+")
_HEAD = re.compile(r"[^#]+#\d+")
_PART_BYTES_MOST = 200


def fit_name(gate: Gate, name: str) -> str:
    """The name, folders and all, with its secrets hidden: `<secret:jwt#1>` as `secret-jwt-1`."""
    whole = gate.text("/" + name.replace("\\", "/").strip("/"))
    parts = [fit_part(gate, part) for part in whole.split("/") if part not in {"", ".", ".."}]
    return "/".join(parts) or "unnamed"


def fit_part(gate: Gate, part: str) -> str:
    """One name without folders."""
    shown = PLACEHOLDER.sub(_named, gate.text(part))
    shown = "".join(letter if letter.isprintable() else "_" for letter in shown)
    shown = shown.encode("utf-8", "replace").decode()
    if len(shown.encode()) <= _PART_BYTES_MOST:
        return shown
    suffix = PurePosixPath(shown).suffix[:12]
    return shown.encode()[: _PART_BYTES_MOST - 24].decode("utf-8", "ignore") + suffix


def _named(placeholder: re.Match[str]) -> str:
    """Kind and number: a name needs no more."""
    head = _HEAD.match(placeholder[0])
    return _UNFIT.sub("-", head[0] if head else placeholder[0]).strip("-")


def numbered(name: str, taken: dict[str, int]) -> str:
    """The name, or `name-2.ext` and so on where it is taken; notes that it is taken now."""
    path, free = PurePosixPath(name), name
    while free.lower() in taken:
        taken[name.lower()] = count = taken[name.lower()] + 1
        free = str(path.with_name(f"{path.stem}-{count}{path.suffix}"))
    taken[free.lower()] = 1
    return free
