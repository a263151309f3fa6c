"""Which files could stand where a load was written? The written one, changed anywhere."""

import copy
from collections.abc import Iterator

from hypothesis import strategies as st

from diagnostics.model import Json

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.sampled_from([2**62, -(2**62), 10**400, 1e308, -1e308, 5e-324]),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just({"en": "x", "ru": "y"}),
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
    """The document with up to three places changed."""
    known = list(places(document))
    return st.lists(st.tuples(st.sampled_from(known), ODD), max_size=3).map(
        lambda changes: _changed(document, changes)
    )


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
