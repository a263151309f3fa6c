"""May this call be sent again, and when? Decided by the contract's word on the code, not by hope.

Seed 000's schedule: at once, then after 2, 4, 8, 16 s, never more than 30 s.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from diagnostics.contract import Contract, decode, first
from diagnostics.model import (
    Blame,
    Exchange,
    Fault,
    FaultKind,
    Json,
    Purpose,
    Response,
    Retry,
    RetryPolicy,
    Unsent,
)

PATIENCE_S = 120.0
"""A `Retry-After` beyond this is reported, not waited for."""

PUT_BACK_S = 300.0
"""A persistent 1015 is tried again after five minutes (seed 000)."""
LONGEST_S = 86_400.0
"""Nobody waits longer than a day for one call."""

_HOPELESS = frozenset(
    {
        FaultKind.BAD_REQUEST,
        FaultKind.TLS,
        FaultKind.PROXY,
        FaultKind.REDIRECTS,
        FaultKind.DNS,
        FaultKind.LOCAL,
    }
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
        request, attempts = exchange.request, self.retry.max_retries
        if request.purpose is not Purpose.CALL or exchange.attempt >= attempts * self._rounds:
            return None
        if ambiguous(self.contract, exchange) or not self._worth_it(exchange):
            return None
        contract = self.contract.of(request.provider)
        asked_s = asked_to_wait_s(contract, exchange.answer, now_s)
        round_over = exchange.attempt % attempts == 0
        if round_over or (asked_s is not None and asked_s > PATIENCE_S):
            return self._put_back_s(exchange, asked_s)
        return max(self._backoff_s(exchange.attempt % attempts), asked_s or 0.0)

    @property
    def _rounds(self) -> int:
        return 1 + self.retry.put_back

    def _put_back_s(self, exchange: Exchange, asked_s: float | None) -> float | None:
        """A call that was only throttled waits as long as it was told, else as seed 000 does."""
        if self._rounds == 1 or exchange.response is None or (asked_s or 0.0) > LONGEST_S:
            return None
        return PUT_BACK_S if asked_s is None else max(asked_s, 1.0)

    def _backoff_s(self, attempt: int) -> float:
        delay_s = min(self.retry.base_delay_s * 2.0 ** (attempt - 1), self.retry.cap_s)
        return delay_s * (1 + self.retry.jitter * self.random.uniform(-1, 1))

    def _worth_it(self, exchange: Exchange) -> bool:
        answer = exchange.answer
        if isinstance(answer, Unsent):
            return False
        if isinstance(answer, Fault):
            return answer.kind not in _HOPELESS
        contract = self.contract.of(exchange.request.provider)
        reading = contract.read(answer, exchange.request.operation)
        if reading.ok:
            return False
        if reading.code is None:
            return answer.status in _LATER
        known = contract.errors.get(reading.code)
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
    contract = contract.of(exchange.request.provider)
    reading = contract.read(answer, exchange.request.operation)
    known = contract.errors.get(reading.code or "")
    refused = reading.code is not None and not (known and known.blame is Blame.NONE)
    return not reading.ok and not refused


def asked_to_wait_s(contract: Contract, answer: object, now_s: float) -> float | None:
    """For how long the provider asks to be left alone, in whichever way it writes a reset."""
    reset = contract.limits.get("reset")
    ways = reset.get("ways", ()) if isinstance(reset, dict) else ()
    if isinstance(answer, Response) and answer.status in _LATER:
        for way in ways:
            told_s = _told_s(answer, way, now_s)
            if told_s is not None and _binds(answer, way):
                return told_s
    return retry_after_s(answer, now_s)


def _binds(answer: Response, way: Mapping[str, Json]) -> bool:
    """A reset that every answer tells (`x-ratelimit-reset-tokens`) counts where nothing remains."""
    header = str(way.get("header", "")).lower()
    if "reset" not in header:
        return True
    left = answer.header(header.replace("reset", "remaining"))
    return answer.status == 429 and left in {None, "0"}  # noqa: PLR2004  # HTTP: too many requests


def _told_s(answer: Response, way: Mapping[str, Json], now_s: float) -> float | None:
    text = answer.header(way["header"]) if "header" in way else None
    if "field" in way:
        text = first(decode(answer.body), (way["field"],))
    if not isinstance(text, str) or len(text) > _RESET_LENGTH_MAX:
        return None
    if "pattern" in way:
        found = re.search(way["pattern"], text)
        text = found[1] if found else ""
    return in_seconds(text, way["unit"], now_s)


_RESET_LENGTH_MAX = 4000
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
_PARTS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s|d)", re.ASCII)
_UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def in_seconds(text: str, unit: str, now_s: float) -> float | None:
    """A reset as providers write it: `s`, `s-or-date`, `ms`, `duration` (6m0s), `epoch-s`."""
    text = text.strip()
    if unit == "duration":
        parts = _PARTS.findall(text)
        whole = parts and "".join(number + name for number, name in parts) == text
        return sum(float(number) * _UNITS_S[name] for number, name in parts) if whole else None
    if _NUMBER.fullmatch(text):
        value = float(text)
        return (
            max(0.0, value - now_s) if unit == "epoch-s" else value / (1000 if unit == "ms" else 1)
        )
    return _until_s(text, now_s) if unit == "s-or-date" else None


def retry_after_s(answer: object, now_s: float) -> float | None:
    """`Retry-After` in seconds: a number or an HTTP date (RFC 9110, section 10.2.3)."""
    value = answer.header("retry-after") if isinstance(answer, Response) else None
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():  # no superscripts, no other scripts
        return float(value[:9])
    return _until_s(value, now_s)


def _until_s(value: str, now_s: float) -> float | None:
    """Seconds until an HTTP date."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now_s, UTC)).total_seconds())
