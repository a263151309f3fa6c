"""Can a recording still be believed? How old it is, who answered then, what nobody asked for."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from diagnostics.blame import blame, unrecorded, weighed
from diagnostics.contract import Contract, decode
from diagnostics.finding import Finding, Outcome, Report, Rule
from diagnostics.model import (
    Blame,
    Exchange,
    Json,
    Purpose,
    Request,
    Severity,
    Tape,
    Text,
    Unsent,
    UnsentReason,
    Verdict,
)

NAME = "recording"
DAY_S = 86_400
SHOWN_MOST = 5

KNOWN = Rule(
    code="recording-known",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject}: recorded {recorded} {origin_en}, contract version {version}",
        ru="{subject}: записано {recorded} {origin_ru}, версия контракта {version}",
    ),
    remedy=Text(
        en="Read the verdict as one about that day and that answerer.",
        ru="Считайте вердикт сказанным о том дне и о том, кто тогда отвечал.",
    ),
)
OLD = Rule(
    code="recording-old",
    severity=Severity.WARN,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject} was recorded {age_days} days ago, and at most {most_days} are allowed",
        ru="{subject}: записи {age_days} дн., а допускается не больше {most_days}",
    ),
    remedy=Text(
        en="Record it again: diagnostics record --to {subject}; or allow more with --max-age.",
        ru="Запишите заново: diagnostics record --to {subject}; либо увеличьте --max-age.",
    ),
)
UNDATED = Rule(
    code="recording-undated",
    severity=Severity.WARN,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject} does not say when it was recorded, so nobody knows how old it is",
        ru="{subject}: дата записи не указана, поэтому её возраст неизвестен",
    ),
    remedy=Text(
        en="Record it again with diagnostics record, which writes the date into the file.",
        ru="Запишите заново командой diagnostics record: она указывает дату в файле.",
    ),
)
UNPLAYED = Rule(
    code="recording-unplayed",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{count} of {total} recordings were never asked for: {shown}",
        ru="Ни разу не запрошено записей: {count} из {total}: {shown}",
    ),
    remedy=Text(
        en="If the scenarios have changed since, record it again.",
        ru="Если сценарии с тех пор изменились, сделайте запись заново.",
    ),
)
MISSED = Rule(
    code="recording-missed",
    severity=Severity.WARN,
    blame=Blame.UNDECIDED,
    says=Text(
        en="asked and never recorded, so the answer is not known, {misses}: {missed_en}",
        ru="запрошено, но в записи нет, и что ответили бы, неизвестно ({misses}): {missed_ru}",
    ),
    remedy=Text(
        en="Record it again, these calls included, or name only the scenarios that it holds.",
        ru="Запишите заново вместе с этими вызовами или назовите только сценарии, что в ней есть.",
    ),
)
RULES = (KNOWN, OLD, UNDATED, UNPLAYED, MISSED)

_ORIGINS = {
    "live": Text(en="from the live host", ru="с настоящего сервера"),
    "emulated": Text(en="from the emulator, not the provider", ru="с эмулятора, а не с провайдера"),
    "written": Text(
        en="by hand: nobody ever gave these answers", ru="вручную: таких ответов не было"
    ),
    "imported": Text(en="by another tool", ru="другим инструментом"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """What is known of a recording when it is played."""

    name: str
    recorded: str | None = None
    origin: str = "imported"
    version: str = ""
    age_days: int | None = None
    most_days: float | None = None
    total: int = 0
    unplayed: tuple[str, ...] = ()
    """What nobody asked for, in words; the first few."""
    unplayed_count: int = 0
    missed: tuple[str, ...] = ()
    """What was asked and never recorded, and the nearest that was; the first few."""
    missed_ru: tuple[str, ...] = ()
    """The same in Russian."""
    missed_at: tuple[int, ...] = ()
    """Their places on the tape."""


def age_of(  # noqa: PLR0913  # what is known comes from as many places
    tape: Tape,
    name: str,
    *,
    recorded_s: float | None,
    now_s: float,
    most_days: float | None = None,
    unplayed: Sequence[Exchange] = (),
    made: Sequence[Exchange] = (),
    missed: Sequence[Text] = (),
) -> Age:
    """Of a tape that is played now.

    `unplayed`: what nobody asked for. `made`: what came of it. `missed`: what had no answer.
    """
    target = tape.case.target
    left = [one for one in unplayed if not isinstance(one.answer, Unsent)]
    return Age(
        name=name,
        recorded=target.recorded,
        origin=str(target.origin or "imported"),
        version=target.version,
        age_days=max(0, int((now_s - recorded_s) // DAY_S)) if recorded_s else None,
        most_days=most_days,
        total=sum(1 for one in tape if not isinstance(one.answer, Unsent)),
        unplayed=tuple(_shown(one.request) for one in left[:SHOWN_MOST]),
        unplayed_count=len(left),
        missed=_first(one.en for one in missed),
        missed_ru=_first(one.ru for one in missed),
        missed_at=tuple(one.position for one in made if unrecorded(one)),
    )


def _first(told: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(told), SHOWN_MOST))


def _shown(request: Request) -> str:
    return request.operation or f"{request.method} {request.url}"


def findings(age: Age) -> Iterator[Finding]:
    """What is to be said of it."""
    origin = _ORIGINS.get(age.origin, _ORIGINS["imported"])
    facts: dict[str, Json] = {
        "recorded": age.recorded or "?",
        "version": age.version or "?",
        "origin_en": origin.en,
        "origin_ru": origin.ru,
        "age_days": age.age_days,
        "most_days": f"{age.most_days:g}" if age.most_days is not None else "",
        "count": age.unplayed_count,
        "total": age.total,
        "shown": ", ".join(dict.fromkeys(age.unplayed)),
        "misses": len(age.missed_at),
        "missed_en": "; ".join(age.missed),
        "missed_ru": "; ".join(age.missed_ru or age.missed),
    }
    wanted = [KNOWN]
    if age.most_days is not None and age.age_days is None:
        wanted.append(UNDATED)
    elif age.most_days is not None and age.age_days is not None and age.age_days > age.most_days:
        wanted.append(OLD)
    if age.unplayed_count:
        wanted.append(UNPLAYED)
    if age.missed_at:
        wanted.append(MISSED)
    for rule in wanted:
        at = age.missed_at if rule is MISSED else ()
        yield Finding(rule=rule, subject=age.name, facts=facts, evidence=at, certainty=1.0)


# --- on the tape of the run that played it ------------------------------------------------------


def exchange(age: Age, started_s: float) -> Exchange:
    """So that the verdict can be worked out again: nothing was sent, and nobody replays it."""
    told = {name: getattr(age, name) for name in Age.__slots__}
    request = Request(
        method="REPLAY",
        url=f"cassette:{age.name}",
        body=json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        purpose=Purpose.PROBE,
        authenticated=False,
        label=NAME,
    )
    unsent = Unsent(reason=UnsentReason.DRY)
    return Exchange(request=request, answer=unsent, started_s=started_s, scenario=NAME)


def read(body: bytes) -> Age | None:
    """What such an exchange tells."""
    told = decode(body)
    if not isinstance(told, dict) or not isinstance(told.get("name"), str):
        return None
    known = {name: told[name] for name in Age.__slots__ if name in told and _fits(name, told[name])}
    for name in ("unplayed", "missed", "missed_ru"):
        known[name] = tuple(map(str, known.get(name, ())))
    places = (at for at in known.get("missed_at", ()) if type(at) is int)
    return Age(**{**known, "missed_at": tuple(places)})


_KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "recorded": (str, type(None)),
    "origin": (str,),
    "version": (str,),
    "age_days": (int, type(None)),
    "most_days": (int, float, type(None)),
    "total": (int,),
    "unplayed": (list,),
    "unplayed_count": (int,),
    "missed": (list,),
    "missed_ru": (list,),
    "missed_at": (list,),
}


def _fits(name: str, value: Json) -> bool:
    return isinstance(value, _KINDS[name]) and not isinstance(value, bool)


def noted(contract: Contract, report: Report, age: Age) -> Report:
    """The report of a recording that is judged as it stands, with what its age says."""
    found = tuple(findings(age))
    worst = any(one.severity is Severity.WARN for one in found)
    verdict = Verdict.WARN if worst else Verdict.PASS
    others = [one for one in report.outcomes if one.scenario != NAME]
    outcomes = (*others, Outcome(scenario=NAME, verdict=verdict, findings=found))
    return replace(
        report,
        outcomes=weighed(contract, report.tape, outcomes),
        judgement=blame(contract, report.tape, outcomes),
    )
