"""The balance is held against a documented price only; what nobody knows is said to be unknown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.contract import Contract
from diagnostics.model import (
    Answer,
    Blame,
    Case,
    Certainty,
    Exchange,
    FaultKind,
    Json,
    Plan,
    Severity,
    Tape,
)
from diagnostics.promise import Price, Source
from scenarios.quota import SCENARIO
from tests.drive_cases import HTML, akool, answer, case
from tests.reach_cases import (
    NOW_S,
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

SWAP = "createCharacterSwap"


def read(reply: Answer, position: int = 0) -> Exchange:
    return balance_read(reply, position, scenario="quota")


def left(credit: Json, **headers: str) -> Exchange:
    reply = answer({"code": 1000, "msg": "OK", "data": {"credit": credit}}, 200, **headers)
    return read(reply)


def planned(operation: str, **body: Json) -> Case:
    return case(plan=Plan(operation=operation, body=body))


TEN_SECONDS = planned(SWAP, resolution="720p", duration=10)


def test_a_balance_below_the_price_fails_and_names_the_codes_to_come() -> None:
    found = only(judged(SCENARIO, TEN_SECONDS, left(19)), "quota-insufficient")
    assert (found.severity, found.blame) == (Severity.FAIL, Blame.QUOTA)
    assert found.explains == {"1006", "1104"}
    assert found.code in {"1006", "1104"}
    assert "19 credits are left but createCharacterSwap costs 20" in found.message()
    assert "resolution 720p: 10 × started 5 s of 10" in found.message()


@pytest.mark.parametrize("credit", [20, 20.0, 21.5, "500"])
def test_a_balance_that_covers_the_price_is_told_with_how_it_was_worked_out(credit: Json) -> None:
    found = judged(SCENARIO, TEN_SECONDS, left(credit))
    assert {f.severity for f in found} == {Severity.INFO}
    enough = only(found, "quota-enough")
    assert "costs 20" in enough.message()
    assert "начатые 5 с из 10" in enough.message("ru")


def test_a_price_that_depends_on_what_is_not_given_is_unknown() -> None:
    found = judged(SCENARIO, planned(SWAP, resolution="720p"), left(500))
    assert "quota-price-unknown" in codes(found)
    assert "quota-enough" not in codes(found)


def test_a_price_nobody_documents_is_said_to_be_unknown_and_never_taken_from_the_emulator() -> None:
    operation = akool().operations["createTalkingPhoto"]
    assert operation.price.emulated > 6
    found = judged(SCENARIO, case(), left(6))
    assert {f.severity for f in found} == {Severity.INFO}
    assert "quota-price-unknown" in codes(found)


@pytest.mark.parametrize(("credit", "certainty"), [(0, 0.9), (0.5, 0.7), (-3, 0.9)])
def test_an_empty_purse_is_a_warning_even_when_the_price_is_unknown(
    credit: float, certainty: float
) -> None:
    found = only(judged(SCENARIO, case(), left(credit)), "quota-nearly-empty")
    assert (found.severity, found.blame) == (Severity.WARN, Blame.QUOTA)
    assert found.certainty == certainty
    assert "1006" in found.message()


def test_without_a_plan_the_balance_alone_is_looked_at() -> None:
    assert "quota-nearly-empty" in codes(judged(SCENARIO, case(plan=None), left(0)))
    assert codes(judged(SCENARIO, case(plan=None), left(50))) == ["quota-limits"]


def test_a_free_call_needs_nothing() -> None:
    found = only(judged(SCENARIO, planned("getVideo"), left(0)), "quota-enough")
    assert "costs 0 (free)" in found.message()


def test_a_price_from_a_table_alone_is_told_with_its_row() -> None:
    about = planned("createImageToVideo", resolution="4k", video_length=10)
    found = only(judged(SCENARIO, about, left(10)), "quota-insufficient")
    assert found.facts["price"] == "60"
    assert "4k" in found.message()


def test_a_price_by_length_is_worked_out_from_the_text() -> None:
    price = Price(by=(), values={"": 2.0}, per_chars=100, text_field="text")
    contract = akool()
    speech = replace(contract.operations["createSpeech"], price=price)
    priced = replace(contract, operations={**contract.operations, "createSpeech": speech})
    tape = Tape(case=planned("createSpeech", text="a" * 250), exchanges=[left(9)])
    found = only(list(SCENARIO.judge(priced, tape)), "quota-enough")
    assert found.facts["price"] == "5"
    assert "250 / 100 characters" in found.message()


def test_a_fixed_price_and_its_doubtful_source_are_told() -> None:
    note = "two pages give two prices"
    source = Source(page="some/page", certainty=Certainty.OBSERVED, note=note)
    contract = akool()
    image = replace(contract.operations["createImage"], price=Price(amount=2, source=source))
    priced = replace(contract, operations={**contract.operations, "createImage": image})
    tape = Tape(case=planned("createImage"), exchanges=[left(1)])
    found = list(SCENARIO.judge(priced, tape))
    assert note in only(found, "quota-price-disputed").message()
    short = only(found, "quota-insufficient")
    assert "fixed" in short.message()
    assert short.certainty == 0.7


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ({"code": 1000, "data": {"credit": "many"}}, "'many'"),
        ({"code": 1000, "data": {"credit": None}}, "None"),
        ({"code": 1000, "data": {"credit": True}}, "True"),
        ({"code": 1000, "data": {"credit": [5]}}, "[5]"),
        ({"code": 1000, "data": {"credit": -1}}, "-1"),
        ({"code": 1000, "data": {}}, "?"),
        ({"code": 1000}, "?"),
        (b'{"code":1000,"data":{"credit":1e999}}', "inf"),
        (b'{"code":1000,"data":{"credit":NaN}}', "nan"),
    ],
)
def test_a_balance_that_is_no_amount_is_the_provider_s_fault(body: Json, seen: str) -> None:
    found = only(judged(SCENARIO, case(), read(answer(body))), "quota-odd-balance")
    assert (found.severity, found.blame) == (Severity.WARN, Blame.PROVIDER)
    assert found.facts["seen"] == seen


@pytest.mark.parametrize(
    ("reply", "blame", "code"),
    [
        (answer({"code": 1006, "msg": "no"}), Blame.QUOTA, "1006"),
        (answer({"code": 1005, "msg": "no"}), Blame.RATE_LIMIT, "1005"),
        (answer(HTML, 429), Blame.RATE_LIMIT, "429"),
        (answer({"code": 1101, "msg": "no"}), Blame.CREDENTIALS, "1101"),
        (answer(HTML, 502), Blame.PROVIDER, "502"),
    ],
)
def test_a_read_that_failed_is_told_as_what_it_is(reply: Answer, blame: Blame, code: str) -> None:
    (found, *rest) = judged(SCENARIO, case(), read(reply))
    assert (found.severity, found.blame, found.code) == (Severity.FAIL, blame, code)
    assert codes(rest) == ["quota-limits"]


@pytest.mark.parametrize("away", [answer({"code": 1005, "msg": "no"}), answer(HTML, 429)])
def test_being_turned_away_and_let_in_later_is_a_warning(away: Answer) -> None:
    later = replace(left(500), position=2, started_s=NOW_S + 9)
    found = only(judged(SCENARIO, case(), later, read(away, 0), read(away, 1)), "quota-throttled")
    assert (found.severity, found.blame) == (Severity.WARN, Blame.RATE_LIMIT)
    assert found.evidence == (0, 1)
    assert "2 times" in found.message()


def test_an_error_that_is_no_throttle_is_forgotten_after_a_success() -> None:
    later = replace(left(500), position=2, started_s=NOW_S + 9)
    earlier = [read(answer({"code": 1015, "msg": "later"}), 0), read(fault(FaultKind.RESET), 1)]
    assert "quota-throttled" not in codes(judged(SCENARIO, case(), *earlier, later))


def test_headers_that_tell_of_limits_are_passed_on() -> None:
    found = judged(SCENARIO, case(), left(500, X_RateLimit_Remaining="7", RateLimit_Reset="30"))
    told = only(found, "quota-rate-headers")
    assert "X-RateLimit-Remaining: 7, RateLimit-Reset: 30" in told.message()


def test_an_allowance_used_up_is_a_warning() -> None:
    found = only(judged(SCENARIO, case(), left(500, RateLimit_Remaining="0")), "quota-rate-spent")
    assert (found.severity, found.blame) == (Severity.WARN, Blame.RATE_LIMIT)


def test_limits_without_a_published_number_are_called_unknown() -> None:
    found = only(judged(SCENARIO, case(), left(500)), "quota-limits")
    assert "faces 8" in found.message()
    assert "no number is published for: rate, concurrent" in found.message()


def test_what_was_never_read_gives_no_word() -> None:
    elsewhere = replace(left(0), scenario="credentials")
    assert judged(SCENARIO, case(), read(UNSENT), elsewhere) == []


@pytest.mark.parametrize("duration", [10**400, float("inf"), float("nan"), -5, "10", [1]])
def test_an_absurd_duration_never_breaks_the_price(duration: Json) -> None:
    about = planned(SWAP, resolution="720p", duration=duration)
    found = judged(SCENARIO, about, left(500))
    assert Severity.FAIL not in {f.severity for f in found}


def test_it_reads_the_balance_once_and_only_where_there_is_one() -> None:
    (request,) = walk(SCENARIO.ask(akool(), case()), lambda _: UNSENT)
    assert (request.operation, request.spends) == ("getCredit", False)
    poor = replace(akool(), roles={})
    assert walk(SCENARIO.ask(poor, case()), lambda _: UNSENT) == []
    assert SCENARIO.offered(poor, case()) is not None
    assert SCENARIO.offered(akool(), case()) is None


@given(data=st.data())
def test_no_answer_makes_it_ask_twice(data: st.DataObject) -> None:
    assert len(walk(SCENARIO.ask(akool(), case()), lambda _: data.draw(replies))) == 1


@given(tape=tapes)
def test_no_tape_makes_the_judge_raise_or_change_its_mind(tape: Tape) -> None:
    assert findings_of(SCENARIO, tape) == findings_of(SCENARIO, tape)


# --- other providers --------------------------------------------------------------------------


def other(**roles: str) -> Contract:
    """AKOOL's contract with other words for the purse."""
    limits = {
        "rate": {"known": True, "per_minute": 30, "headers": {"X-Left": "remaining"}},
        "reset": {"known": True, "ways": [{"header": "x-again", "unit": "duration"}]},
    }
    return replace(akool(), roles=roles, limits=limits, support={"billing": "https://b.test"})


def test_without_a_balance_to_read_it_says_so_and_where_to_look() -> None:
    contract = other(probe="getCredit", example="createTalkingPhoto")
    (request,) = list(SCENARIO.ask(contract, case()))
    assert (request.operation, request.label) == ("getCredit", "probe")  # type: ignore[union-attr]  # a Request
    found = list(SCENARIO.judge(contract, Tape(case=case(), exchanges=[left(5)])))
    told = only(found, "quota-no-balance")
    assert "https://b.test" in told.remedy("ru")
    assert told.severity is Severity.INFO
    assert not {"quota-enough", "quota-nearly-empty"} & set(codes(found))


def test_headers_and_resets_are_read_as_the_contract_writes_them() -> None:
    contract = other(probe="getCredit", example="createTalkingPhoto")
    tape = Tape(case=case(), exchanges=[left(5, x_left="0", x_again="1m30s")])
    spent = only(list(SCENARIO.judge(contract, tape)), "quota-rate-spent")
    assert "anew in 90 s" in spent.message()
    assert "через 90 с" in spent.message("ru")
    limits = only(list(SCENARIO.judge(contract, tape)), "quota-limits")
    assert limits.facts["known"] == "rate 30/min"


def test_a_balance_in_a_currency_is_not_called_credits() -> None:
    roles = {"balance": "getCredit", "balance_field": "data.credit", "balance_unit": "usd"}
    tape = Tape(case=TEN_SECONDS, exchanges=[left(19)])
    found = only(list(SCENARIO.judge(other(**roles), tape)), "quota-insufficient")
    assert "19 USD are left" in found.message()
    assert "осталось 19 USD" in found.message("ru")
