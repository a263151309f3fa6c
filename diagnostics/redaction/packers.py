"""Where do the clean copies of members go? Into a ZIP, a tar or a folder, with names only."""

import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from diagnostics.redaction.kinds import Kind
from diagnostics.redaction.members import Member

_PLAIN, _EXECUTABLE = 0o644, 0o755
_SECONDS_MOST = 1 << 33


class Packer(Protocol):
    """Takes clean members one after another."""

    def add(self, member: Member, name: str, data: bytes) -> None:
        """One member under its clean name."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class NoPacker:
    """Nothing is written: members are only looked at."""

    def add(self, member: Member, name: str, data: bytes) -> None:
        """Let it go."""

    def close(self) -> None:
        """There is nothing to end."""


class ZipPacker:
    """A ZIP without comments, owners and extra fields."""

    def __init__(self, into: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED)

    def add(self, member: Member, name: str, data: bytes) -> None:
        """Its time stays, to two seconds, as ZIPs have it."""
        info = zipfile.ZipInfo(name, member.moment)
        info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
        info.external_attr = (0o100000 | _mode(member)) << 16
        self._zip.writestr(info, data)

    def close(self) -> None:
        """Write its list of members."""
        self._zip.close()


class TarPacker:
    """A tar without owners, packed as the original was."""

    def __init__(self, into: BinaryIO, packing: Kind) -> None:
        self._beneath = packed(into, packing)
        self._tar = tarfile.open(fileobj=self._beneath, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115  # closed by `close`

    def add(self, member: Member, name: str, data: bytes) -> None:
        """Whose it was is left out."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), _mode(member)
        info.mtime = int(member.when_s) if 0 <= member.when_s < _SECONDS_MOST else 0
        self._tar.addfile(info, io.BytesIO(data))

    def close(self) -> None:
        """Write its end."""
        self._tar.close()
        if isinstance(self._beneath, gzip.GzipFile | bz2.BZ2File):
            self._beneath.close()


class FolderPacker:
    """A folder on disk; `write` is the gate's, which writes whole or not at all."""

    def __init__(self, folder: Path, write: Callable[[Path, bytes], None]) -> None:
        self._folder, self._write = folder, write

    def add(self, member: Member, name: str, data: bytes) -> None:
        """Under its clean name, below the folder."""
        path = self._folder / name
        self._write(path, data)
        if member.executable:
            with suppress(OSError):  # some file systems have no such mark
                path.chmod(path.stat().st_mode | 0o111)

    def close(self) -> None:
        """Every file is there already."""


def packed(into: BinaryIO, packing: Kind) -> BinaryIO:
    """The stream to write to so that it arrives packed; no name and no time in its head."""
    if packing is Kind.GZIP:
        return cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=into, mtime=0))
    return cast("BinaryIO", bz2.BZ2File(into, "wb")) if packing is Kind.BZIP else into


def _mode(member: Member) -> int:
    return _EXECUTABLE if member.executable else _PLAIN
