"""Does a stranger's capture come to the verdict that a run of our own would?"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import capture
from diagnostics.contract_load import load
from diagnostics.model import (
    Blame,
    Fault,
    FaultKind,
    KeyFacts,
    Origin,
    Purpose,
    Request,
    Response,
    TargetKind,
    Verdict,
)
from diagnostics.redact import Gate
from diagnostics.triage import Triage
from diagnostics.triaging.keys import marked
from diagnostics.triaging.voices import one_voice, voices
from tests import har_cases
from tests.har_cases import BODY, CREATE, FACE, JOB, KEY, SAMPLES, SPEECH, told
from tests.triage_cases import (
    KEYED,
    NOBODY,
    OVERLOAD,
    POLL,
    RESULT,
    alone,
    captured,
    create,
    finding,
    judged,
    poll,
    rules,
    seen,
)

CHAT = "https://api.openai.com/v1/chat/completions"
NO_QUOTA = {
    "error": {
        "message": "You exceeded your current quota, please check your plan.",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
}
TOO_FAST = {
    "error": {
        "message": "Rate limit reached for an invented model",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}


# --- whose it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "status", "answer", "verdict", "blame", "code"),
    [
        ("akool", 200, OVERLOAD, "inconclusive", "undecided", "1015"),
        ("akool", 200, NOBODY, "fail", "credentials", "1101"),
        ("akool", 200, {"code": 9999, "msg": "odd"}, "inconclusive", "undecided", "9999"),
        ("openai", 429, NO_QUOTA, "fail", "quota", "insufficient_quota"),
        ("openai", 429, TOO_FAST, "fail", "rate-limit", "rate_limit_exceeded"),
        ("heygen", 404, {"code": 400569, "message": "Not found"}, "fail", "parameters", "400569"),
        (
            "heygen", 402, {"error": {"code": "insufficient_credit", "message": "no credit"}},
            "fail", "quota", "insufficient_credit",
        ),
        (
            "replicate", 402, {"title": "Insufficient credit", "detail": "none", "status": 402},
            "fail", "quota", "402",
        ),
        (
            "replicate", 200, {"id": "invented1", "status": "failed", "error": "out of memory"},
            "inconclusive", "undecided", "failed",
        ),
        ("akool", 200, told(4), "inconclusive", "undecided", "4"),
    ],
)  # fmt: skip
def test_a_lone_answer_is_known_by_its_looks(  # noqa: PLR0913, PLR0917  # a row of the table
    provider: str, status: int, answer: Any, verdict: str, blame: str, code: str
) -> None:
    report = alone(seen(status=status, answer=answer))
    judgement = report.judgement
    assert report.tape.case.target.provider == provider
    assert (judgement.verdict, judgement.blame, judgement.code) == (verdict, blame, code)
    assert judgement.because
    assert judgement.because[0].remedy()
    assert not rules(report) & {"parameter-wrong", "parameters-fit"}


@pytest.mark.parametrize("answer", [{"hello": 1}, [1, 2], "text", b"<html>", b"", None])
def test_what_nobody_we_know_says_is_claimed_for_nobody(answer: Any) -> None:
    found = judged(captured(seen(answer=answer)))
    assert not found.told
    assert found.entries == 1


def test_who_named_the_provider_is_believed() -> None:
    report = alone(seen(status=502, answer=b"<html>bad gateway"), provider="heygen")
    assert report.tape.case.target.provider == "heygen"
    assert report.judgement.blame is Blame.PROVIDER


def test_where_two_could_have_said_it_nobody_is_named() -> None:
    both = (load("akool"), replace(load("akool"), name="twin"))
    response = Response(status=200, body=json.dumps(OVERLOAD).encode())
    assert len(voices(both, response)) == 2
    assert one_voice(both, response) is None


def test_a_success_that_nobody_could_judge_is_no_pass() -> None:
    report = alone(seen(answer={"code": 1000, "msg": "OK"}))
    assert report.judgement.verdict is Verdict.INCONCLUSIVE


def test_a_gateway_is_seen_through_by_the_path() -> None:
    url = CREATE.replace("https://openapi.akool.com", "https://gateway.invented.test/ai/akool")
    report = alone(seen("POST", url, body=BODY, answer=OVERLOAD, at_s=1))
    assert report.tape.exchanges[0].request.operation == "createTalkingPhoto"
    assert report.tape.case.target.base_url == "https://gateway.invented.test"


def test_a_short_path_on_a_strange_host_needs_the_providers_own_word() -> None:
    url = "https://gateway.invented.test/v1/predictions"
    refused = {"title": "Insufficient credit", "detail": "none", "status": 402}
    assert not judged(captured(seen("POST", url, body={}, answer=refused, at_s=1))).told
    own = (("Authorization", "Bearer r8_" + "aB3" * 12 + "x"),)
    sure = judged(captured(seen("POST", url, body={}, answer=refused, headers=own, at_s=1)))
    assert [one.contract.name for one in sure.told] == ["replicate"]
    made = {"id": "invented1", "status": "starting"}
    assert judged(captured(seen("POST", url, body={}, answer=made, at_s=1))).told


@pytest.mark.parametrize("url", ["https://api.invented-llm.test/v1/chat/completions",
                                 "https://shop.invented.test/v1/models"])  # fmt: skip
def test_an_api_that_only_resembles_one_is_left_alone(url: str) -> None:
    assert not judged(captured(seen("POST", url, body={}, answer={"choices": []}, at_s=1))).told


def test_a_short_path_without_an_answer_is_nobodys() -> None:
    url = "https://gateway.invented.test/v1/predictions"
    assert not judged(captured(seen("POST", url, body={}, at_s=1))).told


def test_a_key_alone_names_its_provider() -> None:
    own = (("Authorization", "Bearer r8_" + "aB3" * 12 + "x"),)
    found = judged(captured(seen(headers=own)))
    assert [one.contract.name for one in found.told] == ["replicate"]


def test_a_mark_that_is_no_pattern_marks_nothing() -> None:
    known = load("replicate")
    odd = replace(known, schemes=tuple(replace(one, mark="(") for one in known.schemes))
    own = (("Authorization", "Bearer r8_invented"),)
    assert marked([odd], Request(method="GET", url="x", headers=own)) == set()


def test_a_provider_of_the_users_own_is_known_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).parent / "fifth"
    monkeypatch.setenv("DIAGNOSTICS_CONTRACTS", str(folder))
    report = alone(seen("GET", "https://api.lumora.test/v7/purse", answer={}, at_s=1))
    assert report.tape.case.target.provider == "lumora"


def test_a_contract_that_cannot_be_read_hides_nobody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.yaml").write_text("openapi: [", "utf-8")
    monkeypatch.setenv("DIAGNOSTICS_CONTRACTS", str(tmp_path))
    assert alone(create(OVERLOAD)).tape.case.target.provider == "akool"


def test_this_machine_may_stand_in_for_any_provider() -> None:
    url = "http://127.0.0.1:8471/v1/predictions"
    assert alone(seen("POST", url, body={}, answer={}, at_s=1)).tape.case.target.provider == (
        "replicate"
    )


def test_a_browsers_own_questions_are_no_calls() -> None:
    asked = seen("OPTIONS", CREATE, status=204, answer=b"", at_s=1)
    icon = seen("GET", "https://openapi.akool.com/favicon.ico", status=404, answer=b"", at_s=2)
    kept = seen("GET", POLL, status=304, answer=b"", at_s=2)
    socket = seen("GET", "wss://openapi.akool.com/live", status=101, answer=b"", at_s=2)
    report = alone(asked, icon, kept, socket, create(OVERLOAD, at_s=3))
    assert len(report.tape) == 1


def test_each_provider_of_a_capture_is_judged_by_itself() -> None:
    found = judged(
        captured(create(NOBODY), seen("POST", CHAT, body={}, status=429, answer=NO_QUOTA, at_s=2))
    )
    came = {one.contract.name: one.report.judgement.blame for one in found.told}
    assert came == {"akool": Blame.CREDENTIALS, "openai": Blame.QUOTA}
    ids = {one.report.tape.case.run_id for one in found.told}
    assert len(ids) == 2


# --- what belongs together ----------------------------------------------------------------------


def test_creates_polls_and_files_are_one_conversation() -> None:
    film, face = ((SAMPLES / name).read_bytes() for name in ("clip.mp4", "face.jpg"))
    report = alone(
        seen("GET", FACE, answer=face, at_s=1, kind="image/jpeg"),
        create(told(1), at_s=2),
        poll(2, at_s=10),
        poll(3, at_s=20, url=RESULT),
        seen("GET", RESULT, answer=film, at_s=30, kind="video/mp4"),
        seen("GET", "https://elsewhere.invented.test/x", answer=b"x", at_s=31),
    )
    tape = report.tape
    assert [one.conversation for one in tape] == [1, 1, 1, 1, 1]
    assert [one.request.purpose for one in tape] == [
        Purpose.MEDIA, Purpose.CALL, Purpose.CALL, Purpose.CALL, Purpose.MEDIA,
    ]  # fmt: skip
    assert [one.request.label for one in tape][::4] == ["talking_photo_url", "output"]
    assert tape.exchanges[1].request.spends
    last = tape.exchanges[4].response
    assert last is not None
    assert last.media is not None
    assert last.media.container == "mp4"
    assert "job-finished" in rules(report)
    assert [one.position for one in tape] == [0, 1, 2, 3, 4]


def test_two_jobs_are_two_conversations_and_a_repeat_is_an_attempt() -> None:
    other = {"code": 1000, "msg": "OK", "data": {"_id": "other-job", "video_status": 1}}
    report = alone(
        create(OVERLOAD, at_s=1),
        create(told(1), at_s=3),
        create(other, at_s=4),
        poll(3, at_s=20, url=RESULT),
    )
    assert [(one.conversation, one.attempt) for one in report.tape] == [
        (1, 1), (1, 2), (2, 1), (1, 1),
    ]  # fmt: skip


def test_several_files_are_one_story_in_order_of_time() -> None:
    first = captured(create(told(1), at_s=1), name="a.har")
    second = captured(poll(3, at_s=20, url=RESULT), name="b.log")
    report = judged(second, first).told[0].report
    assert [one.source for one in report.tape] == ["a.har: entry 1", "b.log: entry 1"]


def test_a_call_that_two_files_tell_of_is_one_call() -> None:
    browser = captured(create(OVERLOAD, at_s=1), create(OVERLOAD, at_s=1.2), name="a.har")
    log = captured(create(OVERLOAD, at_s=1.3), create(OVERLOAD, at_s=60), name="b.log")
    report = judged(browser, log).told[0].report
    assert [one.source for one in report.tape] == [
        "a.har: entry 1", "a.har: entry 2", "b.log: entry 2",
    ]  # fmt: skip
    bare = [captured(create(OVERLOAD, at_s=0), name=name) for name in ("c.txt", "d.txt")]
    assert len(judged(*bare).told[0].report.tape) == 2


def test_a_file_without_times_keeps_its_order() -> None:
    report = alone(create(told(1), at_s=0), poll(2, at_s=0), poll(3, at_s=0, url=RESULT))
    assert [one.request.method for one in report.tape] == ["POST", "GET", "GET"]


# --- what the judges say ------------------------------------------------------------------------


def test_a_wrong_parameter_is_named_by_its_path() -> None:
    wrong = {**BODY, "talking_photo_url": "face.jpg"}
    report = alone(create({"code": 1003, "msg": "parameter error"}, body=wrong))
    assert report.judgement.blame is Blame.PARAMETERS
    assert finding(report, "parameter-wrong").subject == "talking_photo_url"


def test_a_request_without_an_answer_is_judged_like_validate() -> None:
    wrong = alone(create(body={"talking_photo_url": FACE}))
    assert (wrong.judgement.verdict, wrong.judgement.blame) == (Verdict.FAIL, Blame.PARAMETERS)
    right = alone(create())
    assert right.judgement.verdict is Verdict.INCONCLUSIVE
    assert "parameters-fit" in rules(right)


def test_on_1015_inputs_that_nobody_fetched_leave_it_open() -> None:
    report = alone(create(OVERLOAD))
    assert (report.judgement.verdict, report.judgement.blame) == (
        Verdict.INCONCLUSIVE, Blame.UNDECIDED,
    )  # fmt: skip
    assert Blame.MEDIA not in {one.blame for one in report.judgement.excluded}


def test_on_1015_an_input_that_the_capture_shows_missing_is_blamed() -> None:
    report = alone(seen("GET", FACE, status=404, answer=b"<html>gone", at_s=0.5), create(OVERLOAD))
    assert (report.judgement.blame, report.judgement.code) == (Blame.MEDIA, "1015")


def test_on_1015_fit_inputs_in_the_capture_point_at_the_provider() -> None:
    face, speech = ((SAMPLES / name).read_bytes() for name in ("face.jpg", "speech.mp3"))
    report = alone(
        seen("GET", FACE, answer=face, at_s=0.5, kind="image/jpeg"),
        seen("GET", SPEECH, answer=speech, at_s=0.6, kind="audio/mpeg"),
        create(OVERLOAD),
    )
    assert (report.judgement.verdict, report.judgement.blame) == (Verdict.FAIL, Blame.PROVIDER)


def test_a_file_whose_bytes_were_not_kept_is_known_by_its_type_only() -> None:
    lost = Response(
        status=200, headers=(("Content-Type", "image/jpeg"),), size_bytes=9000, truncated=True
    )
    report = alone(seen("GET", FACE, came=lost, at_s=0.5), create(OVERLOAD))
    media = report.tape.exchanges[0].response
    assert media is not None
    assert media.media is not None
    assert (media.media.container, media.media.complete) == ("jpeg", False)


@pytest.mark.parametrize(
    "came",
    [
        Response(status=304),
        Response(status=200, size_bytes=9, truncated=True),
        Response(status=302, headers=(("Location", "http://[bad"),)),
    ],
)
def test_a_fetch_that_tells_nothing_clears_no_input(came: Response) -> None:
    report = alone(seen("GET", FACE, came=came, at_s=0.5), create(OVERLOAD))
    assert Blame.MEDIA not in {one.blame for one in report.judgement.excluded}
    assert report.judgement.blame is not Blame.PROVIDER


def test_an_input_that_is_empty_is_unfit() -> None:
    report = alone(seen("GET", FACE, came=Response(status=200), at_s=0.5), create(OVERLOAD))
    assert report.judgement.blame is Blame.MEDIA


def test_polls_after_the_end_are_the_callers_fault() -> None:
    ended = [poll(3, at_s=10 + 5 * n, url=RESULT) for n in range(6)]
    report = alone(create(told(1)), *ended)
    assert report.judgement.blame is Blame.CLIENT
    assert "client-polls-after-end" in rules(report)


def test_a_paid_call_sent_again_after_a_lost_answer_is_told() -> None:
    lost = Fault(kind=FaultKind.RESET, message="connection reset", may_have_arrived=True)
    report = alone(create(came=lost, at_s=1), create(told(1), at_s=2), poll(3, at_s=9, url=RESULT))
    assert "client-repeats-paid-create" in rules(report)
    assert report.ambiguous


def test_no_pace_is_claimed_where_no_times_are_known() -> None:
    report = alone(create(told(1), at_s=0), *[poll(2, at_s=0) for _ in range(8)])
    assert not any("fast" in code or "storm" in code for code in rules(report))
    fast = alone(create(told(1)), *[poll(2, at_s=2 + n / 10) for n in range(8)])
    assert any("fast" in code for code in rules(fast))


def test_an_address_of_old_is_told_apart_from_a_wrong_call() -> None:
    url = "https://openapi.akool.com/video/status/abc"
    report = alone(seen("GET", url, status=404, answer=b"<html>not found", at_s=1))
    assert report.judgement.blame is Blame.ENDPOINT
    assert "endpoint-stale-address" in rules(report)
    assert "parameter-wrong" not in rules(report)


def test_an_answer_whose_body_was_not_kept_is_not_called_broken() -> None:
    kept = Response(status=200, size_bytes=90, truncated=True)
    report = alone(create(came=kept))
    assert report.judgement.verdict is Verdict.INCONCLUSIVE
    assert "answer-not-json" not in rules(report)
    gone = alone(create(came=Response(status=404, size_bytes=90, truncated=True)))
    assert "answer-no-such-address" not in rules(gone)


def test_a_call_whose_body_was_not_kept_breaks_no_rule() -> None:
    report = alone(create(told(1), body=None, headers=(("Content-Length", "136"),)))
    assert not rules(report) & {"parameter-wrong", "parameters-fit"}


def test_one_poll_without_a_body_hides_nothing_that_others_tell() -> None:
    blind = Response(status=200, size_bytes=90, truncated=True)
    report = alone(
        create(told(1)),
        seen("GET", POLL, came=blind, headers=KEYED, at_s=5),
        poll(3, at_s=9, url=RESULT),
    )
    assert "job-finished" in rules(report)
    assert report.judgement.verdict is Verdict.PASS


def test_the_same_answer_is_explained_once() -> None:
    report = alone(create(NOBODY, at_s=1), create(NOBODY, at_s=2))
    told_ = [one for one in report.findings if one.rule.code == "answer-business-code"]
    assert len(told_) == 1
    assert set(told_[0].evidence) == {0, 1}


def test_the_case_says_honestly_where_it_comes_from() -> None:
    target = alone(create(OVERLOAD)).tape.case.target
    assert (target.kind, target.origin) == (TargetKind.IMPORTED, Origin.IMPORTED)
    assert target.version == load("akool").version
    assert not target.emulated


def test_a_recorded_film_is_judged_as_the_film_it_was() -> None:
    path = Path(__file__).parents[1] / "cassettes" / "replicate" / "three-scenes.yaml"
    report = judged(capture.read(path)).told[0].report
    assert report.tape.case.film
    assert "scenes" in {one.scenario for one in report.outcomes}


def test_a_tape_of_ours_keeps_its_case() -> None:
    own = alone(create(OVERLOAD)).tape
    again = judged(replace(captured(*own.exchanges), case=own.case)).told[0].report
    assert again.tape.case == own.case
    assert again.judgement == alone(create(OVERLOAD)).judgement


# --- keys ---------------------------------------------------------------------------------------


def keys(report: Any) -> dict[str, KeyFacts]:
    return {one.name: one for one in report.tape.case.keys}


def test_a_key_is_looked_at_hidden_and_gone() -> None:
    gate = Gate(("someone", "machine"))
    found = judged(captured(create({**NOBODY, "msg": f"bad key {KEY}"})), gate=gate)
    report = found.told[0].report
    assert keys(report)["AKOOL_API_KEY"].length == len(KEY)
    assert report.tape.case.auth_headers == ("x-api-key",)
    assert KEY not in repr(report)
    assert not any(name == "x-api-key" for one in report.tape for name, _ in one.request.headers)
    assert KEY not in gate.text(f"somewhere else {KEY}")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("x-api-key", '"invented-akool-key-0001"', "quotes"),
        ("x-api-key", "r8_" + "aB3" * 12 + "x", "other-provider:replicate"),
        ("x-api-key", "", "blank"),
        ("x-api-key", "YOUR_API_KEY", "placeholder"),
        ("Authorization", "Bearer undefined", "placeholder"),
        ("Authorization", "Bearer Bearer invented-token-0001", "bearer-prefix"),
    ],
)
def test_what_is_wrong_with_a_key_is_told(name: str, value: str, problem: str) -> None:
    report = alone(create(NOBODY, headers=((name, value),)))
    assert report.judgement.blame is Blame.CREDENTIALS
    facts = next(iter(keys(report).values()))
    assert problem in facts.problems
    assert any(code.startswith("credentials-key-") for code in rules(report))


def test_what_a_reader_found_secret_is_hidden_everywhere() -> None:
    gate, secret = Gate(("someone", "machine")), "invented-session-77"
    secrets = ((secret, "session"), ("[REDACTED]", "key"), ("ab", "key"))
    judged(captured(create({"code": 1, "msg": secret}), secrets=secrets), gate=gate)
    assert secret not in gate.text(f"a line with {secret} in it")
    assert gate.text("nothing [REDACTED] here, ab") == "nothing [REDACTED] here, ab"


@pytest.mark.parametrize("value", ["[REDACTED]", "***", "<secret:akool#1>", "xxxxxxxx", "…abcd"])
def test_a_key_that_was_blotted_out_is_not_called_wrong(value: str) -> None:
    report = alone(create(told(1), headers=(("x-api-key", value),)))
    assert keys(report)["AKOOL_API_KEY"].problems == ()


def test_a_key_that_was_taken_is_not_blamed_for_its_looks() -> None:
    report = alone(create(told(1), headers=(("x-api-key", "a b"),)), poll(3, at_s=9, url=RESULT))
    assert report.judgement.verdict is not Verdict.FAIL


def test_both_ways_to_authenticate_at_once_are_told() -> None:
    both = (*KEYED, ("Authorization", "Bearer invented-token-0001"))
    assert "credentials-both-headers" in rules(alone(create(NOBODY, headers=both)))


# --- whatever is sent ---------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "msg", "data", "_id", "video_status", "error", "status", "id"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
ADDRESSES = (
    CREATE, POLL, CHAT, FACE, RESULT, "", "/v1/predictions", "http://[bad",
    "https://api.heygen.com/v3/videos", "data:,x",
)  # fmt: skip
URLS = st.sampled_from(ADDRESSES) | st.text(max_size=30)
SEEN = st.builds(
    seen,
    st.sampled_from(["GET", "POST", "", "OPTIONS", "\u0130"]),
    URLS,
    body=JSON,
    status=st.sampled_from([200, 404, 429, 502, 304, 301, 999]),
    answer=JSON | st.binary(max_size=20),
    headers=st.lists(
        st.tuples(st.sampled_from(["x-api-key", "Authorization", "Date", ""]), st.text(max_size=9)),
        max_size=2,
    ),
    at_s=st.floats(min_value=0, max_value=1e6),
)


def accounted(found: Triage) -> int:
    return sum(len(one.report.tape) for one in found.told) + sum(found.elsewhere.values())


@given(st.lists(SEEN, max_size=6))
@settings(max_examples=150, deadline=None)
def test_nothing_that_is_sent_makes_triage_raise(exchanges: list[Any]) -> None:
    found = judged(captured(*exchanges))
    assert accounted(found) <= len(exchanges) + 1
    for one in found.told:
        assert one.report.judgement.verdict in Verdict
        assert [e.position for e in one.report.tape] == list(range(len(one.report.tape)))


def test_every_tools_har_comes_to_the_same_verdicts(tmp_path: Any) -> None:
    from diagnostics.capture import Raw, read_raw  # noqa: PLC0415  # only this test reads files

    for calls, blame in ((har_cases.healthy(), Blame.NONE), (har_cases.refused(), Blame.UNDECIDED)):
        for tool in har_cases.TOOLS:
            read = read_raw(Raw(name=f"{tool}.har", data=har_cases.bytes_of(calls, tool)))
            report = judged(read).told[0].report
            assert report.judgement.blame is blame, tool
            assert JOB in str(report.findings) or blame is Blame.UNDECIDED
