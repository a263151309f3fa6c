"""Did every scene become a clip? The second stage of `scenes.py`: starts and jobs."""

import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.drive.policy import ambiguous
from diagnostics.film.order import Film
from diagnostics.film.stages import STAGE, scene, seconds, told
from diagnostics.finding import Finding, Rule
from diagnostics.following.answer import Poll, cause
from diagnostics.following.words import word
from diagnostics.jobs import Story
from diagnostics.model import Blame, Exchange, Fault, Tape, Unsent
from diagnostics.promise import ErrorCode, StateKind
from scenarios._scenes_rules import (
    CLIP_FAILED,
    CLIP_LOST,
    CLIP_MADE,
    CLIP_OPEN,
    CLIP_UNFINISHED,
    MODERATED,
    NOT_STARTED,
    OUT_OF_MEMORY,
    START_UNKNOWN,
    THROTTLED,
    THROTTLED_OUT,
)

STUCK_S = 120.0
"""A clip that is made for less may well be healthy, where no page tells how long one takes."""
_MEMORY = re.compile(r"out of memory|\boom\b|cuda.{0,40}memory", re.IGNORECASE)
_SENSITIVE = re.compile(r"nsfw|sensitive|moderat|content policy|safety", re.IGNORECASE)


def clips(contract: Contract, tape: Tape, film: Film) -> Iterator[Finding]:
    """What each start and each job came to; and the starts that came too thick."""
    known = sorted(told(contract, tape), key=lambda pair: pair[0])
    yield from _throttled(contract, known, film)
    for number, story in known:
        yield from _started(contract, number, story)
        if story.id is not None:
            yield from _ended(contract, number, story)


# --- starts -----------------------------------------------------------------------------------


def _throttled(contract: Contract, known: list[tuple[int, Story]], film: Film) -> Iterator[Finding]:
    """Starts that the provider put off and took when they were repeated."""
    met = [(n, s, limit) for n, s in known if s.id and (limit := _limits(contract, s.creates))]
    if met:
        number, story, limits = met[0]
        facts = {"count": len(met), "scenes": film.scenes, "code": limits[0].code}
        found = _about(THROTTLED, number, [e for _, s, _ in met for e in s.creates], **facts)
        yield replace(found, subject=story.operation.id, code=limits[0].code)


def _limits(contract: Contract, creates: list[Exchange]) -> list[Finding]:
    every = (finding for e in creates for finding in answers.findings(contract, e))
    return [finding for finding in every if finding.blame is Blame.RATE_LIMIT]


def _started(contract: Contract, number: int, story: Story) -> Iterator[Finding]:
    last = story.creates[-1]
    if isinstance(last.answer, Unsent):
        detail = last.answer.message or last.answer.reason.value
        yield _about(NOT_STARTED, number, [last], detail=detail)
    elif ambiguous(contract, last):
        answer = last.answer
        detail = answer.message if isinstance(answer, Fault) else f"HTTP {answer.status}"
        yield _about(START_UNKNOWN, number, [last], detail=detail)
    elif story.id is None:
        yield from _refused(contract, number, story)


def _refused(contract: Contract, number: int, story: Story) -> Iterator[Finding]:
    last = story.creates[-1]
    for finding in answers.findings(contract, last):
        if finding.blame is Blame.RATE_LIMIT:
            facts = {"code": finding.code, "attempts": len(story.creates)}
            found = _about(THROTTLED_OUT, number, story.creates, **facts)
            yield replace(found, code=finding.code)
        else:
            yield replace(finding, facts={**finding.facts, STAGE: scene(number)})


# --- jobs -------------------------------------------------------------------------------------


def _ended(contract: Contract, number: int, story: Story) -> Iterator[Finding]:
    for exchange in story.failed_reads[-1:]:
        for finding in answers.findings(contract, exchange):
            yield replace(finding, facts={**finding.facts, STAGE: scene(number)})
    last = story.last
    if last is None and not story.failed_reads:
        yield replace(_open(contract, number, story), certainty=0.4)
    if last is None or (story.failed_reads and not (last.state and last.state.final)):
        return
    if last.state is None or not last.state.final:
        found = _told(CLIP_UNFINISHED, number, story, last)
        early = found.facts["seconds"] < (story.job.expected_s or STUCK_S)
        found = _open(contract, number, story) if early else found
        facts = {**found.facts, "provider": contract.name}
        yield replace(found, facts=facts, certainty=0.7 if last.state and not early else 0.4)
    elif last.state.kind is not StateKind.DONE:
        yield _failed(contract, number, story, last)
    elif last.output is None:
        yield _told(CLIP_LOST, number, story, last)
    else:
        yield _told(CLIP_MADE, number, story, last)


def _open(contract: Contract, number: int, story: Story) -> Finding:
    """Nobody waited for its end."""
    seen = [*story.creates, *(poll.exchange for poll in story.polls)]
    facts = {"seconds": seconds(seen), "polls": len(story.polls), "job": story.id}
    return _about(CLIP_OPEN, number, seen, provider=contract.name, **facts)


def _failed(contract: Contract, number: int, story: Story, last: Poll) -> Finding:
    """Whose fault, by the code that the job names or quotes, else by the words of its reason."""
    known = cause(contract, last)
    reason = last.reason or ""
    blamed = known.blame if known else None
    if _MEMORY.search(reason) or (known and _MEMORY.search(known.meanings[0].text)):
        found = _told(OUT_OF_MEMORY, number, story, last)
        found = replace(found, blame=blamed or found.blame)
    elif blamed is Blame.CONTENT_POLICY or (known is None and _SENSITIVE.search(reason)):
        found = _told(MODERATED, number, story, last)
    else:
        found = replace(_told(CLIP_FAILED, number, story, last), blame=blamed or Blame.PROVIDER)
        found = replace(found, facts={**found.facts, **_remedy(known)})
    return replace(
        found,
        code=known.code if known else last.value,
        certainty=answers.certainty_of(known) if known else 0.75,
    )


def _remedy(known: ErrorCode | None) -> dict[str, str]:
    if known is not None:
        return {"remedy_en": known.remedy.en, "remedy_ru": known.remedy.ru}
    return {
        "remedy_en": "Start this scene once more; if it fails again, send this report to support.",
        "remedy_ru": "Запустите эту сцену ещё раз; при новом сбое отправьте отчёт в поддержку.",
    }


def _told(rule: Rule, number: int, story: Story, last: Poll) -> Finding:
    begun = [*story.creates, last.exchange]
    return _about(
        rule,
        number,
        [story.creates[-1], last.exchange],
        seconds=seconds(begun),
        polls=len(story.polls),
        state=word(last.state) if last.state else last.value,
        reason=last.reason or "?",
        job=story.id,
    )


def _about(rule: Rule, number: int, exchanges: list[Exchange], **facts: object) -> Finding:
    name = scene(number)
    return Finding(
        rule=rule,
        subject=name,
        facts={STAGE: name, "number": number, **facts},
        evidence=tuple(exchange.position for exchange in exchanges[-10:]),
    )
