"""How is a frozen value made a hundred thousand times a second?

A frozen dataclass sets each field through `object.__setattr__`: a microsecond and more for one
`Response`, of the twelve that a whole request may take under load. A draft has the same slots and
is not frozen; once filled in (every field!), it is given the frozen class.
"""

from dataclasses import fields
from typing import Any


def draft(kind: type[Any]) -> Any:
    """A class with the slots of that one. Fill in every field, then set `__class__` to `kind`."""
    names = tuple(one.name for one in fields(kind))
    if names != tuple(kind.__slots__):
        raise TypeError(f"{kind.__name__} has slots that are no fields of its own")
    return type(f"{kind.__name__}Draft", (), {"__slots__": names})
