"""Which calls does this log tell of? JSON Lines, or one JSON document of rows, whoever wrote it."""

import json
from collections.abc import Iterator

from diagnostics.capture import Capture, Raw, Reader
from diagnostics.captures._draft import Draft, Sheet, opening, text_of
from diagnostics.captures._prose import drafts
from diagnostics.captures._rows import draft_of, label_of, message_of
from diagnostics.errors import UsageError
from diagnostics.model import Json, Text

WHOLE_MOST = 64 << 20
BROKEN_MOST = 1000
_LOOKED_AT = 200
_LOOKED_BYTES = 1 << 18
_DEPTH_MOST = 8
_MARKS = frozenset(
    {
        *("level", "severity", "levelname", "loglevel", "log.level", "lvl", "logger"),
        *("time", "timestamp", "@timestamp", "ts", "asctime", "@t"),
    }
)
_TELLING = (
    *("http", "url", "path", "uri", "method", "status", "error", "err", "code", "body", "respon"),
    *(
        "request",
        "timeout",
        "timed out",
        "econn",
        "refused",
        "reset",
        "host",
        "exception",
        "answer",
    ),
    *("result", "endpoint", "ssl", "enotfound", "fail", "closed", "код", "ответ"),
)
"""A row with none of these tells of no call: most rows need no closer look."""
_NO_JSON = Text(
    en="the line is not whole JSON (cut off, or two writers at once)",
    ru="строка — не целый JSON (обрезана, или писали двое сразу)",
)
_CUT_OFF = Text(
    en="the document breaks off here: what stood before was read",
    ru="документ здесь обрывается: прочитано то, что стояло раньше",
)


def recognises(raw: Raw) -> bool:
    """Rows of JSON, one of which is a call or has a level or a time as log lines do."""
    if opening(raw)[:1] not in {"{", "["}:
        return False
    sample = Raw(name=raw.name, data=raw.data[:_LOOKED_BYTES]).text
    rows = _lined(sample)
    if rows:
        return any(_is_row(row) for row in rows)
    if len(raw.data) > WHOLE_MOST:
        return False
    return any(_is_row(row) for _, row in _documents(raw.text, None))


def _lined(text: str) -> list[dict[str, Json]]:
    """The rows among the first lines, where each line is one."""
    found = []
    for line in text.split("\n")[:_LOOKED_AT]:
        row = _row(line)
        if row is not None:
            found.append(row)
        elif not found and line.strip():
            return []
    return found


def _row(line: str) -> dict[str, Json] | None:
    if line.lstrip()[:1] != "{":
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_row(row: dict[str, Json]) -> bool:
    if "interactions" in row or ("log" in row and isinstance(row["log"], dict)):
        return False
    if any(mark in row for mark in _MARKS):
        return True
    found = draft_of(row)
    return found is not None and (bool(found.url) or bool(found.method))


def read(raw: Raw) -> Capture:
    """The rows that matter, in their order."""
    sheet = Sheet(raw=raw, format="log")
    text = text_of(sheet)
    if _lined(text[:_LOOKED_BYTES]):
        _lines(sheet, text)
    else:
        found = _Rows(sheet)
        for place, row in _documents(text, sheet):
            found.take(row, place, 0)
    if not sheet.drafts:
        raise UsageError(
            "no row of this log tells of a call",
            place=raw.name,
            hint="log method, address, status and body of each call to the provider",
        )
    return sheet.capture()


def _lines(sheet: Sheet, text: str) -> None:
    rows, at = _Rows(sheet), 1
    prose: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        row = _row(line)
        if row is None and line.lstrip()[:1] != "{":
            if not prose:
                at = number
            prose.append(line)
            continue
        _prose(sheet, prose, at)
        prose = []
        if row is not None:
            lowered = line.lower()
            if any(word in lowered for word in _TELLING):
                rows.take(row, f"line {number}", number)
        elif len(sheet.broken) < BROKEN_MOST:
            sheet.spoilt(f"line {number}", _NO_JSON)
    _prose(sheet, prose, at)


def _prose(sheet: Sheet, lines: list[str], first: int) -> None:
    """What stands between the rows: a traceback, mostly."""
    text = "\n".join(lines)
    if text.strip():
        sheet.add_all(drafts(text, first))


class _Rows:
    """Rows in, exchanges out; an answer in a row of its own joins its request."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._waiting: dict[str, Draft] = {}

    def take(self, row: dict[str, Json], place: str, line: int) -> None:
        """One row of the log."""
        draft = draft_of(row, line)
        label = label_of(row)
        if draft is None or (not draft.answered and not draft.url):
            self._words(row, place)
        elif draft.answered and self._joined(label, draft):
            return
        else:
            self._sheet.add(place, draft)
            if label and not draft.answered:
                self._waiting[label] = draft

    def _joined(self, label: str, draft: Draft) -> bool:
        asked = self._waiting.get(label) if label else None
        if asked is None or (draft.url and draft.url != asked.url):
            return False
        del self._waiting[label]
        for name in ("status", "reason", "answer_headers", "answer_body", "fault", "version"):
            setattr(asked, name, getattr(draft, name))
        if draft.started_s and asked.started_s:
            asked.duration_s = draft.duration_s or max(draft.started_s - asked.started_s, 0.0)
        return True

    def _words(self, row: dict[str, Json], place: str) -> None:
        text, when = message_of(row)
        quotes = "{" in text
        for draft in drafts(text) if text else ():
            draft.started_s = draft.started_s or when
            if quotes or draft.url or draft.status is not None or draft.fault is not None:
                self._sheet.add(place, draft)


# --- one document -----------------------------------------------------------------------------


def _documents(text: str, sheet: Sheet | None) -> Iterator[tuple[str, dict[str, Json]]]:
    """The rows of one JSON document, however deep they stand; of a torn one, those before."""
    try:
        value = json.loads(text)
    except RecursionError:
        return
    except ValueError:
        yield from _torn(text, sheet)
        return
    for number, row in enumerate(_within(value, 0), 1):
        yield f"row {number}", row


def _torn(text: str, sheet: Sheet | None) -> Iterator[tuple[str, dict[str, Json]]]:
    decoder = json.JSONDecoder(strict=False)
    at, number = text.find("[") + 1, 0
    if not at or text.lstrip()[:1] != "[":
        return
    while (start := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        number += 1
        if isinstance(value, dict):
            yield f"row {number}", value
    if sheet is not None:
        sheet.spoilt(f"row {number + 1}", _CUT_OFF)


def _within(value: Json, depth: int) -> Iterator[dict[str, Json]]:
    """Rows: objects that are a call, or that stand in a list and hold no further rows."""
    if depth > _DEPTH_MOST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _within(one, depth + 1)
    elif isinstance(value, dict):
        if _is_row(value):
            yield value
            return
        for held in value.values():
            if isinstance(held, dict | list):
                yield from _within(held, depth + 1)


READER = Reader(
    format="log",
    title=Text(
        en="a log in JSON Lines, or one JSON document of rows",
        ru="журнал в JSON Lines или один JSON-документ со строками",
    ),
    order=50,
    recognises=recognises,
    read=read,
)
