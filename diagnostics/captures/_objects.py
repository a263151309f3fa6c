"""Which objects stand in this text? JSON, Python's `repr` and Node's `inspect`, in one pass.

Text is read once, from left to right: whatever cannot be a value closes what is open, and the
parts that were whole are kept. No text makes this take more than a few steps a character.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from diagnostics.model import Json

DEPTH_MOST = 60
_WORDS_MOST = 16
_OPEN = {"{": "}", "[": "]", "(": ")"}
_TOKEN = re.compile(
    r"""[ \t\r\n\f\v\u00a0]+
    | [{}\[\](),] | => | [:=] | [^\s,:={}\[\]()"'`]+ | .""",
    re.VERBOSE,
)
_QUOTED = {
    '"': re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'),
    "'": re.compile(r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'"),
    "`": re.compile(r"`[^`\\]*(?:\\.[^`\\]*)*`"),
}
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
_WORDS: dict[str, Json] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
    "undefined": None,
}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(\.\d{1,17})?(?:[eE][-+]?\d{1,3})?n?")
_LEFT_OUT = re.compile(r"Object|Array|Map|Set|(?:Function|Circular|Getter|class)\b.{0,60}")
_MISSING: Any = object()
_HOPELESS = "Unterminated"


class Found(NamedTuple):
    """An object and where it stands."""

    start: int
    end: int
    value: Json


class Lines:
    """From an offset in a text to its line, from 1."""

    def __init__(self, text: str, first: int = 1) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._first = first

    def at(self, offset: int) -> int:
        """The line of an offset."""
        return bisect_right(self._starts, offset) + self._first - 1


class Work:
    """How many characters were looked at: what the tests hold against the text's length."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps = 0


def scan(text: str, work: Work | None = None) -> Iterator[Found]:
    """Every outermost object with at least one pair, in the order of the text."""
    work = work or Work()
    decoder = json.JSONDecoder(strict=False)
    hopeless: dict[str, int] = {}
    end, allowed = 0, 2 * len(text) + 100_000
    spent = 0
    while (start := text.find("{", end)) >= 0:
        work.steps += start - end
        if spent <= allowed:
            try:
                value, end = decoder.raw_decode(text, start)
            except (ValueError, RecursionError) as error:
                spent += _cost(error, start, len(text))
            else:
                work.steps += end - start
                if value:
                    yield Found(start, end, value)
                continue
        parser = _Parser(text, start, hopeless)
        yield from parser.run()
        work.steps += parser.end - start
        end = max(parser.end, start + 1)
    work.steps += spent


def _cost(error: Exception, start: int, length: int) -> int:
    where = getattr(error, "pos", length)
    hopeless = not isinstance(error, json.JSONDecodeError) or error.msg.startswith(_HOPELESS)
    return (length if hopeless else where) - start + 50


@dataclass(slots=True)
class _Frame:
    """A container that is open: its pairs or items, and the value that is being read."""

    close: str
    start: int
    pairs: dict[str, Json] | None
    items: list[Json]
    key: str | None = None
    value: Json = _MISSING
    words: list[str] | None = None

    def settle(self) -> bool:
        """A comma or the end: put the value where it belongs. False: this is no object."""
        value = self._whole()
        if self.pairs is None:
            if value is not _MISSING:
                self.items.append(value)
            return True
        if self.key is None:
            return value is _MISSING or (isinstance(value, str) and value[:3] == "...")
        self.pairs[self.key] = None if value is _MISSING else value
        self.key = None
        return True

    def _whole(self) -> Json:
        value, words = self.value, self.words
        self.value, self.words = _MISSING, None
        if value is not _MISSING or not words:
            return value
        return _word(" ".join(words))

    def take(self, value: Json) -> None:
        """A value: the next part of a text that goes on, or one that replaces what stood there."""
        both = isinstance(value, str) and isinstance(self.value, str)
        self.value = self.value + value if both else value

    def name(self) -> bool:
        """A colon: what was read is a key."""
        if self.pairs is None:
            return True
        if self.key is not None:  # `key: a:b`
            self.words = [*(self.words or ()), ":"]
            return True
        value = self._whole()
        while isinstance(value, list) and len(value) == 1:  # `[cause]: …`, `[Symbol(x)]: …`
            value = value[0]
        if value is _MISSING or isinstance(value, dict | list):
            return False
        self.key = value if isinstance(value, str) else _shown(value)
        return True


def _listed(items: list[Json]) -> Json:
    """What Node leaves out stays said to be left out: `[Object]` is no list of one word."""
    if len(items) == 1 and isinstance(items[0], str) and _LEFT_OUT.fullmatch(items[0]):
        return f"[{items[0]}]"
    return items


def _shown(value: Json) -> str:
    return json.dumps(value)


def _word(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    found = _NUMBER.fullmatch(text)
    if not found:
        return text
    plain = text.removesuffix("n")
    return int(plain) if plain.lstrip("-").isdigit() else float(plain)


class _Parser:
    """One `{` and what belongs to it; `end` is where the next may begin."""

    def __init__(self, text: str, start: int, hopeless: dict[str, int]) -> None:
        self._text, self.end, self._hopeless = text, start, hopeless
        self._open: list[_Frame] = []
        self._parts: list[Found] = []
        """Whole objects inside what is still open."""

    def run(self) -> Iterator[Found]:
        """The object; where it breaks off, the whole ones in it."""
        match, text, size = _TOKEN.match, self._text, len(self._text)
        while self.end < size:
            start = self.end
            if text[start] in _QUOTED:
                if not self._quote(text[start]):
                    break
                continue
            found = match(text, start)
            token = found[0] if found else text[start]
            self.end = start + len(token)
            if not token.isspace() and not self._feed(token, start):
                break
            if not self._open:
                break
        yield from self._parts

    def _quote(self, kind: str) -> bool:
        """A quoted text. Where one has no end, no later one before that place has."""
        text, start = self._text, self.end
        found = None
        if start >= self._hopeless.get(kind, 0):
            found = _QUOTED[kind].match(text, start)
        if found is None:
            end = -1 if kind == "`" else text.find("\n", start)
            known = self._hopeless.get(kind, 0)
            self._hopeless[kind] = max(known, len(text) if end < 0 else end)
            self.end += 1
            return False
        self.end = found.end()
        self._open[-1].take(_string(found[0]))
        return True

    def _feed(self, token: str, start: int) -> bool:
        if token in _OPEN:
            return self._begin(token, start)
        top = self._open[-1]
        if token in {"}", "]", ")"}:
            return self._finish(token)
        if token in {",", ";"}:
            return top.settle()
        if token in {":", "=>", "="}:
            return top.name()
        return _bare(top, token)

    def _begin(self, token: str, start: int) -> bool:
        if len(self._open) >= DEPTH_MOST:
            return False
        self._open.append(
            _Frame(
                close=_OPEN[token], start=start, pairs={} if _OPEN[token] == "}" else None, items=[]
            )
        )
        return True

    def _finish(self, token: str) -> bool:
        frame = self._open.pop()
        if frame.close != token or not frame.settle():
            return False
        value: Json = _listed(frame.items) if frame.pairs is None else frame.pairs
        if frame.pairs:
            self._keep(Found(frame.start, self.end, value))
        if self._open:
            self._open[-1].take(value)
        return True

    def _keep(self, found: Found) -> None:
        while self._parts and self._parts[-1].start >= found.start:
            self._parts.pop()
        self._parts.append(found)


def _bare(frame: _Frame, token: str) -> bool:
    words = frame.words
    if words is None:
        frame.words = [token]
        return True
    words.append(token)
    return len(words) <= _WORDS_MOST


def _string(token: str) -> str:
    if token[0] == '"':
        try:
            return str(json.loads(token, strict=False))
        except ValueError:
            pass
    return unescaped(token[1:-1])


def unescaped(text: str) -> str:
    """One level of back-slashes taken off."""
    return _ESCAPED.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _SHORT.get(found[3], found[3])


def decoded(value: Json) -> Json:
    """A text that is JSON (or a `repr` of it) as what it says; anything else as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] not in {"{", "["}:
        return value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        found = next(scan(text), None) if text[0] == "{" else None
        whole = found is not None and found.start == 0 and found.end == len(text)
        return found.value if found is not None and whole else value
