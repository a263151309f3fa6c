"""What is known of a complaint? The rows of `symptoms.yaml`, found by the meaning of the words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from math import log
from pathlib import Path

from diagnostics.errors import ContractError
from diagnostics.lookup.wording import concepts, mended, related, synonym
from diagnostics.model import Blame, Certainty, Json, Text
from diagnostics.promise import Source

ROWS = Path(__file__).with_name("symptoms.yaml")
ENOUGH = 0.53
"""Share of the weight that must be met for a row to count as found."""
_NEAR = 0.85
"""Of the best score: what falls further behind is noise."""
_MANY = 3
_SAID, _SHOWN, _CAUSE, _REMEDY = 1.0, 1.0, 0.8, 0.6
"""How far a word counts, by where in a row it stands."""
_VENDOR = 0.5
_SLIP = 0.85
"""What a word that had to be mended counts."""
_STRONG = 7.0
"""Weight of words that, met together in one phrase, leave no doubt."""
_LEAST = 3.0
"""Weight of words below which nothing was said: `404`, `error`, `video`."""
_PHRASE = 0.7
"""Share of a phrase that must stand in a longer text."""
_LOOSE = 3
"""A phrase may be spread over so many times its length."""
_QUERY_MAX = 2_000
_MENDED_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One row: what is seen, why, what helps, whose fault it is, and how to rehearse it."""

    id: str
    section: str
    vendors: tuple[str, ...]
    blame: Blame
    symptom: Text
    cause: Text
    remedy: Text
    source: Source
    say: tuple[str, ...]
    """What people paste, in either language."""
    fault: str = ""
    """The plan that plays it, on the emulator of `provider`."""
    provider: str = ""
    unplayable: Text | None = None
    """Why no emulator can play it."""
    seen_by: tuple[str, ...] = ()
    """Rules of ours that find it on a tape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A row and how well it fits, from 0 to 1."""

    symptom: Symptom
    score: float


def find(text: str, rows: Sequence[Symptom] | None = None) -> tuple[Found, ...]:
    """The rows that a complaint, an error text or a log speaks of, best first; often none."""
    index = _index() if rows is None else Index(rows=tuple(rows))
    return index.find(text)


@cache
def load(path: Path = ROWS) -> tuple[Symptom, ...]:
    """Every row, in the order of the file."""
    from diagnostics.document import read_yaml  # noqa: PLC0415  # YAML only for a search by words

    written = read_yaml(path)
    if not isinstance(written, list):
        raise ContractError("the symptoms are no list", place=str(path), hint="see symptoms.yaml")
    return tuple(_row(path, number, row) for number, row in enumerate(written, 1))


def _row(path: Path, number: int, row: Json) -> Symptom:
    try:
        return Symptom(
            id=row["id"],
            section=row["section"],
            vendors=tuple(row["vendors"]),
            blame=Blame(row["blame"]),
            symptom=Text(**row["symptom"]),
            cause=Text(**row["cause"]),
            remedy=Text(**row["remedy"]),
            source=Source(
                page=row["source"], certainty=Certainty(row.get("certainty", "observed"))
            ),
            say=tuple(row["say"]),
            fault=row.get("fault", ""),
            provider=row.get("provider", ""),
            unplayable=Text(**row["unplayable"]) if "unplayable" in row else None,
            seen_by=tuple(row.get("seen_by", ())),
        )
    except (KeyError, TypeError, ValueError) as why:
        raise ContractError(
            f"symptom number {number} cannot be read: {why!r}",
            place=str(path),
            hint="compare it with the rows beside it",
        ) from why


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The words of one row: each with how far it counts, and its phrases."""

    words: Mapping[str, float]
    phrases: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Index:
    """The rows with their words weighed: a rare word says more."""

    rows: tuple[Symptom, ...]
    _mended: dict[str, str | None] = field(default_factory=dict)

    @cached_property
    def _held(self) -> tuple[_Held, ...]:
        return tuple(map(_words_of, self.rows))

    @cached_property
    def _weights(self) -> dict[str, float]:
        rows = [held.words.keys() for held in self._held]
        counts: dict[str, int] = {}
        for words in rows:
            for word in words:
                counts[word] = counts.get(word, 0) + 1
        return {word: log(1 + len(rows) / count) for word, count in counts.items()}

    @cached_property
    def _foreign(self) -> float:
        """The weight of a word that stands in no row: as much as the rarest."""
        return log(1 + len(self.rows))

    @cached_property
    def _mendable(self) -> frozenset[str]:
        return related(self._weights.keys())

    def find(self, text: str) -> tuple[Found, ...]:
        """The rows that fit, best first."""
        asked = self._asked(concepts(text)[-_QUERY_MAX:])
        if not any(word in self._weights for word, _ in asked):
            return ()
        scored = [
            Found(symptom=row, score=round(self._score(held, asked), 3))
            for row, held in zip(self.rows, self._held, strict=True)
        ]
        scored.sort(key=lambda found: -found.score)
        near = max(ENOUGH, _NEAR * scored[0].score)
        return tuple(found for found in scored if found.score >= near)[:_MANY]

    def _asked(self, words: Sequence[str]) -> tuple[tuple[str, float], ...]:
        """The words of the query, slips mended, each with the trust it gets."""
        known, mending = self._weights, 0
        asked: list[tuple[str, float]] = []
        for word in words:
            better = None
            if word not in known and (word in self._mended or mending < _MENDED_MAX):
                mending += word not in self._mended
                better = self._mend(word)
            asked.append((better, _SLIP) if better else (word, 1.0))
        return tuple(asked)

    def _mend(self, word: str) -> str | None:
        if word not in self._mended:
            better = mended(word, self._mendable)
            self._mended[word] = synonym(better) if better else None
        return self._mended[word]

    def _score(self, held: _Held, asked: tuple[tuple[str, float], ...]) -> float:
        covered, said = self._covered(held, dict(asked)), self._said(held, asked)
        return min(1.0, max(covered, said) * 0.9 + 0.1 * min(covered, said))

    def _covered(self, held: _Held, asked: Mapping[str, float]) -> float:
        """How much of the query the row speaks of: for a short complaint."""
        met = total = 0.0
        for word, trust in asked.items():
            weight = self._weights.get(word, self._foreign)
            total += weight
            met += weight * trust * held.words.get(word, 0.0)
        return met / total if met >= _LEAST else 0.0

    def _said(self, held: _Held, asked: tuple[tuple[str, float], ...]) -> float:
        """How much of one of the row's phrases stands together in the query: for a long log."""
        present = dict(asked)
        best = 0.0
        for phrase in held.phrases:
            common = {word for word in phrase if word in present}
            met = sum(self._weights[word] * present[word] for word in common)
            share = met / sum(self._weights[word] for word in set(phrase))
            score = share * min(1.0, met / _STRONG)
            if share >= _PHRASE and score > best and _together(common, phrase, asked):
                best = score
        return best


@cache
def _index() -> Index:
    return Index(rows=load())


def _words_of(row: Symptom) -> _Held:
    phrases = tuple(filter(None, map(concepts, row.say)))
    words: dict[str, float] = {}
    for phrase, trust in _parts(row, phrases):
        for word in phrase:
            words[word] = max(words.get(word, 0.0), trust)
    return _Held(words=words, phrases=phrases)


def _parts(
    row: Symptom, phrases: Sequence[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], float]]:
    yield from ((phrase, _SAID) for phrase in phrases)
    yield concepts(" ".join(row.vendors)), _VENDOR
    for text, trust in ((row.symptom, _SHOWN), (row.cause, _CAUSE), (row.remedy, _REMEDY)):
        yield concepts(text.en), trust
        yield concepts(text.ru), trust


def _together(
    common: set[str], phrase: Sequence[str], asked: tuple[tuple[str, float], ...]
) -> bool:
    """Whether the words stand near each other somewhere, not scattered over a log."""
    places = [place for place, (word, _) in enumerate(asked) if word in common]
    reach = _LOOSE * len(phrase) + 2
    if len(common) == 1 or places[-1] - places[0] <= reach:
        return True
    last: dict[str, int] = {}
    for place in places:
        last[asked[place][0]] = place
        if len(last) == len(common) and place - min(last.values()) <= reach:
            return True
    return False
