"""What stands in a folder or an archive? One member after another, none trusted, none unpacked."""

import bz2
import gzip
import os
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from diagnostics.redaction.budget import STEP_BYTES, Bounded, Budget, WithheldError
from diagnostics.redaction.files import SIZE_MOST
from diagnostics.redaction.kinds import Kind
from diagnostics.redaction.outcome import Reason

RATIO_MOST, RATIO_FROM = 250, 64 << 20
_LIST_BYTES_MOST = 16 << 20
"""Of the list of members of a ZIP: read as a whole before the first member."""
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_DRIVE = re.compile(r"[A-Za-z]:")
LAST = ("tape.jsonl", "manifest.json")
"""They name others by hash: read when the others are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file in a folder or archive. `read` raises `WithheldError`."""

    name: str
    size: int | None
    read: Callable[[], bytes]
    problem: Reason | None = None
    when_s: float = 0.0
    moment: tuple[int, int, int, int, int, int] = (1980, 1, 1, 0, 0, 0)
    executable: bool = False


def _nothing() -> bytes:
    """What a member with a problem holds: it is never asked."""
    return b""


def is_unsafe(name: str) -> bool:
    """A name that leads out of its folder, or is none."""
    path = name.replace("\\", "/")
    outside = path.startswith("/") or _DRIVE.match(path) is not None
    return outside or not path.strip("/. ") or ".." in path.split("/") or "\0" in path


def read_all(stream: BinaryIO, budget: Budget, most: int = SIZE_MOST) -> bytes:
    """All of a stream, no more than one file may have."""
    parts, size = [], 0
    while part := stream.read(STEP_BYTES):
        size += len(part)
        budget.spend(len(part))
        if size > most:
            raise WithheldError(Reason.TOO_LARGE)
        parts.append(part)
    return b"".join(parts)


# --- a folder -----------------------------------------------------------------------------------


def folder_members(folder: Path) -> Iterator[Member]:
    """Every file below it, in order; links are named and not followed."""
    held: list[Member] = []
    for member in _walked(folder):
        if _rank(member.name):
            held.append(member)
        else:
            yield member
    yield from sorted(held, key=lambda one: _rank(one.name))


def _walked(folder: Path) -> Iterator[Member]:
    unread: list[OSError] = []
    for home, folders, names in os.walk(folder, onerror=unread.append):
        folders.sort()
        links = [name for name in folders if (Path(home) / name).is_symlink()]
        for name in sorted((*names, *links)):
            path = Path(home) / name
            yield _on_disk(path, path.relative_to(folder).as_posix())
    for error in unread:
        yield _unreadable(Path(str(error.filename)), folder)


def _unreadable(path: Path, folder: Path) -> Member:
    name = path.relative_to(folder).as_posix()
    return Member(name=name, size=None, read=_nothing, problem=Reason.UNREADABLE)


def _on_disk(path: Path, name: str) -> Member:
    try:
        facts = path.lstat()
    except OSError:
        return Member(name=name, size=None, read=_nothing, problem=Reason.UNREADABLE)
    problem = None
    if stat.S_ISLNK(facts.st_mode):
        problem = Reason.LINK
    elif not stat.S_ISREG(facts.st_mode):
        problem = Reason.DEVICE
    elif facts.st_size > SIZE_MOST:
        problem = Reason.TOO_LARGE
    return Member(
        name=name,
        size=facts.st_size,
        read=lambda: read_disk(path),
        problem=problem,
        when_s=facts.st_mtime,
        executable=bool(facts.st_mode & stat.S_IXUSR),
    )


def read_disk(path: Path, most: int = SIZE_MOST) -> bytes:
    """A regular file of bearable size; it may have changed since it was looked at."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise WithheldError(Reason.UNREADABLE) from error
    if len(data) > most:
        raise WithheldError(Reason.TOO_LARGE)
    return data


# --- a ZIP --------------------------------------------------------------------------------------


def zip_members(file: BinaryIO, budget: Budget) -> Iterator[Member]:
    """The members of a ZIP in its own order, those that name others at the end."""
    if _list_bytes(file) > _LIST_BYTES_MOST:
        raise WithheldError(Reason.TOO_MANY)
    with zipfile.ZipFile(file) as archive:
        infos = [one for one in archive.infolist() if not one.is_dir()]
        for info in sorted(infos, key=lambda one: _rank(one.filename)):
            budget.enter()
            yield _zipped(archive, info, budget)


def _rank(name: str) -> int:
    last = name.rpartition("/")[2]
    return LAST.index(last) + 1 if last in LAST else 0


def _list_bytes(file: BinaryIO) -> int:
    """How long the list of members says it is, in either way a ZIP can say it."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 70_000))
    tail = file.read()
    file.seek(0)
    at, wide = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    said = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if wide >= 0:
        said = max(said % 0xFFFFFFFF, int.from_bytes(tail[wide + 40 : wide + 48], "little"))
    return min(said, end)


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Member:
    mode = info.external_attr >> 16

    def read() -> bytes:
        with archive.open(info) as stream:
            return read_all(cast("BinaryIO", stream), budget)

    return Member(
        name=info.filename,
        size=info.file_size,
        read=read,
        problem=_zip_problem(info, mode),
        moment=info.date_time,
        executable=bool(mode & stat.S_IXUSR),
    )


def _zip_problem(info: zipfile.ZipInfo, mode: int) -> Reason | None:
    bomb = info.file_size > RATIO_FROM and info.file_size > RATIO_MOST * info.compress_size
    found = (
        (is_unsafe(info.orig_filename), Reason.UNSAFE_NAME),
        (stat.S_ISLNK(mode), Reason.LINK),
        (bool(stat.S_IFMT(mode)) and not stat.S_ISREG(mode), Reason.DEVICE),
        (bool(info.flag_bits & _ENCRYPTED), Reason.ENCRYPTED),
        (info.compress_type not in _METHODS, Reason.ARCHIVE),
        (bomb, Reason.BOMB),
        (info.file_size > SIZE_MOST, Reason.TOO_LARGE),
    )
    return next((reason for is_so, reason in found if is_so), None)


# --- a tar, and what is packed as a stream ------------------------------------------------------


def unpacked(file: BinaryIO, kind: Kind) -> BinaryIO:
    """The stream inside a `.gz` or `.bz2`; the stream itself when it is neither."""
    if kind is Kind.GZIP:
        return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
    return cast("BinaryIO", bz2.BZ2File(file, "rb")) if kind is Kind.BZIP else file


def tar_members(stream: BinaryIO, budget: Budget) -> Iterator[Member]:
    """The members of a tar; those that name others are held back and come last."""
    held: list[Member] = []
    bounded = Bounded(stream, budget)
    with tarfile.open(fileobj=cast("BinaryIO", bounded), mode="r:", errorlevel=0) as archive:
        while (info := archive.next()) is not None:
            if info.isdir():
                continue
            budget.enter()
            member = _tarred(archive, info)
            if _rank(info.name):
                held.append(held_back(member))
            else:
                yield member
    yield from sorted(held, key=lambda one: _rank(one.name))
    if bounded.last.strip(b"\0"):  # tarfile takes a damaged head for the end
        raise WithheldError(Reason.TORN)


def held_back(member: Member) -> Member:
    """The same, read already."""
    if member.problem is not None:
        return member
    try:
        data = member.read()
    except WithheldError as error:
        return replace(member, problem=error.reason)
    return replace(member, read=lambda: data)


def _tarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    def read() -> bytes:
        return read_all(cast("BinaryIO", archive.extractfile(info)), Budget())

    return Member(
        name=info.name,
        size=info.size,
        read=read,
        problem=_tar_problem(info),
        when_s=info.mtime,
        executable=bool(info.mode & stat.S_IXUSR),
    )


def _tar_problem(info: tarfile.TarInfo) -> Reason | None:
    if is_unsafe(info.name):
        return Reason.UNSAFE_NAME
    if info.issym() or info.islnk():
        return Reason.LINK
    if not info.isreg():
        return Reason.DEVICE
    return Reason.TOO_LARGE if info.size > SIZE_MOST else None
