"""Are counts, durations, odds and labels said as a reader of either language would say them?"""

from collections.abc import Iterable, Iterator

import pytest

from diagnostics.model import (
    LANGUAGES,
    Blame,
    FaultKind,
    Json,
    Purpose,
    Severity,
    TargetKind,
    UnsentReason,
    Verdict,
)
from reports.words import moment, words


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 запросов"),
        (1, "1 запрос"),
        (2, "2 запроса"),
        (4, "4 запроса"),
        (5, "5 запросов"),
        (11, "11 запросов"),
        (12, "12 запросов"),
        (21, "21 запрос"),
        (22, "22 запроса"),
        (111, "111 запросов"),
        (1_001, "1\u00a0001 запрос"),
    ],
)
def test_russian_counts_read_as_russian(number: int, said: str) -> None:
    assert words("ru").count("request", number) == said


@pytest.mark.parametrize(
    ("value_s", "english", "russian"),
    [
        (0.0009, "0.9 ms", "0,9 мс"),
        (0.35, "350 ms", "350 мс"),
        (0.99951, "1 s", "1 с"),
        (2.13, "2.1 s", "2,1 с"),
        (59.96, "1 min 00 s", "1 мин 00 с"),
        (275, "4 min 35 s", "4 мин 35 с"),
        (11_220, "3 h 07 min", "3 ч 07 мин"),
        (float("nan"), "?", "?"),
        (None, "?", "?"),
    ],
)
def test_durations_are_said_in_the_unit_that_fits(
    value_s: float | None, english: str, russian: str
) -> None:
    assert words("en").duration(value_s) == english
    assert words("ru").duration(value_s) == russian


@pytest.mark.parametrize(
    ("certainty", "said"),
    [
        (1.0, "certain"),
        (0.99, "about 99 in 100"),
        (0.95, "about 19 in 20"),
        (0.9, "about 9 in 10"),
        (0.55, "about 6 in 10"),
        (0.0, "less than 1 in 10"),
        (float("nan"), "less than 1 in 10"),
    ],
)
def test_a_certainty_is_said_as_what_it_means(certainty: float, said: str) -> None:
    assert words("en").odds(certainty) == said


def test_an_instant_that_no_calendar_has_is_not_invented() -> None:
    assert moment(1e30) is None
    assert moment(float("nan")) is None
    assert moment(0.0) is None
    assert moment(1.0) == "1970-01-01T00:00:01.000+00:00"


def _leaves(table: Json, path: str = "") -> Iterator[str]:
    if not isinstance(table, dict):
        yield path
        return
    for key, value in table.items():
        yield from _leaves(value, f"{path}.{key}")


def test_both_languages_have_the_same_words() -> None:
    assert set(_leaves(words("en").table)) == set(_leaves(words("ru").table))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_every_closed_list_has_a_word(language: str) -> None:
    table = words(language).table
    lists: dict[str, Iterable[str]] = {
        "verdict": Verdict,
        "severity": Severity,
        "blame": Blame,
        "noun": Blame,
        "fault": [*FaultKind, *UnsentReason],
        "kind": [one for one in Purpose if one is not Purpose.CALL],
        "played": TargetKind,
        "answered": TargetKind,
    }

    for name, values in lists.items():
        assert set(map(str, values)) <= set(table[name]), name
