"""Do the documentation's own bodies pass, and do broken ones name the parameter?"""

import re

import jsonschema_rs
import pytest

from diagnostics.check import check
from diagnostics.model import Json
from diagnostics.promise import Operation, Pitfall
from tests.contract_cases import AKOOL, OPERATIONS, parameters

EXAMPLES = [
    pytest.param(op, body, id=f"{op.id}-{name}")
    for op in OPERATIONS
    for name, body in op.examples.items()
]


# --- bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("op", "body"), EXAMPLES)
def test_the_examples_of_the_documentation_validate(op: Operation, body: Json) -> None:
    assert op.body_schema is not None
    assert [
        str(e) for e in jsonschema_rs.validator_for(dict(op.body_schema)).iter_errors(body)
    ] == []
    assert [v for v in check(AKOOL, op, body=body) if v.fails] == []


def test_every_call_with_a_body_has_an_example() -> None:
    assert [op.id for op in OPERATIONS if op.body_schema and not op.examples] == []


@pytest.mark.parametrize(
    ("call", "required"),
    [
        ("createTalkingPhoto", "talking_photo_url audio_url"),
        ("createCharacterSwap", "image video"),
        ("createLipSync", "video_url audio_url"),
        ("createTranslation", "url language"),
        ("createTalkingAvatar", "width height avatar_from elements"),
        (
            "createImageToVideo",
            "image_url prompt negative_prompt resolution audio_type video_length",
        ),
        ("createImageToVideoBatch", "image_url prompt resolution video_length"),
        ("swapFaceImage", "targetImage sourceImage modifyImage"),
        ("createSpeech", "input_text voice_id"),
        ("getToken", "clientId clientSecret"),
    ],
)
def test_the_tables_say_what_is_required(call: str, required: str) -> None:
    schema = AKOOL.operations[call].body_schema
    assert schema is not None
    assert set(schema["required"]) == set(required.split())


REQUIRED = [
    pytest.param(op, name, id=f"{op.id}-{name}")
    for op in OPERATIONS
    for name in (op.body_schema or {}).get("required", [])
]


@pytest.mark.parametrize(("op", "name"), REQUIRED)
def test_an_example_without_a_required_parameter_names_it(op: Operation, name: str) -> None:
    body = {key: value for key, value in next(iter(op.examples.values())).items() if key != name}
    assert name in {v.parameter for v in check(AKOOL, op, body=body) if v.fails}


BROKEN: list[tuple[str, dict[str, Json], str, str | None]] = [
    ("createTalkingPhoto", {"resolution": "720p"}, "resolution", "1003"),
    ("createTalkingPhoto", {"resolution": 720}, "resolution", "1003"),
    ("createTalkingPhoto", {"talking_photo_url": "C:\\photo.jpg"}, "talking_photo_url", None),
    ("createCharacterSwap", {"resolution": "720"}, "resolution", "1003"),
    ("createCharacterSwap", {"duration": 121}, "duration", "1003"),
    ("createCharacterSwap", {"prompt": "x" * 501}, "prompt", "1003"),
    ("createImageToVideo", {"audio_url": None}, "audio_url", None),
    ("createImageToVideo", {"video_length": 7}, "video_length", None),
    ("createImageToVideoBatch", {"count": 11}, "count", None),
    ("replaceBackground", {"canvas_size": "big"}, "canvas_size", "1003"),
    ("swapFaceImagePro", {"face_enhance": 1}, "face_enhance", "1003"),
    ("swapFaceImage", {"face_enhance": True}, "face_enhance", "1003"),
    ("swapFaceImage", {"sourceImage": []}, "sourceImage", None),
    ("reageImage", {"face_reage": 31}, "face_reage", "1003"),
    ("createModeration", {"content": "no address"}, "content", "1003"),
    ("createAvatar", {"avatar_id": "under_score"}, "avatar_id", "1003"),
    ("createAvatar", {"type": 2}, "url_from", "1003"),
    ("createSpeech", {"voice_options": {"speed": 2}}, "voice_options.speed", None),
    ("createLiveSession", {"e2e_type": "openai"}, "e2e_type", "1003"),
    ("createLiveSession", {"duration": 3601}, "duration", "1003"),
    (
        "createLiveSession",
        {"credentials": {"agora_uid": "1", "agora_channel": "c"}},
        "credentials.agora_token",
        "1003",
    ),
    ("createTranslation", {"caption_url": "https://a.test/x.vtt"}, "caption_url", "1003"),
    ("createVoiceClone", {"voice_model_name": "Akool Multilingual 2"}, "voice_model_name", None),
    ("deleteVoices", {"_ids": "a,b"}, "_ids", None),
    ("deleteImageToVideos", {"_ids": ["a", "b"]}, "_ids", None),
    ("createKnowledge", {"name": "x" * 101}, "name", "1003"),
    ("analyzeFrames", {"frame_urls": []}, "frame_urls", None),
]


@pytest.mark.parametrize(("call", "change", "parameter", "code"), BROKEN)
def test_a_broken_example_names_the_parameter(
    call: str, change: dict[str, Json], parameter: str, code: str | None
) -> None:
    op = AKOOL.operations[call]
    changed = {**next(iter(op.examples.values())), **change}
    body = {key: value for key, value in changed.items() if value is not None}
    failed = {v.parameter: v.code for v in check(AKOOL, op, body=body) if v.fails}
    assert parameter in failed
    assert code is None or failed[parameter] == code


def test_nine_faces_are_1007() -> None:
    op = AKOOL.operations["swapFaceImage"]
    body = dict(op.examples["composed"])
    for name in ("sourceImage", "targetImage"):
        body[name] = body[name] * 9
    failed = {v.parameter: v.code for v in check(AKOOL, op, body=body) if v.fails}
    assert failed == {"sourceImage": "1007", "targetImage": "1007"}


@pytest.mark.parametrize(
    ("avatar_from", "element", "index", "parameter"),
    [
        (2, {"type": "avatar", "url": "https://a.test/a.mp4"}, 1, "elements[1].avatar_id"),
        (3, {"type": "avatar"}, 1, "elements[1]"),
        (3, {"type": "audio"}, 2, "elements[2]"),
        (3, {"type": "audio", "input_text": "Hello"}, 2, "elements[2].voice_id"),
        (3, {"type": "image", "url": "https://a.test/a.tiff"}, 0, "elements[0].url"),
    ],
)
def test_what_an_element_needs_depends_on_its_kind(
    avatar_from: int, element: dict[str, Json], index: int, parameter: str
) -> None:
    op = AKOOL.operations["createTalkingAvatar"]
    example = op.examples["documented"]
    placed = {"scale_x": 1, "scale_y": 1, "offset_x": 0, "offset_y": 0}
    elements = [dict(one) for one in example["elements"]]
    elements[index] = element | (placed if element["type"] != "audio" else {})
    body = {**example, "avatar_from": avatar_from, "elements": elements}
    failed = [v.parameter for v in check(AKOOL, op, body=body) if v.fails]
    assert any(name.startswith(parameter) for name in failed), failed


# --- what hangs on parameters -----------------------------------------------------------------


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)
def test_rules_media_and_pitfalls_speak_of_parameters_that_exist(op: Operation) -> None:
    known = parameters(op)
    assert set(op.media) <= known
    for rule in op.rules:
        assert set(rule.parameters) <= known, rule.id
        assert set(rule.when) <= known, rule.id
    for pitfall in op.pitfalls:
        assert _speaks(pitfall) <= known, pitfall


def _speaks(pitfall: Pitfall) -> set[str]:
    """`token` of getToken is the one pitfall about an answer."""
    return {pitfall.parameter} - {"token"}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)
def test_a_wrong_name_is_really_wrong(op: Operation) -> None:
    wrong = {pitfall.seen for pitfall in op.pitfalls if pitfall.kind == "name"}
    assert wrong.isdisjoint(parameters(op))


@pytest.mark.parametrize(
    ("call", "wrong", "right"),
    [
        ("createTalkingPhoto", "webhookurl", "webhookUrl"),
        ("createTalkingPhoto", "image_url", "talking_photo_url"),
        ("createCharacterSwap", "webhookUrl", "webhookurl"),
        ("closeLiveSession", "_id", "session_id"),
        ("getKnowledge", "_id", "id"),
        ("getVideo", "task_id", "video_model_id"),
        ("getToken", "access_token", "token"),
    ],
)
def test_near_misses_are_known(call: str, wrong: str, right: str) -> None:
    pitfalls = AKOOL.operations[call].pitfalls
    assert (wrong, right) in {(one.seen, one.parameter) for one in pitfalls if one.kind == "name"}


@pytest.mark.parametrize(
    ("call", "sent", "meant"),
    [("createTalkingPhoto", "720p", "720"), ("createCharacterSwap", "720", "720p")],
)
def test_the_resolution_of_one_call_is_translated_for_the_other(
    call: str, sent: str, meant: str
) -> None:
    values = [one for one in AKOOL.operations[call].pitfalls if one.kind == "value"]
    told = {re.sub(one.seen, one.instead, sent) for one in values if re.search(one.seen, sent)}
    assert told == {meant}


def test_both_credential_headers_at_once_are_a_pitfall_of_every_call() -> None:
    assert "both-auth" in {pitfall.kind for pitfall in AKOOL.pitfalls}


def test_the_schemes_read_the_variables_that_the_design_names() -> None:
    assert [scheme.variables for scheme in AKOOL.schemes] == [
        ("AKOOL_API_KEY",),
        ("AKOOL_CLIENT_ID", "AKOOL_CLIENT_SECRET"),
    ]
    bearer = AKOOL.schemes[1]
    assert (bearer.header, bearer.prefix, bearer.token) == ("Authorization", "Bearer ", "token")
    token = AKOOL.operations[bearer.token_operation]
    assert set(bearer.token_fields) == parameters(token) - {f"{p}[]" for p in parameters(token)}
