"""Does each way to break a call get its own sentence, remedy and likely code?"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.check import Violation, check
from diagnostics.checking.condition import at
from diagnostics.model import Json, Text
from diagnostics.promise import Pitfall
from tests.contract_cases import AKOOL

PHOTO = AKOOL.operations["createTalkingPhoto"]
GOOD: dict[str, Json] = {
    "talking_photo_url": "https://cdn.invented-shop.com/face.jpg",
    "audio_url": "https://cdn.invented-shop.com/speech.mp3",
    "resolution": "720",
    "webhookUrl": "",
}


def without(name: str, **more: Json) -> dict[str, Json]:
    return {key: value for key, value in {**GOOD, **more}.items() if key != name}


def only(body: Json, call: str = "createTalkingPhoto") -> Violation:
    (said,) = check(AKOOL, AKOOL.operations[call], body=body)
    return said


def of_schema(schema: Mapping[str, Any], body: Json) -> list[Violation]:
    """Held against a body schema of our own."""
    made = replace(
        PHOTO, body_schema=schema, media={}, pitfalls=(), rules=(), examples={}, codes={}
    )
    return check(AKOOL, made, body=body)


def test_a_right_call_has_no_violation() -> None:
    assert check(AKOOL, PHOTO, body=GOOD) == []


# --- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "instead"),
    [
        ("720p", "pitfall-value", 'Write "720".'),
        ("1080P", "pitfall-value", 'Write "1080".'),
        (720, "pitfall-type", 'Write "720".'),
        ("480p", "pitfall-value", "Use one of the allowed values."),
        ("2k", "enum", "Use one of the allowed values."),
    ],
)
def test_a_wrong_resolution_is_told_what_to_write(value: Json, kind: str, instead: str) -> None:
    said = only({**GOOD, "resolution": value})
    assert (said.parameter, said.fails, said.code) == ("resolution", True, "1003")
    assert (said.kind, said.remedy.en) == (kind, instead) or value == "1080P"
    assert '"720"' in said.says.en
    assert '"1080"' in said.says.ru


@pytest.mark.parametrize(
    ("schema", "value", "instead"),
    [
        ({"type": "string"}, 7, 'Write "7".'),
        ({"type": "integer"}, "7", "Write 7."),
        ({"type": "integer"}, "7.5", "Give it the documented type."),
        ({"type": "number"}, "7.5", "Write 7.5."),
        ({"type": "boolean"}, 1, "Write true."),
        ({"type": "boolean"}, "false", "Write false."),
        ({"type": "array", "items": {}}, "a,b", 'Write ["a", "b"].'),
        ({"type": "string"}, ["a", "b"], 'Write "a,b".'),
        ({"type": "integer", "enum": [7]}, 7.5, "Give it the documented type."),
        ({"type": "integer"}, "x", "Give it the documented type."),
        ({"type": "string"}, None, "Give it the documented type."),
        ({"type": "array", "items": {}}, 7, "Give it the documented type."),
    ],
)
def test_the_same_value_in_the_right_type_is_offered(
    schema: Mapping[str, Any], value: Json, instead: str
) -> None:
    (said,) = of_schema({"type": "object", "properties": {"x": schema}}, {"x": value})
    assert (said.kind, said.parameter, said.remedy.en) == ("type", "x", instead)


@pytest.mark.parametrize(
    ("schema", "value", "kind", "told"),
    [
        ({"minimum": 1}, 0, "minimum", "the least allowed is 1"),
        ({"maximum": 120}, 121, "maximum", "the most allowed is 120"),
        ({"exclusiveMinimum": 0}, 0, "above", "greater than 0"),
        ({"exclusiveMaximum": 1}, 1, "below", "less than 1"),
        ({"multipleOf": 5}, 7, "multiple-of", "multiple of 5"),
        ({"minLength": 3}, "ab", "min-length", "has 2 characters; at least 3"),
        ({"maxLength": 3}, "abcd", "max-length", "has 4 characters; at most 3"),
        ({"minItems": 2}, [1], "min-items", "has 1 elements; at least 2"),
        ({"maxItems": 1}, [1, 2], "max-items", "has 2 elements; at most 1"),
        ({"minItems": 1}, [], "empty", "is required, but is empty"),
        ({"uniqueItems": True}, [1, 1], "unique-items", "twice"),
        ({"pattern": "^#[0-9a-f]{6}$"}, "red", "pattern", "/^#[0-9a-f]{6}$/"),
        ({"const": 3}, 4, "enum", "cannot be 4; allowed: 3"),
        (False, 1, "forbidden", "may not be given"),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, 1, "type", "a string or an array"),
        ({"oneOf": [{"enum": ["a"]}, {"const": 2}]}, "b", "enum", 'allowed: "a", 2'),
        ({"contains": {"const": 1}}, [2], "alternatives", "none of the documented forms"),
        ({"enum": [{"a": 1}, []]}, 3, "enum", "allowed: {…}, []"),
        ({"enum": [1]}, [2], "enum", "cannot be an array of 1"),
        ({"not": {"const": 1}}, 1, "forbidden", "may not be given"),
        ({"oneOf": [{}, {}]}, 1, "alternatives", "none of the documented forms"),
        ({"anyOf": [False, False]}, 3, "forbidden", "may not be given"),
    ],
)
def test_every_limit_is_told_with_what_was_given(
    schema: Any, value: Json, kind: str, told: str
) -> None:
    (said,) = of_schema({"type": "object", "properties": {"x": schema}}, {"x": value})
    assert (said.kind, said.parameter) == (kind, "x")
    assert told in said.says.en
    assert said.says.ru != said.says.en


def test_a_value_is_shown_bounded_and_a_secret_not_at_all() -> None:
    long = only({**GOOD, "resolution": "x" * 10_000})
    assert len(long.says.en) < 300
    schema = {"type": "object", "properties": {"clientSecret": {"type": "integer"}}}
    (said,) = of_schema(schema, {"clientSecret": "invented-akool-secret-0001"})
    assert "invented" not in said.says.en + said.remedy.en
    (huge,) = of_schema({"properties": {"x": {"maximum": 9}}}, {"x": 10**300})
    assert len(huge.says.en) < 200


def test_a_link_is_shown_without_what_could_sign_it() -> None:
    said = only({**GOOD, "audio_url": "ftp://user:invented@files.shop.com/a.mp3?sig=invented"})
    assert "invented" not in said.says.en
    assert "files.shop.com/a.mp3" in said.says.en


# --- names ------------------------------------------------------------------------------------


def test_a_missing_parameter_is_told_with_the_documented_example() -> None:
    said = only(without("audio_url"))
    assert (said.kind, said.parameter, said.code) == ("required", "audio_url", "1003")
    assert "https://example.com/audio.mp3" in said.remedy.en


def test_a_near_miss_of_a_required_name_is_one_failure() -> None:
    said = only(without("audio_url", audioUrl=GOOD["audio_url"]))
    assert (said.kind, said.parameter, said.fails) == ("misspelt", "audio_url", True)
    assert said.remedy == Text(
        en="Rename `audioUrl` to `audio_url`.", ru="Переименуйте `audioUrl` в `audio_url`."
    )


def test_a_known_pitfall_speaks_instead_of_what_it_explains() -> None:
    said = only(without("talking_photo_url", image_url=GOOD["talking_photo_url"]))
    assert (said.kind, said.parameter, said.fails) == ("pitfall-name", "talking_photo_url", True)
    assert "image_url" in said.says.en


def test_a_misnamed_callback_is_a_warning_since_the_call_itself_goes_through() -> None:
    said = only(without("webhookUrl", webhookurl="https://hooks.invented-shop.com/a"))
    assert (said.kind, said.parameter, said.fails) == ("pitfall-name", "webhookurl", False)
    assert said.code is None
    assert "webhookUrl" in said.remedy.en


def test_an_unknown_name_is_a_warning_with_the_nearest_one() -> None:
    said = only(without("resolution", resolutoin="720"))
    assert (said.kind, said.fails, said.remedy.en) == (
        "unknown",
        False,
        "Did you mean `resolution`?",
    )
    for name in ("unheard_of", "x" * 500):
        far = only({**GOOD, name: 1})
        assert (far.kind, far.remedy.en) == ("unknown", "Leave it out.")
        assert len(far.parameter) <= 64


def test_where_the_schema_lets_any_name_pass_none_is_unknown() -> None:
    schema = {"properties": {"free": {"type": "object"}, "map": {"additionalProperties": {}}}}
    assert of_schema(schema, {"free": {"a": 1}, "map": {"b": 1}}) == []


def test_a_closed_schema_does_not_tell_an_unknown_name_twice() -> None:
    schema = {"properties": {"a": {}}, "additionalProperties": False}
    assert [said.kind for said in of_schema(schema, {"a": 1, "b": 2})] == ["unknown"]


def test_names_and_needs_are_found_behind_references_and_in_branches() -> None:
    schema = {
        "$defs": {
            "part": {
                "type": "object",
                "required": ["id"],
                "oneOf": [
                    {"properties": {"type": {"const": "a"}, "left": {}}},
                    {"properties": {"type": {"const": "b"}, "right": {}}},
                ],
                "properties": {"id": {"type": "string"}, "parts": {"$ref": "#/$defs/parts"}},
            },
            "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}},
        },
        "properties": {"parts": {"$ref": "#/$defs/parts"}},
    }
    inner = {"type": "a", "id": " ", "left": 1, "up": 2}
    found = of_schema(schema, {"parts": [{"type": "b", "id": "x", "parts": [inner]}]})
    assert {(said.kind, said.parameter) for said in found} == {
        ("empty", "parts[0].parts[0].id"),
        ("unknown", "parts[0].parts[0].up"),
    }


# --- conditions -------------------------------------------------------------------------------

CONDITION = {
    "type": "object",
    "properties": {"kind": {}, "url": {}, "text": {}, "extra": {}},
    "if": {"properties": {"kind": {"const": "file"}}, "required": ["kind"]},
    "then": {"required": ["url"]},
    "else": {"properties": {"extra": False}},
}


def test_a_condition_is_told_at_the_parameter_and_says_when_it_applies() -> None:
    (said,) = of_schema(CONDITION, {"kind": "file"})
    assert (said.kind, said.parameter) == ("required", "url")
    assert said.says.en.endswith('It applies because `kind` is "file".')
    assert said.says.ru.endswith('потому что `kind` = "file".')
    (other,) = of_schema(CONDITION, {"kind": "text", "extra": 1})
    assert (other.kind, other.parameter) == ("forbidden", "extra")
    assert other.says.en.endswith('It applies because `kind` is not "file".')


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"required": ["url"]}, "`url` is given"),
        ({"not": {"required": ["text"]}}, "`text` is not given"),
        ({"properties": {"url": True}, "required": ["url"]}, ""),
        (
            {"properties": {"a": {"properties": {"b": {"enum": [1, 2]}}}}, "required": ["url"]},
            "`a.b` is 1, 2 and `url` is given",
        ),
    ],
)
def test_every_shape_of_a_condition_has_words(condition: Mapping[str, Any], told: str) -> None:
    known = {"url": {}, "a": {"type": "object"}}
    schema = {"properties": known, "if": condition, "then": {"required": ["more"]}}
    (said,) = of_schema(schema, {"url": 1, "a": {"b": 1}})
    assert said.says.en.endswith(f"It applies because {told}." if told else "missing.")


def test_a_place_that_a_schema_does_not_have_is_nowhere() -> None:
    assert at({"a": [1]}, ["a", 0]) == 1
    assert at({"a": [1]}, ["a", 1]) is None
    assert at({"a": [1]}, ["b"]) is None


def test_a_condition_nobody_can_put_into_words_is_left_out() -> None:
    (said,) = of_schema({"if": True, "then": {"required": ["more"]}}, {})
    assert said.says.en == "`more` is required and missing."


@pytest.mark.parametrize(
    ("schema", "body", "kind", "parameter", "told"),
    [
        (
            {"anyOf": [{"required": ["url"]}, {"required": ["img"]}]},
            {},
            "one-of",
            "url",
            "`url`, `img`",
        ),
        (
            {"oneOf": [{"required": ["url"]}, {"required": ["img"]}]},
            {"url": 1, "img": 2},
            "only-one-of",
            "img",
            "Only one of `url`, `img`",
        ),
        ({"not": {"required": ["a", "b"]}}, {"a": 1, "b": 2}, "not-together", "b", "`a`, `b`"),
        ({"not": {"required": ["a"]}}, {"a": 1}, "forbidden", "a", "`a` may not"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "required", "b", "`b` is required"),
    ],
)
def test_alternatives_are_told_by_name_and_never_as_schemas(
    schema: Mapping[str, Any], body: Json, kind: str, parameter: str, told: str
) -> None:
    (said,) = of_schema({"type": "object", **schema}, body)
    assert (said.kind, said.parameter) == (kind, parameter)
    assert told in said.says.en
    assert "schema" not in said.says.en


def test_of_several_forms_the_one_that_was_meant_is_explained() -> None:
    image = {
        "properties": {"type": {"const": "image"}, "w": {"type": "integer"}},
        "required": ["w", "h"],
    }
    sound = {"properties": {"type": {"const": "audio"}, "h": {}}}
    schema = {"properties": {"x": {"type": "object", "oneOf": [image, sound]}}}
    found = of_schema(schema, {"x": {"type": "image", "w": "wide"}})
    told = {(said.kind, said.parameter) for said in found}
    assert told == {("type", "x.w"), ("required", "x.h")}
    (neither,) = of_schema(schema, {"x": {"type": "hologram", "w": 1, "h": 1}})
    assert (neither.kind, neither.parameter) == ("enum", "x.type")
    assert neither.allowed == '"image", "audio"'


# --- bodies as a whole ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [(None, "no-body"), ([], "body-type"), ("text", "body-type"), (7, "body-type")],
)
def test_what_is_no_body_is_told_once(body: Json, kind: str) -> None:
    said = only(body)
    assert (said.kind, said.parameter, said.fails) == (kind, "", True)


def test_no_body_is_fine_where_none_is_wanted_and_one_too_many_is_a_warning() -> None:
    balance = AKOOL.operations["getCredit"]
    assert check(AKOOL, balance, body=None) == []
    (said,) = check(AKOOL, balance, body={"a": 1})
    assert (said.kind, said.fails) == ("body-not-wanted", False)
    assert of_schema({"type": "object"}, None) == []


def test_what_json_cannot_carry_is_told_and_not_raised() -> None:
    deep: Json = []
    for _ in range(3000):
        deep = [deep]
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}}
    assert [said.kind for said in of_schema(schema, {"a": deep})] == ["too-deep"]
    assert [said.kind for said in of_schema(schema, {"a": "\ud800"})] == ["not-unicode"]
    assert [said.kind for said in of_schema(schema, {"a": {1: 2}})] == ["not-json"]
    assert [said.kind for said in of_schema(schema, {"\ud800": 1})] == ["not-unicode"]
    video = AKOOL.operations["getVideo"]
    for value, kind in ((deep, "too-deep"), ("\ud800", "not-unicode"), (b"bytes", "not-json")):
        found = check(AKOOL, video, body=None, query={"video_model_id": value})
        assert [said.kind for said in found] == [kind]


def test_a_million_mistakes_give_a_hundred_and_a_word_on_the_rest() -> None:
    schema = {
        "type": "object",
        "properties": {
            "l": {"type": "array", "items": {"required": ["n"], "properties": {"n": {}}}}
        },
    }
    before = time.process_time()
    found = of_schema(schema, {"l": [{"m": 1}] * 30_000})
    assert time.process_time() - before < 3
    assert len(found) <= 101
    assert found[-1].kind == "too-many"
    assert not found[-1].fails


def test_what_fails_comes_before_what_only_warns() -> None:
    warned = without("audio_url", talking_photo_url="https://example.com/a.jpg", odd=1)
    found = check(AKOOL, PHOTO, body={**warned, "resolution": "9k"})
    assert [said.fails for said in found] == [True, True, False, False]


# --- codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["createTalkingPhoto", "listVoices", "createSpeech"])
def test_every_failure_has_a_source_and_the_code_that_most_pages_give(call: str) -> None:
    for errors in (AKOOL.errors, dict(reversed(list(AKOOL.errors.items())))):
        contract = replace(AKOOL, errors=errors)
        said = check(contract, contract.operations[call], body=None)[0]
        assert said.source
        assert said.code == "1003"


def test_an_envelope_of_its_own_has_codes_of_its_own() -> None:
    (said,) = check(AKOOL, AKOOL.operations["analyzeFrames"], body={"frame_urls": 7})
    assert said.fails
    assert said.code != "1003"


def test_a_pitfall_of_the_provider_speaks_only_where_something_is_wrong() -> None:
    words = Text(en="Never {given}.", ru="Не {given}.")
    pit = Pitfall(kind="value", parameter="resolution", seen=r"\d+p?", says=words)
    contract = replace(AKOOL, pitfalls=(pit,))
    bare = replace(PHOTO, pitfalls=())
    assert check(contract, bare, body=GOOD) == []
    (said,) = check(contract, bare, body={**GOOD, "resolution": "720p"})
    assert said.says.en.startswith('Never "720p".')
    elsewhere = replace(contract, pitfalls=(replace(pit, parameter="unheard_of"),))
    assert check(elsewhere, bare, body=GOOD) == []


def test_a_name_that_is_right_here_is_no_pitfall_of_the_provider() -> None:
    words = Text(en="Not `audio_url`.", ru="Не `audio_url`.")
    pit = Pitfall(kind="name", parameter="talking_photo_url", seen="audio_url", says=words)
    contract = replace(AKOOL, pitfalls=(pit,))
    (said,) = check(contract, PHOTO, body=without("talking_photo_url"))
    assert said.kind == "required"
