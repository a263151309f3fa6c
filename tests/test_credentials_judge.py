"""A key is blamed for what the provider or HTTP made of it, never for a network that is down."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.model import (
    Answer,
    Blame,
    Exchange,
    FaultKind,
    KeyFacts,
    Purpose,
    Severity,
    Tape,
    TargetKind,
)
from scenarios.credentials import SCENARIO
from tests.drive_cases import HTML, akool, answer, case, exchange
from tests.reach_cases import (
    HEALTHY,
    NOW_S,
    REFUSED,
    UNSENT,
    balance_read,
    codes,
    fault,
    findings_of,
    judged,
    only,
    replies,
    tapes,
    walk,
)

ILLEGAL = fault(FaultKind.BAD_REQUEST, "illegal header or address")
PAIR = ("AKOOL_CLIENT_ID", "AKOOL_CLIENT_SECRET")


def key(*problems: str, name: str = "AKOOL_API_KEY") -> KeyFacts:
    return KeyFacts(name=name, present=True, length=24, problems=problems)


def token_bought(reply: Answer, position: int = 0) -> Exchange:
    request = akool().request("getToken", body={"clientId": "x", "clientSecret": "y"})
    return exchange(request, reply, position, at_s=NOW_S - 1, scenario="credentials")


def test_an_accepted_key_is_told_with_its_header_and_origin() -> None:
    about = case(keys=(key(),), auth_headers=("x-api-key",))
    (found,) = judged(SCENARIO, about, balance_read(HEALTHY))
    assert (found.rule.code, found.severity) == ("credentials-accepted", Severity.INFO)
    assert "x-api-key, AKOOL_API_KEY (from the environment)" in found.message("en")
    assert "AKOOL_API_KEY (из окружения)" in found.message("ru")


@pytest.mark.parametrize(
    ("reply", "blame", "code"),
    [
        (answer({"code": 1101, "msg": "no"}), Blame.CREDENTIALS, "1101"),
        (answer({"code": 1102, "msg": "no"}), Blame.CREDENTIALS, "1102"),
        (answer({"code": 1109, "msg": "no"}), Blame.ACCOUNT, "1109"),
        (answer({"code": 1103, "msg": "no"}), Blame.ACCOUNT, "1103"),
        (answer({"code": 1200, "msg": "no"}), Blame.ACCOUNT, "1200"),
        (answer(HTML, 401), Blame.CREDENTIALS, "401"),
        (answer({"message": "forbidden"}, 403), Blame.ACCOUNT, "403"),
        (answer(HTML, 403), Blame.UNDECIDED, "403"),
        (answer(HTML, 502), Blame.PROVIDER, "502"),
    ],
)
def test_a_refusal_is_blamed_as_the_contract_says(reply: Answer, blame: Blame, code: str) -> None:
    (found,) = judged(SCENARIO, case(keys=(key(),)), balance_read(reply))
    assert (found.severity, found.blame, found.code) == (Severity.FAIL, blame, code)
    assert found.evidence == (0,)


DIRTY = ("newline", "quotes", "inner-space", "non-ascii", "look-alike", "bearer-prefix")
WRONG = ("blank", "placeholder", "same-as-client-id", "cut", "other-provider:openai")
ODD = ("too-short", "unusual-shape", "token-shape")


@pytest.mark.parametrize("problem", [*DIRTY, *WRONG])
def test_a_refused_key_with_a_visible_fault_names_the_fault_as_the_cause(problem: str) -> None:
    found = judged(SCENARIO, case(keys=(key(problem),)), balance_read(REFUSED))
    cause = only(found, f"credentials-key-{problem.partition(':')[0]}")
    assert (cause.severity, cause.blame) == (Severity.FAIL, Blame.CREDENTIALS)
    assert cause.explains == {"1101"}
    assert cause.subject == "AKOOL_API_KEY"


def test_the_other_provider_is_named() -> None:
    found = judged(SCENARIO, case(keys=(key("other-provider:replicate"),)), balance_read(REFUSED))
    assert "(replicate)" in found[0].message()


@pytest.mark.parametrize("problem", ODD)
@pytest.mark.parametrize("reply", [REFUSED, HEALTHY, ILLEGAL, UNSENT])
def test_an_unusual_shape_is_a_warning_at_most(problem: str, reply: Answer) -> None:
    found = judged(SCENARIO, case(keys=(key(problem),)), balance_read(reply))
    assert only(found, f"credentials-key-{problem}").severity is not Severity.FAIL


@pytest.mark.parametrize("problem", [*DIRTY, *WRONG, *ODD])
def test_a_key_that_works_is_never_failed_for_its_looks(problem: str) -> None:
    found = judged(SCENARIO, case(keys=(key(problem),)), balance_read(HEALTHY))
    assert Severity.FAIL not in {f.severity for f in found}
    assert "credentials-accepted" in codes(found)


@pytest.mark.parametrize("problem", ["newline", "non-ascii", "look-alike", "control-character"])
def test_a_dirty_key_that_never_leaves_the_machine_is_credentials(problem: str) -> None:
    (found,) = judged(SCENARIO, case(keys=(key(problem),)), balance_read(ILLEGAL))
    assert (found.severity, found.blame) == (Severity.FAIL, Blame.CREDENTIALS)


def test_a_request_that_cannot_leave_with_a_clean_key_is_the_client_s() -> None:
    (found,) = judged(SCENARIO, case(keys=(key(),)), balance_read(ILLEGAL))
    assert (found.rule.code, found.blame) == ("answer-fault-bad-request", Blame.CLIENT)


@pytest.mark.parametrize("kind", [FaultKind.DNS, FaultKind.RESET, FaultKind.READ_TIMEOUT])
@pytest.mark.parametrize("problem", ["newline", "blank", "placeholder"])
def test_a_network_that_is_down_is_never_blamed_on_the_key(kind: FaultKind, problem: str) -> None:
    found = judged(SCENARIO, case(keys=(key(problem),)), balance_read(fault(kind)))
    assert {f.blame for f in found if f.severity is Severity.FAIL} == {Blame.NETWORK}


def test_a_key_that_cannot_work_fails_even_before_anything_is_sent() -> None:
    for problem, severity in {
        "blank": Severity.FAIL,
        "newline": Severity.FAIL,
        "placeholder": Severity.WARN,
    }.items():
        (found,) = judged(SCENARIO, case(keys=(key(problem),)), balance_read(UNSENT))
        assert found.severity is severity


def test_a_fault_of_the_key_that_is_not_used_is_a_warning() -> None:
    keys = (key("newline"), *(key(name=name) for name in PAIR))
    found = judged(
        SCENARIO, case(keys=keys, auth_headers=("Authorization",)), balance_read(REFUSED)
    )
    assert only(found, "credentials-key-newline").severity is Severity.WARN
    assert only(found, "credentials-method").facts["used"] == " + ".join(PAIR)


def test_both_headers_configured_is_a_warning_that_names_the_winner() -> None:
    about = case(
        keys=(key(), *(key(name=name) for name in PAIR)),
        auth_headers=("x-api-key", "Authorization"),
    )
    found = only(judged(SCENARIO, about, balance_read(HEALTHY)), "credentials-both-headers")
    assert found.severity is Severity.WARN
    assert found.facts == {"headers": "Authorization, x-api-key", "winner": "Authorization"}


def test_both_headers_in_somebody_s_capture_are_seen_too() -> None:
    sent = balance_read(HEALTHY, scenario="")
    headers = (("X-API-Key", "<secret>"), ("authorization", "<secret>"))
    sent = replace(sent, request=replace(sent.request, headers=headers))
    found = judged(SCENARIO, case(TargetKind.IMPORTED), sent)
    assert only(found, "credentials-both-headers").evidence == (0,)


def test_half_a_pair_fails_unless_another_way_works() -> None:
    half = key(name="AKOOL_CLIENT_ID")
    (alone,) = judged(SCENARIO, case(keys=(half,)))
    assert (alone.subject, alone.severity) == ("AKOOL_CLIENT_SECRET", Severity.FAIL)
    (beside,) = judged(SCENARIO, case(keys=(half, key())))
    assert beside.severity is Severity.WARN


def test_no_key_at_all_is_told_on_a_live_host_only() -> None:
    absent = (KeyFacts(name="AKOOL_API_KEY", present=False),)
    (found,) = judged(SCENARIO, case(TargetKind.LIVE, keys=absent))
    assert "AKOOL_API_KEY / AKOOL_CLIENT_ID + AKOOL_CLIENT_SECRET" in found.message()
    assert judged(SCENARIO, case(keys=absent)) == []


def test_a_token_that_cannot_be_bought_is_the_finding_not_the_read_that_stayed_home() -> None:
    found = judged(SCENARIO, case(), token_bought(REFUSED), balance_read(UNSENT, 1))
    assert [(f.code, f.subject) for f in found] == [("1101", "getToken")]


def test_the_last_word_counts_when_a_read_was_repeated() -> None:
    busy = answer({"code": 1015, "msg": "later"})
    last = replace(balance_read(HEALTHY, 1), started_s=NOW_S + 2)
    assert codes(judged(SCENARIO, case(), last, balance_read(busy, 0))) == ["credentials-accepted"]


def test_probes_without_credentials_and_other_scenarios_say_nothing_of_the_key() -> None:
    read = balance_read(REFUSED)
    probe = replace(read, request=replace(read.request, purpose=Purpose.PROBE))
    assert judged(SCENARIO, case(), probe, balance_read(REFUSED, scenario="job")) == []


def test_it_asks_one_free_authenticated_read() -> None:
    (request,) = walk(SCENARIO.ask(akool(), case()), lambda _: HEALTHY)
    assert (request.operation, request.authenticated, request.spends) == ("getCredit", True, False)


def test_a_provider_without_a_free_read_is_not_asked() -> None:
    poor = replace(akool(), roles={})
    assert SCENARIO.offered(poor, case()) is not None
    assert SCENARIO.offered(akool(), case()) is None
    assert walk(SCENARIO.ask(poor, case()), lambda _: HEALTHY) == []


@given(data=st.data())
def test_no_answer_makes_it_ask_twice(data: st.DataObject) -> None:
    assert len(walk(SCENARIO.ask(akool(), case()), lambda _: data.draw(replies))) == 1


@given(tape=tapes)
def test_no_tape_makes_the_judge_raise_or_change_its_mind(tape: Tape) -> None:
    assert findings_of(SCENARIO, tape) == findings_of(SCENARIO, tape)
