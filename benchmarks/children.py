"""What does a whole process cost? Seconds from start to end, and the memory it held at most."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIMIT_S = 120.0
_DIAGNOSTICS = Path(sys.executable).with_name("diagnostics")
_OTHERS = ("AKOOL_", "HEYGEN_", "OPENAI_", "REPLICATE_", "DIAGNOSTICS_", "PYTHONPATH")
_ENTRY = "import sys; sys.argv[0] = 'diagnostics'; from diagnostics.cli.main import entry; entry()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one process took."""

    seconds: float
    rss_mb: float


class BrokenError(Exception):
    """A benchmark itself does not work; the figure it should give is unknown."""


def diagnostics(*arguments: str) -> list[str]:
    """The command line as installed; where it is not installed, what its script does."""
    start = [str(_DIAGNOSTICS)] if _DIAGNOSTICS.exists() else [sys.executable, "-c", _ENTRY]
    return [*start, *arguments]


def environment(of: Mapping[str, str] = os.environ, /, **extra: str) -> dict[str, str]:
    """Ours without what would slow a start or change what answers."""
    ours = {
        name: value
        for name, value in of.items()
        if name != "PYTHONDONTWRITEBYTECODE"
        and not name.startswith(_OTHERS)
        and not name.lower().endswith("_proxy")
    }
    return {**ours, "LC_ALL": "C.UTF-8", **extra}


def spend(
    command: Sequence[str],
    *,
    codes: Sequence[int] = (0,),
    extra: Mapping[str, str] | None = None,
    limit_s: float = LIMIT_S,
) -> Spent:
    """Run a process to its end; another exit code than `codes` breaks the benchmark."""
    with tempfile.TemporaryFile() as said:
        before = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**(extra or {})),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        timer = threading.Timer(limit_s, child.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            timer.cancel()
        taken_s = time.perf_counter() - before
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in codes:
            said.seek(0)
            tail = said.read()[-2000:].decode("utf-8", "replace")
            raise BrokenError(f"{command[0]} ended with {child.returncode}: {tail}")
    return Spent(seconds=taken_s, rss_mb=usage.ru_maxrss / 1024)
