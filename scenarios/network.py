"""Can the provider be reached from here: name, connection, TLS, proxy, time?

One request without credentials, to the root of each host the planned call needs. Any HTTP answer,
a 404 included, means that the way is open. Nothing here looks at what the answer says.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from statistics import median
from urllib.parse import urlsplit

from diagnostics import answers
from diagnostics.contract import Contract
from diagnostics.finding import Finding, Rule
from diagnostics.model import (
    Ask,
    Case,
    Exchange,
    Fault,
    FaultKind,
    Purpose,
    Request,
    Response,
    Tape,
    TargetKind,
    Text,
)
from diagnostics.scenario import Scenario
from scenarios._network_rules import (
    CERTIFICATE,
    CLOCK,
    PORTAL,
    PROXY,
    REACHABLE,
    RULES,
    SLOW_PHASE,
    SLOW_PROVIDER,
    TLS,
    TLS_RULES,
)

NAME = "network"

SLOW_PHASE_S = 1.0
SLOW_ANSWER_S = 5.0
SKEW_S = 60.0
"""Signed links and tokens begin to fail about here."""
SKEW_SURE_S = 300.0
EXPIRY_DAYS = 14.0
_EVIDENCE_MAX = 10


def ask(contract: Contract, case: Case) -> Ask:
    """One look at the root of every host the planned call needs."""
    for host in _hosts(contract, case):
        yield Request(
            method="GET",
            url=f"{host}/",
            purpose=Purpose.PROBE,
            authenticated=False,
            label="host",
        )


def _hosts(contract: Contract, case: Case) -> list[str]:
    """The provider's, that of the call, and that of what follows its job."""
    planned = contract.operations.get(case.plan.operation) if case.plan else None
    read = contract.operations.get(planned.job.read) if planned and planned.job else None
    hosts = [contract.host, *(one.host for one in (planned, read) if one)]
    return list(dict.fromkeys(hosts))


def judge(contract: Contract, tape: Tape) -> Iterator[Finding]:
    """Faults and addresses of our own probes; slowness and clock over everything on the tape."""
    for exchange in tape:
        if exchange.scenario == NAME:
            yield from _probe(contract, tape.case, exchange)
    provider = [e for e in tape if e.request.purpose is not Purpose.MEDIA]
    yield from _slow_phases(provider)
    yield from _slow_answers(provider)
    yield from _clock(provider)
    yield from _certificate(provider)


# --- one probe --------------------------------------------------------------------------------


def _probe(contract: Contract, case: Case, exchange: Exchange) -> Iterator[Finding]:
    answer = exchange.answer
    if isinstance(answer, Fault):
        yield from _fault(contract, exchange, answer)
    elif isinstance(answer, Response):
        if answer.status == 407:  # noqa: PLR2004  # RFC 9110: proxy authentication required
            yield _of(PROXY, exchange, certainty=0.95, detail="HTTP 407")
            return
        yield _of(REACHABLE, exchange, certainty=0.98, how=_how(case, exchange, answer))
        detail = _stranger(contract, case, answer)
        if detail:
            yield _of(PORTAL, exchange, certainty=0.7, detail=detail)


def _of(rule: Rule, exchange: Exchange, *, certainty: float, **facts: object) -> Finding:
    return Finding(
        rule=rule,
        subject=_host(exchange.request.url) or exchange.request.url[:200],
        facts=facts,
        evidence=(exchange.position,),
        certainty=certainty,
    )


def _fault(contract: Contract, exchange: Exchange, fault: Fault) -> Iterator[Finding]:
    if fault.kind is FaultKind.PROXY:
        yield _of(PROXY, exchange, certainty=0.95, detail=fault.message)
        return
    kind = _tls_kind(fault) if fault.kind is FaultKind.TLS else None
    if kind:
        yield _of(TLS_RULES[kind], exchange, certainty=0.95, detail=fault.message)
        return
    host = _host(exchange.request.url)
    for finding in answers.findings(contract, exchange):
        yield replace(finding, subject=host or finding.subject)


def _tls_kind(fault: Fault) -> str | None:
    message = fault.message.lower()
    return next((kind for kind, row in TLS.items() if re.search(row[0], message)), None)


def _how(case: Case, exchange: Exchange, response: Response) -> str:
    wire = exchange.wire
    proxy = (wire.proxy if wire else None) or case.environment.proxy
    parts = [
        f"{response.http_version} {response.status}",
        wire.address if wire else None,
        wire.tls_version if wire else None,
        f"proxy {_host(proxy) or '?'}" if proxy else None,
        None if case.virtual_time else f"{exchange.duration_s * 1000:.0f} ms",
    ]
    return " · ".join(part for part in parts if part)


def _stranger(contract: Contract, case: Case, response: Response) -> str | None:
    """Signs that a portal or a proxy's login page answers in the provider's place."""
    if response.status == 511:  # noqa: PLR2004  # RFC 6585: network authentication required
        return "HTTP 511"
    ours = {_domain(host) for host in (*contract.hosts, _host(case.target.base_url) or "")}
    location = _host(response.header("location") or "")
    if 300 <= response.status < 400 and location and _domain(location) not in ours:  # noqa: PLR2004  # redirects
        return f"→ {location}"
    if response.status == 200 and case.target.kind is TargetKind.LIVE:  # noqa: PLR2004  # as if all were well
        return _login_page(response.body[:65536], ours)
    return None


_AWAY = re.compile(
    rb"""(?:action=|http-equiv=["']?refresh[^>]{0,80}url=)["']?(https?://[^"'\s>]{1,300})""",
    re.IGNORECASE,
)


def _login_page(body: bytes, ours: set[str]) -> str | None:
    hosts = [_host(found.decode("ascii", "replace")) for found in _AWAY.findall(body)]
    away = next((host for host in hosts if host and _domain(host) not in ours), None)
    if away:
        return f"HTML → {away}"
    asks = re.search(rb"type=[\"']?password", body, re.IGNORECASE)
    return "HTML, type=password" if asks else None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname if url else None
    except ValueError:
        return None


def _domain(host: str) -> str:
    return ".".join(host.lower().split(".")[-2:])


# --- over the whole tape ----------------------------------------------------------------------

_PHASES = {"DNS": "dns_s", "TCP": "connect_s", "TLS": "tls_s"}


def _slow_phases(exchanges: Iterable[Exchange]) -> Iterator[Finding]:
    timed = [(e, e.wire) for e in exchanges if e.wire]
    for phase, name in _PHASES.items():
        slow = [(getattr(w, name), e) for e, w in timed if (getattr(w, name) or 0) > SLOW_PHASE_S]
        if slow:
            worst_s, worst = max(slow, key=lambda pair: pair[0])
            finding = _of(SLOW_PHASE, worst, certainty=0.8, phase=phase, seconds=f"{worst_s:.1f}")
            yield replace(finding, evidence=_positions(e for _, e in slow))


def _slow_answers(exchanges: list[Exchange]) -> Iterator[Finding]:
    answered = [e for e in exchanges if e.response]
    calls = [e for e in answered if e.request.purpose is Purpose.CALL] or answered
    slow = [e for e in calls if _waited_s(e) >= SLOW_ANSWER_S]
    if not slow or 2 * len(slow) < len(calls):
        return
    waits_s = [_waited_s(e) for e in slow]
    yield Finding(
        rule=SLOW_PROVIDER,
        subject=_host(slow[0].request.url) or "",
        facts={
            "slow": len(slow),
            "answers": len(calls),
            "limit": f"{SLOW_ANSWER_S:g}",
            "median": f"{median(waits_s):.1f}",
            "worst": f"{max(waits_s):.1f}",
        },
        evidence=_positions(slow),
        certainty=0.8 if len(calls) > 1 else 0.6,
    )


def _waited_s(exchange: Exchange) -> float:
    """How long the other side took; what the way there took is not its fault."""
    wire = exchange.wire
    if wire and wire.first_byte_s is not None:
        return wire.first_byte_s
    return exchange.duration_s


_EPOCH_PLAUSIBLE_S = 1e9
"""An exchange started before 2001 has no real time: a recording without clock times."""


_CLOCK_SAMPLE = 1000
"""A median needs no more dates than this, however long the tape."""


def _clock(exchanges: list[Exchange]) -> Iterator[Finding]:
    sample = exchanges[:: len(exchanges) // _CLOCK_SAMPLE + 1]
    skews = [(skew_s, e) for e in sample if (skew_s := _skew_s(e)) is not None]
    if not skews:
        return
    middle_s = median(skew_s for skew_s, _ in skews)
    if abs(middle_s) <= SKEW_S:
        return
    behind = middle_s > 0
    yield Finding(
        rule=CLOCK,
        subject="Date",
        facts={
            "seconds": f"{abs(middle_s):.0f}",
            "side_en": "behind" if behind else "ahead of",
            "side_ru": "отстают" if behind else "уходят вперёд",
        },
        evidence=_positions(e for skew_s, e in skews if abs(skew_s) > SKEW_S),
        certainty=0.95 if abs(middle_s) > SKEW_SURE_S else 0.8,
    )


def _skew_s(exchange: Exchange) -> float | None:
    """Seconds by which the server is ahead; 0 anywhere within the exchange. None: cannot tell.

    A cached answer (`Age`) carries the date of its making, not of now.
    """
    response = exchange.response
    if response is None or exchange.started_s < _EPOCH_PLAUSIBLE_S:
        return None
    if (response.header("age") or "0").strip() != "0":
        return None
    date_s = _epoch_s(response.header("date") or "")
    if date_s is None:
        return None
    ended_s = exchange.started_s + exchange.duration_s
    if date_s > ended_s:
        return date_s - ended_s
    return min(0.0, date_s + 1 - exchange.started_s)  # Date is cut to whole seconds


def _certificate(exchanges: list[Exchange]) -> Iterator[Finding]:
    shown = {e.wire.certificate_expires: e for e in reversed(exchanges) if e.wire}
    for expires, exchange in shown.items():
        expires_s = _epoch_s(expires or "")
        if expires is None or expires_s is None:
            continue
        days = (expires_s - exchange.started_s) / 86400
        if days < EXPIRY_DAYS:
            yield _of(CERTIFICATE, exchange, certainty=0.95, days=f"{days:.0f}", expires=expires)
            return


def _epoch_s(text: str) -> float | None:
    """An HTTP date, an ISO date, or OpenSSL's `Jun  1 12:00:00 2026 GMT`."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat, _openssl):
        try:
            moment = parse(text.strip()[:64])
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _openssl(text: str) -> datetime:
    return datetime.strptime(text, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)


def _positions(exchanges: Iterable[Exchange]) -> tuple[int, ...]:
    return tuple(exchange.position for exchange in exchanges)[:_EVIDENCE_MAX]


SCENARIO = Scenario(
    name=NAME,
    title=Text(en="The way to the provider", ru="Путь до провайдера"),
    order=20,
    ask=ask,
    judge=judge,
    rules=RULES,
)
