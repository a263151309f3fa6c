"""Where do recorded answers come from, and what was asked for in vain?"""

from collections.abc import Iterable
from typing import Any

from diagnostics.drive.key import CANONICAL_MOST, KeyInParts
from diagnostics.errors import UsageError
from diagnostics.recordings.flows import FLOW
from diagnostics.recordings.keys import Keys
from diagnostics.recordings.library import texts
from diagnostics.recordings.multipart import Multipart, is_multipart
from diagnostics.redact import Gate
from diagnostics.tape import Miss, Recorded, TapeIndex


class UnrecordedRequestError(UsageError):
    """Nothing (more) was recorded for a request.

    No error of the HTTP client's: a client that repeats what failed on the network must not repeat
    this, and no handler of network errors may hide it.
    """


class Source:
    """One tape, played once by however many clients, threads and tasks."""

    def __init__(self, index: TapeIndex, gate: Gate) -> None:
        self._index, self._gate = index, gate
        self._keys = Keys(gate)
        self.misses: list[Miss] = []

    def take(self, request: Any, body: bytes) -> Recorded:
        """The answer to play next; raises `UnrecordedRequestError`."""
        method, url, flow = request.method, str(request.url), self._flow()
        if len(body) > CANONICAL_MOST:
            return self.take_parts(request, [body])
        found = self._index.take(method, url, body, flow=flow)
        return found or self._gated(request, url, body, flow)

    def take_parts(self, request: Any, parts: Iterable[bytes]) -> Recorded:
        """The same for a body that comes in parts."""
        asked = Asked(self, request)
        for part in parts:
            asked.part(part)
        return asked.take()

    def take_key(self, request: Any, *keys: KeyInParts) -> Recorded:
        """The same for a body that was too large to hold: as it came, or as it was cleaned."""
        url, flow = str(request.url), self._flow()
        for key in keys:
            found = self._index.take_key(key.exact(), url, flow=flow, alike=key.alike())
            if found is not None:
                return found
        return self._miss(request.method, url, b"")

    def _gated(self, request: Any, url: str, body: bytes, flow: str) -> Recorded:
        """What holds a secret stands on the tape without it."""
        headers = texts(request.headers.raw)
        self._keys.learn(headers)
        kind = request.headers.get("content-type")
        url, body = self._gate.url(url), self._clean(body, kind)
        found = self._index.take(request.method, url, body, flow=flow)
        return found or self._miss(request.method, url, body)

    def _clean(self, body: bytes, kind: str | None) -> bytes:
        """As the recorder cleaned it."""
        if not is_multipart(kind):
            return self._gate.body(body, kind)
        way = self.multipart()
        return way.feed(body) + way.finish()

    def multipart(self) -> Multipart:
        """For an upload of fields and files."""
        return Multipart(self._gate)

    def _flow(self) -> str:
        flow = FLOW.get()
        return self._gate.text(flow) if flow else ""

    def _miss(self, method: str, url: str, body: bytes) -> Recorded:
        miss = self._index.miss(method, url, body)
        self.misses.append(miss)
        raise UnrecordedRequestError(
            self._gate.text(miss.told()),
            hint="record it again, or send what was recorded",
        )


class Asked:
    """A request whose body comes in parts."""

    def __init__(self, source: Source, request: Any) -> None:
        self._source, self._request = source, request
        self._key = KeyInParts(request.method, str(request.url))
        kind = request.headers.get("content-type")
        self._way = source.multipart() if is_multipart(kind) else None
        self._clean = KeyInParts(request.method, str(request.url))
        self._parts: list[bytes] | None = []
        self._size = 0

    def part(self, part: bytes) -> None:
        """The next bytes; kept only while they are few."""
        self._key.update(part)
        if self._way is not None:
            self._clean.update(self._way.feed(part))
        self._size += len(part)
        if self._size > CANONICAL_MOST:
            self._parts = None
        elif self._parts is not None:
            self._parts.append(part)

    def take(self) -> Recorded:
        """The answer, when all of it has come."""
        if self._parts is None:
            if self._way is None:
                return self._source.take_key(self._request, self._key)
            self._clean.update(self._way.finish())
            return self._source.take_key(self._request, self._key, self._clean)
        return self._source.take(self._request, b"".join(self._parts))
