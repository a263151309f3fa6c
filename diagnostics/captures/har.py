"""What does a HAR hold of a provider? Reads 1.1 and 1.2 of any tool, torn or odd as it may be.

Of a browser's thousands of entries only those become exchanges that go to an address of some
contract, and those whose address such an exchange names: its inputs and its results.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from urllib.parse import urljoin

from diagnostics.capture import Broken, Capture, Raw, Reader
from diagnostics.captures import _har_scan
from diagnostics.captures._har_entry import Around, Unreadable, asked, exchange
from diagnostics.captures._har_ours import Ours, ours, restored
from diagnostics.captures._har_scan import Piece
from diagnostics.errors import UsageError
from diagnostics.model import Exchange, Fault, Json, Response, Text
from diagnostics.triaging.addresses import Addresses, addresses, host_of
from diagnostics.vcr.encoded import Unpacker

TORN = Text(
    en="the file ends in the middle of it",
    ru="файл обрывается на середине записи",
)
NOT_JSON = Text(en="it is not a readable JSON object", ru="это не читаемый объект JSON")
BROKEN_MOST = 1_000
"""So many broken entries are named; the others are the same again."""
MENTIONS_MOST = 20_000
ATTACHED_MOST = 64 * 2**20
UNPACKED_MOST = 64 * 2**20
"""Of all compressed bodies that matter together: answers in JSON, not films."""

_MENTION = re.compile(rb"https?://[^\s\"'<>\\^`{|}]{4,4000}")
_LOG = re.compile(rb'"log"\s*:\s*\{|^\{\s*"entries"\s*:\s*\[')
_HAR_WORDS = re.compile(rb'"(?:creator|entries|startedDateTime|pages)"\s*:')


def recognises(raw: Raw) -> bool:
    """A `log` with the words that every HAR begins with."""
    head = _as_utf8(raw).removeprefix(b"\xef\xbb\xbf")[:65536].lstrip()
    if not head.startswith(b"{"):
        return False
    return _LOG.search(head[:4096]) is not None and _HAR_WORDS.search(head) is not None


def read(raw: Raw) -> Capture:
    """Everything in it that a provider may have to do with."""
    data = _as_utf8(raw)
    if not _har_scan.has_entries(data):
        raise UsageError(
            "a HAR without a list of entries",
            place=raw.name,
            hint="export it again: the file may have been cut before its first entry",
        )
    known = ours(data)
    reading = _Reading(raw=raw, data=data, known=addresses(), ours=known)
    found = reading.whole()
    if known is not None:
        found = sorted([*found, *known.unsent], key=lambda one: one.position)
    return Capture(
        name=raw.name,
        format="har",
        exchanges=[replace(one, position=n) for n, one in enumerate(found)],
        broken=tuple(reading.broken),
        creator=_har_scan.creator(data),
        case=known.case if known else None,
        recorded_s=min((one.started_s for one in found if one.started_s), default=None),
        elsewhere=dict(reading.elsewhere.most_common()),
    )


def _as_utf8(raw: Raw) -> bytes:
    """Windows tools write UTF-16."""
    if raw.data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.text.encode("utf-8", "surrogatepass")
    return raw.data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Later:
    """An entry that may yet turn out to be an input or a result."""

    piece: Piece
    url: str


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over the entries, and a second look at those that the first one made matter."""

    raw: Raw
    data: bytes
    known: Addresses
    ours: Ours | None = None
    broken: list[Broken] = field(default_factory=list)
    elsewhere: Counter[str] = field(default_factory=Counter)
    _later: list[_Later] = field(default_factory=list)
    _found: dict[int, Exchange] = field(default_factory=dict)
    _around: Around = field(init=False)

    def __post_init__(self) -> None:
        self._around = Around(attached=self._attached, unpacker=Unpacker(UNPACKED_MOST))

    def whole(self) -> list[Exchange]:
        """The exchanges that matter, in the order of the file."""
        for piece in _har_scan.pieces(self.data):
            self._first_look(piece)
        if self._later:
            self._second_look(set(_mentions(self._found.values())))
        return [self._found[number] for number in sorted(self._found)]

    def _first_look(self, piece: Piece) -> None:
        if piece.value is None:
            self._broken(piece, TORN if piece.torn else NOT_JSON)
            return
        try:
            method, url = asked(piece.value)
        except Unreadable as error:
            self._broken(piece, error.why)
            return
        if self.ours is not None or self.known.places(method, url):
            self._take(piece, piece.value)
        else:
            self._later.append(_Later(piece=replace(piece, value=None), url=url))

    def _second_look(self, wanted: set[str]) -> None:
        for later in self._later:
            if later.url not in wanted:
                self.elsewhere[host_of(later.url) or _scheme(later.url)] += 1
                continue
            piece = later.piece
            self._take(piece, _har_scan.value_of(self.data, piece.start, piece.end) or {})
            one = self._found.get(piece.number)
            wanted.update(_onward(one) if one else ())

    def _take(self, piece: Piece, value: Mapping[str, Json]) -> None:
        source = f"{self.raw.name}: entry {piece.number}"
        try:
            found = exchange(value, source, self._around)
            self._found[piece.number] = restored(found, value) if self.ours else found
        except Unreadable as error:
            self._broken(piece, error.why)

    def _broken(self, piece: Piece, why: Text) -> None:
        if len(self.broken) < BROKEN_MOST:
            place = f"{self.raw.name}: entry {piece.number} (log.entries[{piece.number - 1}])"
            self.broken.append(Broken(place=place, why=why))

    def _attached(self, name: str) -> bytes | None:
        """Playwright may leave bodies beside the HAR, each in a file of its own."""
        home = self.raw.path.parent if self.raw.path is not None else None
        if home is None or PurePath(name).name != name or "\\" in name:
            return None
        try:
            path = home / name
            small = path.is_file() and path.stat().st_size <= ATTACHED_MOST
            return path.read_bytes() if small else None
        except (OSError, ValueError):
            return None


def _scheme(url: str) -> str:
    return f"{url.partition(':')[0][:20]}:"


def _mentions(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Every address that a call or its answer names."""
    left = MENTIONS_MOST
    for one in exchanges:
        answer = one.answer
        bodies = [one.request.body]
        if isinstance(answer, Response | Fault):
            bodies.append(answer.body)
        for body in bodies:
            plain = body.replace(rb"\/", b"/").replace(rb"\u0026", b"&")
            for found in _MENTION.finditer(plain):
                yield found[0].decode("utf-8", "replace").partition("#")[0]
                left -= 1
                if not left:
                    return


def _onward(one: Exchange) -> Iterator[str]:
    """Where a redirect leads: the file stands there."""
    location = one.response.header("location") if one.response else None
    if location:
        try:
            yield urljoin(one.request.url, location)
        except ValueError:
            return


READER = Reader(
    format="har",
    title=Text(
        en="HAR of a browser or a proxy",
        ru="HAR из браузера или прокси",
    ),
    order=30,
    recognises=recognises,
    read=read,
)
