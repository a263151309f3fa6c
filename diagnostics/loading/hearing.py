"""What does the other side say? One answer after another, out of the bytes of one connection.

A C parser (llhttp) decides. Where an answer came in one piece, its head is remembered beside what
the parser made of it: most answers of a load have a head that came before, byte for byte.
"""

from dataclasses import dataclass
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from diagnostics.drafts import draft
from diagnostics.loading.coding import BrokenCodingError, decoded
from diagnostics.model import Answer, Fault, FaultKind, Headers, Response

HEADS_MOST = 512
_HEAD_LEARNED_BYTES = 4096
_HEAD_BYTES_MAX = 100 * 1024
"""As httpcore has it: more of a head, or of anything that is no body, nobody sends in earnest."""
_FINAL = 200

CUT = "the body ended before it was whole"
SILENT = "no answer in time"
RESET = "connection reset"
CLOSED = "Server disconnected without sending a response."

_ResponseDraft = draft(Response)


@dataclass(frozen=True, slots=True)
class Known:
    """What the parser made of a head. `length_bytes` is that of head and body."""

    status: int
    headers: Headers
    reason: str
    version: str
    length_bytes: int


class Hearing:
    """The answers of one connection."""

    __slots__ = (
        "_body",
        "_encoded",
        "_fed",
        "_headed",
        "_headers",
        "_heads",
        "_idle_bytes",
        "_parser",
        "_reason",
        "_size",
        "_whole",
        "headless",
        "keeps",
        "limit",
    )

    def __init__(self, heads: dict[bytes, Known]) -> None:
        """`heads` is shared by all connections."""
        self._heads = heads
        self._parser: Any = HttpResponseParser(self)
        self.limit, self.headless = 0, False
        """So many bytes of a body count; it has none, whatever length is told."""
        self.keeps = False
        """The answer is whole, and another request may follow it."""
        self._fresh()

    def _fresh(self) -> None:
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = self._idle_bytes = 0
        self._reason = ""
        self._fed = self._encoded = self._headed = self._whole = False

    # --- what the parser calls ----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins. A second one was not asked for: no more can be had from there."""
        if self._whole:
            self.keeps = False

    def on_status(self, reason: bytes) -> None:
        """A part of the reason phrase."""
        if not self._whole:
            self._reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field of the answer; trailers say nothing."""
        if not self._headed:
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
            if name.lower() == b"content-encoding":
                self._encoded = True

    def on_headers_complete(self) -> None:
        """A HEAD's answer ends here, whatever length it tells."""
        if self._whole:
            return
        self._headed = True
        if self.headless and self._parser.get_status_code() >= _FINAL:
            self._whole = True

    def on_body(self, part: bytes) -> None:
        """A part of the body, its transfer coding undone."""
        if not self._whole:
            self._size += len(part)
            self._body.append(part)
            if self._size > self.limit:
                self._whole = True

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was only an interim one."""
        if self._whole:
            return
        if self._parser.get_status_code() >= _FINAL:
            self._whole, self.keeps = True, bool(self._parser.should_keep_alive())
        else:
            self._headers, self._reason, self._headed = [], "", False

    # --- what the engine calls ----------------------------------------------------------------

    def feed(self, data: bytes) -> Answer | None:
        """Bytes came (none: the other side closed). What it ends in, or None while more is due."""
        if not self._fed:
            cut = data.find(b"\r\n\r\n")
            known = self._heads.get(data[:cut])
            fits = known is not None and known.length_bytes == len(data) <= self.limit
            if known is not None and fits and not self.headless:
                self.keeps = True
                return _repeated(known, data[cut + 4 :])
        if not data:
            return self._ended()
        return self._parsed(data)

    def _parsed(self, data: bytes) -> Answer | None:
        first, before = not self._fed, self._size
        self._fed = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.keeps = False
            if not self._whole:
                return self._senseless(type(error).__name__)
        if self._whole:
            return self._answer(data if first else b"")
        self._idle_bytes = 0 if self._size > before else self._idle_bytes + len(data)
        return self._senseless("no end of it") if self._idle_bytes > _HEAD_BYTES_MAX else None

    def _senseless(self, why: str) -> Fault:
        """No HTTP, or no longer."""
        return self._cut(FaultKind.CUT_BODY) if self._headed else _broken(why)

    def _ended(self) -> Answer:
        names = {name.lower() for name, _ in self._headers}
        if self._headed and not names & {"content-length", "transfer-encoding"}:
            return self._answer(b"")
        return self.reset(CLOSED)

    def reset(self, message: str = RESET) -> Fault:
        """The other side broke the connection."""
        if self._headed:
            return self._cut(FaultKind.CUT_BODY)
        return Fault(kind=FaultKind.RESET, message=message, may_have_arrived=True)

    def silent(self) -> Fault:
        """Nothing more came in time."""
        if self._headed:
            return self._cut(FaultKind.READ_TIMEOUT)
        return Fault(kind=FaultKind.READ_TIMEOUT, message=SILENT, may_have_arrived=True)

    def _cut(self, kind: FaultKind) -> Fault:
        """What there is of an answer whose rest will not come."""
        headers, body = tuple(self._headers), b"".join(self._body)
        if self._encoded:
            body = decoded(headers, body, self.limit, whole=False)
        return Fault(
            kind=kind,
            message=CUT,
            may_have_arrived=True,
            status=self._parser.get_status_code(),
            headers=headers,
            body=body[: self.limit],
        )

    def _answer(self, heard: bytes) -> Answer:
        """`heard` is the answer as it came, if it came in one piece."""
        headers, body, limit = tuple(self._headers), b"".join(self._body), self.limit
        if self._encoded:
            try:
                body = decoded(headers, body, limit)
            except BrokenCodingError:
                self.keeps = False
                return _broken("the content encoding is broken")
        known = Known(
            self._parser.get_status_code(),
            headers,
            self._reason,
            f"HTTP/{self._parser.get_http_version()}",
            len(heard),
        )
        if heard and self.keeps and not self._encoded:
            self._learn(known, heard, len(body))
        cut = len(body) > limit
        self.keeps = self.keeps and not cut
        self._fresh()
        return _repeated(known, body[:limit] if cut else body, truncated=cut)

    def _learn(self, known: Known, heard: bytes, body_bytes: int) -> None:
        """Remember a head that alone decides how long its answer is."""
        cut = heard.find(b"\r\n\r\n")
        if cut + 4 + body_bytes != len(heard) or cut > _HEAD_LEARNED_BYTES:
            return
        if any(name.lower() == "transfer-encoding" for name, _ in known.headers):
            return
        if len(self._heads) >= HEADS_MOST:
            self._heads.clear()
        self._heads[heard[:cut]] = known


def _repeated(known: Known, body: bytes, *, truncated: bool = False) -> Response:
    made = _ResponseDraft()
    made.status, made.headers, made.reason = known.status, known.headers, known.reason
    made.body, made.size_bytes, made.http_version = body, len(body), known.version
    made.media, made.truncated, made.chunks = None, truncated, ()
    made.__class__ = Response
    found: Response = made
    return found


def _broken(why: str) -> Fault:
    return Fault(kind=FaultKind.PROTOCOL, message=why, may_have_arrived=True)
