"""By what is a recorded request found again? A hash of method, address and body, without the host.

The exact key takes the request as it stands. The tolerant key takes out what varies and means
nothing: spaces and order in JSON, the order of names in a query or a form, the boundary of a
multipart body, the number that a placeholder of the gate happens to have.
"""

import json
import re
from collections.abc import Iterable
from hashlib import blake2b

KEY_BYTES = 16
CANONICAL_MOST = 16 * 2**20
"""Bytes of a JSON body that is put in order; a longer one counts as it stands."""

_PLACEHOLDER = re.compile(
    rb"((?:secret|id|pii|withheld)(?::|%3[Aa])[a-z]{1,24}(?:-[a-z]{1,24}){0,5})(?:#|%23)\d{1,9}"
    rb"(?:(?: |\+|%20)(?:len|starts|ends|exp|iat|iss)(?:=|%3[Dd])(?:[\w.:\-]|%3[Aa]){1,80}){0,4}"
)
_BOUNDARY = re.compile(rb"--([^\r\n]{1,200})\r?\n")
_OPENING_MOST = 204
_FORM = re.compile(rb"[^=&\s{}<>\"]+=[^&\s]*(?:&[^=&\s]+=[^&\s]*)*")


def request_key(method: str, url: str, body: bytes) -> bytes:
    """What an identical request has too, whatever host it is sent to."""
    return blake2b(_head(method, address(url)) + body, digest_size=KEY_BYTES).digest()


def streamed_key(method: str, url: str, parts: Iterable[bytes]) -> bytes:
    """`request_key` of a body that need not stand in memory at once."""
    made = KeyInParts(method, url)
    for part in parts:
        made.update(part)
    return made.exact()


class KeyInParts:
    """The keys of a body that comes in parts; alike are those that differ in a boundary only."""

    def __init__(self, method: str, url: str) -> None:
        head = _head(method, address(url))
        self._exact = blake2b(head, digest_size=KEY_BYTES)
        self._alike = blake2b(b"parts\n" + head, digest_size=KEY_BYTES)
        self._boundary: bytes | None = None
        self._held = b""

    def update(self, part: bytes) -> None:
        """The next bytes."""
        self._exact.update(part)
        self._held += part
        if self._boundary is None and (b"\n" in self._held or len(self._held) > _OPENING_MOST):
            found = _BOUNDARY.match(self._held)
            self._boundary = found[1] if found else b""
        if self._boundary is not None:
            self._pass(self._boundary)

    def _pass(self, boundary: bytes) -> None:
        """All but what may be the beginning of a boundary."""
        *whole, tail = self._held.split(boundary) if boundary else [self._held]
        kept = min(len(tail), max(len(boundary) - 1, 0))
        ready, self._held = tail[: len(tail) - kept], tail[len(tail) - kept :]
        self._alike.update(b"boundary".join([*whole, ready]))

    def exact(self) -> bytes:
        """`request_key` of the whole."""
        return self._exact.digest()

    def alike(self) -> bytes:
        """The same whatever the boundary of a multipart body is."""
        made = self._alike.copy()
        made.update(self._held)
        return made.digest()


def tolerant_key(method: str, url: str, body: bytes) -> bytes:
    """What a request that means the same has too."""
    path, mark, query = address(url).partition("?")
    ordered = _unnumbered((path + mark + _sorted(query)).encode("utf-8", "surrogatepass"))
    head = method.upper().encode("utf-8", "surrogatepass") + b"\n" + ordered + b"\n\n"
    return blake2b(head + _unnumbered(canonical(body)), digest_size=KEY_BYTES).digest()


def address(url: str) -> str:
    """Path and query of a URL: neither scheme nor host nor fragment."""
    start = url.find("/", url.find("://") + 3) if "://" in url else 0
    if start < 0:
        mark = url.find("?")
        rest = "/" + url[mark:] if mark >= 0 else "/"
    else:
        rest = url[start:] or "/"
    return rest.partition("#")[0] if "#" in rest else rest


def host(url: str) -> str:
    """Host and port of a URL, in small letters; empty where there is none."""
    rest = url.partition("://")[2]
    for mark in "/?#":
        rest = rest.partition(mark)[0]
    return rest.rpartition("@")[2].lower()


def canonical(body: bytes) -> bytes:
    """A body without what varies and means nothing. Any bytes give bytes."""
    start = body[:1]
    if start in b"{[" and start and len(body) <= CANONICAL_MOST:
        return _ordered_json(body)
    if start == b"-":
        return _without_boundary(body)
    if start and len(body) < KEY_BYTES << 16 and _FORM.fullmatch(body):
        return _sorted(body.decode("latin-1")).encode("latin-1")
    return _ordered_json(body) if start.isspace() and len(body) <= CANONICAL_MOST else body


def _head(method: str, target: str) -> bytes:
    return f"{method}\n{target}\n".encode("utf-8", "surrogatepass")


def _ordered_json(body: bytes) -> bytes:
    try:
        value = json.loads(body)
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError, TypeError):
        return body


def _without_boundary(body: bytes) -> bytes:
    found = _BOUNDARY.match(body)
    return body.replace(found[1], b"boundary") if found else body


def _sorted(pairs: str) -> str:
    """Pairs by their names; of one name, in the order in which they came."""
    if "&" not in pairs:
        return pairs
    return "&".join(sorted(pairs.split("&"), key=lambda pair: pair.partition("=")[0]))


def _unnumbered(text: bytes) -> bytes:
    if b"#" not in text and b"%23" not in text:
        return text
    return _PLACEHOLDER.sub(rb"\1", text)
