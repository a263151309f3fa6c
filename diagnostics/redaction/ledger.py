"""Which secrets does this process hold, which placeholder stands for each, and what was removed?"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from diagnostics.model import Json
from diagnostics.redaction.details import details
from diagnostics.redaction.encodings import Needle, is_marked, needle, spans, views
from diagnostics.redaction.names import Place
from diagnostics.redaction.survey import found_at, is_run, replaced, survey
from diagnostics.redaction.values import PLACEHOLDER, entropy, is_placeholder

_LEAST = 4
"""Shorter secrets are hidden in structured places only: as text they hit by chance."""
_RECENT_MOST = 100_000
_SHOWN_LEAST = 4
"""Characters that a masked key must still show to be recognised."""
_LEARNED_MOST = 64
_LEARNED_LEAST = 12
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|key|apikey)[ \t]+")
_WORDS = frozenset(
    [
        "true",
        "false",
        "null",
        "none",
        "nil",
        "yes",
        "no",
        "test",
        "demo",
        "example",
        "string",
        "token",
        "secret",
        "password",
        "key",
        "bearer",
        "basic",
        "default",
        "undefined",
    ]
)
_NOT_LEARNED = frozenset({"signature", "cookie", "key-id", "nonce", "csrf-token", "masked-key"})
_MASKS = ("**", "...", "\u2022", "…")
_SHORT = 1000
_HOSTS_MOST = 100
_HEAD = re.compile(r"[\w+/=\-]*\Z")
_ESCAPED = re.compile(rb"%(?:25)*(?:2[bBfF]|3[dD])|\\(?:u002|\\{0,3}/[A-Za-z0-9+])")
"""Base64 may be written so, and would not be one run."""
_MASKED = re.compile(
    r"(?<![\w+/=\-])([\w+/=\-]{2,40})(?:\*{2,}+|\u2022{2,}+|\u2026|\.{3,8})([\w+/=\-]{0,40})"
)


class Clean(Protocol):
    """What the parts of the gate ask of one another."""

    ledger: "Ledger"
    keeps_personal: bool
    hides_content: bool
    hides_hosts: bool

    def text(self, text: str, place: Place = ..., depth: int = ...) -> str:
        """Any text."""
        ...

    def url(self, url: str, depth: int = ..., *, webhook: bool = ...) -> str:
        """One whole URL."""
        ...

    def tree(self, value: Json, depth: int = ...) -> Json:
        """A decoded JSON value."""
        ...

    def shapes(self, text: str, place: Place) -> str:
        """Only values that are secrets by their shape."""
        ...

    def field(self, name: str, value: str, place: Place, depth: int = ...) -> str:
        """A value that stands under a name."""
        ...

    def body(self, body: bytes, content_type: str | None, depth: int = ...) -> bytes:
        """A body."""
        ...


class Ledger:
    """Numbers secrets by first registration or first sight; counts removals, never values."""

    def __init__(self) -> None:
        self.removed: Counter[tuple[str, str]] = Counter()
        self.recent: list[tuple[str, str]] = []
        """The same removals in order, for whoever remembers a result and what it took."""
        self.private: tuple[str, ...] = ()
        """Names of this machine, which no placeholder may tell."""
        self.hosts: set[str] = set()
        """Private addresses that somebody called: they are shown in URLs, so in words as well."""
        self._numbers: Counter[str] = Counter()
        self._placeholders: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._needles: tuple[Needle, ...] = ()
        self._spellings: tuple[tuple[str, str], ...] = ()
        self._coded: tuple[tuple[str, str], ...] = ()
        self._free: tuple[str, int] = ("", 0)
        """The text last found free of all that was known at that version."""
        self._learned: dict[str, bool] = {}
        self._shortest = 0
        self.version = 0
        """Changes whenever a secret becomes known: what was clean has to be looked at again."""
        self.quoted = False
        """A registered secret has a quotation mark in it."""
        self.has_digits = False
        """A registered secret could be written as a JSON number."""

    def register(self, secret: str, kind: str, *, keep: bool = False) -> bool:
        """Take a secret, and what is left of it without quotes, blanks or scheme. False: known."""
        bare = _SCHEME.sub("", secret.strip().strip("\"'").strip(), count=1)
        if not bare or bare.lower() in _WORDS or secret in self._kinds:
            return False
        shown = self._placeholder(bare, kind, keep=keep)
        for spelling in dict.fromkeys((secret, secret.strip(), bare)):
            self._placeholders[spelling] = shown
            self._kinds[spelling] = kind
        longest_first = sorted((s for s in self._kinds if len(s) >= _LEAST), key=len, reverse=True)
        self._needles = tuple(needle(s) for s in longest_first)
        every = [
            (spelling, self._kinds[found.secret])
            for found in self._needles
            for spelling in (*found.plain, *found.runs)
        ]
        self._coded = tuple(one for one in every if one[0] not in self._kinds and is_run(one[0]))
        self._spellings = tuple(one for one in every if one not in self._coded)
        self._shortest = min((len(spelling) for spelling, _ in every), default=0)
        self.version += 1
        self.quoted = self.quoted or '"' in secret
        self.has_digits = self.has_digits or not bare.strip("0123456789.+-eE")
        return True

    def _placeholder(self, value: str, kind: str, *, keep: bool = False) -> str:
        if value in self._placeholders:
            return self._placeholders[value]
        kind = re.sub(r"[^a-z]+", "-", kind.lower()).strip("-")[:60] or "secret"
        self._numbers[kind] += 1
        family = (
            "id" if keep else "pii" if kind in _PII else "withheld" if kind == "data" else "secret"
        )
        if keep:
            head = re.sub(r"[^A-Za-z0-9\-]", "_", value[:4])
            told = f"starts={head}" if len(value) >= _LEARNED_LEAST else ""
        else:
            told = details(value, kind, self._may_be_told)
        shown = f"<{family}:{kind}#{self._numbers[kind]}{' ' + told if told else ''}>"
        self._placeholders[value] = shown
        return shown

    def _may_be_told(self, text: str) -> bool:
        hidden = any(name and name.lower() in text for name in self.private)
        return not hidden and not any(value in text for value in self._placeholders if value)

    def hide(self, value: str, *, kind: str, rule: str, place: str, keep: bool = False) -> str:
        """The placeholder for a value; counts the removal. Placeholders stay as they are."""
        shown = PLACEHOLDER.fullmatch(value) if kind == "content" else is_placeholder(value)
        if shown and value not in self._placeholders:
            return value
        self.count(rule, place)
        self._learn(value, kind)
        return self._placeholder(value, kind, keep=keep)

    def withhold(self, size_bytes: int | None, why: str, place: str) -> str:
        """The marker for what is left out unread: its size and why, in plain words."""
        words = " ".join(re.findall(r"[a-z]{1,24}", why.lower())[:8])
        size = "some" if size_bytes is None else size_bytes
        self.count("withheld", place)
        self._numbers["data"] += 1
        return f"<withheld:data#{self._numbers['data']} {size} bytes: {words}>"

    def call(self, host: str) -> None:
        """Somebody called that address; what was said of it before is to be looked at again."""
        if host not in self.hosts and len(self.hosts) < _HOSTS_MOST:
            self.hosts.add(host)
            self.version += 1

    def count(self, rule: str, place: str) -> None:
        """Note one removal."""
        self.removed[rule, place] += 1
        self.recent.append((rule, place))
        if len(self.recent) > _RECENT_MOST:
            self.recent.clear()

    def count_again(self, removals: Sequence[tuple[str, str]]) -> None:
        """Note what a remembered result took."""
        self.removed.update(removals)
        self.recent.extend(removals)
        if len(self.recent) > _RECENT_MOST:
            self.recent.clear()

    def knows(self, value: str) -> bool:
        """Whether the whole value is a registered secret (short ones included)."""
        return value in self._kinds

    def _learn(self, value: str, kind: str) -> None:
        """Look everywhere for a secret that its place gave away: error texts repeat it."""
        if kind in _NOT_LEARNED or kind in _PII or kind == "data" or value in self._kinds:
            return
        fit = _LEARNED_LEAST <= len(value) <= 4096 and " " not in value  # noqa: PLR2004  # longer is no key
        if fit and any(map(str.isdigit, value)) and entropy(value) >= 2.5:  # noqa: PLR2004  # bits a character
            if len(self._learned) >= _LEARNED_MOST:
                self._learned.pop(next(iter(self._learned)))
            if value not in self._learned:
                self.version += 1
            self._learned[value] = is_run(value)

    def stands_in(self, text: str) -> str | None:
        """The kind of a registered secret that stands in the text in any spelling."""
        if len(text) < self._shortest or not self._needles:
            return None
        if text is self._free[0] and self._free[1] == self.version:
            return None
        if len(text) < _SHORT and not is_marked(text):
            return _first(self._spellings, (text,)) or _first(self._coded, (text,))
        seen = survey(text)
        marked = b"\\" in seen.raw or b"%" in seen.raw
        escaped = marked and _ESCAPED.search(seen.raw) is not None
        every = (*self._spellings, *self._coded) if escaped else self._spellings
        kind = _first(every, views(text))
        if kind is None and not escaped and seen.runs:
            kind = _first(self._coded, views(seen.near_runs.decode("latin-1")))
        if kind is None:
            self._free = (text, self.version)
        return kind

    def plainly_in(self, text: str) -> str | None:
        """The kind of a known secret that stands in media, as it is, in base64 or hexadecimal."""
        if any(value in text for value in self._learned):
            return "learned-secret"
        return _first(self._spellings, (text,)) or _first(self._coded, (text,))

    def is_free(self, text: str) -> bool:
        """Whether no known secret stands in the text, neither registered nor learned."""
        if self.stands_in(text) is not None:
            return False
        if not self._learned:
            return True
        near = survey(text).near_runs.decode("latin-1")
        return not any(
            v in (near if is_one_run else text) for v, is_one_run in self._learned.items()
        )

    def late(self, text: str, place: str) -> str:
        """A text whose parts were all cleaned, without what became known while they were."""
        plain = any(spelling in text for spelling, _ in self._spellings)
        return self.exact(text, place) if plain or self.quoted else self._unlearned(text, place)

    def _unlearned(self, text: str, place: str) -> str:
        if not self._learned:
            return text
        near = survey(text).near_runs.decode("latin-1")
        for value, is_one_run in self._learned.items():
            if value in (near if is_one_run else text):
                found = ((m, m + len(value)) for m in _finds(text, value))
                text = self._replace(text, found, value, place)
        return text

    def exact(self, text: str, place: str) -> str:
        """The text with every known secret replaced, whatever its spelling."""
        text = self._unlearned(text, place)
        text = self.unmasked(text, place)
        if self.stands_in(text) is None:
            return text
        for found in self._needles:
            text = self._replace(text, spans(found.secret, text), found.secret, place)
        return text

    def _replace(self, text: str, found: Iterator[tuple[int, int]], value: str, place: str) -> str:
        """Put the placeholder over each span; spans inside a placeholder are nobody's secret."""
        holes = sorted(found, key=lambda span: (span[0], -span[1]))
        if not holes:
            return text
        taken = _taken(text)
        pieces, at = [], 0
        for start, end in holes:
            if start < at or _is_inside(start, end, taken):
                at = max(at, end) if start < at < end else at
                continue
            self.count("exact", place)
            pieces += [text[at:start], self._placeholders[value]]
            at = end
        return "".join([*pieces, text[at:]])

    def unmasked(self, text: str, place: str) -> str:
        """The text without keys that are masked in their middle and still recognised."""
        if not self._needles or not any(mark in text for mark in _MASKS):
            return text
        marks = [m for n in _MASKS for m in _finds(text, n)]
        starts = [m - len(_HEAD.search(text[max(0, m - 40) : m])[0]) for m in marks]  # type: ignore[index]  # it matches nothing as well
        found = list(found_at(_MASKED, text, starts))
        if not found:
            return text
        taken = _taken(text)
        return replaced(text, found, lambda match: self._unmask(match, place, taken))

    def _unmask(self, match: re.Match[str], place: str, taken: Sequence[tuple[int, int]]) -> str:
        """`sk-ab***yz` of a secret we hold still shows both its ends."""
        head, tail = match[1], match[2]
        if len(head) + len(tail) < _SHOWN_LEAST or _is_inside(*match.span(), taken):
            return match[0]
        for secret in self._kinds:
            if secret.startswith(head) and secret.endswith(tail):
                self.count("exact-masked", place)
                return self._placeholders[secret]
        return match[0]


def _taken(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in PLACEHOLDER.finditer(text)]


def _is_inside(start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    return any(a <= start and end <= b for a, b in taken)


def _first(spellings: Iterable[tuple[str, str]], texts: Iterable[str]) -> str | None:
    return next((kind for text in texts for spelling, kind in spellings if spelling in text), None)


_PII = frozenset({"email", "phone", "client-address", "hostname", "hardware-address", "content"})


def _finds(text: str, value: str) -> Iterator[int]:
    at = text.find(value)
    while at >= 0:
        yield at
        at = text.find(value, at + len(value))
