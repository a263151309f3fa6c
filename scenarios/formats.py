"""Which pictures, sounds and qualities does this operation accept? Seed 000's matrix, on paper.

Every combination is only built. What decides is the contract: an emulator's or a guess's word
would read like the provider's.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from diagnostics.check import check
from diagnostics.checking.rules import extension
from diagnostics.contract import Contract, decode, dig
from diagnostics.finding import Finding, Rule
from diagnostics.inspection.link import near
from diagnostics.model import (
    Ask,
    Blame,
    Case,
    Certainty,
    Json,
    Plan,
    Request,
    Severity,
    Tape,
    Text,
)
from diagnostics.promise import MediaLimits, Operation
from diagnostics.scenario import Scenario

TRIED: Mapping[str, tuple[str, ...]] = {
    "image": ("jpeg", "png", "webp"),
    "audio": ("mp3", "wav", "m4a"),
    "video": ("mp4", "mov", "webm"),
}
"""File formats by role. Seed 000 tries JPEG and PNG, MP3, WAV and M4A; the rest is what the
other pages name."""
QUALITIES = ("480p", "720p", "1080p")
"""Seed 000's qualities, as it writes them."""
QUALITY = "resolution"
COMBINATIONS_MAX = 200
_GUESSED = 0.5
"""How sure a list of formats is that no page states."""

AXIS = Rule(
    code="formats-axis",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject}, {axis}: {said_en}{note_en}",
        ru="{subject}, {axis}: {said_ru}{note_ru}",
    ),
    remedy=Text(
        en="Stay within the accepted ones; try an unstated one on the cheapest call first.",
        ru="Держитесь принимаемых; не описанные пробуйте сначала на самом дешёвом вызове.",
    ),
)
MATRIX = Rule(
    code="formats-matrix",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject}: {fit} of {count} combinations of format and quality break no documented "
        "rule",
        ru="{subject}: сочетаний формата и качества, не нарушающих документацию: {fit} из {count}",
    ),
    remedy=Text(en="Nothing to do.", ru="Ничего делать не нужно."),
)
CHOSEN = Rule(
    code="formats-chosen",
    severity=Severity.WARN,
    blame=Blame.MEDIA,
    says=Text(
        en="{subject} ends in .{given}; the documentation accepts {accepted}",
        ru="{subject} оканчивается на .{given}; по документации принимаются {accepted}",
    ),
    remedy=Text(
        en="Convert the file, or mend its name if only that is wrong.",
        ru="Преобразуйте файл; если неверно только имя, исправьте его.",
    ),
)
RULES = (AXIS, MATRIX, CHOSEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One thing to vary: a media parameter's format, or the quality."""

    name: str
    """The parameter's dotted path."""
    values: tuple[str, ...]
    limits: MediaLimits | None = None


def axes(operation: Operation, body: Json) -> tuple[Axis, ...]:
    """What can be varied in this body."""
    found = [
        Axis(name=path, values=TRIED[limits.role], limits=limits)
        for path, limits in operation.media.items()
        if limits.role in TRIED and "[" not in path and dig(body, path)
    ]
    properties = (operation.body_schema or {}).get("properties", {})
    allowed = properties.get(QUALITY, {}).get("enum")
    if allowed:
        values = tuple(_spelt(quality, allowed) for quality in QUALITIES)
        found.append(Axis(name=QUALITY, values=values))
    return tuple(found)


def _spelt(quality: str, allowed: Sequence[Json]) -> str:
    """As this call writes it: `720` where the documentation drops the p."""
    bare = quality.rstrip("p")
    return bare if bare in allowed else quality


def offered(contract: Contract, case: Case) -> Text | None:
    """Needs a planned call with something to vary."""
    plan = case.plan
    if plan is not None and axes(contract.operations[plan.operation], plan.body):
        return None
    return Text(
        en="the call takes no file format and no quality to choose",
        ru="в этом вызове нечего выбирать: ни формата файла, ни качества",
    )


def ask(contract: Contract, case: Case) -> Ask:
    """Build the call once for every combination."""
    if case.plan is not None:
        yield from _combinations(contract, case.plan)


def _combinations(contract: Contract, plan: Plan) -> "Iterator[Request]":
    varied = axes(contract.operations[plan.operation], plan.body)
    for number, values in enumerate(product(*(axis.values for axis in varied))):
        if number == COMBINATIONS_MAX:
            return
        body = copy.deepcopy(plan.body)
        for axis, value in zip(varied, values, strict=True):
            _set(body, axis, value)
        label = " ".join(f"{a.name}={v}" for a, v in zip(varied, values, strict=True))
        yield contract.request(
            plan.operation, body=body, query=plan.query, path=plan.path, label=label
        )


def _set(body: Json, axis: Axis, value: str) -> None:
    if not isinstance(body, dict):
        return
    *parents, last = axis.name.split(".")
    for step in parents:  # they are there: only what stands in the body is varied
        body = body[step]
    body[last] = value if axis.limits is None else _with_ending(str(body.get(last)), value)


def _with_ending(url: str, ending: str) -> str:
    """The same address with another file ending."""
    address, mark, query = url.partition("?")
    return re.sub(
        r"(\.\w{2,5})?$", f".{'jpg' if ending == 'jpeg' else ending}", address, count=1
    ) + (mark + query)


# --- judging ----------------------------------------------------------------------------------


def judge(contract: Contract, tape: Tape) -> Iterable[Finding]:
    """What the contract says of each value on each axis, and of the combinations."""
    plan = tape.case.plan
    if plan is None or plan.operation not in contract.operations:
        return
    operation = contract.operations[plan.operation]
    varied = axes(operation, plan.body)
    own = [e for e in tape if e.request.operation == operation.id]
    if not varied or not own:
        return
    evidence = (own[0].position, own[-1].position)
    told = {axis.name: _told(contract, operation, axis, tape) for axis in varied}
    for axis in varied:
        yield Finding(
            rule=AXIS,
            subject=operation.id,
            facts=_facts(axis, told[axis.name]),
            evidence=evidence,
            certainty=_certainty(axis),
        )
    if len(varied) > 1:
        fit = sum(_fits(exchange.request.label, told) for exchange in own)
        facts = {"fit": fit, "count": len(own)}
        yield Finding(rule=MATRIX, subject=operation.id, facts=facts, evidence=evidence)
    yield from _chosen(varied, plan.body, evidence)


def _chosen(varied: Sequence[Axis], body: Json, evidence: tuple[int, ...]) -> Iterator[Finding]:
    """The plan's own files whose names no page accepts. A wrong quality `parameters` tells."""
    for axis in varied:
        accepted = axis.limits.formats if axis.limits and _certainty(axis) > _GUESSED else ()
        given = extension(next(iter(dig(body, axis.name)), None))
        if accepted and given and {"jpg": "jpeg"}.get(given, given) not in accepted:
            facts = {"given": given, "accepted": ", ".join(accepted)}
            yield Finding(
                rule=CHOSEN, subject=axis.name, facts=facts, evidence=evidence, certainty=0.6
            )


def _told(contract: Contract, operation: Operation, axis: Axis, tape: Tape) -> dict[str, str]:
    if axis.limits is not None:
        formats = axis.limits.formats
        return {
            v: ("accepted" if v in formats else "rejected") if formats else "unstated"
            for v in axis.values
        }
    local = near(tape.case)
    found: dict[str, str] = {}
    for exchange in tape:
        mine = exchange.request.operation == operation.id
        body = decode(exchange.request.body) if mine else None
        value = body.get(QUALITY) if isinstance(body, dict) else None
        if isinstance(value, str) and value not in found:
            broken = check(contract, operation, body=body, local=local)
            wrong = any(v.parameter == QUALITY and v.fails for v in broken)
            found[value] = "rejected" if wrong else "accepted"
    return found


def _facts(axis: Axis, told: Mapping[str, str]) -> dict[str, Json]:
    groups = {kind: [v for v, said in told.items() if said == kind] for kind in _SAID}
    note = _note(axis, told)
    return {
        "axis": axis.name,
        **groups,
        "told": dict(told),
        "said_en": _said(groups, "en"),
        "said_ru": _said(groups, "ru"),
        "note_en": note.en,
        "note_ru": note.ru,
    }


_SAID = {
    "accepted": Text(en="accepted {values}", ru="принимаются {values}"),
    "rejected": Text(en="rejected {values}", ru="отклоняются {values}"),
    "unstated": Text(en="not stated {values}", ru="не описаны {values}"),
}


def _said(groups: Mapping[str, list[str]], language: str) -> str:
    """Only what there is to say: no empty list is told."""
    return "; ".join(
        _SAID[kind].fill(language, {"values": ", ".join(values)})
        for kind, values in groups.items()
        if values
    )


def _note(axis: Axis, told: Mapping[str, str]) -> Text:
    if axis.limits is None:
        if any(value.isdigit() for value in told):
            return Text(en=" (written without the p)", ru=" (пишется без буквы p)")
    elif axis.limits.formats and axis.limits.source.certainty is Certainty.INFERRED:
        return Text(
            en=" (inferred: no page states it)", ru=" (вывод: ни одна страница этого не говорит)"
        )
    return Text(en="", ru="")


def _certainty(axis: Axis) -> float:
    inferred = axis.limits and axis.limits.source.certainty is Certainty.INFERRED
    return _GUESSED if inferred else 0.9


def _fits(label: str, told: Mapping[str, Mapping[str, str]]) -> bool:
    pairs = (pair.partition("=") for pair in label.split())
    return all(told.get(name, {}).get(value) != "rejected" for name, _, value in pairs)


SCENARIO = Scenario(
    name="formats",
    title=Text(en="Formats and qualities", ru="Форматы и качество"),
    order=70,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=offered,
    dry=True,
)
