"""Could the provider fetch each input of a call, and is it what the call needs?

A pure reading of a tape: the media scenario and `diagnostics media` both use it. Certainties: a
404 is as good as proof; a 403 may be meant for our address alone; a limit that nobody documents
warns where a documented one fails.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from diagnostics import media
from diagnostics.checking.url import REACH
from diagnostics.contract import Contract
from diagnostics.finding import Finding, Rule
from diagnostics.inspection import content_rules, rules
from diagnostics.inspection.link import (
    Input,
    ending,
    ends_s,
    host,
    inputs,
    near,
    onward,
    redirects,
    service,
    trouble,
)
from diagnostics.inspection.names import misnamed, mistyped
from diagnostics.model import (
    Blame,
    Certainty,
    Exchange,
    Fault,
    FaultKind,
    MediaFacts,
    Purpose,
    Response,
    Severity,
    Tape,
    Unsent,
)
from diagnostics.promise import MediaLimits, Operation, StateKind

SLOW_S = 10.0
EXPIRING_S = 3600.0

_ANY = MediaLimits(role="any")
_NO_ADDRESS = frozenset(
    {"url-file-path", "url-data", "url-no-scheme", "url-scheme", "url-malformed", "url-space"}
)
_PLACEHOLDERS = frozenset({"url-placeholder", "url-template", "url-reserved"})
_FAULTS: Mapping[FaultKind, tuple[Rule, float]] = {
    FaultKind.DNS: (rules.HOST_UNKNOWN, 0.8),
    FaultKind.REFUSED: (rules.NO_CONNECTION, 0.8),
    FaultKind.CONNECT: (rules.NO_CONNECTION, 0.75),
    FaultKind.CONNECT_TIMEOUT: (rules.NO_CONNECTION, 0.7),
    FaultKind.TLS: (rules.CERTIFICATE, 0.8),
    FaultKind.PROXY: (rules.PROXY, 0.8),
    FaultKind.BAD_REQUEST: (rules.NOT_AN_ADDRESS, 0.9),
    FaultKind.CUT_BODY: (rules.CUT, 0.75),
    FaultKind.REDIRECTS: (rules.REDIRECTS, 0.9),
}
_NO_ANSWER = (rules.NO_ANSWER, 0.7)
_OWN_NETWORK = frozenset(
    {FaultKind.DNS, FaultKind.CONNECT, FaultKind.CONNECT_TIMEOUT, FaultKind.PROXY, FaultKind.TLS}
)
_STATUSES = {404: 0.95, 410: 0.95, 401: 0.85, 403: 0.8, 451: 0.8, 429: 0.6}
_FORBIDDEN = frozenset({401, 403, 451})
_SURE = {Certainty.DOCUMENTED: 0.9, Certainty.OBSERVED: 0.85, Certainty.INFERRED: 0.6}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Witness:
    """One input with the exchanges that fetched it, and what is known around it."""

    item: Input
    chain: tuple[Exchange, ...]
    causes: frozenset[str]
    local: bool
    cut_off: bool
    """This machine reaches nobody: what it cannot fetch proves nothing."""

    @property
    def limits(self) -> MediaLimits:
        return self.item.limits or _ANY

    def finding(
        self, rule: Rule, *, sure: float, kind: str = "unreachable", **facts: object
    ) -> Finding:
        """A finding about this input; `kind` picks the code that the provider would answer."""
        code = self.limits.codes.get(kind) if rule.severity is Severity.FAIL else None
        causing = rule.severity is Severity.FAIL and rule.blame is Blame.MEDIA
        return Finding(
            rule=rule,
            subject=self.item.parameter,
            facts={"host": host(self.item.url), "likely": f" → {code}" if code else "", **facts},
            evidence=tuple(exchange.position for exchange in self.chain),
            certainty=sure,
            code=code,
            explains=self.causes | ({code} if code else set()) if causing else frozenset(),
        )


def judge(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """What can be said of every input on the tape and in the planned call."""
    plan = tape.case.plan
    operation = contract.operations.get(plan.operation) if plan else None
    yield from of_inputs(contract, tape, operation, inputs(operation, plan.body if plan else None))


def of_inputs(
    contract: Contract, tape: Tape, operation: Operation | None, items: Iterable[Input]
) -> Iterator[Finding]:
    """The same of inputs that the caller names, by the labels of their fetches."""
    chains = _chains(tape)
    wanted = {item.parameter: item for item in items}
    for name, chain in chains.items():
        wanted.setdefault(name, Input(parameter=name, url=chain[0].request.url))
    causes, local, cut_off = _causes(contract, operation), near(tape.case), _cut_off(tape)
    for item in wanted.values():
        witness = _Witness(
            item=item,
            chain=tuple(chains.get(item.parameter, ())),
            causes=causes,
            local=local,
            cut_off=cut_off,
        )
        yield from _one(witness)


def of_file(facts: MediaFacts, item: Input) -> list[Finding]:
    """The same of a file on this disk, which nobody fetched."""
    witness = _Witness(item=item, chain=(), causes=frozenset(), local=True, cut_off=False)
    found = [*_content(witness, facts), *_named(witness, facts)]
    return [*found, *_fine(witness, facts, found)]


def _chains(tape: Tape) -> dict[str, list[Exchange]]:
    """The fetches of each input in order; a later conversation replaces an earlier one."""
    chains: dict[str, list[Exchange]] = {}
    for exchange in tape:
        request = exchange.request
        ours = request.purpose is Purpose.MEDIA and request.label != "output"
        if not ours or exchange.scenario not in {"", "media"}:
            continue
        chain = chains.setdefault(request.label or host(request.url), [])
        if chain and chain[-1].conversation != exchange.conversation:
            chain.clear()
        chain.append(exchange)
    return chains


def _causes(contract: Contract, operation: Operation | None) -> frozenset[str]:
    """The codes and final states that an unfit input of this operation brings about."""
    if operation is None:
        return frozenset()
    told = {
        code
        for limits in operation.media.values()
        for kind, code in limits.codes.items()
        if kind in {"unreachable", "format"}
    }
    if not told:
        listed = operation.codes or contract.errors
        told = {code for code, e in contract.errors.items() if e.inspect_inputs and code in listed}
    states = operation.job.states.values() if operation.job else ()
    return frozenset(told | {state.value for state in states if state.kind is StateKind.FAILED})


def _cut_off(tape: Tape) -> bool:
    """Nobody at all answers, the provider neither: then it is our own network."""
    others = [e.answer for e in tape if e.request.purpose is not Purpose.MEDIA]
    faults = [a for e in tape if isinstance(a := e.answer, Fault)]
    answered = any(e.response is not None for e in tape)
    told = any(isinstance(answer, Fault) for answer in others)
    return told and not answered and all(fault.kind in _OWN_NETWORK for fault in faults)


# --- one input --------------------------------------------------------------------------------


def _one(witness: _Witness) -> Iterator[Finding]:
    kind = trouble(witness.item.url, local=witness.local)
    if kind in _NO_ADDRESS:
        yield witness.finding(rules.NOT_AN_ADDRESS, sure=0.95)
        return  # whatever a driver made of it
    if kind in _PLACEHOLDERS:
        yield witness.finding(rules.PLACEHOLDER, sure=0.9)
    private = _private(witness, kind)
    if private is not None:
        yield private
    found = list(_fetched(witness))
    yield from (f for f in found if private is None or f.rule not in _UNREACHABLE)


def _private(witness: _Witness, kind: str | None) -> Finding | None:
    """The address, or the one it redirects to, is of a host that only we can reach."""
    if kind == "url-local":
        return witness.finding(rules.PRIVATE, sure=0.95)
    final = (onward(witness.chain[-1]) or witness.chain[-1].request.url) if witness.chain else ""
    if final and not witness.local and trouble(final, local=False) in REACH:
        return witness.finding(rules.PRIVATE, sure=0.9, host=host(final))
    return None


_UNREACHABLE = frozenset(
    {rule for rule, _ in (*_FAULTS.values(), _NO_ANSWER)}
    | {rules.STATUS, rules.FORBIDDEN, rules.EXPIRED, rules.NOT_FETCHED}
)


def _fetched(witness: _Witness) -> Iterator[Finding]:
    if not witness.chain:
        yield witness.finding(rules.NOT_FETCHED, sure=0.9, detail="no request")
        return
    answer = witness.chain[-1].answer
    if isinstance(answer, Unsent):
        yield witness.finding(rules.NOT_FETCHED, sure=0.9, detail=answer.reason.value)
    elif isinstance(answer, Fault):
        yield _fault(witness, answer)
    elif redirects(witness.chain[-1]):
        hops, detail = len(witness.chain), f"HTTP {answer.status}"
        yield witness.finding(rules.REDIRECTS, sure=0.9, hops=hops, detail=detail)
    elif not 200 <= answer.status < 300:  # noqa: PLR2004  # HTTP's range of success
        yield _refused(witness, answer.status)
    else:
        yield from _served(witness, answer)


def _fault(witness: _Witness, fault: Fault) -> Finding:
    rule, sure = _FAULTS.get(fault.kind, _NO_ANSWER)
    name = host(witness.chain[-1].request.url)
    hops = len(witness.chain) - 1
    found = witness.finding(rule, sure=sure, host=name, detail=fault.message, hops=hops)
    if not witness.cut_off:
        return found
    return replace(
        found, severity=Severity.WARN, blame=Blame.NETWORK, certainty=0.5, explains=frozenset()
    )


def _refused(witness: _Witness, status: int) -> Finding:
    last = witness.chain[-1]
    name = host(last.request.url)
    over_s = last.started_s - (_ends_s(witness) or last.started_s)
    if status in {400, *_FORBIDDEN} and over_s > 0:
        ago = _clock_time(over_s)
        return witness.finding(rules.EXPIRED, sure=0.95, status=status, ago=ago, host=name)
    rule = rules.FORBIDDEN if status in _FORBIDDEN else rules.STATUS
    return witness.finding(rule, sure=_STATUSES.get(status, 0.75), status=status, host=name)


def _ends_s(witness: _Witness) -> float | None:
    return ends_s(witness.chain[-1].request.url)


def _clock_time(duration_s: float) -> str:
    """Hours, minutes and seconds, in no language."""
    minutes, seconds = divmod(int(min(duration_s, 1e9)), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


# --- what came --------------------------------------------------------------------------------


def _served(witness: _Witness, response: Response) -> Iterator[Finding]:
    facts = response.media or media.inspect(response.body, complete=not response.truncated)
    length = response.header("content-length") or ""
    if response.truncated and length.isdecimal() and len(length) < 16:  # noqa: PLR2004  # petabytes
        facts = replace(facts, size_bytes=max(facts.size_bytes, int(length)))
    found = [*_content(witness, facts)]
    if not any(finding.severity is Severity.FAIL for finding in found):
        found += [*_named(witness, facts), *_typed(witness, response, facts)]
    found += _transport(witness, has_length=bool(length))
    yield from found
    yield from _fine(witness, facts, found)


def _content(witness: _Witness, facts: MediaFacts) -> Iterator[Finding]:
    if facts.container == "empty":
        yield witness.finding(content_rules.EMPTY, kind="format", sure=0.95)
    elif facts.container == "html" and (
        witness.limits is _ANY or not media.fits(facts, witness.limits)
    ):
        final = witness.chain[-1].request.url if witness.chain else ""
        shared = service(witness.item.url) or service(final)
        rule = content_rules.SHARE_PAGE if shared else content_rules.PAGE
        yield witness.finding(rule, kind="format", sure=0.93, service=shared, host=host(final))
    else:
        for breach in media.breaches(facts, witness.limits):
            yield _breach(witness, facts, breach)


def _breach(witness: _Witness, facts: MediaFacts, breach: media.Breach) -> Finding:
    kind = "format" if breach.kind == "undecodable" else breach.kind
    shown = {"seen": breach.seen, "limit": breach.limit, "container": facts.container}
    if breach.advice:
        return witness.finding(content_rules.FPS_ADVISED, sure=0.6, **shown)
    rule = content_rules.BREACHES[breach.kind]
    if breach.kind == "audio" and facts.has_audio:
        rule = content_rules.AUDIO_FORBIDDEN
    if breach.kind == "undecodable" or not media.of_role(facts, witness.limits):
        return witness.finding(rule, kind=kind, sure=0.9, **shown)
    certainty = witness.limits.source.certainty
    found = witness.finding(rule, kind=kind, sure=_SURE[certainty], **shown)
    guessed = certainty is Certainty.INFERRED
    return replace(found, severity=Severity.WARN) if guessed else found


def _named(witness: _Witness, facts: MediaFacts) -> Iterator[Finding]:
    end = ending(witness.chain[0].request.url if witness.chain else witness.item.url)
    if misnamed(end, facts):
        yield witness.finding(
            content_rules.NAME_MISMATCH, sure=0.5, ending=end, container=facts.container
        )


def _typed(witness: _Witness, response: Response, facts: MediaFacts) -> Iterator[Finding]:
    declared = (response.header("content-type") or "").partition(";")[0].strip().lower()
    if mistyped(declared, facts):
        yield witness.finding(
            content_rules.TYPE_MISMATCH,
            sure=0.5,
            declared=declared,
            container=facts.container,
        )


def _transport(witness: _Witness, *, has_length: bool) -> Iterator[Finding]:
    last, hops = witness.chain[-1], len(witness.chain) - 1
    name = host(last.request.url)
    if hops:
        yield witness.finding(rules.REDIRECTED, sure=0.9, hops=hops, final=name)
    took_s = sum(exchange.duration_s for exchange in witness.chain)
    if took_s > SLOW_S:
        yield witness.finding(rules.SLOW, sure=0.7, seconds=f"{took_s:.0f}", host=name)
    if not has_length:
        yield witness.finding(rules.NO_LENGTH, sure=0.9, host=name)
    left_s = (_ends_s(witness) or last.started_s + EXPIRING_S) - last.started_s
    if 0 < left_s < EXPIRING_S:
        yield witness.finding(rules.EXPIRING, sure=0.7, left=_clock_time(left_s))


def _fine(witness: _Witness, facts: MediaFacts, found: list[Finding]) -> Iterator[Finding]:
    if all(finding.severity is not Severity.FAIL for finding in found):
        yield witness.finding(content_rules.FINE, sure=0.9, what=media.describe(facts))
