"""How are labels, counts, times and shares said in the reader's language?"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from diagnostics.model import LANGUAGES

FOLDER = Path(__file__).with_name("locales")
UNKNOWN = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The table of one language, with the rules that a table cannot hold."""

    language: str
    table: Mapping[str, Any]

    def say(self, path: str, /, **facts: object) -> str:
        """The sentence at a dotted path, its places filled. An unknown path is our bug: raises."""
        found: Any = self.table
        for step in path.split("."):
            found = found[step]
        return cast("str", found).format_map(facts)

    def name(self, kind: str, value: str) -> str:
        """The word for a value of a closed list; the value itself when it is not in the list."""
        return cast("str", self.table[kind].get(value, value))

    def count(self, noun: str, number: int) -> str:
        """`1 запрос`, `2 запроса`, `5 запросов`."""
        forms: list[str] = self.table["plurals"][noun]
        return f"{self.number(number)} {forms[plural(self.language, number)]}"

    def number(self, value: float | None) -> str:
        """Digits grouped by thousands, at most four decimals, the language's decimal sign."""
        if value is None or not math.isfinite(value):
            return UNKNOWN
        text = f"{value:,.4f}".rstrip("0").rstrip(".")
        if self.language == "ru":
            return text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
        return text

    def duration(self, value_s: float | None) -> str:
        """`350 ms`, `2.4 s`, `4 min 35 s`, `3 h 07 min`."""
        if value_s is None or not math.isfinite(value_s):
            return UNKNOWN
        units, sign = self.table["units"], "-" if value_s < 0 else ""
        spent_s = abs(value_s)
        if spent_s < 0.9995:  # noqa: PLR2004  # what still rounds to less than a second
            return sign + self._unit(round(spent_s * 1000, 1 if spent_s < 0.01 else 0), units["ms"])  # noqa: PLR2004  # tenths only below 10 ms
        if spent_s < 59.95:  # noqa: PLR2004  # what still rounds to less than a minute
            return sign + self._unit(round(spent_s, 1), units["s"])
        minutes, seconds = divmod(round(spent_s), 60)
        if minutes < 60:  # noqa: PLR2004  # minutes of an hour
            return f"{sign}{minutes} {units['min']} {seconds:02d} {units['s']}"
        return f"{sign}{minutes // 60} {units['h']} {minutes % 60:02d} {units['min']}"

    def _unit(self, value: float, unit: str) -> str:
        return f"{self.number(value)} {unit}"

    def size(self, value_bytes: int | None) -> str:
        """`512 B`, `3.4 kB`, `1.2 MB`: powers of ten, as providers count."""
        if value_bytes is None:
            return UNKNOWN
        units = self.table["units"]
        if value_bytes < 1000:  # noqa: PLR2004  # powers of ten
            return self._unit(value_bytes, units["B"])
        scale, unit = (1e3, units["kB"]) if value_bytes < 1_000_000 else (1e6, units["MB"])  # noqa: PLR2004  # powers of ten
        return self._unit(round(value_bytes / scale, 1), unit)

    def percent(self, share: float | None) -> str:
        """`90%`, `90 %`."""
        if share is None:
            return UNKNOWN
        gap = "\N{NO-BREAK SPACE}" if self.language == "ru" else ""
        return f"{round(share * 100)}{gap}%"

    def odds(self, certainty: float) -> str:
        """`about 9 in 10`: a certainty as what it means."""
        if certainty >= 0.995:  # noqa: PLR2004  # rounds to 100 %
            return self.say("certainty.sure")
        for floor, right, of in ((0.985, 99, 100), (0.965, 29, 30), (0.93, 19, 20)):
            if certainty >= floor:
                return self.say("certainty.about", right=right, of=of)
        right = round(max(certainty, 0.0) * 10) if math.isfinite(certainty) else 0
        if not right:
            return self.say("certainty.low")
        return self.say("certainty.about", right=right, of=10)


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """The words of a language; English for one that we do not speak."""
    known = language if language in LANGUAGES else "en"
    table = json.loads((FOLDER / f"{known}.json").read_text("utf-8"))
    return Words(language=known, table=table)


def plural(language: str, number: int) -> int:
    """Which form: English one/many; Russian one/few/many by the last two digits."""
    if language != "ru":
        return 0 if number == 1 else 1
    tens, ones = abs(number) % 100, abs(number) % 10
    if ones == 1 and tens != 11:  # noqa: PLR2004  # eleven is "many"
        return 0
    return 1 if 2 <= ones <= 4 and not 12 <= tens <= 14 else 2  # noqa: PLR2004  # grammar


def moment(value_s: float | None) -> str | None:
    """An instant as ISO 8601, UTC, milliseconds; None when it is no instant of our calendar.

    Nothing began at zero: so a text that quotes an answer tells that it knows no time.
    """
    if not value_s:
        return None
    try:
        return datetime.fromtimestamp(value_s, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, OSError, ValueError):
        return None


def spaced(instant: str | None) -> str:
    """`2026-11-21T01:02:03.456+00:00` as people read it: `2026-11-21 01:02:03.456 +00:00`."""
    if not instant:
        return UNKNOWN
    return f"{instant[:10]} {instant[11:-6]} {instant[-6:]}"
