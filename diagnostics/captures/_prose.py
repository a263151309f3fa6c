"""What calls does this text tell of? Tracebacks, chats, console output: anything for a person.

Each line gives clues (an address, a status, an object that was quoted, a failure's name); clues
that stand close and do not contradict one another are one exchange.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.captures import _signs
from diagnostics.captures._draft import Draft, encoded, header_list
from diagnostics.captures._faults import fault_in, sharper
from diagnostics.captures._objects import Lines, scan, unescaped
from diagnostics.captures._rows import answers, breaks, draft_of
from diagnostics.captures._times import moment_in
from diagnostics.model import Fault, Json

FAR = 150
"""Lines between two clues of one exchange: the frames of a chain of exceptions fit in between."""
_APART_S = 0.9
_LABEL = 90
_SENT = re.compile(
    r"(?i)(?<!bad )(?<!many )request(?:ed)?\b|payload|\bparams"
    r"|\bsen[dt]|\bsending|\binput|\bjson\s*[=:(]\s*$"
    r"|\bdata\s*="
    r"|запрос|отправ|тело запроса|\s-d\s|--data"
)
_CAME = re.compile(
    r"(?i)respon[sd]|answer|error|return|\bgot\b|result|repl(?:y|ied)|receiv|detail|ответ|ошибк"
    r"|вернул"
    r"|пришл|\b[1-5]\d\d\b"
)
_HEADERS = re.compile(r"(?i)headers?\W*$")
_QUOTE = re.compile(r"(?m)^[ \t]*(?:>[ \t]?)+")
_DETAIL = re.compile(r"\s*(?P<name>type|title|status|detail|instance): (?P<value>.+)")
_DETAILS = "ReplicateError Details:"
_FIELD = re.compile(
    r"(?i)(?<![\w.])(?P<name>error[_ ]?code|failure[_ ]?code|code"
    r"|код(?: ошибки)?)[\"']?\s*[:=№#]?\s*"
    r"[\"'`]?(?P<code>\d{3,6}|[a-z]+(?:_[a-z]+)+)\b[\"'`]?(?:\W{1,4}(?:msg|message)?\W{0,4}"
    r"(?P<text>[^\n\"'`{}()]{4,160}))?"
)


def drafts(text: str, first_line: int = 1) -> list[Draft]:
    """The exchanges that a text tells of, in its order."""
    found = _Assembly()
    for clue in _clues(_unquoted(text), first_line):
        found.take(clue)
    found.flush()
    return found.drafts or _by_code(text, first_line)


def _unquoted(text: str) -> str:
    """E-mail's `> ` taken off, where most of the text that matters is quoted."""
    return _QUOTE.sub("", text) if re.search(r"(?m)^>.*[{\"]", text) else text


# --- clues ------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Clue:
    """A draft that knows but a part."""

    draft: Draft
    alone: bool = False
    """It came as one object: a repetition of it is another call."""
    pair: bool = False
    """Method and address together."""


def _clues(text: str, first: int) -> Iterator[_Clue]:
    lines, at = Lines(text, first), 0
    for found in scan(text):
        yield from _between(text[at : found.start], lines.at(at))
        label = text[max(at, found.start - _LABEL) : found.start]
        yield from _of_object(found.value, label, lines.at(found.start))
        at = found.end
    yield from _between(text[at:], lines.at(at))


def _between(text: str, number: int) -> Iterator[_Clue]:
    """Clues of the lines between two objects."""
    below: _Block | None = None
    for here, line in enumerate(text.split("\n"), number):
        if below is not None:
            if below.takes(line):
                continue
            yield below.clue()
        below = _Block.opened(line.rstrip("\r"), here)
        if below is None:
            yield from _of_line(line, here)
    if below is not None:
        yield below.clue()


class _Block:
    """Lines that belong to the line above them: headers, or what a problem is made of."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._details: dict[str, Json] | None = None

    @classmethod
    def opened(cls, line: str, number: int) -> "_Block | None":
        """The block that a line opens."""
        draft = Draft(line=number, last=number)
        if line.endswith(_DETAILS):
            block = cls(draft)
            block._details = {}
            return block
        found = _signs.STATUS_LINE.fullmatch(line)
        if found:
            draft.status, draft.reason = int(found["status"]), found["reason"].strip()
        else:
            found = _signs.REQUEST_LINE.fullmatch(line)
            if not found:
                return None
            draft.method, draft.url = found["verb"], found["url"]
        draft.version = f"HTTP/{found['version']}"
        return cls(draft)

    def takes(self, line: str) -> bool:
        """Does the line belong to it?"""
        if self._details is not None:
            held = _DETAIL.fullmatch(line.rstrip("\r"))
            if held:
                self._details[held["name"]] = held["value"]
            return held is not None
        pair = _signs.header_of(line)
        if pair is None:
            return False
        if self._draft.method:
            self._draft.headers = (*self._draft.headers, pair)
        else:
            self._draft.answer_headers = (*self._draft.answer_headers, pair)
        return True

    def clue(self) -> _Clue:
        """What it says."""
        draft = self._draft
        if draft.method:
            draft.url = _signs.addressed(draft.url, draft.headers)
        if self._details:
            status = str(self._details.get("status", ""))
            if status.isdecimal() and len(status) == 3:  # noqa: PLR2004  # a status of HTTP
                draft.status = int(status)
                self._details["status"] = draft.status
            draft.answer_body = encoded(self._details)
        return _Clue(draft=draft, pair=bool(draft.method))


def _plain(line: int, **known: Any) -> _Clue:
    return _Clue(draft=Draft(line=line, last=line, **known))


def _of_line(line: str, number: int) -> Iterator[_Clue]:
    if not line or line.isspace():
        return
    if '{\\"' in line:
        yield from _escaped(line, number)
    told, fault = _signs.signs(line), fault_in(line)
    if told is None and fault is None:
        return
    draft = Draft(line=number, last=number, fault=fault, started_s=moment_in(line))
    if told is not None:
        draft.method, draft.url, draft.status = told.method, told.url, told.status
    if draft.status is not None and draft.status >= 400:  # noqa: PLR2004  # an answered error is no failed connection
        draft.fault = None
    yield _Clue(draft=draft, pair=told is not None and told.pair)


def _escaped(line: str, number: int) -> Iterator[_Clue]:
    """JSON inside a quoted text."""
    plain = unescaped(line)
    at = 0
    for found in scan(plain):
        label = plain[max(at, found.start - _LABEL) : found.start]
        yield from _of_object(found.value, label, number)
        at = found.end


def _of_object(value: Json, label: str, number: int) -> Iterator[_Clue]:
    draft = draft_of(value, number)
    if draft is not None and (draft.url or draft.status is not None):
        yield _Clue(draft=draft, alone=True, pair=bool(draft.method and draft.url))
        return
    fault = _broken(value)
    near = label.rsplit("\n", 1)[-1].strip() or label[-_LABEL:]
    if fault is not None:
        yield _plain(number, fault=fault)
    elif _HEADERS.search(near):
        yield _plain(number, headers=header_list(value))
    elif _is_request(value, near):
        yield _plain(number, body=encoded(value))
    elif answers(value):
        yield _plain(number, answer_body=encoded(value))


def _is_request(value: Json, label: str) -> bool:
    sent, came = _last(_SENT, label), _last(_CAME, label)
    if sent != came:
        return sent > came
    return not answers(value)


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((found.start() for found in pattern.finditer(text)), default=-1)


def _broken(value: Json) -> Fault | None:
    """A system's own error, printed as an object, or one inside it."""
    if not isinstance(value, dict):
        return None
    cause = value.get("cause")
    if breaks(value):
        words = [str(value.get(name, "")) for name in ("syscall", "code", "message", "address")]
        return fault_in(" ".join(word for word in words if word))
    return _broken(cause) if isinstance(cause, dict) and len(value) <= 2 else None  # noqa: PLR2004  # a cause and its message


# --- putting together -------------------------------------------------------------------------


class _Assembly:
    """Clues in, exchanges out."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self._open: Draft | None = None
        self._whole = False
        """An object that tells of a whole exchange is part of what is open."""

    def take(self, clue: _Clue) -> None:
        """A clue belongs to the exchange that is open, or opens another."""
        known, new = self._open, clue.draft
        again = clue.alone and self._whole
        if known is None or again or new.line - known.last > FAR or _differs(known, clue):
            self.flush()
            self._open, self._whole = new, clue.alone
            return
        self._whole = self._whole or clue.alone
        _join(known, new)

    def flush(self) -> None:
        """The open exchange is whole, if it says anything."""
        known, self._open = self._open, None
        if known is not None and (known.answered or (known.method and known.url)):
            self.drafts.append(known)


def _differs(known: Draft, clue: _Clue) -> bool:
    """Do the two speak of different exchanges?"""
    new = clue.draft
    if clue.pair and known.answered and known.url and not _same_call(known, clue):
        return True
    if new.url and known.url and not _same_address(known.url, new.url):
        return True
    told = known.answered and not clue.alone
    if new.body is not None and (told or known.body not in {None, new.body}):
        return True
    return _answers_differ(known, new)


def _same_call(known: Draft, clue: _Clue) -> bool:
    """The same line once more: as an exception repeats it, not as a retry does."""
    new = clue.draft
    if known.answer_body is not None and not clue.alone:
        return False  # an answer was told in full: this is the next call
    same = known.method in {"", new.method} and _same_address(known.url, new.url)
    return same and known.status in {None, new.status} and not _later(known, new)


def _answers_differ(known: Draft, new: Draft) -> bool:
    both = new.status is not None and known.status is not None
    if both and (known.status != new.status or _later(known, new)):
        return True
    if new.answer_body is not None:
        return known.answer_body not in {None, new.answer_body} or known.fault is not None
    if new.fault is None:
        return new.status is not None and known.fault is not None
    if known.fault is not None:
        return sharper(known.fault, new.fault) is None or _later(known, new)
    return known.status is not None or known.answer_body is not None


def _later(known: Draft, clue: Draft) -> bool:
    times = known.started_s, clue.started_s
    return times[0] is not None and times[1] is not None and times[1] - times[0] > _APART_S


def _same_address(one: str, other: str) -> bool:
    if one == other or not one or not other:
        return True
    short, long = sorted((one, other), key=len)
    return long.endswith(short) if short.startswith("/") else False


def _join(known: Draft, new: Draft) -> None:
    """Fill what is still empty."""
    known.last = max(known.last, new.last)
    for name in ("method", "headers", "reason", "answer_headers", "started_s", "duration_s"):
        if not getattr(known, name):
            setattr(known, name, getattr(new, name))
    for name in ("body", "status", "answer_body"):
        if getattr(known, name) is None:
            setattr(known, name, getattr(new, name))
    if len(new.url) > len(known.url):
        known.url = new.url
    if new.fault is not None:
        both = sharper(known.fault, new.fault) if known.fault else new.fault
        known.fault = both


def _by_code(text: str, first: int) -> list[Draft]:
    """The last resort: a code that somebody writes of, in the fewest words an answer can have."""
    made: dict[str, Draft] = {}
    lines = Lines(text, first)
    for found in _FIELD.finditer(text[: 1 << 20]):
        code = found["code"]
        body: dict[str, Json] = {"code": int(code) if code.isdecimal() else code}
        if found["text"]:
            body["msg"] = found["text"].strip(" .,;:-–—)(")
        line = lines.at(found.start())
        made.setdefault(code, Draft(line=line, last=line, answer_body=encoded(body)))
    return list(made.values())
