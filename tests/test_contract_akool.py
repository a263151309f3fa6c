"""Does the AKOOL contract say what the documentation says, whole and without contradiction?"""

import json
import re
import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from diagnostics.check import check
from diagnostics.contract import dig, first
from diagnostics.contract_load import FOLDER, META_SCHEMA, load
from diagnostics.model import Blame, Json, Response, Retry, Text
from diagnostics.promise import Operation, Pitfall, Source, StateKind

AKOOL = load("akool")
OPERATIONS = tuple(AKOOL.operations.values())
DOCUMENT: Any = yaml.load((FOLDER / "akool.yaml").read_bytes(), Loader=yaml.CSafeLoader)

EXAMPLES = [
    pytest.param(op, body, id=f"{op.id}-{name}")
    for op in OPERATIONS
    for name, body in op.examples.items()
]


def properties(schema: Any, path: str = "") -> Iterator[str]:
    """Dotted path of every property of a body schema."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from properties(part, f"{path}{name}.")
    if "items" in schema:
        yield from properties(schema["items"], f"{path.rstrip('.')}[].")


def parameters(op: Operation) -> set[str]:
    """Every parameter of a call, elements of arrays as `name[]` too."""
    named = {p.name for p in op.parameters} | set(properties(op.body_schema or {}))
    return named | {f"{name}[]" for name in named}


def texts(value: object) -> Iterator[Text]:
    """Every sentence anywhere below a value."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from texts(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from texts(getattr(value, part.name))


# --- the whole --------------------------------------------------------------------------------


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_meta_schema_is_a_valid_schema() -> None:
    schema = yaml.load(META_SCHEMA.read_bytes(), Loader=yaml.CSafeLoader)
    assert jsonschema_rs.meta.is_valid(schema)


def test_it_has_all_58_calls_and_307_parameters() -> None:
    assert len(OPERATIONS) == 58
    outside = sum(len(op.parameters) for op in OPERATIONS)
    inside = sum(len(list(properties(op.body_schema or {}))) for op in OPERATIONS)
    assert outside == 37
    assert outside + inside >= 307


def test_it_has_all_82_rules_under_names_of_their_own() -> None:
    names = [rule.id for op in OPERATIONS for rule in op.rules]
    assert len(names) == 82
    assert len(set(names)) == 82


def test_each_call_is_found_by_its_address() -> None:
    for op in OPERATIONS:
        address = op.url.replace("{_id}", "6863")
        assert AKOOL.match(op.method, address) is op


def test_two_calls_have_a_host_of_their_own_and_credentials_go_nowhere_else() -> None:
    hosts = {op.host.removeprefix("https://") for op in OPERATIONS}
    assert hosts == set(AKOOL.hosts)


def test_only_the_token_needs_no_credentials() -> None:
    assert [op.id for op in OPERATIONS if not op.authenticated] == ["getToken"]


def test_whatever_deletes_cancels_updates_or_closes_is_destructive() -> None:
    named = {op.id for op in OPERATIONS if re.match(r"delete|cancel|update|close", op.id)}
    assert {op.id for op in OPERATIONS if op.destructive} == named
    assert all(op.destructive for op in OPERATIONS if op.method == "DELETE")


def test_reads_are_free_and_every_job_costs() -> None:
    assert all(not op.spends for op in OPERATIONS if op.method == "GET")
    assert all(op.spends for op in OPERATIONS if op.job is not None)


def test_a_price_that_nobody_states_is_unknown_and_the_emulator_has_a_figure() -> None:
    photo = AKOOL.operations["createTalkingPhoto"].price
    assert photo.of({"resolution": "720"}) is None
    assert photo.emulated == 10
    for op in OPERATIONS:
        known = op.price.free or op.price.values or op.price.amount is not None
        assert known or op.price.of({}) is None


@pytest.mark.parametrize(
    ("call", "body", "credits_due"),
    [
        ("createCharacterSwap", {"duration": 12, "resolution": "720p"}, 30),
        ("createCharacterSwap", {"duration": 10}, 20),
        ("createCharacterSwap", {"duration": 10.5, "resolution": "480p"}, 15),
        ("createCharacterSwap", {"resolution": "1080p"}, None),
        ("createImageToVideo", {"resolution": "4k", "video_length": 10}, 60),
        ("createImageToVideo", {"resolution": "480p", "video_length": 5}, None),
        ("getCredit", None, 0),
    ],
)
def test_prices_are_those_of_the_tables(call: str, body: Json, credits_due: float | None) -> None:
    assert AKOOL.operations[call].price.of(body) == credits_due


# --- sources and sentences --------------------------------------------------------------------


def test_every_fact_names_its_source() -> None:
    facts: list[Source] = [error.source for error in AKOOL.errors.values()]
    for op in OPERATIONS:
        facts += [op.source, op.price.source, *(limits.source for limits in op.media.values())]
        facts += [alias.source for alias in op.aliases]
        facts += [pitfall.source for pitfall in op.pitfalls]
        facts += [rule.source for rule in op.rules]
        facts += [op.job.source] if op.job else []
    assert len(facts) > 400
    assert all(fact.page for fact in facts)


def test_every_sentence_is_in_both_languages_with_the_same_places() -> None:
    said = list(texts(OPERATIONS)) + list(texts(AKOOL.pitfalls))
    said += list(texts(tuple(AKOOL.errors.values())))
    assert len(said) > 200
    for text in said:
        assert re.search("[а-яё]", text.ru), text.ru
        assert not re.search("[а-яё]", text.en), text.en
        places = [
            {name for _, name, _, _ in string.Formatter().parse(t)} for t in (text.en, text.ru)
        ]
        assert places[0] == places[1], text.en


def test_no_credential_of_any_page_stands_in_the_file() -> None:
    written = (FOLDER / "akool.yaml").read_text("utf-8")
    assert not re.search(r"eyJ[A-Za-z0-9_-]{10}|\b007eJx", written)
    token = AKOOL.operations["getToken"]
    for value in (*token.examples["documented"].values(), token.answer["token"]):
        assert value.startswith("invented-")


# --- errors -----------------------------------------------------------------------------------


def test_every_code_has_blame_retry_and_remedy() -> None:
    assert len(AKOOL.errors) >= 58
    for error in AKOOL.errors.values():
        assert error.meanings
        assert all(meaning.pages for meaning in error.meanings)
        assert error.blame not in error.alternatives


def test_1109_has_three_meanings() -> None:
    said = {meaning.text for meaning in AKOOL.errors["1109"].meanings}
    assert said == {"account not exist", "create avatar video error", "invalid API key"}
    assert AKOOL.errors["1109"].blame is Blame.ACCOUNT
    assert Blame.PROVIDER in AKOOL.errors["1109"].alternatives


def test_1015_and_1205_say_the_same_and_look_at_the_inputs_first() -> None:
    words = [{m.text for m in AKOOL.errors[code].meanings} for code in ("1015", "1205")]
    assert "Create video error, please try again later" in words[0] & words[1]
    for code in ("1015", "1205", "1201", "1105", "1108", "1110", "1016", "1220", "1211"):
        assert AKOOL.errors[code].inspect_inputs
        assert Blame.MEDIA in AKOOL.errors[code].alternatives


def test_1210_is_30_frames_for_translation_and_60_for_lip_sync() -> None:
    assert AKOOL.operations["createTranslation"].media["url"].fps_max == 30
    assert AKOOL.operations["createLipSync"].media["video_url"].fps_max == 60
    assert len(AKOOL.errors["1210"].meanings) == 3


@pytest.mark.parametrize("code", ["1003", "1006", "1007", "1101", "1102", "1104", "1200", "1210"])
def test_what_no_repeat_can_mend_is_not_repeated(code: str) -> None:
    assert AKOOL.errors[code].retry in {Retry.NEVER, Retry.AFTER_FIX}


def test_codes_that_stand_on_a_page_or_a_limit_are_explained() -> None:
    for op in OPERATIONS:
        named = {
            *op.codes,
            *(code for limits in op.media.values() for code in limits.codes.values()),
        }
        named |= {rule.code for rule in op.rules if rule.code}
        assert named <= set(AKOOL.errors), op.id


# --- answers, envelopes, jobs -----------------------------------------------------------------


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)
def test_the_documented_answer_reads_as_a_success(op: Operation) -> None:
    answered = Response(status=200, body=encoded(op.answer))
    assert AKOOL.read(answered, op.id).ok


def encoded(value: Json) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("call", "body", "code"),
    [
        ("createTalkingPhoto", {"code": 1015, "msg": "no"}, "1015"),
        ("createTalkingPhoto", {"code": True, "msg": "no"}, "True"),
        ("getToken", {"code": 1101, "msg": "no"}, "1101"),
        ("detectFaces", {"error_code": 1, "error_msg": "no"}, "1"),
        ("detectFaces", {"code": 1101, "msg": "no"}, "1101"),
        ("analyzeFrames", {"success": False, "error": "no"}, "False"),
    ],
)
def test_failures_are_read_in_every_envelope(call: str, body: Json, code: str) -> None:
    reading = AKOOL.read(Response(status=200, body=encoded(body)), call)
    assert (reading.ok, reading.code, reading.message) == (False, code, "no")


@pytest.mark.parametrize("call", ["deleteVoices", "deleteImageToVideos"])
def test_a_success_that_hides_failed_parts_shows_them(call: str) -> None:
    answered = Response(status=200, body=encoded(AKOOL.operations[call].answer))
    assert AKOOL.read(answered, call).partial


JOBS = [pytest.param(op, id=op.id) for op in OPERATIONS if op.job]


@pytest.mark.parametrize("op", JOBS)
def test_the_id_of_a_job_stands_in_the_create_answer(op: Operation) -> None:
    assert op.job is not None
    assert isinstance(first(op.answer, op.job.id), str)


@pytest.mark.parametrize("op", JOBS)
def test_the_state_of_a_job_stands_in_the_answer_of_its_read(op: Operation) -> None:
    assert op.job is not None
    read = AKOOL.operations[op.job.read]
    assert str(first(read.answer, op.job.status)) in op.job.states
    assert op.job.read_name in parameters(read)
    assert not read.spends


def test_the_output_of_a_character_swap_is_not_its_input() -> None:
    job = AKOOL.operations["createCharacterSwap"].job
    assert job is not None
    answer = AKOOL.operations["getVideo"].answer
    assert first(answer, job.output) == answer["data"]["video"] != answer["data"]["video_url"]


def test_live_face_swap_is_ready_at_two_and_a_render_is_not() -> None:
    live = AKOOL.operations["createLiveFaceSwap"].job
    photo = AKOOL.operations["createTalkingPhoto"].job
    assert live is not None
    assert photo is not None
    assert live.states["2"].kind is StateKind.READY
    assert live.states["2"].final
    assert photo.states["2"].kind is StateKind.RUNNING
    assert [state for state, value in photo.states.items() if value.final] == ["3", "4"]


def test_the_balance_stands_where_the_role_says() -> None:
    answer = AKOOL.operations[AKOOL.roles["balance"]].answer
    assert dig(answer, AKOOL.roles["balance_field"]) == [1000]


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


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["getToken", "createTalkingPhoto", "getVideo"])
def test_three_address_sets_are_known_and_two_of_them_judged(call: str) -> None:
    sets = {alias.set: alias for alias in reversed(AKOOL.operations[call].aliases)}
    assert {"documentation", "scripts", "postman"} <= set(sets)
    assert not sets["documentation"].stale
    assert sets["documentation"].url == AKOOL.operations[call].url
    assert sets["postman"].stale


def test_what_is_stale_is_no_documented_address() -> None:
    documented = {(op.method, op.url) for op in OPERATIONS}
    for alias in AKOOL.aliases:
        assert ((alias.method, alias.url) in documented) <= (not alias.stale)


def test_the_guessed_addresses_of_the_notes_are_known() -> None:
    stale = {alias.url.rsplit("/api/open/v3/", 1)[-1] for alias in AKOOL.aliases if alias.stale}
    assert {"user/info", "content/video/getvideostatus"} <= stale
    assert any(alias.url.startswith("http://") for alias in AKOOL.aliases)


def test_limits_that_nobody_publishes_say_so() -> None:
    rate = AKOOL.limits["rate"]
    assert rate["known"] is False
    assert rate["per_minute"] is None
    assert rate["emulated_per_minute"] > 0
