"""How long does a join take, measured by what the ffmpeg program needs for the same graph?

Three clips of 5 s in 1080p at 30 fps, cross-faded in picture and sound, the same encoder settings.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.table import Row, interleaved, ratio_of
from diagnostics.emulator.clips import Clip, drawn
from diagnostics.film.join import CRF, PRESET, Wanted, join

_FIT = (
    "setsar=1,setpts=PTS-STARTPTS,fps={fps},tpad=stop_mode=clone:stop_duration=1,"
    "trim=duration={s},format=yuv420p,settb=1/{fps}"
)
_HEAR = (
    "aresample=48000,aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=stereo,"
    "asetpts=PTS-STARTPTS,apad=whole_dur={s},atrim=duration={s}"
)
_ABSENT = "ffmpeg not installed: skipped"


def rows(
    rounds: int = 3,
    clip: Clip | None = None,
    which: Callable[[str], str | None] = shutil.which,
) -> Iterator[Row]:
    """Both in turn, over the same three files."""
    shown = clip or Clip(seconds=5.0, width=1920, height=1080, fps=30)
    program = which("ffmpeg")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        paths = _clips(folder, shown)
        works = {"ours": partial(_ours, paths, folder / "ours.mp4", shown)}
        if program:
            works["ffmpeg"] = partial(_theirs, program, paths, folder / "theirs.mp4", shown)
        taken = interleaved(works, rounds)
    ratio = ratio_of(taken["ours"], taken["ffmpeg"]) if program else None
    yield Row(
        what=f"joining three clips of {shown.seconds:g} s, {shown.height}p",
        measured=f"{min(taken['ours']):.1f} s",
        baseline=f"ffmpeg {min(taken['ffmpeg']):.1f} s" if program else _ABSENT,
        ratio="" if ratio is None else f"{ratio:.2f} ×",
        reach="≤ 2 ×",
        reached=None if ratio is None else ratio <= 2,
    )


def _clips(folder: Path, shown: Clip) -> list[Path]:
    paths = []
    for tint in range(3):
        path = folder / f"scene_{tint + 1}.mp4"
        told = Clip(
            seconds=shown.seconds, width=shown.width, height=shown.height, fps=shown.fps, tint=tint
        )
        path.write_bytes(drawn(told))
        paths.append(path)
    return paths


def _ours(paths: list[Path], to: Path, shown: Clip) -> float:
    before = time.perf_counter()
    wanted = Wanted(fps=shown.fps, width=shown.width, height=shown.height, cross_fade_s=0.5)
    join(paths, to, wanted)
    return time.perf_counter() - before


def _theirs(program: str, paths: list[Path], to: Path, shown: Clip) -> float:
    before = time.perf_counter()
    inputs = [word for path in paths for word in ("-i", str(path))]
    encoders = ["-c:v", "libx264", "-preset", PRESET, "-crf", CRF, "-c:a", "aac"]
    quiet = [program, "-v", "error", "-nostdin", "-y"]
    outputs = ["-map", "[v]", "-map", "[s]", *encoders, "-movflags", "+faststart", str(to)]
    command = [*quiet, *inputs, "-filter_complex", graph(shown), *outputs]
    subprocess.run(command, check=True, timeout=300)
    return time.perf_counter() - before


def graph(shown: Clip) -> str:
    """The graph of `film.join`, in the words of the ffmpeg program."""
    facts = {"fps": shown.fps, "s": shown.seconds}
    fits = [f"[{n}:v]{_FIT.format(**facts)}[v{n}]" for n in range(3)]
    hears = [f"[{n}:a]{_HEAR.format(**facts)}[a{n}]" for n in range(3)]
    at_s = (shown.seconds - 0.5, 2 * (shown.seconds - 0.5))
    total_s = 3 * shown.seconds - 1.0
    fade = "xfade=transition=fade:duration=0.5:offset="
    cross = "acrossfade=d=0.5:c1=tri:c2=tri"
    joined = (
        f"[v0][v1]{fade}{at_s[0]}[w]",
        f"[w][v2]{fade}{at_s[1]},format=yuv420p[v]",
        f"[a0][a1]{cross}[b]",
        f"[b][a2]{cross},atrim=duration={total_s}[s]",
    )
    return ";".join((*fits, *hears, *joined))
