"""What does somebody's file hold? Exchanges, what of it could not be read, and what it is."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from diagnostics.errors import UsageError
from diagnostics.model import Case, Exchange, Origin, Text

BYTES_MOST = 1 << 30
"""Of one file. More is cut into parts by whoever made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A file as it was given: its name (as the user may see it) and its bytes."""

    name: str
    data: bytes
    path: Path | None = None
    """Where it stands on this disk; None for standard input and members of an archive."""

    @property
    def text(self) -> str:
        """As text, whatever its byte-order mark; what is no text survives as surrogates."""
        for mark, encoding in _MARKS:
            if self.data.startswith(mark):
                return self.data[len(mark) :].decode(encoding, "replace")
        return self.data.decode("utf-8", "surrogateescape")

    @property
    def head(self) -> bytes:
        """Its first bytes without a byte-order mark: enough to see what it is."""
        return self.data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()


_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One entry that could not be read: where it stands, and why. Never fatal."""

    place: str
    why: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What one file holds. Exchanges are as they stood in it: nothing is gated yet.

    Each exchange has its `source` (`capture.har: entry 17`, `log.txt: line 3`), `started_s` where
    the file tells it (else 0.0), and no operation, scenario or conversation: what it was about is
    found out later, by the contracts. `position` is its place in `exchanges`.
    """

    name: str
    format: str
    """What kind of file: `har`, `vcr`, `curl`, `curl-verbose`, `log`, `text`, `answer`, `tape` …"""
    exchanges: Sequence[Exchange] = ()
    broken: Sequence[Broken] = ()
    creator: str = ""
    """The tool that wrote it, as it calls itself: `WebInspector 537.36`, `mitmproxy 11.0`."""
    case: Case | None = None
    """Of our own recordings."""
    origin: Origin = Origin.IMPORTED
    recorded_s: float | None = None
    """When it was made, in seconds since the epoch, if the file says so."""
    secrets: Sequence[tuple[str, str]] = field(default=(), repr=False)
    """(value, kind) of keys that stood in it: to be registered with the gate before anything."""
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """By host, how many entries were left out because no provider we know is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One format. Readers are asked in `order`; the first that recognises a file reads it.

    `recognises` looks at the head (or, cheaply, at more) and never raises. `read` never raises
    anything but `UsageError` (with place and hint), and that only if nothing at all can be read.
    """

    format: str
    title: Text
    order: int
    recognises: Callable[[Raw], bool]
    read: Callable[[Raw], Capture]


_PLACES = {"entry": "запись", "interaction": "запись", "item": "элемент", "line": "строка"}
_PLACE = re.compile(rf"\b({'|'.join(_PLACES)})(?= \d)")


def place_in(language: str, source: str) -> str:
    """Where something stands in a file (`capture.har: entry 17`), in the reader's language."""
    if language != "ru":
        return source
    file, colon, place = source.rpartition(": ")
    return file + colon + _PLACE.sub(lambda found: _PLACES[found[1]], place)


@lru_cache(maxsize=1)
def readers() -> tuple[Reader, ...]:
    """Every reader there is, in the order in which they are asked."""
    from diagnostics import captures  # noqa: PLC0415  # only who reads captures

    names = [one.name for one in iter_modules(captures.__path__) if not one.name.startswith("_")]
    found = [import_module(f"{captures.__name__}.{name}") for name in names]
    return tuple(sorted((m.READER for m in found), key=lambda reader: reader.order))


def read(path: Path) -> Capture:
    """What a file holds; raises `UsageError` when no reader can make anything of it."""
    return read_raw(raw_of(path))


def raw_of(path: Path) -> Raw:
    """The file, unread; `UsageError` where it cannot be had."""
    try:
        if path.stat().st_size > BYTES_MOST:
            raise UsageError(
                "larger than 1 GB", place=str(path), hint="export only the calls that matter"
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read {path.name}: {getattr(error, 'strerror', None) or error}",
            place=str(path),
            hint="check the path and your rights to read it",
        ) from error
    return Raw(name=path.name, data=data, path=path)


def read_raw(raw: Raw) -> Capture:
    """As `read`, of bytes that came another way (standard input, a member of an archive)."""
    reader = next(_willing(raw), None)
    if reader is None:
        raise UsageError(
            "nothing here looks like an exchange with a provider",
            place=raw.name,
            hint=f"known are: {', '.join(one.format for one in readers())}",
        )
    return reader.read(raw)


def _willing(raw: Raw) -> Iterator[Reader]:
    return (reader for reader in readers() if reader.recognises(raw))
