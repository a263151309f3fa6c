"""Who calls, may they, and can they pay? Credentials, tokens, credits and rate of one account."""

import math
import random
import re
from collections import deque
from collections.abc import Iterable

from diagnostics.contract import Contract, decode, first
from diagnostics.emulator.codes import dump
from diagnostics.emulator.laying import lay
from diagnostics.emulator.overload import PLAIN, Pressure
from diagnostics.emulator.pressing.window import Window
from diagnostics.model import Json
from diagnostics.promise import Operation, Scheme

MINUTE_S = 60.0
_TOKENS_MAX = 10_000
_CHARGES_MAX = 100_000
_SECRET_LENGTH = 24


class Account:
    """The one account of an emulator. Every credential is invented and looks it."""

    def __init__(
        self,
        contract: Contract,
        *,
        credits_left: float,
        seed: int,
        pressure: Pressure = PLAIN,
    ) -> None:
        name = contract.name
        self.key = f"invented-{name}-key-0001"
        self.client_id = f"invented-{name}-client-".ljust(_SECRET_LENGTH, "0")
        self.client_secret = f"invented-{name}-secret".ljust(_SECRET_LENGTH, "0")
        self.credits = float(credits_left)
        self.charged: deque[tuple[str, float]] = deque(maxlen=_CHARGES_MAX)
        self._name = name
        self._dice = random.Random(f"tokens:{seed}")
        self._tokens: dict[bytes, None] = {}
        self._headers = tuple(
            (scheme.header.lower().encode(), scheme.prefix.encode(), bool(scheme.token_operation))
            for scheme in _in_order(contract.schemes)
        )
        self._key = self.key.encode()
        rate = contract.limits.get("rate") or {}
        per_minute = (
            _emulated_rate(contract) if pressure.per_minute is None else pressure.per_minute
        )
        self._minute = None if per_minute is None else Window(per_minute, MINUTE_S)
        self._paid = _windows(self._minute, pressure.per_second)
        reads = pressure.reads_per_minute
        self._reads = _windows(
            None if reads is None else Window(reads, MINUTE_S), pressure.reads_per_second
        )
        headers = rate.get("headers")
        told = headers.items() if isinstance(headers, dict) else ()
        self._rate_headers = tuple((name.lower().encode(), what) for name, what in told)
        self._reads_per_minute = float(reads or rate.get("reads_per_minute") or per_minute or 0)
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
        return _counted(self._paid, now_s)

    def reads_hurry(self, now_s: float) -> bool:
        """The same of a free call, where those are limited as well."""
        return _counted(self._reads, now_s)

    def rate_headers(self, op: Operation, now_s: float) -> tuple[tuple[bytes, bytes], ...]:
        """What this provider's answers tell about limits, in its own headers."""
        window = self._minute
        if not self._rate_headers or window is None:
            return ()
        until_s = window.until_s(now_s)
        limit = int(window.limit if op.spends else self._reads_per_minute)
        left = window.left() if op.spends else max(0, limit - 1)
        reset_s = until_s if op.spends else 1
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
        """Until the last of the windows that are full opens again."""
        windows = (*self._paid, *self._reads)
        full = [window.until_s(now_s) for window in windows if window.full]
        return max(full, default=1)


def _counted(windows: tuple[Window, ...], now_s: float) -> bool:
    """Count a call in every window; whether it is too many for any."""
    over = False
    for window in windows:
        over = window.count(now_s) or over
    return over


def _windows(minute: Window | None, per_second: float | None) -> tuple[Window, ...]:
    second = None if per_second is None else Window(per_second, 1.0)
    return tuple(window for window in (minute, second) if window is not None)


def _in_order(schemes: tuple[Scheme, ...]) -> list[Scheme]:
    """A token in `Authorization` wins over a key when both are sent (AKOOL's own rule)."""
    return sorted(schemes, key=lambda scheme: not scheme.token_operation)


def _emulated_rate(contract: Contract) -> float | None:
    """Paid calls a minute: the emulator's own figure, else the provider's."""
    rate = contract.limits.get("rate") or {}
    figure = rate.get("emulated_per_minute", rate.get("per_minute"))
    return float(figure) if isinstance(figure, int | float) else None
