"""What stands at this place of a profile? A value of the file that knows its line, key by key."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from reprlib import Repr
from typing import NoReturn, TypeVar

from diagnostics.errors import ContractError
from diagnostics.model import Json

_E = TypeVar("_E", bound=Enum)
_TEXT_MAX = 500
_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 2, 60, 60


def short(value: Json) -> str:
    """A stranger's value as a few words, however large it is."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # an integer of more digits than Python writes out
        return "a very large number"


@dataclass(frozen=True, slots=True)
class Entry:
    """A value, where it stands (`steps` from the top) and in which file, if in one."""

    value: Json
    steps: tuple[str | int, ...] = ()
    file: str = ""

    def wrong(self, message: str, hint: str) -> NoReturn:
        """Refuse it: file and line, the key, the remedy."""
        key = ".".join(str(step) for step in self.steps)
        said = f"{key}: {message}" if key else message
        raise ContractError(said, place=self._place() or None, hint=hint)

    def _place(self) -> str:
        if not self.file:
            return ""
        from diagnostics.document import line_of  # noqa: PLC0415  # YAML only for a mistake

        line = line_of(Path(self.file), self.steps)
        return f"{self.file}:{line}" if line else self.file

    # --- what it holds ------------------------------------------------------------------------

    def keys(self, known: Sequence[str], *, what: str) -> None:
        """It is a mapping, and every key of it is one of those."""
        if not isinstance(self.value, dict):
            self.wrong(f"{what} is a mapping, not {short(self.value)}", f"keys: {', '.join(known)}")
        for key in self.value:
            if key not in known:
                self._unknown(key, known, what)

    def _unknown(self, key: Json, known: Sequence[str], what: str) -> NoReturn:
        name = key if isinstance(key, str) else short(key)
        hint = nearest(name, known)
        Entry(None, (*self.steps, name[:_TEXT_MAX]), self.file).wrong(
            f"{what} has no such key", hint
        )

    def get(self, key: str) -> "Entry | None":
        """The value at that key; None: it is not there, or empty."""
        held = self.value.get(key)
        return None if held is None else Entry(held, (*self.steps, key), self.file)

    def need(self, key: str, *, hint: str) -> "Entry":
        """The value at that key, which has to be there."""
        found = self.get(key)
        return self.wrong(f"{key!r} is missing", hint) if found is None else found

    def each(self, most: int) -> "Iterator[Entry]":
        """The elements of a list."""
        if not isinstance(self.value, list):
            self.wrong(f"it is a list, not {short(self.value)}", "begin each element with a dash")
        if len(self.value) > most:
            self.wrong(f"{len(self.value)} elements; {most} at most", "make it shorter")
        for index, one in enumerate(self.value):
            yield Entry(one, (*self.steps, index), self.file)

    def text(self) -> str:
        """Words, on one line."""
        value = self.value
        if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX:
            self.wrong(f"it is a text, not {short(value)}", f"1 to {_TEXT_MAX} characters")
        return value

    def plain(self) -> str | float | bool:
        """A scalar, not a mapping or a list."""
        if not isinstance(self.value, str | int | float):
            self.wrong(f"it is one value, not {short(self.value)}", "a number or a text")
        if isinstance(self.value, str):
            return self.text()
        return self.value if isinstance(self.value, bool) else self.number(-1e15, 1e15)

    def truth(self) -> bool:
        """Yes or no."""
        if not isinstance(self.value, bool):
            self.wrong(f"it is true or false, not {short(self.value)}", "write true or false")
        return self.value

    def number(self, least: float, most: float) -> float:
        """A bare number within those bounds."""
        value = self.value
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not least <= value <= most or not math.isfinite(value):
            self.wrong(f"{short(value)} is out of range", f"a number from {least:g} to {most:g}")
        return float(value)

    def amount(self, how: Callable[[object], float], least: float, most: float) -> float:
        """An amount with its unit."""
        try:
            found = how(
                self.value if isinstance(self.value, str | int | float) else short(self.value)
            )
        except ValueError as error:
            self.wrong(f"{short(self.value)}: {error}", "an amount is a number and its unit")
        if not least <= found <= most:
            self.wrong(f"{short(self.value)} is out of range", f"from {least:g} to {most:g}")
        return found

    def one_of(self, known: Iterable[str], what: str) -> str:
        """A name out of a list."""
        names = tuple(known)
        if self.value not in names:
            given = self.value if isinstance(self.value, str) else short(self.value)
            self.wrong(f"there is no {what} {short(self.value)}", nearest(given, names))
        return str(self.value)

    def member(self, kind: type[_E], what: str) -> _E:
        """A member of an enumeration, by its value."""
        return kind(self.one_of([str(one.value) for one in kind], what))


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for a slip of the finger."""
    names = list(known)
    near = get_close_matches(name[:_TEXT_MAX], names, n=3, cutoff=0.5)
    return f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names)}"
