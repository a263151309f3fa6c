"""Whatever somebody edits in a cassette, a run that plays it ends in a code and a sentence."""

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.cli.main import main
from diagnostics.errors import UsageError
from diagnostics.tape_values import case_from, case_to, exchange_to, strange
from tests.cassette_cases import CASE, answered, asked, captured, tape
from tests.shipped_cassettes import FOLDER

ODD = [
    None,
    True,
    -1,
    1e308,
    float("nan"),
    "",
    "abc",
    "../../x",
    [],
    {},
    [1],
    {"a": 1},
    "\0",
    b"\xff",
]
Steps = tuple[Any, ...]


@cache
def whole() -> dict[str, Any]:
    """A cassette with a few interactions."""
    found: dict[str, Any] = yaml.load(
        (FOLDER / "openai" / "healthy.yaml").read_bytes(), Loader=yaml.CSafeLoader
    )
    found["interactions"] = found["interactions"][:3]
    return found


def places(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """Of every value in it."""
    if steps:
        yield steps
    keys = value if isinstance(value, dict) else range(len(value) if type(value) is list else 0)
    for key in keys:
        yield from places(value[key], (*steps, key))


def edited(steps: Steps, value: Any) -> str:
    made = copy.deepcopy(whole())
    place: Any = made
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    text: str = yaml.dump(made, Dumper=yaml.CSafeDumper, sort_keys=False)
    return text


@given(
    steps=st.deferred(lambda: st.sampled_from(list(places(whole())))), value=st.sampled_from(ODD)
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_edit_is_unforeseen(
    steps: Steps,
    value: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("it.yaml").write_text(edited(steps, value))
    ended = main(["run", "network", "job", "--target", "it.yaml", "--format", "json"])
    assert ended in {0, 1, 2, 3}
    assert "unforeseen" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("started_s", "noon"),
        ("virtual_time", 1),
        ("seed", True),
        ("auth_headers", [1]),
        ("poll", {"interval_s": "often"}),
        ("environment", {"libraries": {"httpx": 1}}),
        ("target", {"kind": "cassette", "provider": 1, "base_url": ""}),
        ("plan", {"operation": None}),
    ],
)
def test_a_case_of_another_kind_is_no_case(name: str, value: Any) -> None:
    with pytest.raises(TypeError):
        case_from({**case_to(CASE), name: value})


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("wire", {"address": ["a"]}),
        ("wire", {"connect_s": "long"}),
        ("answer", {"status": 200, "media": {"container": 7, "size_bytes": 1}}),
        ("request", {"method": "GET", "url": "u", "operation": 7}),
        ("request", {"method": "GET", "url": "u", "label": b"bytes"}),
    ],
)
def test_an_exchange_of_another_kind_is_none(part: str, value: Any) -> None:
    line = exchange_to(tape((asked(), answered())).exchanges[0])
    assert strange(line)
    with pytest.raises(TypeError):
        strange({**line, part: value})


def test_a_call_that_the_contract_has_not_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(edited(("diagnostics", "case", "plan", "operation"), "createNovel"))
    assert main(["run", "job", "--target", str(path)]) == 2
    assert "createNovel" in capsys.readouterr().err


def test_a_case_that_cannot_be_read_leaves_a_strangers_cassette() -> None:
    found = captured(edited(("diagnostics", "case", "target"), []))
    assert found.case is None
    assert found.broken[0].place == "cassette.yaml: diagnostics.case"
    assert len(found.exchanges) > 3
    with pytest.raises(UsageError):
        captured(edited(("diagnostics", "schema"), 7))
