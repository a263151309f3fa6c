"""What does a cassette hold? Every interaction that can be read; the others by name and line."""

import json
import time
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from diagnostics.capture import Broken, Capture, Raw
from diagnostics.errors import UsageError
from diagnostics.garbage import seldom
from diagnostics.model import Case, Exchange, Json, Origin, Text
from diagnostics.tape_values import case_from, strange
from diagnostics.vcr.elder import entries, modern
from diagnostics.vcr.encoded import TooLargeError, Unpacker
from diagnostics.vcr.events import Item, TooMuchError, items
from diagnostics.vcr.extras import laid_over
from diagnostics.vcr.interaction import WrongInteractionError, exchange

SCHEMA = "diagnostics.cassette/1"
KEY = "diagnostics"
LISTS = ("interactions", "http_interactions", "")
_WRONG = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
_FORMATS = (1, 2)
"""vcrpy's own, and go-vcr's."""


def read_cassette(raw: Raw, title: str) -> Capture:
    """Everything in it. Raises `UsageError` if nothing at all can be read."""
    with seldom():
        reading = _Reading(raw=raw, title=title)
        reading.all()
    if not reading.found and not reading.kept and not reading.broken and not reading.head:
        raise UsageError(
            "no interaction stands in this cassette",
            place=raw.name,
            hint="record it again: diagnostics record --to FILE.yaml",
        )
    return reading.capture()


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What was read so far."""

    raw: Raw
    title: str
    found: list[tuple[int, Exchange]] = field(default_factory=list)
    """Each with its number in the file."""
    kept: list[tuple[int, Exchange]] = field(default_factory=list)
    """What vcrpy cannot hold, each with the number of interactions before it."""
    broken: list[Broken] = field(default_factory=list)
    head: dict[str, Json] = field(default_factory=dict)
    creator: str = ""
    number: int = 0
    unpacker: Unpacker = field(default_factory=Unpacker)

    def all(self) -> None:
        """Item after item, as far as the file is whole."""
        try:
            for item in _items(self.raw):
                if item.key in LISTS and item.listed:
                    self._interaction(item)
                else:
                    self._about(item)
        except yaml.YAMLError as error:
            self._torn(error)

    def _about(self, item: Item) -> None:
        if item.key == KEY and isinstance(item.value, dict):
            _known(item, self.raw.name)
            self.head = item.value
            for number, one in enumerate(_list(self.head.pop("exchanges", ())), 1):
                self._beside(number, one)
        elif item.key == "recorded_with":
            self.creator = str(item.value)[:100]
        elif item.key == "version" and item.value not in _FORMATS:
            raise UsageError(
                f"version {str(item.value)[:20]} of the cassette's format is not known here",
                place=f"{self.raw.name}:{item.line}",
                hint="known are 1 (vcrpy) and 2 (go-vcr); a newer diagnostics may read it",
            )

    def _interaction(self, item: Item) -> None:
        self.number += 1
        place = f"{self.raw.name}: interaction {self.number}"
        if item.line:
            place += f", line {item.line}"
        try:
            told = exchange(modern(item.value), self.unpacker)
            ours = item.value.get(KEY)
            if isinstance(ours, dict):
                told = laid_over(told, _open(ours))
            elif self.title == "betamax":
                told = replace(told, started_s=_recorded_at(item.value) or told.started_s)
        except (WrongInteractionError, TooLargeError) as error:
            self.broken.append(Broken(place=place, why=_why(error)))
        except _WRONG as error:
            self.broken.append(Broken(place=place, why=_ours(error)))
        else:
            self.found.append((self.number, _placed(told, place)))

    def _beside(self, number: int, value: Json) -> None:
        place = f"{self.raw.name}: diagnostics.exchanges[{number - 1}]"
        try:
            line = _open(value)
            told = strange(line)
            after = int(line["after"])
        except _WRONG as error:
            self.broken.append(Broken(place=place, why=_ours(error)))
        else:
            self.kept.append((after, _placed(told, place)))

    def _torn(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        line = error.line if isinstance(error, TooMuchError) else mark.line if mark else 0
        why = str(getattr(error, "problem", None) or error).splitlines()[0]
        if not self.found and not self.kept:
            raise UsageError(
                f"not a cassette that can be read: {why}",
                place=f"{self.raw.name}:{line + 1}",
                hint="mend that line, or record the cassette again",
            ) from error
        says = Text(en=f"cannot be read: {why}", ru=f"прочитать нельзя: {why}")
        self.broken.append(Broken(place=f"{self.raw.name}: line {line + 1} to the end", why=says))

    def capture(self) -> Capture:
        """The exchanges in the order of the tape, and what the file says of itself."""
        case = self._case()
        recorded_s = _seconds(self.head.get("recorded"))
        if recorded_s is None:
            recorded_s = min((e.started_s for _, e in self.found if e.started_s), default=None)
        return Capture(
            name=self.raw.name,
            format=self.title,
            exchanges=[replace(e, position=n) for n, e in enumerate(self._in_order())],
            broken=self.broken,
            creator=self.creator or str(self.head.get("creator", ""))[:100],
            case=case,
            origin=_origin(self.head),
            recorded_s=recorded_s,
        )

    def _case(self) -> Case | None:
        """As it was recorded; the word of the file's head on its origin is the last one."""
        told = self.head.get("case")
        if told is None:
            return None
        try:
            case = case_from(json.loads(json.dumps(_open(told))))  # no bytes, no shared parts
        except _WRONG as error:
            place = f"{self.raw.name}: diagnostics.case"
            self.broken.append(Broken(place=place, why=_ours(error)))
            return None
        return replace(case, target=replace(case.target, origin=_origin(self.head)))

    def _in_order(self) -> Iterator[Exchange]:
        self.kept.sort(key=lambda pair: pair[0])
        waiting = iter(self.kept)
        after, one = next(waiting, (-1, None))
        for number, told in self.found:
            while one is not None and after < number:
                yield one
                after, one = next(waiting, (-1, None))
            yield told
        while one is not None:
            yield one
            _, one = next(waiting, (-1, None))


def _items(raw: Raw) -> Iterator[Item]:
    if raw.head[:1] not in {b"{", b"["}:
        yield from items(raw.data, LISTS)
        return
    try:
        document = json.loads(raw.text)
    except (ValueError, RecursionError) as error:
        yield from _loosely(raw, error)
        return
    for key, value in document.items() if isinstance(document, dict) else ():
        if key not in LISTS:
            yield Item(key=key, line=0, value=value)
    try:
        for one in entries(document):
            yield Item(key=LISTS[0], line=0, value=one, listed=True)
    except WrongInteractionError as error:
        raise UsageError(
            f"no cassette: {error}", place=raw.name, hint="give a file that vcrpy or betamax wrote"
        ) from error


def _loosely(raw: Raw, error: Exception) -> Iterator[Item]:
    """Torn JSON is torn YAML as well, of which everything before the end is read."""
    try:
        yield from items(raw.data, LISTS)
    except yaml.YAMLError as second:
        at = getattr(error, "lineno", 0)
        if at:
            raise TooMuchError(f"not valid JSON: {getattr(error, 'msg', '')}", at - 1) from second
        raise


def _known(item: Item, name: str) -> None:
    schema = item.value.get("schema")
    if schema != SCHEMA:
        raise UsageError(
            f"this cassette was written as {str(schema)[:60]!r}, and known is {SCHEMA}",
            place=f"{name}:{item.line}",
            hint="use the diagnostics that wrote it, or a newer one",
        )


def _open(value: Json) -> dict[str, Any]:
    """What YAML cannot hold (half a character) stands in it as JSON."""
    if not isinstance(value, dict):
        raise TypeError("no mapping")
    if set(value) == {"json"}:
        found: dict[str, Any] = json.loads(value["json"])
        return found
    return value


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _placed(told: Exchange, place: str) -> Exchange:
    return told if told.source else replace(told, source=place)


def _why(error: Exception) -> Text:
    why = str(error)
    if isinstance(error, TooLargeError):
        return Text(en=why, ru="тело после распаковки слишком велико")
    return Text(en=why, ru=_RUSSIAN.get(why, why))


def _ours(error: Exception) -> Text:
    """Somebody edited by hand what only diagnostics reads."""
    why = f"{type(error).__name__}: {error}"[:100]
    return Text(
        en=f"what diagnostics had added cannot be read ({why})",
        ru=f"не читается то, что добавил diagnostics ({why})",
    )


def _origin(head: dict[str, Json]) -> Origin:
    try:
        return Origin(str(head.get("origin")))
    except ValueError:
        return Origin.IMPORTED


def _recorded_at(value: Any) -> float | None:
    return _seconds(value.get("recorded_at"))


def _seconds(value: Json) -> float | None:
    """`2026-11-20T12:00:00Z`, with or without its zone, or the `Date` of Ruby."""
    text = str(value or "")
    try:
        return float(timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        pass
    try:
        return float(timegm(time.strptime(text[:25].strip(), "%a, %d %b %Y %H:%M:%S")))
    except ValueError:
        return None


_RUSSIAN = {
    "its request is missing": "нет запроса",
    "its response is missing": "нет ответа",
    "the interaction is missing": "запись пуста",
    "the interaction is no map": "это не запись вызова",
    "its request is no map": "запрос записан не так",
    "its response is no map": "ответ записан не так",
    "its headers are no headers": "заголовки записаны не так",
    "its body is no base64": "тело не читается как base64",
    "its body cannot be read": "тело нельзя прочитать",
    "it has no method": "не указан метод",
    "it has no uri": "не указан адрес",
    "it has no header": "у заголовка нет имени",
    "it has no status": "не указан статус ответа",
    "a list or map stands where a word belongs": "на месте слова стоит список или словарь",
}
