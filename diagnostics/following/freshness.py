"""Is this answer news, or an older one that something kept (seed 003: an old status is shown)?"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

from diagnostics.model import Exchange, Response

_SLACK_S = 1.5
"""`Date` has whole seconds, and two machines behind one name differ a little."""
_MARKS = ("x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache", "x-vercel-cache")
_TELLING = frozenset({"date", "age", *_MARKS})
_AGE_S_MAX = 1e9
_DATE_LENGTH_MAX = 64


def _signs(response: Response | None) -> dict[str, str]:
    """The headers that tell how old an answer is, read in one pass: every poll is asked."""
    found: dict[str, str] = {}
    for name, value in response.headers if response is not None else ():
        lowered = name.lower()
        if lowered in _TELLING:
            found.setdefault(lowered, value)
    return found


@lru_cache(maxsize=1024)
def _moment_s(date: str) -> float | None:
    """An HTTP date in seconds since the epoch; many answers of a second share one."""
    if not date or len(date) > _DATE_LENGTH_MAX:
        return None
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _made_s(signs: Mapping[str, str]) -> float | None:
    """When the provider made this answer: its `Date`, less the `Age` it has since had."""
    moment_s = _moment_s(signs.get("date", ""))
    return None if moment_s is None else moment_s - _age_s(signs)


def _age_s(signs: Mapping[str, str]) -> float:
    """How long a cache says it has kept this answer (RFC 9111, section 5.1)."""
    text = signs.get("age", "").strip()
    known = text.isascii() and text.isdigit()
    return min(float(text[:12]), _AGE_S_MAX) if known else 0.0


def _kept_by(signs: Mapping[str, str]) -> str:
    """The header by which a cache betrays itself; empty: the answer came from the provider."""
    if "age" in signs and _age_s(signs) > 0:
        return f"Age: {_age_s(signs):g}"
    for name in _MARKS:
        value = signs.get(name, "").strip()
        if value.lower().startswith(("hit", "stale")):
            return f"{name}: {value[:40]}"
    return ""


class Newest:
    """The newest answer of a row of them."""

    def __init__(self) -> None:
        self._made_s: float | None = None

    def heard(self, exchange: Exchange) -> tuple[float, str]:
        """By how much one more answer is older than the newest, and which cache had kept it."""
        signs = _signs(exchange.response)
        now_s, before_s = _made_s(signs), self._made_s
        older_s = 0.0
        if now_s is not None:
            if before_s is not None and now_s < before_s - _SLACK_S:
                older_s = before_s - now_s
            self._made_s = now_s if before_s is None else max(before_s, now_s)
        return older_s, _kept_by(signs)
