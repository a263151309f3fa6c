"""Which bytes are a request, and where do they go? Heads are made once for each kind of request."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import httpx

from diagnostics.loading.origin import Origin, origin
from diagnostics.model import Headers, Purpose, Request

_HEADS_MOST = 4096
_FIRST_PATH = len("https://")


class Encoder:
    """Knows the target, the provider's own hosts that it stands for, and the credentials."""

    def __init__(
        self,
        *,
        base_url: str,
        hosts: tuple[str, ...],
        keys: Callable[[Request, str], Headers],
        fixed: Headers = (),
    ) -> None:
        self._target = origin(base_url)
        self._hosts, self._keys, self._fixed = hosts, keys, fixed
        self._origins: dict[str, Origin] = {base_url.rstrip("/"): self._target}
        self._heads: dict[tuple[str, Headers, str, bool, Purpose], bytes] = {}

    def encode(self, request: Request) -> tuple[Origin, bytes]:
        """Raises `OSError` (no such host) or `ValueError` (cannot be put on the wire)."""
        url = request.url
        cut = url.find("/", _FIRST_PATH)
        place, target = (url, "/") if cut < 0 else (url[:cut], url[cut:])
        there = self._origins.get(place) or self._place(place)
        if "#" in target or not target.isascii() or " " in target:
            target = httpx.URL(url).raw_path.decode("ascii")
        key = (request.method, request.headers, place, request.authenticated, request.purpose)
        head = self._heads.get(key) or self._head(key, request, there)
        body = request.body
        if body:
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            return there, b"".join(
                (
                    request.method.encode(),
                    b" ",
                    there.prefix.encode(),
                    target.encode(),
                    head,
                    length,
                    body,
                )
            )
        return there, b"".join(
            (request.method.encode(), b" ", there.prefix.encode(), target.encode(), head, b"\r\n")
        )

    def _place(self, place: str) -> Origin:
        host = urlsplit(place).hostname or ""
        made = self._target if host in self._hosts else origin(place)
        self._origins[place] = made
        return made

    def _head(
        self, key: tuple[str, Headers, str, bool, Purpose], request: Request, there: Origin
    ) -> bytes:
        host = urlsplit(key[2]).hostname or ""
        lines = [
            f"Host: {there.netloc}",
            *(f"{n}: {v}" for n, v in (*self._fixed, *request.headers, *self._keys(request, host))),
        ]
        if any("\r" in line or "\n" in line or "\0" in line for line in lines):
            raise ValueError("illegal header or address")
        made = (" HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n").encode("latin-1")
        if len(self._heads) >= _HEADS_MOST:
            self._heads.clear()
        self._heads[key] = made
        return made
