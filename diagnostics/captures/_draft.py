"""How do scattered facts become an exchange? Kept as they come, put together at the end."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from diagnostics.capture import Broken, Capture, Raw
from diagnostics.model import (
    Answer,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    Json,
    Request,
    Response,
    Text,
    Unsent,
    UnsentReason,
)
from diagnostics.redaction.values import is_placeholder

TEXT_MOST = 64 << 20
"""Characters of one text that are read; who has more can say which part matters."""
DRAFTS_MOST = 200_000
_CREDENTIAL = re.compile(
    r"(?:proxy-)?authorization|cookie|.*(?:api|access|auth|secret|private|client)[-_]?(?:key|token"
    r"|secret).*|x-[\w-]*(?:key|token|secret)|token|key|apikey",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?i)(bearer|basic|token|apikey|api-key|key|digest)\s+(\S.*)")
_SHORTEST = 6
"""A shorter word would be hidden wherever it stands, and stands everywhere."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """What is known so far of one exchange."""

    line: int = 0
    last: int = 0
    """The last line that added to it."""
    method: str = ""
    url: str = ""
    headers: Headers = ()
    body: bytes | None = None
    status: int | None = None
    reason: str = ""
    version: str = "HTTP/1.1"
    answer_headers: Headers = ()
    answer_body: bytes | None = None
    fault: Fault | None = None
    started_s: float | None = None
    duration_s: float = 0.0
    note: str = ""
    """Why it was not sent, where it was not."""

    @property
    def answered(self) -> bool:
        """Something came back, or it is known that nothing did."""
        return self.status is not None or self.answer_body is not None or self.fault is not None

    def exchange(self, source: str, position: int) -> Exchange:
        """The exchange as far as it is known."""
        request = Request(
            method=self.method, url=self.url, headers=self.headers, body=self.body or b""
        )
        return Exchange(
            request=request,
            answer=self._answer(),
            started_s=self.started_s or 0.0,
            duration_s=self.duration_s,
            position=position,
            source=source,
        )

    def _answer(self) -> Answer:
        if self.fault is not None and (self.status is None or self._cut()):
            return self._failed(self.fault)
        if self.status is None and self.answer_body is None:
            return Unsent(reason=UnsentReason.NOT_RECORDED, message=self.note)
        body = self.answer_body or b""
        return Response(
            status=self.status or 0,
            headers=self.answer_headers,
            body=body,
            reason=self.reason,
            http_version=self.version,
            size_bytes=len(body),
        )

    def _cut(self) -> bool:
        cut = {FaultKind.CUT_BODY, FaultKind.RESET, FaultKind.READ_TIMEOUT, FaultKind.PROTOCOL}
        return self.fault is not None and self.fault.kind in cut

    def _failed(self, fault: Fault) -> Fault:
        return Fault(
            kind=fault.kind,
            message=fault.message,
            may_have_arrived=fault.may_have_arrived,
            status=self.status,
            headers=self.answer_headers,
            body=self.answer_body or b"",
        )


@dataclass(slots=True, kw_only=True)
class Sheet:
    """What a reader fills while it reads: drafts, what broke, and the keys that stood there."""

    raw: Raw
    format: str
    drafts: list[tuple[str, Draft]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    creator: str = ""

    def add(self, place: str, draft: Draft) -> None:
        """One exchange at that place of the file."""
        if len(self.drafts) < DRAFTS_MOST:
            self.drafts.append((place, draft))

    def add_all(self, drafts: Iterable[Draft]) -> None:
        """Exchanges that know their lines."""
        for draft in drafts:
            self.add(f"line {draft.line}", draft)

    def spoilt(self, place: str, why: Text) -> None:
        """An entry that could not be read."""
        self.broken.append(Broken(place=f"{self.raw.name}: {place}", why=why))

    def secret(self, value: str, kind: str) -> None:
        """A key that stood in the file, unless it only stands for one."""
        plain = value.strip().strip("\"'")
        if len(plain) >= _SHORTEST and not is_placeholder(plain):
            self.secrets.setdefault(plain, kind)

    def capture(self) -> Capture:
        """What the file holds."""
        for _, draft in self.drafts:
            for name, value in draft.headers:
                self._credential(name, value)
            self._userinfo(draft.url)
        return Capture(
            name=self.raw.name,
            format=self.format,
            exchanges=[
                draft.exchange(f"{self.raw.name}: {place}", position)
                for position, (place, draft) in enumerate(self.drafts)
            ],
            broken=self.broken,
            creator=self.creator,
            recorded_s=next((d.started_s for _, d in self.drafts if d.started_s), None),
            secrets=tuple(self.secrets.items()),
        )

    def _credential(self, name: str, value: str) -> None:
        if not _CREDENTIAL.fullmatch(name):
            return
        found = _SCHEME.fullmatch(value.strip())
        kind = "cookie" if name.lower() == "cookie" else "api-key"
        self.secret(found[2] if found else value, kind)

    def _userinfo(self, url: str) -> None:
        if "@" in url:
            try:
                parts = urlsplit(url)
            except ValueError:
                return
            self.secret(parts.password or "", "password")


def opening(raw: Raw) -> str:
    """How a file begins, whatever its encoding."""
    return Raw(name=raw.name, data=raw.data[:8192]).text.lstrip()[:2000]


def encoded(value: Json) -> bytes:
    """A decoded body as bytes again: text as it is, anything else as JSON."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return b""
    return text.encode("utf-8", "backslashreplace")


def header_list(value: Json) -> Headers:
    """Header fields out of an object, a list of pairs or objects, or lines of text."""
    if isinstance(value, Mapping):
        return tuple(
            (str(name), _plain(one))
            for name, many in value.items()
            for one in (many if isinstance(many, list) else [many])
            if not isinstance(one, dict)
        )
    if isinstance(value, str):
        lines = (line.partition(":") for line in value.splitlines())
        return tuple((name.strip(), rest.strip()) for name, colon, rest in lines if colon and name)
    return _pairs(value) if isinstance(value, list) else ()


def _pairs(items: list[Json]) -> Headers:
    if items and all(isinstance(one, str) for one in items) and len(items) % 2 == 0:
        return tuple(zip(items[::2], items[1::2], strict=True))  # Node's `rawHeaders`
    found = []
    for one in items:
        if isinstance(one, list) and len(one) == 2:  # noqa: PLR2004  # a pair
            found.append((_plain(one[0]), _plain(one[1])))
        elif isinstance(one, dict) and "name" in one:
            found.append((_plain(one["name"]), _plain(one.get("value", ""))))
    return tuple(found)


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def text_of(sheet: Sheet) -> str:
    """The text of the file, cut (and that told) where it is too long to be read."""
    text = sheet.raw.text
    if len(text) <= TEXT_MOST:
        return text
    sheet.spoilt(
        f"after {TEXT_MOST:,} characters",
        Text(
            en="the rest was not read: cut out the part that matters",
            ru="остаток не прочитан: вырежьте важную часть",
        ),
    )
    return text[:TEXT_MOST]
