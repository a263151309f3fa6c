"""What call does this file hold? Reads a request body, or a whole request, from a JSON file."""

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import parse_qsl, urlsplit

from diagnostics.errors import UsageError
from diagnostics.model import Headers, Json, Text
from diagnostics.request_files.bytes import of_path, of_stream, text_of
from diagnostics.request_files.mistakes import Kept, depth_passed, explained, not_a_body, where

DEPTH_MAX = 100
"""No documented body is nested a tenth as deep; deeper ones upset JSON readers."""
_DUPLICATES_MAX = 5
_CREDENTIAL_LENGTH_MIN = 6
_HARMLESS = re.compile(
    r"accept(-\w+)?|cache-control|connection|content-\w+|date|dnt|host|origin|pragma|priority"
    r"|referer|sec-\S+|te|upgrade-insecure-requests|user-agent",
    re.IGNORECASE,
)
"""Headers whose values are no secrets; whatever else is there is hidden."""
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_SCHEMES = ("bearer ", "basic ", "token ")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFile:
    """A call somebody wrote down: a bare body, or an envelope with address, headers and body.

    `operation` is `"METHOD address"` where the file says it. `headers` holds the credentials
    alone, without `Bearer`: they are to be hidden, and are never sent.
    """

    body: Json = None
    operation: str | None = None
    query: Mapping[str, Json] = field(default_factory=dict)
    path: Mapping[str, Json] = field(default_factory=dict)
    headers: Headers = ()
    notes: tuple[Text, ...] = ()
    header_names: tuple[str, ...] = ()
    """Every header the file names."""


def read(path: str, *, stdin: BinaryIO | None = None) -> RequestFile:
    """The call in a file, or on standard input for `-`; a mistake is told by line and column."""
    name = "standard input" if path == "-" else path
    data = of_stream(stdin or sys.stdin.buffer, name) if path == "-" else of_path(path)
    text, notes = text_of(data, name)
    value, more = _parsed(text, name)
    not_a_body(value, name)
    return _taken(value, name, (*notes, *more))


# --- JSON, strictly ---------------------------------------------------------------------------


class _UnknownError(ValueError):
    """Python would read it, JSON does not know it."""


def _parsed(text: str, name: str) -> tuple[Json, tuple[Text, ...]]:
    deep = depth_passed(text, DEPTH_MAX)
    if deep is not None:
        raise UsageError(
            f"brackets are nested more than {DEPTH_MAX} deep: no call takes that",
            place=where(name, text, deep),
            hint="no documented body is nested a tenth as deep; flatten it",
        )
    twice: dict[str, None] = {}

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        made = dict(found)
        if len(made) < len(found):
            seen: set[str] = set()
            for key, _ in found:
                if key in seen and len(twice) < _DUPLICATES_MAX:
                    twice[key] = None
                seen.add(key)
        return made

    try:
        value = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_constant=_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except _UnknownError as refused:
        raise explained(text, name, Kept(word=str(refused))) from None
    except json.JSONDecodeError as error:
        raise explained(text, name, error) from None
    return value, tuple(map(_doubled, twice))


def _doubled(key: str) -> Text:
    shown = json.dumps(key[:64], ensure_ascii=False)
    return Text(
        en=f"warning: {shown} stands twice in one object; the last one counts",
        ru=f"внимание: {shown} встречается в одном объекте дважды; действует последнее значение",
    )


def _constant(word: str) -> Json:
    raise _UnknownError(word)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _UnknownError(digits)
    return value


def _whole(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python refuses thousands of digits
        raise _UnknownError(digits) from None


# --- body or envelope -------------------------------------------------------------------------


def _taken(value: Json, name: str, notes: tuple[Text, ...]) -> RequestFile:
    if not isinstance(value, dict):
        raise UsageError(
            f"a request body is an object, {{…}}, but the file holds {_kind(value)}",
            place=f"{name}:1:1",
            hint='write {"name": value, …} with the parameters of the call',
        )
    if _is_envelope(value):
        return _enveloped(value, name, notes)
    return RequestFile(body=value, notes=notes)


def _kind(value: Json) -> str:
    if value is None or isinstance(value, bool):
        return f"only {json.dumps(value)}"
    words = {list: "an array", str: "a string", int: "a number", float: "a number"}
    return words.get(type(value), "something else")


def _is_envelope(value: Mapping[str, Json]) -> bool:
    address = isinstance(value.get("url"), str) or isinstance(value.get("path"), str)
    verb = value.get("method")
    return address and ("body" in value or (isinstance(verb, str) and verb.upper() in _METHODS))


def _enveloped(value: Mapping[str, Json], name: str, notes: tuple[Text, ...]) -> RequestFile:
    body = _inner(value.get("body"), name)
    address = value["url"] if isinstance(value.get("url"), str) else value["path"]
    verb = value.get("method")
    method = verb.upper() if isinstance(verb, str) else ("GET" if body is None else "POST")
    if method not in _METHODS:
        raise UsageError(f"`method` is {method[:20]!r}, no HTTP method", place=name)
    bare, query = split_query(address, name)
    path = value.get("path")
    headers = _headers(value.get("headers"), name)
    credentials = tuple(pair for one in headers if (pair := _credential(*one)))
    return RequestFile(
        body=body,
        operation=f"{method} {bare}",
        query={**query, **_query(value.get("query"), name)},
        path=dict(path) if isinstance(path, dict) else {},
        headers=credentials,
        notes=(*notes, *([_UNSENT] if credentials else [])),
        header_names=tuple(key for key, _ in headers),
    )


_UNSENT = Text(
    en="the credentials in the file's headers are hidden and never sent; keys come from the "
    "environment",
    ru="ключи из заголовков файла скрыты и не отправляются; ключи берутся из переменных окружения",
)


def _inner(body: Json, name: str) -> Json:
    """The body of an envelope, which tools also write as JSON inside a string."""
    if isinstance(body, str) and body.strip():
        body, _ = _parsed(body, f"{name} (in `body`)")
    elif isinstance(body, str):
        body = None
    if body is not None and not isinstance(body, dict):
        raise UsageError(
            f"a request body is an object, {{…}}, but `body` holds {_kind(body)}", place=name
        )
    return body


def split_query(address: str, name: str) -> tuple[str, dict[str, Json]]:
    """An address without its query, and the query."""
    try:
        urlsplit(address)
        pairs = parse_qsl(address.partition("?")[2].partition("#")[0], keep_blank_values=True)
    except ValueError as error:
        raise UsageError(f"the address is not a URL: {error}", place=name) from None
    return address.partition("?")[0].partition("#")[0].strip(), gathered(pairs)


def gathered(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    """Pairs as a mapping; a name given several times as a list."""
    found: dict[str, list[Json]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: values if len(values) > 1 else values[0] for key, values in found.items()}


def _query(given: Json, name: str) -> dict[str, Json]:
    if given is None:
        return {}
    if isinstance(given, dict):
        return dict(given)
    if isinstance(given, str):
        return gathered(parse_qsl(given.removeprefix("?"), keep_blank_values=True))
    return gathered(_pairs(given, name, "query"))


def _headers(given: Json, name: str) -> Headers:
    pairs = list(given.items()) if isinstance(given, dict) else _pairs(given or [], name, "headers")
    return tuple((key, value) for key, value in pairs if isinstance(value, str))


def _pairs(given: Json, name: str, what: str) -> list[tuple[str, Json]]:
    """`[["X", "y"]]` and HAR's `[{"name": "X", "value": "y"}]`."""
    found: list[tuple[str, Json]] = []
    for one in given if isinstance(given, list) else [given]:
        pair = (one.get("name"), one.get("value")) if isinstance(one, dict) else one
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)):  # noqa: PLR2004  # a name and a value
            raise UsageError(
                f"`{what}` is no object of names and values",
                place=name,
                hint=f'write "{what}": {{"name": "value"}}',
            )
        found.append((pair[0], pair[1]))
    return found


def _credential(key: str, value: str) -> tuple[str, str] | None:
    bare = value.strip()
    if bare.lower().startswith(_SCHEMES):
        bare = bare.partition(" ")[2].strip()
    hides = _HARMLESS.fullmatch(key) is None and len(bare) >= _CREDENTIAL_LENGTH_MIN
    return (key, bare) if hides else None
