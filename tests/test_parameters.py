"""The planned call is judged before it leaves, and so is any call found on a tape."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.finding import Finding
from diagnostics.model import Exchange, Json, Plan, Request, Severity, Tape, Unsent, UnsentReason
from scenarios.parameters import SCENARIO
from tests.drive_cases import akool, answer, case, exchange
from tests.test_tape import exchanges

DRY = Unsent(reason=UnsentReason.DRY)
FINE = {
    "talking_photo_url": "http://akool.emulator.test/_media/face.jpg",
    "audio_url": "http://akool.emulator.test/_media/speech.mp3",
    "resolution": "720",
}


def judged(body: Json, operation: str = "createTalkingPhoto") -> list[Finding]:
    request = akool().request(operation, body=body)
    return on_tape(exchange(request, DRY, 0, scenario="parameters"))


def on_tape(*made: Exchange) -> list[Finding]:
    return list(SCENARIO.judge(akool(), Tape(case=case(), exchanges=made)))


def test_a_right_call_is_told_how_much_was_checked() -> None:
    (found,) = judged(FINE)
    assert (found.rule.code, found.severity) == ("parameters-fit", Severity.INFO)
    assert "3 parameters" in found.message("en")


@pytest.mark.parametrize(
    ("change", "subject", "code"),
    [
        ({"talking_photo_url": None}, "talking_photo_url", "1003"),
        ({"resolution": "720p"}, "resolution", "1003"),
        ({"resolution": 720}, "resolution", "1003"),
        ({"audio_url": "speech.mp3"}, "audio_url", "1201"),
    ],
)
def test_a_wrong_parameter_is_named_and_the_code_it_would_cause_is_explained(
    change: dict[str, Json], subject: str, code: str
) -> None:
    body = {k: v for k, v in {**FINE, **change}.items() if v is not None}
    failing = [f for f in judged(body) if f.severity is Severity.FAIL]
    assert [f.subject for f in failing] == [subject]
    assert failing[0].explains == {code}
    assert failing[0].remedy("ru")


def test_a_nested_parameter_is_named_by_its_whole_path() -> None:
    example = next(iter(akool().operations["createTalkingAvatar"].examples.values()))
    elements = [dict(element) for element in example["elements"]]
    elements[1]["type"] = "hologram"
    subjects = {f.subject for f in judged({**example, "elements": elements}, "createTalkingAvatar")}
    assert "elements[1].type" in subjects


def test_a_near_miss_is_told_with_the_right_name() -> None:
    found = judged({**FINE, "webhookurl": "https://hooks.example.org/a"})
    assert any("webhookUrl" in f.message("en") for f in found)


def test_a_body_that_is_not_json_is_said_on_any_tape() -> None:
    request = replace(akool().request("createTalkingPhoto", body={}), body=b"{'a': 1,}")
    (found,) = on_tape(exchange(request, answer({"code": 1003}), 0))
    assert found.rule.code == "parameters-not-json"


def test_a_thousand_equal_calls_are_judged_once() -> None:
    request = akool().request("createTalkingPhoto", body={**FINE, "resolution": "720p"})
    found = on_tape(*(exchange(request, answer({"code": 1003}), n) for n in range(1000)))
    assert len(found) == 1


def test_a_query_parameter_is_checked_too() -> None:
    request = akool().request("getVideo", query={})
    found = on_tape(exchange(request, answer({"code": 1003}), 0))
    assert "video_model_id" in {f.subject for f in found}


def test_a_repeated_query_name_is_judged_as_a_list() -> None:
    request = akool().request("listModels", query={"types[]": [1501, 1502]})
    found = on_tape(exchange(request, answer({"code": 1000}), 0))
    assert [f.rule.code for f in found] == ["parameters-fit"]


def test_without_a_planned_call_it_is_not_offered() -> None:
    assert SCENARIO.offered(akool(), case(plan=None)) is not None
    assert SCENARIO.offered(akool(), case()) is None


def test_it_asks_for_exactly_the_planned_call() -> None:
    plan = Plan(operation="createTalkingPhoto", body=FINE)
    asking = SCENARIO.ask(akool(), case(plan=plan))
    request = next(asking)
    assert isinstance(request, Request)
    assert b"face.jpg" in request.body
    with pytest.raises(StopIteration):
        asking.send(exchange(request, DRY, 0))


@given(made=st.lists(exchanges, max_size=4), body=st.binary(max_size=60))
def test_no_tape_makes_the_judge_raise(made: list[Exchange], body: bytes) -> None:
    own = exchange(replace(akool().request("createTalkingPhoto", body={}), body=body), DRY, 0)
    for found in on_tape(own, *made):
        assert found.message("ru")


def test_files_in_a_form_are_no_broken_json() -> None:
    request = akool().request("createTalkingPhoto", body={})
    kind = (("Content-Type", "multipart/form-data; boundary=x"),)
    form = replace(request, headers=kind, body=b"--x\r\n\r\nbytes\r\n--x--")
    assert not on_tape(exchange(form, DRY))
    (found,) = on_tape(exchange(replace(form, headers=()), DRY))
    assert (found.rule.code, found.code) == ("parameters-not-json", "1003")
