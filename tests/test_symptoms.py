"""Is each row of the symptoms whole, in both languages, and can it be rehearsed as it says?"""

import re
from pathlib import Path

import pytest

from diagnostics import contract_load
from diagnostics.cli import discover
from diagnostics.emulator.faults import load_plan, names
from diagnostics.errors import ContractError
from diagnostics.lookup import symptoms
from diagnostics.lookup.symptoms import Symptom
from diagnostics.model import Text

ROWS = symptoms.load()
EACH = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)


def texts(row: Symptom) -> list[Text]:
    every = [row.symptom, row.cause, row.remedy, row.unplayable]
    return [text for text in every if text is not None]


def test_all_seventy_two_rows_and_the_dirty_keys_are_there() -> None:
    ids = [row.id for row in ROWS]
    assert [one for one in ids if one.isdecimal()] == [str(n) for n in range(1, 73)]
    assert [one for one in ids if one[0] == "I"] == ["I1", "I2", "I3", "I4", "I5"]
    assert len(ids) == len(set(ids))


@EACH
def test_a_row_speaks_both_languages(row: Symptom) -> None:
    assert all(_CYRILLIC.search(text.ru) for text in texts(row))
    assert not any(_CYRILLIC.search(text.en) for text in texts(row))
    assert all(len(text.en) > 10 and text.en != text.ru for text in texts(row))


@EACH
def test_people_ask_for_a_row_in_both_languages(row: Symptom) -> None:
    assert any(_CYRILLIC.search(phrase) for phrase in row.say)
    assert any(not _CYRILLIC.search(phrase) for phrase in row.say)


@EACH
def test_a_row_has_vendors_a_source_and_a_way_to_see_it(row: Symptom) -> None:
    assert row.vendors
    assert row.source.page
    assert bool(row.fault) != bool(row.unplayable)
    assert bool(row.fault) == bool(row.provider)


@EACH
def test_a_row_that_can_be_played_names_a_plan_and_a_provider_that_plays_it(row: Symptom) -> None:
    if not row.fault:
        assert row.unplayable
        return
    assert row.fault in names()
    assert row.provider in contract_load.providers()
    made_for = load_plan(row.fault).providers
    assert not made_for or row.provider in made_for


@EACH
def test_a_row_that_cannot_be_played_names_the_finding_that_sees_it(row: Symptom) -> None:
    outside = {"30", "N4"}  # before any request, or on the caller's machine: no tape holds it
    assert row.fault or row.seen_by or row.id in outside


def test_the_findings_that_see_a_row_exist() -> None:
    known = discover.rules()
    unknown = {(row.id, code) for row in ROWS for code in row.seen_by if code not in known}
    assert unknown == set()


def test_a_plan_that_plays_a_row_says_so() -> None:
    silent = [
        (row.id, row.fault)
        for row in ROWS
        if row.fault
        and not re.search(rf"(?<![\w]){row.id}(?![\w])|seed|section", load_plan(row.fault).story)
    ]
    assert silent == []


@pytest.mark.parametrize(
    "broken",
    [
        "- {id: '1'}",
        "- []",
        "- 7",
        "{id: 7}",
        "- {id: '1', section: A, vendors: 3, blame: client}",
        "- {id: '1', section: A, vendors: [x], blame: nobody, symptom: {en: a, ru: b}}",
    ],
)
def test_a_broken_row_is_an_error_that_names_the_file(broken: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.yaml"
    file.write_text(broken)
    with pytest.raises(ContractError) as caught:
        symptoms.load(file)
    assert caught.value.place == str(file)
    assert caught.value.hint
