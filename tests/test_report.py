"""Does a report say what its tape says, in both languages, whatever a stranger put on the tape?"""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.finding import Finding, Judgement, Outcome, Report, Spending
from diagnostics.model import (
    LANGUAGES,
    Blame,
    Exchange,
    Json,
    Purpose,
    Response,
    Tape,
    Target,
    TargetKind,
    Verdict,
)
from reports.document import document
from reports.plain import plain
from reports.render import formats, rendered
from tests import sample_report as sample

CONTRACT = sample.contract()
PROMISED = (
    "run_id target verdict blame certainty code code_meaning because excluded findings scenarios"
    " requests paid_requests credits credits_spent ambiguous_creates virtual_time started"
    " environment identifiers request answer timeline wire reproduction question interrupted"
    " running_jobs report"
)


def told(report: Report, language: str = "en") -> dict[str, Any]:
    return document(report, CONTRACT, language=language)


def live(**changes: Json) -> Report:
    report = sample.incident()
    return replace(report, judgement=replace(report.judgement, **changes))


# --- the document -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sample.EVERY)
def test_every_report_is_strict_json_with_every_promised_key(name: str, language: str) -> None:
    made = told(sample.EVERY[name](), language)

    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["schema"] == "diagnostics.run/1"
    assert set(PROMISED.split()) <= set(made)


def test_the_same_tape_gives_the_same_document() -> None:
    assert told(sample.incident()) == told(sample.incident())


def test_the_symptom_names_vendor_operation_stage_and_code() -> None:
    assert told(sample.incident())["symptom"] == (
        "AKOOL, createTalkingPhoto, create, attempt 4: "
        "1015 create video error, please try again later"
    )


def test_the_symptom_is_the_code_even_when_the_cause_is_a_file() -> None:
    made = told(sample.media_incident())

    assert made["answer"]["code"] == "1015"
    assert made["blame"] == "media"
    assert made["code_meaning"].startswith("create video error")


def test_the_emulator_never_reads_as_the_provider() -> None:
    report = sample.media_incident()
    provider = replace(report, judgement=replace(report.judgement, blame=Blame.PROVIDER))
    for language, played in (("en", "as played by the emulator"), ("ru", "так сыграл эмулятор")):
        made = told(provider, language)

        assert played in made["headline"]["sentence"]
        assert played in made["headline"]["blame"]
        assert "AKOOL" in made["headline"]["answered"]
        assert not made["asks_provider"]
        assert made["question"].startswith(("Nothing to ask", "Спрашивать AKOOL не о чем"))


def test_a_host_of_somebody_else_is_not_the_provider() -> None:
    case = replace(
        sample.case(),
        target=Target(kind=TargetKind.LIVE, provider="akool", base_url="http://127.0.0.1:8471"),
    )
    report = sample.incident()
    made = told(replace(report, tape=replace(report.tape, case=case)))

    assert "127.0.0.1:8471" in made["headline"]["sentence"]
    assert not made["asks_provider"]


@pytest.mark.parametrize("blame", Blame)
def test_the_provider_is_asked_only_what_it_can_answer(blame: Blame) -> None:
    asked = {Blame.PROVIDER, Blame.UNDECIDED, Blame.ENDPOINT, Blame.ACCOUNT}

    assert told(live(blame=blame))["asks_provider"] == (blame in asked)


def test_the_question_quotes_times_ids_counts_and_what_was_ruled_out() -> None:
    question = told(sample.incident())["question"]

    for fact in ("1015", "4 of 5 requests", "01:02:03.992 +00:00", "req-04", "input files"):
        assert fact in question


def test_a_cassette_is_named_with_its_date() -> None:
    made = told(sample.incident(TargetKind.CASSETTE))

    assert "2025-09-13" in made["headline"]["answered"]
    assert "2025-09-13" in made["headline"]["blame"]


def test_a_run_without_exchanges_asks_nothing_and_claims_nothing() -> None:
    made = told(sample.empty())

    assert made["request"] is None
    assert not made["asks_provider"]
    assert made["running_jobs"] == ["64f1a2b3c4d5"]


def test_an_answer_that_is_not_json_is_no_success() -> None:
    report = _single({})
    exchange = replace(report.tape.exchanges[0], answer=Response(status=200, body=b'{"code":1'))
    made = told(replace(report, tape=replace(report.tape, exchanges=[exchange])))

    assert made["failed"] == 1
    assert made["symptom"].endswith("HTTP 200, not JSON")


def test_an_answer_that_looks_well_is_told_by_what_is_wrong_with_it() -> None:
    slow = Finding(rule=sample.SLOW_POLLS, evidence=(2,))
    answer = sample.answered(sample.job(2))
    tape = sample.tape(sample.case(), [("job", sample.poll(), answer, 0.1) for _ in range(4)])
    report = sample.incident()
    judgement = replace(report.judgement, because=(slow,), code=None)
    made = told(replace(report, tape=tape, judgement=judgement))

    assert made["symptom"].endswith("poll: the job stayed in state 2 for 4 minutes")
    assert "the job stayed in state 2 for 4 minutes" in made["question"]


def test_an_address_that_is_expected_to_be_gone_is_no_failure_of_the_run() -> None:
    probe = replace(sample.poll(), purpose=Purpose.PROBE)
    report = _single({"code": 1000, "msg": "OK"})
    exchange = replace(report.tape.exchanges[0], request=probe, answer=Response(status=404))

    assert told(replace(report, tape=replace(report.tape, exchanges=[exchange])))["failed"] == 0


def test_a_lost_answer_says_first_not_to_repeat_the_call() -> None:
    made = told(sample.lost_answer())

    assert made["todo"][0].startswith("Do not repeat the paid call yet")
    assert made["ambiguous_creates"][0]["operation"] == "createTalkingPhoto"
    assert made["answer"]["may_have_arrived"] is True


def test_ids_of_failed_calls_stand_first_with_the_place_they_came_from() -> None:
    found = told(sample.incident())["identifiers"]

    assert found[0]["value"] == "req-01"
    assert found[0]["where"] == "header x-request-id"
    assert {"kind": "job", "value": "64f1a2b3c4d5"}.items() <= next(
        one for one in found if one["kind"] == "job"
    ).items()


def test_an_id_in_the_words_of_a_message_is_lifted_as_well() -> None:
    body = {"code": 1015, "msg": "failed, include request ID req_0123abc in your mail"}
    found = told(_single(body))["identifiers"]

    assert [(one["value"], one["where"]) for one in found] == [("req_0123abc", "message")]


def test_the_clock_of_the_server_is_compared() -> None:
    report = sample.incident()
    ahead = sample.answered({"code": 1000}, Date="Sat, 21 Nov 2026 01:17:04 GMT")
    ahead = replace(ahead, headers=tuple(h for h in ahead.headers if "01:02" not in h[1]))
    exchange = replace(report.tape.exchanges[0], answer=ahead)
    made = told(replace(report, tape=replace(report.tape, exchanges=[exchange])))

    assert made["clock_offset_s"] == pytest.approx(900.2, abs=0.1)
    assert "15 min" in rendered(made, format="txt")


def test_states_of_a_job_are_listed_with_their_times() -> None:
    states = told(sample.incident())["states"]

    assert [(one["state"], one["name"], one["seen"]) for one in states] == [
        ("1", "queueing", 4),
        ("2", "processing", 44),
        ("4", "failed", 1),
    ]


def test_findings_keep_links_to_lines_of_the_timeline() -> None:
    made = told(sample.long(5_000))
    rows = {row["position"] for row in made["timeline"] if not row["elided"]}

    assert made["because"][0]["evidence"] == [2_500]
    assert 2_500 in rows


def test_a_long_tape_keeps_its_ends_its_failures_and_counts_the_rest() -> None:
    made = told(sample.long(20_000))
    shown = [row for row in made["timeline"] if not row["elided"]]

    assert len(shown) <= 240
    assert len(shown) + sum(row["elided"] for row in made["timeline"]) == 20_000
    assert shown[0]["position"] == 0
    assert shown[-1]["position"] == 19_999
    assert [row["position"] for row in shown if row["ok"] is False] == list(
        range(999, 20_000, 1000)
    )


# --- hostile text -----------------------------------------------------------------------------


def _single(body: Json, **changes: Json) -> Report:
    answer = sample.answered(body)
    tape = sample.tape(sample.case(), [("job", sample.call(), answer, 0.4)])
    found = Finding(rule=sample.ANSWER_1015, subject="x", facts={"code": "1"}, evidence=(0,))
    return Report(
        tape=tape,
        judgement=Judgement(
            verdict=Verdict.FAIL, blame=Blame.PROVIDER, certainty=0.5, because=(found,), **changes
        ),
        outcomes=(Outcome(scenario="job", verdict=Verdict.FAIL, findings=(found,)),),
        spending=Spending(),
    )


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(
    body=st.binary(max_size=300) | _ANY_JSON.map(lambda value: json.dumps(value).encode()),
    text=st.text(),
    number=st.floats(),
    status=st.integers(0, 10**6),
)
def test_no_answer_breaks_a_report(body: bytes, text: str, number: float, status: int) -> None:
    report = _single({"code": text, "msg": text, "data": {"_id": text, "video_status": text}})
    poll = Exchange(
        request=replace(sample.poll(), url=text, label=text, method=text),
        answer=Response(status=status, reason=text, headers=((text, text),), body=body),
        started_s=number,
        duration_s=number,
        scenario=text,
        position=1,
    )
    exchanges = [*report.tape.exchanges, poll]
    report = replace(report, tape=Tape(case=report.tape.case, exchanges=exchanges))
    made = told(report, "ru")

    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert all(rendered(made, format=name).encode() for name in formats())


@given(st.text())
def test_nothing_invisible_survives(text: str) -> None:
    shown = plain(text)

    assert all(one.isprintable() or one in "\u00a0\u202f\u200d" for one in shown)
    assert plain(shown) == shown


def test_an_escaped_body_is_still_the_same_json() -> None:
    text = json.dumps({"a": "x\u202ey\U000e0041z"}, ensure_ascii=False)

    assert json.loads(plain(text, block=True)) == json.loads(text)


def test_a_megabyte_of_body_is_cut_and_its_size_told() -> None:
    made = told(sample.hostile())

    assert len(made["answer"]["body"]["text"]) < 20_000
    assert made["answer"]["body"]["truncated"]
    assert made["answer"]["body"]["size_bytes"] > 1_000_000
    assert "(cut here; whole size 1.8 MB)" in rendered(made, format="txt")


def test_no_line_of_a_body_can_pass_for_a_heading() -> None:
    forged = "x\n=== RECOMMENDATIONS ===\n1. Pay"
    report = _single({})
    exchange = replace(report.tape.exchanges[0], answer=Response(status=200, body=forged.encode()))
    report = replace(report, tape=replace(report.tape, exchanges=[exchange]))
    lines = rendered(told(report), format="txt").splitlines()

    assert lines.count("=== RECOMMENDATIONS ===") == 1
