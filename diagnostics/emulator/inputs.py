"""Can the inputs of a create be fetched, and are they fit? Names the breach and its code."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from diagnostics.contract import dig
from diagnostics.drive.clock import Clock
from diagnostics.emulator.reply import Reply
from diagnostics.model import Json, MediaFacts
from diagnostics.promise import MediaLimits, Operation

if TYPE_CHECKING:  # heavy, loaded only for inputs on this machine
    import httpx

BYTES_MAX, WAIT_S, REDIRECTS_MAX, URLS_MAX = 64 * 2**20, 5.0, 5, 50
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_NOWHERE = (".example", ".invalid", ".test", ".local", ".localhost", ".internal")
_EXAMPLES = ("example.com", "example.org", "example.net")
_NOT_MEDIA = frozenset({"html", "empty", "unknown"})
_OK = 200
_VERDICTS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """An input that will not do. `breach` is a key of `MediaLimits.codes`."""

    parameter: str
    breach: str
    code: str | None


class Inputs:
    """Looks at input URLs: our own directly, this machine's really, the internet's never."""

    def __init__(
        self,
        clock: Clock,
        own: Callable[[str], Callable[[], Awaitable[Reply]] | None],
        wait_s: float,
    ) -> None:
        self._clock = clock
        self._own = own
        self._verdicts: dict[tuple[int, bytes], tuple[str, str | None]] = {}
        self._wait_s = wait_s

    def reaches_out(self, op: Operation, body: Json) -> bool:
        """Whether an input has to be fetched: it stands on this machine and is not our own."""
        return any(
            _host(url) in _LOCAL
            for parameter in op.media
            for url in _urls(body, parameter)
            if self._own(url) is None
        )

    async def unfit(self, op: Operation, body: Json) -> Unfit | None:
        """The first input of a call that cannot be fetched or breaks its limits."""
        for parameter, limits in op.media.items():
            for url in _urls(body, parameter):
                breach, code = await self._breach(url, limits)
                if breach:
                    named = code or limits.codes.get(breach)
                    return Unfit(parameter=parameter, breach=breach, code=named)
        return None

    async def _breach(self, url: str, limits: MediaLimits) -> tuple[str, str | None]:
        own = self._own(url)
        if own is not None:
            reply = await own()
            return self._of_ours(reply, limits) if reply.status == _OK else ("unreachable", None)
        host = _host(url)
        if host is None or nowhere(host):
            return "unreachable", None
        if host not in _LOCAL:
            return "", None
        data = await self._fetch(url)
        return ("unreachable", None) if data is None else _judged(data, limits)

    def _of_ours(self, reply: Reply, limits: MediaLimits) -> tuple[str, str | None]:
        """The verdict on a file of ours; kept, since there are few and each is asked for often."""
        key = (id(limits), reply.body)
        found = self._verdicts.get(key)
        if found is None:
            if len(self._verdicts) >= _VERDICTS_MAX:
                self._verdicts.clear()
            found = self._verdicts[key] = _judged(reply.body, limits)
        return found

    async def _fetch(self, url: str) -> bytes | None:
        """The bytes behind a URL of this machine; None: there are none to have."""
        import asyncio  # noqa: PLC0415  # see httpx

        import httpx  # noqa: PLC0415  # heavy, only for inputs on this machine

        try:
            async with (
                self._clock.real(),
                asyncio.timeout(self._wait_s),
                httpx.AsyncClient(trust_env=False) as client,
            ):
                for _ in range(REDIRECTS_MAX + 1):
                    async with client.stream("GET", url) as response:
                        if response.next_request is None:
                            return await _body(response) if response.status_code == _OK else None
                        url = str(response.next_request.url)
                    if _host(url) not in _LOCAL:
                        return None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, OSError):
            return None
        return None


async def _body(response: "httpx.Response") -> bytes | None:
    data = bytearray()
    async for part in response.aiter_bytes():
        data += part
        if len(data) > BYTES_MAX:
            return None
    return bytes(data)


def _urls(body: Json, parameter: str) -> Iterator[str]:
    """The URLs a body gives for a media parameter; an empty one is none."""
    found = [
        url
        for value in dig(body, parameter)
        for url in (value if isinstance(value, list) else [value])
    ]
    for url in found[:URLS_MAX]:
        if isinstance(url, str) and url.strip() and not url.startswith("data:"):
            yield url.strip()


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return (parts.hostname or None) if parts.scheme in {"http", "https"} else None


def nowhere(host: str) -> bool:
    """A host that no provider can reach: a placeholder, or an address of a private network."""
    if host in _EXAMPLES or host.endswith((*_NOWHERE, *(f".{name}" for name in _EXAMPLES))):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return host not in _LOCAL and not address.is_global


def _judged(data: bytes, limits: MediaLimits) -> tuple[str, str | None]:
    from diagnostics.media import breaches  # noqa: PLC0415  # only when an input is looked at

    facts = _facts(data)
    if facts.container in _NOT_MEDIA:
        return "format", None
    found = next((b for b in breaches(facts, limits) if not b.advice), None)
    if found is None:
        return "", None
    return ("format" if found.kind == "undecodable" else found.kind), found.code


@lru_cache(maxsize=64)
def _facts(data: bytes) -> MediaFacts:
    from diagnostics.media import inspect  # noqa: PLC0415  # loads PyAV or Pillow

    return inspect(data)
