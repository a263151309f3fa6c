"""What stands in a bundle, and is it still as it was made? Reads a ZIP without trusting it.

Nothing is unpacked but the tape and its blobs, under names of our own, into a folder that goes
away again. The writer is `reports/bundle.py`.
"""

import hashlib
import io
import re
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from diagnostics import tape
from diagnostics.capture import Raw
from diagnostics.contract import decode
from diagnostics.errors import TargetError, UsageError
from diagnostics.model import Json

SCHEMA = "diagnostics.bundle/1"
MANIFEST, VERDICT = "manifest.json", "verdict.json"
BLOBS = "blobs/"
MEMBERS_MOST = 10_000
MEMBER_BYTES_MOST = 1 << 28
TOTAL_BYTES_MOST = 1 << 30
RATIO_MOST = 400
"""No tape shrinks that far (ten thousand polls of one job: 51); a bomb does (zeros: 1,029)."""
PART_BYTES = 1 << 20

_LIST_BYTES_MOST = 4 << 20

_BLOB = re.compile(r"blobs/[0-9a-f]{64}")
_DRIVE = re.compile(r"[A-Za-z]:")
_AGAIN = "ask for the bundle again: --format zip makes one"
_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle as it was read: what it says of itself, and what of that does not hold."""

    manifest: Mapping[str, Json]
    reading: tape.Reading
    verdict: bytes
    """`verdict.json` as it stands in there; empty: it has none."""
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def is_bundle(raw: Raw) -> bool:
    """A ZIP that holds a tape. Never raises."""
    if not raw.data.startswith(b"PK\x03\x04") or not _lists_little(raw.data):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(raw.data)) as archive:
            return tape.NAME in archive.NameToInfo
    except _UNREADABLE:
        return False


def read(raw: Raw) -> Bundle:
    """The bundle, every hash of its manifest worked out again; `UsageError` if it is none."""
    if not _lists_little(raw.data):
        raise _refused(raw.name, f"more than {MEMBERS_MOST} members", "")
    try:
        with zipfile.ZipFile(io.BytesIO(raw.data)) as archive:
            return _read(archive, raw.name)
    except _UNREADABLE as error:
        raise UsageError(
            f"the ZIP cannot be read: {error or type(error).__name__}", place=raw.name, hint=_AGAIN
        ) from error


def _lists_little(data: bytes) -> bool:
    """Is its list of members short enough to be read at all?"""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 66_000))
    return at >= 0 and int.from_bytes(data[at + 12 : at + 16], "little") <= _LIST_BYTES_MOST


def whole(bundle: Bundle, name: str) -> None:
    """Raise `TargetError` when it is not what was made: a verdict on it would mean nothing."""
    told = [f"changed: {one}" for one in bundle.changed]
    told += [f"missing: {one}" for one in bundle.missing]
    if told:
        raise TargetError(
            f"the bundle is not as it was made ({'; '.join(told[:_NAMED_MOST])})",
            place=f"{name}: {MANIFEST}",
            hint=_AGAIN,
        )


_NAMED_MOST = 8


def _read(archive: zipfile.ZipFile, name: str) -> Bundle:
    _safe(archive, name)
    manifest = _json(archive, MANIFEST)
    promised = _promised(manifest, name)
    held = {one.filename for one in archive.infolist() if not one.is_dir()} - {MANIFEST}
    return Bundle(
        manifest=manifest,
        reading=_reading(archive, name),
        verdict=_bytes(archive, VERDICT) if VERDICT in held else b"",
        changed=tuple(n for n in sorted(held & set(promised)) if _hash(archive, n) != promised[n]),
        missing=tuple(sorted(set(promised) - held)),
        extra=tuple(sorted(held - set(promised))),
    )


def _promised(manifest: Json, name: str) -> dict[str, str]:
    """Member to hash, as the manifest has them."""
    members = manifest.get("members") if isinstance(manifest, dict) else None
    if not isinstance(members, list):
        raise UsageError("it has no manifest of ours", place=f"{name}: {MANIFEST}", hint=_AGAIN)
    rows = [one for one in members if isinstance(one, dict)]
    return {str(one.get("name")): str(one.get("sha256")) for one in rows}


# --- what a ZIP may try -------------------------------------------------------------------------


def _safe(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse, by name, what no bundle of ours has."""
    members = archive.infolist()
    if len(members) > MEMBERS_MOST:
        raise _refused(name, f"{len(members)} members", "")
    twice = [n for n, times in Counter(one.filename for one in members).items() if times > 1]
    if twice:
        raise _refused(name, "the same name twice", twice[0])
    for one in members:
        if why := _unsafe(one):
            raise _refused(name, why, one.filename)
    if sum(one.file_size for one in members) > TOTAL_BYTES_MOST:
        raise _refused(name, "more than 1 GB when unpacked", "")


def _unsafe(one: zipfile.ZipInfo) -> str:
    """Why this member is not to be touched; empty: it may be."""
    path = one.filename.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path) or ".." in path.split("/"):
        return "a name that leads out of the folder"
    if one.external_attr >> 28 not in {0, 4, 8}:  # a file, a folder, or not told
        return "a link or a device"
    if one.flag_bits & 1:
        return "an encrypted member"
    if one.file_size > MEMBER_BYTES_MOST:
        return "a member of more than 256 MB"
    large = one.file_size > PART_BYTES
    return (
        "a member that swells" if large and one.file_size > one.compress_size * RATIO_MOST else ""
    )


def _refused(name: str, why: str, member: str) -> UsageError:
    place = f"{name}: {member[:200]}" if member else name
    return UsageError(f"the ZIP holds {why}", place=place, hint=_AGAIN)


# --- reading members ----------------------------------------------------------------------------


def _json(archive: zipfile.ZipFile, member: str) -> Json:
    return decode(_bytes(archive, member)) if member in archive.NameToInfo else None


def _bytes(archive: zipfile.ZipFile, member: str) -> bytes:
    return archive.read(member)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(PART_BYTES):
        yield part


def _hash(archive: zipfile.ZipFile, member: str) -> str:
    """Of the bytes as they stand; a member whose own checksum fails has no hash."""
    made = hashlib.sha256()
    try:
        with archive.open(member) as file:
            for part in _parts(file):
                made.update(part)
    except _UNREADABLE:
        return ""
    return made.hexdigest()


@contextmanager
def unpacked(archive: zipfile.ZipFile) -> Iterator[Path]:
    """A folder with the tape and its blobs, for as long as somebody reads it."""
    with tempfile.TemporaryDirectory(prefix="diagnostics-") as made:
        folder = Path(made)
        (folder / BLOBS).mkdir()
        for one in archive.namelist():
            if one == tape.NAME or _BLOB.fullmatch(one):
                with archive.open(one) as file, (folder / one).open("wb") as to:
                    to.writelines(_parts(file))
        yield folder


def _reading(archive: zipfile.ZipFile, name: str) -> tape.Reading:
    if tape.NAME not in archive.NameToInfo:
        raise UsageError("it holds no tape", place=f"{name}: {tape.NAME}", hint=_AGAIN)
    with unpacked(archive) as folder:
        return tape.read_whole(folder)
