"""How do counts add up, field by field, and travel as JSON?

Whatever is counted under load is counted by several workers, so it has to come to the same in
whichever order it is added: whole numbers, counts by name, histograms, and what is made of these.
"""

from collections.abc import Iterator
from typing import Protocol, Self

from diagnostics.errors import UsageError
from diagnostics.loading.histogram import AS_WRITTEN, whole
from diagnostics.model import Json

NAMES_MOST = 64
OTHER = "other"
_LENGTH_MAX = 200


def add(counts: dict[str, int], name: str, number: int = 1) -> None:
    """Count under a name; a stranger's names are kept short and few."""
    if name not in counts:
        name = name[:_LENGTH_MAX]
        if name not in counts and len(counts) >= NAMES_MOST:
            name = OTHER
    counts[name] = counts.get(name, 0) + number


class Part(Protocol):
    """What a field may be, beside a whole number and counts by name."""

    def merge(self, other: Self) -> None:
        """Add the other's."""
        ...

    def to_json(self) -> Json:
        """As plain data; what is empty counts as false."""
        ...

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """What `to_json` wrote; anything else is a `UsageError` or a `ValueError`."""
        ...


class Added:
    """Has fields that add up; a class names them in `__slots__` and makes them in `__init__`."""

    __slots__ = ()

    def _fields(self) -> Iterator[str]:
        yield from type(self).__slots__

    def merge(self, other: Self) -> None:
        """Add what the other one has counted."""
        for name in self._fields():
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, int):
                setattr(self, name, mine + theirs)
            elif isinstance(mine, dict):
                for key, number in theirs.items():
                    add(mine, key, number)
            else:
                mine.merge(theirs)

    def to_json(self) -> Json:
        """As plain data, without what is nought."""
        told = {}
        for name in self._fields():
            value = getattr(self, name)
            plain = value if isinstance(value, int | dict) else value.to_json()
            if plain:
                told[name] = dict(plain) if isinstance(plain, dict) else plain
        return told

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """What `to_json` wrote; anything else is a `UsageError`."""
        made = cls()
        try:
            made._take(told)
        except (TypeError, ValueError, AttributeError) as error:
            what = f"that is no {cls.__name__.lower()} of a load"
            raise UsageError(what, hint=AS_WRITTEN) from error
        return made

    def _take(self, told: Json) -> None:
        for name, value in dict(told).items():
            if name not in type(self).__slots__:
                raise ValueError
            mine = getattr(self, name)
            if isinstance(mine, int):
                setattr(self, name, _signed(value))
            elif isinstance(mine, dict):
                mine.update({_name(key): _signed(number) for key, number in value.items()})
            else:
                setattr(self, name, type(mine).from_json(value))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it changes


def _signed(told: Json) -> int:
    """What is taken back counts below nought: a job that was thought to be stuck and is not."""
    return whole(told) if not isinstance(told, int) or told >= 0 else -whole(-told)


def _name(told: Json) -> str:
    if not isinstance(told, str) or len(told) > _LENGTH_MAX:
        raise ValueError
    return told
