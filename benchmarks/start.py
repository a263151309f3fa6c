"""What does it cost to start: for help, and for a whole run of the suite?"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.children import diagnostics, spend
from benchmarks.table import Row, interleaved, ratio_of

HELP = "diagnostics --help"
SUITE = "whole AKOOL suite, start-up included"
EVERY = "whole suite, all providers, start-up included"


def rows(rounds: int = 25, suite_rounds: int = 5) -> Iterator[Row]:
    """Help against a bare interpreter; then the suite."""
    yield helped(rounds)
    yield suite(SUITE, "akool", 1.5, suite_rounds)
    yield suite(EVERY, "all", 4.0, suite_rounds)


def helped(rounds: int) -> Row:
    """Both in turn; both once before, so that byte code and disk cache are there."""
    works = {
        "bare": lambda: spend([sys.executable, "-c", "pass"]).seconds,
        "help": lambda: spend(diagnostics("--help")).seconds,
    }
    interleaved(works, 1)
    taken = interleaved(works, rounds)
    ratio = ratio_of(taken["help"], taken["bare"])
    return Row(
        what=HELP,
        measured=f"{min(taken['help']) * 1e3:.0f} ms",
        baseline=f"python -c pass {min(taken['bare']) * 1e3:.0f} ms",
        ratio=f"{ratio:.2f} ×",
        reach="≤ 4 ×",
        reached=ratio <= 4,
    )


def suite(what: str, provider: str, most_s: float, rounds: int) -> Row:
    """`run --target emulator` with the default reports, as a process."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out")
        command = diagnostics("run", "--provider", provider, "--target", "emulator", "--out", out)
        spend(command)
        best_s = min(spend(command).seconds for _ in range(rounds))
    reach = f"≤ {most_s:g} s"
    return Row(what=what, measured=f"{best_s:.2f} s", reach=reach, reached=best_s <= most_s)
