"""What was answered last time? Plays a tape from memory, in order, to whoever asks the same."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from diagnostics.drive.driver import Slot
from diagnostics.model import Exchange, Request, Unsent, UnsentReason

Key = tuple[str, str, bytes]


class Replay:
    """Looks an exchange up by method, address and body; identical ones come in recorded order."""

    def __init__(self, recorded: Iterable[Exchange]) -> None:
        self._by_key: defaultdict[Key, deque[Exchange]] = defaultdict(deque)
        for exchange in recorded:
            if _only_built(exchange):
                continue  # the same call, sent later, has the answer
            self._by_key[_key(exchange.request)].append(exchange)

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """The recorded answer, its times kept; a request never recorded names the nearest."""
        found = self._by_key.get(_key(request))
        if not found:
            unsent = Unsent(reason=UnsentReason.NOT_RECORDED, message=self._nearest(request))
            return slot.exchange(request, unsent, started_s=0.0)
        exchange = found.popleft()
        return replace(
            slot.exchange(request, exchange.answer, started_s=exchange.started_s),
            duration_s=exchange.duration_s,
            wire=exchange.wire,
        )

    def _nearest(self, request: Request) -> str:
        wanted = "{} {}".format(*_key(request)[:2])
        known = {f"{method} {url}" for method, url, _ in self._by_key}
        if wanted in known:
            return f"{wanted}: recorded, but with another body, or fewer times"
        close = get_close_matches(wanted, sorted(known), n=1, cutoff=0.0)
        return f"{wanted}: nearest recording is {close[0]}" if close else f"{wanted}: empty tape"


def _only_built(exchange: Exchange) -> bool:
    answer = exchange.answer
    return isinstance(answer, Unsent) and answer.reason is UnsentReason.DRY


def _key(request: Request) -> Key:
    """Without the host: the same tape serves whatever target it was recorded from."""
    address = request.url.partition("://")[2]
    return (
        request.method,
        address[address.find("/") :] if "/" in address else "/",
        hashlib.blake2b(request.body, digest_size=16).digest(),
    )
