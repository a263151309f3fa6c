"""Where does a large body stand? In a file of its own beside the tape, under its own hash."""

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Self

from diagnostics.errors import UsageError
from diagnostics.redaction.disk import unwritable

FOLDER = "blobs"
BLOB_BYTES = 64 * 1024
"""A longer body stands beside the tape, not on it."""
PART_BYTES = 256 * 1024

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A body that stands beside the tape: its hash and its size."""

    name: str
    size_bytes: int


class BlobWriter:
    """Takes a body part by part, each gated already; it stands there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._hash, self._size = sha256(), 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, self._beside = tempfile.mkstemp(dir=self._folder, prefix=".blob.")
        except OSError as error:
            raise unwritable(self._folder / "blob", error) from error
        self._file: BinaryIO = os.fdopen(handle, "wb")

    def write(self, part: bytes) -> None:
        """The next bytes."""
        self._hash.update(part)
        self._size += len(part)
        try:
            self._file.write(part)
        except OSError as error:
            self.discard()
            raise unwritable(self._folder / "blob", error) from error

    def finish(self) -> Blob:
        """Give it its name."""
        blob = Blob(name=self._hash.hexdigest(), size_bytes=self._size)
        try:
            self._file.close()
            Path(self._beside).replace(self._folder / blob.name)
        except OSError as error:
            self.discard()
            raise unwritable(self._folder / blob.name, error) from error
        return blob

    def discard(self) -> None:
        """It is not wanted after all."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            Path(self._beside).unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.discard()  # nothing is left to discard once it has its name


def blob_path(home: Path, name: object) -> Path:
    """Where that body should stand. Raises ValueError for what is no hash."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError("not the hash of a body")
    return home / FOLDER / name


def open_plain(path: Path, *, links: bool = False) -> BufferedReader:
    """Open a regular file and nothing else: a pipe would hang, a link lead out of the folder."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags if links else flags | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "not a regular file", str(path))
    return os.fdopen(handle, "rb")


def parts_of(path: Path) -> Iterator[bytes]:
    """The body, part by part."""
    try:
        with open_plain(path) as file:
            while part := file.read(PART_BYTES):
                yield part
    except OSError as error:
        raise UsageError(
            f"a body of the tape cannot be read: {error.strerror}",
            place=str(path),
            hint="copy the run's folder whole, with its blobs",
        ) from error


def head_of(path: Path, limit: int) -> bytes | None:
    """Its first bytes; None where the file is missing."""
    try:
        with open_plain(path) as file:
            return file.read(limit)
    except OSError:
        return None
