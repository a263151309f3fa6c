"""How does a test run a load? The command in a process of its own, on profiles made small."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from diagnostics.loading.reading import PROFILES
from diagnostics.model import Json

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "diagnostics.cli.main")
TRIES = 3
"""A machine that is busy with other tests makes the generator late, and it says so itself."""
_LATE = "generator"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A load that was carried out. `told` is its JSON."""

    code: int
    told: dict[str, Json]
    stderr: str
    folder: Path

    @property
    def because(self) -> str:
        return " / ".join(one["en"] for one in self.told["because"])

    @property
    def failed(self) -> list[str]:
        return [o["objective"]["text"] for o in self.told["objectives"] if o["ok"] is False]


def load(*arguments: str, out: Path) -> Ran:
    """Once, or again where the generator says that it was late."""
    for _ in range(TRIES):
        found = once(*arguments, out=out)
        if _LATE not in str(found.told.get("because", "")):
            break
    return found


def once(*arguments: str, out: Path) -> Ran:
    ended = subprocess.run(
        [*COMMAND, "load", *arguments, "--json", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    told = json.loads(ended.stdout) if ended.stdout else {}
    folder = out / str(told.get("run_id", ""))
    return Ran(code=ended.returncode, told=told, stderr=ended.stderr, folder=folder)


def small(name: str, into: Path, *, emulator: str = "", poll: str = "100 ms") -> str:
    """A copy of a shipped profile whose jobs are over ten times sooner, as a user may make one."""
    text = (PROFILES / f"{name}.yaml").read_text()
    text = re.sub(r"every: [^,]+,", f"every: {poll},", text)
    text = re.sub(r"^emulator: \{", f"emulator: {{speed: 10, {emulator}", text, flags=re.MULTILINE)
    path = into / f"{name}.yaml"
    path.write_text(text)
    return str(path)


def all_of(jobs: Sequence[tuple[str, Sequence[str]]], out: Path) -> dict[str, Ran]:
    """Several loads, two at a time: each waits more than it works."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda job: (job[0], load(*job[1], out=out)), jobs)
        return dict(found)
