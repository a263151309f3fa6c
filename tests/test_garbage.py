"""Is garbage looked for seldom inside, and as before afterwards?"""

import gc

import pytest

from diagnostics.garbage import ALLOCATIONS, seldom


def test_inside_the_threshold_is_high_and_afterwards_what_it_was() -> None:
    before = gc.get_threshold()
    with seldom():
        assert gc.get_threshold() == (ALLOCATIONS, *before[1:])
    assert gc.get_threshold() == before


def test_an_error_inside_changes_nothing_of_that() -> None:
    before = gc.get_threshold()
    with pytest.raises(LookupError), seldom():
        raise LookupError
    assert gc.get_threshold() == before


def test_a_collector_that_somebody_made_rarer_or_switched_off_stays_so() -> None:
    before = gc.get_threshold()
    try:
        for chosen in (0, 10 * ALLOCATIONS):
            gc.set_threshold(chosen, 5, 5)
            with seldom():
                assert gc.get_threshold()[0] == chosen
    finally:
        gc.set_threshold(*before)
