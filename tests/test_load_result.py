"""Is `load.json` read back as it was written, and is a wrong one refused with its place?"""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.errors import DiagnosticsError, UsageError
from diagnostics.loading.objectives import Judged, parse
from diagnostics.loading.result import (
    NAME,
    Break,
    Ending,
    Limit,
    Load,
    Sample,
    Worker,
    from_json,
    read,
    to_json,
)
from diagnostics.model import Json, Target, TargetKind, Text, Verdict

WHOLE = Load(
    run_id="20261121T080000Z-beef",
    profile={"model": "open"},
    name="breakpoint",
    target=Target(kind=TargetKind.EMULATOR, provider="akool", base_url="http://127.0.0.1:1"),
    verdict=Verdict.FAIL,
    because=(Text(en="p99 is 4 s", ru="p99 равен 4 с"),),
    ending=Ending.OBJECTIVE,
    started_s=1_000.0,
    duration_s=12.0,
    planned_s=60.0,
    tally={"names": {}},
    objectives=(
        Judged(objective=parse("p99 of job.total < 2 s"), value=4.0, ok=False),
        Judged(objective=parse("duplicates = 0"), value=None, ok=None),
    ),
    workers=(Worker(name="local", requests=10, lost_after_s=3.0, cpu_share=0.4),),
    samples=(Sample(why="slow", conversation=3, positions=(1, 4)),),
    breaking=Break(level=20.0, unit="/s", at_s=9.0, objective="p99 of job.total < 2 s"),
    limit=Limit(name="createTalkingPhoto", status=429, headers=(("Retry-After", "3"),)),
    notes=(Text(en="a note", ru="примечание"),),
)


def test_a_load_is_read_back_as_it_was_written() -> None:
    assert from_json(json.loads(json.dumps(to_json(WHOLE)))) == WHOLE


def test_what_a_newer_harness_added_is_left_out() -> None:
    document = to_json(WHOLE)
    document["workers"][0]["mood"] = "good"
    document["mood"] = "good"

    assert from_json(document) == WHOLE


def test_a_number_that_json_lacks_is_written_as_unknown() -> None:
    odd = replace(WHOLE, workers=(Worker(name="local", cpu_share=float("nan")),))

    assert '"cpu_share": null' in json.dumps(to_json(odd), allow_nan=False)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"schema": "diagnostics.tape/1"}', "[" * 9999])
def test_a_file_that_is_no_load_is_refused_with_its_place(text: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text)

    with pytest.raises(UsageError) as refused:
        read(tmp_path)

    assert refused.value.place == str(tmp_path / NAME)
    assert refused.value.hint


def test_a_folder_without_a_load_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no load was recorded"):
        read(tmp_path)


_ANY: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([]), st.just({})
)


@given(name=st.sampled_from(sorted(to_json(WHOLE))), value=_ANY)
def test_any_value_at_any_place_is_read_or_refused_and_never_raises_otherwise(
    name: str, value: Json
) -> None:
    document = to_json(WHOLE) | {name: value}
    with suppress(DiagnosticsError):
        from_json(document)
