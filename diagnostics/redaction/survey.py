"""What could be in this text at all? Asked once and at memory speed, before any rule is tried.

Every answer errs on the side of yes. Positions are those of the text's characters: each becomes
one byte, and searching bytes for a literal costs a fraction of what a pattern costs.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache

from diagnostics.redaction.finder import Finder
from diagnostics.redaction.names import NAMING

RUN_LEAST = 18
_RUN_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_RUNS = bytes(120 if n in _RUN_BYTES else 32 for n in range(256))
_DIGITS = bytes(48 if chr(n).isdigit() and n < 128 else n for n in range(256))  # noqa: PLR2004  # ASCII
_HEXES = bytes(48 if n in b"0123456789abcdefABCDEF" else n for n in range(256))
_LONG = b"x" * RUN_LEAST
_GAP_MOST = 48
WORDS = Finder((
    *(*NAMING, b"name", b"basic", b"apikey", b"passwor", b"passcode", b"://", b":\\"),
    *(b" -", b"\n-", b"\t-", b"setx ", b"set ", b"desktop-", b"laptop-", b"macbook", b"imac"),
    *(b"top-", b"/home/", b"/users/", b"users\\"),
))  # fmt: skip
"""All that is ever looked for in small letters, but for the names of somebody's own words."""
_BEFORE, _AFTER = 16, 24
_IPV4 = re.compile(rb"\.0{1,3}\.0{1,3}\.0")
_IPV6 = re.compile(rb":0{0,4}:0{0,4}:|::0")
_DASHED = re.compile(rb"-0{1,3}-0{1,3}-0{1,3}-?0")
_PHONES = (b"+00", b"+0 ", b"+0(", b"+0-", b"(00)", b"(000)", b"(0000)")
_MACHINE = re.compile(rb"\.(?:lan|corp|intranet|localdomain|home|local)(?![a-z0-9_(\[=])")
_HARDWARE = re.compile(rb"00:00:00:00:00:00|00-00-00-00-00-00")


class Survey:
    """What one text could hold, worked out when first asked for."""

    def __init__(self, text: str) -> None:
        self.raw = text.encode("latin-1", "replace")
        self._found: dict[bytes, tuple[int, ...]] = {}
        self._standing: dict[tuple[Finder, bool], frozenset[bytes]] = {}

    @cached_property
    def lower(self) -> bytes:
        """The text, a byte a character, in small letters."""
        return self.raw.lower()

    def has(self, *words: bytes) -> bool:
        """Whether one of the words stands in the text, in small or capital letters."""
        return any(True for _ in self.places(words))

    @cached_property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """Where 18 letters and digits or more stand without a gap."""
        spots = self.raw.translate(_RUNS)
        found: list[tuple[int, int]] = []
        at = spots.find(_LONG)
        while at >= 0:
            end = spots.find(b" ", at)
            end = len(spots) if end < 0 else end
            found.append((at, end))
            at = spots.find(_LONG, end)
        return tuple(found)

    def regions(self, least: int = RUN_LEAST) -> Iterator[tuple[int, int]]:
        """What stands near the runs of that length; those close to each other are one."""
        begin, stop = -1, -1
        for start, end in self.runs:
            if end - start < least:
                continue
            if begin >= 0 and start - stop <= _GAP_MOST:
                stop = end + _AFTER
                continue
            if begin >= 0:
                yield begin, stop
            begin, stop = max(0, start - _BEFORE), end + _AFTER
        if begin >= 0:
            yield begin, stop

    @cached_property
    def near_runs(self) -> bytes:
        """All that stands in those regions."""
        return b"\n".join(self.raw[start:end] for start, end in self.regions())

    @cached_property
    def _digits(self) -> bytes:
        return self.raw.translate(_DIGITS)

    @cached_property
    def _hexes(self) -> bytes:
        return self.raw.translate(_HEXES)

    @cached_property
    def has_address(self) -> bool:
        """Whether something looks like an IP address, of either version."""
        return _IPV4.search(self._digits) is not None or _IPV6.search(self._hexes) is not None

    @cached_property
    def has_phone(self) -> bool:
        """Whether something looks like a telephone number."""
        return any(begin in self._digits for begin in _PHONES)

    @cached_property
    def has_hardware(self) -> bool:
        """Whether something looks like a hardware address."""
        return _HARDWARE.search(self._hexes) is not None

    @cached_property
    def has_host(self) -> bool:
        """Whether something looks like the name of a machine."""
        named = _MACHINE.search(self.lower) is not None
        machine = self.has(b"top-", b"macbook", b"imac")
        return named or machine or _DASHED.search(self._digits) is not None

    def machines(self) -> Iterator[int]:
        """Where the ending of a machine's name stands, or four numbers with dashes."""
        yield from (found.start() for found in _MACHINE.finditer(self.lower))
        yield from (found.start() for found in _DASHED.finditer(self._digits))

    def stands(self, needles: Iterable[bytes]) -> Iterator[int]:
        """Where each of the needles stands, in capital and small letters as given."""
        for needle in needles:
            yield from _finds(self.raw, needle)

    def places(self, words: Iterable[bytes]) -> Iterator[int]:
        """Where each of the words (in small letters) stands, word by word."""
        for word in words:
            if word in WORDS.known:
                yield from self._words[word]
                continue
            if word not in self._found:
                self._found[word] = tuple(_finds(self.lower, word))
            yield from self._found[word]

    @cached_property
    def _words(self) -> dict[bytes, list[int]]:
        return WORDS.places(self.lower)

    def standing(self, finder: Finder, *, near_runs: bool) -> frozenset[bytes]:
        """Which words of a set stand in the text, or near its runs; capitals as given."""
        key = (finder, near_runs)
        if key not in self._standing:
            self._standing[key] = finder.standing(self.near_runs if near_runs else self.raw)
        return self._standing[key]


def _finds(text: bytes, word: bytes) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def is_run(text: str) -> bool:
    """Whether a text is one run that `Survey.runs` would find."""
    return len(text) >= RUN_LEAST and b" " not in text.encode("latin-1", "replace").translate(_RUNS)


@lru_cache(maxsize=2)
def survey(text: str) -> Survey:
    """The survey of a text; the steps of one pass share it."""
    return Survey(text)


def found_at(pattern: re.Pattern[str], text: str, starts: Iterable[int]) -> Iterator[re.Match[str]]:
    """`pattern.finditer(text)`, tried at the given places only."""
    done = 0
    for start in sorted(set(starts)):
        found = pattern.match(text, start) if start >= done else None
        if found is not None:
            done = found.end()
            yield found


def found_within(
    pattern: re.Pattern[str], text: str, regions: Iterable[tuple[int, int]]
) -> Iterator[re.Match[str]]:
    """`pattern.finditer(text)`, tried within the given regions only."""
    done = 0
    for start, end in regions:
        for found in pattern.finditer(text, max(start, done), end):
            done = found.end()
            yield found


def replaced(
    text: str, found: Iterable[re.Match[str]], replace: Callable[[re.Match[str]], str]
) -> str:
    """The text with every match replaced."""
    pieces: list[str] = []
    done = 0
    for match in found:
        pieces += [text[done : match.start()], replace(match)]
        done = match.end()
    return "".join([*pieces, text[done:]]) if pieces else text
