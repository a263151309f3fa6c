"""Do the rules between fields find the very element that breaks them?"""

from dataclasses import replace
from typing import Any

import pytest

from diagnostics.check import Violation, check
from diagnostics.checking.rules import broken_rule, extension
from diagnostics.model import Json, Text
from diagnostics.promise import CrossRule, Pitfall, Source
from tests.contract_cases import AKOOL, OPERATIONS

SAYS = Text(en="Rule met: {given} {limit} {needs}.", ru="Правило: {given} {limit} {needs}.")
PHOTO = AKOOL.operations["createTalkingPhoto"]


def rule(kind: str, *parameters: str, **more: Any) -> CrossRule:
    return CrossRule(id="r", kind=kind, parameters=parameters, says=SAYS, **more)


def met(one: CrossRule, body: Json) -> list[str]:
    return [said.parameter for said in broken_rule(one, body)]


# --- each kind of rule ------------------------------------------------------------------------

ELEMENTS = {"when": {"elements[].type": ["image", "avatar"]}}


@pytest.mark.parametrize(
    ("one", "body", "hits"),
    [
        (rule("same-length", "a", "b"), {"a": [1], "b": [1]}, []),
        (rule("same-length", "a", "b"), {"a": [1]}, []),
        (rule("same-length", "a", "b"), {"a": [1, 2], "b": [1]}, ["b"]),
        (rule("same-length", "a", "b"), {"a": 7, "b": [1]}, []),
        (rule("sum-max", "docs[].size", limit=10), {"docs": [{"size": 5}, {"size": 5}]}, []),
        (
            rule("sum-max", "docs[].size", limit=10),
            {"docs": [{"size": 5}, {"size": 6}]},
            ["docs[].size"],
        ),
        (rule("sum-max", "docs[].size", limit=10), {"docs": [{"size": "99"}, {"size": True}]}, []),
        (rule("extension", "u", needs="srt ass"), {"u": "https://a.b/c.SRT?x=.vtt"}, []),
        (rule("extension", "u", needs="srt ass"), {"u": "https://a.b/c.vtt"}, ["u"]),
        (rule("extension", "u", needs="srt ass"), {"u": "https://a.b/c"}, []),
        (
            rule("extension", "d[].n", needs="pdf"),
            {"d": [{"n": "a.pdf"}, {"n": "b.exe"}]},
            ["d[1].n"],
        ),
        (rule("only-with", "a", "b", needs="c"), {"a": 1, "b": 2}, ["a", "b"]),
        (rule("only-with", "a", needs="c"), {"a": 1, "c": 1}, []),
        (rule("only-if", "a", when={"m": ["x", None]}), {"a": 1}, []),
        (rule("only-if", "a", when={"m": ["x", None]}), {"a": 1, "m": "y"}, ["a"]),
        (rule("only-if", "a", when={"m": "x"}), {"a": 1, "m": "x"}, []),
        (rule("only-if", "a", when={"m": [1]}), {"a": 1, "m": True}, ["a"]),
        (rule("together", "a", "b"), {"a": 1}, ["b"]),
        (rule("together", "a", "b"), {"a": 1, "b": ""}, ["b"]),
        (rule("together", "a", "b"), {}, []),
        (rule("required-if", "a", when={"m": ["x"]}), {"m": "x"}, ["a"]),
        (rule("required-if", "a", when={"m": ["x"]}), {"m": "y"}, []),
        (rule("ignored-with", "a", needs="b"), {"a": 1, "b": 1}, ["a"]),
        (rule("ignored-with", "a", needs="b"), {"a": 1}, []),
        (rule("ignored-if", "a", when={"f": ["wav"]}), {"a": 1, "f": "wav"}, ["a"]),
        (rule("ignored-if", "a", when={"f": ["wav"]}), {"a": 1}, []),
        (rule("removed", "a"), {"a": None}, ["a"]),
        (rule("length-max", "t", limit=3), {"t": "abcd"}, ["t"]),
        (rule("length-max", "t", limit=3), {"t": "abc"}, []),
        (rule("length-max", "t", limit=3), {"t": 12345}, []),
        (rule("media", "t"), {"t": "abc"}, []),
        (rule("together", "a", "b"), [], []),
    ],
)
def test_a_rule_is_met_where_it_is_broken_and_nowhere_else(
    one: CrossRule, body: Json, hits: list[str]
) -> None:
    assert met(one, body) == hits


@pytest.mark.parametrize(
    ("one", "hits"),
    [
        (rule("required-if", "elements[].scale", **ELEMENTS), ["elements[1].scale"]),
        (rule("together", "elements[].text", "elements[].voice"), ["elements[2].voice"]),
        (rule("ignored-with", "elements[].text", needs="elements[].url"), ["elements[0].text"]),
        (rule("only-with", "elements[].url", needs="top"), ["elements[0].url"]),
        (rule("only-with", "elements[].url", needs="here"), []),
    ],
)
def test_a_rule_of_elements_speaks_of_one_element_at_a_time(
    one: CrossRule, hits: list[str]
) -> None:
    body = {
        "here": 1,
        "elements": [
            {"type": "image", "scale": 1, "url": "u", "text": "t", "voice": "v"},
            {"type": "avatar"},
            {"type": "audio", "text": "t"},
            "no element",
        ],
    }
    assert met(one, body) == hits


def test_a_rule_brings_its_own_words_code_page_and_weight() -> None:
    page = Source(page="a-page")
    hard = rule("length-max", "prompt", limit=3, code="1207", source=page)
    (said,) = told(hard, {"prompt": "abcd"})
    assert (said.kind, said.fails, said.code, said.source) == ("length-max", True, "1207", "a-page")
    assert said.says.en == "Rule met: 4 3 ."
    assert said.remedy.ru == "Сейчас 4; на любом тарифе проходит 3."
    (soft,) = told(replace(hard, warn=True), {"prompt": "abcd"})
    assert not soft.fails
    (ignored,) = told(rule("ignored-with", "prompt", needs="resolution"), {"prompt": "a"})
    assert not ignored.fails


def told(one: CrossRule, more: dict[str, Json]) -> list[Violation]:
    body = {
        "talking_photo_url": "https://cdn.invented-shop.com/face.jpg",
        "audio_url": "https://cdn.invented-shop.com/speech.mp3",
        "resolution": "720",
        **more,
    }
    return check(AKOOL, replace(PHOTO, rules=(one,)), body=body)


def test_a_rule_about_an_unknown_name_speaks_instead_of_the_warning() -> None:
    (said,) = told(rule("removed", "merge_interval"), {"merge_interval": 1})
    assert said.kind == "removed"


def test_a_rule_that_needs_what_is_absent_is_asked_all_the_same() -> None:
    needs = rule("required-if", "prompt", when={"resolution": ["720"]})
    assert [said.parameter for said in told(needs, {})] == ["prompt"]


def test_a_thousand_broken_elements_are_told_fifty_times() -> None:
    body = {"e": [{"a": 1}] * 1000}
    assert len(met(rule("together", "e[].a", "e[].b"), body)) == 50
    pitted = pit(kind="type", parameter="list[].id", seen="array", body={"list": [{"id": []}] * 99})
    assert len(pitted) == 50


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("a.JPG", "jpg"),
        ("https://h.com/a.tar.gz?b=c.png#d.e", "gz"),
        ("https://h.com", ""),
        ("noextension", ""),
        ("a.verylongending", ""),
        ("https://[broken", ""),
        (7, ""),
        ("a." + "b" * 5000, ""),
    ],
)
def test_an_extension_is_read_off_the_path_alone(value: Json, seen: str) -> None:
    assert extension(value) == seen


# --- pitfalls ---------------------------------------------------------------------------------


def pit(**more: Any) -> list[Violation]:
    body = more.pop("body")
    schema = {
        "type": "object",
        "properties": {
            "ids": {"type": "string"},
            "loose": {},
            "list": {
                "type": "array",
                "items": {"type": "object", "required": ["id"], "properties": {"id": {}}},
            },
        },
    }
    one = Pitfall(says=Text(en="Pit: {given}.", ru="Яма: {given}."), **more)
    made = replace(PHOTO, body_schema=schema, media={}, rules=(), pitfalls=(one,), examples={})
    return check(AKOOL, made, body=body)


def test_a_type_that_the_schema_refuses_fails_and_one_it_lets_pass_warns() -> None:
    (refused,) = pit(kind="type", parameter="ids", seen="array", body={"ids": ["a", "b"]})
    assert (refused.kind, refused.fails, refused.remedy.en) == (
        "pitfall-type",
        True,
        'Write "a,b".',
    )
    (passed,) = pit(kind="type", parameter="loose", seen="boolean", body={"loose": True})
    assert (passed.says.en, passed.fails) == ("Pit: true.", False)
    assert pit(kind="type", parameter="loose", seen="boolean", body={"loose": 1}) == []


def test_a_wrong_name_inside_an_element_is_told_by_that_element() -> None:
    body = {"list": [{"id": 1}, {"_id": 2}, {"id": 3, "_id": 3}]}
    found = pit(kind="name", parameter="list[].id", seen="_id", body=body)
    assert [(said.kind, said.parameter, said.fails) for said in found] == [
        ("pitfall-name", "list[1].id", True),
        ("unknown", "list[2]._id", False),
    ]


def test_a_value_is_replaced_as_the_pitfall_says() -> None:
    (said,) = pit(
        kind="value", parameter="loose", seen=r"(\d+)%", instead=r"0.\1", body={"loose": "80%"}
    )
    assert (said.remedy.en, said.fails) == ('Write "0.80".', False)
    (number,) = pit(kind="value", parameter="loose", seen="7", body={"loose": 7})
    assert number.says.en == "Pit: 7."


def test_two_credential_headers_are_no_matter_of_the_body() -> None:
    assert pit(kind="both-auth", parameter="loose", body={"loose": 1}) == []


# --- the contract's own rules -----------------------------------------------------------------


def test_every_rule_and_pitfall_that_can_be_met_is_known_here() -> None:
    beyond = {"schema", "account", "lookup", "media", "content", "history"}
    from diagnostics.checking.rules import _JUDGES, _PITS  # noqa: PLC0415  # the tables themselves

    assert {one.kind for op in OPERATIONS for one in op.rules} <= set(_JUDGES) | beyond
    pitfalls = [*AKOOL.pitfalls, *(one for op in OPERATIONS for one in op.pitfalls)]
    assert {one.kind for one in pitfalls} <= {*_PITS, "both-auth"}


# --- query and path ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "query", "expected"),
    [
        ("getVideo", {"video_model_id": "abc"}, []),
        ("getVideo", {}, [("required", "video_model_id", True)]),
        ("getVideo", {"video_model_id": ""}, [("empty", "video_model_id", True)]),
        ("getVideo", {"_id": "abc"}, [("pitfall-name", "video_model_id", True)]),
        ("getVideo", {"videoModelId": "abc"}, [("misspelt", "video_model_id", True)]),
        (
            "getVideo",
            {"video_model_id": "a", "odd": "b"},
            [("unknown", "odd", False)],
        ),
        ("listVoices", {"type": "1", "page": 2, "support_stream": "1"}, []),
        ("listVoices", {"type": 1, "gender": ""}, []),
        ("listVoices", {"type": "3"}, [("enum", "type", True)]),
        (
            "listVoices",
            {"type": "1", "support_stream": "yes"},
            [("type", "support_stream", True)],
        ),
        ("listModels", {"types[]": "1501"}, []),
        ("listModels", {"types": ["1501", 1502]}, []),
        ("listModels", {"types[]": ["1501", "9"]}, [("enum", "types[1]", True)]),
    ],
)
def test_a_query_is_read_as_the_types_it_stands_for(
    call: str, query: dict[str, Json], expected: list[tuple[str, str, bool]]
) -> None:
    found = check(AKOOL, AKOOL.operations[call], body=None, query=query)
    assert [(said.kind, said.parameter, said.fails) for said in found] == expected
    assert {said.place for said in found} <= {"query"}


def test_a_path_parameter_is_needed_and_never_empty() -> None:
    voice = AKOOL.operations["getVoice"]
    assert check(AKOOL, voice, body=None, path={"_id": "abc"}) == []
    for path in ({}, {"_id": ""}, {"id": "abc"}):
        (said,) = check(AKOOL, voice, body=None, path=path)
        assert (said.parameter, said.place, said.fails) == ("_id", "path", True)
    lax = replace(voice, parameters=(replace(voice.parameters[0], required=False),))
    assert [said.fails for said in check(AKOOL, lax, body=None, path={"_id": ""})] == [True]


@pytest.mark.parametrize(
    ("schema", "value", "fine"),
    [
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "yes", False),
        ({"type": "number"}, "0.5", True),
        ({"type": "number", "maximum": 1}, "1.5", False),
        ({"type": "integer", "maximum": 10}, "11", False),
        ({"type": ["integer", "string"]}, "x", True),
        ({"type": "string"}, 7, True),
        ({"type": "string"}, True, False),
        ({"type": "integer"}, "٧", False),
    ],
)
def test_text_counts_as_the_number_or_truth_it_spells(
    schema: dict[str, Json],
    value: Json,
    fine: bool,  # noqa: FBT001  # what is expected
) -> None:
    known = AKOOL.operations["getVideo"]
    one = replace(known.parameters[0], schema=schema)
    found = check(AKOOL, replace(known, parameters=(one,)), body=None, query={one.name: value})
    assert (not found) is fine
