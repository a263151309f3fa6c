"""What do we know about a code, a status or a message? Looks it up; never makes anything up."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from http import HTTPStatus
from math import log

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.finding import Finding, Rule
from diagnostics.model import Blame, Certainty, Exchange, Request, Response, Retry, Text
from diagnostics.promise import ErrorCode, Meaning, Pitfall, Source

_NUMBER = re.compile(r"(?<![\w.])-?\d{1,5}(?![\w.])")
_WORD = re.compile(r"[^\W_]+")
_STEM = 5
_ENOUGH = 0.5
"""Share of a query's weight that a text must hold to count as found."""
_SAME = 0.99
"""The text is the query, word for word."""
_NEAR = 0.8
"""Of the best score: what falls further behind is noise."""
_MANY = 10
_COMMON = frozenset(
    _WORD.findall(
        "a an and are at be by for from in is it its no not of on or that the this to was with "
        "и в на не из для от по что это как или при за до же"
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is known. `kind`: code, state, status, rule or pitfall."""

    kind: str
    name: str
    meanings: tuple[Meaning, ...] = ()
    says: Text | None = None
    blames: tuple[Blame, ...] = ()
    """The usual blame first, then the others that some page or vendor code gives."""
    retry: Retry | None = None
    remedy: Text | None = None
    operations: Mapping[str, str] | None = None
    """Operations whose own page lists it, with that page's words."""
    asked: str = ""
    """The operation that was asked about."""
    shares: Mapping[str, tuple[str, ...]] | None = None
    """Other codes that have one of its texts, by text."""
    inspect_inputs: bool = False
    note: str = ""
    source: Source | None = None
    score: float = 1.0


def explain(
    contract: Contract, rules: Mapping[str, Rule], wanted: str, operation: str | None = None
) -> tuple[Entry, ...]:
    """All that is known under that code, status, rule or text, best first. Nothing: an error."""
    asked = contract.operation(operation).id if operation else ""
    text = wanted.strip()
    found = [*_exact(contract, rules, text, asked)] or [*_told(contract, rules, text, asked)]
    if not found:
        raise _unknown(contract, rules, text)
    return tuple(_sharing(contract, entry) for entry in found)


def _exact(contract: Contract, rules: Mapping[str, Rule], text: str, asked: str) -> Iterator[Entry]:
    """The text is a name: a code, a status, a state, a rule."""
    name = re.sub(r"^(http|code|status|код|статус)[\s:/]*", "", text, flags=re.IGNORECASE).strip()
    if name in contract.errors:
        yield _code(contract, contract.errors[name], asked)
    yield from _state(contract, name, asked)
    yield from _status(contract, name)
    if name.lower() in rules:
        yield _rule(rules[name.lower()])


def _told(contract: Contract, rules: Mapping[str, Rule], text: str, asked: str) -> Iterator[Entry]:
    """The text is a message: the codes that stand in it, then what is alike by its words."""
    named = [n for n in dict.fromkeys(_NUMBER.findall(text)) if n in contract.errors]
    for name in named:
        yield _code(contract, contract.errors[name], asked)
    if _NUMBER.fullmatch(text):  # an unknown number is like no other number
        return
    for entry in _alike(list(_everything(contract, rules, asked)), text):
        if entry.name not in named:
            yield entry


def _everything(contract: Contract, rules: Mapping[str, Rule], asked: str) -> Iterator[Entry]:
    for error in contract.errors.values():
        yield _code(contract, error, asked)
    yield from map(_rule, rules.values())
    yield from (_pitfall(p, "") for p in contract.pitfalls)
    for op in contract.operations.values():
        yield from (_pitfall(p, op.id) for p in op.pitfalls)


# --- one entry of each kind -------------------------------------------------------------------


def _code(contract: Contract, error: ErrorCode, asked: str) -> Entry:
    return Entry(
        kind="code",
        name=error.code,
        meanings=error.meanings,
        blames=(error.blame, *error.alternatives),
        retry=error.retry,
        remedy=error.remedy,
        operations={
            op.id: op.codes[error.code]
            for op in contract.operations.values()
            if error.code in op.codes
        },
        asked=asked,
        inspect_inputs=error.inspect_inputs,
        note=error.note,
        source=error.source,
    )


def _sharing(contract: Contract, entry: Entry) -> Entry:
    """With the other codes that have one of its texts."""
    if entry.kind != "code":
        return entry
    shares = {meaning.text: _codes(contract, meaning.text) for meaning in entry.meanings}
    others = {
        text: tuple(code for code in codes if code != entry.name) for text, codes in shares.items()
    }
    return replace(entry, shares={text: codes for text, codes in others.items() if codes})


def _codes(contract: Contract, text: str) -> list[str]:
    return [
        error.code
        for error in contract.errors.values()
        if any(_same(text, meaning.text) for meaning in error.meanings)
    ]


def _same(one: str, other: str) -> bool:
    return _WORD.findall(one.lower()) == _WORD.findall(other.lower())


def _state(contract: Contract, name: str, asked: str) -> Iterator[Entry]:
    """A number may also be a job's state: each family has its own list."""
    families: dict[str, Meaning] = {}
    source = None
    for op in contract.operations.values():
        if op.job and name in op.job.states and asked in {"", op.id}:
            state = op.job.states[name]
            kind = "" if state.kind.value == state.name else f" ({state.kind.value})"
            told = f"{op.job.family}: {state.name}{kind}"
            before = families.get(told, Meaning(text=told))
            families[told] = replace(before, pages=(*before.pages, op.id))
            source = source or op.job.source
    if families:
        yield Entry(kind="state", name=name, meanings=tuple(families.values()), source=source)


_BODIES = {"JSON": b'{"message":"?"}', "HTML": b"<!doctype html><title>?</title>"}


def _status(contract: Contract, name: str) -> Iterator[Entry]:
    """The judge of answers says what a status means: with a JSON body, and with an HTML page."""
    status = {str(s.value): s for s in HTTPStatus}.get(name)
    if status is None:
        return
    found: dict[tuple[Blame, str], Entry] = {}
    for kind, body in _BODIES.items():
        for finding in _judged(contract, status, body):
            means = Meaning(text=f"HTTP {name} {status.phrase}, {kind}")
            key = (finding.blame, finding.remedy())
            before = found.get(key) or Entry(
                kind="status",
                name=name,
                blames=(finding.blame,),
                remedy=Text(en=finding.remedy("en"), ru=finding.remedy("ru")),
                source=Source(page="RFC 9110", certainty=Certainty.INFERRED),
            )
            found[key] = replace(before, meanings=(*before.meanings, means))
    yield from found.values()


def _judged(contract: Contract, status: HTTPStatus, body: bytes) -> list[Finding]:
    answer = Response(status=status.value, reason=status.phrase, body=body)
    request = Request(method="POST", url=contract.host)
    return answers.findings(contract, Exchange(request=request, answer=answer, started_s=0.0))


def _rule(rule: Rule) -> Entry:
    return Entry(
        kind="rule",
        name=rule.code,
        says=rule.says,
        blames=(rule.blame,),
        remedy=rule.remedy,
        source=Source(page=rule.source) if rule.source else None,
    )


def _pitfall(pitfall: Pitfall, operation: str) -> Entry:
    return Entry(
        kind="pitfall",
        name=pitfall.parameter or pitfall.kind,
        says=pitfall.says,
        blames=(Blame.PARAMETERS,),
        operations={operation: ""} if operation else None,
        source=pitfall.source,
    )


# --- by the words -----------------------------------------------------------------------------


def _alike(entries: Sequence[Entry], text: str) -> list[Entry]:
    """The entries that hold most of the query's weight; rare words weigh more."""
    query = _stems(text)
    held = [[(_stems(part), trust) for part, trust in _texts(entry)] for entry in entries]
    weights = {stem: _weight(stem, held) for stem in query}
    if not weights:
        return []
    scored = [
        replace(entry, score=round(max(_share(part, weights) * trust for part, trust in parts), 3))
        for entry, parts in zip(entries, held, strict=True)
    ]
    scored.sort(key=lambda entry: (-entry.score, entry.kind != "code", entry.name))
    best = scored[0].score
    near = max(_ENOUGH, (_SAME if best >= _SAME else _NEAR) * best)
    return _distinct(entry for entry in scored if entry.score >= near)[:_MANY]


def _texts(entry: Entry) -> Iterator[tuple[str, float]]:
    """What a person may have seen of it, and how far a likeness to it counts."""
    yield entry.name, 1.0
    yield from ((meaning.text, 1.0) for meaning in entry.meanings)
    yield from ((words, 1.0) for words in dict.fromkeys((entry.operations or {}).values()))
    for ours, trust in ((entry.says, 0.9), (entry.remedy, 0.7)):
        if ours:
            yield from ((ours.en, trust), (ours.ru, trust))
    yield entry.note, 0.7


def _stems(text: str) -> frozenset[str]:
    words = (word for word in _WORD.findall(text.lower()) if word not in _COMMON)
    return frozenset(word[:_STEM] for word in words)


def _weight(stem: str, held: Sequence[Sequence[tuple[frozenset[str], float]]]) -> float:
    having = sum(any(stem in part for part, _ in parts) for parts in held)
    return log(1 + len(held) / (1 + having))


def _share(part: frozenset[str], weights: Mapping[str, float]) -> float:
    """How much of the query stands in the text; of two alike the shorter text is the nearer."""
    common = part & weights.keys()
    if not common:
        return 0.0
    weight = sum(weights[stem] for stem in common) / sum(weights.values())
    return weight * (0.9 + 0.1 * len(common) / len(part))


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """One entry for pitfalls that several operations share word for word."""
    kept: dict[tuple[str, str, str], Entry] = {}
    for entry in entries:
        key = (entry.kind, entry.name, entry.says.en if entry.says else "")
        before = kept.get(key)
        if before is None:
            kept[key] = entry
        elif entry.operations:
            both = {**(before.operations or {}), **entry.operations}
            kept[key] = replace(before, operations=both)
    return list(kept.values())


def _unknown(contract: Contract, rules: Mapping[str, Rule], text: str) -> UsageError:
    short = text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004  # one line of a terminal
    near = get_close_matches(text.lower(), [*contract.errors, *rules], n=4, cutoff=0.5)
    return UsageError(
        f"nothing is known about {short!r}",
        hint=f"nearest: {', '.join(near)}" if near else "see: diagnostics list codes",
    )
