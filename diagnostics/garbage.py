"""How often is garbage looked for while a tape grows? Seldom: frozen values make no cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ALLOCATIONS = 50_000
"""Between two looks at the youngest objects; Python's own 700 walks a growing tape all the time."""


@contextmanager
def seldom() -> Iterator[None]:
    """Inside, look for garbage every `ALLOCATIONS` objects; afterwards as before."""
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], ALLOCATIONS) if usual[0] else 0, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
