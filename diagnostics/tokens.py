"""How long is a token good, and who buys the next one? Kept in memory, never on a disk."""

import base64
import binascii
import threading
import time
from collections.abc import Callable

from diagnostics.contract import decode

EARLY_S = 60.0
"""A token is given up this long before it ends, so that none expires under way (HeyGen's own
command line does the same: facts/heygen.md 1)."""
LIFE_S = 3600.0
"""Where nothing tells how long a token lives: the hour of seed 000's cache."""


def ends_s(token: str, now_s: float, life_s: float | None = None) -> float:
    """When a token ends, in seconds since the epoch: by its own `exp` (a JWT's), else by `life_s`.

    An `exp` that had passed when the token was bought says nothing: a provider's sample has one
    (facts/akool.md 1.4, 36).
    """
    latest_s = now_s + (LIFE_S if life_s is None else life_s)
    told_s = _expiry_s(token)
    if told_s is None or told_s <= now_s + EARLY_S:
        return latest_s
    return told_s if life_s is None else min(told_s, latest_s)


def _expiry_s(token: str) -> float | None:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LENGTH_MAX:  # noqa: PLR2004  # a JWT has three parts
        return None
    try:
        claims = decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    value = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _MOMENT_MAX else None


_LENGTH_MAX = 20_000
_MOMENT_MAX = 1e11


class TokenCache:
    """Buys a token when there is none or it is about to end; safe to share between threads.

        cache = TokenCache(buy=lambda: login()["token"])
        headers = {"Authorization": f"Bearer {cache.get()}"}

    `buy` asks the provider; `life_s` is how long a token lives where it does not say so itself.
    When the provider refuses one all the same, tell `forget` and get another.
    """

    def __init__(
        self,
        buy: Callable[[], str],
        *,
        life_s: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._buy, self._life_s, self._now = buy, life_s, now
        self._lock = threading.Lock()
        self._held: tuple[str, float] | None = None

    def __repr__(self) -> str:
        return f"TokenCache({'holds one' if self._held else 'empty'})"

    def get(self) -> str:
        """A token that is still good for a minute at least."""
        with self._lock:
            if self._held is None or self._now() >= self._held[1] - EARLY_S:
                token = self._buy()
                self._held = (token, ends_s(token, self._now(), self._life_s))
            return self._held[0]

    def forget(self, token: str) -> None:
        """That token was refused. Another one, bought meanwhile by somebody else, stays."""
        with self._lock:
            if self._held is not None and self._held[0] == token:
                self._held = None
