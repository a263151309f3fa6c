"""Who calls, may they, and can they pay? Credentials, tokens, credits and rate of one account."""

import math
import random
from collections import deque
from collections.abc import Iterable

from diagnostics.contract import Contract
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
        if not 0 <= now_s - self._window_s < MINUTE_S:
            self._window_s, self._made = now_s, 0
        self._made += 1
        return self.rate_per_minute is not None and self._made > self.rate_per_minute


def _in_order(schemes: tuple[Scheme, ...]) -> list[Scheme]:
    """A token in `Authorization` wins over a key when both are sent (AKOOL's own rule)."""
    return sorted(schemes, key=lambda scheme: not scheme.token_operation)


def _emulated_rate(contract: Contract) -> float | None:
    """Paid calls a minute, where the contract gives the emulator a figure."""
    rate = contract.limits.get("rate")
    figure = rate.get("emulated_per_minute") if isinstance(rate, dict) else None
    return float(figure) if isinstance(figure, int | float) else None
