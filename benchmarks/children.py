"""What does a whole process cost? Seconds from start to end, and the memory it held at most."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
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
    told, telling = os.pipe()
    with tempfile.TemporaryFile() as said, os.fdopen(told) as told_file:
        child = subprocess.Popen(
            [sys.executable, "-ISc", _METER, str(telling), *command],
            cwd=ROOT,
            env=environment(**(extra or {})),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=(telling,),
            start_new_session=True,
        )
        os.close(telling)
        timer = threading.Timer(limit_s, os.killpg, (child.pid, signal.SIGKILL))
        timer.start()
        try:
            figures = told_file.read().split()
            child.wait()
        finally:
            timer.cancel()
        ended = int(figures[0]) if figures else -signal.SIGKILL
        if ended not in codes:
            said.seek(0)
            tail = said.read()[-2000:].decode("utf-8", "replace")
            raise BrokenError(f"{command[0]} ended with {ended}: {tail}")
    return Spent(seconds=float(figures[1]), rss_mb=int(figures[2]) / 1024)


_METER = """
import os, sys, time
told = int(sys.argv[1])
os.set_inheritable(told, False)
before = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
taken_s = time.perf_counter() - before
os.write(told, f"{os.waitstatus_to_exitcode(status)} {taken_s} {usage.ru_maxrss}".encode())
"""
"""Between us and what is measured: Linux lets a child inherit its parent's greatest memory."""
