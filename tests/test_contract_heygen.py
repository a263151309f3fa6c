"""Does the HeyGen contract say what is known of HeyGen, contradictions included, and no more?"""

import json
import re
from typing import Any

import pytest

from diagnostics.answers import meaning_of
from diagnostics.check import check
from diagnostics.contract import dig, first
from diagnostics.contract_load import load
from diagnostics.model import Blame, Certainty, Json, Response, Retry
from diagnostics.promise import Job, StateKind

HEYGEN = load("heygen")
CREATE_V3, CREATE_V2 = "createVideo", "generateVideoV2"
STATUS_V3, STATUS_V1 = "getVideo", "getVideoStatusV1"


def told(status: int, body: Json) -> Response:
    return Response(status=status, body=json.dumps(body).encode())


def job_of(call: str) -> Job:
    job = HEYGEN.operations[call].job
    assert job is not None
    return job


# --- the calls --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        ("GET api/v3/users/me", "getMe"),
        ("POST api/v3/videos", CREATE_V3),
        ("GET api/v3/videos/abc", STATUS_V3),
        ("GET api/v3/videos", "listVideos"),
        ("DELETE api/v3/videos/abc", "deleteVideo"),
        ("POST api/v3/videos/batches", "createVideoBatch"),
        ("GET api/v3/videos/batches/abc", "getVideoBatch"),
        ("GET api/v3/videos/statuses", "getVideoStatuses"),
        ("POST api/v3/video-agents", "createVideoAgent"),
        ("GET api/v3/video-agents/styles", "listVideoAgentStyles"),
        ("POST api/v3/video-agents/abc", "messageVideoAgent"),
        ("POST api/v3/video-agents/abc/stop", "stopVideoAgent"),
        ("GET api/v3/avatars/looks/abc", "getAvatarLook"),
        ("POST api/v3/avatars/abc/consent", "createAvatarConsent"),
        ("POST api/v3/voices/clone", "cloneVoice"),
        ("POST api/v3/assets/direct-uploads", "createAssetUpload"),
        ("GET api/v3/video-translations/abc", "getTranslation"),
        ("POST api/v3/lipsyncs", "createLipsync"),
        ("POST api/v3/templates/abc", "generateTemplate"),
        ("POST api/v3/webhooks/endpoints/abc/rotate-secret", "rotateWebhookSecret"),
        ("GET api/v3/webhooks/events", "listWebhookEvents"),
        ("POST api/v2/video/generate", CREATE_V2),
        ("POST api/v2/video/av4/generate", "generateAvatarIvV2"),
        ("GET api/v1/video_status.get", STATUS_V1),
        ("GET api/v2/videos/abc", "getVideoV2"),
        ("GET api/v2/user/remaining_quota", "getRemainingQuotaV2"),
        ("GET api/v1/video.list", "listVideosV1"),
        ("DELETE api/v1/video.delete", "deleteVideoV1"),
        ("POST api/v2/template/abc/generate", "generateTemplateV2"),
        ("POST api/v2/video_translate", "translateVideoV2"),
        ("POST upload/v1/asset", "uploadAssetV1"),
        ("POST upload/v1/talking_photo", "uploadTalkingPhotoV1"),
        ("DELETE api/v2/talking_photo/abc", "deleteTalkingPhotoV2"),
        ("POST api/v1/webhook/endpoint.add", "addWebhookV1"),
        ("POST api/v1/streaming.new", "newStreamV1"),
    ],
)
def test_each_call_stands_at_its_address(call: str, operation: str) -> None:
    method, _, rest = call.partition(" ")
    host, _, path = rest.partition("/")
    found = HEYGEN.match(method, f"https://{host}.heygen.com/{path}")
    assert found is not None
    assert found.id == operation
    assert found.host == f"https://{host}.heygen.com"


def test_the_key_goes_to_two_hosts_and_never_to_the_one_of_oauth() -> None:
    assert set(HEYGEN.hosts) == {"api.heygen.com", "upload.heygen.com"}


def test_whatever_deletes_stops_or_changes_is_left_alone_by_probes() -> None:
    changing = re.compile(r"delete|stop|update|rotate|upload|complete|addWebhook")
    for op in HEYGEN.operations.values():
        assert bool(changing.match(op.id)) <= op.destructive, op.id
        assert (op.method in {"DELETE", "PATCH"}) <= op.destructive, op.id


def test_a_talking_photo_of_v2_is_known_as_an_address_that_does_not_exist() -> None:
    (alias,) = [alias for alias in HEYGEN.aliases if alias.url.endswith("/v2/talking_photo")]
    assert (alias.method, alias.stale) == ("POST", True)
    assert alias.source.certainty is Certainty.OBSERVED


def test_the_disputed_status_of_v2_shows_both_sides() -> None:
    source = HEYGEN.operations["getVideoV2"].source
    assert "works" in source.note
    assert "404" in source.note


def test_no_price_is_known_and_none_is_made_up() -> None:
    paid = [op for op in HEYGEN.operations.values() if op.spends]
    assert len(paid) > 15
    assert all(op.price.of({"type": "avatar"}) is None for op in paid)


def test_the_balance_is_that_of_the_wallet_in_dollars() -> None:
    me = HEYGEN.operations[HEYGEN.roles["balance"]]
    assert HEYGEN.probe == me.id == "getMe"
    assert dig(me.answer, HEYGEN.roles["balance_field"]) == [1000]
    assert HEYGEN.roles["balance_unit"] == me.answer["data"]["wallet"]["currency"] == "usd"


# --- a key ------------------------------------------------------------------------------------

KEY = "sk_V2_" + "hgu_" + "k" + "A1b2C3d4E5" + "_" + "z" * 32


def test_a_key_has_a_usual_shape_of_54_characters() -> None:
    (scheme,) = HEYGEN.schemes
    assert (scheme.header, scheme.variables) == ("X-Api-Key", ("HEYGEN_API_KEY",))
    assert len(KEY) in scheme.length == (54,)
    assert re.fullmatch(scheme.pattern, KEY)
    assert re.match(scheme.mark, KEY)


@pytest.mark.parametrize("key", [KEY[:12], f"{KEY[:-1]}!", "r8_" + "x" * 12, ""])
def test_another_shape_is_told(key: str) -> None:
    assert not re.fullmatch(HEYGEN.schemes[0].pattern, key)


def test_an_older_key_without_a_prefix_is_usual_too() -> None:
    assert re.fullmatch(HEYGEN.schemes[0].pattern, "QUJD" * 12 + "Rg==")


# --- four ways to answer ------------------------------------------------------------------------

NOT_THERE = {"code": 400569, "message": "ResourceType.PACIFIC_VIDEO not found"}
TRIAL = {"data": None, "error": {"code": "trial_video_limit_exceeded", "message": "limit 5"}}
PARAM = {"error": {"code": "invalid_parameter", "message": "no", "param": "background.type"}}


@pytest.mark.parametrize(
    ("call", "status", "body", "expected"),
    [
        (STATUS_V1, 200, {"code": 100, "data": {"status": "failed"}}, (True, "100")),
        (STATUS_V1, 404, NOT_THERE, (False, "400569")),
        (STATUS_V3, 404, NOT_THERE, (False, "400569")),
        (CREATE_V2, 200, {"error": None, "data": {"video_id": "x"}}, (True, None)),
        (CREATE_V2, 429, TRIAL, (False, "trial_video_limit_exceeded")),
        (CREATE_V2, 400, {"error": "nobody wrote a code", "data": None}, (False, "400")),
        (CREATE_V2, 400, {"code": 400562, "message": "forbidden"}, (False, "400562")),
        (CREATE_V3, 200, {"data": {"video_id": "x"}}, (True, None)),
        (CREATE_V3, 400, PARAM, (False, "invalid_parameter")),
        (STATUS_V3, 200, {"error": {"code": "timeout"}, "data": None}, (False, "timeout")),
        (STATUS_V3, 200, {"error": {"code": "x"}, "data": {"status": "processing"}}, (False, "x")),
        (STATUS_V1, 200, {"code": 100, "data": {}, "error": {"code": "x"}}, (False, "x")),
    ],
)
def test_every_envelope_is_read_whatever_the_call(
    call: str, status: int, body: Json, expected: tuple[bool, str | None]
) -> None:
    reading = HEYGEN.read(told(status, body), call)
    assert (reading.ok, reading.code) == expected


@pytest.mark.parametrize("call", [CREATE_V3, CREATE_V2, STATUS_V1, STATUS_V3])
def test_an_html_404_names_no_code_so_that_the_path_is_blamed(call: str) -> None:
    reading = HEYGEN.read(Response(status=404, body=b"<html>404</html>"), call)
    assert (reading.ok, reading.code) == (False, None)
    assert HEYGEN.unknown_path == ""


def test_the_words_of_a_failure_are_the_most_precise_ones() -> None:
    body = {"code": 40010, "message": "Video format not supported", "detail": "plan: 720p only"}
    assert HEYGEN.read(told(400, body), CREATE_V2).message == "plan: 720p only"
    assert HEYGEN.read(told(400, PARAM), CREATE_V3).message == "no"


# --- errors -------------------------------------------------------------------------------------

V3: tuple[tuple[str, int | None, Blame, Retry], ...] = (
    ("unauthorized", 401, Blame.CREDENTIALS, Retry.AFTER_FIX),
    ("forbidden", 403, Blame.ACCOUNT, Retry.NEVER),
    ("resource_access_denied", 403, Blame.ACCOUNT, Retry.NEVER),
    ("ai_vendor_access_restricted", 403, Blame.ACCOUNT, Retry.NEVER),
    ("invalid_parameter", 400, Blame.PARAMETERS, Retry.AFTER_FIX),
    ("validation_error", 400, Blame.PARAMETERS, Retry.AFTER_FIX),
    ("insufficient_credit", 402, Blame.QUOTA, Retry.AFTER_FIX),
    ("avatar_not_found", 404, Blame.PARAMETERS, Retry.AFTER_FIX),
    ("video_not_found", 404, Blame.PARAMETERS, Retry.NEVER),
    ("voice_not_found", 404, Blame.PARAMETERS, Retry.AFTER_FIX),
    ("resource_not_found", 404, Blame.PARAMETERS, Retry.NEVER),
    ("not_found", 404, Blame.PARAMETERS, Retry.NEVER),
    ("voice_not_usable", 400, Blame.PARAMETERS, Retry.AFTER_FIX),
    ("asset_not_available", 400, Blame.MEDIA, Retry.BACKOFF),
    ("conflict", 409, Blame.CLIENT, Retry.NEVER),
    ("payload_too_large", 413, Blame.MEDIA, Retry.AFTER_FIX),
    ("rate_limit_exceeded", 429, Blame.RATE_LIMIT, Retry.BACKOFF),
    ("quota_exceeded", 429, Blame.RATE_LIMIT, Retry.AFTER_RESET),
    ("trial_video_limit_exceeded", 429, Blame.RATE_LIMIT, Retry.AFTER_RESET),
    ("download_failed", 400, Blame.MEDIA, Retry.AFTER_FIX),
    ("timeout", None, Blame.PROVIDER, Retry.NEVER),
    ("internal_error", 500, Blame.PROVIDER, Retry.BACKOFF),
)
"""Every word of the catalogue (facts, section 7)."""


@pytest.mark.parametrize("row", V3, ids=[row[0] for row in V3])
def test_every_word_of_v3_is_explained(row: tuple[str, int | None, Blame, Retry]) -> None:
    code, http, blame, retry = row
    known = HEYGEN.errors[code]
    assert (known.http, known.blame, known.retry) == (http, blame, retry)


NUMBERS = """
40009 400101 400112 401056 401057 400561 400562 400573 400569 400599 400631 400664 400685 40001
400175 40012 40065 40039 40031 40090 400144 400174 400116 400548 400551 400552 400634 40002 400543
400111 40004 40005 40006 40010 40044 400621 400624 400652 40119 400165 400150 400128 1000022 401035
400105 400168 400625 400680 401003 402007 402008 402009 10003 400014
"""
DOCUMENTED = """
40009 400101 400112 401056 401057 400561 400562 400573 400599 400631 40001 400175 40012 40065 40039
40031 40010 40044 400621 400624 400652 40119 400105 10003 400014
"""


@pytest.mark.parametrize("code", NUMBERS.split())
def test_every_number_of_v1_and_v2_is_explained_and_says_how_sure_it_is(code: str) -> None:
    certainty = HEYGEN.errors[code].source.certainty
    assert (certainty is Certainty.DOCUMENTED) == (code in DOCUMENTED.split())


def test_a_name_means_its_number() -> None:
    named = {}
    for code, error in HEYGEN.errors.items():
        name = error.meanings[0].text.partition(":")[0]
        if re.fullmatch(r"\d{5,7}", code) and re.fullmatch(r"[A-Z_]{5,}", name):
            named[name] = error
    assert len(named) > 45
    for name, number in named.items():
        known = HEYGEN.errors[name]
        assert (known.blame, known.retry) == (number.blame, number.retry), name
        assert known.remedy == number.remedy


def test_the_missing_video_of_the_seed_is_a_state_and_is_never_asked_for_again() -> None:
    known = HEYGEN.errors["400569"]
    assert (known.state, known.http, known.retry) == ("not_found", 404, Retry.NEVER)
    assert known.source.certainty is Certainty.OBSERVED
    assert any("PACIFIC_VIDEO" in meaning.text for meaning in known.meanings)


@pytest.mark.parametrize("code", ["video_not_found", "resource_not_found", "not_found", "40031"])
def test_other_words_for_a_missing_job_are_the_same_state(code: str) -> None:
    assert HEYGEN.errors[code].state == "not_found"


def test_credit_fails_at_poll_time_and_names_the_right_pool() -> None:
    known = HEYGEN.errors["MOVIO_PAYMENT_INSUFFICIENT_CREDIT"]
    assert (known.blame, known.retry) == (Blame.QUOTA, Retry.AFTER_FIX)
    assert "`api` pool" in known.remedy.en
    assert "video_url" in known.note
    assert re.search(known.pattern, "generation failed: MOVIO_PAYMENT_INSUFFICIENT_CREDIT: no")


@pytest.mark.parametrize(
    ("detail", "blame"),
    [
        ("This resolution needs a higher plan", Blame.ACCOUNT),
        ("Please upgrade your subscription", Blame.ACCOUNT),
        ("codec not supported", None),
    ],
)
def test_40010_is_the_plan_where_its_detail_says_so(detail: str, blame: Blame | None) -> None:
    known = HEYGEN.errors["40010"]
    meant = meaning_of(known, detail)
    assert (meant.blame if meant else None) is blame
    assert known.blame is Blame.MEDIA
    assert Blame.ACCOUNT in known.alternatives


# --- jobs ---------------------------------------------------------------------------------------

STATES = {
    CREATE_V3: "pending waiting processing completed failed",
    CREATE_V2: "pending waiting processing completed failed",
    "createVideoBatch": "processing completed failed",
    "createVideoAgent": "thinking generating reviewing waiting_for_input completed failed",
    "createTranslation": "pending running completed failed",
    "createLipsync": "pending running completed failed",
    "translateVideoV2": "pending running success failed",
    "createAvatar": "processing pending_consent completed failed",
    "cloneVoice": "processing complete failed",
}


@pytest.mark.parametrize("call", STATES)
def test_the_states_of_each_resource_are_those_of_its_schema(call: str) -> None:
    assert set(job_of(call).states) == {*STATES[call].split(), "not_found"}


def test_waiting_is_a_place_in_the_queue_and_waiting_for_input_is_not() -> None:
    assert job_of(CREATE_V3).states["waiting"].kind is StateKind.PENDING
    assert job_of("createVideoAgent").states["waiting_for_input"].kind is StateKind.WAITING
    assert job_of("createAvatar").states["pending_consent"].kind is StateKind.WAITING


def test_done_is_called_by_three_names_and_succeeded_is_none_of_them() -> None:
    done = {StateKind.DONE, StateKind.READY}
    words = {
        value
        for op in HEYGEN.operations.values()
        if op.job
        for value, state in op.job.states.items()
        if state.kind in done
    }
    assert words == {"completed", "complete", "success"}


def test_a_v2_job_is_read_where_v1_reads_it() -> None:
    job = job_of(CREATE_V2)
    assert (job.read, job.read_in, job.read_name) == (STATUS_V1, "query", "video_id")
    assert job_of(CREATE_V3).read == STATUS_V3


def test_a_failed_job_names_its_code_where_each_version_puts_it() -> None:
    v1 = {"data": {"error": {"code": "X", "detail": "precise", "message": "vague"}}}
    assert first(v1, job_of(CREATE_V2).code) == "X"
    assert first(v1, job_of(CREATE_V2).reason) == "precise"
    v3 = {"data": {"failure_code": "Y", "failure_message": "why"}}
    assert first(v3, job_of(CREATE_V3).code) == "Y"
    assert first(v3, job_of(CREATE_V3).reason) == "why"


def test_a_link_lives_seven_days_and_no_video_can_be_cancelled() -> None:
    for call in (CREATE_V3, CREATE_V2):
        job = job_of(call)
        assert job.lifetime_days == 7
        assert job.cancel == ""
        assert job.most_s == 1200


# --- what is retired ----------------------------------------------------------------------------


def test_both_announced_ends_of_v1_and_v2_stand_side_by_side_and_v3_has_none() -> None:
    excepted = {CREATE_V2, "listTemplatesV2", "getTemplateV2", "generateTemplateV2"}
    for op in HEYGEN.operations.values():
        old = op.path.startswith(("/v1/", "/v2/"))
        day = "2026-10-01" if op.id in excepted else "2026-10-01 / 2026-11-01"
        assert op.retired == (day if old else ""), op.id


def test_a_retired_call_is_told_of_before_it_is_sent() -> None:
    (said,) = check(HEYGEN, HEYGEN.operations[CREATE_V2], body=v2(), local=True)
    assert (said.kind, said.fails) == ("retired", False)


# --- requests -----------------------------------------------------------------------------------

AVATAR = {"type": "avatar", "avatar_id": "look", "script": "Hello", "voice_id": "voice"}
IMAGE = {"type": "image", "image": {"type": "asset_id", "asset_id": "a"}, "audio_asset_id": "b"}
CINEMATIC = {"type": "cinematic_avatar", "avatar_id": ["look"], "prompt": "a walk"}
SPEAKING = {"type": "avatar", "avatar_id": "look", "script": "Hello"}
STUDIO = {"type": "studio", "scenes": [{"type": "avatar_video", "input": SPEAKING}]}


def failing(call: str, body: Json) -> set[str]:
    found = check(HEYGEN, HEYGEN.operations[call], body=body, local=True)
    return {said.parameter for said in found if said.fails}


def warned(call: str, body: Json) -> dict[str, str]:
    found = check(HEYGEN, HEYGEN.operations[call], body=body, local=True)
    kept = (said for said in found if said.kind != "retired")
    return {said.parameter: said.says.en for said in kept if not said.fails}


@pytest.mark.parametrize("body", [AVATAR, IMAGE, CINEMATIC, STUDIO])
def test_each_of_the_four_types_can_be_right(body: Json) -> None:
    assert failing(CREATE_V3, body) == set()


@pytest.mark.parametrize(
    ("body", "change", "parameter"),
    [
        (AVATAR, {"type": "video"}, "type"),
        (AVATAR, {"avatar_id": ["look"]}, "avatar_id"),
        (AVATAR, {"audio_asset_id": "b"}, "audio_asset_id"),
        (AVATAR, {"script": "x" * 5001}, "script"),
        (AVATAR, {"resolution": "480p"}, "resolution"),
        (AVATAR, {"aspect_ratio": "21:9"}, "aspect_ratio"),
        (AVATAR, {"output_format": "mov"}, "output_format"),
        (AVATAR, {"fit": "fill"}, "fit"),
        (AVATAR, {"background": {"type": "color"}}, "background.value"),
        (AVATAR, {"background": {"type": "color", "value": "red"}}, "background.value"),
        (AVATAR, {"background": {"type": "image"}}, "background.url"),
        (
            AVATAR,
            {"output_format": "webm", "background": {"type": "color", "value": "#ffffff"}},
            "background",
        ),
        (AVATAR, {"engine": {"type": "avatar_v"}, "expressiveness": "high"}, "expressiveness"),
        (AVATAR, {"engine": {"type": "avatar_iii"}, "motion_prompt": "wave"}, "motion_prompt"),
        (AVATAR, {"voice_settings": {"speed": 1.6}}, "voice_settings.speed"),
        (AVATAR, {"voice_settings": {"pitch": -51}}, "voice_settings.pitch"),
        (AVATAR, {"voice_settings": {"volume": 1.1}}, "voice_settings.volume"),
        (AVATAR, {"caption": {"file_format": "vtt"}}, "caption.file_format"),
        (IMAGE, {"image": {"type": "base64", "data": "AAAA"}}, "image.media_type"),
        (CINEMATIC, {"avatar_id": ["a", "b", "c", "d"]}, "avatar_id"),
        (CINEMATIC, {"duration": 3}, "duration"),
        (CINEMATIC, {"duration": 16}, "duration"),
        (CINEMATIC, {"resolution": "4k"}, "resolution"),
        (CINEMATIC, {"aspect_ratio": "4:5"}, "aspect_ratio"),
        (STUDIO, {"scenes": []}, "scenes"),
        (STUDIO, {"scenes": [{"type": "image", "duration": 301}]}, "scenes[0].duration"),
        (STUDIO, {"output_format": "webm"}, "output_format"),
    ],
)
def test_what_breaks_a_rule_of_v3_is_named(
    body: dict[str, Any], change: dict[str, Any], parameter: str
) -> None:
    assert parameter in failing(CREATE_V3, {**body, **change})


def test_speech_is_needed_and_a_type_nobody_gave_asks_for_nothing_else() -> None:
    silent = {"type": "avatar", "avatar_id": "look"}
    assert failing(CREATE_V3, silent) == {"script"}
    assert failing(CREATE_V3, {}) == {"type"}


def test_a_script_for_a_picture_needs_a_voice() -> None:
    spoken = {"type": "image", "image": IMAGE["image"], "script": "Hello"}
    assert failing(CREATE_V3, spoken) == {"voice_id"}


@pytest.mark.parametrize(
    ("body", "parameter", "words"),
    [
        ({**AVATAR, "test": True}, "test", "belongs to v2"),
        ({**AVATAR, "video_inputs": []}, "video_inputs", "POST /v2/video/generate"),
        ({**AVATAR, "dimension": {"width": 1280}}, "dimension", "`resolution`"),
        ({**AVATAR, "webhook_url": "https://a.invalid"}, "webhook_url", "`callback_url`"),
    ],
)
def test_what_belongs_to_the_other_version_is_told(body: Json, parameter: str, words: str) -> None:
    assert words in warned(CREATE_V3, body)[parameter]


def test_a_number_without_its_p_is_told_how_to_be_written() -> None:
    found = check(HEYGEN, HEYGEN.operations[CREATE_V3], body={**AVATAR, "resolution": "1080"})
    (said,) = [one for one in found if one.parameter == "resolution"]
    assert said.fails
    assert '"1080p"' in said.remedy.en


SCENE = {
    "character": {"type": "avatar", "avatar_id": "a"},
    "voice": {"type": "text", "input_text": "Hello", "voice_id": "v"},
}


def v2(scene: Json = SCENE, **more: Json) -> Json:
    return {"video_inputs": [scene], **more}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"video_inputs": []}, "video_inputs"),
        ({"video_inputs": [SCENE] * 51}, "video_inputs"),
        (v2(dimension={"width": 1281, "height": 720}), "dimension.width"),
        (v2(dimension={"width": 126, "height": 720}), "dimension.width"),
        (v2(dimension={"width": 1280, "height": 4098}), "dimension.height"),
        (v2({**SCENE, "character": {"type": "avatar"}}), "video_inputs[0].character.avatar_id"),
        (v2({**SCENE, "voice": {"type": "text"}}), "video_inputs[0].voice.voice_id"),
        (v2({**SCENE, "voice": {"type": "audio"}}), "video_inputs[0].voice.audio_url"),
        (
            v2({**SCENE, "voice": {**SCENE["voice"], "speed": 2.1}}),
            "video_inputs[0].voice.speed",
        ),
        (
            v2({**SCENE, "voice": {**SCENE["voice"], "emotion": "Angry"}}),
            "video_inputs[0].voice.emotion",
        ),
        (v2(caption_mode="srt"), "caption_mode"),
    ],
)
def test_what_breaks_a_rule_of_v2_is_named(body: Json, parameter: str) -> None:
    assert parameter in failing(CREATE_V2, body)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (v2(dimensions={"width": 1280, "height": 720}), "dimensions"),
        (v2(test=True), "test"),
        (v2(script="Hello"), "script"),
        (
            v2({**SCENE, "voice": {**SCENE["voice"], "speed": 1.7}}),
            "video_inputs[0].voice.speed",
        ),
        (
            v2({**SCENE, "voice": {**SCENE["voice"], "pitch": -35}}),
            "video_inputs[0].voice.pitch",
        ),
        (
            v2({**SCENE, "voice": {**SCENE["voice"], "input_text": "x" * 1501}}),
            "video_inputs[0].voice.input_text",
        ),
    ],
)
def test_where_sources_differ_the_call_is_warned_and_not_refused(
    body: Json, parameter: str
) -> None:
    assert failing(CREATE_V2, body) == set()
    assert parameter in warned(CREATE_V2, body)


@pytest.mark.parametrize(("speed", "pitch"), [(0.5, -20), (1.5, 20), (1, 0)])
def test_what_all_sources_allow_is_not_warned_of(speed: float, pitch: int) -> None:
    voice = {**SCENE["voice"], "speed": speed, "pitch": pitch}
    assert warned(CREATE_V2, v2({**SCENE, "voice": voice})) == {}


def test_agents_take_a_prompt_of_ten_thousand_characters_and_twenty_files() -> None:
    file = {"type": "asset_id", "asset_id": "a"}
    assert failing("createVideoAgent", {"prompt": "x" * 10_000, "files": [file] * 20}) == set()
    assert failing("createVideoAgent", {"prompt": "x" * 10_001}) == {"prompt"}
    assert failing("createVideoAgent", {"prompt": "x", "files": [file] * 21}) == {"files"}


# --- limits -------------------------------------------------------------------------------------


def test_limits_are_those_of_the_pages_and_the_rate_is_nobodys_to_know() -> None:
    limits = HEYGEN.limits
    assert limits["rate"]["known"] is False
    assert limits["concurrent"]["jobs"] == 10
    assert limits["concurrent_older_plans"]["plans"] == {"Free": 1, "Pro": 3, "Scale": 6}
    trial = {"Free": 5, "Creator": 8, "Team": 10, "Enterprise": 20}
    assert limits["trial_videos_per_day"]["plans"] == trial
    assert limits["script_characters"]["max"] == 5000
    assert "1,500" in limits["script_characters"]["x-source"]["note"]
    assert {"header": "retry-after", "unit": "s-or-date"} in limits["reset"]["ways"]


def test_input_files_are_limited_as_the_page_says() -> None:
    media = HEYGEN.operations[CREATE_V3].media
    assert media["audio_url"].duration_s_max == 600
    assert media["audio_url"].formats == ("wav", "mp3")
    assert media["image.url"].size_bytes_max == 50 * 2**20
    assert HEYGEN.operations["createTranslation"].media["video.url"].size_bytes_max == 100 * 2**20
