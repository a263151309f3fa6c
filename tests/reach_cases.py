"""Tapes and answers that the judges of key, way, addresses and quota are tested with."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from string import Formatter

from hypothesis import strategies as st

from diagnostics.finding import Finding, Rule
from diagnostics.model import (
    LANGUAGES,
    Answer,
    Ask,
    Case,
    Exchange,
    Fault,
    FaultKind,
    Json,
    KeyFacts,
    Plan,
    Purpose,
    Request,
    Response,
    Tape,
    TargetKind,
    Together,
    Unsent,
    UnsentReason,
    Wire,
)
from diagnostics.scenario import Scenario
from tests.drive_cases import akool, answer, case, exchange

NOW_S = 1_795_000_000.0
HEALTHY = answer({"code": 1000, "msg": "OK", "data": {"credit": 500}})
REFUSED = answer({"code": 1101, "msg": "Invalid authorization"})
UNSENT = Unsent(reason=UnsentReason.OVER_BUDGET)


def fault(kind: FaultKind, message: str = "it broke") -> Fault:
    """A failure of that kind."""
    return Fault(kind=kind, message=message)


def balance_read(reply: Answer, position: int = 0, scenario: str = "credentials") -> Exchange:
    """The free authenticated read."""
    return exchange(akool().request("getCredit"), reply, position, at_s=NOW_S, scenario=scenario)


def probe(url: str, reply: Answer, position: int = 0, **facts: Json) -> Exchange:
    """A look at an address without credentials."""
    known = {"method": "GET", "operation": None, "label": "host", "scenario": "network", **facts}
    scenario = known.pop("scenario")
    request = Request(url=url, purpose=Purpose.PROBE, authenticated=False, **known)
    return exchange(request, reply, position, at_s=NOW_S, scenario=scenario)


def judged(scenario: Scenario, about: Case, *made: Exchange) -> list[Finding]:
    """What a judge finds; every sentence can be said in both languages."""
    found = list(scenario.judge(akool(), Tape(case=about, exchanges=made)))
    for finding in found:
        assert finding.rule in scenario.rules or finding.rule.code.startswith("answer-")
        for language in LANGUAGES:
            assert _places(finding.rule, language) <= {*finding.facts, "subject"}
            assert finding.message(language)
            assert finding.remedy(language)
    return found


def _places(rule: Rule, language: str) -> set[str]:
    sentences = (rule.says.in_language(language), rule.remedy.in_language(language))
    return {name for said in sentences for _, name, _, _ in Formatter().parse(said) if name}


def codes(found: Sequence[Finding]) -> list[str]:
    """Rule codes, in order."""
    return [finding.rule.code for finding in found]


def only(found: Sequence[Finding], code: str) -> Finding:
    """The one finding of that rule."""
    (finding,) = [f for f in found if f.rule.code == code]
    return finding


def walk(ask: Ask, reply: Callable[[Request], Answer], limit: int = 500) -> list[Request]:
    """Drive an `ask` as a driver does; the requests it made."""
    sent: list[Request] = []
    result: object = None
    while len(sent) < limit:
        try:
            wanted = ask.send(result)
        except StopIteration:
            return sent
        if isinstance(wanted, Together):
            sent += [request for each in wanted.asks for request in walk(each, reply, limit)]
            result = [None] * len(wanted.asks)
        else:
            sent.append(wanted)
            result = exchange(wanted, reply(wanted))
    raise AssertionError("the ask never ends")


# --- anything at all --------------------------------------------------------------------------

_floats = st.floats(allow_nan=True, allow_infinity=True)
_text = st.text(max_size=20)
_dates = st.sampled_from(
    [
        "Fri, 20 Nov 2026 00:00:00 GMT",
        "Mon, 99 Foo 99999 00:00:00 GMT",
        "0001-01-01T00:00:00+23:59",
        "Jun  1 12:00:00 2026 GMT",
        "",
    ]
)
_headers = st.lists(
    st.tuples(
        st.sampled_from(["Date", "Age", "Location", "x-ratelimit-remaining", "Retry-After", "X"]),
        _text | _dates | st.sampled_from(["http://[", "https://portal.test/", "0", "-1"]),
    ),
    max_size=3,
).map(tuple)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _floats | _text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_text, inner, max_size=2),
    max_leaves=4,
)
_code: st.SearchStrategy[Json] = st.sampled_from(
    [1000, 1003, 1005, 1006, 1015, 1101, 1102, 1109, 1200, "x", None, [], 1.5]
)
_bodies = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"<html><form action=https://portal.test/x type=password>", b"{", b"404"]),
    st.builds(
        lambda code, credit: json.dumps(
            {"code": code, "msg": "m", "data": {"credit": credit}}
        ).encode(),
        _code,
        _json,
    ),
    _json.map(lambda value: json.dumps(value).encode()),
)
replies: st.SearchStrategy[Answer] = st.one_of(
    st.builds(
        Response,
        status=st.sampled_from([200, 301, 302, 401, 403, 404, 405, 407, 410, 429, 502, 511]),
        headers=_headers,
        body=_bodies,
    ),
    st.builds(
        Fault,
        kind=st.sampled_from(FaultKind),
        message=_text | st.sampled_from(["certificate has expired", "self-signed certificate"]),
    ),
    st.builds(Unsent, reason=st.sampled_from(UnsentReason)),
)
_urls = st.sampled_from(
    [
        "http://[",
        "",
        "https://openapi.akool.com/",
        "https://openapi.akool.com/video/status/1",
        "http://openapi.akool.com/api/open/v3/faceswap/quota/info?a=1",
        "https://openapi.akool.com/api/open/v4/voice/detail/1",
    ]
)
_requests = st.one_of(
    st.sampled_from(["getCredit", "getToken", "createTalkingPhoto", "getVideo"]).map(
        lambda name: akool().request(name, body={})
    ),
    st.builds(
        Request,
        method=st.sampled_from(["GET", "POST", "", "get"]),
        url=_text | _urls,
        headers=st.lists(st.tuples(st.sampled_from(["x-api-key", "Authorization"]), _text)).map(
            tuple
        ),
        operation=st.sampled_from([None, "getCredit", "getVideo", "nobody"]),
        purpose=st.sampled_from(Purpose),
        label=st.sampled_from(["", "host", "documentation", "scripts", "postman"]),
    ),
)
_seconds = st.none() | _floats
_wires = st.builds(
    Wire,
    dns_s=_seconds,
    connect_s=_seconds,
    tls_s=_seconds,
    first_byte_s=_seconds,
    certificate_expires=st.none() | _text | _dates,
    proxy=st.none() | _text,
    address=st.none() | _text,
)
_exchanges = st.builds(
    Exchange,
    request=_requests,
    answer=replies,
    started_s=_floats | st.just(NOW_S),
    duration_s=_floats | st.just(0.1),
    scenario=st.sampled_from(["", "network", "credentials", "endpoints", "quota", "job"]),
    wire=st.none() | _wires,
)
_problems = st.sampled_from(["newline", "blank", "other-provider:openai", "nobody knows", ""])
_keys = st.builds(
    KeyFacts,
    name=st.sampled_from(["AKOOL_API_KEY", "AKOOL_CLIENT_ID", "AKOOL_CLIENT_SECRET", "X"]),
    present=st.booleans(),
    problems=st.lists(_problems, max_size=3).map(tuple),
    origin=_text,
)
_cases = st.builds(
    lambda kind, keys, sent, plan, base: replace(
        case(kind, keys=keys, auth_headers=sent, plan=plan),
        target=replace(case(kind).target, base_url=base),
    ),
    st.sampled_from(TargetKind),
    st.lists(_keys, max_size=3).map(tuple),
    st.lists(st.sampled_from(["x-api-key", "AUTHORIZATION", "y"]), max_size=2).map(tuple),
    st.none()
    | st.builds(
        Plan,
        operation=st.sampled_from(["createTalkingPhoto", "createCharacterSwap", "nobody"]),
        body=st.fixed_dictionaries({"duration": _json}) | _json,
    ),
    st.sampled_from(["", "http://[", "https://openapi.akool.com", "http://openapi.akool.com"]),
)
tapes = st.builds(
    lambda about, made: Tape(
        case=about, exchanges=[replace(e, position=n) for n, e in enumerate(made)]
    ),
    _cases,
    st.lists(_exchanges, max_size=6),
)


def findings_of(scenario: Scenario, tape: Tape) -> list[Finding]:
    """Any tape gives findings that can be said, and whose evidence is on the tape."""
    found = list(scenario.judge(akool(), tape))
    for finding in found:
        assert set(finding.evidence) <= set(range(len(tape)))
        assert 0.0 < finding.certainty <= 1.0
        for language in LANGUAGES:
            finding.message(language)
            finding.remedy(language)
    return found
