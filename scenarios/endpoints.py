"""Does each address answer, which set of addresses is alive, and what has moved?

Probes carry no credentials, so that no probe can create or spend anything. A JSON answer, whatever
its code or status, means that the path exists; a 404 that is not JSON means that it does not;
5xx, redirects and faults mean nothing at all. Where a provider answers unknown addresses in JSON
too, an address that cannot exist is asked first: whatever answers like it is not there. Operations
that delete, update or close are left alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from diagnostics.contract import Contract, samples
from diagnostics.finding import Finding, Rule
from diagnostics.model import (
    Ask,
    Case,
    Json,
    Purpose,
    Request,
    Severity,
    Tape,
    TargetKind,
    Text,
    Together,
)
from diagnostics.promise import Operation
from diagnostics.scenario import Scenario
from scenarios import _endpoints_retired as retired
from scenarios._endpoints_addresses import (
    CONTROL,
    DOCUMENTED,
    NAME,
    Address,
    State,
    absolute,
    addresses_of,
    label_of,
    twins_of,
)
from scenarios._endpoints_rules import (
    GONE,
    GUARDED,
    METHOD,
    MISSING,
    MOVED,
    NOTHING_TOLD,
    PLAIN_HTTP,
    RULES,
    SET,
    STALE,
    TABLE,
    UNCLEAR,
    WRONG_HOST,
)

LIVE_REQUESTS_MAX = 15
"""Towards a live provider: the planned call's family and its other addresses, no more."""
GROUPS_MAX = 8
_SAMPLE_ID = "0" * 24
_NOWHERE = "diagnostics-asks-for-what-cannot-exist"
_EVIDENCE_MAX = 10


# --- asking -----------------------------------------------------------------------------------


def ask(contract: Contract, case: Case) -> Ask:
    """Probe what may be probed, a few conversations side by side."""
    requests = probes(contract, case)
    groups = min(GROUPS_MAX if case.target.emulated else 2, len(requests))
    if groups:
        yield Together(asks=tuple(_each(requests[start::groups]) for start in range(groups)))


def _each(requests: Sequence[Request]) -> Ask:
    for request in requests:  # noqa: UP028  # a list's iterator cannot be sent an exchange
        yield request


def probes(contract: Contract, case: Case) -> list[Request]:
    """Documented addresses first, then the aliases; each address once."""
    everything = case.target.emulated
    family = [op for op in _family(contract, case) if not op.destructive]
    rest = [op for op in contract.operations.values() if not op.destructive and op not in family]
    operations = family + rest if everything else family
    wanted = [(DOCUMENTED, op.method, op.url, op) for op in operations]
    wanted += [
        (label_of(alias), alias.method, absolute(contract, alias), op)
        for op in operations
        for alias in op.aliases
        if alias.url.partition("://")[2] != op.url.partition("://")[2]
    ]
    once: dict[tuple[str, str], Request] = {}
    if contract.unknown_path and operations:
        once[CONTROL, ""] = _control(operations[0])
    for label, method, url, op in wanted:
        once.setdefault((method, url), _probe(label, method, url, op))
    found = list(once.values())
    return found if everything else found[:LIVE_REQUESTS_MAX]


def _control(operation: Operation) -> Request:
    """An address beside a real one that cannot exist: what does nothing answer here?"""
    version = operation.path.split("/")[1]
    return Request(
        method="GET",
        url=f"{operation.host}/{version}/{_NOWHERE}",
        purpose=Purpose.PROBE,
        authenticated=False,
        label=CONTROL,
    )


def _probe(label: str, method: str, url: str, operation: Operation) -> Request:
    body = b"" if method in {"GET", "HEAD"} else b"{}"
    return Request(
        method=method,
        url=_filled(url, samples(operation, "path")),
        headers=(("Content-Type", "application/json"),) if body else (),
        body=body,
        operation=operation.id,
        purpose=Purpose.PROBE,
        authenticated=False,
        label=label,
    )


def _filled(url: str, known: Mapping[str, Json]) -> str:
    """The address with a documented value in each place, or an id that nothing has."""
    parts = url.replace("}", "{").split("{")
    return "".join(
        quote(str(known.get(part, _SAMPLE_ID)), safe="") if index % 2 else part
        for index, part in enumerate(parts)
    )


def _family(contract: Contract, case: Case) -> list[Operation]:
    """The planned create, where its job is read, and what every call needs."""
    plan = case.plan.operation if case.plan else contract.roles.get("example", "")
    planned = contract.operations.get(plan)
    job = planned.job if planned else None
    names = [plan, job.read if job else "", contract.probe]
    names += [contract.roles.get("token", ""), job.lookup if job else ""]
    return [
        contract.operations[name] for name in dict.fromkeys(names) if name in contract.operations
    ]


# --- judging ----------------------------------------------------------------------------------


def judge(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """The table, and what is missing from it while something else answers."""
    yield from _plain_http(contract, tape)
    addresses = addresses_of(contract, tape)
    yield from _stale(addresses)
    documented = [a for a in addresses if a.set == DOCUMENTED]
    if all(a.state in {State.UNKNOWN, State.GUARDED} for a in documented):
        if documented:  # down is not moved, and silence is no health
            yield _nothing_told(contract, documented)
        return
    twins = twins_of(contract, addresses)
    yield _table(contract, tape, addresses, twins)
    yield from _sets(contract, tape, [*addresses, *twins])
    if _wrong_host(addresses):
        yield _everything_missing(contract, tape, addresses)
    yield from _needs(contract, tape, addresses)
    yield from _gone(contract, tape, addresses)
    needed = _needed(contract, tape.case)
    yield from retired.judge(addresses, needed, emulated=tape.case.target.emulated)


def _nothing_told(contract: Contract, addresses: list[Address]) -> Finding:
    facts = {"count": len(addresses), "rows": [a.row() for a in addresses]}
    evidence = _evidence(addresses)
    guarded = all(a.state is State.GUARDED for a in addresses)
    facts |= {"status": addresses[0].status}
    rule = GUARDED if guarded else NOTHING_TOLD
    return Finding(rule=rule, subject=contract.title, facts=facts, evidence=evidence, certainty=0.5)


def _table(
    contract: Contract, tape: Tape, addresses: list[Address], twins: list[Address]
) -> Finding:
    reach = list(contract.operations.values())
    if not tape.case.target.emulated:
        reach = _family(contract, tape.case)
    spared = [op for op in reach if op.destructive]
    rows = [a.row() for a in (*addresses, *twins)]
    for op in spared:
        left = Address(set=DOCUMENTED, operation=op, method=op.method, url=op.path)
        rows.append({**left.row(), "state": State.UNTOUCHED.value})
    rows.sort(key=lambda row: (row["set"] != DOCUMENTED, str(row["set"])))
    return Finding(
        rule=TABLE,
        subject=contract.title,
        facts={
            "rows": rows,
            "probed": len(addresses),
            "alive": _count(addresses, State.ALIVE) + _count(addresses, State.METHOD),
            "missing": _count(addresses, State.MISSING),
            "unknown": _count(addresses, State.UNKNOWN) + _count(addresses, State.GUARDED),
            "untouched": len(spared),
        },
        evidence=_evidence(addresses),
        certainty=0.95,
    )


def _count(addresses: Iterable[Address], state: State) -> int:
    return sum(address.state is state for address in addresses)


def _evidence(addresses: Iterable[Address]) -> tuple[int, ...]:
    return tuple(position for a in addresses for position in a.evidence[:1])


def _sets(contract: Contract, tape: Tape, addresses: list[Address]) -> Iterator[Finding]:
    """Each set of addresses line by line; of the documented ones, what this call needs."""
    family = _family(contract, tape.case)
    for name in dict.fromkeys(a.set for a in addresses):
        members = [a for a in addresses if a.set == name]
        if name == DOCUMENTED:
            members = [a for a in members if a.called or a.operation in family]
        lines = [_line(contract, a) for a in members]
        facts = {
            "alive": _count(members, State.ALIVE),
            "all": len(members),
            "lines": "; ".join(lines[:_LINES_MAX]) + ("; …" if len(lines) > _LINES_MAX else ""),
        }
        if members:
            evidence = _evidence(members)
            yield Finding(rule=SET, subject=name, facts=facts, evidence=evidence, certainty=0.9)


_LINES_MAX = 12
_MARKS = {
    State.ALIVE: "✓",
    State.METHOD: "≠",
    State.MISSING: "✗",
    State.GUARDED: "?",
    State.UNKNOWN: "?",
}


def _line(contract: Contract, address: Address) -> str:
    path = address.url.removeprefix(contract.host)
    told = address.code or address.status or "—"
    return f"{_MARKS[address.state]} {address.method} {path} {told}"


def _stale(addresses: list[Address]) -> Iterator[Finding]:
    """The caller itself uses an address that is gone, and the documents name another."""
    for address in addresses:
        if address.called and address.set != DOCUMENTED and address.state is State.MISSING:
            right = f"{address.operation.method} {address.operation.url}"
            yield _of(STALE, address, certainty=0.95, right=right)


def _wrong_host(addresses: list[Address]) -> bool:
    documented = [a for a in addresses if a.set == DOCUMENTED]
    nothing = all(a.state is State.MISSING for a in documented)
    alive = any(a.state in {State.ALIVE, State.METHOD} for a in addresses)
    return len(documented) > 1 and nothing and not alive


def _everything_missing(contract: Contract, tape: Tape, addresses: list[Address]) -> Finding:
    return Finding(
        rule=WRONG_HOST,
        subject=tape.case.target.base_url or contract.host,
        facts={"count": len(addresses), "host": contract.host},
        evidence=_evidence(addresses),
        certainty=0.9,
        code=str(addresses[0].status),
        explains=frozenset({"404", "410"}),
    )


def _needs(contract: Contract, tape: Tape, addresses: list[Address]) -> Iterator[Finding]:
    """Addresses without which the planned flow cannot work."""
    needed = _needed(contract, tape.case)
    sure = _wrong_host(addresses) or any(a.state is State.ALIVE for a in addresses)
    for address in addresses:
        if address.set != DOCUMENTED or not (address.called or address.operation.id in needed):
            continue
        if address.state is State.METHOD:
            yield _of(METHOD, address, certainty=0.8)
        elif address.state is State.UNKNOWN:
            yield replace(_of(UNCLEAR, address, certainty=0.5), explains=frozenset())
        elif address.state is State.MISSING and not retired.retiring(address):
            yield _lost(address, addresses, sure=sure)


def _lost(address: Address, addresses: list[Address], *, sure: bool) -> Finding:
    elsewhere = (
        a
        for a in addresses
        if a.operation is address.operation and a.set != DOCUMENTED and a.state is State.ALIVE
    )
    found = next(elsewhere, None)
    if found:
        new = f"{found.method} {found.url}"
        return _of(MOVED, address, certainty=0.9, new=new, set=found.set)
    missing = _of(MISSING, address, certainty=0.9 if sure else 0.5)
    return missing if sure else replace(missing, severity=Severity.WARN)


def _gone(contract: Contract, tape: Tape, addresses: list[Address]) -> Iterator[Finding]:
    needed = _needed(contract, tape.case)
    gone = [
        a
        for a in addresses
        if a.set == DOCUMENTED
        and a.state is State.MISSING
        and not retired.retiring(a)
        and not (a.called or a.operation.id in needed)
    ]
    if gone and any(a.state is State.ALIVE for a in addresses):
        names = ", ".join(a.operation.id for a in gone)
        facts = {"count": len(gone), "rows": [a.row() for a in gone]}
        evidence = _evidence(gone)
        yield Finding(rule=GONE, subject=names, facts=facts, evidence=evidence, certainty=0.8)


def _of(rule: Rule, address: Address, *, certainty: float, **facts: object) -> Finding:
    status = None if address.status is None else str(address.status)
    facts |= {"method": address.method, "path": address.url, "status": status or "—"}
    return Finding(
        rule=rule,
        subject=address.operation.id,
        facts=facts,
        evidence=tuple(address.evidence),
        certainty=certainty,
        code=status,
        explains=frozenset({status} if status else ()),
    )


def _needed(contract: Contract, case: Case) -> set[str]:
    """Without these the planned flow cannot work. A token only where one is bought."""
    names = {operation.id for operation in _family(contract, case)}
    sent = {name.lower() for name in case.auth_headers}
    buys = {s.token_operation for s in contract.schemes if s.header.lower() in sent}
    token = contract.roles.get("token", "")
    return names - {token} if sent and token not in buys else names


def _plain_http(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """A key in clear text: towards the provider itself, never our own machine."""
    ours = tuple(f"http://{host}" for host in contract.hosts)
    sent = [
        e.position
        for e in tape
        if e.request.purpose is Purpose.CALL and e.request.url.startswith(ours)
    ]
    base = tape.case.target.base_url
    if sent or (tape.case.target.kind is TargetKind.LIVE and base.startswith(ours)):
        evidence = tuple(sent[:_EVIDENCE_MAX])
        subject = base if base.startswith(ours) else contract.title
        yield Finding(rule=PLAIN_HTTP, subject=subject, evidence=evidence, certainty=0.95)


SCENARIO = Scenario(
    name=NAME,
    title=Text(en="The addresses", ru="Адреса"),
    order=40,
    ask=ask,
    judge=judge,
    rules=(*RULES, *retired.RULES),
)
