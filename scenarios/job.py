"""Does the call itself work: created, followed to its end, its result fetched?"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import median

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.drive.policy import ambiguous
from diagnostics.finding import Finding
from diagnostics.jobs import Story, at_once, follow, identity, output_request, stories
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
from diagnostics.promise import StateKind
from diagnostics.scenario import Scenario, needs_plan
from scenarios import _job_behaviour, _job_behaviour_rules, _job_end_rules
from scenarios._job_ends import about, followed
from scenarios._job_rules import (
    AMBIGUOUS,
    ANSWERED,
    NO_ID,
    NOT_ANSWERED,
    NOT_SENT,
    RETRIED,
    RULES,
    SLOW_ANSWERS,
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
        over = at_once(contract, operation, made)
        if over is None:
            output = yield from follow(contract, operation, job_id, case.poll)
        else:
            output = over.output if over.done else None
        if output is not None and output.startswith(("http://", "https://")):
            yield output_request(output)
    if operation.spends and not isinstance(made.answer, Unsent) and "balance" in contract.roles:
        yield contract.request(contract.roles["balance"], label="after")
    return job_id


def judge(contract: Contract, tape: Tape) -> Iterable[Finding]:
    """What every job on the tape came to, and what plain calls answered."""
    readers = {op.job.read for op in contract.operations.values() if op.job}
    told = [*contract.operations.values()]
    jobs = {op.id for op in told if op.job} | readers
    yield from _plain(contract, tape, jobs)
    yield from _slow(tape)
    jobs_of_tape = stories(contract, tape)
    for story in jobs_of_tape:
        yield from _created(contract, story)
        yield from followed(contract, story)
    yield from _job_behaviour.findings(contract, tape, jobs_of_tape)


def _plain(contract: Contract, tape: Tape, jobs: set[str]) -> Iterator[Finding]:
    """What calls without a job were answered; of the planned one also that it went well."""
    planned = tape.case.plan.operation if tape.case.plan else None
    for exchange in tape:
        request, response = exchange.request, exchange.response
        if request.purpose is not Purpose.CALL or request.operation in jobs:
            continue
        found = answers.findings(contract, exchange)
        yield from found
        if not found and planned and request.operation == planned and response is not None:
            yield Finding(
                rule=ANSWERED,
                subject=answers.subject(exchange),
                facts={"status": response.status},
                evidence=(exchange.position,),
                certainty=0.9,
            )


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
        yield about(story, NO_ID, [last], subject=story.operation.id)
    elif story.id is None:
        yield from _refused(contract, story, last)
    else:
        yield from answers.findings(contract, last)
        yield from _retried(contract, story)


def _unsent(story: Story, last: Exchange) -> Iterator[Finding]:
    answer = last.answer
    if isinstance(answer, Unsent) and answer.reason is UnsentReason.NOT_RECORDED:
        yield about(story, NOT_ANSWERED, [last], subject=story.operation.id)
    elif isinstance(answer, Unsent) and answer.reason is not UnsentReason.DRY:
        facts = {"detail": answer.message or answer.reason.value}
        yield about(story, NOT_SENT, [last], subject=story.operation.id, **facts)


def _ambiguous(contract: Contract, story: Story, last: Exchange) -> Iterator[Finding]:
    answer = last.answer
    if isinstance(answer, Fault):
        facts = {"detail": answer.message}
        yield about(story, AMBIGUOUS, [last], subject=story.operation.id, **facts)
        return
    yield from answers.findings(contract, last)
    detail = f"HTTP {last.response.status}" if last.response else ""
    found = about(story, AMBIGUOUS, [last], subject=story.operation.id, detail=detail)
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
        found = about(
            story,
            RETRIED,
            story.creates,
            subject=story.operation.id,
            failures=len(failures),
            code=code,
        )
        blame = Blame.PROVIDER if first.blame is Blame.UNDECIDED else first.blame
        yield replace(found, code=first.code, blame=blame)


SCENARIO = Scenario(
    name="job",
    title=Text(en="The call itself", ru="Сам вызов"),
    order=80,
    ask=ask,
    judge=judge,
    rules=(*RULES, *_job_end_rules.RULES, *_job_behaviour_rules.RULES),
    offered=needs_plan,
)
