"""Which figures are reached? `python -m benchmarks [NAME…]` measures them side by side.

A figure missed is printed as missed, and the exit code stays 0; it is 1 only when a benchmark
itself is broken, 2 when there is none of that name.
"""

import sys
import time
from collections.abc import Sequence
from importlib import import_module

from benchmarks.table import heading, shown

NAMES = (
    "start",
    "validation",
    "one_exchange",
    "hundred_checks",
    "many_jobs",
    "long_tape",
    "tape_opening",
    "tape_writers",
    "recorded_replay",
    "recorded_order",
    "recorded_stream",
    "recorded_memory",
    "cassette_reading",
    "job_end",
    "film_clips",
    "film_downloads",
    "film_join",
    "redaction",
    "triage_har",
    "load_engine",
    "load_lateness",
    "load_emulator",
    "load_stall",
)
"""Modules beside this one; each binds `rows()`."""


def main(wanted: Sequence[str]) -> int:
    """Print each row as soon as it is known."""
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"error: no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    began_s = time.perf_counter()
    print("Ratios are medians over rounds taken in turn; times are the best or the median of them.")
    print(heading(), flush=True)
    broken = [name for name in wanted or NAMES if not measured(name)]
    print(f"\ntook {time.perf_counter() - began_s:.0f} s")
    return 1 if broken else 0


def measured(name: str) -> bool:
    """Print the rows of one benchmark; False when it is broken."""
    try:
        for row in import_module(f"benchmarks.{name}").rows():
            print(shown(row), flush=True)
    except Exception as error:  # noqa: BLE001  # one broken benchmark must not hide the others
        print(f"{name} is broken: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
