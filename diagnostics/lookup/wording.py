"""Which words mean the same? Cuts a text into concepts, in English and Russian, typos tolerated.

A concept is the stem of a word, or the first stem of its line in `wording.yaml`. Names such as
`credit_balance_exhausted` and `APIConnectionError` count as a whole and in their parts.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORDS = Path(__file__).with_name("wording.yaml")
HEAD_CHARS = 4_000
TAIL_CHARS = 12_000
"""Of a pasted log: an error stands at its end, what was tried at its start."""
_WORD = re.compile(r"\d+\.\d+|[^\W_]+(?:[_-][^\W_]+)*")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_RUSSIAN = re.compile(r"[а-я]")
_MEASURE = re.compile(r"(\d+)([a-zа-я]+)")
_STEM_MIN = 3
_SHORT = 2
_TYPO_MIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What `wording.yaml` says."""

    common: frozenset[str]
    english: tuple[str, ...]
    russian: tuple[str, ...]
    same: tuple[tuple[str, ...], ...]


@cache
def _words() -> _Words:
    from diagnostics.document import read_yaml  # noqa: PLC0415  # YAML only for a search by words

    written = read_yaml(WORDS)
    return _Words(
        common=frozenset(_plain(written["common"]).split()),
        english=tuple(written["endings"]["en"].split()),
        russian=tuple(written["endings"]["ru"].split()),
        same=tuple(tuple(_plain(line).split()) for line in written["same"]),
    )


def _plain(text: str) -> str:
    return text.replace("ё", "е").replace("Ё", "Е")


def concepts(text: str) -> tuple[str, ...]:
    """The concepts of a text in their order; common words and short numbers left out."""
    return tuple(synonym(stem) for stem in _stems(_bounded(text)))


def _bounded(text: str) -> str:
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def _stems(text: str) -> Iterator[str]:
    for word in _WORD.findall(_plain(text)):
        for part in dict.fromkeys(_parts(word)):
            if part not in _words().common and not (part.isdecimal() and len(part) <= _SHORT):
                yield stem(part)


def _parts(word: str) -> Iterator[str]:
    """A name counts as a whole and in its parts."""
    yield word.lower().replace("-", "")
    for piece in re.split("[_-]", word):
        yield piece.lower()
        if measure := _MEASURE.fullmatch(piece):
            yield from measure.groups()
        if not piece.islower() and not piece.isupper():
            yield from (inner.lower() for inner in _CAMEL.findall(piece))


@cache
def stem(word: str) -> str:
    """A word without its ending. No dictionary: two forms have to meet, not to be right."""
    if "_" in word or any(sign.isdigit() for sign in word):
        return word
    if _RUSSIAN.search(word):
        return _russian(word)
    return _english(word)


def _russian(word: str) -> str:
    for reflexive in ("ся", "сь"):
        if word.endswith(reflexive) and len(word) - 2 > _STEM_MIN:
            word = word[:-2]
    return _cut(word, _words().russian)


def _english(word: str) -> str:
    if word.endswith("ss"):
        return word[:-1]
    cut = _cut(word, _words().english)
    if len(cut) > _STEM_MIN and cut[-1] == cut[-2]:
        cut = cut[:-1]
    return f"{cut[:-1]}i" if cut.endswith("y") else cut


def _cut(word: str, endings: Collection[str]) -> str:
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_MIN:
            kept = "i" if ending in {"ies", "ied", "ily"} else ""
            return word[: -len(ending)] + kept
    return word


def same_words() -> tuple[tuple[str, ...], ...]:
    """The lines of words that mean the same."""
    return _words().same


def synonym(stemmed: str) -> str:
    """The word that stands for all of its meaning."""
    return _groups().get(stemmed, stemmed)


@cache
def _groups() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _words().same:
        stems = [stem(word) for word in line]
        for one in stems:
            found.setdefault(one, stems[0])
    return found


def related(stems: Collection[str]) -> frozenset[str]:
    """These stems, and every stem that means the same as one of them."""
    return frozenset(stems).union(one for one, first in _groups().items() if first in stems)


def mended(word: str, known: Collection[str]) -> str | None:
    """The known word that is one slip away; None: there is none, or the word is too short."""
    if len(word) < _TYPO_MIN or not word.isalpha():
        return None
    near = (one for one in known if abs(len(one) - len(word)) <= 1 and one_slip(one, word))
    return min(near, default=None)


def one_slip(one: str, other: str) -> bool:
    """One letter more, less, other, or two changed over."""
    start = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        start += 1
    a, b = one[start:], other[start:]
    if a[1:] == b[1:] or a[1:] == b or a == b[1:]:
        return True
    return a[:2] == b[1::-1] and a[2:] == b[2:]
