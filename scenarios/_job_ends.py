"""How did a job end, as its status answers tell: whose fault, by whose word, with what result?"""

import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.finding import Finding, Rule
from diagnostics.following.answer import Poll, cause
from diagnostics.following.record import of_poll
from diagnostics.following.words import Status, status_of, word
from diagnostics.jobs import Story
from diagnostics.model import Exchange, Severity
from diagnostics.promise import ErrorCode, State, StateKind
from scenarios._job_closed import why_closed
from scenarios._job_end_rules import (
    CLOSED,
    DONE_WITH_ERROR,
    FAILED_WITH_CODE,
    NOT_FOUND,
    REMOVED,
    STALE,
    UNLISTED,
    WAITS,
)
from scenarios._job_rules import (
    BACKWARDS,
    FAILED,
    FILTERED,
    HEALTHY,
    LATE_OUTPUT,
    NO_OUTPUT,
    NO_STATE,
    NOT_FOLLOWED,
    OUTPUT_GONE,
    OUTPUT_SLOW,
    OUTPUT_UNFIT,
    POLICY_WORDS,
    REASONS,
    STILL_RUNNING,
    STUCK,
    UNKNOWN_STATE,
)

_RANK = {StateKind.PENDING: 0, StateKind.RUNNING: 1}
SLOW_OUTPUT_S = 10.0
STUCK_S = 120.0
"""A job that runs for less may well be healthy. Our estimate: no page tells how long one takes."""
UNDECIDED = 0.4
_NOT_MEDIA = frozenset({"html", "json", "xml", "text", "empty"})


def followed(contract: Contract, story: Story) -> Iterator[Finding]:
    """What the status answers of one job come to."""
    last = story.last
    yield from _unread(contract, story)
    yield from _backwards(story)
    yield from _stale(contract, story)
    if last is None and story.id and story.creates and story.job.read and not story.failed_reads:
        found = about(story, NOT_FOLLOWED, [story.creates[-1]])
        yield replace(found, certainty=UNDECIDED)
    if last is None or (not last.final and (last.stale or (story.failed_reads and last.state))):
        return
    yield from _stands(contract, story, last)
    if last.final and not last.listed and last.value is not None:
        yield replace(_ended(contract, story, last, UNLISTED), certainty=0.6)


def _unread(contract: Contract, story: Story) -> Iterator[Finding]:
    """The last read that told nothing; one that a later answer made good is only a warning."""
    for exchange in story.failed_reads[-1:]:
        ended = story.last is not None and story.last.final
        mended = ended and story.polls[-1].exchange.started_s > exchange.started_s
        for found in answers.findings(contract, exchange):
            yield replace(found, severity=Severity.WARN) if mended else found


def _stands(contract: Contract, story: Story, last: Poll) -> Iterator[Finding]:
    """How the job stands by the last answer that counts."""
    kind = last.state.kind if last.state else None
    if kind is None and last.value is None:
        found = _ended(contract, story, last, NO_STATE)
        facts = {**found.facts, "where": " / ".join(story.job.status)}
        yield replace(found, facts=facts, certainty=0.75)
    elif kind is None:
        yield _ended(contract, story, last, UNKNOWN_STATE)
    elif kind is StateKind.FAILED:
        yield _failed(contract, story, last)
    elif kind is StateKind.WAITING:
        yield replace(_ended(contract, story, last, WAITS), certainty=0.7)
    elif kind is StateKind.CLOSED and _makes_something(story):
        found = _ended(contract, story, last, CLOSED)
        yield replace(found, facts={**found.facts, **why_closed(story, last)}, certainty=0.6)
    elif kind is StateKind.DONE:
        yield from _delivered(contract, story, last)
    elif not last.final:
        found = _ended(contract, story, last, STUCK)
        if found.facts["seconds"] < STUCK_S:
            found = replace(_ended(contract, story, last, STILL_RUNNING), certainty=UNDECIDED)
        yield replace(found, certainty=min(found.certainty, 0.7))


def _makes_something(story: Story) -> bool:
    """A live session makes nothing: to be closed is how it ends well."""
    return any(state.kind is StateKind.DONE for state in story.job.states.values())


def _stale(contract: Contract, story: Story) -> Iterator[Finding]:
    """Answers from the past; if nothing newer came, how the job stands is not known."""
    stale = [poll for poll in story.polls if poll.stale]
    if not stale:
        return
    one, last = stale[0], story.last
    blind = story.polls[-1].stale and not (last and last.final)
    found = _ended(contract, story, one, STALE)
    sign = one.kept_by or f"Date: -{one.older_s:.0f} s"
    yield replace(
        found,
        facts={**found.facts, "stale": len(stale), "sign": sign},
        evidence=tuple(poll.exchange.position for poll in stale[:20]),
        severity=Severity.FAIL if blind else Severity.WARN,
        certainty=0.75 if one.older_s else 0.6,
    )


def _failed(contract: Contract, story: Story, last: Poll) -> Finding:
    """Whose fault: by the contract's word on the code, else by the words of the reason."""
    known = cause(contract, last)
    if status_of(last.state) is Status.NOT_FOUND:
        return _by_code(_ended(contract, story, last, NOT_FOUND), known, last)
    if known is not None:
        return _by_code(_ended(contract, story, last, FAILED_WITH_CODE), known, last)
    reason = last.reason or ""
    told = (rule for rule, words in REASONS if re.search(words, reason, re.IGNORECASE))
    rule = next(told, FAILED)
    certainty = 0.7 if rule is not FAILED or not reason else 0.75
    code = last.code or last.value
    return replace(_ended(contract, story, last, rule), code=code, certainty=certainty)


def _by_code(found: Finding, known: ErrorCode | None, last: Poll) -> Finding:
    """The contract's blame, meaning and remedy."""
    if known is None:
        facts = {**found.facts, "code": last.code or "?", "remedy_en": "", "remedy_ru": ""}
        return replace(found, facts=facts, code=last.code or last.value, certainty=0.7)
    meaning = known.meanings[0].text
    facts = {
        **found.facts,
        "code": known.code,
        "meaning": "" if meaning in (last.reason or "") else f" ({meaning})",
        "remedy_en": known.remedy.en,
        "remedy_ru": known.remedy.ru,
    }
    certainty = answers.certainty_of(known)
    return replace(found, facts=facts, code=known.code, blame=known.blame, certainty=certainty)


def _delivered(contract: Contract, story: Story, last: Poll) -> Iterator[Finding]:
    if last.removed and not last.output:
        found = _ended(contract, story, last, REMOVED)
        yield replace(found, facts={**found.facts, **_lifetime(story)})
        return
    if not last.delivered:
        refused = re.search(POLICY_WORDS, last.reason or "", re.IGNORECASE)
        yield _ended(contract, story, last, FILTERED if refused else NO_OUTPUT)
        return
    if any(p.state == last.state and not p.delivered for p in story.polls):
        yield _ended(contract, story, last, LATE_OUTPUT)
    known = cause(contract, last) if last.code else None
    if known is not None:
        yield _by_code(_ended(contract, story, last, DONE_WITH_ERROR), known, last)
    problems = list(_fetched(story))
    yield from problems
    if all(problem.severity is not Severity.FAIL for problem in problems):
        yield _ended(contract, story, last, HEALTHY)


def _fetched(story: Story) -> Iterator[Finding]:
    for exchange in story.outputs[-1:]:
        response = exchange.response
        if response is None:
            detail = getattr(exchange.answer, "message", "") or "no answer"
            yield about(story, OUTPUT_GONE, [exchange], detail=detail, **_lifetime(story))
        elif response.status >= 300:  # noqa: PLR2004  # HTTP's own border of success
            detail = f"HTTP {response.status} {response.reason}".strip()
            found = about(story, OUTPUT_GONE, [exchange], detail=detail, **_lifetime(story))
            yield replace(found, code=str(response.status))
        elif response.media is not None and response.media.container in _NOT_MEDIA:
            yield about(story, OUTPUT_UNFIT, [exchange], detail=response.media.container)
        elif exchange.duration_s > SLOW_OUTPUT_S:
            size, seconds = response.size_bytes, exchange.duration_s
            yield about(story, OUTPUT_SLOW, [exchange], size=size, seconds=seconds)


def _lifetime(story: Story) -> dict[str, str]:
    days = story.job.lifetime_days
    if days is None:
        return {"lifetime_en": "", "lifetime_ru": ""}
    if days < 1:
        return {
            "lifetime_en": f" (this provider keeps results {days * 24:g} h)",
            "lifetime_ru": f" (провайдер хранит результаты {days * 24:g} ч)",
        }
    return {
        "lifetime_en": f" (this provider keeps results {days:g} days)",
        "lifetime_ru": f" (провайдер хранит результаты {days:g} дн.)",
    }


def _backwards(story: Story) -> Iterator[Finding]:
    before: Poll | None = None
    for poll in story.polls:
        if poll.stale:  # the past says nothing of where the job went
            continue
        if before and before.state and poll.state and _earlier(poll.state, before.state):
            yield about(
                story,
                BACKWARDS,
                [before.exchange, poll.exchange],
                before=word(before.state),
                after=word(poll.state),
            )
            return
        before = poll


def _earlier(state: State, before: State) -> bool:
    return _RANK.get(state.kind, 2) < _RANK.get(before.kind, 2)


def _ended(contract: Contract, story: Story, last: Poll, rule: Rule) -> Finding:
    begun = story.creates[-1] if story.creates else story.polls[0].exchange
    return about(
        story,
        rule,
        [begun, last.exchange],
        state=word(last.state) if last.state else last.value,
        shown=_shown(last),
        value=last.value,
        reason=last.reason or "none",
        polls=len(story.polls),
        seconds=last.exchange.started_s + last.exchange.duration_s - begun.started_s,
        output=_described(story),
        status=status_of(last.state).value,
        record=of_poll(contract, story.job, last, story.id or "").fields(),
    )


def _shown(last: Poll) -> str:
    """The state as it came, and in words where it came as a number."""
    named = word(last.state) if last.state else ""
    return ", ".join(dict.fromkeys(filter(None, (last.value, named)))) or "?"


def _described(story: Story) -> str:
    for exchange in story.outputs[-1:]:
        media = exchange.response.media if exchange.response else None
        if media is not None:
            return f"{media.container}, {media.size_bytes} bytes"
    return "not fetched"


def about(
    story: Story, rule: Rule, exchanges: list[Exchange], *, subject: str = "", **facts: object
) -> Finding:
    """A finding about one job."""
    return Finding(
        rule=rule,
        subject=subject or story.id or story.operation.id,
        facts=facts,
        evidence=tuple(exchange.position for exchange in exchanges),
        certainty=0.9,
    )
