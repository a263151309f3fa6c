"""A recording says how old it is, and no words on a tape make its judge raise."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import aging
from diagnostics.contract_load import load
from diagnostics.judge import judge
from diagnostics.model import Origin, Tape, TargetKind, Text, Unsent, UnsentReason, Verdict
from scenarios.recording import SCENARIO
from tests.cassette_cases import BEGAN_S, CASE, answered, asked, tape

DAY_S = aging.DAY_S
CONTRACT = load("akool")
RECORDED = tape(
    (asked("/a"), answered()),
    (asked("/b"), Unsent(reason=UnsentReason.DRY)),
    case=replace(
        CASE, target=replace(CASE.target, kind=TargetKind.CASSETTE, recorded="2026-11-18")
    ),
)


def age(days: float = 0, **more: object) -> aging.Age:
    found = aging.age_of(RECORDED, "it.yaml", recorded_s=BEGAN_S, now_s=BEGAN_S + days * DAY_S)
    return replace(found, **more)  # type: ignore[arg-type]  # whatever a test wants changed


def codes(found: aging.Age) -> list[str]:
    return [one.rule.code for one in aging.findings(found)]


@pytest.mark.parametrize(
    ("days", "most", "found"),
    [
        (29.9, 30, []),
        (30.5, 30, []),
        (31, 30, ["recording-old"]),
        (31, None, []),
        (0.9, 0, []),
        (1, 0, ["recording-old"]),
        (-5, 0, []),
    ],
)
def test_it_is_old_after_the_days_that_are_allowed(
    days: float, most: float | None, found: list[str]
) -> None:
    assert codes(age(days, most_days=most)) == ["recording-known", *found]


def test_without_a_date_nobody_knows_how_old_it_is() -> None:
    undated = aging.age_of(RECORDED, "it.yaml", recorded_s=None, now_s=0, most_days=1)
    assert codes(undated) == ["recording-known", "recording-undated"]


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_origin_has_its_words(origin: Origin, language: str) -> None:
    known = next(aging.findings(age(origin=origin.value)))
    assert "?" not in known.message(language)
    assert "2026-11-18" in known.message(language)


def test_what_was_kept_back_is_no_recording_that_nobody_asked_for() -> None:
    found = aging.age_of(
        RECORDED, "it.yaml", recorded_s=BEGAN_S, now_s=BEGAN_S, unplayed=RECORDED.exchanges
    )
    assert (found.total, found.unplayed_count) == (1, 1)
    assert found.unplayed == ("GET http://akool.emulator.test/a",)


def test_what_was_laid_on_the_tape_is_what_is_judged() -> None:
    found = age(400, most_days=30.0, unplayed=("a",), unplayed_count=1, missed=("b",))
    found = replace(found, missed_at=(0,), missed_ru=("в",))
    laid = aging.exchange(found, BEGAN_S)
    assert aging.read(laid.request.body) == found
    told = list(SCENARIO.judge(CONTRACT, Tape(case=RECORDED.case, exchanges=[laid])))
    assert told == list(aging.findings(found))
    assert {one.rule.severity.value for one in told} == {"info", "warn"}


def test_a_miss_is_told_in_both_languages() -> None:
    missed = [Text(en="no such call", ru="такого вызова нет")]
    gone = tape((asked("/x"), Unsent(reason=UnsentReason.NOT_RECORDED)))
    found = aging.age_of(
        RECORDED, "it", recorded_s=1.0, now_s=2.0, made=gone.exchanges, missed=missed
    )
    miss = list(aging.findings(found))[-1]
    assert miss.evidence == (0,)
    assert "no such call" in miss.message("en")
    assert "такого вызова нет" in miss.message("ru")


def test_a_report_is_given_its_age_once() -> None:
    report = judge(CONTRACT, RECORDED, [SCENARIO])
    once = aging.noted(CONTRACT, report, age(31, most_days=30.0))
    twice = aging.noted(CONTRACT, once, age(31, most_days=30.0))
    assert [one.scenario for one in twice.outcomes] == ["recording"]
    assert once.judgement.verdict is Verdict.WARN
    assert aging.noted(CONTRACT, once, age(1)).outcomes[0].verdict is Verdict.PASS


def test_it_asks_nothing_and_has_something_to_say_of_recordings_only() -> None:
    assert not list(SCENARIO.ask(CONTRACT, CASE))
    for case in (CASE, RECORDED.case):
        why = SCENARIO.offered(CONTRACT, case)
        assert why is not None
    assert SCENARIO.offered(CONTRACT, CASE) != SCENARIO.offered(CONTRACT, RECORDED.case)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(told=st.dictionaries(st.sampled_from(aging.Age.__slots__), values) | values, raw=st.binary())
def test_no_words_on_a_tape_make_it_raise(told: object, raw: bytes) -> None:
    for body in (json.dumps(told).encode(), raw):
        laid = aging.exchange(age(), 0.0)
        laid = replace(laid, request=replace(laid.request, body=body))
        for one in SCENARIO.judge(CONTRACT, Tape(case=CASE, exchanges=[laid])):
            assert one.message("ru")
