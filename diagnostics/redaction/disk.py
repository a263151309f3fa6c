"""How does a finished artefact reach the disk? Whole or not at all, and then with a remedy."""

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from diagnostics.errors import UsageError

_REMEDIES = {
    errno.ENOSPC: "free some space, or name another folder with --out",
    errno.EDQUOT: "your disk quota is used up: free some space, or name another folder with --out",
    errno.EACCES: "make the folder writable, or name another one with --out",
    errno.EPERM: "make the folder writable, or name another one with --out",
    errno.EROFS: "this file system is read-only: name another folder with --out",
    errno.ENOTDIR: "a file stands where a folder is needed: name another folder with --out",
    errno.EEXIST: "a file stands where a folder is needed: name another folder with --out",
    errno.EISDIR: "a folder of that name is in the way: name another one with --out",
    errno.ENAMETOOLONG: "shorten the name, or name another folder with --out",
}


def write_whole(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise unwritable(path, error) from error
    except ValueError as error:
        raise UsageError(f"cannot write {path.name!r}: {error}", place=str(path.parent)) from error


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def unwritable(path: Path, error: OSError) -> UsageError:
    """What stands in the way of writing, and what to do about it."""
    remedy = _REMEDIES.get(error.errno or 0, "name another folder with --out")
    return UsageError(
        f"cannot write {path.name}: {error.strerror or error}", place=str(path.parent), hint=remedy
    )
