"""Does the automaton find what a plain search finds, word by word, whatever the text's length?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.redaction.finder import Finder
from diagnostics.redaction.survey import WORDS, Survey

STEP = 1 << 20
FINDER = Finder([b"key", b"api-key", b"e", b"ey:", b"key"])


def plainly(word: bytes, text: bytes) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(word, at)]


@given(st.lists(st.sampled_from([b"key", b"api-", b"e", b":", b"ke", b"x", b"\xff"])))
def test_every_place_is_found_overlaps_included(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    expected = {word: plainly(word, text) for word in FINDER.words}
    assert FINDER.places(text) == expected
    assert FINDER.standing(text) == {word for word, places in expected.items() if places}


@pytest.mark.parametrize("at", [STEP - 7, STEP - 3, STEP - 1, STEP, STEP + 1, 2 * STEP - 2])
def test_a_word_on_the_edge_of_two_steps_is_found_once(at: int) -> None:
    text = bytearray(b"." * (2 * STEP + 99))
    text[at : at + 7] = b"api-key"
    places = FINDER.places(bytes(text))
    assert places[b"api-key"] == [at]
    assert places[b"key"] == [at + 4]
    assert FINDER.standing(bytes(text)) == {b"api-key", b"key", b"e"}


@given(st.text("aAkKeEyYtToOnN -:/\n"))
def test_a_survey_finds_words_in_small_and_capital_letters(text: str) -> None:
    for word in (b"key", b"token", b" -", b"://", b"prompt"):
        assert list(Survey(text).places([word])) == plainly(word, text.lower().encode())
    assert b"prompt" not in WORDS.known
