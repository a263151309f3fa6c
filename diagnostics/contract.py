"""What does a provider promise? Values read from one OpenAPI file, and questions to them.

The values are in `promise.py`, the reading of a file in `contract_load.py`, the words of the
extensions in `contracts/extensions.schema.yaml`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from urllib.parse import urlencode, urlsplit

from diagnostics.contract_request import encoded, escaped, pairs
from diagnostics.drafts import draft
from diagnostics.errors import UsageError
from diagnostics.model import Json, Purpose, Request, Response
from diagnostics.promise import Alias, Envelope, ErrorCode, Operation, Pitfall, Reading, Scheme


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A provider: its operations, envelopes, errors, credentials, limits."""

    name: str
    title: str
    host: str
    hosts: tuple[str, ...]
    """Host names that may be given the credentials; nobody else ever is."""
    support: Mapping[str, str]
    envelopes: Mapping[str, Envelope]
    schemes: tuple[Scheme, ...]
    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorCode]
    limits: Mapping[str, Json]
    roles: Mapping[str, str]
    """Operations by what scenarios need: `balance` (tells the credit; where is `balance_field`),
    `probe` (a free authenticated read, where there is no balance), `token`, `example` (the create a
    bare emulator run plays), `clip` (makes one scene of a film), `write` (a language model)."""
    identifiers: Mapping[str, tuple[str, ...]]
    """What to lift to the top of a report: kind to header names and body paths."""
    pitfalls: tuple[Pitfall, ...] = ()
    webhook: Mapping[str, Json] = field(default_factory=dict)
    version: str = ""
    file: str = ""
    default: bool = False
    """What a bare command means."""
    unknown_path: str = ""
    """The code that an address nobody knows answers with; empty: an HTML page."""
    sdk: tuple[Mapping[str, str], ...] = ()
    """Official packages: `package`, the `variable` that holds their base address, its `path`."""
    partners: "Mapping[str, Contract]" = field(default_factory=dict)
    """Other providers that a pipeline speaks to, by name."""

    @cached_property
    def probe(self) -> str:
        """The free authenticated read by which a key is tried; empty: there is none."""
        found = self.roles.get("balance") or self.roles.get("probe") or ""
        return found if found in self.operations else ""

    def probing(self, label: str = "probe") -> Iterator[Request]:
        """The request that tries a key; none where the contract names no such read."""
        if self.probe:
            known = self.operations[self.probe]
            yield self.request(
                known.id, query=samples(known, "query"), path=samples(known, "path"), label=label
            )

    def of(self, provider: str) -> "Contract":
        """By whose word an exchange with that provider is read; empty: our own."""
        return self.partners.get(provider, self)

    @cached_property
    def aliases(self) -> tuple[Alias, ...]:
        """Every other address seen for any operation."""
        return tuple(alias for op in self.operations.values() for alias in op.aliases)

    @cached_property
    def _routes(self) -> "list[tuple[str, re.Pattern[str], str]]":
        return [(op.method, _pattern(op.path), op.id) for op in self.operations.values()]

    @cached_property
    def _exact(self) -> dict[tuple[str, str], str]:
        return {(op.method, op.path): op.id for op in self.operations.values()}

    def operation(self, wanted: str) -> Operation:
        """By operationId (any case), `"POST /path"`, or the last part of a path."""
        found = self.operations.get(wanted) or self._loosely(wanted)
        if found is None:
            names = get_close_matches(wanted, self._names(), n=3, cutoff=0.3)
            raise UsageError(
                f"{self.title} has no operation {wanted!r}",
                hint=f"nearest: {', '.join(names)}"
                if names
                else "see: diagnostics list operations",
            )
        return found

    def _loosely(self, wanted: str) -> Operation | None:
        method, _, path = wanted.partition(" ")
        if path:
            return self.match(method.upper(), path.strip())
        lowered = wanted.strip("/").lower()
        fits = [
            op
            for op in self.operations.values()
            if lowered
            in {op.id.lower(), op.path.strip("/").lower(), op.path.rsplit("/", 1)[-1].lower()}
        ]
        return fits[0] if len(fits) == 1 else None

    def _names(self) -> list[str]:
        return [*self.operations, *(f"{op.method} {op.path}" for op in self.operations.values())]

    def match(self, method: str, url: str) -> Operation | None:
        """The documented operation at that address, whatever its host."""
        path = _path(url)
        found = self._exact.get((method, path))
        if found is None:
            fits = (
                op for verb, shape, op in self._routes if verb == method and shape.fullmatch(path)
            )
            found = next(fits, None)
        return self.operations[found] if found else None

    def request(  # noqa: PLR0913  # the parts of a request
        self,
        operation: str,
        *,
        body: Json = None,
        query: Mapping[str, Json] | None = None,
        path: Mapping[str, Json] | None = None,
        wait_s: float = 0.0,
        label: str = "",
    ) -> Request:
        """Build (never send) a request of the contract."""
        op = self.operations[operation]
        url = op.url
        if "{" in url:
            url = _PLACE.sub(lambda found: escaped((path or {}).get(found[1], "")), url)
        if query:
            url += "?" + urlencode(list(pairs(query)), errors="replace")
        return Request(
            method=op.method,
            url=url,
            headers=(("Content-Type", "application/json"),) if body is not None else (),
            body=b"" if body is None else encoded(body),
            operation=operation,
            purpose=Purpose.CALL,
            authenticated=op.authenticated,
            spends=op.spends,
            credits=op.price.of(body),
            wait_s=wait_s,
            label=label,
        )

    @cached_property
    def _wider(self) -> dict[str, str]:
        """Operations whose address is one of another's: that of one model among all models."""
        plain = [op for op in self.operations.values() if "{" not in op.path]
        shapes = [route for route in self._routes if "{" in self.operations[route[2]].path]
        return {
            op.id: wide
            for op in plain
            for verb, shape, wide in shapes
            if verb == op.method and shape.fullmatch(op.path)
        }

    def wider(self, operation: str) -> str:
        """The operation of which this one is a special case; mostly itself."""
        return self._wider.get(operation, operation)

    def narrowed(self, operation: Operation, path: Mapping[str, Json] | None) -> Operation:
        """The special case that these path parameters make of an operation; mostly itself."""
        if not path or not self._wider:
            return operation
        address = _PLACE.sub(lambda found: escaped(path.get(found[1], "")), operation.path)
        special = self._exact.get((operation.method, address), "")
        return self.operations[special] if self.wider(special) == operation.id else operation

    def read(self, response: Response, operation: str | None) -> Reading:
        """What the body says; HTTP status decides only where the body says nothing."""
        known, asked, found = self._last_read[0]
        if known is not response or asked != operation:
            found = self._read(response, operation)
            self._last_read[0] = (response, operation, found)
        return found

    @cached_property
    def _last_read(self) -> list[tuple[Response | None, str | None, Reading]]:
        """Policy, `ask` and recorder read the same answer in turn: keep the last reading."""
        return [(None, None, Reading(ok=False, code=None, message="", body=None))]

    def _read(self, response: Response, operation: str | None) -> Reading:
        body, status = decode(response.body), response.status
        for envelope in self._orders.get(operation) or self._orders[None]:
            found = reading(envelope, body, status)
            if found is not None:
                exact = f"{status}/{found.code}" if self._names_status else ""
                return replace(found, code=exact) if exact in self.errors else found
        if not response.body and status in _BODILESS:
            return Reading(ok=True, code=None, message="", body=None)
        return Reading(ok=False, code=None, message="", body=body)

    @cached_property
    def _orders(self) -> dict[str | None, tuple[Envelope, ...]]:
        """By operation, the envelopes in which its answer may be written; its own is first."""
        every = tuple(self.envelopes.values())
        found: dict[str | None, tuple[Envelope, ...]] = {None: every}
        for known in self.operations.values():
            found[known.id] = (self.envelopes[known.envelope], *every)
        return found

    @cached_property
    def _names_status(self) -> bool:
        """Some code counts with one HTTP status only: `403/1101`."""
        return any("/" in code for code in self.errors)


_BODILESS = frozenset({204, 205})
_PLACE = re.compile(r"\{([^}]+)\}")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub("[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")))


def _path(url: str) -> str:
    try:
        return urlsplit(url).path if "://" in url else url.partition("?")[0]
    except ValueError:
        return ""


def reading(envelope: Envelope, body: Json, status: int) -> Reading | None:
    """What a body says by that envelope; None when it is not written that way."""
    if envelope.success:
        return _by_code(envelope, body)
    if body is None:
        return None
    failed = first(body, envelope.failure) is not None
    good = 200 <= status < 300  # noqa: PLR2004  # HTTP's own borders of success
    if good and not failed:
        held = not envelope.data or (isinstance(body, dict) and envelope.data in body)
        return _told(envelope, body, ok=True, code=None) if held else None
    message = first(body, envelope.messages)
    if not failed and message is None:
        return None
    return _told(envelope, body, ok=False, code=_named(body, envelope.codes) or str(status))


def _by_code(envelope: Envelope, body: Json) -> Reading | None:
    if not isinstance(body, dict):
        return None
    found = [body[envelope.code]] if envelope.code in body else dig(body, envelope.code)
    if not found:
        return None
    code = found[0]
    good = False
    for word in envelope.success:  # no generator: this runs for every answer of a load
        good = good or (type(code) is type(word) and code == word)
    if good and envelope.failure and first(body, envelope.failure) is not None:
        return _told(envelope, body, ok=False, code=_named(body, envelope.codes[1:]) or "error")
    named = _named(body, envelope.codes[1:]) if code is False else None  # `ok: false` names nothing
    return _told(envelope, body, ok=good, code=named or _code(code))


def _told(envelope: Envelope, body: Json, *, ok: bool, code: str | None) -> Reading:
    message = first(body, envelope.messages)
    found = _ReadingDraft()
    found.ok, found.code, found.body = ok, code, body
    found.message = "" if message is None else str(message)
    found.partial = _partial(envelope, body) if envelope.partial else ()
    found.__class__ = Reading
    told: Reading = found
    return told


_ReadingDraft = draft(Reading)


def _partial(envelope: Envelope, body: Json) -> tuple[Json, ...]:
    return tuple(part for path in envelope.partial for part in dig(body, path) if part)


_CODE = re.compile(r"[\w./-]{1,64}")
"""A code is a word; a bare string of an error may be a whole sentence."""


def _named(body: Json, paths: tuple[str, ...]) -> str | None:
    """The first of the paths at which a code stands."""
    for path in paths:
        for found in dig(body, path):
            code = None if isinstance(found, bool) else _code(found)
            if code and _CODE.fullmatch(code):
                return code
    return None


def _code(code: Json) -> str | None:
    if type(code) is int or type(code) is str:
        return str(code)
    return None if isinstance(code, dict | list) or code is None else str(code)


def samples(operation: Operation, place: str) -> dict[str, Json]:
    """Documented values of the parameters that it requires in `query` or `path`."""
    shown = {
        one.name: one.schema.get("example", one.schema.get("default"))
        for one in operation.parameters
        if one.place == place and one.required
    }
    return {name: value for name, value in shown.items() if value is not None}


_scan: Callable[[str, int], tuple[Json, int]] = vars(json.JSONDecoder())["scan_once"]


def decode(body: bytes) -> Json:
    """The JSON of a body; None when it is not JSON (too deep counts as not JSON)."""
    try:  # UTF-8 without space around it, as nearly everybody writes: the bare scanner is enough
        text = body.decode()
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except (ValueError, RecursionError, StopIteration):
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def dig(value: Json, path: str) -> list[Json]:
    """Every value at a dotted path; `[]` means each element. Nothing there: an empty list."""
    steps, many = _steps(path)
    if many:
        return _dig_each(value, steps)
    for name, _ in steps:
        if not isinstance(value, dict) or name not in value:
            return []
        value = value[name]
    return [value]


def _dig_each(value: Json, steps: "_Steps") -> list[Json]:
    found = [value]
    for name, each in steps:
        if name:
            found = [v[name] for v in found if isinstance(v, dict) and name in v]
        if each:
            found = [item for v in found if isinstance(v, list) for item in v]
    return found


_Steps = tuple[tuple[str, bool], ...]


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[_Steps, bool]:
    """A path taken apart, and whether any step of it means each element."""
    parts = (step.partition("[") for step in path.split(".") if step)
    steps = tuple((name, bool(each)) for name, _, each in parts)
    return steps, any(each for _, each in steps)


def first(value: Json, paths: tuple[str, ...]) -> Json:
    """The first value that is neither missing, null nor empty at any of the paths."""
    for path in paths:
        steps, many = _steps(path)
        if not many:
            found = value
            for name, _ in steps:
                if not isinstance(found, dict) or name not in found:
                    break
                found = found[name]
            else:
                if found or found not in _NOTHING:
                    return found
            continue
        for found in _dig_each(value, steps):
            if found or found not in _NOTHING:
                return found
    return None


_NOTHING: tuple[Json, ...] = (None, "", [], {})
