"""Where does each copy go? Never over an input, never over anything else unless told to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from diagnostics.errors import UsageError
from diagnostics.redact import Gate
from diagnostics.redaction.certificate import NAME as CERTIFICATE
from diagnostics.redaction.entitled import fit_part

_PERSONAL = "with-personal"
_DOUBLE = (".tar.gz", ".tar.bz2")
_ELSEWHERE = "name another folder with --out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How copies are to be made."""

    out: Path | None = None
    force: bool = False
    preview: bool = False
    keep_personal: bool = False
    keep_media: bool = False
    hide_content: bool = False


def placed(gate: Gate, files: Mapping[Path, bool], wanted: Wanted) -> dict[Path, Path]:
    """Each file (True: a folder) and where its copy goes."""
    targets: dict[Path, Path] = {}
    inputs = {resolved(file): is_folder for file, is_folder in files.items()}
    for file, is_folder in files.items():
        target = _target(gate, file, wanted, is_folder=is_folder)
        _unless_over_an_input(target, inputs, gate.text(file.name))
        if target in targets.values():
            raise UsageError(
                f"two files are called {gate.text(file.name)}", hint="redact them into two folders"
            )
        _unless_there(target, wanted, is_folder=is_folder)
        targets[file] = target
    return targets


def _target(gate: Gate, file: Path, wanted: Wanted, *, is_folder: bool) -> Path:
    whole = resolved(file) if is_folder and file.name in {"", ".."} else file
    name = fit_part(gate, whole.name) or "root"
    stem, suffix = (name, "") if is_folder else _split(name)
    marks = [] if wanted.out else ["redacted"]
    marks += [_PERSONAL] if wanted.keep_personal else []
    copy = ".".join((stem, *marks)) + suffix
    return wanted.out / copy if wanted.out else whole.with_name(copy)


def _split(name: str) -> tuple[str, str]:
    """Stem and suffix; `.env` has no suffix, `a.tar.gz` a long one."""
    for suffix in _DOUBLE:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], name[-len(suffix) :]
    suffix = Path(name).suffix
    return (name.removesuffix(suffix), suffix) if suffix else (name, "")


def _unless_over_an_input(target: Path, inputs: Mapping[Path, bool], name: str) -> None:
    there = resolved(target)
    for one, is_folder in inputs.items():
        within = is_folder and there.is_relative_to(one)
        if within or one.is_relative_to(there):
            done = "stand inside" if within else "overwrite"
            raise UsageError(
                f"the copy of {name} would {done} an input", place=str(target), hint=_ELSEWHERE
            )


def _unless_there(target: Path, wanted: Wanted, *, is_folder: bool) -> None:
    if wanted.preview or not target.exists():
        return
    if is_folder and _is_empty(target):
        return
    if wanted.force and target.is_dir() == is_folder and not is_folder:
        return
    hint = "add --force to replace it, or " if not is_folder else "remove it, or "
    raise UsageError(f"{target.name} is there already", place=str(target), hint=hint + _ELSEWHERE)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is None


def resolved(path: Path) -> Path:
    """The real place of it, as far as that can be told."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def certificate_place(copies: Mapping[Path, bool], wanted: Wanted) -> Path | None:
    """Where the certificate goes; None for one plain file, whose copy stands by itself."""
    if wanted.out is not None:
        return wanted.out / CERTIFICATE
    first = next(iter(copies), None)
    if first is None or (len(copies) == 1 and not copies[first]):
        return None
    return first.with_name(f"{first.name}.{CERTIFICATE}")


def free(path: Path, taken: Iterator[Path], *, force: bool) -> Path:
    """The place itself, or one beside it where a copy or somebody else's file stands."""
    others = set(taken)
    number, found = 1, path
    while found in others or (found.exists() and not force):
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found
