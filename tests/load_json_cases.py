"""Which files could stand where a load was written? The written one, changed anywhere."""

import copy
from collections.abc import Iterator

from hypothesis import strategies as st

from diagnostics.model import Json

NUMBERS = st.one_of(
    st.integers(-10, 10),
    st.sampled_from([2**62, -(2**62), 2**40, 10**400, 1e308, -1e308, 5e-324, 1_800_000_000]),
    st.floats(),
)
WORDS = st.one_of(st.text(max_size=8), st.sampled_from(["fail", "/s", "p99 of request", "<b>"]))
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    WORDS,
    st.just([]),
    st.just({}),
    st.lists(st.integers(-3, 3), max_size=4),
)
DEPTH_MAX = 7
EACH_MAX = 6
"""Of a long list or mapping only so many places are changed: the others are like them."""


def places(value: Json, path: tuple[Json, ...] = ()) -> Iterator[tuple[Json, ...]]:
    """Every place where something stands."""
    if path:
        yield path
    if len(path) >= DEPTH_MAX:
        return
    items: list[tuple[Json, Json]] = []
    if isinstance(value, dict):
        items = list(value.items())[: 4 * EACH_MAX]
    elif isinstance(value, list):
        items = list(enumerate(value))[:EACH_MAX]
    for key, item in items:
        yield from places(item, (*path, key))


def mutated(document: Json) -> st.SearchStrategy[Json]:
    """The document with up to three places changed, mostly to another value of that type."""
    known = list(places(document))
    change = st.sampled_from(known).flatmap(
        lambda path: st.tuples(st.just(path), _like(_at(document, path)))
    )
    return st.lists(change, min_size=1, max_size=3).map(lambda made: _changed(document, made))


def _like(value: Json) -> st.SearchStrategy[Json]:
    if isinstance(value, str):
        return st.one_of(WORDS, WORDS, ANYTHING)
    if isinstance(value, int | float):
        return st.one_of(NUMBERS, NUMBERS, ANYTHING)
    return ANYTHING


def _at(document: Json, path: tuple[Json, ...]) -> Json:
    for step in path:
        document = document[step]
    return document


def _changed(document: Json, changes: list[tuple[tuple[Json, ...], Json]]) -> Json:
    made = copy.deepcopy(document)
    for path, value in changes:
        at = made
        try:
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    return made
