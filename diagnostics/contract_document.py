"""Does this contract file keep its word? Reads, inlines, checks and compiles one OpenAPI file.

Compiled means plain JSON in the shape of the values of `promise.py`: every `$ref` inlined, every
fact with its own source, media limits gathered from the schemas in which they stand.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import cast

from diagnostics.document import position_of, read_yaml
from diagnostics.errors import ContractError
from diagnostics.model import Json

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_DEPTH_MAX = 60
_PARTS_MAX = 200_000
_HINT = "the words of a contract are in diagnostics/contracts/extensions.schema.yaml"

Steps = tuple[str | int, ...]


def compiled_document(path: Path, meta_schema: Path) -> dict[str, Json]:
    """One contract file as plain JSON, or a `ContractError` that names the line."""
    raw = read_yaml(path, hint=_HINT)
    if not isinstance(raw, dict):
        raise broken(path, (), "a contract is a mapping that starts with `openapi:`")
    document = cast("dict[str, Json]", _Inliner(path, raw).inlined(raw))
    _check(path, document, meta_schema)
    return _compiled(path, document)


def broken(path: Path, steps: Sequence[str | int], problem: str) -> ContractError:
    """An error at the line of that value (of its nearest parent, if it is gone)."""
    line, column = position_of(path, steps) or (1, 1)
    where = ".".join(str(step) for step in steps)
    return ContractError(
        f"{where}: {problem}" if where else problem, place=f"{path}:{line}:{column}", hint=_HINT
    )


class _Inliner:
    """Replaces each `$ref` by what it names; keys beside the `$ref` win over those it brings."""

    def __init__(self, path: Path, root: Json) -> None:
        self.path, self.root, self.parts = path, root, 0

    def inlined(self, value: Json, steps: Steps = (), depth: int = 0) -> Json:
        self.parts += 1
        if depth > _DEPTH_MAX:
            raise broken(self.path, steps, "too deep, or a `$ref` that comes back to itself")
        if self.parts > _PARTS_MAX:
            raise broken(self.path, steps, f"more than {_PARTS_MAX} values once all is inlined")
        if isinstance(value, list):
            return [self.inlined(item, (*steps, n), depth + 1) for n, item in enumerate(value)]
        if isinstance(value, dict):
            return self._mapping(value, steps, depth)
        if not isinstance(value, str | int | float | None) or not _finite(value):
            raise broken(self.path, steps, f"{value} is no value of JSON: put it in quotes")
        return value

    def _mapping(self, value: dict[Json, Json], steps: Steps, depth: int) -> dict[str, Json]:
        if isinstance(value.get("$ref"), str):
            value = {**self._named(value["$ref"], steps, depth + 1), **_without_ref(value)}
        return {
            str(key): self.inlined(item, (*steps, str(key)), depth + 1)
            for key, item in value.items()
        }

    def _named(self, reference: str, steps: Steps, depth: int) -> dict[str, Json]:
        found = self.root
        for step in reference.removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, dict) or not reference.startswith("#/"):
            raise broken(self.path, steps, f"`$ref` names nothing in this file: {reference}")
        return cast("dict[str, Json]", self.inlined(found, steps, depth))


def _finite(value: Json) -> bool:
    return not isinstance(value, float) or isfinite(value)


def _without_ref(value: Mapping[str, Json]) -> dict[str, Json]:
    return {key: item for key, item in value.items() if key != "$ref"}


def _check(path: Path, document: Json, meta_schema: Path) -> None:
    import jsonschema_rs  # noqa: PLC0415  # only a cache miss pays for it

    validator = jsonschema_rs.validator_for(read_yaml(meta_schema))
    error = next(validator.iter_errors(document), None)
    if error is not None:
        raise broken(path, tuple(error.instance_path), str(error.message))


# --- compiling ----------------------------------------------------------------------------------


def _compiled(path: Path, document: dict[str, Json]) -> dict[str, Json]:
    sources = _Sources(document.get("x-sources", {}), document["x-source"])
    operations: dict[str, Json] = {}
    for address, method, found in _calls(document):
        name = found["operationId"]
        if name in operations:
            steps = ("paths", address, method, "operationId")
            raise broken(path, steps, f"operationId {name} stands twice")
        operations[name] = _operation(document, address, method, found, sources)
    compiled = {
        "provider": document["x-provider"],
        "version": document["info"]["version"],
        "limits": document.get("x-limits", {}),
        "errors": {
            code: {**_plain(fact), **_paged(fact, sources.named), "source": sources.of(fact)}
            for code, fact in document["x-errors"].items()
        },
        "pitfalls": [sources.told(fact) for fact in document.get("x-pitfalls", [])],
        "operations": operations,
    }
    _check_names(path, compiled)
    return compiled


def _paged(fact: Mapping[str, Json], named: Mapping[str, Json]) -> dict[str, Json]:
    """The meanings of a code; a page that is the name of a source is told in full."""
    return {
        "meanings": [
            {**one, "pages": [named.get(page, {}).get("page", page) for page in one["pages"]]}
            for one in fact["meanings"]
        ]
    }


def _calls(document: Mapping[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    for address, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                servers = item.get("servers", document["servers"])
                yield address, method, {"servers": servers, **item[method]}


def _check_names(path: Path, compiled: Mapping[str, Json]) -> None:
    """What names an operation, an envelope or a code must name one that exists."""
    operations, envelopes = compiled["operations"], compiled["provider"]["envelopes"]
    for role, name in compiled["provider"]["roles"].items():
        if role not in {"balance_field", "balance_unit"} and name not in operations:
            raise broken(path, ("x-provider", "roles", role), f"no operation is called {name}")
    for operation in operations.values():
        steps = ("paths", operation["path"], operation["method"].lower())
        job = operation.get("job") or {"read": "", "lookup": ""}
        for word in ("read", "lookup", "cancel"):
            if job.get(word) and job[word] not in operations:
                raise broken(path, (*steps, "x-job"), f"no operation is called {job[word]}")
        if operation["envelope"] not in envelopes:
            raise broken(
                path, (*steps, "x-envelope"), f"no envelope is called {operation['envelope']}"
            )
        for word, code in _codes_of(operation):
            if code not in compiled["errors"]:
                raise broken(path, (*steps, word), f"x-errors does not explain {code}")


def _codes_of(operation: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Each code that an operation names, and where."""
    yield from (("x-codes", code) for code in operation["codes"])
    for codes in operation["catches"].values():
        yield from (("x-catches", code) for code in codes.values())


class _Sources:
    """Where a fact stands: its own `x-source`, or that of what it belongs to."""

    def __init__(self, named: Mapping[str, Json], parent: Json) -> None:
        self.named = named
        self.parent: dict[str, Json] = self._whole(parent)

    def under(self, fact: Mapping[str, Json]) -> "_Sources":
        """Sources for the parts of `fact`."""
        return _Sources(self.named, fact.get("x-source", self.parent))

    def of(self, fact: Mapping[str, Json]) -> dict[str, Json]:
        return self._whole(fact["x-source"]) if "x-source" in fact else self.parent

    def told(self, fact: Mapping[str, Json], **more: Json) -> dict[str, Json]:
        return {**_plain(fact), "source": self.of(fact), **more}

    def _whole(self, source: Json) -> dict[str, Json]:
        """A page, or the name of an entry of `x-sources`, or both with a note."""
        given = {"page": source} if isinstance(source, str) else dict(source)
        return {**self.named.get(given["page"], {}), **_renamed(given, self.named)}


def _renamed(given: dict[str, Json], named: Mapping[str, Json]) -> dict[str, Json]:
    if given["page"] not in named:
        return given
    return {key: value for key, value in given.items() if key != "page"}


def _plain(fact: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in fact.items() if not key.startswith("x-")}


def _operation(
    document: Mapping[str, Json],
    address: str,
    method: str,
    found: Mapping[str, Json],
    above: _Sources,
) -> dict[str, Json]:
    sources = above.under(found)
    content = found.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema")
    media = dict(_media(schema, "", sources)) if schema else {}
    for parameter in found.get("parameters", []):
        media.update(_media(parameter["schema"], parameter["name"], sources))
    return {
        "id": found["operationId"],
        "method": method.upper(),
        "host": found["servers"][0]["url"],
        "path": address,
        "title": found["summary"],
        "source": sources.parent,
        "authenticated": found.get("security", document.get("security")) != [],
        "destructive": found.get("x-destructive", False),
        "envelope": found.get("x-envelope", "default"),
        "price": sources.told(found["x-credits"]),
        "body_schema": _named_sources(schema, sources) if schema else None,
        "parameters": [_parameter(parameter, sources) for parameter in found.get("parameters", [])],
        "job": sources.told(found["x-job"]) if "x-job" in found else None,
        "media": media,
        "aliases": [
            sources.told(alias, operation=found["operationId"])
            for alias in found.get("x-aliases", [])
        ],
        "pitfalls": [sources.told(pitfall) for pitfall in found.get("x-pitfalls", [])],
        "rules": [sources.told(rule) for rule in found.get("x-rules", [])],
        "codes": found.get("x-codes", {}),
        "examples": {
            name: example["value"] for name, example in content.get("examples", {}).items()
        },
        "answer": _answer(found),
        "answers": _answers(found),
        "success_status": _success(found)[0],
        "paging": found.get("x-paging"),
        "retired": found.get("x-retired", {}).get("on", ""),
        "catches": found.get("x-catches", {}),
    }


def _parameter(parameter: Mapping[str, Json], sources: _Sources) -> dict[str, Json]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "required": parameter.get("required", False),
        "schema": _named_sources(parameter["schema"], sources),
    }


def _answer(found: Mapping[str, Json]) -> Json:
    good = _success(found)[1]
    shown = good.get("content", {}).get("application/json", {}).get("example")
    return next(iter(_answers(found).values()), None) if shown is None else shown


def _answers(found: Mapping[str, Json]) -> dict[str, Json]:
    """Examples of a success by name: by the state of the job of which they tell."""
    content = _success(found)[1].get("content", {}).get("application/json", {})
    return {name: example["value"] for name, example in content.get("examples", {}).items()}


def _success(found: Mapping[str, Json]) -> tuple[int, dict[str, Json]]:
    """The first documented status of success, and what is said of it."""
    for status, response in found.get("responses", {}).items():
        if len(status) == 3 and status.isdecimal() and status.startswith("2"):  # noqa: PLR2004  # digits of a status
            return int(status), response or {}
    return 200, {}


def _media(schema: Mapping[str, Json], place: str, sources: _Sources) -> Iterator[tuple[str, Json]]:
    """Each `x-media` of a schema with the dotted path of the value it limits."""
    if "x-media" in schema:
        yield place, sources.told(schema["x-media"])
    for name, part in schema.get("properties", {}).items():
        yield from _media(part, f"{place}.{name}" if place else name, sources)
    if "items" in schema:
        yield from _media(schema["items"], f"{place}[]", sources)


def _named_sources(schema: Json, sources: _Sources) -> Json:
    """The schema with each `x-source` as the page it names, for messages about a parameter."""
    if isinstance(schema, list):
        return [_named_sources(item, sources) for item in schema]
    if not isinstance(schema, dict):
        return schema
    named = {
        key: _named_sources(value, sources)
        for key, value in schema.items()
        if key not in {"x-media", "x-source"}
    }
    if "x-source" in schema:
        named["x-source"] = sources.of(schema)["page"]
    return named
