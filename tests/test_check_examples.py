"""Does breaking any one parameter of a documented body name that parameter?"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.check import Violation, check
from diagnostics.checking.words import path_of
from diagnostics.model import Json
from diagnostics.promise import Operation
from tests.contract_cases import AKOOL, OPERATIONS

Steps = tuple[str | int, ...]
WRONG: dict[str, Json] = {
    "string": {"a": 1},
    "integer": "seven",
    "number": "seven",
    "boolean": "maybe",
    "array": 7,
    "object": 7,
}


def failing(op: Operation, body: Json) -> dict[str, Violation]:
    return {said.parameter: said for said in check(AKOOL, op, body=body) if said.fails}


def leaves(schema: Any, value: Json, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every documented parameter of an example, with its schema."""
    if not isinstance(schema, dict):
        return
    if steps:
        yield steps, schema
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from leaves(inner, value[name], (*steps, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(schema.get("items"), item, (*steps, index))


def put(body: Json, steps: Sequence[str | int], value: Json) -> Json:
    changed = copy.deepcopy(body)
    place = changed
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    return changed


EXAMPLES = [(op, body) for op in OPERATIONS for body in op.examples.values()]
TYPED = [
    pytest.param(op, body, steps, schema["type"], id=f"{op.id}-{number}-{path_of(steps)}")
    for number, (op, body) in enumerate(EXAMPLES)
    for steps, schema in leaves(op.body_schema, body)
    if isinstance(schema.get("type"), str)
]
LISTED = [
    pytest.param(op, body, steps, id=f"{op.id}-{number}-{path_of(steps)}")
    for number, (op, body) in enumerate(EXAMPLES)
    for steps, schema in leaves(op.body_schema, body)
    if "enum" in schema
]
NEEDED = [
    pytest.param(op, body, (*steps, name), id=f"{op.id}-{number}-{path_of((*steps, name))}")
    for number, (op, body) in enumerate(EXAMPLES)
    for steps, schema in [((), op.body_schema or {}), *leaves(op.body_schema, body)]
    for name in schema.get("required", ())
]


@pytest.mark.parametrize(("op", "body", "steps", "kind"), TYPED)
def test_a_value_of_another_type_names_its_parameter(
    op: Operation, body: Json, steps: Steps, kind: str
) -> None:
    assert path_of(steps) in failing(op, put(body, steps, WRONG[kind]))


@pytest.mark.parametrize(("op", "body", "steps"), LISTED)
def test_a_value_that_no_list_allows_names_its_parameter_and_the_list(
    op: Operation, body: Json, steps: Steps
) -> None:
    value = next(schema["enum"][0] for at, schema in leaves(op.body_schema, body) if at == steps)
    wrong = "not-listed" if isinstance(value, str) else 987654
    said = failing(op, put(body, steps, wrong))[path_of(steps)]
    assert said.allowed
    assert said.allowed in said.says.en
    assert said.allowed in said.says.ru


@pytest.mark.parametrize(("op", "body", "steps"), NEEDED)
def test_a_required_parameter_left_out_or_left_blank_is_named(
    op: Operation, body: Json, steps: Steps
) -> None:
    left_out = copy.deepcopy(body)
    place = left_out
    for step in steps[:-1]:
        place = place[step]
    kept = place.pop(steps[-1])
    assert path_of(steps) in failing(op, left_out)
    if isinstance(kept, str):
        assert path_of(steps) in failing(op, put(body, steps, "  "))


@pytest.mark.parametrize(("op", "body", "steps"), NEEDED)
def test_a_required_parameter_misspelt_is_one_mistake_under_its_right_name(
    op: Operation, body: Json, steps: Steps
) -> None:
    misspelt = copy.deepcopy(body)
    place = misspelt
    for step in steps[:-1]:
        place = place[step]
    name = str(steps[-1])
    place[f"{name}_"] = place.pop(name)
    found = check(AKOOL, op, body=misspelt)
    mine = [said for said in found if name in said.parameter and said.kind != "ignored-with"]
    assert path_of(steps) in {said.parameter for said in mine if said.fails}
    assert f"{path_of(steps)}_" not in {said.parameter for said in mine}


TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_body_and_no_query_makes_the_check_raise_or_print_a_control_character(
    data: st.DataObject,
) -> None:
    op, body = data.draw(st.sampled_from(EXAMPLES))
    hostile = copy.deepcopy(body)
    for name in data.draw(st.sets(st.sampled_from(sorted(body)))):
        hostile[name] = data.draw(JSON)
    hostile.update(data.draw(st.dictionaries(TEXT, JSON, max_size=3)))
    strange = data.draw(st.dictionaries(TEXT, JSON, max_size=3))
    for said in check(AKOOL, op, body=hostile, query=strange, path=strange):
        for text in (said.says, said.remedy):
            assert text.en.isprintable()
            assert text.ru.isprintable()
        assert said.says.en
        assert said.says.ru
