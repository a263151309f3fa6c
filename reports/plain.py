"""How does a stranger's text become inert: nothing invisible, nothing endless, strict JSON?"""

import math
from typing import Any

TEXT_LENGTH_MAX = 70_000
KEPT = {"\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{ZERO WIDTH JOINER}"}
KEPT_IN_BLOCKS = KEPT | {"\n", "\t"}
BLOCKS = {"text", "pretty", "curl", "setup"}
"""Fields of a report that may have several lines; in any other a newline could forge a heading."""
BEYOND_PLANE = 0xFFFF


def plain(text: str, *, block: bool = False) -> str:
    r"""Controls, direction marks and lone surrogates become visible `\u202e`: JSON's own escape."""
    if text.isprintable():
        return text
    kept = KEPT_IN_BLOCKS if block else KEPT
    return "".join(
        one if one.isprintable() or one in kept else _escape(one)
        for one in text.replace("\r\n", "\n")
    )


def _escape(one: str) -> str:
    if one in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[one]
    point = ord(one)
    if point <= BEYOND_PLANE:
        return f"\\u{point:04x}"
    high, low = divmod(point - BEYOND_PLANE - 1, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def clean(value: Any, *, block: bool = False) -> Any:
    """The same value with inert strings and finite numbers, of JSON's own types throughout."""
    if isinstance(value, str):
        text = plain(value[:TEXT_LENGTH_MAX], block=block)
        return text if len(value) <= TEXT_LENGTH_MAX else text + "\u2026"
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {plain(str(key)): clean(item, block=key in BLOCKS) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return plain(str(value))
