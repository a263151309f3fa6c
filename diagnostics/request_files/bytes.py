"""Are these bytes text at all? Reads a request file without trusting its size, kind or encoding."""

import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from diagnostics.errors import UsageError
from diagnostics.model import Text

SIZE_BYTES_MAX = 10 * 1024 * 1024
_LISTED_MAX = 3
_WORD_LENGTH = 2
_MOST = 0.8
_NAMES_MAX = 5000
_BOMS = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
"""UTF-32 first: its little-endian mark begins with UTF-16's."""
_WIDE = (
    (re.compile(rb'\0{3}[\s{\["]|[\s{\["]\0{3}'), "UTF-32"),
    (re.compile(rb'\0[\s{\["]|[\s{\["]\0'), "UTF-16"),
)
"""How JSON begins without such a mark."""
_UTF8_BOM = b"\xef\xbb\xbf"
_ASK = "check the name and the rights, or pipe the text in and give - instead"
_BOM = Text(
    en="the file begins with a byte order mark (BOM); it is skipped here, but other JSON readers "
    "stumble over it",
    ru="файл начинается с метки порядка байтов (BOM); здесь она пропущена, но другие программы "
    "на ней споткнутся",
)


# --- reading ----------------------------------------------------------------------------------


def of_stream(stream: BinaryIO, name: str) -> bytes:
    """Everything a pipe holds, unless it is too much."""
    try:
        data = stream.read(SIZE_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    if len(data) > SIZE_BYTES_MAX:
        raise _too_much(name, f"more than {_size(SIZE_BYTES_MAX)}")
    return data


def of_path(name: str) -> bytes:
    """The bytes of a file, after a look at what it is."""
    path = Path(name)
    try:
        _look(path, name)
        with path.open("rb") as stream:
            return of_stream(stream, name)
    except (OSError, ValueError) as error:
        raise _unreadable(path, name, error) from error


def _look(path: Path, name: str) -> None:
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{name} is a folder, not a file", place=name, hint=_inside(path))
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(
            f"{name} is a {_kind(found.st_mode)}, not a file",
            place=name,
            hint="pipe it in and give - instead of a file",
        )
    if found.st_size > SIZE_BYTES_MAX:
        raise _too_much(name, _size(found.st_size))


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "socket" if stat.S_ISSOCK(mode) else "device"


def _too_much(name: str, size: str) -> UsageError:
    return UsageError(
        f"{name} holds {size}: that is no request body",
        place=name,
        hint="a body holds parameters and addresses of files; upload the files and give their URLs",
    )


def _size(count: int) -> str:
    return f"{count / 1_000_000:.0f} MB"


def _unreadable(path: Path, name: str, error: Exception) -> UsageError:
    if name.lstrip()[:1] in {"{", "["}:
        return UsageError(
            "this looks like the JSON itself; the name of a file is due",
            hint="save it to a file, or pipe it in and give - instead",
        )
    why = error.strerror if isinstance(error, OSError) else str(error)
    near = _near(path) if isinstance(error, FileNotFoundError) else None
    return UsageError(f"cannot read {name}: {why}", place=name, hint=near or _ASK)


def _near(path: Path) -> str | None:
    names = _names(path.parent)
    if names is None:
        return f"there is no folder {path.parent}"
    found = get_close_matches(path.name, names, n=_LISTED_MAX, cutoff=0.6)
    found = found or [name for name in names if name.lower() == path.name.lower()]
    return f"nearest: {', '.join(str(path.with_name(name)) for name in found)}" if found else None


def _inside(path: Path) -> str | None:
    found = [name for name in _names(path) or () if name.endswith(".json")][:_LISTED_MAX]
    return f"in it: {', '.join(found)}" if found else None


def _names(folder: Path) -> list[str] | None:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for _, entry in zip(range(_NAMES_MAX), entries, strict=False))
    except OSError:
        return None


# --- decoding ---------------------------------------------------------------------------------


def text_of(data: bytes, name: str) -> tuple[str, tuple[Text, ...]]:
    """The text of a file in UTF-8, and what is odd about it."""
    notes = (_BOM,) if data.startswith(_UTF8_BOM) else ()
    bare = data.removeprefix(_UTF8_BOM)
    if not bare.strip():
        raise UsageError(f"{name} is empty", place=name, hint="it should hold a JSON object, {…}")
    _refuse_other_unicode(bare, name)
    _refuse_binary(bare, name)
    try:
        return bare.decode("utf-8"), notes
    except UnicodeDecodeError as error:
        raise _not_utf8(bare, error.start, name) from None


def _refuse_other_unicode(data: bytes, name: str) -> None:
    encoding = next((found for mark, found in _BOMS if data.startswith(mark)), None)
    if encoding is None and b"\0" in data[:4]:
        encoding = next((found for wide, found in _WIDE if wide.match(data)), None)
    if encoding is not None:
        raise UsageError(
            f"{name} is written in {encoding}; JSON travels in UTF-8",
            place=f"{name}:1:1",
            hint=f"save it as UTF-8: iconv -f {encoding} -t UTF-8 FILE",
        )


def _refuse_binary(data: bytes, name: str) -> None:
    at = data.find(b"\0")
    if at < 0 and data[:2] not in {b"\x1f\x8b", b"\xff\xd8"}:
        return
    from diagnostics.inspection.sniff import sniff  # noqa: PLC0415  # only on the way to an error

    kind = sniff(data)
    if kind not in {"unknown", "json", "text"}:
        raise UsageError(
            f"{name} is a {kind} file, not a JSON request body",
            place=name,
            hint="a body names files by their public addresses",
        )
    raise UsageError(
        f"{name} holds a NUL byte: it is no text",
        place=_place(name, data, max(at, 0)),
        hint="write it again as plain UTF-8 text",
    )


def _not_utf8(data: bytes, at: int, name: str) -> UsageError:
    guess = _guess(data)
    fix = "save it as UTF-8" + (f": iconv -f {guess[0]} -t UTF-8 FILE" if guess else "")
    reads = f"; it reads as {guess[1]}" if guess else ""
    return UsageError(
        f"{name} is not UTF-8: byte 0x{data[at]:02x} cannot stand there{reads}",
        place=_place(name, data, at),
        hint=fix,
    )


def _guess(data: bytes) -> tuple[str, str] | None:
    """The old encoding in which the letters beyond ASCII make sense; None if unsure.

    Cyrillic words are made of such letters altogether, western words have one here and there.
    """
    high = re.findall(rb"[\x80-\xff]+", data[:65536])
    letters = b"".join(high)
    cyrillic = sum("А" <= c <= "я" or c in "Ёё" for c in letters.decode("cp1251", "replace"))
    if len(letters) >= _WORD_LENGTH * len(high) and cyrillic >= _MOST * len(letters):
        return "CP1251", "Windows-1251 (Cyrillic)"
    western = sum(c.isalpha() or c in "°©®«»¿¡" for c in letters.decode("latin-1"))
    return ("ISO-8859-1", "Latin-1") if western == len(letters) else None


def _place(name: str, data: bytes, at: int) -> str:
    """Line and column (in characters) of a byte."""
    before = data[:at]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    return f"{name}:{line}:{column}"
