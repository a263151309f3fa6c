"""What did reading this contract file come to last time? A cache that is never needed, only quick.

One JSON file a contract: a line with key and digest, then the compiled document. Whatever is wrong
with it (gone, cut, of another version, unreadable) it counts as absent; where it cannot be written
nothing is.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from diagnostics import __version__
from diagnostics.errors import ContractError
from diagnostics.model import Json

LAYOUT = "6"
"""Layout of the compiled document: another one never reads ours."""


def default_folder(environ: Mapping[str, str]) -> Path | None:
    """Below `$XDG_CACHE_HOME`, or `~/.cache`; None where there is neither."""
    for name, below in (("XDG_CACHE_HOME", ""), ("HOME", ".cache")):
        root = Path(environ.get(name, ""))
        if root.is_absolute():
            return root / below / "genvideo-diagnostics"
    return None


def key_of(path: Path, *others: Path) -> str:
    """What the compiled document depends on: our version and the bytes of each file."""
    digest = hashlib.sha256(f"{__version__}/{LAYOUT}".encode())
    for file in (path, *others):
        digest.update(hashlib.sha256(_bytes(file)).digest())
    return digest.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContractError(
            f"cannot read {path.name}: {error.strerror}",
            place=str(path),
            hint="check that the file is there and may be read",
        ) from error


def fetch(folder: Path | None, name: str, key: str) -> Json:
    """The compiled document kept under that key, or None."""
    if folder is None:
        return None
    try:
        head, _, body = (folder / f"{name}.json").read_bytes().partition(b"\n")
        return json.loads(body) if head == _head(key, body) else None
    except (OSError, ValueError, RecursionError):
        return None


def keep(folder: Path | None, name: str, key: str, compiled: Json) -> None:
    """Write it whole or not at all; a cache that cannot be written is no error."""
    if folder is None:
        return
    import tempfile  # noqa: PLC0415  # only a cache miss pays for it

    body = json.dumps(compiled, ensure_ascii=False, separators=(",", ":")).encode()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(key, body) + b"\n" + body)
            Path(draft).replace(folder / f"{name}.json")
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise


def _head(key: str, body: bytes) -> bytes:
    return f"{key} {hashlib.sha256(body).hexdigest()}".encode()
