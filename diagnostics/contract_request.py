"""How do values look in an address, a query and a body?"""

import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from diagnostics.model import Json


def escaped(value: Json) -> str:
    """A value as a part of a path."""
    return quote(str(value), safe="", errors="replace")


def encoded(body: Json) -> bytes:
    """JSON on the wire; a lone surrogate, which UTF-8 cannot say, as its JSON escape."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")


def pairs(query: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """A list stands as its name repeated, as `types[]=1501&types[]=1502`."""
    for name, value in query.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            yield name, _scalar(one)


def _scalar(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
