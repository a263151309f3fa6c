"""Which copies does `redact` make, where do they go, and what became of each?"""

import os
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from diagnostics.errors import LeakError, UsageError
from diagnostics.redact import Gate
from diagnostics.redaction.archives import Spot, clean_any, copy_archive, copy_members
from diagnostics.redaction.budget import WithheldError
from diagnostics.redaction.cleaning import Pass, Work
from diagnostics.redaction.disk import unwritable
from diagnostics.redaction.files import SIZE_MOST
from diagnostics.redaction.kinds import HEAD_BYTES, PACKED, kind_of
from diagnostics.redaction.members import folder_members, read_disk
from diagnostics.redaction.outcome import Outcome, Reason
from diagnostics.redaction.packers import FolderPacker, NoPacker
from diagnostics.redaction.placing import Wanted, placed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One file or folder that the user named."""

    path: Path
    target: Path
    name: str
    size: int | None
    """None: a folder."""
    packed: bool = False


def clean_copies(gate: Gate, files: Sequence[Path], wanted: Wanted) -> list[Outcome]:
    """Clean copies of all that was named. Nothing is written unless all can be read and placed."""
    facts = {file: _look(file) for file in dict.fromkeys(files)}
    learning = Work(gate=gate, turn=Pass.LEARN, keep_media=wanted.keep_media)
    for source in _sources(gate, facts, wanted):
        _one(learning, source)
    sources = _sources(gate, facts, wanted)  # a name may hold what was learnt from a file
    turn = Pass.PREVIEW if wanted.preview else Pass.WRITE
    work = Work(gate=gate, turn=turn, keep_media=wanted.keep_media)
    return [_one(work, source) for source in sources]


def _sources(
    gate: Gate, facts: Mapping[Path, tuple[int | None, bool]], wanted: Wanted
) -> list[_Source]:
    targets = placed(gate, {file: size is None for file, (size, _) in facts.items()}, wanted)
    return [
        _Source(path=file, target=target, name=gate.text(_name(file)), size=size, packed=packed)
        for file, target in targets.items()
        for size, packed in (facts[file],)
    ]


def _name(path: Path) -> str:
    """What it is called; `.` is called as the folder is."""
    return path.name if path.name not in {"", ".."} else path.resolve().name or "root"


def _look(file: Path) -> tuple[int | None, bool]:
    """Its size (None: a folder), and whether it is an archive. Errors are the user's to mend."""
    try:
        facts = file.stat()
        if stat.S_ISDIR(facts.st_mode):
            os.scandir(file).close()
            return None, False
        if not stat.S_ISREG(facts.st_mode):
            raise UsageError("neither a file nor a folder", place=str(file), hint="name a file")
        with file.open("rb") as opened:
            packed = kind_of(opened.read(HEAD_BYTES), file.name) in PACKED
    except OSError as error:
        raise UsageError(
            f"cannot read {file.name}: {error.strerror or error}",
            place=str(file),
            hint="check the path and your rights to read it",
        ) from error
    except ValueError as error:
        raise UsageError(f"not a file name: {error}", place=repr(str(file))) from error
    if facts.st_size > SIZE_MOST and not packed:
        raise UsageError("larger than 256 MB", place=str(file), hint="cut it into parts first")
    return facts.st_size, packed


def _one(work: Work, source: _Source) -> Outcome:
    """What becomes of one thing that was named; all it holds is noted in it."""
    before, first = work.gate.removed.copy(), len(work.outcomes)
    outcome = Outcome(name=source.name, size=source.size, copy=str(source.target))
    try:
        outcome = _copied(work, source, outcome)
    except WithheldError as error:
        outcome = replace(outcome, withheld=error.reason, copy="")
    except LeakError:
        outcome = replace(outcome, withheld=Reason.LEAK, copy="")
    except OSError:  # what cannot be written was said otherwise
        outcome = replace(outcome, withheld=Reason.UNREADABLE, copy="")
    members = tuple(work.outcomes[first:])
    del work.outcomes[first:]
    inner = sum((one.removed for one in members), start=before)
    removed = outcome.removed if outcome.withheld else work.gate.removed - inner
    return replace(outcome, members=members, removed=removed)


def _copied(work: Work, source: _Source, outcome: Outcome) -> Outcome:
    writes = work.turn is Pass.WRITE
    spot = Spot(place=source.name)
    if source.size is None:
        to = FolderPacker(source.target, work.gate.write) if writes else NoPacker()
        copy_members(work, folder_members(source.path), to, spot)
        return replace(outcome, format="folder")
    if source.packed:
        return replace(outcome, format=_archive(work, source, spot))
    cleaned = clean_any(work, read_disk(source.path), source.path.name, spot)
    if work.turn is Pass.PREVIEW:
        work.gate.scan(cleaned.data, source.target.name)
    if writes:
        work.gate.write(source.target, cleaned.data)
    return replace(outcome, format=cleaned.format, hits=cleaned.hits)


def _archive(work: Work, source: _Source, spot: Spot) -> str:
    """Straight from disk to disk: however large, one member is held at a time."""
    with source.path.open("rb") as file:
        kind = kind_of(file.read(HEAD_BYTES), source.path.name)
        file.seek(0)

        def copy(into: BinaryIO | None) -> None:
            copy_archive(work, file, into, name=source.path.name, kind=kind, spot=spot)

        if work.turn is Pass.WRITE:
            _whole(source.target, copy)
        else:
            copy(None)
    return kind.value


def _whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Beside, then renamed: the copy stands there whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
            mask = os.umask(0)
            os.umask(mask)
            Path(beside).chmod(0o666 & ~mask)
            Path(beside).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(beside).unlink()
            raise
    except OSError as error:
        raise unwritable(path, error) from error


def kept(wanted: Wanted) -> tuple[str, ...]:
    """The classes that stay on purpose, for the certificate."""
    classes: Mapping[str, bool] = {
        "content": not wanted.hide_content,
        "personal": wanted.keep_personal,
        "media": wanted.keep_media,
    }
    return tuple(name for name, stays in classes.items() if stays)
