"""When was that? Reads the ways in which logs and headers write a moment."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from diagnostics.model import Json

_ISO = re.compile(
    r"(?<!\d)(20\d\d)[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r" ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?"
)
_APACHE = re.compile(r"\[?(\d\d/[A-Z][a-z]{2}/20\d\d:\d\d:\d\d:\d\d [+-]\d{4})")
_MAIL = re.compile(
    r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d(?: GMT| [+-]\d{4})?"
)
_LEAST_S, _MOST_S = 946_684_800.0, 7_258_118_400.0
"""From the year 2000 to 2200: other numbers are no moments."""


def moment(value: Json) -> float | None:
    """Seconds since the epoch of a field; None when it names no moment."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _scaled(float(value))
    if not isinstance(value, str):
        return None
    text = value.strip()[:64]
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return _scaled(float(text))
    return moment_in(text)


def moment_in(line: str) -> float | None:
    """The first moment that stands in a line; without a zone it is taken for UTC."""
    head = line[:300]
    found = _ISO.search(head)
    if found:
        return _iso(found)
    found = _APACHE.search(head)
    try:
        if found:
            return datetime.strptime(found[1], "%d/%b/%Y:%H:%M:%S %z").timestamp()
        found = _MAIL.search(head)
        return parsedate_to_datetime(found[0]).timestamp() if found else None
    except (ValueError, OverflowError):
        return None


def _iso(found: re.Match[str]) -> float | None:
    year, month, day, hour, minute, second, part, zone = found.groups()
    offset_s = 0
    if zone and zone[0] in "+-":
        plain = zone.replace(":", "")
        offset_s = (int(plain[1:3]) * 3600 + int(plain[3:5]) * 60) * (1 if zone[0] == "+" else -1)
    try:
        whole = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    return whole.timestamp() + float(f"0.{part or 0}") - offset_s


def _scaled(number: float) -> float | None:
    """Seconds, milli-, micro- or nanoseconds: whichever gives a moment of this century."""
    for scale in (1.0, 1e3, 1e6, 1e9):
        if _LEAST_S <= number / scale <= _MOST_S:
            return number / scale
    return None
