"""Is this answer news, or an older one that something kept (seed 003: an old status is shown)?"""

from datetime import UTC
from email.utils import parsedate_to_datetime

from diagnostics.model import Exchange, Response

_SLACK_S = 1.5
"""`Date` has whole seconds, and two machines behind one name differ a little."""
_MARKS = ("x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache", "x-vercel-cache")
_AGE_S_MAX = 1e9


def made_s(exchange: Exchange) -> float | None:
    """When the provider made this answer: its `Date`, less the `Age` it has since had."""
    response = exchange.response
    date = response.header("date") if response is not None else None
    if response is None or not date or len(date) > _DATE_LENGTH_MAX:
        return None
    try:
        moment = parsedate_to_datetime(date)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.timestamp() - age_s(response)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


_DATE_LENGTH_MAX = 64


def age_s(response: Response) -> float:
    """How long a cache says it has kept this answer (RFC 9111, section 5.1)."""
    text = (response.header("age") or "").strip()
    known = text.isascii() and text.isdigit()
    return min(float(text[:12]), _AGE_S_MAX) if known else 0.0


def kept_by(exchange: Exchange) -> str:
    """The header by which a cache betrays itself; empty: the answer came from the provider."""
    response = exchange.response
    if response is None:
        return ""
    if age_s(response) > 0:
        return f"Age: {age_s(response):g}"
    for name in _MARKS:
        value = (response.header(name) or "").strip()
        if value.lower().startswith(("hit", "stale")):
            return f"{name}: {value[:40]}"
    return ""


def older(before_s: float | None, exchange: Exchange) -> float:
    """By how many seconds this answer is older than the newest so far; 0: it is not."""
    now_s = made_s(exchange)
    if before_s is None or now_s is None or now_s >= before_s - _SLACK_S:
        return 0.0
    return before_s - now_s


class Newest:
    """The newest answer of a row of them."""

    def __init__(self) -> None:
        self._made_s: float | None = None

    def heard(self, exchange: Exchange) -> tuple[float, str]:
        """By how much one more answer is older than the newest, and which cache had kept it."""
        older_s = older(self._made_s, exchange)
        now_s = made_s(exchange)
        if now_s is not None and (self._made_s is None or now_s > self._made_s):
            self._made_s = now_s
        return older_s, kept_by(exchange)
