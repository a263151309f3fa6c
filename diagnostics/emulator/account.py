"""Who calls, may they, and can they pay? Credentials, tokens, credits and rate of one account."""

import math
import random
import re
from collections import deque
from collections.abc import Iterable

from diagnostics.contract import Contract, decode, first
from diagnostics.emulator.codes import dump
from diagnostics.emulator.laying import lay
from diagnostics.model import Json
from diagnostics.promise import Operation, Scheme

MINUTE_S = 60.0
_TOKENS_MAX = 10_000
_CHARGES_MAX = 100_000
_SECRET_LENGTH = 24


class Account:
    """The one account of an emulator. Every credential is invented and looks it."""

    def __init__(self, contract: Contract, *, credits_left: float, seed: int) -> None:
        name = contract.name
        self.key = f"invented-{name}-key-0001"
        self.client_id = f"invented-{name}-client-".ljust(_SECRET_LENGTH, "0")
        self.client_secret = f"invented-{name}-secret".ljust(_SECRET_LENGTH, "0")
        self.credits = float(credits_left)
        self.charged: deque[tuple[str, float]] = deque(maxlen=_CHARGES_MAX)
        self.rate_per_minute = _emulated_rate(contract)
        self._name = name
        self._dice = random.Random(f"tokens:{seed}")
        self._tokens: dict[bytes, None] = {}
        self._headers = tuple(
            (scheme.header.lower().encode(), scheme.prefix.encode(), bool(scheme.token_operation))
            for scheme in _in_order(contract.schemes)
        )
        self._key = self.key.encode()
        self._window_s, self._made = -math.inf, 0
        rate = contract.limits.get("rate") or {}
        headers = rate.get("headers")
        told = headers.items() if isinstance(headers, dict) else ()
        self._rate_headers = tuple((name.lower().encode(), what) for name, what in told)
        self._reads_per_minute = float(rate.get("reads_per_minute") or self.rate_per_minute or 0)
        ways = (contract.limits.get("reset") or {}).get("ways", ())
        self._retry_text = tuple(
            (way["field"], re.compile(way["pattern"]))
            for way in ways
            if "field" in way and "pattern" in way and way["unit"] == "s"
        )
        self._retry_after = any(way.get("header", "").lower() == "retry-after" for way in ways)

    def admits(self, headers: Iterable[tuple[bytes, bytes]]) -> bool | None:
        """True: a good credential. False: a wrong one. None: none, or an empty one."""
        given = dict(headers)
        for header, prefix, is_token in self._headers:
            value = given.get(header)
            if value is None:
                continue
            value = value.strip()
            if not value or value == prefix.strip():
                continue
            if not value.startswith(prefix):
                return False
            secret = value[len(prefix) :]
            return secret in self._tokens if is_token else secret == self._key
        return None

    def owns(self, scheme: Scheme, body: Json) -> bool:
        """Whether a token call names this account's id and secret (in the scheme's order)."""
        expected = dict(zip(scheme.variables, (self.client_id, self.client_secret), strict=False))
        given = body if isinstance(body, dict) else {}
        return all(
            given.get(name) == expected.get(variable)
            for name, variable in scheme.token_fields.items()
        )

    def issue(self) -> str:
        """A new token."""
        token = f"invented-{self._name}-token-{self._dice.getrandbits(96):024x}"
        if len(self._tokens) >= _TOKENS_MAX:
            del self._tokens[next(iter(self._tokens))]
        self._tokens[token.encode()] = None
        return token

    def expire(self) -> None:
        """Every token so far stops working."""
        self._tokens.clear()

    def price(self, op: Operation, body: Json) -> float:
        """What the call costs here: the documented price, else the figure made up for us."""
        try:
            price = op.price.of(body)
        except (ArithmeticError, TypeError, ValueError):
            price = None
        if price is None or not math.isfinite(price) or price < 0:
            return op.price.emulated
        return price

    def charge(self, op: Operation, price: float) -> None:
        """Take the credits of an accepted call."""
        self.credits -= price
        self.charged.append((op.id, price))

    def hurries(self, now_s: float) -> bool:
        """Count a paid call; whether it is one too many in this minute."""
        self._roll(now_s)
        self._made += 1
        return self.rate_per_minute is not None and self._made > self.rate_per_minute

    def _roll(self, now_s: float) -> None:
        if not 0 <= now_s - self._window_s < MINUTE_S:
            self._window_s, self._made = now_s, 0

    def rate_headers(self, op: Operation, now_s: float) -> tuple[tuple[bytes, bytes], ...]:
        """What this provider's answers tell about limits, in its own headers."""
        if not self._rate_headers or self.rate_per_minute is None:
            return ()
        self._roll(now_s)
        limit = int(self.rate_per_minute if op.spends else self._reads_per_minute)
        left = max(0, limit - self._made) if op.spends else max(0, limit - 1)
        reset_s = max(1, math.ceil(self._window_s + MINUTE_S - now_s)) if op.spends else 1
        told = {
            "limit": limit, "remaining": left, "reset_s": reset_s, "reset_duration": f"{reset_s}s",
        }  # fmt: skip
        return tuple((name, str(told[what]).encode()) for name, what in self._rate_headers)

    def retry_headers(self, now_s: float) -> tuple[tuple[bytes, bytes], ...]:
        """When a call that came too often may come again, where this provider says so."""
        if not self._retry_after:
            return ()
        return ((b"retry-after", b"%d" % self._until_s(now_s)),)

    def retry_told(self, body: bytes, now_s: float) -> bytes:
        """The same in the words of the answer, where this provider tells it there."""
        answer = decode(body) if self._retry_text else None
        for path, pattern in self._retry_text:
            text = first(answer, (path,))
            found = pattern.search(text) if isinstance(text, str) else None
            if found:
                low, high = found.span(1)
                lay(answer, path, f"{text[:low]}{self._until_s(now_s)}{text[high:]}")
        return body if answer is None else dump(answer)

    def _until_s(self, now_s: float) -> int:
        self._roll(now_s)
        return max(1, math.ceil(self._window_s + MINUTE_S - now_s))


def _in_order(schemes: tuple[Scheme, ...]) -> list[Scheme]:
    """A token in `Authorization` wins over a key when both are sent (AKOOL's own rule)."""
    return sorted(schemes, key=lambda scheme: not scheme.token_operation)


def _emulated_rate(contract: Contract) -> float | None:
    """Paid calls a minute: the emulator's own figure, else the provider's."""
    rate = contract.limits.get("rate") or {}
    figure = rate.get("emulated_per_minute", rate.get("per_minute"))
    return float(figure) if isinstance(figure, int | float) else None
