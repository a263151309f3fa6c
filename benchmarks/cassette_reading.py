"""What does it cost to read vcrpy's own YAML, beside vcrpy itself?"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.table import Row
from benchmarks.tape_opening import RESIDENT, VCRPY, cassette_of, opened

WHAT = "reading vcrpy's own YAML of 10,000"
INTERACTIONS = 10_000
ROUNDS = 3
RATIO_MOST = 1.2

OURS = f"""{RESIDENT}
from pathlib import Path
from diagnostics import cassette

before_mb, before_s = resident_mb(), time.perf_counter()
found = cassette.read(Path(sys.argv[1]))
taken_s = time.perf_counter() - before_s
print(json.dumps([taken_s, resident_mb() - before_mb, len(found.exchanges)]))
"""


def rows(interactions: int = INTERACTIONS, rounds: int = ROUNDS) -> Iterator[Row]:
    """Both in processes of their own, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        place = cassette_of(Path(folder) / "cassette.yaml", interactions)
        pairs = [(opened(OURS, place), opened(VCRPY, place)) for _ in range(rounds)]
    ratio = median(ours.seconds / theirs.seconds for ours, theirs in pairs)
    ours = min((pair[0] for pair in pairs), key=lambda one: one.seconds)
    theirs = min((pair[1] for pair in pairs), key=lambda one: one.seconds)
    whole = all(pair[0].count == pair[1].count == interactions for pair in pairs)
    yield Row(
        what=WHAT,
        measured=f"{ours.seconds:.1f} s, {ours.rss_mb:.0f} MB",
        baseline=f"vcrpy {theirs.seconds:.1f} s, {theirs.rss_mb:.0f} MB",
        ratio=f"{ratio:.2f} ×",
        reach=f"≤ {RATIO_MOST} ×",
        reached=whole and ratio <= RATIO_MOST,
    )
