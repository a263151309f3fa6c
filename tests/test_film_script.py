"""Are scenes found in whatever a language model answers, and is each way to be wrong told apart?"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.film.script import Flaw, read, split
from diagnostics.model import Json
from tests.film_cases import said, script

SCENES = st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "refusal", "finish_reason", "scenes",
                         "prompt", "error", "output", "text", "incomplete_details", "reason"]),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


def written(prompts: list[str], **options: Any) -> str:
    return json.dumps({"scenes": [{"prompt": prompt} for prompt in prompts]}, **options)


def test_a_clean_answer_gives_its_scenes_in_order_and_no_flaw() -> None:
    found = read(said(script(3)), 3)
    assert [scene[-1] for scene in found.scenes] == ["1", "2", "3"]
    assert found.flaws == ()


@pytest.mark.parametrize(
    "opening", ["```json\n", "```\n", "```JSON \r\n", "\n\n```json5\n", "```"], ids=repr
)
def test_one_fence_around_the_whole_answer_is_taken_off(opening: str) -> None:
    found = read(said(f"{opening}{script(3)}\n```\n"), 3)
    assert (len(found.scenes), found.flaws) == (3, (Flaw.FENCED,))


def test_a_fence_inside_a_prompt_is_part_of_the_prompt() -> None:
    prompt = "a screen that shows ```code``` and more ```"
    assert read(said(f"```json\n{written([prompt])}\n```"), 1).scenes == (prompt,)
    assert read(said(written([prompt])), 1).flaws == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Sure! Here you are:\n", "\nAnything else?"),
        ("Use {braces} and [1] as you like. ```json\n", "\n``` Enjoy {it}"),
        ("[note] ", ""),
        ("", "\n\nI kept the fox in {every} shot."),
    ],
)
def test_json_is_found_in_the_prose_around_it(before: str, after: str) -> None:
    found = read(said(f"{before}{script(3)}{after}"), 3)
    assert (len(found.scenes), found.flaws) == (3, (Flaw.PROSE,))


@pytest.mark.parametrize("body", [said(script(3), "length"), said(script(3)[:-4], "length")])
def test_what_was_cut_by_length_is_never_repaired_even_where_it_could_be_read(body: Json) -> None:
    assert read(body, 3).flaws == (Flaw.TRUNCATED,)
    assert read(body, 3).scenes == ()


def test_the_same_of_a_response_object() -> None:
    text = {"type": "output_text", "text": script(3)}
    body: dict[str, Json] = {"status": "completed", "output": [{"content": [text]}]}
    assert len(read(body, 3).scenes) == 3
    cut = {**body, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    assert read(cut, 3).flaws == (Flaw.TRUNCATED,)
    refused = {"output": [{"content": [{"type": "refusal", "refusal": "No."}]}]}
    assert read(refused, 3).flaws == (Flaw.REFUSED,)


@pytest.mark.parametrize(
    ("body", "flaw"),
    [
        ({"error": {"message": "boom", "code": "x"}}, Flaw.ERROR),
        (said("", "content_filter"), Flaw.FILTERED),
        (said(None, refusal="I cannot help with that."), Flaw.REFUSED),
        (said(None), Flaw.NO_TEXT),
        (said("   \n"), Flaw.NO_TEXT),
        ({}, Flaw.NO_TEXT),
        (None, Flaw.NO_TEXT),
        (said("Your video should show a person walking."), Flaw.NOT_JSON),
        (said('{"scenes": [{"prompt": "a"'), Flaw.NOT_JSON),
        (said('{"shots": ["a", "b", "c"]}'), Flaw.WRONG_SHAPE),
        (said('{"scenes": [{"prompt": 1}, {"prompt": "b"}, {"prompt": "c"}]}'), Flaw.WRONG_SHAPE),
        (said('{"scenes": [{"text": "a"}, {"prompt": "b"}, {"prompt": "c"}]}'), Flaw.WRONG_SHAPE),
        (said('{"scenes": "a, b, c"}'), Flaw.WRONG_SHAPE),
        (said("42"), Flaw.WRONG_SHAPE),
        (said(written(["a", " ", "c"])), Flaw.EMPTY_PROMPT),
        (said(script(2)), Flaw.TOO_FEW),
        (said(script(4)), Flaw.TOO_MANY),
    ],
)
def test_each_way_to_be_wrong_has_a_name_of_its_own(body: Json, flaw: Flaw) -> None:
    found = read(body, 3)
    assert (found.scenes, found.flaws) == ((), (flaw,))


def test_a_wrong_count_in_a_fence_is_told_as_both() -> None:
    found = read(said(f"```json\n{script(2)}\n```"), 3)
    assert (found.flaws, found.found) == ((Flaw.FENCED, Flaw.TOO_FEW), 2)


def test_a_bare_list_of_scenes_is_taken_as_well() -> None:
    bare = json.dumps([{"prompt": "a"}, {"prompt": "b"}])
    assert read(said(bare), 2).scenes == ("a", "b")


def test_a_deeply_nested_or_endless_answer_ends_at_once() -> None:
    assert read(said("[" * 100_000), 3).flaws == (Flaw.NOT_JSON,)
    assert read(said("{" * 2_000_000), 3).flaws == (Flaw.NOT_JSON,)


@given(body=JSON)
def test_no_answer_makes_it_raise(body: Json) -> None:
    found = read(body, 3)
    assert bool(found.scenes) or bool(found.flaws)


@given(text=st.text(), reason=st.sampled_from(["stop", "length", "content_filter", ""]))
def test_no_text_makes_it_raise(text: str, reason: str) -> None:
    assert len(read(said(text, reason), 3).scenes) in {0, 3}


@given(prompts=SCENES, indent=st.sampled_from([None, 2]), language=st.sampled_from(["", "json"]))
def test_any_script_survives_a_fence(prompts: list[str], indent: int | None, language: str) -> None:
    text = f"```{language}\n{written(prompts, indent=indent)}\n```"
    assert read(said(text), len(prompts)).scenes == tuple(p.strip() for p in prompts)


@given(prompts=SCENES, before=st.text(max_size=30), after=st.text(max_size=30))
def test_any_script_survives_prose(prompts: list[str], before: str, after: str) -> None:
    before = before.replace("{", "(").replace("[", "(")
    found = read(said(f"{before} {written(prompts, ensure_ascii=False)} {after}"), len(prompts))
    assert found.scenes == tuple(prompt.strip() for prompt in prompts)


# --- the fallback -----------------------------------------------------------------------------


def test_the_fallback_divides_at_sentences_where_there_are_enough() -> None:
    assert split("One. Two! Three? Four.", 3) == ("One.", "Two!", "Three? Four.")


def test_the_fallback_divides_at_words_where_sentences_are_few() -> None:
    assert split("красивый закат над морем", 2) == ("красивый закат", "над морем")


def test_the_fallback_repeats_a_prompt_that_is_too_short_to_divide() -> None:
    assert split("море", 3) == ("море (1/3)", "море (2/3)", "море (3/3)")


@given(prompt=st.text(min_size=1).filter(str.strip), count=st.integers(1, 20))
def test_the_fallback_gives_just_as_many_scenes_and_none_is_blank(prompt: str, count: int) -> None:
    parts = split(prompt, count)
    assert len(parts) == count
    assert all(part.strip() for part in parts)
    assert set(prompt.split()) <= set(" ".join(parts).split())
