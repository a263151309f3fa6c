"""How do I keep vcrpy, and keep secrets out of its cassettes?

    gate = Gate()
    with vcr.use_cassette("cassette.yaml", **options(Gate())): ...
    my_vcr = configured(Gate(), record_mode="once")  # the same as a `vcr.VCR`

Stock vcrpy records and replays as it does anyway; what it is about to keep passes the gate. Its own
filters work while a call is recorded only: a cassette that is loaded and written again may carry
what they hid (its issue 961), so ours look once more when the file is written.
"""

from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.model import Headers
from diagnostics.recordings.encoding import Decoding, Undecodable
from diagnostics.recordings.keys import Keys
from diagnostics.redact import Gate

if TYPE_CHECKING:
    import vcr


def options(gate: Gate) -> dict[str, Any]:
    """For `vcr.use_cassette`."""
    hooks = _Hooks(gate)
    return {
        "before_record_request": hooks.request,
        "before_record_response": hooks.response,
        "persister": _Persister(hooks),
    }


def configured(gate: Gate, **more: Any) -> "vcr.VCR":
    """A `vcr.VCR` of your own settings, gated."""
    import vcr  # noqa: PLC0415  # only for whoever uses it

    given = options(gate)
    persister = given.pop("persister")
    made = vcr.VCR(**more, **given)
    made.register_persister(persister)
    return made


class _Hooks:
    """What vcrpy calls with everything that it is about to keep or to look for."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._keys = Keys(gate)

    def request(self, request: Any) -> Any:
        """A copy that holds no secret: the one that is sent stays as it is."""
        pairs = _pairs(request.headers)
        self._keys.learn(pairs)
        clean = copy(request)
        clean.headers = _grouped(self.gate.headers(pairs), request.headers)
        clean.uri = self.gate.url(request.uri)
        body = request.body
        if isinstance(body, str | bytes):
            clean.body = self._body(body, _first(pairs, "content-type"))
        elif body is not None:
            parts = body.read() if hasattr(body, "read") else b"".join(map(_raw, body))
            clean = type(request)(request.method, clean.uri, _raw(parts), clean.headers)
            clean.body = self._body(clean.body, _first(pairs, "content-type"))
        return clean

    def response(self, response: Any) -> Any:
        """The same of an answer."""
        pairs = _pairs(response["headers"])
        headers = _grouped(self.gate.headers(pairs), response["headers"])
        body = dict(response.get("body") or {})
        if body.get("string"):
            body["string"] = self._answered(body["string"], pairs, headers)
        return {**response, "headers": headers, "body": body}

    def _answered(self, body: str | bytes, pairs: Headers, headers: dict[str, Any]) -> str | bytes:
        """Gated below its encoding, which is taken off where something had to be hidden."""
        kind = _first(pairs, "content-type")
        decoding = Decoding(_first(pairs, "content-encoding"))
        if not decoding.applied:
            return self._body(body, kind)
        try:
            plain = decoding.take(_raw(body))
        except Undecodable:  # vcrpy may have decoded it already, and left the header
            plain = _raw(body)
        clean = self.gate.body(plain, kind)
        if clean == plain:
            return body
        _without(headers, "content-encoding")
        _without(headers, "content-length")
        return clean

    def _body(self, body: str | bytes, kind: str) -> str | bytes:
        clean = self.gate.body(_raw(body), kind)
        return clean.decode("utf-8", "surrogateescape") if isinstance(body, str) else clean


class _Persister:
    """Reads as vcrpy does; writes through the gate, whatever was in the cassette before."""

    def __init__(self, hooks: _Hooks) -> None:
        self._hooks = hooks

    def load_cassette(self, path: Any, serializer: Any) -> Any:
        """As vcrpy's own."""
        from vcr.persisters.filesystem import FilesystemPersister  # noqa: PLC0415  # see configured

        return FilesystemPersister.load_cassette(path, serializer)

    def save_cassette(self, path: Any, cassette: dict[str, Any], serializer: Any) -> None:
        """Whole or not at all; a secret that is still in it stops it."""
        from vcr.serialize import serialize  # noqa: PLC0415  # see configured

        clean = {
            **cassette,
            "requests": [self._hooks.request(one) for one in cassette["requests"]],
            "responses": [self._hooks.response(one) for one in cassette["responses"]],
        }
        if clean.get("metadata"):
            clean["metadata"] = self._hooks.gate.json(clean["metadata"])
        self._hooks.gate.write(Path(path), serialize(clean, serializer))


def _raw(body: str | bytes) -> bytes:
    return body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body)


def _pairs(headers: Any) -> Headers:
    found: list[tuple[str, str]] = []
    for name, values in headers.items():
        several = values if isinstance(values, list | tuple) else [values]
        found += [(_text(name), _text(value)) for value in several]
    return tuple(found)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _grouped(pairs: Headers, as_in: Any) -> dict[str, Any]:
    """As vcrpy keeps them: a name has a list, or a single text where it had one."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            found[name] = [*found[name], value] if isinstance(found[name], list) else value
        else:
            many = isinstance(as_in.get(name), list | tuple)
            found[name] = [value] if many else value
    return found


def _first(pairs: Headers, wanted: str) -> str:
    return next((value for name, value in pairs if name.lower() == wanted), "")


def _without(headers: dict[str, Any], wanted: str) -> None:
    for name in [name for name in headers if name.lower() == wanted]:
        del headers[name]
