"""Where does a hand-written YAML or JSON document break? Reads one and finds lines in it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from diagnostics.errors import ContractError
from diagnostics.model import Json

DEPTH_MAX = 100
"""No document that a person writes is nested half as deep."""
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, *, hint: str = "") -> Json:
    """Decode one YAML file. A syntax error becomes a `ContractError` with file, line, column."""
    try:
        data = path.read_bytes()
        deep = too_deep(data)
        if deep is None:
            return yaml.load(data, Loader=_Loader)  # noqa: S506  # a safe loader
    except OSError as error:
        raise ContractError(
            f"cannot read {path.name}: {error.strerror}", place=str(path), hint=hint or None
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ContractError(
            f"not valid YAML: {_problem(error)}",
            place=f"{path}{_position(error)}",
            hint=hint or "mend the line, then run the command again",
        ) from error
    raise ContractError(
        f"nested more than {DEPTH_MAX} deep", place=f"{path}:{deep}", hint=hint or "flatten it"
    )


def too_deep(data: bytes | str) -> int | None:
    """The line where it is nested deeper than we read; the C composer would overrun its stack."""
    depth = 0
    for event in yaml.parse(data, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            return event.start_mark.line + 1 if event.start_mark else 1
    return None


def doubled(path: Path) -> tuple[str, int] | None:
    """The first key that a mapping of the file holds twice, and its line: YAML keeps the last."""
    try:
        top = yaml.compose(path.read_text("utf-8"), Loader=_Loader)
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return None
    for node in _mappings(top):
        names: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in names:
                return str(key.value), key.start_mark.line + 1
            names.add(key.value)
    return None


def _mappings(top: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Each of them once, though aliases may name it again and again."""
    waiting, seen = [top], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            waiting += (value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def line_of(path: Path, steps: Sequence[str | int]) -> int | None:
    """The line (from 1) where the value at `steps` stands; of its nearest parent if it is gone."""
    found = position_of(path, steps)
    return found[0] if found else None


def position_of(path: Path, steps: Sequence[str | int]) -> tuple[int, int] | None:
    """Line and column (from 1) of the value at `steps`, or of its nearest parent."""
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=_Loader)
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return None
    position: tuple[int, int] | None = None
    for step in (*steps, None):
        if node is None:
            return position
        position = (node.start_mark.line + 1, node.start_mark.column + 1)
        node = _child(node, step)
    return position


def _child(node: yaml.Node, step: str | int | None) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        found = [value for key, value in node.value if key.value == str(step)]
        return found[0] if found else None
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return cast("yaml.Node", node.value[step])
    return None


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _position(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""
