"""Is a callback's timestamp a time, in the right unit, and not too far from when it came?"""

from collections.abc import Callable
from typing import Any

from diagnostics.finding import Finding
from diagnostics.model import Severity
from diagnostics.webhooks import rules
from diagnostics.webhooks.scheme import Seal
from diagnostics.webhooks.signing import MILLISECONDS, Signing

FUTURE_S = 300.0
"""How far ahead of our clock a callback may be where its provider names no limit."""
_SPLIT = 100_000_000_000
"""As seconds the year 5138, as milliseconds 1973: a time of ours is on one side of it."""
_DIGITS_MAX = 18
_SHOWN_MAX = 40
_NAMES = {"s": ("seconds", "секундах"), MILLISECONDS: ("milliseconds", "миллисекундах")}
_GENITIVES = {"s": ("seconds", "секунд"), MILLISECONDS: ("milliseconds", "миллисекунд")}


def signed_at_s(signing: Signing, seal: Seal) -> float | None:
    """When it says it was signed, whichever unit it counts in; None: it does not say."""
    del signing
    value = _number(seal.timestamp)
    if value is None:
        return None
    return value / 1000 if value > _SPLIT else float(value)


def timing(
    signing: Signing,
    seal: Seal,
    moment: tuple[float, bool],
    tolerance_s: float | None,
    make: Callable[..., Finding],
) -> list[Finding]:
    """What is wrong with the time. `moment`: when it came, and whether that was written down."""
    if not seal.timestamp:
        return []
    value = _number(seal.timestamp)
    if value is None:
        unit = dict(zip(("unit_en", "unit_ru"), _GENITIVES[signing.unit], strict=True))
        return [make(rules.TIMESTAMP, timestamp=repr(seal.timestamp[:_SHOWN_MAX]), **unit)]
    found = []
    seen = MILLISECONDS if value > _SPLIT else "s"
    if seen != signing.unit:
        found.append(make(rules.UNIT, **units(signing.unit, seen)))
    at_s = signed_at_s(signing, seal) or 0.0
    return [*found, *_age(moment, at_s, tolerance_s, make)]


def _age(
    moment: tuple[float, bool], at_s: float, tolerance_s: float | None, make: Callable[..., Finding]
) -> list[Finding]:
    now_s, is_known = moment
    age_s = now_s - at_s
    words = {
        "moment_en": "it was received" if is_known else "now",
        "moment_ru": "получения" if is_known else "этой минуты",
        **_spoken("age", abs(age_s)),
        **_spoken("tolerance", tolerance_s or 0.0),
    }
    if -age_s > (FUTURE_S if tolerance_s is None else tolerance_s):
        return [make(rules.FUTURE, certainty=0.8, **words)]
    if tolerance_s is None or age_s <= tolerance_s:
        return []
    late = make(rules.LATE, certainty=0.9 if is_known else 0.5, **words)
    return [late if is_known else _doubted(late)]


def _doubted(late: Finding) -> Finding:
    """Nobody knows when an old file was received: late by today's clock proves little."""
    return Finding(
        rule=late.rule,
        subject=late.subject,
        facts=late.facts,
        certainty=late.certainty,
        severity=Severity.WARN,
    )


def units(own: str, seen: str) -> dict[str, Any]:
    """The names of two units, for the sentence about them."""
    return {
        "seen_en": _NAMES[seen][0],
        "seen_ru": _NAMES[seen][1],
        "unit_en": _NAMES[own][0],
        "unit_ru": _NAMES[own][1],
    }


def _spoken(name: str, seconds: float) -> dict[str, Any]:
    for size, english, russian in ((86_400, "d", "дн"), (3600, "h", "ч"), (60, "min", "мин")):
        if seconds >= 2 * size:
            return {
                f"{name}_en": f"{seconds / size:.0f} {english}",
                f"{name}_ru": f"{seconds / size:.0f} {russian}",
            }
    return {f"{name}_en": f"{seconds:.0f} s", f"{name}_ru": f"{seconds:.0f} с"}


def _number(text: str) -> int | None:
    plain = text.strip()
    if not plain.isascii() or not plain.isdecimal() or len(plain) > _DIGITS_MAX:
        return None
    return int(plain)
