"""What does a YAML cassette say, item by item, however deep, long or hostile it is?

Built from the parser's events and not by a loader: nothing recurses (a loader in C dies of 50,000
nested lists), no tag makes an object, aliases cannot multiply, every item knows its line, and what
stands before a torn end is read.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from diagnostics.model import Json

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEPTH_MOST = 200
_SPARE = 1 << 20
_EXPANSION_MOST = 4
"""How often what aliases repeat may exceed the file itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A value of the top level, or one entry of a list there."""

    key: str
    """At the top level; empty: the file itself is a list."""
    line: int
    value: Json
    listed: bool = False


class TooMuchError(yaml.YAMLError):
    """It says more than it holds: nested too deeply, or multiplied by aliases."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.problem, self.line = problem, line


class Unreadable:
    """Stands in the place of a value that cannot be what its tag says."""

    __slots__ = ()


def items(data: bytes, lists: Sequence[str]) -> Iterator[Item]:
    """Every top-level value; of `lists` each entry. Raises `yaml.YAMLError` where reading ends."""
    return _Builder(len(data), lists).items(yaml.parse(data, Loader=_Loader))


@dataclass(slots=True)
class _Open:
    """A list or mapping that is not finished."""

    value: Any  # list or dict
    line: int
    anchor: str | None = None
    tag: str | None = None
    key: str = ""
    keyed: bool = False
    weight: int = 1


@dataclass(slots=True)
class _Builder:
    """Values out of events, with an account of how much they say."""

    size: int
    lists: Sequence[str]
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    repeated: int = 0
    """What aliases have said again."""

    def items(self, events: Iterator[Any]) -> Iterator[Item]:
        """Each item as soon as it is whole."""
        for event in events:
            step = _STEPS.get(type(event))
            item = None if step is None else step(self, event)
            if item is not None:
                yield item

    def scalar(self, event: Any) -> Item | None:
        """A word."""
        value = _scalar(event)
        weight = 1 + len(event.value)
        if event.anchor is not None:
            self.anchors[event.anchor] = value, weight
        return self._place(value, weight, event.start_mark.line)

    def alias(self, event: Any) -> Item | None:
        """What was said before, again."""
        line = event.start_mark.line
        value, weight = self.anchors.get(event.anchor, (Unreadable(), 1))
        self.repeated += weight
        if self.repeated > _EXPANSION_MOST * self.size + _SPARE:
            raise TooMuchError("its aliases repeat more than the file holds", line)
        return self._place(value, weight, line)

    def begin_list(self, event: Any) -> None:
        """A list opens."""
        self._begin([], event)

    def begin_mapping(self, event: Any) -> None:
        """A mapping opens."""
        self._begin({}, event)

    def _begin(self, value: Any, event: Any) -> None:
        if len(self.open) >= DEPTH_MOST:
            raise TooMuchError(f"nested deeper than {DEPTH_MOST} levels", event.start_mark.line)
        self.open.append(
            _Open(value=value, line=event.start_mark.line, anchor=event.anchor, tag=event.tag)
        )

    def end(self, _event: Any) -> Item | None:
        """A list or mapping is whole."""
        done = self.open.pop()
        value = done.value
        if type(value) is dict and "<<" in value:
            value = _merged(value)
        if done.tag is not None:
            value = _made(done.tag, value)
        if done.anchor is not None:
            self.anchors[done.anchor] = value, done.weight
        return self._place(value, done.weight, done.line)

    def _place(self, value: Any, weight: int, line: int) -> Item | None:
        if not self.open:
            return None
        parent = self.open[-1]
        if type(parent.value) is list:
            if len(self.open) <= _TOP and (key := self._list()) in self.lists:
                return Item(key=key, line=line + 1, value=value, listed=True)
            parent.value.append(value)
        elif not parent.keyed:
            parent.key, parent.keyed = _key(value), True
            return None
        else:
            parent.keyed = False
            if len(self.open) == 1:
                return Item(key=parent.key, line=line + 1, value=value)
            parent.value[parent.key] = value
        parent.weight += weight
        return None

    def _list(self) -> str:
        """The key of the list that is being filled; empty: the file itself."""
        return self.open[0].key if len(self.open) == _TOP else ""


_TOP = 2
"""The file, and a value of it."""
_STEPS: dict[type, Callable[[_Builder, Any], Item | None]] = {
    yaml.ScalarEvent: _Builder.scalar,
    yaml.AliasEvent: _Builder.alias,
    yaml.SequenceStartEvent: _Builder.begin_list,
    yaml.MappingStartEvent: _Builder.begin_mapping,
    yaml.SequenceEndEvent: _Builder.end,
    yaml.MappingEndEvent: _Builder.end,
}

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,400}|(?:[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?)")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    ".inf": float("inf"),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}
_BINARY = "tag:yaml.org,2002:binary"


def _scalar(event: Any) -> Json:
    """A date stays text: nothing in a cassette means one."""
    value: str = event.value
    if event.tag is not None:
        return _binary(value) if event.tag == _BINARY else value
    if not event.implicit[0]:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if value[0] in "0123456789+-." and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _binary(value: str) -> bytes | Unreadable:
    try:
        return b64decode("".join(value.split()), validate=True)
    except ValueError:
        return Unreadable()


def _key(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return "" if isinstance(value, dict | list | tuple | Unreadable) else str(value)


def _merged(value: dict[str, Any]) -> dict[str, Any]:
    """`<<: *defaults` of whoever writes cassettes by hand."""
    shared = value.pop("<<")
    return {**shared, **value} if isinstance(shared, dict) else value


def _made(tag: str, value: Any) -> Any:
    """What vcrpy itself knows to rebuild: file-like and iterated bodies. No other tag acts."""
    if not isinstance(value, dict):
        return value
    if tag.endswith(":_io.BytesIO"):
        return _first(value.get("state"))
    if tag.endswith(".iter"):
        parts = _first(value.get("args"))
        return joined(parts) if isinstance(parts, list) else parts
    return value


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else b""


def joined(parts: list[Any]) -> bytes | Unreadable:
    """A body that was recorded in parts."""
    told = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(told) if all(isinstance(part, bytes) for part in told) else Unreadable()
