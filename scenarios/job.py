"""Does the call itself work: created, followed to its end, its result fetched?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import median

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.drive.policy import ambiguous
from diagnostics.finding import Finding, Rule
from diagnostics.jobs import Poll, Story, follow, identity, output_request, stories
from diagnostics.model import (
    Ask,
    Blame,
    Case,
    Exchange,
    Fault,
    Purpose,
    Severity,
    Tape,
    Text,
    Unsent,
    UnsentReason,
)
from diagnostics.promise import State, StateKind
from diagnostics.scenario import Scenario, needs_plan
from scenarios._job_rules import (
    AMBIGUOUS,
    BACKWARDS,
    FAILED,
    FILTERED,
    HEALTHY,
    LATE_OUTPUT,
    NO_ID,
    NO_OUTPUT,
    NO_STATE,
    NOT_FOLLOWED,
    NOT_SENT,
    OUTPUT_GONE,
    OUTPUT_SLOW,
    OUTPUT_UNFIT,
    POLICY_WORDS,
    REASONS,
    RETRIED,
    RULES,
    SLOW_ANSWERS,
    STILL_RUNNING,
    STUCK,
    UNKNOWN_STATE,
)

_RANK = {StateKind.PENDING: 0, StateKind.RUNNING: 1}
SLOW_ANSWER_S = 5.0
SLOW_ANSWERS_MIN = 3
SLOW_OUTPUT_S = 10.0
STUCK_S = 120.0
"""A job that runs for less may well be healthy. Our estimate: no page tells how long one takes."""
UNDECIDED = 0.4
_NOT_MEDIA = frozenset({"html", "json", "xml", "text", "empty"})


def ask(contract: Contract, case: Case) -> Ask:
    """Create, follow, fetch the head of the result."""
    plan = case.plan
    if plan is None:
        return None
    operation = contract.operations[plan.operation]
    made = yield contract.request(plan.operation, body=plan.body, query=plan.query, path=plan.path)
    job_id = identity(contract, operation, made)
    if job_id is not None:
        output = yield from follow(contract, operation, job_id, case.poll)
        if output is not None:
            yield output_request(output)
    if operation.spends and not isinstance(made.answer, Unsent) and "balance" in contract.roles:
        yield contract.request(contract.roles["balance"], label="after")
    return job_id


def judge(contract: Contract, tape: Tape) -> Iterable[Finding]:
    """What every job on the tape came to, and what plain calls answered."""
    readers = {op.job.read for op in contract.operations.values() if op.job}
    told = [*contract.operations.values()]
    jobs = {op.id for op in told if op.job} | readers
    for exchange in tape:
        request = exchange.request
        if request.purpose is Purpose.CALL and request.operation not in jobs:
            yield from answers.findings(contract, exchange)
    yield from _slow(tape)
    for story in stories(contract, tape):
        yield from _created(contract, story)
        yield from _followed(contract, story)


def _slow(tape: Tape) -> Iterator[Finding]:
    """Many slow answers are the provider's pace; a single one may be anything."""
    answered = [e for e in tape if e.response and e.request.purpose is Purpose.CALL]
    slow = [e for e in answered if e.duration_s >= SLOW_ANSWER_S]
    if len(slow) >= SLOW_ANSWERS_MIN and len(slow) * 2 > len(answered):
        facts = {
            "slow": len(slow),
            "count": len(answered),
            "limit": SLOW_ANSWER_S,
            "seconds": median(e.duration_s for e in answered),
        }
        evidence = tuple(e.position for e in slow[:20])
        yield Finding(rule=SLOW_ANSWERS, facts=facts, evidence=evidence, certainty=0.7)


def _created(contract: Contract, story: Story) -> Iterator[Finding]:
    if not story.creates:
        return
    sent = [exchange for exchange in story.creates if not isinstance(exchange.answer, Unsent)]
    if story.creates[-1] not in sent[-1:]:  # kept back, perhaps after attempts that were not
        yield from _unsent(story, story.creates[-1])
    if not sent:
        return
    last = sent[-1]
    if ambiguous(contract, last):
        yield from _ambiguous(contract, story, last)
    elif story.id is None and answers.succeeded(contract, last):
        yield _about(story, NO_ID, [last], subject=story.operation.id)
    elif story.id is None:
        yield from _refused(contract, story, last)
    else:
        yield from answers.findings(contract, last)
        yield from _retried(contract, story)


def _unsent(story: Story, last: Exchange) -> Iterator[Finding]:
    answer = last.answer
    if isinstance(answer, Unsent) and answer.reason is not UnsentReason.DRY:
        facts = {"detail": answer.message or answer.reason.value}
        yield _about(story, NOT_SENT, [last], subject=story.operation.id, **facts)


def _ambiguous(contract: Contract, story: Story, last: Exchange) -> Iterator[Finding]:
    answer = last.answer
    if isinstance(answer, Fault):
        facts = {"detail": answer.message}
        yield _about(story, AMBIGUOUS, [last], subject=story.operation.id, **facts)
        return
    yield from answers.findings(contract, last)
    detail = f"HTTP {last.response.status}" if last.response else ""
    found = _about(story, AMBIGUOUS, [last], subject=story.operation.id, detail=detail)
    yield replace(found, severity=Severity.WARN, blame=Blame.PROVIDER)


def _refused(contract: Contract, story: Story, last: Exchange) -> Iterator[Finding]:
    """The last attempt decides; the more attempts said the same, the surer."""
    sent = [exchange for exchange in story.creates if not isinstance(exchange.answer, Unsent)]
    evidence = tuple(exchange.position for exchange in sent)
    surer = min(0.05 * (len(sent) - 1), 0.15)
    for finding in answers.findings(contract, last):
        certainty = min(0.95, finding.certainty + surer)
        yield replace(finding, evidence=evidence, certainty=certainty)


def _retried(contract: Contract, story: Story) -> Iterator[Finding]:
    failures = [f for e in story.creates[:-1] for f in answers.findings(contract, e)]
    if failures:
        first = failures[0]
        code = first.code or first.rule.code
        found = _about(
            story,
            RETRIED,
            story.creates,
            subject=story.operation.id,
            failures=len(failures),
            code=code,
        )
        blame = Blame.PROVIDER if first.blame is Blame.UNDECIDED else first.blame
        yield replace(found, code=first.code, blame=blame)


def _followed(contract: Contract, story: Story) -> Iterator[Finding]:
    for exchange in story.failed_reads[-1:]:
        yield from answers.findings(contract, exchange)
    yield from _backwards(story)
    last = story.last
    if last is None and story.id and story.creates and story.job.read and not story.failed_reads:
        found = _about(story, NOT_FOLLOWED, [story.creates[-1]])
        yield replace(found, certainty=UNDECIDED)
    if last is None or (story.failed_reads and last.state and not last.state.final):
        return
    if last.value is None:
        found = _ended(story, last, NO_STATE)
        facts = {**found.facts, "where": " / ".join(story.job.status)}
        yield replace(found, facts=facts, certainty=0.75)
    elif last.state is None:
        yield _ended(story, last, UNKNOWN_STATE)
    elif last.state.kind is StateKind.FAILED:
        yield _failed(story, last)
    elif not last.state.final:
        found = _ended(story, last, STUCK)
        if found.facts["seconds"] < STUCK_S:
            found = replace(_ended(story, last, STILL_RUNNING), certainty=UNDECIDED)
        yield replace(found, certainty=min(found.certainty, 0.7))
    elif last.state.kind is StateKind.DONE:
        yield from _delivered(story, last)


def _failed(story: Story, last: Poll) -> Finding:
    """Whose fault, as far as the provider's own reason tells."""
    reason = last.reason or ""
    told = (rule for rule, words in REASONS if re.search(words, reason, re.IGNORECASE))
    rule = next(told, FAILED)
    certainty = 0.7 if rule is not FAILED or not reason else 0.75
    return replace(_ended(story, last, rule), code=last.value, certainty=certainty)


def _delivered(story: Story, last: Poll) -> Iterator[Finding]:
    if not last.output:
        refused = re.search(POLICY_WORDS, last.reason or "", re.IGNORECASE)
        yield _ended(story, last, FILTERED if refused else NO_OUTPUT)
        return
    if any(p.state == last.state and not p.output for p in story.polls):
        yield _ended(story, last, LATE_OUTPUT)
    problems = list(_fetched(story))
    yield from problems
    if all(problem.severity is not Severity.FAIL for problem in problems):
        yield _ended(story, last, HEALTHY)


def _fetched(story: Story) -> Iterator[Finding]:
    for exchange in story.outputs[-1:]:
        response = exchange.response
        if response is None:
            detail = getattr(exchange.answer, "message", "") or "no answer"
            yield _about(story, OUTPUT_GONE, [exchange], detail=detail, **_lifetime(story))
        elif response.status >= 300:  # noqa: PLR2004  # HTTP's own border of success
            detail = f"HTTP {response.status} {response.reason}".strip()
            found = _about(story, OUTPUT_GONE, [exchange], detail=detail, **_lifetime(story))
            yield replace(found, code=str(response.status))
        elif response.media is not None and response.media.container in _NOT_MEDIA:
            yield _about(story, OUTPUT_UNFIT, [exchange], detail=response.media.container)
        elif exchange.duration_s > SLOW_OUTPUT_S:
            size, seconds = response.size_bytes, exchange.duration_s
            yield _about(story, OUTPUT_SLOW, [exchange], size=size, seconds=seconds)


def _lifetime(story: Story) -> dict[str, str]:
    days = story.job.lifetime_days
    if days is None:
        return {"lifetime_en": "", "lifetime_ru": ""}
    return {
        "lifetime_en": f" (this provider keeps results {days:g} days)",
        "lifetime_ru": f" (провайдер хранит результаты {days:g} дн.)",
    }


def _backwards(story: Story) -> Iterator[Finding]:
    before: Poll | None = None
    for poll in story.polls:
        if before and before.state and poll.state and _earlier(poll.state, before.state):
            yield _about(
                story,
                BACKWARDS,
                [before.exchange, poll.exchange],
                before=before.state.name,
                after=poll.state.name,
            )
            return
        before = poll


def _earlier(state: State, before: State) -> bool:
    return _RANK.get(state.kind, 2) < _RANK.get(before.kind, 2)


def _ended(story: Story, last: Poll, rule: Rule) -> Finding:
    begun = story.creates[-1] if story.creates else story.polls[0].exchange
    return _about(
        story,
        rule,
        [begun, last.exchange],
        state=last.state.name if last.state else last.value,
        value=last.value,
        reason=last.reason or "none",
        polls=len(story.polls),
        seconds=last.exchange.started_s + last.exchange.duration_s - begun.started_s,
        output=_described(story),
    )


def _described(story: Story) -> str:
    for exchange in story.outputs[-1:]:
        media = exchange.response.media if exchange.response else None
        if media is not None:
            return f"{media.container}, {media.size_bytes} bytes"
    return "not fetched"


def _about(
    story: Story, rule: Rule, exchanges: list[Exchange], *, subject: str = "", **facts: object
) -> Finding:
    return Finding(
        rule=rule,
        subject=subject or story.id or story.operation.id,
        facts=facts,
        evidence=tuple(exchange.position for exchange in exchanges),
        certainty=0.9,
    )


SCENARIO = Scenario(
    name="job",
    title=Text(en="The call itself", ru="Сам вызов"),
    order=80,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=needs_plan,
)
