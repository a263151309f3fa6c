"""Which calls do these commands make? `curl`, HTTPie, PowerShell; with their output, if given."""

from diagnostics.capture import Capture, Raw, Reader
from diagnostics.captures import _prose
from diagnostics.captures._curl_words import asked
from diagnostics.captures._draft import Draft, Sheet, text_of
from diagnostics.captures._objects import Lines
from diagnostics.captures._shell import commands
from diagnostics.errors import UsageError
from diagnostics.model import Text

LOOKED_AT = 1 << 18
_NO_ADDRESS = Text(en="the command names no address", ru="в команде нет адреса")


def recognises(raw: Raw) -> bool:
    """A line near the beginning that starts with such a command."""
    if b"\0" in raw.data[:200] and raw.data[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        return False
    sample = Raw(name=raw.name, data=raw.data[:LOOKED_AT]).text
    if sample.lstrip()[:1] in {"{", "["}:
        return False
    return any(one.urls for command in commands(sample) for one in [_Named(asked(command).drafts)])


class _Named:
    """Drafts that say where they go."""

    def __init__(self, drafts: list[Draft]) -> None:
        self.urls = [draft.url for draft in drafts if "." in draft.url or "://" in draft.url]


def read(raw: Raw) -> Capture:
    """Each command a request; what stands below it, its answer."""
    sheet = Sheet(raw=raw, format="curl")
    text = text_of(sheet)
    lines, at = Lines(text), 0
    last: list[Draft] = []
    for command in commands(text):
        _below(sheet, text[at : command.start], lines.at(at), last)
        line = lines.at(command.start)
        made = asked(command)
        last = made.drafts
        for value, kind in made.secrets:
            sheet.secret(value, kind)
        if not last:
            sheet.spoilt(f"line {line}", _NO_ADDRESS)
        for draft in last:
            draft.line = draft.last = line
            sheet.add(f"line {line}", draft)
        at = command.end
    _below(sheet, text[at:], lines.at(at), last)
    if not sheet.drafts:
        raise UsageError(
            "no command here names an address",
            place=raw.name,
            hint="give the whole command, as it was typed: curl -X POST https://…",
        )
    return sheet.capture()


def _below(sheet: Sheet, text: str, first: int, last: list[Draft]) -> None:
    """The output of the commands above: the first answer is theirs, others stand for themselves."""
    if not text.strip():
        return
    waiting = [draft for draft in last if not draft.answered]
    for found in _prose.drafts(text, first):
        if waiting and found.answered and found.url in {"", waiting[0].url}:
            _answer(waiting.pop(0), found)
        elif found.answered or found.body is not None:
            sheet.add(f"line {found.line}", found)


def _answer(draft: Draft, found: Draft) -> None:
    for name in ("status", "reason", "version", "answer_headers", "answer_body", "fault"):
        setattr(draft, name, getattr(found, name))
    draft.started_s = draft.started_s or found.started_s


READER = Reader(
    format="curl",
    title=Text(
        en="commands of curl, HTTPie or PowerShell", ru="команды curl, HTTPie или PowerShell"
    ),
    order=80,
    recognises=recognises,
    read=read,
)
