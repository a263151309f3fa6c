"""What did the provider answer? One bare JSON answer, or several, with or without its head."""

import json

from diagnostics.capture import Capture, Raw, Reader
from diagnostics.captures._draft import Draft, Sheet, encoded, opening, text_of
from diagnostics.captures._objects import Lines, scan
from diagnostics.captures._rows import answers
from diagnostics.captures._signs import STATUS_LINE, header_of
from diagnostics.errors import UsageError
from diagnostics.model import Json, Text

WHOLE_MOST = 16 << 20
"""Bytes of a file that is read at once to see what it is; a larger one is no single answer."""


def recognises(raw: Raw) -> bool:
    """Nothing but JSON that looks like an answer, or a status line first."""
    head = opening(raw)
    if STATUS_LINE.match(head[:200]):
        return True
    if head[:1] not in {"{", "["} or len(raw.data) > WHOLE_MOST:
        return False
    found = _values(raw.text)
    return bool(found) and all(answers(value) for _, value in found)


def read(raw: Raw) -> Capture:
    """The answers, each an exchange whose request nobody knows."""
    sheet = Sheet(raw=raw, format="answer")
    text = text_of(sheet)
    if STATUS_LINE.match(text[:300]):
        sheet.add("line 1", headed(text))
    else:
        _bare(sheet, text)
    if not sheet.drafts:
        raise UsageError(
            "no answer is written here",
            place=raw.name,
            hint="give the whole JSON that came back, or the whole answer with its status line",
        )
    return sheet.capture()


def _bare(sheet: Sheet, text: str) -> None:
    lines = Lines(text)
    for start, value in _values(text):
        each = value if isinstance(value, list) else [value]
        for number, one in enumerate(each, 1):
            where = f"line {lines.at(start)}" + (f", item {number}" if len(each) > 1 else "")
            sheet.add(where, Draft(answer_body=_as_it_stood(text, one, alone=value is one)))


def _as_it_stood(text: str, value: Json, *, alone: bool) -> bytes:
    """The bytes of the file where the answer is all of it: numbers stay as they were written."""
    if alone and _whole(text) == value:
        return text.strip().encode("utf-8", "surrogatepass")
    return encoded(value)


def _whole(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _values(text: str) -> list[tuple[int, Json]]:
    """The JSON values that the whole text consists of; none when anything else stands in it."""
    whole = _whole(text)
    if isinstance(whole, dict | list):
        return [(len(text) - len(text.lstrip()), whole)]
    found, at = [], 0
    for one in scan(text):
        if text[at : one.start].strip(" \t\r\n,;"):
            return []
        found.append((one.start, one.value))
        at = one.end
    return [] if text[at:].strip(" \t\r\n,;") else found


def headed(text: str) -> Draft:
    """Status line, headers, an empty line, the body; of several heads the last one counts."""
    rest, draft = text.lstrip(), Draft()
    while found := STATUS_LINE.match(rest[:2000]):
        draft = Draft(
            status=int(found["status"]),
            reason=found["reason"].strip(),
            version=f"HTTP/{found['version']}",
        )
        rest = _headers(rest[found.end() :].removeprefix("\r").removeprefix("\n"), draft)
    draft.answer_body = rest.strip().encode("utf-8", "surrogateescape")
    return draft


def _headers(rest: str, draft: Draft) -> str:
    """Takes the headers; gives what stands below them."""
    pairs = []
    while rest:
        line, _, below = rest.partition("\n")
        pair = header_of(line) if line.strip() else None
        if pair is None:
            rest = below if not line.strip() else rest
            break
        pairs.append(pair)
        rest = below
    draft.answer_headers = tuple(pairs)
    return rest


READER = Reader(
    format="answer",
    title=Text(en="one bare JSON answer", ru="один ответ в JSON"),
    order=60,
    recognises=recognises,
    read=read,
)
