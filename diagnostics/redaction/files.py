"""How is somebody's file made fit for sharing? By what it is: JSON, HAR, cassette, log, `.env`."""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.errors import UsageError
from diagnostics.model import Json
from diagnostics.redact import Gate

SIZE_MOST = 256 * 1024 * 1024
_ALIAS = re.compile(r"(?:^|[:\-\[,{])\s*\*[A-Za-z0-9_]+", re.MULTILINE)
_ALIASES_MOST = 16
"""Each may double what a document unfolds to; no recording has more than a few."""
_WIDE = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One clean copy, and what went from it: rule and kind of place, never a value."""

    source: Path
    target: Path
    format: str
    removed: Counter[tuple[str, str]]


def clean_copies(gate: Gate, files: Sequence[Path], out: Path | None, *, force: bool) -> list[Copy]:
    """Clean copies of all files. Nothing is written unless all can be read and placed.

    A secret that one file names is looked for in all of them, so each is read through twice.
    """
    targets = _targets(gate, files, out, force=force)
    texts = {file: _read(file) for file in targets}
    for file, (text, _) in texts.items():
        clean_text(gate, text, _format(file))
    copies = []
    for file, target in targets.items():
        text, encoding = texts[file]
        before = gate.removed.copy()
        cleaned = clean_text(gate, text, _format(file))
        gate.write(target, cleaned.encode(encoding, "surrogateescape"))
        copies.append(
            Copy(source=file, target=target, format=_format(file), removed=gate.removed - before)
        )
    return copies


def _targets(
    gate: Gate, files: Sequence[Path], out: Path | None, *, force: bool
) -> dict[Path, Path]:
    targets: dict[Path, Path] = {}
    for file in dict.fromkeys(files):
        name = gate.text(file.name)
        beside = file.with_name(f"{Path(name).stem}.redacted{file.suffix}")
        if file.name.startswith(".") and not file.suffix:
            beside = file.with_name(f"{name}.redacted")
        target = out / name if out else beside
        if _resolved(target) in {_resolved(one) for one in files}:
            raise UsageError(
                f"the copy of {name} would overwrite an input",
                place=str(target),
                hint="name another folder with --out",
            )
        if target in targets.values():
            raise UsageError(f"two files are called {name}", hint="redact them into two folders")
        if target.exists() and not force:
            raise UsageError(
                f"{target.name} is there already",
                place=str(target),
                hint="add --force to replace it, or name another folder with --out",
            )
        targets[file] = target
    return targets


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def _read(file: Path) -> tuple[str, str]:
    """The text of a file and the encoding to write it back in."""
    try:
        if file.is_dir():
            raise UsageError("a folder, not a file", place=str(file), hint="name its files instead")
        if file.stat().st_size > SIZE_MOST:
            raise UsageError("larger than 256 MB", place=str(file), hint="cut it into parts first")
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file.name}: {error.strerror or error}",
            place=str(file),
            hint="check the path and your rights to read it",
        ) from error
    except ValueError as error:
        raise UsageError(f"not a file name: {error}", place=repr(str(file))) from error
    for mark, encoding in _WIDE:
        if raw.startswith(mark):
            return _wide(raw, file, encoding), encoding
    if b"\0" in raw:
        raise _binary(file)
    return raw.decode("utf-8", "surrogateescape"), "utf-8"


def _wide(raw: bytes, file: Path, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise _binary(file) from error


def _binary(file: Path) -> UsageError:
    return UsageError(
        f"{file.name} is a binary file: what it holds cannot be checked for secrets",
        place=str(file),
        hint="share it only if you know what is in it, or export it as text (HAR, JSON, log)",
    )


def _format(file: Path) -> str:
    suffix = file.suffix.lower()
    if suffix in {".yaml", ".yml"}:
        return "yaml"
    return {".json": "json", ".har": "har", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(
        suffix, "text"
    )


def clean_text(gate: Gate, text: str, format: str) -> str:  # noqa: A002  # it is the format's name
    """The text of one file, cleaned as what it is; what does not parse is cleaned as text."""
    if format == "yaml":
        cleaned = _clean_yaml(gate, text)
        if cleaned is not None:
            return cleaned
    return gate.text(text)


def _clean_yaml(gate: Gate, text: str) -> str | None:
    """A cassette stays loadable: decoded, cleaned, written again. None: not plain YAML."""
    import yaml  # noqa: PLC0415  # only this format needs it

    if len(_ALIAS.findall(text)) > _ALIASES_MOST:
        return None
    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    try:
        value = yaml.load(text, Loader=loader)  # noqa: S506  # a safe loader
        if not isinstance(value, (dict, list)):
            return None
        cleaned = _clean_bytes(gate, gate.json(value))
        if cleaned == value:
            return text if gate.text(text) == text else _dump(yaml, cleaned, dumper)
        return _dump(yaml, cleaned, dumper)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _dump(yaml: Json, value: Json, dumper: Json) -> str:
    return str(
        yaml.dump(value, Dumper=dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    )


def _clean_bytes(gate: Gate, value: Json) -> Json:
    """YAML's binary values: bodies that vcrpy could not write as text."""
    if isinstance(value, bytes):
        return gate.body(value, None)
    if isinstance(value, dict):
        return {key: _clean_bytes(gate, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean_bytes(gate, one) for one in value]
    return value
