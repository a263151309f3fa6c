"""Is this request right, before it is sent? Holds one call against its operation's contract."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from diagnostics.checking.names import Unknown, blanks, half_character, misspelt, strangers, unknown
from diagnostics.checking.outside import named, outside
from diagnostics.checking.ready import Ready, is_valid, ready
from diagnostics.checking.rules import Stumble, broken_rule, places, stumbles
from diagnostics.checking.schema import ERRORS_MAX, broken
from diagnostics.checking.sentences import ALLOWED, violation
from diagnostics.checking.url import REACH, Spelt, verdict
from diagnostics.checking.words import Violation, joined, sentence
from diagnostics.checking.words import named as in_quotes
from diagnostics.contract import Contract
from diagnostics.model import Json
from diagnostics.promise import Operation

__all__ = ["REACH", "Violation", "check"]

_MISSING = frozenset({"required", "one-of", "empty"})


def check(  # noqa: PLR0913  # the parts of a request
    contract: Contract,
    operation: Operation,
    *,
    body: Json,
    query: Mapping[str, Json] | None = None,
    path: Mapping[str, Json] | None = None,
    local: bool = False,
) -> list[Violation]:
    """Every violation, those that fail first; an empty list when all is right.

    `local`: the target stands on this machine (the emulator), so that addresses of this machine
    and of reserved names are within its reach. Never raises, whatever the values are.
    """
    wide = ready(contract, operation)
    narrow = contract.narrowed(operation, path)
    known = wide if narrow is operation else ready(contract, narrow)
    found = _of_body(known, body, local=local)
    for place, given, wanted in (("query", query, known.query), ("path", path, wide.path)):
        if wanted or given:
            asked = wide if place == "path" else known
            found += _of_place(asked, place, named(given or {}))
    if narrow.retired:
        facts = {"operation": narrow.id, "day": narrow.retired}
        found += _finished(known, [violation("retired", "", facts, fails=False)])
    if len(found) > 1:
        found.sort(key=lambda said: not said.fails)
    return found if len(found) <= ERRORS_MAX else _shortened(found)


def _shortened(found: list[Violation]) -> list[Violation]:
    more = violation("too-many", "", {"limit": str(ERRORS_MAX)}, fails=False)
    return [*found[:ERRORS_MAX], more]


def _of_place(known: Ready, place: str, values: Mapping[str, Json]) -> list[Violation]:
    found = _merged(outside(known, place, values), _met(known, values), [])
    return _finished(known, (replace(said, place=place) for said in found))


# --- the body ---------------------------------------------------------------------------------


def _of_body(known: Ready, body: Json, *, local: bool) -> list[Violation]:
    if known.operation.body_schema is None:
        return [] if body is None else _unwanted(known)
    if body is None:
        return _absent(known)
    half = half_character(body) if isinstance(body, dict) else None
    if half is not None:
        return _finished(known, [violation("not-unicode", half, {})])
    valid = is_valid(known.validator, body)
    generic = [] if valid else broken(known.validator, body, known.asked)
    odd = strangers(known.names, body)
    generic = [*_urls(known, body, local=local), *_blank(known, body), *generic]
    met, rules = _met(known, body), list(_ruled(known, body))
    if not (generic or odd or met or rules):
        return []
    if not (odd or met or rules):
        return _finished(known, _once(generic))
    told = [unknown(one, known.operation.id) for one in odd]
    return _finished(known, _merged(_spelt([*generic, *told], odd), met, rules))


def _unwanted(known: Ready) -> list[Violation]:
    said = violation("body-not-wanted", "", {"operation": known.operation.id}, fails=False)
    return _finished(known, [said])


def _absent(known: Ready) -> list[Violation]:
    """No body at all is told once, not once a parameter; fine where nothing is required."""
    if is_valid(known.validator, {}):
        return []
    needed = in_quotes(sorted(known.names.required)) or "JSON"
    facts = {"operation": known.operation.id, "names": needed}
    return _finished(known, [violation("no-body", "", facts)])


def _urls(known: Ready, body: Json, *, local: bool) -> Iterator[Violation]:
    if not isinstance(body, dict):
        return
    for one in known.addresses:
        if one.first not in body:
            continue
        for exact, value in islice(places(body, one.path), ERRORS_MAX):
            if isinstance(value, str) and value and not value.isspace():
                if one.data_chars_max and _inside(value, one.data_chars_max):
                    continue
                said = verdict(Spelt(url=value, parameter=exact, webhook=one.webhook, local=local))
                if said is not None:
                    yield replace(said, code=one.code) if said.fails and one.code else said


def _inside(value: str, most: int) -> bool:
    """A small file that stands in the call itself, where that is allowed."""
    return value.startswith("data:") and "," in value and len(value) <= most


def _blank(known: Ready, body: Json) -> list[Violation]:
    found = islice(blanks(known.names, body), ERRORS_MAX)
    return [violation("empty", parameter, {}) for parameter in found]


def _met(known: Ready, body: Json) -> list[Stumble]:
    if not isinstance(body, dict):
        return []
    return [
        hit
        for pit in known.pits
        if pit.first in body
        for hit in stumbles(pit.pitfall, body, general=pit.general)
    ]


def _ruled(known: Ready, body: Json) -> Iterator[Violation]:
    if isinstance(body, dict):
        for one in known.rules:
            if not one.firsts.isdisjoint(body):
                yield from broken_rule(one.rule, body)


# --- one message a mistake --------------------------------------------------------------------


def _spelt(generic: list[Violation], odd: Sequence[Unknown]) -> list[Violation]:
    """A required parameter that stands there misspelt is one mistake, not two."""
    missing = {said.parameter for said in generic if said.kind in _MISSING}
    meant = [one for one in odd if one.right in missing]
    gone = {one.path for one in meant} | {one.right for one in meant}
    kept = [said for said in generic if said.parameter not in gone]
    return [*kept, *map(misspelt, meant)]


def _merged(
    generic: list[Violation], met: list[Stumble], rules: list[Violation]
) -> list[Violation]:
    """A pitfall speaks instead of what it covers, and fails if that did; a rule likewise."""
    told: list[Violation] = []
    for stumble in met:
        replaced = [said for said in generic if said.parameter in stumble.covers]
        if replaced or not stumble.general:
            told.append(_stumbled(stumble, replaced))
            generic = [said for said in generic if said.parameter not in stumble.covers]
    ruled = {said.parameter for said in rules}
    failed = {said.parameter for said in rules if said.fails}
    rest = (
        said
        for said in generic
        if said.parameter not in failed and not (said.kind == "unknown" and said.parameter in ruled)
    )
    return _once([*told, *rules, *rest])


def _stumbled(stumble: Stumble, replaced: Sequence[Violation]) -> Violation:
    """Keeps what only the schema knows: what is allowed, and what was missing altogether."""
    said = stumble.violation
    failed = next((one for one in replaced if one.fails), None)
    if failed is None:
        return said
    if failed.kind == "type" and said.kind == "pitfall-value" and not said.remedy.en:
        said = replace(
            said, says=joined(failed.says, said.says)
        )  # the value is known, not the slip
    if failed.allowed:
        allowed = sentence(ALLOWED, {"allowed": failed.allowed})
        said = replace(said, says=joined(said.says, allowed), allowed=failed.allowed)
    by_schema = failed.kind in {"enum", "type"} or not said.remedy.en
    return replace(
        said,
        fails=True,
        parameter=failed.parameter,
        remedy=failed.remedy if by_schema else said.remedy,
    )


def _once(found: Iterable[Violation]) -> list[Violation]:
    """Of several messages about one parameter the first that fails, else the first."""
    best: dict[str, Violation] = {}
    for said in found:
        before = best.get(said.parameter)
        if before is None or (said.fails and not before.fails):
            best[said.parameter] = said
    return list(best.values())


def _finished(known: Ready, found: Iterable[Violation]) -> list[Violation]:
    """With the code and the page that are known of the whole operation."""
    return [
        said
        if said.source and (said.code or not said.fails)
        else replace(
            said,
            code=said.code or (known.code if said.fails and not _silent(said) else None),
            source=said.source or known.source,
        )
        for said in found
    ]


def _silent(said: Violation) -> bool:
    """A callback address that is wrong is not refused: the callback merely never comes."""
    return said.kind.startswith("webhook")
