"""Is the key there, is it whole, and does the provider accept it?

First facts about the key, then one free authenticated read. A key that works is never blamed for
its looks, and no key is blamed for a network that does not answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.finding import Finding
from diagnostics.model import (
    LANGUAGES,
    Ask,
    Blame,
    Case,
    Exchange,
    Fault,
    FaultKind,
    KeyFacts,
    Purpose,
    Severity,
    Tape,
    TargetKind,
    Text,
    Unsent,
)
from diagnostics.promise import Scheme
from diagnostics.scenario import Scenario
from scenarios._credentials_rules import (
    ACCEPTED,
    BOTH,
    CHOICE,
    ILLEGAL,
    INCOMPLETE,
    KEY_RULES,
    LOOKS,
    MISSING,
    ORIGINS,
    RULES,
    SHAPES,
    UNSENDABLE,
)

NAME = "credentials"


def offered(contract: Contract, _case: Case) -> Text | None:
    """Only a provider with a free authenticated read can be asked about a key."""
    if contract.probe:
        return None
    return Text(
        en="the contract names no free authenticated read",
        ru="в контракте нет бесплатного чтения с аутентификацией",
    )


def ask(contract: Contract, _case: Case) -> Ask:
    """One free authenticated read."""
    yield from contract.probing()


def judge(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """Key facts in the light of what the provider said to the key."""
    reads = _reads(contract, tape)
    said = _Said(contract, reads, taken=_taken(contract, tape))
    yield from _both_headers(contract, tape)
    yield from _absent(contract, tape.case, said)
    keys = list(_keys(contract, tape.case, said))
    yield from keys
    if said.accepted:
        yield _accepted(contract, tape.case, said)
    for read in said.last:
        dirty = _never_left(read) and any(f.severity is Severity.FAIL for f in keys)
        if not dirty:
            yield from answers.findings(contract, read)


# --- what the provider said -------------------------------------------------------------------


def _reads(contract: Contract, tape: Tape) -> list[Exchange]:
    """Our own authenticated reads and token purchases, and those of an imported capture."""
    wanted = {contract.probe, contract.roles.get("token")} - {None, ""}
    reads = [
        exchange
        for exchange in tape
        if exchange.scenario in {NAME, ""}
        and exchange.request.purpose is Purpose.CALL
        and exchange.request.operation in wanted
        and not isinstance(exchange.answer, Unsent)
    ]
    refused = [e for e in _foreign(tape) if e not in reads and _refusal(contract, e) is not None]
    reads += refused[-1:]
    return sorted(reads, key=lambda exchange: exchange.started_s)


def _foreign(tape: Tape) -> Iterator[Exchange]:
    """Calls that somebody else's program made with its key."""
    if tape.case.target.kind is TargetKind.IMPORTED and tape.case.auth_headers:
        yield from (e for e in tape if e.request.purpose is Purpose.CALL and e.response)


def _taken(contract: Contract, tape: Tape) -> bool:
    """The key of a capture was good for a call; that none was made to try it is no matter."""
    calls = [e for e in _foreign(tape) if e.request.authenticated and e.request.operation]
    return bool(calls) and answers.succeeded(contract, calls[-1])


class _Said:
    """The last word on each read: accepted, refused with a code, never left, or nothing."""

    def __init__(
        self, contract: Contract, reads: Iterable[Exchange], *, taken: bool = False
    ) -> None:
        latest = {exchange.request.operation: exchange for exchange in reads}
        self.last = tuple(latest.values())
        self.probe = latest.get(contract.probe)
        probed = self.probe is not None and answers.succeeded(contract, self.probe)
        self.accepted = probed or taken
        codes = [code for read in self.last if (code := _refusal(contract, read)) is not None]
        self.refusal = codes[-1] if codes and not self.accepted else None
        self.never_left = any(_never_left(read) for read in self.last)
        self.answered = any(read.response for read in self.last)
        self.failed = any(isinstance(read.answer, Fault) for read in self.last)


def _refusal(contract: Contract, exchange: Exchange) -> str | None:
    """The code with which the provider turned the credentials down."""
    response = exchange.response
    if response is None:
        return None
    reading = contract.read(response, exchange.request.operation)
    if reading.ok:
        return None
    if reading.code is None:
        return str(response.status) if response.status in {401, 403} else None
    known = contract.errors.get(reading.code)
    blames = (known.blame, *known.alternatives) if known else ()
    return reading.code if Blame.CREDENTIALS in blames else None


def _never_left(exchange: Exchange) -> bool:
    answer = exchange.answer
    return isinstance(answer, Fault) and answer.kind is FaultKind.BAD_REQUEST


def _accepted(contract: Contract, case: Case, said: _Said) -> Finding:
    used = _used(contract, case)
    origins = {fact.name: fact.origin for fact in case.keys if fact.present}
    names = [name for scheme in used[:1] for name in scheme.variables if name in origins]
    how = {
        language: ", ".join(
            [
                *(scheme.header for scheme in used[:1]),
                *(f"{name} ({_origin(origins[name], language)})" for name in names),
            ]
        )
        for language in LANGUAGES
    }
    return Finding(
        rule=ACCEPTED,
        subject=said.probe.request.operation or "" if said.probe else "",
        facts={"how_en": how["en"] or "HTTP", "how_ru": how["ru"] or "HTTP"},
        evidence=_positions(said.last),
        certainty=0.98,
    )


def _origin(origin: str, language: str) -> str:
    known = ORIGINS.get(origin)
    return known.in_language(language) if known else origin


def _positions(exchanges: Iterable[Exchange]) -> tuple[int, ...]:
    return tuple(exchange.position for exchange in exchanges)


# --- which way to authenticate ----------------------------------------------------------------


def _used(contract: Contract, case: Case) -> list[Scheme]:
    """The schemes whose header is sent, the one that wins first (`Authorization`, if both are)."""
    sent = {name.lower() for name in case.auth_headers}
    schemes = [scheme for scheme in contract.schemes if scheme.header.lower() in sent]
    return sorted(schemes, key=lambda scheme: scheme.header.lower() != "authorization")


def _both_headers(contract: Contract, tape: Tape) -> Iterator[Finding]:
    known = {scheme.header.lower(): scheme for scheme in contract.schemes}
    configured = {name.lower() for name in tape.case.auth_headers} & known.keys()
    seen = [e for e in tape if len(_headers(e) & known.keys()) > 1]
    sent = configured if len(configured) > 1 else set()
    for exchange in seen[:1]:
        sent = _headers(exchange) & known.keys()
    if not sent:
        yield from _choice(contract, tape.case)
        return
    winner = known.get("authorization") or known[min(sent)]
    yield Finding(
        rule=BOTH,
        subject=winner.header,
        facts={
            "headers": ", ".join(sorted(known[name].header for name in sent)),
            "winner": winner.header,
        },
        evidence=_positions(seen[:5]),
        certainty=0.95,
    )


def _headers(exchange: Exchange) -> set[str]:
    return {name.lower() for name, _ in exchange.request.headers}


def _choice(contract: Contract, case: Case) -> Iterator[Finding]:
    """Several complete ways, one of them used: worth a line, for the other may be stale."""
    whole = {fact.name for fact in case.keys if fact.present and "blank" not in fact.problems}
    ready = [scheme for scheme in contract.schemes if whole.issuperset(scheme.variables)]
    used = _used(contract, case)
    if len(ready) > 1 and used:
        available = "; ".join(" + ".join(scheme.variables) for scheme in ready)
        facts = {"available": available, "used": " + ".join(used[0].variables)}
        yield Finding(rule=CHOICE, subject=used[0].header, facts=facts, certainty=0.98)


def _absent(contract: Contract, case: Case, said: _Said) -> Iterator[Finding]:
    present = {fact.name for fact in case.keys if fact.present}
    if not present:
        if case.target.kind is TargetKind.LIVE and case.keys and not said.accepted:
            names = " / ".join(" + ".join(scheme.variables) for scheme in contract.schemes)
            yield Finding(rule=MISSING, subject=names, certainty=0.95)
        return
    ready = any(present.issuperset(scheme.variables) for scheme in contract.schemes)
    for scheme in contract.schemes:
        lacking = [name for name in scheme.variables if name not in present]
        half = len(lacking) < len(scheme.variables)
        if lacking and half:
            have = ", ".join(name for name in scheme.variables if name in present)
            yield Finding(
                rule=INCOMPLETE,
                subject=", ".join(lacking),
                facts={"present": have},
                severity=Severity.WARN if ready or said.accepted else Severity.FAIL,
                certainty=0.95,
            )


# --- key facts --------------------------------------------------------------------------------


def _keys(contract: Contract, case: Case, said: _Said) -> Iterator[Finding]:
    used = _used(contract, case)
    deciding = {name for scheme in used[:1] for name in scheme.variables}
    for fact in case.keys:
        if not fact.present:
            continue
        decides = not deciding or fact.name in deciding
        for problem in fact.problems:
            yield from _problem(fact, problem, said, decides=decides)


def _problem(fact: KeyFacts, problem: str, said: _Said, *, decides: bool) -> Iterator[Finding]:
    name, _, detail = problem.partition(":")
    rule = KEY_RULES.get(name)
    if rule is None:
        return
    severity = _severity(name, said, decides=decides)
    failed = severity is Severity.FAIL
    finding = Finding(
        rule=rule,
        subject=fact.name,
        facts={
            "provider": detail,
            "detail": detail,
            "origin": fact.origin,
            "length": fact.length,
        },
        severity=severity,
        evidence=_positions(said.last),
        certainty=0.97 if failed else 0.6,
    )
    if failed and said.refusal:
        finding = replace(finding, code=said.refusal, explains=frozenset({said.refusal}))
    yield finding


def _severity(problem: str, said: _Said, *, decides: bool) -> Severity:
    if said.accepted:
        return Severity.INFO if problem in LOOKS or not decides else Severity.WARN
    if problem in SHAPES or not decides:
        return Severity.WARN
    if said.refusal or (said.never_left and problem in UNSENDABLE):
        return Severity.FAIL
    if said.answered or said.failed:
        return Severity.WARN
    return Severity.FAIL if problem in ILLEGAL | {"blank"} else Severity.WARN


SCENARIO = Scenario(
    name=NAME,
    title=Text(en="The key", ru="Ключ"),
    order=30,
    ask=ask,
    judge=judge,
    rules=RULES,
    offered=offered,
)
