"""How does a stranger's text stay text inside Markdown, also on GitHub?"""

import re

_MARKED = re.compile(r"([\\`*\[\]<>|~$&]|!(?=\[)|(?<![^\W_])_|_(?![^\W_]))")
"""What can mark text up. An underscore inside a word cannot."""
_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|www)([:.])")
_REFERENCE = re.compile(r"(#(?=\d)|(?i:GH-)(?=\d)|(?<!\w)@(?=\w))")
"""GitHub looks for these in the finished page, where no backslash is left to stop it."""
_TICKS = re.compile(r"`+")
_APART = "\N{ZERO WIDTH SPACE}"


def md(text: object) -> str:
    """Inline text: nothing in it marks, links, mentions, closes a table cell or is HTML."""
    escaped = _MARKED.sub(r"\\\1", " ".join(str(text).split()))
    return _REFERENCE.sub(rf"\1{_APART}", _LINK.sub(r"\1\\\2", escaped))


def code(text: object) -> str:
    """A code span with more ticks than the text has in a row; safe in a table cell."""
    flat = " ".join(str(text).split()).replace("|", "\N{BROKEN BAR}")
    fence = "`" * (_longest(flat) + 1)
    edge = " " if flat.startswith("`") or flat.endswith("`") or not flat else ""
    return f"{fence}{edge}{flat}{edge}{fence}"


def fenced(text: object, language: str = "") -> str:
    """A code block whose fence is longer than any run of ticks inside."""
    body = str(text).strip("\n")
    fence = "`" * max(3, _longest(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _longest(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
