"""Which rules between fields, and which known pitfalls, does a body run into?"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from diagnostics.checking.words import Violation, named, sentence, shown, type_of
from diagnostics.contract import dig
from diagnostics.model import Json, Text
from diagnostics.promise import CrossRule, Pitfall

_VALUE_MAX = 2000
_HITS_MAX = 50

# --- places in a body -------------------------------------------------------------------------


def places(value: Json, path: str, before: str = "") -> Iterator[tuple[str, Json]]:
    """Every value at a dotted path, with its exact path: `elements[1].url` for `elements[].url`."""
    head, _, rest = path.partition(".")
    name, _, each = head.partition("[")
    if not isinstance(value, dict) or name not in value:
        return
    here = f"{before}.{name}" if before else name
    found: Iterator[tuple[str, Json]] = iter([(here, value[name])])
    if each:
        inner = value[name] if isinstance(value[name], list) else []
        found = ((f"{here}[{index}]", item) for index, item in enumerate(inner))
    for exact, item in found:
        if rest:
            yield from places(item, rest, exact)
        else:
            yield exact, item


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """One element that a rule speaks of; the whole body where its paths hold no `[]`."""

    body: Json
    prefix: str
    exact: str
    element: Json

    def value(self, path: str) -> Json:
        inside = self.prefix and path.startswith(self.prefix)
        found = dig(self.element if inside else self.body, path.removeprefix(self.prefix))
        return found[0] if found else None

    def has(self, path: str) -> bool:
        return self.value(path) not in (None, "", [])

    def name(self, path: str) -> str:
        if self.prefix and path.startswith(self.prefix):
            return f"{self.exact}.{path.removeprefix(self.prefix)}"
        return path


def _scopes(body: Json, paths: Sequence[str]) -> Iterator[_Scope]:
    cuts = [path.rindex("[].") for path in paths if "[]." in path]
    if not cuts:
        yield _Scope(body=body, prefix="", exact="", element=body)
        return
    prefix = next(path[: path.rindex("[].") + 3] for path in paths if "[]." in path)
    for exact, element in places(body, prefix[:-1]):
        yield _Scope(body=body, prefix=prefix, exact=exact, element=element)


# --- rules ------------------------------------------------------------------------------------


def broken_rule(rule: CrossRule, body: Json) -> Iterator[Violation]:
    """What breaks one rule. Kinds that need more than the body (`media`, `account`) say nothing."""
    judge = _JUDGES.get(rule.kind)
    if judge is None or not isinstance(body, dict):
        return
    for count, (parameter, facts) in enumerate(judge(rule, body)):
        if count >= _HITS_MAX:
            return
        yield _told(rule, parameter, facts)


Hit = tuple[str, Mapping[str, str]]


def _told(rule: CrossRule, parameter: str, facts: Mapping[str, str]) -> Violation:
    known = {
        "parameter": parameter,
        "parameters": named(rule.parameters),
        "needs": rule.needs,
        "limit": "?" if rule.limit is None else f"{rule.limit:g}",
        **facts,
    }
    return Violation(
        parameter=parameter,
        kind=rule.kind,
        says=sentence(rule.says, known),
        fails=not (rule.warn or rule.kind.startswith("ignored")),
        code=rule.code,
        source=rule.source.page,
        remedy=sentence(_REMEDIES[rule.kind], known),
    )


def _same_length(rule: CrossRule, body: Json) -> Iterator[Hit]:
    found = [(path, value) for path in rule.parameters for path, value in places(body, path)]
    sizes = {path: len(value) for path, value in found if isinstance(value, list)}
    if len(set(sizes.values())) > 1:
        odd = min(sizes, key=lambda path: sizes[path])
        yield odd, {"given": ", ".join(f"`{path}`: {size}" for path, size in sizes.items())}


def _sum_max(rule: CrossRule, body: Json) -> Iterator[Hit]:
    numbers = [
        value
        for path in rule.parameters
        for _, value in places(body, path)
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if rule.limit is not None and sum(numbers) > rule.limit:
        yield rule.parameters[0], {"given": shown(sum(numbers))}


def _extension(rule: CrossRule, body: Json) -> Iterator[Hit]:
    allowed = {word.lower().lstrip(".") for word in rule.needs.split()}
    for path in rule.parameters:
        for exact, value in places(body, path):
            seen = extension(value)
            if seen and seen not in allowed:
                yield exact, {"given": f".{seen}", "needs": ", ".join(sorted(allowed))}


def extension(value: Json) -> str:
    """The extension of a file name or a URL's path, lower-case; empty where it has none."""
    if not isinstance(value, str) or len(value) > _VALUE_MAX:
        return ""
    try:
        path = urlsplit(value).path
    except ValueError:
        return ""
    found = PurePosixPath(path).suffix.lower().lstrip(".")
    return found if re.fullmatch(r"[a-z0-9]{1,5}", found) else ""


def _only_with(rule: CrossRule, body: Json) -> Iterator[Hit]:
    for scope in _scopes(body, (*rule.parameters, rule.needs)):
        if not scope.has(rule.needs):
            yield from _given(rule, scope)


def _only_if(rule: CrossRule, body: Json) -> Iterator[Hit]:
    for scope in _scopes(body, (*rule.parameters, *rule.when)):
        if not _holds(rule, scope):
            yield from _given(rule, scope)


def _ignored_with(rule: CrossRule, body: Json) -> Iterator[Hit]:
    for scope in _scopes(body, (*rule.parameters, rule.needs)):
        if scope.has(rule.needs):
            yield from _given(rule, scope)


def _ignored_if(rule: CrossRule, body: Json) -> Iterator[Hit]:
    for scope in _scopes(body, (*rule.parameters, *rule.when)):
        if _holds(rule, scope):
            yield from _given(rule, scope)


def _given(rule: CrossRule, scope: _Scope) -> Iterator[Hit]:
    return ((scope.name(path), {}) for path in rule.parameters if scope.has(path))


def _holds(rule: CrossRule, scope: _Scope) -> bool:
    return all(_is_one_of(scope.value(path), values) for path, values in rule.when.items())


def _is_one_of(value: Json, values: Json) -> bool:
    listed = values if isinstance(values, list | tuple) else [values]
    return any(type_of(value) == type_of(one) and value == one for one in listed)


def _together(rule: CrossRule, body: Json) -> Iterator[Hit]:
    for scope in _scopes(body, rule.parameters):
        missing = [path for path in rule.parameters if not scope.has(path)]
        if missing and len(missing) < len(rule.parameters):
            yield scope.name(missing[0]), {}


def _required_if(rule: CrossRule, body: Json) -> Iterator[Hit]:
    for scope in _scopes(body, (*rule.parameters, *rule.when)):
        if _holds(rule, scope):
            yield from ((scope.name(path), {}) for path in rule.parameters if not scope.has(path))


def _removed(rule: CrossRule, body: Json) -> Iterator[Hit]:
    return ((exact, {}) for path in rule.parameters for exact, _ in places(body, path))


def _length_max(rule: CrossRule, body: Json) -> Iterator[Hit]:
    for path in rule.parameters:
        for exact, value in places(body, path):
            too_long = rule.limit is not None and isinstance(value, str | list)
            if too_long and len(value) > (rule.limit or 0):
                yield exact, {"given": str(len(value))}


_JUDGES: Mapping[str, Callable[[CrossRule, Json], Iterator[Hit]]] = {
    "same-length": _same_length,
    "sum-max": _sum_max,
    "extension": _extension,
    "only-with": _only_with,
    "only-if": _only_if,
    "together": _together,
    "required-if": _required_if,
    "ignored-with": _ignored_with,
    "ignored-if": _ignored_if,
    "removed": _removed,
    "length-max": _length_max,
}

_LEAVE_OUT = Text(en="Leave `{parameter}` out.", ru="Уберите `{parameter}`.")
_REMEDIES: Mapping[str, Text] = {
    "same-length": Text(
        en="Give as many elements to each ({given}).",
        ru="Передайте в каждом одинаковое число элементов ({given}).",
    ),
    "sum-max": Text(
        en="The sum is {given}; stay within {limit}.",
        ru="Сумма — {given}; уложитесь в {limit}.",
    ),
    "extension": Text(
        en="{given} was given; use one of: {needs}.",
        ru="Передано {given}; используйте одно из: {needs}.",
    ),
    "only-with": Text(
        en="Leave `{parameter}` out, or give `{needs}` as well.",
        ru="Уберите `{parameter}` или передайте ещё и `{needs}`.",
    ),
    "only-if": _LEAVE_OUT,
    "together": Text(en="Add `{parameter}`.", ru="Добавьте `{parameter}`."),
    "required-if": Text(en="Add `{parameter}`.", ru="Добавьте `{parameter}`."),
    "ignored-with": _LEAVE_OUT,
    "ignored-if": _LEAVE_OUT,
    "removed": _LEAVE_OUT,
    "length-max": Text(
        en="It has {given}; {limit} fit every plan.",
        ru="Сейчас {given}; на любом тарифе проходит {limit}.",
    ),
}


# --- pitfalls ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Stumble:
    """A pitfall that was met, and the parameters whose generic message it replaces."""

    violation: Violation
    covers: frozenset[str]
    general: bool = False
    """Of the provider, not of this operation: speaks only where it replaces something."""


def stumbles(pitfall: Pitfall, body: Json, *, general: bool = False) -> Iterator[Stumble]:
    """Where a body runs into one pitfall. Whether it fails is decided by what it replaces."""
    find = _PITS.get(pitfall.kind)
    if find is not None and isinstance(body, dict):
        for count, (parameter, covers, facts) in enumerate(find(pitfall, body)):
            if count >= _HITS_MAX:
                return
            yield Stumble(
                violation=_of_pitfall(pitfall, parameter, facts),
                covers=frozenset(covers),
                general=general,
            )


_Step = tuple[str, Sequence[str], Mapping[str, str]]


def _of_pitfall(pitfall: Pitfall, parameter: str, facts: Mapping[str, str]) -> Violation:
    known = {"parameter": pitfall.parameter, "seen": pitfall.seen, "given": "?", **facts}
    remedy = _INSTEAD.get(pitfall.kind, Text(en="", ru="")) if "instead" in known else None
    return Violation(
        parameter=parameter,
        kind=f"pitfall-{pitfall.kind}",
        says=sentence(pitfall.says, known),
        fails=False,
        source=pitfall.source.page,
        remedy=Text(en="", ru="") if remedy is None else sentence(remedy, known),
    )


_INSTEAD = {
    "name": Text(en="Rename it to `{instead}`.", ru="Переименуйте в `{instead}`."),
    "value": Text(en="Write {instead}.", ru="Напишите {instead}."),
}


def _name(pitfall: Pitfall, body: Json) -> Iterator[_Step]:
    right = pitfall.parameter.rpartition(".")[2]
    for exact, value in places(body, _beside(pitfall)):
        before = exact.removesuffix(pitfall.seen.rpartition(".")[2])
        if not any(True for _ in _present(body, before + right)):
            yield exact, (exact, before + right), {"instead": right, "given": shown(value, exact)}


def _beside(pitfall: Pitfall) -> str:
    """`seen` at the level of `parameter`, unless it names its own level."""
    level = pitfall.parameter.rpartition(".")[0]
    return f"{level}.{pitfall.seen}" if level and "." not in pitfall.seen else pitfall.seen


def _present(body: Json, exact: str) -> Iterator[Json]:
    value = body
    for step in re.findall(r"[^.\[\]]+", exact):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return
    yield value


def _value(pitfall: Pitfall, body: Json) -> Iterator[_Step]:
    for exact, value in places(body, pitfall.parameter):
        text = value if isinstance(value, str) else ""
        if isinstance(value, int | float):
            text = shown(value)
        found = re.fullmatch(pitfall.seen, text) if text and len(text) <= _VALUE_MAX else None
        if found is not None:
            facts = {"given": shown(value, exact)}
            if pitfall.instead:
                facts["instead"] = shown(found.expand(pitfall.instead))
            yield exact, (exact,), facts


def _type(pitfall: Pitfall, body: Json) -> Iterator[_Step]:
    for exact, value in places(body, pitfall.parameter):
        if type_of(value) == pitfall.seen:
            yield exact, (exact,), {"given": shown(value, exact)}


_PITS: Mapping[str, Callable[[Pitfall, Json], Iterator[_Step]]] = {
    "name": _name,
    "value": _value,
    "type": _type,
}
