"""What does a tape come to: verdict, one blame, how sure, what was ruled out, what it cost?

Runs the judges of the scenarios over their part of the tape. Nothing here but contract and tape
decides, so anybody can work every verdict out again, later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from diagnostics.blame import NOT_RUN, blame, weighed
from diagnostics.contract import Contract, dig
from diagnostics.drive.policy import ambiguous
from diagnostics.finding import Ambiguous, Finding, Outcome, Report, Spending
from diagnostics.model import (
    Exchange,
    Fault,
    Purpose,
    Severity,
    Tape,
    TargetKind,
    Text,
    Unsent,
    UnsentReason,
    Verdict,
)
from diagnostics.scenario import Scenario

TOLD_ELSEWHERE = Text(
    en="what it found is told by another scenario",
    ru="найденное уже сказано в другом сценарии",
)
UNTOLD = Text(
    en="the capture holds nothing that tells of it",
    ru="в присланной записи об этом ничего нет",
)


def judge(contract: Contract, tape: Tape, scenarios: Iterable[Scenario]) -> Report:
    """Everything a run came to, from its tape alone."""
    found = [outcome(contract, tape, scenario) for scenario in scenarios]
    outcomes = weighed(contract, tape, _once(found) if _imported(tape) else found)
    return Report(
        tape=tape,
        judgement=blame(contract, tape, outcomes),
        outcomes=outcomes,
        spending=spending(contract, tape),
        ambiguous=tuple(_ambiguous(contract, tape)),
    )


def outcome(contract: Contract, tape: Tape, scenario: Scenario) -> Outcome:
    """What one scenario came to."""
    own = tape if _imported(tape) else tape.of(scenario.name)
    if not len(own):
        note = scenario.offered(contract, tape.case) or NOT_RUN
        return Outcome(scenario=scenario.name, verdict=Verdict.INCONCLUSIVE, note=note)
    findings = tuple(scenario.judge(contract, own))
    if not findings and _imported(tape):
        note = (tape.case.plan and scenario.offered(contract, tape.case)) or UNTOLD
        return Outcome(scenario=scenario.name, verdict=Verdict.INCONCLUSIVE, note=note)
    last = own.exchanges[-1]
    return Outcome(
        scenario=scenario.name,
        verdict=_verdict(findings, own.exchanges),
        findings=findings,
        requests=sum(1 for exchange in own if not isinstance(exchange.answer, Unsent)),
        duration_s=max(0.0, last.started_s + last.duration_s - own.exchanges[0].started_s),
    )


def _imported(tape: Tape) -> bool:
    """Nobody asked: every judge reads all of a stranger's capture."""
    return tape.case.target.kind is TargetKind.IMPORTED


def _once(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """What several judges read in the same exchanges is told once, where most of them stand."""
    alike: dict[tuple[str, str, str | None, str], list[Finding]] = {}
    for each in outcomes:
        for found in each.findings:
            key = (found.rule.code, found.subject, found.code, found.message())
            kept = alike.setdefault(key, [])
            if not any(set(found.evidence) <= set(one.evidence) for one in kept):
                kept[:] = [one for one in kept if not set(one.evidence) < set(found.evidence)]
                kept.append(found)
    told = {id(one) for kept in alike.values() for one in kept}
    return [_relieved(one, told) for one in outcomes]


def _relieved(outcome: Outcome, told: set[int]) -> Outcome:
    """Without what is told elsewhere; of whose failure nothing is left, that cleared nothing."""
    left = tuple(found for found in outcome.findings if id(found) in told)
    fails = any(found.severity is Severity.FAIL for found in left)
    if outcome.verdict is not Verdict.FAIL or fails:
        return replace(outcome, findings=left)
    return replace(outcome, findings=left, verdict=Verdict.INCONCLUSIVE, note=TOLD_ELSEWHERE)


def _verdict(findings: Sequence[Finding], exchanges: Sequence[Exchange]) -> Verdict:
    severities = {finding.severity for finding in findings}
    if Severity.FAIL in severities:
        return Verdict.FAIL
    if Severity.WARN in severities:
        return Verdict.WARN
    kept = [e.answer for e in exchanges if isinstance(e.answer, Unsent)]
    if len(kept) == len(exchanges) and any(a.reason is not UnsentReason.DRY for a in kept):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if findings else Verdict.INCONCLUSIVE


# --- money ------------------------------------------------------------------------------------


def spending(contract: Contract, tape: Tape) -> Spending:
    """What finding out cost: the fall of the balance where it was read, else known prices."""
    sent = [e for e in tape if not isinstance(e.answer, Unsent)]
    paid = [e for e in sent if e.request.spends and e.request.purpose is Purpose.CALL]
    before, after = _balances(contract, sent, paid)
    return Spending(
        requests=len(sent),
        paid_requests=len(paid),
        credits_spent=_spent(contract, paid, before, after),
        credits_before=before,
        credits_after=after,
    )


def _balances(
    contract: Contract, sent: Sequence[Exchange], paid: Sequence[Exchange]
) -> tuple[float | None, float | None]:
    """The last balance read before the first paid call, and the last one after the last."""
    first = paid[0].position if paid else len(sent)
    last = paid[-1].position if paid else -1
    before = after = None
    for exchange in sent:
        credit = balance(contract, exchange)
        if credit is not None and exchange.position < first:
            before = credit
        if credit is not None and exchange.position > last:
            after = credit
    return before, after if paid else None


def balance(contract: Contract, exchange: Exchange) -> float | None:
    """The credits that a balance answer tells."""
    if exchange.request.operation != contract.roles.get("balance") or exchange.response is None:
        return None
    reading = contract.read(exchange.response, exchange.request.operation)
    found = dig(reading.body, contract.roles.get("balance_field", "")) if reading.ok else []
    value = found[0] if found else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _spent(
    contract: Contract, paid: Sequence[Exchange], before: float | None, after: float | None
) -> float | None:
    accepted = [e for e in paid if _accepted(contract, e)]
    if not accepted:
        return 0.0 if not any(ambiguous(contract, e) for e in paid) else _fall(before, after)
    measured = _fall(before, after)
    if measured is not None:
        return measured
    prices = [exchange.request.credits for exchange in accepted]
    known = [price for price in prices if price is not None]
    return sum(known) if len(known) == len(prices) else None


def _fall(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(before - after, 6)


def _accepted(contract: Contract, exchange: Exchange) -> bool:
    if isinstance(exchange.answer, Fault) or exchange.response is None:
        return False
    known = contract.of(exchange.request.provider)
    return known.read(exchange.response, exchange.request.operation).ok


# --- creates whose outcome nobody knows -------------------------------------------------------


def _ambiguous(contract: Contract, tape: Tape) -> Iterable[Ambiguous]:
    found = [exchange for exchange in tape if ambiguous(contract, exchange)]
    looked_up = _looked_up(spending(contract, tape)) if found else ""
    for exchange in found:
        answer = exchange.answer
        yield Ambiguous(
            operation=exchange.request.operation or exchange.request.url,
            position=exchange.position,
            started_s=exchange.started_s,
            why=answer.message if isinstance(answer, Fault) else f"HTTP {_status(exchange)}",
            looked_up=looked_up,
        )


def _looked_up(spent: Spending) -> str:
    """No list of recent jobs is documented everywhere, but a balance that fell tells as much."""
    fall = _fall(spent.credits_before, spent.credits_after)
    if fall is None:
        return ""
    if fall > 0:
        return f"the balance fell by {fall:g} credits: the call was accepted and charged"
    return "the balance has not fallen: nothing was charged so far"


def _status(exchange: Exchange) -> int:
    return exchange.response.status if exchange.response else 0


def running_jobs(contract: Contract, tape: Tape) -> tuple[str, ...]:
    """Ids of jobs that were created and whose last known state is not final."""
    from diagnostics.jobs import stories  # noqa: PLC0415  # only an interrupted run asks

    return tuple(
        story.id
        for story in stories(contract, tape)
        if story.id and not (story.last and story.last.state and story.last.state.final)
    )


def with_running_jobs(contract: Contract, report: Report) -> Report:
    """The report of an interrupted run, its running jobs listed."""
    return replace(report, interrupted=True, running_jobs=running_jobs(contract, report.tape))
