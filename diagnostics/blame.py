"""Whose fault is it? Chooses one blame among the findings, says how sure, and what it is not.

A cause upstream of a symptom wins: 1015 ("create video error") with an input nobody can fetch is
`media`, not `provider`. Where the evidence does not decide, `undecided` is said openly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from diagnostics.contract import Contract, dig
from diagnostics.finding import Excluded, Finding, Judgement, Outcome
from diagnostics.model import (
    Blame,
    Exchange,
    Purpose,
    Severity,
    Tape,
    TargetKind,
    Text,
    Unsent,
    UnsentReason,
    Verdict,
)

CHAIN = (
    Blame.NETWORK,
    Blame.ENDPOINT,
    Blame.CREDENTIALS,
    Blame.ACCOUNT,
    Blame.RATE_LIMIT,
    Blame.QUOTA,
    Blame.PARAMETERS,
    Blame.MEDIA,
    Blame.CONTENT_POLICY,
    Blame.PROVIDER,
    Blame.DELIVERY,
    Blame.CLIENT,
    Blame.UNDECIDED,
)
"""The order in which a call meets its obstacles: an earlier one hides the later ones."""

_OF_THE_WAY = frozenset({Blame.NETWORK, Blame.ENDPOINT, Blame.RATE_LIMIT, Blame.PROVIDER})

SURE_ENOUGH = 0.5
"""Below this nobody is blamed."""

INPUTS_FINE = 0.7
"""How sure the provider is at fault when every input was fetched and is fit (our estimate: no
page says what else makes a picture or a sound unfit, a hidden face for one)."""

INPUTS_FINE_MOST = 0.85

NO_INPUTS = 0.6
"""The same where the call takes no file at all."""

UNSEEN = 0.45
"""How sure the provider is at fault for a failed job whose inputs nobody found sound."""

INTERCEPTED = 0.7
"""How sure somebody in between answers, where a portal's page was seen."""

JOB_FAILED = "job-failed"
JOB_FINISHED = "job-finished"
PORTAL = "network-captive-portal"
NOT_FETCHED = "media-not-fetched"

KEY_WORKED = 0.6
"""How sure the key is at fault when another call took it: a token may end, a right may lack."""

INPUTS_SOUND = Text(
    en="Every input file was fetched and is fit as far as the documentation tells, so it is "
    "hardly your files: wait some minutes, try once more, then send this report to support.",
    ru="Все входные файлы скачались и подходят, насколько известно из документации, так что дело "
    "вряд ли в них: подождите несколько минут, повторите один раз и отправьте отчёт в поддержку.",
)

NOT_RUN = Text(
    en="not run: an earlier scenario had already decided, or the run ended before its turn",
    ru="не выполнялся: исход уже решил предыдущий сценарий, или запуск закончился раньше",
)

CLEARS: Mapping[str, tuple[Blame, Text]] = {
    "parameters": (
        Blame.PARAMETERS,
        Text(
            en="the request meets every documented rule",
            ru="запрос соответствует всем правилам документации",
        ),
    ),
    "network": (
        Blame.NETWORK,
        Text(
            en="the host resolves, connects and answers",
            ru="хост находится, соединяется и отвечает",
        ),
    ),
    "credentials": (
        Blame.CREDENTIALS,
        Text(
            en="an authenticated read with the same key was answered",
            ru="чтение с тем же ключом прошло успешно",
        ),
    ),
    "endpoints": (
        Blame.ENDPOINT,
        Text(en="every address of this call answers", ru="все адреса этого вызова отвечают"),
    ),
    "quota": (
        Blame.QUOTA,
        Text(
            en="the balance is not known to fall short of the call",
            ru="нет признаков того, что баланса не хватит на вызов",
        ),
    ),
    "media": (
        Blame.MEDIA,
        Text(
            en="every input file was fetched and is fit",
            ru="все входные файлы скачались и подходят",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What the scenarios found, sorted for deciding."""

    fails: list[Finding]
    warns: list[Finding]
    clear: dict[str, Outcome]
    """Scenarios that looked and found nothing to fail."""


def blame(contract: Contract, tape: Tape, outcomes: Sequence[Outcome]) -> Judgement:
    """The verdict, its one blame, the deciding findings, what was excluded."""
    seen = _evidence(weighed(contract, tape, outcomes))
    excluded = tuple(one for one in _excluded(seen) if _checked(tape, seen, one))
    if seen.fails:
        return _failed(seen, excluded, _beside(contract, tape, seen.fails))
    missing = {exchange.position for exchange in tape if unrecorded(exchange)}
    if missing or not _looked(tape, outcomes) or _mute(tape, seen):
        told = tuple(one for one in seen.warns if not missing.isdisjoint(one.evidence))
        return Judgement(
            verdict=Verdict.INCONCLUSIVE, blame=Blame.UNDECIDED, certainty=0.0, because=told
        )
    if seen.warns:
        worst = max(seen.warns, key=_weight)
        return Judgement(
            verdict=Verdict.WARN,
            blame=worst.blame,
            certainty=worst.certainty,
            because=(worst, *(w for w in seen.warns if w is not worst)),
            excluded=tuple(e for e in excluded if e.blame is not worst.blame),
            code=worst.code,
        )
    if _withheld(tape):
        return Judgement(verdict=Verdict.PASS, blame=Blame.NONE, certainty=0.6, excluded=excluded)
    return Judgement(verdict=Verdict.PASS, blame=Blame.NONE, certainty=0.9, excluded=excluded)


def weighed(contract: Contract, tape: Tape, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The same outcomes, each finding as sure as the others make it. Twice changes nothing."""
    clear = _clear(outcomes)
    plan = tape.case.plan
    planned = contract.operations.get(plan.operation) if plan else None
    given = plan.body if plan else None
    inputless = planned is not None and not any(dig(given, place) for place in planned.media)

    finished = "job" in clear and any(f.rule.code == JOB_FINISHED for f in clear["job"].findings)

    def again(finding: Finding) -> Finding:
        if finished and _balance_only(contract, finding):
            return replace(finding, severity=Severity.WARN)
        return _weighed(contract, finding, clear, inputless=inputless)

    return tuple(_with(o, tuple(map(again, o.findings))) for o in outcomes)


def _balance_only(contract: Contract, finding: Finding) -> bool:
    """The call itself went to its good end: that the balance cannot be read is no failure."""
    failed = finding.severity is Severity.FAIL
    return failed and finding.subject == contract.roles.get("balance")


def _with(outcome: Outcome, findings: tuple[Finding, ...]) -> Outcome:
    """The outcome with other weights; one that failed only by what now warns, warns."""
    failing = any(finding.severity is Severity.FAIL for finding in findings)
    relieved = outcome.verdict is Verdict.FAIL and not failing
    return replace(
        outcome, findings=findings, verdict=Verdict.WARN if relieved else outcome.verdict
    )


def _clear(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    return {
        o.scenario: o
        for o in outcomes
        if o.note is None and o.verdict in {Verdict.PASS, Verdict.WARN} and not _unseen(o)
    }


def _unseen(outcome: Outcome) -> bool:
    """An input that nobody fetched is neither fit nor unfit: nothing is cleared by it."""
    return any(finding.rule.code == NOT_FETCHED for finding in outcome.findings)


def _evidence(outcomes: Sequence[Outcome]) -> _Evidence:
    every = [finding for outcome in outcomes for finding in outcome.findings]
    return _Evidence(
        fails=[f for f in every if f.severity is Severity.FAIL],
        warns=[f for f in every if f.severity is Severity.WARN],
        clear=_clear(outcomes),
    )


def _weighed(
    contract: Contract, finding: Finding, clear: Mapping[str, Outcome], *, inputless: bool
) -> Finding:
    """What may come from the inputs blames the provider only once they were looked at."""
    if _contradicted(finding, clear):
        return replace(finding, certainty=min(finding.certainty, KEY_WORKED))
    if _intercepted(finding, clear):
        return replace(finding, blame=Blame.NETWORK, certainty=INTERCEPTED)
    known = contract.errors.get(finding.code or "")
    coded = finding.rule.code == "answer-business-code" and known and known.inspect_inputs
    ended = finding.rule.code == JOB_FAILED and finding.blame is Blame.PROVIDER
    if not (coded or ended) or finding.facts.get("remedy_en") == INPUTS_SOUND.en:
        return finding
    if inputless:
        return replace(finding, certainty=max(finding.certainty, NO_INPUTS))
    return _by_inputs(finding, clear, ended=ended)


def _by_inputs(finding: Finding, clear: Mapping[str, Outcome], *, ended: bool) -> Finding:
    looked_at = clear.get("media")
    suspects = [f for f in looked_at.findings if f.severity is Severity.WARN] if looked_at else []
    if ended:
        seen = looked_at is not None and not any(suspect.explains for suspect in suspects)
        return finding if seen else replace(finding, certainty=UNSEEN)
    if looked_at is None or any(finding.code in suspect.explains for suspect in suspects):
        # an input may well be the cause: the code decides nothing, however often it comes
        return replace(finding, certainty=min(finding.certainty, UNSEEN))
    return _inputs_sound(finding, doubted=bool(suspects) or _doubted(clear, "quota", Blame.QUOTA))


def _inputs_sound(finding: Finding, *, doubted: bool) -> Finding:
    surer = INPUTS_FINE + max(0.0, finding.certainty - 0.45) - (0.2 if doubted else 0.0)
    facts = {**finding.facts, "remedy_en": INPUTS_SOUND.en, "remedy_ru": INPUTS_SOUND.ru}
    return replace(finding, facts=facts, certainty=min(INPUTS_FINE_MOST, round(surer, 2)))


def _intercepted(finding: Finding, clear: Mapping[str, Outcome]) -> bool:
    """A page or a redirect in an answer's place, where the host's root showed a stranger's page."""
    way = clear["network"].findings if "network" in clear else ()
    return (
        finding.blame is Blame.ENDPOINT
        and finding.severity is Severity.FAIL
        and finding.rule.code in {"answer-not-json", "answer-http-status"}
        and any(one.rule.code == PORTAL for one in way)
    )


def _contradicted(finding: Finding, clear: Mapping[str, Outcome]) -> bool:
    """The key is refused although the provider took it for a free read of this very run."""
    return (
        finding.blame is Blame.CREDENTIALS
        and finding.severity is Severity.FAIL
        and "credentials" in clear
    )


def _missing(finding: Finding) -> bool:
    return finding.rule.code in {"endpoint-missing", "answer-no-such-address"}


def _beside(contract: Contract, tape: Tape, fails: Sequence[Finding]) -> list[Finding]:
    """Trouble of other calls: once the planned one was answered with a code, it is not the cause.

    A balance that cannot be read does not make a create fail with 1015.
    """
    planned = tape.case.plan.operation if tape.case.plan else ""
    if not any(f.subject == planned and f.rule.code == "answer-business-code" for f in fails):
        gone = [f for f in fails if f.subject == contract.roles.get("balance") and _missing(f)]
        sure = any(f not in gone and f.certainty >= SURE_ENOUGH for f in fails)
        return gone if sure else []
    return [
        f
        for f in fails
        if f.subject != planned and f.subject in contract.operations and f.blame in _OF_THE_WAY
    ]


def _failed(
    seen: _Evidence, excluded: tuple[Excluded, ...], beside: Sequence[Finding]
) -> Judgement:
    central = [f for f in seen.fails if f not in beside]
    symptoms = {f.code for f in central if f.code and not f.explains}
    causes = [f for f in central if f.explains & symptoms and f.certainty >= SURE_ENOUGH]
    deciding = min(causes or central, key=_rank)
    agreeing = [f for f in central if f.blame is deciding.blame]
    certainty = max(f.certainty for f in agreeing)
    rest = (f for f in [*central, *beside] if f is not deciding)
    because = [deciding, *rest]
    blamed = deciding.blame if certainty >= SURE_ENOUGH else Blame.UNDECIDED
    undecided = blamed is Blame.UNDECIDED
    return Judgement(
        verdict=Verdict.INCONCLUSIVE if undecided else Verdict.FAIL,
        blame=blamed,
        certainty=round(certainty, 2),
        because=tuple(because),
        excluded=tuple(e for e in excluded if e.blame is not blamed),
        code=_code(deciding, agreeing, symptoms),
    )


def _code(deciding: Finding, agreeing: Sequence[Finding], symptoms: set[str]) -> str | None:
    explained = sorted(deciding.explains & symptoms)
    if explained:
        return explained[0]
    return deciding.code or next((f.code for f in agreeing if f.code), None)


def _rank(finding: Finding) -> tuple[bool, int, float]:
    """Decided ones first, then in the order of the chain, the surest first."""
    weak = finding.certainty < SURE_ENOUGH or finding.blame is Blame.UNDECIDED
    place = CHAIN.index(finding.blame) if finding.blame in CHAIN else len(CHAIN)
    return weak, place, -finding.certainty


def _weight(finding: Finding) -> tuple[bool, float]:
    """A warning about a provider's code or with a blame outweighs one without."""
    return finding.code is not None, finding.certainty


def _excluded(seen: _Evidence) -> Iterable[Excluded]:
    failed = {finding.blame for finding in seen.fails}
    for scenario, (cleared, why) in CLEARS.items():
        outcome = seen.clear.get(scenario)
        if (
            outcome is not None
            and cleared not in failed
            and not _doubted(seen.clear, scenario, cleared)
        ):
            evidence = dict.fromkeys(n for f in outcome.findings for n in f.evidence)
            yield Excluded(blame=cleared, why=why, evidence=tuple(evidence)[:10])


def _checked(tape: Tape, seen: _Evidence, one: Excluded) -> bool:
    """A log may tell of polls and not of the call itself: that was then never held to the rules."""
    if tape.case.target.kind is not TargetKind.IMPORTED or one.blame is not Blame.PARAMETERS:
        return True
    planned = tape.case.plan.operation if tape.case.plan else ""
    return any(found.subject == planned for found in seen.clear["parameters"].findings)


def _doubted(clear: Mapping[str, Outcome], scenario: str, cleared: Blame) -> bool:
    findings = clear[scenario].findings if scenario in clear else ()
    doubts = {f.blame for f in findings if f.severity is Severity.WARN}
    return bool(doubts & {cleared, Blame.UNDECIDED})


def _looked(tape: Tape, outcomes: Sequence[Outcome]) -> bool:
    """Something was checked: a request answered, or one judged that was only to be built."""
    checked = any(
        not isinstance(e.answer, Unsent) or e.answer.reason is UnsentReason.DRY for e in tape
    )
    return checked and not any(outcome.note == NOT_RUN for outcome in outcomes)


def _mute(tape: Tape, seen: _Evidence) -> bool:
    """A stranger's capture of which no judge had anything to say."""
    return tape.case.target.kind is TargetKind.IMPORTED and not seen.clear


def unrecorded(exchange: Exchange) -> bool:
    """A replay was asked what it never recorded: what it would have answered is not known."""
    answer = exchange.answer
    return isinstance(answer, Unsent) and answer.reason is UnsentReason.NOT_RECORDED


def _withheld(tape: Tape) -> bool:
    """The call itself was kept back, so its health was never seen."""
    return not tape.case.target.emulated and any(
        isinstance(e.answer, Unsent)
        and e.answer.reason is not UnsentReason.DRY
        and e.request.purpose is Purpose.CALL
        for e in tape
    )
