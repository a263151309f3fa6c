"""In which spellings can a known secret stand in a text, and where do they stand?

Three families: the characters themselves (each perhaps escaped, with colour codes or line wraps
between them), base64 at each of the three alignments, and hexadecimal digits.
"""

import base64
import html
import html.entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

LEAST_ENCODED = 6
"""Shorter secrets are looked for as they are only: their encodings hit by chance."""

_MARKS = ("%", "\\", "&", "\n", "\x1b", '" ', '"+', "' ", "'+")
"""Without one of these, nothing in a text is escaped, wrapped or put together."""
_GLUE = re.compile(r"[\"'] {0,8}\+? {0,8}[\"']")
_GLUED = (*('""', "''", '"+', "'+", '" +', "' +", '" "', "' '"), '"  ', "'  ")
_COLOUR = re.compile(r"(?:\x1b|\\{1,8}033)\[[0-9;]{0,12}[A-Za-z]")
_TELLING = re.compile(
    r"\\(?:u(?!00(?:0|1(?![bB]))|20[0-9a-fA-F]{2}|[fF][eEfF])|x(?:[2-7]|1[bB])|[\"']|\\"
    r"|/(?<=[A-Za-z0-9+]\\/))"
    r"|%(?:25)*[2-7][0-9A-Fa-f]|&(?:#|amp|quot|lt|gt|apos|sol|plus|colon|equals|num|lowbar)"
)
"""Escapes of characters that a secret may have; the rest are line ends and typography."""
_WRITTEN = re.compile(r"(?:\\{1,64}r)?\\{1,64}n[ \t|>]{0,64}")
"""A line's end in a string that stands as it was written."""
_ENTITY = re.compile(r"&(?:#[0-9A-Za-z]{1,10}|[A-Za-z][A-Za-z0-9]{1,31});")
_UNICODE = re.compile(r"(?<!\\)\\{1,64}(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(/)|(?=[\"']))|\\\\")
_BETWEEN = (
    r"(?:(?:(?:\x1b|\\{1,8}(?:u001[bB]|x1[bB]|033))\[[0-9;]{0,12}[A-Za-z]){1,4}"
    r"|\\{0,8}[\"']? {0,4}[+\\]? {0,4}(?:\\{1,8}r|\r)?(?:\\{1,8}n|\n)[ \t|>]{0,64}\\{0,8}[\"']?"
    r"|\\{0,8}[\"'] {0,8}\+ {0,8}\\{0,8}[\"'])?"
)
_RUN_SPELT = {
    "+": r"(?:\+|%(?:25){0,4}2[bB]|\\{1,8}u002[bB])",
    "/": r"(?:\\{0,8}/|%(?:25){0,4}2[fF]|\\{1,8}u002[fF])",
    ":": r"(?::|%(?:25){0,4}3[aA])",
    " ": r"(?: |\+|%(?:25){0,4}20)",
}
_QUOTES = {'"', "'"}
_RUN = re.compile(r"[A-Za-z0-9+/_\-]*")
_RUN_REACH = 8192
_DECODE_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """One secret with the spellings that a fast substring search can find."""

    secret: str
    plain: tuple[str, ...]
    """As it is, and in hexadecimal."""
    runs: tuple[str, ...]
    """The middle of its base64, which no neighbour can change."""


@lru_cache(maxsize=512)
def needle(secret: str) -> Needle:
    """The spellings of one secret."""
    raw = secret.encode("utf-8", "surrogatepass")
    if len(raw) < LEAST_ENCODED:
        return Needle(secret=secret, plain=(secret,), runs=())
    digits = raw.hex()
    spaced = [raw.hex(mark) for mark in ":- "]
    plain = dict.fromkeys((secret, *(w for d in (digits, *spaced) for w in (d, d.upper()))))
    cores = [core for lead in range(3) for core in _cores(raw, lead)]
    return Needle(secret=secret, plain=tuple(plain), runs=tuple(dict.fromkeys(cores)))


def _cores(raw: bytes, lead: int) -> Iterator[str]:
    """The base64 characters that depend on the secret alone when `lead` bytes stand before it."""
    whole = lead + len(raw)
    first, last = -(-lead * 8 // 6), whole * 8 // 6
    padded = bytes(lead) + raw
    yield base64.b64encode(padded).decode()[first:last]
    yield base64.urlsafe_b64encode(padded).decode()[first:last]


def is_marked(text: str) -> bool:
    """Whether anything in a text may be escaped, wrapped or put together."""
    return any(mark in text for mark in _MARKS)


def views(text: str) -> Iterator[str]:
    """The text, then the text as it reads once its escapes are undone and its wraps are joined."""
    yield text
    if not is_marked(text):
        return
    seen = {text}
    for _ in range(_DECODE_ROUNDS):
        before = len(seen)
        for undo in (_unwrap, _unglue, _unescape):
            text = undo(text)
            if text not in seen:
                seen.add(text)
                yield text
        if len(seen) == before:
            return


def _unwrap(text: str) -> str:
    if "\x1b" in text or "\\033" in text:
        text = _COLOUR.sub("", text)
    if "\\n" in text:
        text = _WRITTEN.sub("", text)
    if "\n" not in text:
        return text
    first, *lines = text.split("\n")
    return "".join([_unbroken(first), *[_unbroken(line.lstrip(" \t|>")) for line in lines]])


def _unbroken(line: str) -> str:
    """A line without what marks that it goes on."""
    return line.removesuffix("\r").removesuffix("\\")


def _unglue(text: str) -> str:
    quoted = "'" in text or '"' in text
    if not quoted or not any(mark in text for mark in _GLUED):
        return text
    return _GLUE.sub("", text)


def _unescape(text: str) -> str:
    if not any(mark in text for mark in "\\%&") or _TELLING.search(text) is None:
        return text
    if "\\" in text:
        text = _UNICODE.sub(_character, text)
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return unquote(text, errors="surrogateescape") if "%" in text else text


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if digits:
        return chr(int(digits, 16))
    return match[3] or (
        "\\"
        if match[0] == "\\\\" and match.string[match.end() : match.end() + 1] not in _QUOTES
        else ""
    )


def spans(secret: str, text: str) -> Iterator[tuple[int, int]]:
    """Where the secret stands in any spelling; a base64 run is taken whole."""
    found = needle(secret)
    yield from (match.span() for match in _flexible(secret).finditer(text))
    for spelling in found.plain[1:]:
        yield from (match.span() for match in _wrapped(spelling).finditer(text))
    for core in found.runs:
        for match in _wrapped(core).finditer(text):
            yield _whole_run(text, match.start(), match.end())


def _whole_run(text: str, start: int, end: int) -> tuple[int, int]:
    before = text[max(0, start - _RUN_REACH) : start][::-1]
    ends = _reach(text, end) + end
    padding = len(text[ends : ends + 2]) - len(text[ends : ends + 2].lstrip("="))
    return start - _reach(before, 0), ends + padding


def _reach(text: str, start: int) -> int:
    run = _RUN.match(text, start)
    return len(run[0]) if run else 0


@lru_cache(maxsize=4096)
def _flexible(spelling: str) -> re.Pattern[str]:
    """The spelling with every character as itself or escaped, and wraps between them.

    Linear: each alternative begins with another character, and repeats are bounded.
    """
    between = _BETWEEN if len(spelling) >= LEAST_ENCODED else ""
    return re.compile(between.join(_spelt(character) for character in spelling))


@lru_cache(maxsize=4096)
def _wrapped(spelling: str) -> re.Pattern[str]:
    """Base64 or hexadecimal, perhaps wrapped, and escaped as a URL or JSON would."""
    between = r"(?:(?:\\{1,8}r|\\?\r)?(?:\\{1,8}n|\n)[ \t]{0,64})?"
    return re.compile(between.join(_RUN_SPELT.get(c, re.escape(c)) for c in spelling))


def _spelt(character: str) -> str:
    ways = [re.escape(character)]
    raw = character.encode("utf-8", "surrogatepass")
    ways.append("".join(rf"%(?:25){{0,4}}{_digits(f'{byte:02x}')}" for byte in raw))
    units = character.encode("utf-16-be", "surrogatepass").hex()
    ways.append(
        "".join(rf"(?<!\\)\\{{1,64}}u{_digits(units[n : n + 4])}" for n in range(0, len(units), 4))
    )
    if len(raw) == 1:
        ways.append(rf"(?<!\\)\\{{1,64}}x{_digits(raw.hex())}")
    code = ord(character)
    entities = [f"#0{{0,6}}{code}", f"#[xX]0{{0,6}}{_digits(f'{code:x}')}"]
    entities += [re.escape(name[:-1]) for name in _entities().get(character, ())]
    ways.append(f"&(?:amp;){{0,2}}(?:{'|'.join(entities)});")
    if character in "/\"'":
        ways.append(rf"(?<!\\)\\{{1,64}}{character}")
    if character == " ":
        ways.append(r"\+")
    if character == "\\":
        ways[0] = r"\\{1,8}"
    return f"(?:{'|'.join(ways)})"


def _digits(text: str) -> str:
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in text)


@lru_cache(maxsize=1)
def _entities() -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for name, character in html.entities.html5.items():
        if name.endswith(";"):
            named.setdefault(character, []).append(name)
    return named
