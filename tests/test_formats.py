"""Seed 000's matrix, decided by the documentation and by nothing else."""

import json

from hypothesis import given
from hypothesis import strategies as st

from diagnostics.finding import Finding
from diagnostics.model import Exchange, Json, Plan, Request, Severity, Tape, Unsent, UnsentReason
from scenarios.formats import COMBINATIONS_MAX, SCENARIO
from tests.drive_cases import akool, case, exchange
from tests.test_tape import exchanges

DRY = Unsent(reason=UnsentReason.DRY)
PHOTO = {
    "talking_photo_url": "http://h/face.jpg?sig=1",
    "audio_url": "http://h/speech",
    "resolution": "720",
}


def asked(operation: str, body: Json) -> list[Request]:
    asking = SCENARIO.ask(akool(), case(plan=Plan(operation=operation, body=body)))
    return [request for request in asking if isinstance(request, Request)]


def judged(operation: str, body: Json) -> list[Finding]:
    plan = Plan(operation=operation, body=body)
    made = [exchange(r, DRY, n) for n, r in enumerate(asked(operation, body))]
    return list(SCENARIO.judge(akool(), Tape(case=case(plan=plan), exchanges=made)))


def axis(found: list[Finding], name: str) -> dict[str, str]:
    (one,) = [f for f in found if f.facts.get("axis") == name]
    told: dict[str, str] = one.facts["told"]
    return told


def test_every_combination_is_built_once() -> None:
    requests = asked("createTalkingPhoto", PHOTO)
    assert len({request.body for request in requests}) == 27
    bodies = [json.loads(request.body) for request in requests]
    assert {body["talking_photo_url"] for body in bodies} == {
        "http://h/face.jpg?sig=1",
        "http://h/face.png?sig=1",
        "http://h/face.webp?sig=1",
    }
    assert {body["audio_url"] for body in bodies} == {
        "http://h/speech.mp3",
        "http://h/speech.wav",
        "http://h/speech.m4a",
    }


def test_a_talking_photo_takes_720_and_1080_without_the_p_and_no_480() -> None:
    told = axis(judged("createTalkingPhoto", PHOTO), "resolution")
    assert told == {"480p": "rejected", "720": "accepted", "1080": "accepted"}


def test_a_character_swap_takes_all_three_with_the_p_and_only_mp4() -> None:
    body = {"image": "http://h/i.png", "video": "http://h/v.mp4", "resolution": "720p"}
    found = judged("createCharacterSwap", body)
    assert set(axis(found, "resolution").values()) == {"accepted"}
    assert axis(found, "video") == {"mp4": "accepted", "mov": "rejected", "webm": "rejected"}
    assert axis(found, "image") == {"jpeg": "accepted", "png": "accepted", "webp": "rejected"}


def test_formats_that_no_page_states_are_not_called_documented() -> None:
    found = judged("createTalkingPhoto", PHOTO)
    (photo,) = [f for f in found if f.facts.get("axis") == "talking_photo_url"]
    assert "no page states it" in photo.message("en")
    assert photo.certainty < 0.9


def test_the_matrix_counts_the_combinations_that_break_nothing() -> None:
    (matrix,) = [f for f in judged("createTalkingPhoto", PHOTO) if f.rule.code == "formats-matrix"]
    assert (matrix.facts["fit"], matrix.facts["count"]) == (18, 27)


def test_a_file_whose_ending_no_page_accepts_is_named() -> None:
    body = {"image": "http://h/i.JPG?a=.gif", "video": "http://h/v.webm", "resolution": "720p"}
    (found,) = [f for f in judged("createCharacterSwap", body) if f.rule.code == "formats-chosen"]
    assert (found.subject, found.facts["given"], found.severity) == ("video", "webm", Severity.WARN)


def test_an_ending_is_not_held_against_a_list_that_no_page_states() -> None:
    body = {**PHOTO, "talking_photo_url": "http://h/face.bmp"}
    assert "formats-chosen" not in {f.rule.code for f in judged("createTalkingPhoto", body)}


def test_a_call_with_nothing_to_choose_is_not_offered() -> None:
    plan = Plan(operation="getCredit")
    assert SCENARIO.offered(akool(), case(plan=plan)) is not None
    assert SCENARIO.offered(akool(), case()) is None


@given(
    body=st.recursive(
        st.none() | st.text(max_size=9) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*PHOTO, "x"]), inner, max_size=4)
        ),
        max_leaves=8,
    ),
    made=st.lists(exchanges, max_size=3),
)
def test_no_body_and_no_tape_makes_it_raise(body: Json, made: list[Exchange]) -> None:
    requests = asked("createTalkingPhoto", body)
    assert len(requests) <= COMBINATIONS_MAX
    own = [exchange(r, DRY, n) for n, r in enumerate(requests)]
    plan = Plan(operation="createTalkingPhoto", body=body)
    tape = Tape(case=case(plan=plan), exchanges=[*made, *own])
    for found in SCENARIO.judge(akool(), tape):
        assert found.message("ru")
