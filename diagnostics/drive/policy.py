"""May this call be sent again, and when? Decided by the contract's word on the code, not by hope.

Seed 000's schedule: at once, then after 2, 4, 8, 16 s, never more than 30 s.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from diagnostics.contract import Contract
from diagnostics.model import (
    Blame,
    Exchange,
    Fault,
    FaultKind,
    Purpose,
    Response,
    Retry,
    RetryPolicy,
    Unsent,
)

PATIENCE_S = 120.0
"""A `Retry-After` beyond this is reported, not waited for."""

_HOPELESS = frozenset(
    {FaultKind.BAD_REQUEST, FaultKind.TLS, FaultKind.PROXY, FaultKind.REDIRECTS, FaultKind.DNS}
)
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_WORK_UNKNOWN = frozenset({408, 500, 502, 504, 520, 522, 524})
"""Answers of a gateway or a crashed server: the paid work behind it may have been done. So it may
behind a 2xx whose body says neither yes nor no."""


@dataclass(slots=True, kw_only=True)
class Policy:
    """When to repeat. `inputs_unfit`: the media scenario has found why creates must fail."""

    contract: Contract
    retry: RetryPolicy
    random: random.Random
    inputs_unfit: bool = False

    def delay_s(self, exchange: Exchange, now_s: float) -> float | None:
        """Seconds until the next attempt; None: leave it."""
        request = exchange.request
        if request.purpose is not Purpose.CALL or exchange.attempt >= self.retry.max_retries:
            return None
        if ambiguous(self.contract, exchange) or not self._worth_it(exchange):
            return None
        asked_s = retry_after_s(exchange.answer, now_s)
        if asked_s is not None and asked_s > PATIENCE_S:
            return None
        return max(self._backoff_s(exchange.attempt), asked_s or 0.0)

    def _backoff_s(self, attempt: int) -> float:
        delay_s = min(self.retry.base_delay_s * 2.0 ** (attempt - 1), self.retry.cap_s)
        return delay_s * (1 + self.retry.jitter * self.random.uniform(-1, 1))

    def _worth_it(self, exchange: Exchange) -> bool:
        answer = exchange.answer
        if isinstance(answer, Unsent):
            return False
        if isinstance(answer, Fault):
            return answer.kind not in _HOPELESS
        reading = self.contract.read(answer, exchange.request.operation)
        if reading.ok:
            return False
        if reading.code is None:
            return answer.status in _LATER
        known = self.contract.errors.get(reading.code)
        if known is None or (known.inspect_inputs and self.inputs_unfit):
            return False
        return known.retry in {Retry.BACKOFF, Retry.AFTER_RESET}


def ambiguous(contract: Contract, exchange: Exchange) -> bool:
    """A paid call that may have been carried out though no answer says so: never repeated."""
    if not exchange.request.spends or exchange.request.purpose is not Purpose.CALL:
        return False
    answer = exchange.answer
    if isinstance(answer, Fault):
        return answer.may_have_arrived
    if not isinstance(answer, Response):
        return False
    accepted = 200 <= answer.status < 300  # noqa: PLR2004  # HTTP's own borders of success
    if not accepted and answer.status not in _WORK_UNKNOWN:
        return False
    reading = contract.read(answer, exchange.request.operation)
    known = contract.errors.get(reading.code or "")
    refused = reading.code is not None and not (known and known.blame is Blame.NONE)
    return not reading.ok and not refused


def retry_after_s(answer: object, now_s: float) -> float | None:
    """`Retry-After` in seconds: a number or an HTTP date (RFC 9110, section 10.2.3)."""
    value = answer.header("retry-after") if isinstance(answer, Response) else None
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():  # no superscripts, no other scripts
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now_s, UTC)).total_seconds())
