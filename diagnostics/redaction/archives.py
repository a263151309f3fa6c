"""How does a copy of an archive or a folder come about, member by member, and stay valid?"""

import hashlib
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from diagnostics.errors import LeakError
from diagnostics.redaction.budget import WithheldError
from diagnostics.redaction.cleaning import Clean, Pass, Work, clean_plain
from diagnostics.redaction.entitled import fit_name, numbered
from diagnostics.redaction.kinds import HEAD_BYTES, PACKED, Kind, kind_of
from diagnostics.redaction.members import Member, read_all, tar_members, unpacked, zip_members
from diagnostics.redaction.outcome import Outcome, Reason
from diagnostics.redaction.packers import NoPacker, Packer, TarPacker, ZipPacker, packed

DEPTH_MOST = 4
_MANIFEST, _MANIFEST_SCHEMA = "manifest.json", "diagnostics.bundle/"
BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError, OSError,
    NotImplementedError, RuntimeError, ValueError, LookupError, OverflowError, MemoryError,
    AttributeError, TypeError,
)  # fmt: skip
"""What hostile archives make the standard library raise while they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where an archive stands: the name users know it by, and how many are around it."""

    place: str
    depth: int = 0

    def within(self, name: str) -> "Spot":
        """A member of it."""
        return Spot(place=f"{self.place}/{name}", depth=self.depth + 1)


def clean_any(work: Work, raw: bytes, name: str, spot: Spot) -> Clean:
    """The clean bytes of any file; raises `WithheldError` for what cannot be made clean."""
    kind = kind_of(raw, name)
    if kind not in PACKED:
        return clean_plain(work, raw, name, kind)
    into = io.BytesIO() if work.turn is Pass.WRITE else None
    copy_archive(work, io.BytesIO(raw), into, name=name, kind=kind, spot=spot)
    return Clean(data=into.getvalue() if into else b"", format=kind.value)


def copy_archive(  # noqa: PLR0913  # from where, to where, and what it is
    work: Work, source: BinaryIO, into: BinaryIO | None, *, name: str, kind: Kind, spot: Spot
) -> None:
    """Copy an archive; raises `WithheldError` when nothing of it can be kept."""
    if spot.depth >= DEPTH_MOST:
        raise WithheldError(Reason.TOO_DEEP)
    if kind is Kind.ZIP:
        packer: Packer = ZipPacker(into) if into else NoPacker()
        copy_members(work, zip_members(source, work.budget), packer, spot)
        return
    inner = _inner(name)
    stream = unpacked(source, kind)
    if kind_of(_head(stream), inner) is Kind.TAR:
        packer = TarPacker(into, kind) if into else NoPacker()
        copy_members(work, tar_members(stream, work.budget), packer, spot)
        return
    work.budget.enter()
    cleaned = clean_any(work, _all(stream, work), inner, replace(spot, depth=spot.depth + 1))
    if into:
        with packed(into, kind) as out:
            out.write(cleaned.data)


def _inner(name: str) -> str:
    """What the packed file was called before it was packed."""
    lower = name.lower()
    for end, instead in ((".tgz", ".tar"), (".gz", ""), (".bz2", "")):
        if lower.endswith(end):
            return name[: -len(end)] + instead
    return name


def _head(stream: BinaryIO) -> bytes:
    try:
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
    except BROKEN as error:
        raise WithheldError(Reason.TORN) from error
    return head


def _all(stream: BinaryIO, work: Work) -> bytes:
    try:
        return read_all(stream, work.budget)
    except BROKEN as error:
        raise WithheldError(Reason.TORN) from error


# --- members ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Copying:
    """One archive on its way."""

    work: Work
    to: Packer
    spot: Spot
    taken: dict[str, int] = field(default_factory=dict)
    table: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """Old name to new name, bytes and hash: what a manifest must say afterwards."""


def copy_members(work: Work, members: Iterator[Member], to: Packer, spot: Spot) -> None:
    """Copy what can be cleaned, name what cannot; raises `WithheldError` when nothing is left."""
    copying = _Copying(work, to, spot)
    seen = 0
    for member in _until_broken(copying, members):
        seen += 1
        _copy(copying, member)
    to.close()
    if not copying.table:
        torn = bool(work.outcomes) and not seen and work.outcomes.pop().withheld
        raise WithheldError(torn or Reason.EMPTY)


def _until_broken(copying: _Copying, members: Iterator[Member]) -> Iterator[Member]:
    """The members up to a damaged spot; what may have followed is named as lost."""
    reason = None
    while reason is None:
        try:
            member = next(members, None)
        except WithheldError as error:
            reason = error.reason
        except BROKEN:
            reason = Reason.TORN
        else:
            if member is None:
                return
            yield member
    lost = Outcome(name=copying.spot.within("…").place, withheld=reason)
    copying.work.outcomes.append(lost)


def _copy(copying: _Copying, member: Member) -> None:
    work, gate = copying.work, copying.work.gate
    before, first = gate.removed.copy(), len(work.outcomes)
    name = fit_name(gate, member.name)
    spot = copying.spot.within(name)
    try:
        cleaned = _cleaned(copying, member, spot)
    except WithheldError as error:
        withheld = Outcome(name=spot.place, withheld=error.reason, size=member.size)
        work.outcomes.append(withheld)
        return
    name = numbered(work.new_names(name), copying.taken)
    copying.table[member.name] = (name, len(cleaned.data), _hash(cleaned.data))
    copying.to.add(member, name, cleaned.data)
    inner = sum((one.removed for one in work.outcomes[first:]), start=before)
    note = Outcome(
        name=spot.place,
        copy=name,
        format=cleaned.format,
        size=member.size,
        removed=gate.removed - inner,
        hits=cleaned.hits,
    )
    work.outcomes.insert(first, note)


def _cleaned(copying: _Copying, member: Member, spot: Spot) -> Clean:
    """One member; whatever its bytes break, the others go on."""
    if member.problem is not None:
        raise WithheldError(member.problem)
    try:
        raw = member.read()
        cleaned = clean_any(copying.work, raw, member.name, spot)
        if member.name.rpartition("/")[2] == _MANIFEST:
            data = _manifest(raw, cleaned.data, member.name, copying.table)
            cleaned = replace(cleaned, data=data)
        if copying.work.turn is not Pass.LEARN:
            copying.work.gate.scan(cleaned.data, spot.place.rpartition("/")[2])
    except LeakError as error:
        raise WithheldError(Reason.LEAK) from error
    except BROKEN as error:
        raise WithheldError(Reason.TORN) from error
    return cleaned


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- a bundle stays a bundle --------------------------------------------------------------------


def _manifest(raw: bytes, data: bytes, name: str, table: dict[str, tuple[str, int, str]]) -> bytes:
    """Our bundle's list of members, as they are now; anybody else's manifest stays as it is."""
    try:
        value, members = json.loads(data), json.loads(raw)["members"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return data
    if not isinstance(value, dict) or not str(value.get("schema")).startswith(_MANIFEST_SCHEMA):
        return data
    home = name[: -len(_MANIFEST)]
    listed, lost = [], []
    for old, one in zip(members, value["members"], strict=True):
        if now := table.get(f"{home}{old['name']}"):
            listed.append({**one, "name": now[0][len(home) :], "bytes": now[1], "sha256": now[2]})
        else:
            lost.append({"name": one["name"], "why": "withheld by diagnostics redact"})
    value |= {"members": listed, "left_out": [*(value.get("left_out") or ()), *lost]}
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
    return (text + "\n").encode("utf-8", "surrogatepass")
