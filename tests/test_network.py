"""The way to the provider is judged from faults, times and headers, and from nothing else."""

from dataclasses import replace
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.model import (
    Blame,
    Environment,
    Exchange,
    FaultKind,
    Plan,
    Purpose,
    Severity,
    Tape,
    TargetKind,
    Wire,
)
from scenarios.network import SCENARIO
from tests.drive_cases import HTML, akool, answer, case, create, poll, state
from tests.reach_cases import (
    HEALTHY,
    NOW_S,
    UNSENT,
    balance_read,
    codes,
    fault,
    findings_of,
    judged,
    only,
    probe,
    replies,
    tapes,
    walk,
)

ROOT = "https://openapi.akool.com/"


@pytest.mark.parametrize("status", [200, 301, 404, 403, 500])
def test_any_http_answer_means_the_way_is_open(status: int) -> None:
    (found,) = judged(SCENARIO, case(), probe(ROOT, answer(HTML, status)))
    assert (found.rule.code, found.severity) == ("network-reachable", Severity.INFO)
    assert found.subject == "openapi.akool.com"


def test_what_was_reached_is_told_with_address_tls_and_proxy_but_no_proxy_password() -> None:
    wire = Wire(address="192.0.2.7", tls_version="TLSv1.3", proxy="http://me:hunter2@proxy.test:8")
    (found,) = judged(SCENARIO, case(), replace(probe(ROOT, answer(HTML, 404)), wire=wire))
    for told in ("HTTP/1.1 404", "192.0.2.7", "TLSv1.3", "proxy proxy.test"):
        assert told in found.message()
    assert "hunter2" not in repr(found)


def test_the_environment_s_proxy_is_named_when_the_wire_does_not_tell() -> None:
    about = case(environment=Environment(proxy="proxy.test:3128"))
    (found,) = judged(SCENARIO, about, probe(ROOT, answer(HTML, 404)))
    assert "proxy proxy.test" in found.message()


def test_virtual_time_says_nothing_of_milliseconds() -> None:
    reached = probe(ROOT, answer(HTML, 404))
    (real,) = judged(SCENARIO, case(), reached)
    (virtual,) = judged(SCENARIO, case(virtual_time=True), reached)
    assert "100 ms" in real.message()
    assert "ms" not in virtual.message()


@pytest.mark.parametrize(
    ("kind", "message", "rule"),
    [
        (FaultKind.DNS, "unknown name", "answer-fault-dns"),
        (FaultKind.REFUSED, "refused", "answer-fault-refused"),
        (FaultKind.CONNECT_TIMEOUT, "late", "answer-fault-connect-timeout"),
        (FaultKind.RESET, "reset", "answer-fault-reset"),
        (FaultKind.READ_TIMEOUT, "late", "answer-fault-read-timeout"),
        (FaultKind.PROTOCOL, "garbage", "answer-fault-protocol"),
        (FaultKind.PROXY, "403 Forbidden", "network-proxy-refused"),
        (FaultKind.TLS, "handshake failure", "answer-fault-tls"),
        (
            FaultKind.TLS,
            "certificate verify failed: self-signed certificate in certificate chain",
            "network-tls-self-signed",
        ),
        (FaultKind.TLS, "certificate has expired", "network-tls-expired"),
        (FaultKind.TLS, "certificate is not yet valid", "network-tls-not-yet-valid"),
        (FaultKind.TLS, "Hostname mismatch, certificate is not valid", "network-tls-wrong-host"),
        (FaultKind.TLS, "unable to get local issuer certificate", "network-tls-unknown-issuer"),
        (FaultKind.TLS, "[SSL: WRONG_VERSION_NUMBER] wrong version number", "network-tls-not-tls"),
    ],
)
def test_each_failure_on_the_way_is_named_and_blames_the_network(
    kind: FaultKind, message: str, rule: str
) -> None:
    (found,) = judged(SCENARIO, case(), probe(ROOT, fault(kind, message)))
    assert (found.rule.code, found.blame) == (rule, Blame.NETWORK)
    assert found.severity is Severity.FAIL
    assert found.subject == "openapi.akool.com"
    assert found.evidence == (0,)


def test_a_proxy_that_wants_a_password_is_no_reachable_provider() -> None:
    (found,) = judged(SCENARIO, case(), probe(ROOT, answer(HTML, 407)))
    assert (found.rule.code, found.blame) == ("network-proxy-refused", Blame.NETWORK)


LOGIN = b"<html><form action='https://portal.hotel.test/in'><input></form>"


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (answer(HTML, 511), "HTTP 511"),
        (answer(HTML, 302, Location="https://portal.hotel.test/?u=1"), "→ portal.hotel.test"),
        (answer(LOGIN), "HTML → portal.hotel.test"),
        (answer(b'<input type="password">'), "HTML, type=password"),
    ],
)
def test_a_portal_in_the_provider_s_place_is_noticed(reply: object, detail: str) -> None:
    found = judged(SCENARIO, case(TargetKind.LIVE), probe(ROOT, reply))  # type: ignore[arg-type]  # an Answer
    portal = only(found, "network-captive-portal")
    assert (portal.facts["detail"], portal.severity) == (detail, Severity.WARN)


@pytest.mark.parametrize(
    "reply",
    [
        answer(HTML, 302, Location="https://akool.com/"),
        answer(HTML, 302, Location="/docs"),
        answer(HTML, 302, Location="http://["),
        answer(b"<form action='https://www.akool.com/search'>"),
        answer(HTML),
    ],
)
def test_the_provider_s_own_pages_are_no_portal(reply: object) -> None:
    found = judged(SCENARIO, case(TargetKind.LIVE), probe(ROOT, reply))  # type: ignore[arg-type]  # an Answer
    assert codes(found) == ["network-reachable"]


@pytest.mark.parametrize("wire", [Wire(dns_s=2.5), Wire(connect_s=2.5), Wire(tls_s=2.5)])
def test_a_slow_phase_before_the_request_is_the_network_s(wire: Wire) -> None:
    slow = replace(probe(ROOT, answer(HTML, 404)), wire=replace(wire, first_byte_s=0.1))
    found = only(judged(SCENARIO, case(), slow), "network-slow-phase")
    assert found.blame is Blame.NETWORK
    assert "2.5 s" in found.message()


def slow_calls(*waits_s: float) -> list[Exchange]:
    return [replace(poll(state(2), n), duration_s=s) for n, s in enumerate(waits_s)]


def test_answers_that_all_take_eight_seconds_are_the_provider_s() -> None:
    (found,) = judged(SCENARIO, case(virtual_time=True), *slow_calls(8.0, 8.0, 8.0))
    assert (found.rule.code, found.blame) == ("provider-slow", Blame.PROVIDER)
    assert found.severity is Severity.WARN
    assert "3 of 3" in found.message()
    assert found.evidence == (0, 1, 2)


def test_one_slow_answer_among_many_is_no_slow_provider() -> None:
    assert judged(SCENARIO, case(), *slow_calls(8.0, 0.1, 0.1)) == []


def test_a_way_that_took_long_does_not_make_the_provider_slow() -> None:
    late = replace(
        probe(ROOT, answer(HTML, 404)), duration_s=9.0, wire=Wire(dns_s=8.9, first_byte_s=0.1)
    )
    assert codes(judged(SCENARIO, case(), late)) == ["network-reachable", "network-slow-phase"]


def test_a_slow_download_of_media_is_not_held_against_the_provider() -> None:
    request = replace(create(HEALTHY).request, purpose=Purpose.MEDIA)
    assert judged(SCENARIO, case(), replace(create(HEALTHY), request=request, duration_s=60)) == []


@pytest.mark.parametrize(
    ("ahead_s", "seconds", "side", "certainty"),
    [(900, "900", "behind", 0.95), (-900, "899", "ahead of", 0.95), (120, "120", "behind", 0.8)],
)
def test_a_clock_that_is_off_is_the_client_s(
    ahead_s: float, seconds: str, side: str, certainty: float
) -> None:
    reply = answer(HTML, 404, Date=formatdate(NOW_S + ahead_s, usegmt=True))
    found = only(judged(SCENARIO, case(), probe(ROOT, reply)), "network-clock-skew")
    assert (found.blame, found.severity) == (Blame.CLIENT, Severity.WARN)
    assert found.certainty == certainty
    assert f"{seconds} s {side}" in found.message()


def test_the_time_an_answer_took_is_no_skew() -> None:
    reply = answer(HTML, 404, Date=formatdate(NOW_S + 90, usegmt=True))
    slow = replace(probe(ROOT, reply), duration_s=95.0)
    assert "network-clock-skew" not in codes(judged(SCENARIO, case(), slow))


@pytest.mark.parametrize(
    ("started_s", "headers"),
    [
        (NOW_S, {"Date": formatdate(NOW_S - 9000, usegmt=True), "Age": "9000"}),
        (0.0, {"Date": formatdate(NOW_S, usegmt=True)}),
        (NOW_S, {"Date": "yesterday"}),
        (NOW_S, {}),
    ],
)
def test_a_cached_undated_or_timeless_answer_says_nothing_of_the_clock(
    started_s: float, headers: dict[str, str]
) -> None:
    reached = replace(probe(ROOT, answer(HTML, 404, **headers)), started_s=started_s)
    assert codes(judged(SCENARIO, case(), reached)) == ["network-reachable"]


def test_one_stray_date_does_not_make_a_skew() -> None:
    dates = [NOW_S, NOW_S, NOW_S + 7200]
    made = [
        replace(poll(answer(HTML, 404, Date=formatdate(d, usegmt=True)), n), started_s=NOW_S)
        for n, d in enumerate(dates)
    ]
    assert judged(SCENARIO, case(), *made) == []


@pytest.mark.parametrize("expires", ["Nov 27 12:00:00 2026 GMT", "2026-11-27T12:00:00+00:00"])
def test_a_certificate_about_to_end_is_told(expires: str) -> None:
    made = replace(probe(ROOT, answer(HTML, 404)), wire=Wire(certificate_expires=expires))
    found = only(judged(SCENARIO, case(), made), "network-certificate-expiring")
    assert found.severity is Severity.WARN
    assert expires in found.message()


@pytest.mark.parametrize("expires", ["Nov 27 12:00:00 2027 GMT", "some day"])
def test_a_certificate_with_time_left_or_no_date_is_not_worth_a_word(expires: str) -> None:
    made = replace(probe(ROOT, answer(HTML, 404)), wire=Wire(certificate_expires=expires))
    assert codes(judged(SCENARIO, case(), made)) == ["network-reachable"]


def test_other_scenarios_failures_are_theirs_to_tell() -> None:
    assert judged(SCENARIO, case(), balance_read(fault(FaultKind.RESET))) == []


def test_what_was_never_sent_says_nothing() -> None:
    assert judged(SCENARIO, case(), probe(ROOT, UNSENT)) == []


def test_it_asks_every_host_of_the_plan_once_without_credentials() -> None:
    plan = Plan(operation="detectFaceLegacy", body={})
    sent = walk(SCENARIO.ask(akool(), case(plan=plan)), lambda _: UNSENT)
    assert [r.url for r in sent] == ["https://openapi.akool.com/", "https://sg3.akool.com/"]
    assert not any(r.authenticated or r.spends for r in sent)


@given(data=st.data())
def test_no_answer_makes_it_ask_more_than_twice(data: st.DataObject) -> None:
    assert len(walk(SCENARIO.ask(akool(), case()), lambda _: data.draw(replies))) <= 2


@given(tape=tapes)
def test_no_tape_makes_the_judge_raise_or_change_its_mind(tape: Tape) -> None:
    assert findings_of(SCENARIO, tape) == findings_of(SCENARIO, tape)
