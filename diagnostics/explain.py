"""What do we know about a code, a status or a message? Looks it up; never makes anything up."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from http import HTTPStatus
from itertools import islice

from diagnostics import answers, contract_load
from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.finding import Finding, Rule
from diagnostics.lookup import likeness, symptoms
from diagnostics.lookup.symptoms import Symptom
from diagnostics.lookup.wording import HEAD_CHARS, TAIL_CHARS
from diagnostics.model import Blame, Certainty, Exchange, Request, Response, Retry, Text
from diagnostics.promise import ErrorCode, Meaning, Pitfall, Source

_NAME = re.compile(r"(?<![\w.])-?\w+(?![\w])")
_HTTP = re.compile(r"[1-5]\d\d")
_DIGITS = 3
"""A shorter number in a message counts something."""
_QUOTED = re.compile(r"code[\"' ]*[:=][\"' ]*(\w+)")
_WORD = re.compile(r"[^\W_]+")
_ENOUGH = 0.5
"""Share of a query's weight that a text must hold to count as found."""
_SAME = 0.99
"""The text is the query, word for word."""
_NEAR = 0.8
"""Of the best score: what falls further behind is noise."""
_MANY = 10
_FEW = 3
"""What is merely alike, beside a symptom that was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is known. `kind`: code, state, status, rule, pitfall or symptom."""

    kind: str
    name: str
    provider: str = ""
    """Whose word it is; empty: everybody's, or ours."""
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
    symptom: Symptom | None = None
    score: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One provider's contract, and the operation that was asked about."""

    contract: Contract
    operation: str


def explain(
    contracts: Sequence[Contract],
    rules: Mapping[str, Rule],
    wanted: str,
    operation: str | None = None,
) -> tuple[Entry, ...]:
    """All that is known under that code, status, rule or text, best first. Nothing: an error."""
    asked = _asked(contracts, operation)
    text = _bounded(wanted.strip())
    found = [*_exact(asked, rules, text)] or [*_told(asked, rules, text)]
    if not found:
        raise _unknown(contracts, rules, text)
    contract_of = {one.title: one for one in contracts}
    return tuple(
        _sharing(contract_of[entry.provider], entry) if entry.kind == "code" else entry
        for entry in found
    )


def _bounded(text: str) -> str:
    """A pasted log has its error at the end, and what was tried at the start."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def _asked(contracts: Sequence[Contract], operation: str | None) -> list[_Asked]:
    """The providers that have the operation; all, if none was named."""
    if not operation:
        return [_Asked(contract=one, operation="") for one in contracts]
    found = []
    for one in contracts:
        try:
            found.append(_Asked(contract=one, operation=one.operation(operation).id))
        except UsageError as error:
            missing = error
    if not found:
        raise missing
    return found


def _exact(asked: Sequence[_Asked], rules: Mapping[str, Rule], text: str) -> Iterator[Entry]:
    """The text is a name: a code, a status, a state, a rule, a symptom."""
    name = re.sub(r"^(http|code|status|код|статус)[\s:/]*", "", text, flags=re.IGNORECASE).strip()
    statuses: dict[tuple[tuple[Blame, ...], str], Entry] = {}
    for one in asked:
        for code in _called(one.contract, name):
            yield _code(one, code)
        yield from _state(one, name)
        for entry in _status(one.contract, name) if name not in one.contract.errors else ():
            statuses.setdefault((entry.blames, entry.remedy.en if entry.remedy else ""), entry)
    yield from statuses.values()
    if name.lower() in rules:
        yield _rule(rules[name.lower()])
    if number := re.fullmatch(r"(?:symptom|симптом)\s*(\w+)", text, flags=re.IGNORECASE):
        yield from (_symptom(row) for row in symptoms.load() if row.id == number[1].upper())


def _called(contract: Contract, name: str) -> Iterator[ErrorCode]:
    """The codes of that name: as it stands, and under each HTTP status it comes with."""
    if name in contract.errors:
        yield contract.errors[name]
    for code, error in contract.errors.items():
        if name and code.partition("/")[2] == name:
            yield error


def _told(asked: Sequence[_Asked], rules: Mapping[str, Rule], text: str) -> Iterator[Entry]:
    """The text is a message: codes that stand in it, symptoms, then what is alike by its words."""
    nearer = _mentioned(asked, text)
    named = [*_named(nearer, text)] or [*_named(asked, text)]
    if named or not re.fullmatch(r"-?\d+", text):  # an unknown number is like no other number
        told = _complaints(asked, text)
        certain = [entry for entry in named if not _HTTP.fullmatch(entry.name)]
        bare = named if not certain and (not told or nearer is not asked) else []
        theirs = {one.contract.title for one in nearer}
        if not any(entry.symptom and theirs & {*entry.symptom.vendors} for entry in told):
            certain, bare = certain + bare, []
        yield from _ranked(certain, bare, told, _alike(nearer, rules, text))


def _ranked(
    certain: list[Entry], bare: list[Entry], told: list[Entry], alike: list[Entry]
) -> Iterator[Entry]:
    """Codes somebody wrote, what is word for word, symptoms, HTTP statuses, then likenesses."""
    known = {(entry.provider, entry.name) for entry in (*certain, *bare)}
    others = [entry for entry in alike if (entry.provider, entry.name) not in known]
    same = [entry for entry in others if entry.score >= _SAME]
    best = max((entry.score for entry in told), default=0.0)
    near = [entry for entry in others if entry.score < _SAME and entry.score >= _NEAR * best]
    yield from (*certain, *same, *told, *bare)
    yield from near[: _FEW if told else _MANY]


def _mentioned(asked: Sequence[_Asked], text: str) -> Sequence[_Asked]:
    """The providers that the text names; all, if it names none."""
    words = set(_WORD.findall(text.lower()))
    return [
        one for one in asked if {one.contract.name, one.contract.title.lower()} & words
    ] or asked


def _named(asked: Sequence[_Asked], text: str) -> Iterator[Entry]:
    """Codes that stand in a message. A plain word is one only where it is quoted as a code."""
    names = dict.fromkeys((*_QUOTED.findall(text), *filter(_unmistakable, _NAME.findall(text))))
    for name in islice(names, _MANY * _MANY):
        for one in asked:
            yield from (_code(one, error) for error in _called(one.contract, name))


def _unmistakable(name: str) -> bool:
    digits = sum(sign.isdigit() for sign in name)
    return "_" in name or digits >= _DIGITS or 0 < digits < len(name.lstrip("-"))


def _complaints(asked: Sequence[_Asked], text: str) -> list[Entry]:
    """The symptoms that the text speaks of; of one provider only those it can have."""
    found = symptoms.find(text)
    if len(asked) == 1:
        one = asked[0].contract
        others = {name for name in contract_load.providers() if name != one.name}
        found = tuple(each for each in found if not _of_others(each.symptom, one, others))
    return [_symptom(each.symptom, each.score) for each in found]


def _of_others(row: Symptom, one: Contract, others: set[str]) -> bool:
    vendors = {vendor.lower() for vendor in row.vendors}
    ours = row.provider == one.name or one.title.lower() in vendors
    return not ours and not vendors.isdisjoint(others)


def _everything(asked: Sequence[_Asked], rules: Mapping[str, Rule]) -> Iterator[Entry]:
    for one in asked:
        yield from (_code(one, error) for error in one.contract.errors.values())
        pitfall = partial(_pitfall, one.contract)
        yield from (pitfall(p, "") for p in one.contract.pitfalls)
        for op in one.contract.operations.values():
            yield from (pitfall(p, op.id) for p in op.pitfalls)
    yield from map(_rule, rules.values())


# --- one entry of each kind -------------------------------------------------------------------


def _code(one: _Asked, error: ErrorCode) -> Entry:
    return Entry(
        kind="code",
        name=error.code,
        provider=one.contract.title,
        meanings=error.meanings,
        blames=(error.blame, *error.alternatives),
        retry=error.retry,
        remedy=error.remedy,
        operations={
            op.id: op.codes[error.code]
            for op in one.contract.operations.values()
            if error.code in op.codes
        },
        asked=one.operation,
        inspect_inputs=error.inspect_inputs,
        note=error.note,
        source=error.source,
    )


def _sharing(contract: Contract, entry: Entry) -> Entry:
    """With the other codes that have one of its texts."""
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


def _state(one: _Asked, name: str) -> Iterator[Entry]:
    """A number may also be a job's state: each family has its own list."""
    families: dict[str, Meaning] = {}
    source = None
    for op in one.contract.operations.values():
        if op.job and name in op.job.states and one.operation in {"", op.id}:
            state = op.job.states[name]
            kind = "" if state.kind.value == state.name else f" ({state.kind.value})"
            told = f"{op.job.family}: {state.name}{kind}"
            before = families.get(told, Meaning(text=told))
            families[told] = replace(before, pages=(*before.pages, op.id))
            source = source or op.job.source
    if families:
        yield Entry(
            kind="state",
            name=name,
            provider=one.contract.title,
            meanings=tuple(families.values()),
            source=source,
        )


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


def _pitfall(contract: Contract, pitfall: Pitfall, operation: str) -> Entry:
    return Entry(
        kind="pitfall",
        provider=contract.title,
        name=pitfall.parameter or pitfall.kind,
        says=pitfall.says,
        blames=(Blame.PARAMETERS,),
        operations={operation: ""} if operation else None,
        source=pitfall.source,
    )


def _symptom(row: Symptom, score: float = 1.0) -> Entry:
    return Entry(
        kind="symptom",
        name=f"symptom {row.id}",
        says=row.symptom,
        blames=(row.blame,),
        remedy=row.remedy,
        source=row.source,
        symptom=row,
        score=score,
    )


# --- by the words -----------------------------------------------------------------------------


def _alike(asked: Sequence[_Asked], rules: Mapping[str, Rule], text: str) -> list[Entry]:
    """The entries that hold most of the query's weight; rare words weigh more."""
    entries = list(_everything(asked, rules))
    scores = likeness.scores([list(_texts(entry)) for entry in entries], text)
    scored = [
        replace(entry, score=round(score, 3))
        for entry, score in zip(entries, scores, strict=True)
        if score >= _ENOUGH
    ]
    if not scored:
        return []
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


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """One entry for pitfalls that several operations share word for word."""
    kept: dict[tuple[str, str, str, str], Entry] = {}
    for entry in entries:
        key = (entry.kind, entry.provider, entry.name, entry.says.en if entry.says else "")
        before = kept.get(key)
        if before is None:
            kept[key] = entry
        elif entry.operations:
            both = {**(before.operations or {}), **entry.operations}
            kept[key] = replace(before, operations=both)
    return list(kept.values())


def _unknown(contracts: Sequence[Contract], rules: Mapping[str, Rule], text: str) -> UsageError:
    short = text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004  # one line of a terminal
    known = [*dict.fromkeys(code for one in contracts for code in one.errors), *rules]
    near = get_close_matches(text[:200].lower(), known, n=4, cutoff=0.5)
    return UsageError(
        f"nothing is known about {short!r}",
        hint=f"nearest: {', '.join(near)}" if near else "see: diagnostics list codes",
    )
