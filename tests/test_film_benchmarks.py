"""Are the film's three figures measured, and is it said where the ffmpeg program is absent?"""

import shutil
from pathlib import Path

import pytest

from benchmarks import film_clips, film_downloads, film_join
from diagnostics.emulator.clips import Clip
from diagnostics.media import inspect_file
from tests.film_cases import both

SMALL = Clip(seconds=1.0, width=64, height=36, fps=12)


def test_three_scenes_together_are_three_times_as_fast() -> None:
    (row,) = film_clips.rows(both())
    assert (row.reach, row.reached) == ("≥ 2.9 × faster", True)
    assert row.ratio == "3.00 ×"


def test_downloads_are_measured_against_a_server_limited_per_connection() -> None:
    (row,) = film_downloads.rows(rounds=1)
    assert row.reach == "≥ 2.8 × faster"
    assert row.ratio.endswith("×")


def test_without_ffmpeg_the_join_is_measured_and_compared_with_nothing() -> None:
    (row,) = film_join.rows(rounds=1, clip=SMALL, which=lambda _name: None)
    assert row.baseline == "ffmpeg not installed: skipped"
    assert row.reached is None


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg program")
def test_the_graph_in_ffmpegs_own_words_makes_the_same_film(tmp_path: Path) -> None:
    paths = film_join._clips(tmp_path, SMALL)  # noqa: SLF001  # what it measures is what is tested
    film_join._ours(paths, tmp_path / "ours.mp4", SMALL)  # noqa: SLF001  # see above
    program = shutil.which("ffmpeg") or ""
    film_join._theirs(program, paths, tmp_path / "theirs.mp4", SMALL)  # noqa: SLF001  # see above
    ours, theirs = inspect_file(tmp_path / "ours.mp4"), inspect_file(tmp_path / "theirs.mp4")
    for name in ("duration_s", "fps", "width", "height", "has_audio"):
        assert getattr(ours, name) == getattr(theirs, name)
