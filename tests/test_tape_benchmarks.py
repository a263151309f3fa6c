"""Do the benchmarks of the tape measure what they say, and say when it is missed?"""

from pathlib import Path

from benchmarks import tape_opening, tape_writers
from benchmarks.__main__ import NAMES


def test_opening_is_measured_beside_vcrpy_in_processes_of_their_own() -> None:
    opened, built = tape_opening.rows(exchanges=600, theirs=5)
    assert (opened.what, opened.reach) == (tape_opening.WHAT, "≤ 20 ms and ≤ 20 MB")
    assert opened.baseline.startswith("vcrpy, 5 only: ")
    assert opened.reached is not None
    assert (built.what, built.reached) == (tape_opening.BUILT, None)


def test_what_is_opened_is_counted(tmp_path: Path) -> None:
    cassette = tape_opening.cassette_of(tmp_path / "cassette.yaml", 7)
    found = tape_opening.opened(tape_opening.VCRPY, cassette)
    assert found.count == 7
    assert found.seconds > 0


def test_writers_are_counted_line_by_line_beside_vcrpy() -> None:
    (row,) = tape_writers.rows(lines=3)
    assert (row.what, row.reach, row.reached) == (tape_writers.WHAT, "every line", True)
    assert row.measured.startswith("24 of 24 lines")
    assert row.baseline == "vcrpy: 1 of 2 processes"


def test_the_table_has_their_rows() -> None:
    assert {"tape_opening", "tape_writers"} <= set(NAMES)
