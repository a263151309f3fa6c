"""What did curl say while it worked? Transcripts of `curl -v` and `curl --trace-ascii`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from diagnostics.capture import Capture, Raw, Reader
from diagnostics.captures._curl_words import asked
from diagnostics.captures._draft import Draft, Sheet, text_of
from diagnostics.captures._faults import fault_in, sharper
from diagnostics.captures._objects import Lines, scan
from diagnostics.captures._shell import Command, commands
from diagnostics.captures._signs import REQUEST_LINE, STATUS_LINE, addressed, header_of
from diagnostics.captures._times import moment_in
from diagnostics.captures.answer import headed
from diagnostics.errors import UsageError
from diagnostics.model import Fault, Text

LOOKED_AT = 1 << 18
_KNOWN = re.compile(
    r"(?m)^(?:[^\n]{0,90}--:--:-- +[\d.]+[kMGTP]?)?(?:"
    r"> (?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/|< HTTP/\d|=> Send header|== Info: "
    r"|\* +(?:Trying |Connected to |Could not resolve |Host \S+ was resolved|Failed to connect )"
    r"|\* (?:\[HTTP/\d\]|h2h3|h2) )"
)
_METER = re.compile(r"^[ \r\d.kMGTP:-]{20,90}--:--:-- +[\d.]+[kMGTP]?(?=[*=<>{} \r]|$)")
_METER_TURN = re.compile(r"[ \r\d.kMGTP:-]{20,90}--:--:-- +[\d.]+[kMGTP]?\r")
_METER_HEAD = re.compile(r"\s*(?:% Total\b|Dload\b).*")
_DATA = re.compile(r"[{}] \[\d+ bytes data\]")
_GLUED = re.compile(
    r"(?<=.)(?=(?:\* |== Info: )(?:Connection #|Closing connection|transfer closed))"
)
_SECTION = re.compile(r"(?P<way>=>|<=) (?P<side>Send|Recv) (?P<what>header|data|SSL data),? .*")
_TRACED = re.compile(r"[0-9a-f]{4,8}: (?P<text>.*)")
_PSEUDO = re.compile(
    r"\[?(?:HTTP/\d\]|h2h3|h2) (?:\[\d+\] )?\[:(?P<name>\w+): ?(?P<value>[^\]]*)\]"
)
_OPENED = re.compile(r"OPENED stream for (?P<url>https?://\S+)")
_CONNECTED = re.compile(r"Connected to (?P<host>[\w.-]+) \([^)]*\) port (?P<port>\d+)")
_ANOTHER = re.compile(r"Issue another request to this URL: '?(?P<url>[^'\s]+)")
_LOST = re.compile(
    r"(?:resolve host:|Failed to connect to|connect to) (?P<host>[\w-]+(?:\.[\w-]+)+)"
    r"(?: port (?P<port>\d+))?"
)
_SECURE = re.compile(r"TLS|ALPN|SSL|schannel", re.IGNORECASE)


def recognises(raw: Raw) -> bool:
    """A line that only curl writes, near the beginning."""
    return bool(_KNOWN.search(Raw(name=raw.name, data=raw.data[:LOOKED_AT]).text))


def read(raw: Raw) -> Capture:
    """The requests, in order, with what came of each."""
    sheet = Sheet(raw=raw, format="curl-verbose", creator="curl")
    transcript = _Transcript()
    for number, line in _lines(text_of(sheet)):
        transcript.take(line, number)
    sheet.add_all(transcript.drafts())
    for value, kind in transcript.secrets:
        sheet.secret(value, kind)
    if not sheet.drafts:
        raise UsageError(
            "curl tells of no request here",
            place=raw.name,
            hint="include the lines that begin with > and < and the last line of curl",
        )
    return sheet.capture()


def _lines(text: str) -> Iterator[tuple[int, str | Command]]:
    """The lines, without the meter; a command that was typed comes as itself."""
    lines, at = Lines(text), 0
    for command in commands(text):
        yield from _plain(text[at : command.start], lines.at(at))
        yield lines.at(command.start), command
        at = command.end
    yield from _plain(text[at:], lines.at(at))


def _plain(text: str, first: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), first):
        for part in _GLUED.split(_METER_TURN.sub("", line).rstrip("\r")):
            plain = _METER.sub("", part)
            if not _METER_HEAD.fullmatch(plain):
                yield number, plain


@dataclass(slots=True)
class _Seen:
    """What the notes have said of the connection so far."""

    host: str = ""
    port: str = ""
    secure: bool = False
    url: str = ""
    pseudo: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None


class _Transcript:
    """Lines in, exchanges out."""

    def __init__(self) -> None:
        self._drafts: list[Draft] = []
        self._texts: dict[int, list[str]] = {}
        self._seen = _Seen()
        self._about: _Seen | None = None
        self._typed: list[Draft] = []
        self._section = ""
        self._early: list[str] = []
        self.secrets: list[tuple[str, str]] = []

    def take(self, line: str | Command, number: int) -> None:
        """One line."""
        if isinstance(line, Command):
            self._command(line, number)
        elif line.startswith("curl: ("):
            self._failed(fault_in(line), number, line)
        elif found := _SECTION.fullmatch(line):
            self._section = f"{found['side']} {found['what']}"
        elif line.startswith(("* ", "== Info: ")):
            self._section = ""
            self._note(line.removeprefix("== Info:").removeprefix("*").strip())
        elif self._section and (found := _TRACED.fullmatch(line)):
            self._traced(found["text"], number)
        elif line[:2] in {"> ", "< ", ">", "<"}:
            self._head(line[1:].strip(), number, sent=line[0] == ">")
        elif not _DATA.fullmatch(line):
            self._text(line)

    def _command(self, command: Command, number: int) -> None:
        made = asked(command)
        self.secrets += made.secrets
        self._finish(number)
        self._typed = [draft for draft in made.drafts if draft.url]
        self._seen = _Seen()
        for draft in self._typed:
            draft.line = draft.last = number

    def _traced(self, text: str, number: int) -> None:
        if self._section.endswith("header"):
            self._head(text, number, sent=self._section.startswith("Send"))
        elif self._section == "Send data" and self._drafts:
            self._drafts[-1].body = (self._drafts[-1].body or b"") + text.encode("utf-8", "replace")
        elif self._section == "Recv data" and self._drafts:
            self._texts.setdefault(len(self._drafts) - 1, []).append(text)

    def _head(self, text: str, number: int, *, sent: bool) -> None:
        if sent and (found := REQUEST_LINE.fullmatch(text)):
            self._begin(found, number)
        elif not self._drafts:
            return
        elif not sent and (found := STATUS_LINE.fullmatch(text)):
            draft = self._drafts[-1]
            draft.status, draft.reason = int(found["status"]), found["reason"].strip()
            draft.version, draft.answer_headers = f"HTTP/{found['version']}", ()
        elif pair := header_of(text):
            draft = self._drafts[-1]
            if sent:
                draft.headers = (*draft.headers, pair)
            else:
                draft.answer_headers = (*draft.answer_headers, pair)
                draft.started_s = draft.started_s or _date(pair)

    def _note(self, note: str) -> None:
        seen = self._seen
        seen.secure = seen.secure or bool(_SECURE.search(note))
        if found := _CONNECTED.search(note):
            seen.host, seen.port, seen.fault = found["host"], found["port"], None
        elif found := _OPENED.search(note) or _ANOTHER.search(note):
            seen.url = found["url"]
        elif found := _PSEUDO.match(note):
            seen.pseudo[found["name"]] = found["value"]
        elif fault := fault_in(note):
            known = seen.fault
            seen.fault = (sharper(known, fault) or fault) if known else fault
            self._lost(note)

    def _failed(self, fault: Fault | None, number: int, line: str) -> None:
        """Curl's last word: the failure with its number."""
        self._lost(line)
        known = self._seen.fault
        self._seen.fault = (sharper(known, fault) or fault) if known and fault else fault or known
        self._finish(number)

    def _lost(self, line: str) -> None:
        """Which host could not be reached."""
        found = _LOST.search(line)
        if found and not self._seen.host:
            self._seen.host, self._seen.port = found["host"], found["port"] or ""

    def _text(self, line: str) -> None:
        draft = self._drafts[-1] if self._drafts else None
        if draft is not None and line.startswith("| ") and self._about is not None:
            draft.body = (draft.body or b"") + f"{line[2:]}\n".encode("utf-8", "surrogateescape")
        elif draft is not None and draft.status is not None:
            self._texts.setdefault(len(self._drafts) - 1, []).append(line)
        elif line.strip():
            self._early.append(line)

    def _begin(self, found: re.Match[str], number: int) -> None:
        """A request line: what was noted until now is about this request."""
        self._finish(number, begins=True)
        draft = Draft(line=number, last=number, method=found["verb"], url=found["url"])
        draft.version = f"HTTP/{found['version']}"
        self._drafts.append(draft)
        self._about, self._seen = self._seen, self._fresh()
        self._about.fault = None

    def _fresh(self) -> _Seen:
        seen = self._seen
        return _Seen(host=seen.host, port=seen.port, secure=seen.secure)

    def _finish(self, number: int, *, begins: bool = False) -> None:
        """A request ends where the next begins, or where curl gives up."""
        seen, draft = self._seen, self._drafts[-1] if self._drafts else None
        if draft is not None and self._about is not None:
            self._address(draft, self._about)
            draft.fault, self._about = seen.fault, None
            seen.fault = None
        elif not begins and (seen.fault is not None or seen.pseudo):
            draft = self._typed.pop(0) if self._typed else Draft(line=number, last=number)
            draft.url = draft.url or _guessed(seen, "/")
            draft.method = draft.method or seen.pseudo.get("method", "")
            draft.fault = seen.fault
            self._drafts.append(draft)
            self._seen = self._fresh()

    def _address(self, draft: Draft, about: _Seen) -> None:
        """From path to address, by what was typed, opened, connected to, or stands in `Host`."""
        typed = self._typed.pop(0) if self._typed else None
        if typed is not None and draft.body is None:
            draft.body = typed.body
        if typed is not None and typed.url.partition("?")[0].endswith(draft.url.partition("?")[0]):
            draft.url = typed.url
        elif about.url.endswith(draft.url):
            draft.url = about.url
        else:
            draft.url = addressed(_guessed(about, draft.url), draft.headers)

    def drafts(self) -> list[Draft]:
        """Everything, bodies put where they belong."""
        last = self._drafts[-1].last if self._drafts else 1
        self._finish(last)
        for place, lines in self._texts.items():
            _body(self._drafts[place], "\n".join(lines).strip())
        waiting = [draft for draft in self._drafts if draft.status is not None]
        if waiting and not waiting[-1].answer_body:
            _body(waiting[-1], "\n".join(self._early).strip())
        return [draft for draft in self._drafts if draft.url or draft.fault]


def _guessed(seen: _Seen, path: str) -> str:
    """The address as far as the notes tell it."""
    host = seen.pseudo.get("authority") or seen.host
    path = seen.pseudo.get("path", path)
    if not host:
        return path
    port = "" if seen.port in {"", "80", "443"} or ":" in host else f":{seen.port}"
    secure = seen.secure or seen.port in {"", "443"}
    return f"{'https' if secure else 'http'}://{host}{port}{path}"


def _date(pair: tuple[str, str]) -> float | None:
    return moment_in(pair[1]) if pair[0].lower() == "date" else None


def _body(draft: Draft, text: str) -> None:
    """The body among what was printed: without the head that `-i` repeats or `-w`'s last words."""
    if not text:
        return
    if STATUS_LINE.match(text[:300]):
        draft.answer_body = headed(text).answer_body
        return
    first = next(scan(text[: 1 << 20]), None) if text[0] == "{" else None
    whole = first is not None and first.start == 0
    part = text[: first.end] if first is not None and whole else text
    draft.answer_body = part.encode("utf-8", "surrogateescape")


READER = Reader(
    format="curl-verbose",
    title=Text(en="a transcript of `curl -v`", ru="протокол `curl -v`"),
    order=70,
    recognises=recognises,
    read=read,
)
