"""Does a load say its figures as its reader writes numbers, and each thing once?"""

from dataclasses import replace

import pytest

from diagnostics.cli.load_words import conclusion, seconds
from diagnostics.loading.tally import Tally
from diagnostics.model import Text
from tests import sample_load

LOAD = sample_load.silent()


@pytest.mark.parametrize(
    ("value_s", "en", "ru"),
    [
        (None, "–", "–"),
        (0.00123, "1.23 ms", "1,23 мс"),
        (3.456, "3.46 s", "3,46 с"),
        (750.0, "12.5 min", "12,5 мин"),
    ],
)
def test_durations_are_written_as_in_the_readers_language(
    value_s: float | None, en: str, ru: str
) -> None:
    assert seconds(value_s, "en") == en
    assert seconds(value_s, "ru") == ru


def test_a_russian_conclusion_has_russian_numbers() -> None:
    first = next(iter(conclusion(replace(LOAD, duration_s=2.5), Tally(), "ru")))
    assert "2,5 с" in first
    assert "0,00%" in first


def test_a_note_that_is_a_reason_as_well_is_told_once() -> None:
    lost, other = Text(en="worker 0 was lost", ru="-"), Text(en="the tape was cut", ru="-")
    told = list(conclusion(replace(LOAD, because=(lost,), notes=(lost, other)), Tally(), "en"))
    assert [line.strip() for line in told].count("worker 0 was lost") == 1
    assert [line.strip() for line in told].count("the tape was cut") == 1
