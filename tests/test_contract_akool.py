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
from openapi_spec_validator import OpenAPIV31SpecValidator

from diagnostics.contract import dig, first
from diagnostics.contract_load import FOLDER, META_SCHEMA
from diagnostics.model import Blame, Json, Response, Retry, Text
from diagnostics.promise import Operation, Source, StateKind
from tests.contract_cases import AKOOL, OPERATIONS, parameters, properties

DOCUMENT: Any = yaml.load((FOLDER / "akool.yaml").read_bytes(), Loader=yaml.CSafeLoader)


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
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


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
