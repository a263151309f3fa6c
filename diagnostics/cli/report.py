"""`diagnostics report RUN`: judge the tape of an old run again, and render it anew."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics import tape
from diagnostics.cli.screen import Screen
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Text
from diagnostics.taping.reading import tape_path

if TYPE_CHECKING:  # only for a load
    from diagnostics.loading.result import Load

OUT = Path("out")
LOAD = "load.json"
"""In the folder of a run that was a load (`loading.result`)."""
DEFAULT = "txt,html,json"
_TORN = Text(
    en="{count} of the tape's lines could not be read; the report goes without them",
    ru="не прочитано строк записи: {count}; отчёт составлен без них",
)
_PENDING = Text(
    en="{count} paid calls were announced and their answers never recorded",
    ru="платных вызовов, ответ на которые не записан: {count}",
)
_MISSING = Text(
    en="{count} bodies that stand beside the tape are missing: copy the run's folder whole",
    ru="тел, лежащих рядом с записью, не найдено: {count}; копируйте папку прогона целиком",
)
_KILLED = Text(
    en="the run never came to its end: it was killed, or is still going on"
    " (to go on with it: diagnostics run --resume {run})",
    ru="прогон не дошёл до конца: процесс был убит или ещё работает"
    " (продолжить его: diagnostics run --resume {run})",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "run", metavar="RUN", help="a run folder, a run id under out/, a tape.jsonl, or: last"
    )
    parser.add_argument(
        "--format",
        default=DEFAULT,
        metavar="LIST",
        help=f"txt, md, html, json, zip (default {DEFAULT})",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: the run's folder)"
    )


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Read, judge, render. That the run failed is no failure of this command."""
    from diagnostics.cli.judged import judged  # noqa: PLC0415  # not for --help
    from reports import files  # noqa: PLC0415  # see above

    formats = [name.strip() for name in options.format.split(",") if name.strip()]
    if not formats:
        raise UsageError("--format names no format", hint=f"for example --format {DEFAULT}")
    place = found(options.run, OUT)
    written = files.paths(options.out or (place if place.is_dir() else place.parent), formats)
    found_out = judged(place)
    reading = found_out.reading
    for line in _wanting(reading, options.run, screen.language):
        screen.say(line)
    made = files.write(
        found_out.report,
        found_out.contract,
        files=written,
        language=screen.language,
        gate=screen.gate,
        tape=tape_path(place),
        load=_load(place if place.is_dir() else place.parent),
    )
    if screen.as_json:
        screen.emit("run", made)
    for line in _summary(made):
        screen.show(line)
    return Exit.OK


def _wanting(reading: tape.Reading, run: str, language: str) -> Iterator[str]:
    """What the tape lacks."""
    counts = (reading.torn, _TORN), (reading.pending, _PENDING), (reading.missing, _MISSING)
    yield from (text.fill(language, {"count": count}) for count, text in counts if count)
    if reading.killed:
        yield _KILLED.fill(language, {"run": run})


def _load(folder: Path) -> "Load | None":
    """What the run came to as a load, if it was one."""
    if not (folder / LOAD).is_file():
        return None
    from diagnostics.loading import result  # noqa: PLC0415  # only for a load

    return result.read(folder)


def _summary(made: dict[str, Any]) -> Iterator[str]:
    odds = "" if "load" in made else f" ({made['headline']['odds']})"
    yield f"{made['symptom']}\n{made['headline']['sentence']}{odds}"
    yield from (f"{name}: {path}" for name, path in made["report"].items())


def found(wanted: str, out: Path) -> Path:
    """The folder (or tape) of a run, however it was named."""
    if wanted == "last":
        return _last(out)
    for place in (Path(wanted), out / wanted):
        if place.is_file() or (place / tape.NAME).is_file():
            return place
    place = Path(wanted)
    if place.is_dir():
        raise UsageError(
            f"not the folder of a run: it holds no {tape.NAME}",
            place=str(place),
            hint=_near(wanted, out),
        )
    raise UsageError(f"no run {wanted!r}", place=str(place), hint=_near(wanted, out))


def _last(out: Path) -> Path:
    runs = _runs(out)
    if not runs:
        raise UsageError(
            "there is no run yet", place=str(out), hint="make one with: diagnostics run"
        )
    return max(runs, key=lambda run: ((run / tape.NAME).stat().st_mtime_ns, run.name))


def _runs(out: Path) -> list[Path]:
    try:
        return sorted(run for run in out.iterdir() if (run / tape.NAME).is_file())
    except OSError:
        return []


def _near(wanted: str, out: Path) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only on the way to an error

    names = [run.name for run in _runs(out)]
    near = get_close_matches(wanted, names, n=3, cutoff=0.5) or names[-3:]
    return f"runs: {', '.join(near)}" if near else "make one with: diagnostics run"
